"""Amounts: numbers with their bounds and units, as texts write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import regex

from service.values.numerals import (
    DIGITS,
    ORDINAL,
    SCALES,
    SPELLED,
    Numeral,
    read_digits,
    read_ordinal,
    read_words,
)
from service.values.units import (
    MEASURES,
    RANK,
    SCORE,
    counted,
    is_no_noun,
    is_people,
    is_plural,
    singular,
)

Bound = Literal["exact", "about", "least", "most"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of something.

    Attributes:
        value: In units; of a range or of words such as "dozens" the lower end, of a score its
            first figure.
        high: The upper end of a range, the second figure of a score; otherwise `value`.
        bound: Whether the number is the figure itself, about it, or the least or most it can be.
        unit: A base unit such as `m` or `USD`, `%`, or the counted noun in the singular; empty if
            none is told.
        factor: How many base units a unit has.
        grain: What the number seems to be rounded to, in units: 10,000 for 120,000.
        start: Offset in the text that it was read from; of the bound, if one is told.
        end: Offset after number and unit.
        number: Offsets of the number alone.
    """

    value: float
    high: float
    bound: Bound
    unit: str
    factor: float
    grain: float
    start: int
    end: int
    number: tuple[int, int]

    @property
    def is_range(self) -> bool:
        """Whether it leaves open which number between two is meant."""
        return self.high > self.value


class _Unit(NamedTuple):
    name: str
    factor: float
    end: int


class _Said(NamedTuple):
    bound: Bound
    start: int
    end: int


_LARGEST_SCORE = 1000
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9, "tn": 1e12}
_SCALE = rf"[\s-]?\b(?P<scale%s>{'|'.join(SCALES)})s?\b"
_CURRENCY = r"(?P<currency>US\$|USD|EUR|GBP|JPY|[$€£¥])\s?"
_FIRST = rf"(?P<sign>[-\u2212]|minus\s)?(?P<digits>(?>{DIGITS}))(?!\p{{Nd}}|:\p{{Nd}})"
_NUMBER = regex.compile(
    r"(?<![\p{L}\p{N}.,:/]|[\p{L}\p{N}][-\u2013])(?!\p{Nd}+(?:[-\u2013]\p{Nd}+){2})(?:"
    rf"(?P<ordinal>{ORDINAL})"
    r"|(?P<vague>tens(?=\s+of\s+(?:thou|mil))|dozens|hundreds|thousands|millions|billions)"
    r"(?:\s+of\s+(?P<of>thousands|millions|billions)\b)?(?:\s+of\b)?"
    rf"|(?:{_CURRENCY})?(?:{_FIRST}|(?P<spelled>{SPELLED}))(?:{_SCALE % 1})?"
    rf"(?P<range>(?:\s?[-\u2013\u2014]\s?[$€£¥]?|\s+(?:to|(?P<and>and))\s+)"
    rf"(?:(?P<upper>(?>{DIGITS}))(?!\p{{Nd}}|:\p{{Nd}})|(?P<upper_spelled>{SPELLED}))"
    rf"(?:{_SCALE % 2})?)?"
    r"(?:(?<=\p{Nd})(?P<short>k|mn|m|bn|b|tn))?(?P<plus>\+)?)(?![\p{L}\p{N}]|/\p{Nd})"
    r"|(?<![\p{L}\p{N}.,:/])(?P<glued>\p{Nd}+(?:\.\p{Nd}+)?)"
    r"(?=(?:km²|m²|km|cm|mm|kg|mg|ft|mi|g|lbs?|ha)(?![\p{L}\p{N}]))",
    regex.IGNORECASE,
)
_HINT = regex.compile(
    r"\p{Nd}|\b(?:half|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|"
    r"\w+ty|tens|dozens|hundreds|thousands|millions|billions|first|second|third|\w+th)\b",
    regex.IGNORECASE,
)
_VAGUE = {
    "tens": (2e1, 1e2),
    "dozens": (24.0, 144.0),
    "hundreds": (2e2, 1e3),
    "thousands": (2e3, 1e5),
    "millions": (2e6, 1e9),
    "billions": (2e9, 1e12),
}
_SYMBOL = regex.compile(
    r"\s?(?P<symbol>%|per\s?cent\b(?!age)|percent\b|km²|m²|sq\.?\skm|km|cm|mm|kg|mg|ft|mi|m|g|lbs?"
    r"|ha|°\s?[CF]|[€£¥$])(?![\p{L}\p{N}])"
)
_NOUNS = regex.compile(
    r"(?P<hyphen>-)?(?:(?:(?<=-)|\s)(?P<word>\p{L}[\p{L}\p{M}'\u2019]*)(?:(?=\s)|-?)){1,4}"
)
_BOUND = regex.compile(
    r"(?<!\p{L})(?:(?P<least>(?<!no )more\s+than|over|at\s+least|above|exceed(?:ing|ed|s)"
    r"|no\s+(?:fewer|less)\s+than|upwards?\s+of|minimum\s+of)"
    r"|(?P<most>(?<!no )(?:less|fewer)\s+than|under|at\s+most|up\s+to|below|no\s+more\s+than"
    r"|as\s+(?:many|much)\s+as|maximum\s+of)"
    r"|(?P<about>about|around|approximately|approx\.|roughly|some|circa|ca?\.|nearly|almost"
    r"|close\s+to|(?:an\s+)?estimated)|(?P<between>between)|(?P<aged>aged?))\s*[$€£¥]?$",
    regex.IGNORECASE,
)
_AFTERWARDS = regex.compile(
    r"\s*(?:(?P<least>or\s+more|plus)|(?P<most>or\s+(?:less|fewer)(?!\s+than))|(?P<about>or\s+so))\b",
    regex.IGNORECASE,
)
_REACH = 24
"""Characters before a number in which its bound may stand."""


def amounts_in(text: str) -> list[Amount]:
    """All amounts of a text, in order; bounds before them and units after them taken along."""
    return list(_amounts(text)) if _HINT.search(text) else []


def _amounts(text: str) -> Iterator[Amount]:
    at = 0
    while (found := _NUMBER.search(text, at)) is not None:
        at = max(found.end(), found.start() + 1)
        amount = _amount(text, found)
        if amount is not None:
            # What looked like a range may be two numbers; the second is read next.
            at = max(amount.end, found.start() + 1)
            yield amount


def _amount(text: str, found: regex.Match[str]) -> Amount | None:
    start, end = found.span()
    if found["ordinal"]:
        rank = float(read_ordinal(found["ordinal"]))
        return Amount(rank, rank, "exact", RANK, 1.0, 1.0, start, end, (start, end))
    if found["vague"]:
        low, high = _vague(found)
        unit = _unit(text, end, is_one=False)
        whole = max(end, unit.end)
        return Amount(low, high, "exact", unit.name, unit.factor, 1.0, start, whole, (start, end))
    first = _first(found)
    if first is None:
        return None
    before = _BOUND.search(text, max(0, start - _REACH), start)
    last = _upper(found, is_between=before is not None and bool(before["between"]))
    scale, last_scale, end = _scales(text, found, has_upper=last is not None)
    said = _bound(text, start, end, before)
    unit = _currency(found, text, end) or _unit(text, end, is_one=first.value * scale == 1)
    if before is not None and before["aged"] and not unit.name:
        unit = _Unit(*MEASURES["year"], end)
    value, grain, bound = first.value * scale, first.grain * scale, said.bound
    high = value
    if last is not None:
        high = last.value * last_scale
        grain, bound = min(grain, last.grain * last_scale), "exact"
        if high <= value:
            if unit.name or value >= _LARGEST_SCORE:
                return None
            unit = _Unit(SCORE, 1.0, end)
    elif found["plus"] and not found["range"]:
        bound = "least"
    return Amount(
        value,
        high,
        bound,
        unit.name,
        unit.factor,
        grain,
        min(start, said.start),
        max(end, unit.end, said.end),
        (start, end),
    )


def _vague(found: regex.Match[str]) -> tuple[float, float]:
    word = found["vague"].lower()
    low, high = _VAGUE[word]
    thousands = SCALES[found["of"].lower()[:-1]] if found["of"] else 1.0
    return low * thousands, high * thousands


def _first(found: regex.Match[str]) -> Numeral | None:
    if found["spelled"]:
        return read_words(found["spelled"])
    number = read_digits(found["digits"] or found["glued"])
    if number is not None and found["sign"]:
        return Numeral(-number.value, number.grain)
    return number


def _upper(found: regex.Match[str], *, is_between: bool) -> Numeral | None:
    if not found["range"] or (found["and"] and not is_between):
        return None
    return read_digits(found["upper"]) if found["upper"] else read_words(found["upper_spelled"])


def _scales(text: str, found: regex.Match[str], *, has_upper: bool) -> tuple[float, float, int]:
    """What both ends of a range are multiplied by, and the offset after number and scale.

    Of "2 to 3 million" the scale is that of both.
    """
    own = SCALES[found["scale1"].lower()] if found["scale1"] else None
    if found["range"] and not has_upper:
        return own or 1.0, own or 1.0, found.start("range")
    end = found.end()
    upper = SCALES[found["scale2"].lower()] if found["scale2"] else None
    short = None
    if found["short"]:
        short = _short(text, found)
        end = end if short else found.start("short")
    return own or upper or short or 1.0, upper or own or short or 1.0, end


def _short(text: str, found: regex.Match[str]) -> float | None:
    """What a letter right after the digits multiplies by; None if it is none or a unit."""
    short = found["short"]
    if not short or found["spelled"]:
        return None
    if short == "m" and not found["currency"]:
        # 324 m is a length; $5m and 5m people are millions.
        noun = _unit(text, found.end("short"), is_one=False).name
        return 1e6 if is_people(noun) or noun in {"USD", "EUR", "GBP", "JPY"} else None
    return _SHORT_SCALES[short.lower()]


def _currency(found: regex.Match[str], text: str, end: int) -> _Unit | None:
    if not found["currency"]:
        return None
    name, factor = MEASURES[found["currency"].lower()]
    after = _unit(text, end, is_one=False)
    return _Unit(name, factor, after.end if after.name == name else end)


def _unit(text: str, at: int, *, is_one: bool) -> _Unit:
    """The unit that stands after a number; without a name if there is none."""
    symbol = _SYMBOL.match(text, at)
    if symbol is not None:
        name = symbol["symbol"].lower().replace(".", "")
        name = "".join(name.split()) if name[0] in "p°" else " ".join(name.split())
        return _Unit(*MEASURES[name], symbol.end())
    nouns = _NOUNS.match(text, at)
    if nouns is None:
        return _Unit("", 1.0, at)
    words = list(zip(nouns.captures("word"), nouns.ends("word"), strict=True))
    previous = ""
    for word, end in words:
        bare = word.split("'")[0].split("\u2019")[0]
        if is_no_noun(bare):
            break
        name = singular(bare)
        measure = MEASURES.get(f"{previous} {name}") or MEASURES.get(name)
        if measure is not None:
            return _Unit(*measure, end)
        if (is_plural(bare) and bare == word) or (is_people(counted(bare)) and word == bare):
            return _Unit(counted(bare), 1.0, end)
        previous = name
    word, end = words[0]
    if (is_one or nouns["hyphen"]) and not is_no_noun(word):
        return _Unit(counted(word), 1.0, end)
    return _Unit("", 1.0, at)


def _bound(text: str, start: int, end: int, before: regex.Match[str] | None) -> _Said:
    """What is said of the number right before or after it."""
    bounds: tuple[Bound, ...] = ("least", "most", "about")
    for found in (_AFTERWARDS.match(text, end), before):
        bound = next((b for b in bounds if found is not None and found[b]), None)
        if bound is not None and found is not None:
            return _Said(bound, min(start, found.start()), max(end, found.end()))
    return _Said("exact", start if before is None else before.start(), end)
