"""Abbreviations that a text explains itself: "Government of National Accord (GNA)"."""

from __future__ import annotations

from collections.abc import Sequence

import regex

WELL_KNOWN = {
    "un": "united nations",
    "us": "united states",
    "usa": "united states",
    "uk": "united kingdom",
    "eu": "european union",
    "uae": "united arab emirates",
}
"""Long forms of some that texts hardly ever explain."""

_SHORT = r"(?:\p{Lu}\.){2,8}|\p{Lu}[\p{Lu}\p{N}&-]{1,9}"
_BRACKETED = regex.compile(rf"\(\s*(?P<short>{_SHORT})\s*[);,]")
_LONG_IN_BRACKETS = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}.])(?P<short>{_SHORT})\s*\((?P<long>[^()]{{4,100}})\)"
)
_WORD = regex.compile(r"[\p{L}\p{N}'\u2019]+")
_SKIPPED = frozenset("of the and for in on to a an de la le du des et y al".split())
_REACH = 120


def expansions_in(text: str) -> dict[str, str]:
    """Abbreviations that a text explains, with the words that it gives for them.

    Letters of the short form must be the initials of the long one's words; small words may be
    left out. So "(Reuters)" and "(2011)" explain nothing.

    Returns:
        Long form by short form, both in lower case; the first explanation counts.
    """
    found: dict[str, str] = {}
    for match in _BRACKETED.finditer(text):
        words = _WORD.findall(text[max(0, match.start() - _REACH) : match.start()])
        short = fold_short(match["short"])
        for taken in range(len(short), min(len(words), 2 * len(short) + 3) + 1):
            long = words[-taken:]
            if long[0].lower() not in _SKIPPED and _has_initials(long, short):
                found.setdefault(short, " ".join(long).lower())
                break
    for match in _LONG_IN_BRACKETS.finditer(text):
        words = _WORD.findall(match["long"])
        short = fold_short(match["short"])
        if _has_initials(words, short):
            found.setdefault(short, " ".join(words).lower())
    return found


def fold_short(short: str) -> str:
    """A short form without dots, in lower case."""
    return "".join(c for c in short if c.isalnum()).lower()


def _has_initials(words: Sequence[str], short: str) -> bool:
    initials = "".join(w[0].lower() for w in words)
    heavy = "".join(w[0].lower() for w in words if w.lower() not in _SKIPPED)
    return len(short) > 1 and short in {initials, heavy}
