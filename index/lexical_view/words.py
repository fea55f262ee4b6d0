"""How text becomes the terms that it is found by.

Passages and queries go through the same functions, so that what is written differently and means
the same becomes the same term: letter case, accents, compatibility forms, digits of other scripts,
thousands separators, possessives, dots of abbreviations. Joined words are found by their parts and
as one: `cease-fire` gives `cease`, `fire` and `ceasefire`. Text that doesn't divide its words gives
characters and pairs of them. Stemming is left to the index.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import regex

COMMON_WORDS = frozenset(
    "a about also an and any are as at be been but by can could did do does for from had has have "
    "he her his how i if in into is it its may me my no not of on or our she should so such than "
    "that the their them then there these they this to was we were what when where which who whom "
    "whose why will with would you your".split()
)
"""Words that a query isn't looked up by if it has others; see `scripts/measure_lexical.py`.

`us` is not among them: it may be the U.S.
"""

_LONGEST_TERM = 64
"""Code points of a term; what is longer is found by as many."""

_UNDIVIDED = (
    r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々]"
    r"&&[\p{L}\p{M}\p{N}]]"
)
_PART = rf"[[\p{{L}}\p{{N}}]--{_UNDIVIDED}][[\p{{L}}\p{{M}}\p{{N}}]--{_UNDIVIDED}]*"
_TOKEN = regex.compile(
    rf"(?P<undivided>{_UNDIVIDED}+)"
    r"|(?P<number>\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)+)"
    r"|(?P<abbreviation>(?<![\p{L}\p{N}])(?:\p{L}\.){2,}(?:\p{L}(?![\p{L}\p{N}]))?)"
    rf"|(?P<word>{_PART}(?:[-']{_PART})*)",
    regex.V1,
)
_JOINTS = str.maketrans(dict.fromkeys("‐‑", "-") | dict.fromkeys("’‘`´ʼʻʽʾʿ", "'"))
_JOINT = regex.compile("[-']")
_ARTICLES = frozenset("al el ad adh an ar as ash at ath az".split())
"""Of Arabic names; joined to a name they are no word of their own."""

_CONTRACTED = frozenset("t re ve ll d m".split())
_INVISIBLE = regex.compile(r"\p{Cf}")
_MARKS = regex.compile(
    r"[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
)
"""Accents of Latin, Greek and Cyrillic, points of Hebrew and Arabic; no vowels of other scripts."""

_LETTERS = str.maketrans(
    dict(zip("øđðłħıŧəىةکی", "oddlhitaيهكي", strict=True)) | {"æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters that have no decomposition; letters that Arabic script writes in two ways."""


def split_words(text: str) -> Iterator[tuple[str, ...]]:
    """The words of any text, in order, each as the terms it is found by, unstemmed.

    A word has one term, or those of its parts and then the one of all of it. Terms hold no space.
    """
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text.translate(_JOINTS)))
    for match in _TOKEN.finditer(text):
        yield _terms(match.lastgroup, match[0])


@lru_cache(maxsize=1 << 16)
def _terms(kind: str | None, token: str) -> tuple[str, ...]:
    if kind == "undivided":
        folded = _fold(token)
        return (*folded, *(folded[i : i + 2] for i in range(len(folded) - 1)))
    if kind == "number":
        return (_fold(token.replace(",", ""))[:_LONGEST_TERM],)
    if kind == "abbreviation":
        return (_fold(token.replace(".", ""))[:_LONGEST_TERM],)
    parts = _JOINT.split(token)
    if len(parts) > 1 and token[-2:] in {"'s", "'S"}:
        parts.pop()
    whole = "".join(parts)
    if len(parts) > 1 and parts[-1].lower() in _CONTRACTED:
        parts = [whole]
    elif len(parts) > 1 and not all(part.isdecimal() for part in parts):
        parts = [*parts[parts[0].lower() in _ARTICLES :], whole]
    return tuple(_fold(part)[:_LONGEST_TERM] for part in parts)


def _fold(token: str) -> str:
    """Without case, accents and the like."""
    if token.isascii():
        return token.lower()
    folded = unicodedata.normalize("NFD", token.casefold()).translate(_LETTERS)
    folded = unicodedata.normalize("NFC", _MARKS.sub("", folded)) or token
    return "".join(str(unicodedata.decimal(c, c)) for c in folded)


_SOUNDS = tuple(
    (regex.compile(pattern), sound)
    for pattern, sound in (
        (r"^(?:g(?=n)|k(?=n)|p(?=s))|d(?=j)", ""),
        (r"ph|v|w", "f"),
        (r"t?s?ch(?=[aeiouy])", "C"),
        (r"s?ch|sh", "s"),
        (r"c(?=[eiy])", "s"),
        (r"ck|[ckqg]h?|x", "k"),
        (r"z", "s"),
        (r"(?<=[^aeiouy])h|h$", ""),
        (r"^[aeiou]+", "A"),
        (r"[aeiouy]+", ""),
        (r"(.)\1+", r"\1"),
    )
)
"""What is heard alike is written alike, in this order; vowels only where they begin a word."""

_SHORTEST_KEY = 2


@lru_cache(maxsize=1 << 16)
def phonetic_key(term: str) -> str | None:
    """What the usual spellings of a name have in common: the consonants that are heard.

    `sarraj`, `serraj` and `saraj` give `srj`. Made for transliterated names, after Soundex and its
    kin (Zobel and Dart, 1996), without their loss of all but four sounds.

    Args:
        term: A term of `split_words`.

    Returns:
        None for what too few consonants tell apart, for numbers and for other scripts.
    """
    if not (term.isascii() and term.isalpha()):
        return None
    for pattern, sound in _SOUNDS:
        term = pattern.sub(sound, term)
    return term if len(term) >= _SHORTEST_KEY else None
