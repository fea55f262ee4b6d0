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
    "ussr": "soviet union",
}
"""Long forms of some that texts hardly ever explain."""

_SHORT = r"(?>(?:\p{Lu}\.){2,8}|\p{Lu}[\p{Lu}\p{N}&-]{1,9}(?![\p{L}\p{N}]))"
_QUOTES = "\"'\u201c\u201d\u2018\u2019"
_BRACKETED = regex.compile(
    rf"\((?:\s|or\s|the\s|[{_QUOTES}])*+(?P<short>{_SHORT})[{_QUOTES}]?\s*+[);,]"
)
_LONG_IN_BRACKETS = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}.&-])(?P<short>{_SHORT})\s?\((?P<long>[^()]{{4,100}})\)"
)
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'\u2019]*")
_BREAK = regex.compile(r"[.;:!?()](?=\s|\Z)|\n\s*\n")
_SKIPPED = frozenset("of the and for in on to a an at with de la le du des et y al del der".split())
_REACH = 120
"""Characters before a bracket in which the long form may stand."""


def expansions_in(text: str) -> dict[str, str]:
    """Abbreviations that a text explains, with the words that it gives for them.

    Letters of the short form must be the initials of the long one's words; small words may be
    left out. So "(Reuters)" and "(2011)" explain nothing. Of the words before a bracket, as few as
    will do are taken; those of a sentence before aren't. One of them has a capital.

    Returns:
        Long form by short form, both in lower case; the first explanation counts.
    """
    found: dict[str, str] = {}
    for match in _BRACKETED.finditer(text):
        lead = text[max(0, match.start() - _REACH) : match.start()].rstrip()
        # A dot may be that of "St."; only what stands before the last word can end a sentence.
        ends = [cut.end() for cut in _BREAK.finditer(lead, 0, len(lead))]
        words = _WORD.findall(lead, ends[-1] if ends else 0)
        short = fold_short(match["short"])
        for taken in range(len(short), min(len(words), 2 * len(short) + 3) + 1):
            long = words[-taken:]
            if long[0].lower() not in _SKIPPED and _is_long_form(long, short):
                found.setdefault(short, " ".join(long).lower())
                break
    for match in _LONG_IN_BRACKETS.finditer(text):
        words = _WORD.findall(match["long"])
        while words and words[0].lower() in _SKIPPED:
            words.pop(0)
        short = fold_short(match["short"])
        if _is_long_form(words, short):
            found.setdefault(short, " ".join(words).lower())
    return found


def fold_short(short: str) -> str:
    """A short form without dots, in lower case."""
    return "".join(c for c in short if c.isalnum()).lower()


def _is_long_form(words: Sequence[str], short: str) -> bool:
    """Whether a short form's letters are the initials of words, small words taken or left out."""
    if len(short) < 2 or not any(word[0].isupper() for word in words):
        return False
    # How many letters may have been used up, after each word.
    reached = {0}
    for word in words:
        initial, is_small = word[0].lower(), word.lower() in _SKIPPED
        used = {n + 1 for n in reached if n < len(short) and short[n] == initial}
        reached = used | reached if is_small else used
    return len(short) in reached
