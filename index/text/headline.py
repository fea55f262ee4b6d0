"""The headline of a plain text, which nothing marks as one.

A title that isn't one is worse than none: it goes into every passage's vector. So a first line
counts only where all signs agree.
"""

from __future__ import annotations

import re

from index.text.dateline import is_dateline
from index.text.forms import ends_sentence

_MAX_LENGTH = 120
_MIN_WORDS = 3
_PROSE_LENGTH = 100
# A deck, a byline or a line of tags may stand between the headline and the story.
_PROSE_WITHIN = 3

_UNFINISHED = re.compile(r"[,;:–—-]$")
_START = re.compile(r"[\"'“‘«(]?[^\W_]")
# Marks of page debris: trails (`News > Libya`), menus (`Home | News`), addresses, columns.
_DEBRIS = re.compile(r"[|<>•·→»©@{}\\]|https?:|www\.|\t|\s{3,}|\.\.\.")
_DEBRIS_WORDS = frozenset(
    "advertisement breaking by comment comments copyright dear edition follow from home image live"
    " listen log menu photo photograph picture published read related share sign skip source"
    " subscribe subject to updated video watch".split()
)


def find_headline(text: str) -> str | None:
    """The first line that isn't blank, if it clearly is a headline.

    It has three words or more in at most 120 characters, doesn't begin in lower case or with a
    mark, doesn't end like a sentence or a salutation, isn't page debris or a dateline, and is
    followed, after a blank line or at once, by a longer line of prose.

    Args:
        text: A plain text document, with `\\n` newlines.
    """
    lines = [line.strip() for line in text.lstrip().split("\n", 60)[:60]]
    first = lines[0]
    if len(first) > _MAX_LENGTH:
        return None
    words = first.split()
    if len(words) < _MIN_WORDS:
        return None
    if not _START.match(first) or first.lstrip("\"'“‘«(")[0].islower():
        return None
    if ends_sentence(first) or _UNFINISHED.search(first) or _DEBRIS.search(first):
        return None
    if words[0].strip(":").lower() in _DEBRIS_WORDS or is_dateline(first):
        return None
    following = [line for line in lines[1:] if line][:_PROSE_WITHIN]
    # Without a blank line between, only a line that is a paragraph by itself tells the first line
    # from the first line of a paragraph that is wrapped.
    if len(lines) > 1 and lines[1]:
        following = [line for line in following[:1] if len(line) > _MAX_LENGTH]
    prose = any(
        len(line) >= max(_PROSE_LENGTH, len(first)) and ends_sentence(line) for line in following
    )
    return first if prose else None
