"""Claims: what a quote says, and how two quotes stand to each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import regex

from service.values.amounts import Amount, amounts_in
from service.values.comparison import Comparison
from service.values.days import Clock, Day, clock_in, days_in
from service.values.figures import compare_amounts, differ_as_figures
from service.values.names import (
    compare_names_or_lists,
    looks_like_name,
    name_words,
    read_name,
)
from service.values.periods import BORDERS, PARTS_OF_DAYS, compare_dates
from service.values.phrases import compare_phrases, is_negation, stems_of, words_of
from service.values.titles import is_rank
from service.values.units import RANK, event_of, is_event, is_people

Kind = Literal["number", "date", "name", "phrase"]

_LONGEST = 300
"""Characters of a quote that are read; of what is longer only the words are compared."""

_BESIDE = 40
"""Characters on each side of a quote that are read with it."""

_EXTRA = 3
"""Words beside its numbers with which a quote is still a number."""

_ITEMS = regex.compile(r"\s*[,;]\s*(?:and\s+|or\s+)?|\s+(?:and|or|as well as)\s+|\s*&\s*")
_FILLERS = frozenset(
    "of in on at by to from for with around about some just only up and or as since is was were "
    "are be been total all together".split()
)
_PARTS_OF_TIMES = frozenset(
    "early earlier late later mid beginning start end middle summer spring autumn fall winter "
    "first second half quarter weekend week around about circa approximately between shortly "
    "soon".split()
)
_TIME_FILLERS = frozenset(
    "in on at of the since from during for day date year month last this next local time gmt utc "
    "est ad ce oclock hours and or to through".split()
)
_BEFORE_MONTHS = frozenset(
    "in on since by last early late mid this next until of from and or to between during".split()
)
_RECENT = 1900, 2050
"""Numbers that are rather years than counts."""

_SURNAMES = frozenset("May March April June August".split())


@dataclass(frozen=True, slots=True)
class Claim:
    """What a quote says.

    Attributes:
        words: Folded and without articles, in order.
        stems: Of the words.
        amounts: What it counts or measures, if it is a number.
        event: What befell those counted, as `killed`; None if it isn't told.
        days: The dates it tells, if it is one.
        clock: The time of day, if it is a date.
        extra: Folded words beside numbers or dates, such as "early".
        name: Words of the name without titles, abbreviations written out.
        items: The same of each item, if it is a list of names.
    """

    quote: str
    kind: Kind
    words: tuple[str, ...]
    stems: tuple[str, ...]
    amounts: tuple[Amount, ...] = ()
    event: str | None = None
    days: tuple[Day, ...] = ()
    clock: Clock | None = None
    extra: frozenset[str] = frozenset()
    name: tuple[str, ...] = ()
    items: tuple[tuple[str, ...], ...] = ()


def read_claim(
    quote: str,
    *,
    before: str,
    after: str,
    published_at: str | None,
    expansions: Mapping[str, str],
) -> Claim:
    """Read what a quote says in its sentence.

    Args:
        quote: The words quoted.
        before: The sentence's words before them: a bound or a month may stand there.
        after: The sentence's words after them: a unit or a year may stand there.
        published_at: ISO date of the report, if known.
        expansions: What abbreviations stand for; see `abbreviations.expansions_in`.
    """
    words = words_of(quote)
    stemmed = stems_of(words)
    if len(quote) > _LONGEST or not words:
        return Claim(quote, "phrase", words, stemmed)
    lead, trail = _lead(before), _trail(after)
    around, within = f"{lead}{quote}{trail}", (len(lead), len(lead) + len(quote))
    days = [] if _is_surname(quote, lead) else days_in(around, published_at, within)
    clock = clock_in(around, within)
    amounts = [
        amount
        for amount in amounts_in(around)
        if amount.number[0] < within[1] and within[0] < amount.number[1]
    ]
    if not any(_is_count_like_year(amount, days, around, within) for amount in amounts):
        told = [(d.start, d.end) for d in days] + ([(clock.start, clock.end)] if clock else [])
        left = _outside(around, within, told) - _TIME_FILLERS
        if told and left <= _PARTS_OF_TIMES | BORDERS | PARTS_OF_DAYS:
            return Claim(quote, "date", words, stemmed, days=tuple(days), clock=clock, extra=left)
        amounts = [a for a in amounts if not any(a.start < e and s < a.end for s, e in told)]
    left = _outside(around, within, [(a.start, a.end) for a in amounts]) - _FILLERS
    # What follows in brackets is the same in other units.
    amounts = [a for a in amounts if "(" not in around[amounts[0].end : a.start]]
    if amounts and len(left) <= _EXTRA and not _is_numbered_name(around, within, amounts, left):
        end = max(within[1], *(amount.end for amount in amounts))
        return Claim(
            quote,
            "number",
            words,
            stemmed,
            amounts=tuple(amounts),
            event=event_of(lead, around[within[0] : end], around[end:]),
            extra=frozenset(word for word in left if not is_event(word)),
        )
    if looks_like_name(quote) or is_rank(name_words(quote)):
        return _read_name(quote, words, stemmed, expansions)
    return Claim(quote, "phrase", words, stemmed)


def _lead(before: str) -> str:
    """The words before a quote that are read with it, none cut in two."""
    lead = before[-_BESIDE:]
    return lead if len(before) <= _BESIDE else lead[len(lead.split(" ", 1)[0]) :]


def _trail(after: str) -> str:
    trail = after[:_BESIDE]
    return trail if len(after) <= _BESIDE else trail[: len(trail) - len(trail.rsplit(" ", 1)[-1])]


def _is_surname(quote: str, lead: str) -> bool:
    """Whether a month's name follows a first name or title: "Theresa May"."""
    previous = lead.split()[-1:]
    return (
        quote.strip() in _SURNAMES
        and bool(previous)
        and previous[0][0].isupper()
        and previous[0][-1].isalpha()
        and previous[0].lower() not in _BEFORE_MONTHS
    )


def _is_count_like_year(
    amount: Amount, days: Sequence[Day], around: str, within: tuple[int, int]
) -> bool:
    """Whether a number that looks like a year counts persons or measures: "2000 people".

    If the unit stands after the quote, as in "in 2011 people rose", it may well be a year.
    """
    if not any((day.start, day.end) == amount.number and day.month is None for day in days):
        return False
    if not (is_people(amount.unit) or amount.factor != 1.0 or amount.unit in {"m", "kg", "%"}):
        return False
    if amount.end <= within[1]:
        return True
    previous = around[: amount.start].split()[-1:]
    is_recent = _RECENT[0] <= amount.value <= _RECENT[1]
    return not is_recent and not _BEFORE_MONTHS.intersection(word.lower() for word in previous)


def _outside(
    around: str, within: tuple[int, int], places: Sequence[tuple[int, int]]
) -> frozenset[str]:
    """Words of a quote that stand outside of some places."""
    rest: list[str] = []
    at, stop = within
    for start, end in sorted(places):
        rest.append(around[at : max(at, min(start, stop))])
        at = max(at, end)
    rest.append(around[at:stop])
    return frozenset(word for part in rest if part.strip() for word in words_of(part))


def _is_numbered_name(
    around: str,
    within: tuple[int, int],
    amounts: Sequence[Amount],
    left: frozenset[str],
) -> bool:
    """Whether a number is part of a name, as in "Boeing 747", or of what is denied."""
    if any(is_negation(word) for word in left):
        return True
    quote = around[slice(*within)]
    first = quote.lstrip("\"'\u201c\u2018( ")
    begin = within[0] + len(quote) - len(first)
    if any(around[a.number[0]].isupper() and a.number[0] > begin for a in amounts):
        return True
    if not looks_like_name(quote) or (amounts[0].start <= begin and first[:1].isdecimal()):
        return False
    unit = amounts[0].unit
    is_titled = unit not in {"", RANK} and not is_people(unit) and amounts[0].factor == 1.0
    return bool(left) or (is_titled and amounts[0].number[1] < within[1] - 1)


def _read_name(
    quote: str, words: tuple[str, ...], stemmed: tuple[str, ...], expansions: Mapping[str, str]
) -> Claim:
    name = read_name(quote, expansions)
    parts = [part for part in _ITEMS.split(quote) if part]
    items: tuple[tuple[str, ...], ...] = ()
    if len(parts) > 1:
        items = tuple(item for part in parts if (item := read_name(part, expansions)))
        if len(items) < 2 or " ".join(words) in expansions.values():
            items = ()
    return Claim(quote, "name", words, stemmed, name=name, items=items)


def compare(one: Claim, other: Claim) -> Comparison:
    """How two quotes stand to each other, whichever comes first.

    Returns:
        `same`: they say the same; `compatible`: one more precisely, or more of it, than the other;
        `incompatible`: they can't both be true of one thing; `unrelated`: nothing of that is known.
    """
    if one == other:
        return "same"
    if not (one.words and other.words):
        return "same" if _plain(one.quote) == _plain(other.quote) else "unrelated"
    if one.kind == other.kind == "number":
        return _compare_numbers(one, other)
    if one.kind == other.kind == "date":
        ours, theirs = ((claim.days, claim.clock, claim.extra) for claim in (one, other))
        return compare_dates(*ours, *theirs)
    if one.kind == other.kind == "name":
        if one.words == other.words or one.name == other.name:
            return "same"
        return compare_names_or_lists(one.name, one.items, other.name, other.items)
    relation = compare_phrases(one.words, other.words, one.stems, other.stems)
    kinds = {one.kind, other.kind}
    if kinds == {"number", "date"}:
        # 1,000 and 1000, which may be a year.
        has_unit = any(amount.unit for amount in one.amounts + other.amounts)
        return "same" if relation == "same" and not has_unit else "unrelated"
    return "compatible" if relation == "same" and "date" in kinds else relation


def _plain(quote: str) -> str:
    return unicodedata.normalize("NFKC", quote).strip().casefold()


def differs_as_figure(one: Claim, other: Claim) -> bool:
    """Whether both claim to be the figure of one thing, and the figures differ; bounds aside.

    "More than 120,000" doesn't contradict 146,000, but they are two reports of one number.
    """
    if one.kind != "number" or other.kind != "number" or _are_of_different_things(one, other):
        return False
    return differ_as_figures(one.amounts, other.amounts)


def _compare_numbers(one: Claim, other: Claim) -> Comparison:
    if _are_of_different_things(one, other):
        return "unrelated"
    relation = compare_amounts(one.amounts, other.amounts)
    if relation == "same" and not _one_says_less(one, other):
        return "compatible"
    return relation


def _are_of_different_things(one: Claim, other: Claim) -> bool:
    """Whether one number is of the killed and the other of the wounded, or the like."""
    if one.event and other.event and one.event != other.event:
        return True
    ranks = all(amount.unit == RANK for claim in (one, other) for amount in claim.amounts)
    return ranks and not _one_says_less(one, other)


def _one_says_less(one: Claim, other: Claim) -> bool:
    return one.extra <= other.extra or other.extra <= one.extra
