"""Numerals: numbers in digits of any script, in English words, as ordinals, in Roman letters."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import regex

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
CARDINALS = {word: n for n, word in enumerate(_UNITS)} | {
    word: 10 * n for n, word in enumerate(_TENS, start=2)
}
"""English words for numbers below a hundred."""

SCALES = {
    "dozen": 12.0,
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
"""English words that multiply the number before them."""

_ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
        "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth".split(),
        start=1,
    )
} | {f"{word[:-1]}ieth": 10 * n for n, word in enumerate(_TENS, start=2)}


def _either(words: dict[str, int] | dict[str, float]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_SCALE = _either(SCALES)
_BELOW_HUNDRED = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[\s-]+(?:{'|'.join(_UNITS[1:10])}))?|{'|'.join(_UNITS)})"
)
_PRONOUN = r"(?<!\b(?:no|any|every|each|the|this|that|which|some)[\s-])one(?!\s+(?:of|another)\b)"
SPELLED = (
    rf"\b(?:half\s+an?|an?|{_BELOW_HUNDRED})(?:[\s-]+(?:{_SCALE}))+"
    rf"(?:\s+(?:and\s+)?{_BELOW_HUNDRED}(?:[\s-]+(?:{_SCALE}))*\b)*+\b"
    rf"|\b(?!one\b){_BELOW_HUNDRED}\b|\b{_PRONOUN}\b"
)
"""Pattern of a number in words, to be used without regard to case."""

DIGITS = (
    r"(?:\p{Nd}{1,3}(?:,\p{Nd}{3})+(?![\p{Nd},])|\p{Nd}{1,3}(?:[\u00a0\u202f\u2009 \u066c'\u2019]"
    r"\p{Nd}{3})+(?!\p{Nd})|\p{Nd}+)(?:[.\u066b]\p{Nd}+|,\p{Nd}{1,2}(?![,\p{Nd}]))?"
)
"""Pattern of a number in digits, with separators of thousands and decimals."""

ORDINAL = (
    r"\b\p{Nd}{1,3}(?:st|nd|rd|th)\b"
    rf"|\b(?:(?:{'|'.join(_TENS)})[\s-])?(?:{_either(_ORDINALS)})\b"
)
"""Pattern of an ordinal, to be used without regard to case."""

_DECIMAL = regex.compile(r"[.\u066b](?=\p{Nd}+\Z)|,(?=\p{Nd}{1,2}\Z)")
_SPACES = regex.compile(r"[\s-]+")
_ROMAN = regex.compile(r"(?=.)X{0,3}(?:IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
LARGEST = 1e30
"""Larger numbers are taken for something else: a key, a digest, noise."""


class Numeral(NamedTuple):
    """A number as it is written.

    Attributes:
        grain: What it seems to be rounded to: 10,000 for 120,000, 0.1 for 1.5.
    """

    value: float
    grain: float


def read_digits(text: str) -> Numeral | None:
    """Reads what `DIGITS` matches; None for what is no number of a sensible size."""
    parts = _DECIMAL.split(text, maxsplit=1)
    whole, fraction = (_ascii_digits(part) for part in (*parts, "")[:2])
    if not whole or len(whole) > math.log10(LARGEST):
        return None
    value = float(f"{whole}.{fraction[:20] or 0}")
    if fraction:
        return Numeral(value, 10.0 ** -len(fraction[:20]))
    zeros = len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0
    return Numeral(value, 10.0**zeros)


def _ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())


def read_words(text: str) -> Numeral:
    """Reads what `SPELLED` matches."""
    total = current = 0.0
    words = [word for word in _SPACES.split(text.lower()) if word not in {"a", "an", "and"}]
    for word in words:
        if word in CARDINALS:
            current += CARDINALS[word]
        elif word in {"hundred", "dozen"}:
            current = max(current, 1) * SCALES[word]
        elif word in SCALES:
            total += max(current, 1) * SCALES[word]
            current = 0
    value = min((total + current) * (0.5 if words[0] == "half" else 1), LARGEST)
    whole = f"{value:.0f}"
    zeros = len(whole) - len(whole.rstrip("0")) if value >= 20 else 0
    return Numeral(value, 10.0**zeros)


def read_ordinal(text: str) -> int:
    """Reads what `ORDINAL` matches."""
    digits = _ascii_digits(text)
    if digits:
        return int(digits)
    *tens, last = _SPACES.split(text.lower())
    return _ORDINALS[last] + (CARDINALS[tens[0]] if tens else 0)


@lru_cache(maxsize=1 << 12)
def read_number_of_name(word: str) -> str | None:
    """The number, in digits, that tells a name from others: `II`, `2`, `Two` or `Second` give 2."""
    if word.isdecimal():
        return str(int(_ascii_digits(word)[:18]))
    if len(word) <= 6 and _ROMAN.fullmatch(word):
        values = [_ROMAN_VALUES[c] for c in word]
        following = [*values[1:], 0]
        signed = (-n if n < after else n for n, after in zip(values, following, strict=True))
        return str(sum(signed))
    number = CARDINALS.get(word.lower()) or _ORDINALS.get(word.lower())
    return str(number) if number else None
