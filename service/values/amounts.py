"""Amounts: numbers with their units and bounds, as texts write them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import regex

Bound = Literal["exact", "about", "least", "most"]

ROUNDING = 0.025
"""Share of a figure by which another one of fewer digits may stand for it."""

ABOUT = 0.1
"""The same, if it is said to be about so much."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of something.

    Attributes:
        value: In the unit; of a range its lower end.
        high: A range's upper end; equal to `value` for a single number.
        bound: Whether the number is the figure itself, or the least or most that it can be.
        unit: `%`, a currency, a base unit such as `m`, or the counted noun in the singular; empty
            if none is told.
        grain: What the number seems to be rounded to: 10,000 for 120,000.
        start: Offset in the text that it was read from.
        end: Offset after number and unit.
    """

    value: float
    high: float
    bound: Bound
    unit: str
    grain: float
    start: int
    end: int


_SMALL = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
} | {
    word: 10 * number
    for number, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_SCALES = {"hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_SHORT_SCALES = {"k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "tn": 1e12, "b": 1e9}

_DIGITS = (
    r"(?<![\p{L}\p{N}.,])[-\u2212]?"
    r"(?:\p{Nd}{1,3}(?:[,\u00a0\u202f\u2009 \u066c]\p{Nd}{3})+(?!\p{Nd})|\p{Nd}+)"
    r"(?:[.\u066b]\p{Nd}+)?"
)
_WORDS = "|".join(sorted(_SMALL, key=len, reverse=True))
_SPELLED = (
    rf"\b(?:half\s+a|a|an|{_WORDS})(?:[\s-]+(?:and\s+)?(?:{_WORDS}|hundred|thousand|million|billion"
    rf"|trillion|dozen))+\b|\b(?:{_WORDS})\b"
)
_NUMBER = regex.compile(
    rf"(?P<currency>US\$|[$\u20ac\u00a3\u00a5])?\s?"
    rf"(?P<number>(?<!\p{{Nd}}:)(?P<digits>{_DIGITS})(?![:\p{{Nd}}]\p{{Nd}}?(?<=[:\p{{Nd}}]\p{{Nd}}))|(?P<spelled>{_SPELLED}))"
    r"(?:\s*(?:[-\u2013\u2014]|\bto\b|\band\b)\s*(?P<upper>\p{Nd}[\p{Nd},]*(?:\.\p{Nd}+)?)(?![\p{Nd}]))?"
    r"(?:(?P<attached>k|mn|m|bn|b|tn)(?![\p{L}\p{N}])"
    r"|[\s-]*(?P<scale>hundred|thousand|million|billion|trillion|dozen)s?\b)?"
    r"(?P<plus>\+)?",
    regex.IGNORECASE,
)
_UNIT = regex.compile(
    r"\s?(?P<percent>%|percent\b|per\s?cent\b|percentage\b)"
    r"|[\s-](?P<word>[\p{L}\u00b0][\p{L}\u2019'\u00b2\u00b3]*)(?:\s(?P<next>\p{L}+))?",
    regex.IGNORECASE,
)
_LEAST = (
    r"more\s+than|over|at\s+least|above|exceeding|exceeded|no\s+(?:fewer|less)\s+than"
    r"|upwards?\s+of"
)
_MOST = r"less\s+than|fewer\s+than|under|at\s+most|up\s+to|below|no\s+more\s+than"
_ABOUT = (
    r"about|around|approximately|approx\.|roughly|some|circa|ca?\.|nearly|almost|close\s+to"
    r"|an?\s+estimated|estimated"
)
_BOUND = regex.compile(
    rf"(?:(?P<least>{_LEAST})|(?P<most>{_MOST})|(?P<about>{_ABOUT})|(?P<between>between))\s*$",
    regex.IGNORECASE,
)
_AFTERWARDS = regex.compile(r"\s*(?:or\s+more|plus)\b", regex.IGNORECASE)
_REACH = 24

_FACTORS: dict[str, dict[str, float]] = {
    "m": {
        "m": 1, "metre": 1, "meter": 1, "km": 1e3, "kilometre": 1e3, "kilometer": 1e3,
        "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "mm": 0.001, "millimetre": 0.001,
        "millimeter": 0.001, "mile": 1609.344, "mi": 1609.344, "ft": 0.3048, "foot": 0.3048,
        "feet": 0.3048, "inch": 0.0254, "yard": 0.9144,
    },
    "kg": {
        "kg": 1, "kilogram": 1, "kilogramme": 1, "g": 0.001, "gram": 0.001, "tonne": 1e3,
        "lb": 0.453592, "ton": 1e3,
    },
    "km2": {"km\u00b2": 1, "m\u00b2": 1e-6, "acre": 0.00404686, "hectare": 0.01},
    "USD": {"dollar": 1, "usd": 1},
    "EUR": {"euro": 1, "eur": 1},
    "GBP": {"gbp": 1},
}  # fmt: skip
_UNITS = {
    name: (base, factor) for base, names in _FACTORS.items() for name, factor in names.items()
}
_CURRENCIES = {"us$": "USD", "$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u00a5": "JPY"}
_NO_UNIT = frozenset(
    "and or of in on at to from by for with since after before during more less fewer others other "
    "is are was were be been has have had who which that the a an per as than but if when while it "
    "they he she killed died injured wounded displaced dead according including between until "
    "under over about around ago old s january february march april may june july august september "
    "october november december".split()
)
_PEOPLE = frozenset(
    "people person civilian fighter soldier man men woman women child children resident troop "
    "refugee victim casualty inhabitant citizen human individual worker passenger combatant".split()
)
PEOPLE = "people"
"""Unit of counted persons in general; "civilian" is one in particular."""


def amounts_in(text: str) -> list[Amount]:
    """All amounts of a text, in order; bounds before them and units after them taken along."""
    found: list[Amount] = []
    for match in _NUMBER.finditer(text):
        value, grain = _value(match)
        if value is None:
            continue
        scale = _scale(match, text)
        end = match.end()
        unit, factor, end = _unit(match, text, end)
        value, grain = value * scale * factor, grain * scale * factor
        high = value
        if match["upper"]:
            upper = _plain(match["upper"]) * scale * factor
            if upper > value:
                high = upper
            else:
                end = match.start("upper")
        bound, start = _bound(text, match, has_range=high > value)
        found.append(Amount(value, high, bound, unit, grain, start, end))
    return found


def _value(match: regex.Match[str]) -> tuple[float | None, float]:
    if match["digits"]:
        digits = "".join(
            str(unicodedata.decimal(c, c)) for c in match["digits"].replace("\u066b", ".")
        )
        digits = digits.replace("\u2212", "-")
        plain = regex.sub(r"[^\d.-]", "", digits)[:40]
        whole, _, fraction = plain.partition(".")
        try:
            value = float(plain)
        except ValueError:
            return None, 1.0
        if fraction:
            return value, 10.0 ** -len(fraction)
        zeros = len(whole) - len(whole.rstrip("0")) if whole.strip("-0") else 0
        return value, 10.0**zeros
    return _spelled(match["spelled"].lower())


def _spelled(words: str) -> tuple[float | None, float]:
    total = current = 0.0
    half = words.startswith("half")
    for word in regex.split(r"[\s-]+", words):
        if word in _SMALL:
            current += _SMALL[word]
        elif word == "hundred":
            current = max(current, 1) * 100
        elif word == "dozen":
            current = max(current, 1) * 12
        elif word in _SCALES:
            total += max(current, 1) * _SCALES[word]
            current = 0
    value = (total + current) * (0.5 if half else 1)
    return value, 10.0 ** max(0, math.floor(math.log10(value))) if value >= 20 else 1.0


def _plain(digits: str) -> float:
    plain = "".join(str(unicodedata.decimal(c, "")) if c.isdecimal() else c for c in digits)
    return float(plain.replace(",", "")[:40] or 0)


def _scale(match: regex.Match[str], text: str) -> float:
    if match["scale"]:
        word = match["scale"].lower()
        return 12.0 if word == "dozen" else _SCALES[word]
    if match["attached"]:
        short = match["attached"].lower()
        # 324 m is a length; $5m and 5m people are millions.
        counts = match["currency"] or text[match.end() : match.end() + 2].strip()[:1].isalpha()
        return _SHORT_SCALES[short] if counts or short != "m" else 1.0
    return 1.0


def _unit(match: regex.Match[str], text: str, end: int) -> tuple[str, float, int]:
    if match["currency"]:
        return _CURRENCIES[match["currency"].lower()], 1.0, end
    if match["attached"] and _scale(match, text) == 1.0:
        return "m", 1.0, end
    found = _UNIT.match(text, end)
    if found is None:
        return "", 1.0, end
    if found["percent"]:
        return "%", 1.0, found.end()
    word = singular(found["word"].lower())
    if word in _UNITS:
        return *_UNITS[word], found.end("word")
    if word in _NO_UNIT or found["word"].lower() in _NO_UNIT:
        return "", 1.0, end
    return word, 1.0, found.end("word")


def singular(noun: str) -> str:
    """A noun without the ending of most plurals."""
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    if noun.endswith(("ches", "shes", "sses", "xes")):
        return noun[:-2]
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and len(noun) > 3:
        return noun[:-1]
    return noun


def _bound(text: str, match: regex.Match[str], *, has_range: bool) -> tuple[Bound, int]:
    begin = match.start() + (len(match[0]) - len(match[0].lstrip()))
    found = _BOUND.search(text, max(0, begin - _REACH), begin)
    if match["plus"] or _AFTERWARDS.match(text, match.end()):
        return "least", begin
    if found is None or found["between"]:
        return "exact", begin
    for name in ("least", "most", "about"):
        if found[name]:
            kind: Bound = "least" if name == "least" else "most" if name == "most" else "about"
            return ("exact" if has_range else kind), found.start()
    return "exact", begin


def is_people(unit: str) -> bool:
    """Whether a counted noun means persons."""
    return unit in _PEOPLE


def may_be_same_unit(one: Amount, other: Amount) -> bool:
    """Whether two amounts can be of the same: equal units, or one that doesn't say."""
    if one.unit == other.unit:
        return True
    if not one.unit or not other.unit:
        return (one.unit or other.unit) not in {"%", "USD", "EUR", "GBP", "JPY", "m", "kg", "km2"}
    return PEOPLE in {one.unit, other.unit} and is_people(one.unit) and is_people(other.unit)


def is_same_figure(one: Amount, other: Amount) -> bool:
    """Whether two figures are the same up to rounding; bounds aside."""
    gap = max(abs(one.value - other.value), abs(one.high - other.high))
    largest = max(abs(one.high), abs(other.high))
    if "about" in (one.bound, other.bound):
        return gap <= ABOUT * largest
    return gap <= min(max(one.grain, other.grain) / 2, ROUNDING * largest)


def can_both_be(one: Amount, other: Amount) -> bool:
    """Whether one number can be what both say of it."""
    low_1, high_1 = _span(one)
    low_2, high_2 = _span(other)
    return is_same_figure(one, other) or (low_1 <= high_2 and low_2 <= high_1)


def _span(amount: Amount) -> tuple[float, float]:
    if amount.bound == "least":
        return amount.value, math.inf
    if amount.bound == "most":
        return -math.inf, amount.high
    slack = ABOUT * abs(amount.value) if amount.bound == "about" else 0.0
    return amount.value - slack, amount.high + slack


def total(amounts: Sequence[Amount]) -> Amount | None:
    """The sum of several counts of persons; None for anything else."""
    if len(amounts) < 2 or not all(is_people(a.unit) for a in amounts):
        return None
    bounds = {a.bound for a in amounts}
    bound: Bound = "least" if "least" in bounds else "about" if "about" in bounds else "exact"
    return Amount(
        value=sum(a.value for a in amounts),
        high=sum(a.high for a in amounts),
        bound=bound,
        unit=PEOPLE,
        grain=max(a.grain for a in amounts),
        start=amounts[0].start,
        end=amounts[-1].end,
    )
