"""Claims: what a quote says, and how two quotes stand to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import regex

from index.lexical_view.stemming import stems
from index.lexical_view.words import split_words
from service.values.amounts import (
    Amount,
    amounts_in,
    can_both_be,
    is_same_figure,
    may_be_same_unit,
    total,
)
from service.values.days import Day, compare_days, days_in
from service.values.names import (
    expanded,
    is_rank,
    is_same_name,
    looks_like_name,
    name_words,
    shares_word,
    without_titles,
)

Kind = Literal["number", "date", "name", "phrase"]
Comparison = Literal["same", "compatible", "incompatible", "unrelated"]

_LONGEST = 300
"""Characters of a quote that are read; of what is longer only the words are compared."""

_BEFORE, _AFTER = 28, 32
_EXTRA = 3
"""Words beside a number or date with which a quote is still one."""

_ARTICLES = frozenset(("a", "an", "the"))
_NEGATIONS = frozenset("not no never none nor without cannot".split())
_ITEMS = regex.compile(r"\s*[,;]\s*(?:and\s+|or\s+)?|\s+(?:and|or|as well as)\s+|\s*&\s*")
_SMALL_WORDS = frozenset(
    "a an the of in on at by to from around about some more than least over nearly almost early "
    "late mid morning evening night noon midnight since until between and up only just".split()
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a quote says.

    Attributes:
        words: Folded and without articles, in order.
        stems: Of the words.
        amounts: What it counts or measures, if it is a number.
        day: The date that it tells, if it is one.
        name: Words of the name without titles, abbreviations written out.
        items: The same of each item, if it is a list of names.
    """

    quote: str
    kind: Kind
    words: tuple[str, ...]
    stems: tuple[str, ...]
    amounts: tuple[Amount, ...] = ()
    day: Day | None = None
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
    words = tuple(
        term for terms in split_words(quote) for term in terms[-1:] if term not in _ARTICLES
    )
    stemmed = tuple(stems(words))
    if len(quote) > _LONGEST or not words:
        return Claim(quote, "phrase", words, stemmed)
    lead, trail = before[-_BEFORE:], after[:_AFTER]
    around, begin, end = f"{lead}{quote}{trail}", len(lead), len(lead) + len(quote)
    days = [d for d in days_in(around, published_at) if d.start < end and begin < d.end]
    if days and _is_mostly(around, begin, end, [(d.start, d.end) for d in days]):
        return Claim(quote, "date", words, stemmed, day=days[0])
    amounts = tuple(a for a in amounts_in(around) if _number_within(a, around, begin, end))
    if amounts and _is_mostly(around, begin, end, [(a.start, a.end) for a in amounts]):
        return Claim(quote, "number", words, stemmed, amounts=amounts)
    if looks_like_name(quote) or is_rank(name_words(quote)):
        items = tuple(
            _name(item, expansions) for item in _ITEMS.split(quote) if item and name_words(item)
        )
        whole = _name(quote, expansions)
        is_list = len(items) > 1 and whole not in _known_names(expansions)
        return Claim(quote, "name", words, stemmed, name=whole, items=items if is_list else ())
    return Claim(quote, "phrase", words, stemmed)


def _name(text: str, expansions: Mapping[str, str]) -> tuple[str, ...]:
    words = name_words(text)
    return without_titles(expanded(text, words, expansions))


def _known_names(expansions: Mapping[str, str]) -> set[tuple[str, ...]]:
    return {name_words(long) for long in expansions.values()}


def _number_within(amount: Amount, around: str, begin: int, end: int) -> bool:
    """Whether digits or number words of an amount stand in the quote, not only its unit."""
    inside = around[max(amount.start, begin) : min(amount.end, end)]
    return amount.start < end and begin < amount.end and bool(amounts_in(inside))


def _is_mostly(around: str, begin: int, end: int, places: list[tuple[int, int]]) -> bool:
    """Whether hardly a word of the quote stands outside of some places."""
    rest, at = [], begin
    for start, stop in sorted(places):
        rest.append(around[at : max(at, min(start, end))])
        at = max(at, stop)
    rest.append(around[at:end])
    left = [
        term
        for part in rest
        for terms in split_words(part)
        for term in terms[-1:]
        if term not in _SMALL_WORDS
    ]
    return len(left) <= _EXTRA


def compare(one: Claim, other: Claim) -> Comparison:
    """How two quotes stand to each other, whichever comes first.

    Returns:
        `same`: they say the same; `compatible`: one more precisely, or more of it, than the other;
        `incompatible`: they can't both be true of one thing; `unrelated`: nothing of that is known.
    """
    if one.words == other.words and one.kind != "date" and one.kind != "number":
        return "same"
    if one.kind == other.kind == "number":
        return _compare_numbers(one, other)
    if one.day is not None and other.day is not None:
        return compare_days(one.day, other.day)
    if one.kind == other.kind == "name":
        return _compare_names(one, other)
    if {one.kind, other.kind} <= {"name", "phrase"}:
        return _compare_phrases(one, other)
    return "same" if one.words == other.words else "unrelated"


def differs_as_figure(one: Claim, other: Claim) -> bool:
    """Whether both claim to be the figure of one thing, and the figures differ; bounds aside.

    "More than 120,000" doesn't contradict 146,000, but they are two reports of one number.
    """
    pairs = _comparable(one, other)
    return bool(pairs) and not any(is_same_figure(a, b) for a, b in pairs)


def _comparable(one: Claim, other: Claim) -> list[tuple[Amount, Amount]]:
    """Amounts of both that can be of the same, sums of persons among them."""
    ours, theirs = list(one.amounts), list(other.amounts)
    pairs = [(a, b) for a in ours for b in theirs if may_be_same_unit(a, b)]
    for mine, of_other in ((ours, theirs), (theirs, ours)):
        summed = total(mine)
        if summed is not None and len(of_other) == 1 and may_be_same_unit(summed, of_other[0]):
            pairs.append((summed, of_other[0]))
    return pairs


def _compare_numbers(one: Claim, other: Claim) -> Comparison:
    pairs = _comparable(one, other)
    if not pairs:
        return "unrelated"
    if len(one.amounts) == len(other.amounts) == 1:
        a, b = pairs[0]
        if a.bound == b.bound and (a.value, a.high) == (b.value, b.high):
            return "same"
        if a.bound == b.bound and is_same_figure(a, b) and a.grain == b.grain:
            return "compatible"
        return "compatible" if can_both_be(a, b) else "incompatible"
    if one.words == other.words:
        return "same"
    return "compatible" if any(can_both_be(a, b) for a, b in pairs) else "incompatible"


def _compare_names(one: Claim, other: Claim) -> Comparison:
    if is_rank(one.name) != is_rank(other.name):
        return "unrelated"
    if one.items or other.items:
        ours, theirs = one.items or (one.name,), other.items or (other.name,)
        met = [any(is_same_name(a, b) for b in theirs) for a in ours]
        if all(met) and len(ours) == len(theirs):
            return "same"
        if any(met) or shares_word(one.name, other.name):
            return "compatible"
        return "incompatible"
    if is_same_name(one.name, other.name):
        return "same"
    if shares_word(one.name, other.name):
        return "compatible"
    return "incompatible"


def _compare_phrases(one: Claim, other: Claim) -> Comparison:
    ours, theirs = set(one.stems), set(other.stems)
    negated = [bool(_NEGATIONS.intersection(claim.words)) for claim in (one, other)]
    if negated[0] != negated[1]:
        plain = [s - set(stems(_NEGATIONS)) for s in (ours, theirs)]
        return "incompatible" if plain[0] == plain[1] else "unrelated"
    if one.stems == other.stems:
        return "same"
    if ours and theirs and (ours <= theirs or theirs <= ours):
        return "compatible"
    return "unrelated"
