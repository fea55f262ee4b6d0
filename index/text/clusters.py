"""Grapheme clusters: what a reader takes for one character (Unicode UAX 29)."""

from __future__ import annotations

import regex

from index.types import TextRange

CLUSTER = regex.compile(r"\X")
"""One extended grapheme cluster."""

_FIRST_COMBINING = "\u0300"
"""Below it, every code point is a grapheme cluster, but for a carriage return and newline."""


def trim(text: str, start: int, end: int) -> TextRange:
    """Narrows a range to leave out the white space at both ends.

    White space that is one grapheme cluster with what follows or precedes it stays.

    Args:
        text: The document's text.
        start: A grapheme cluster's start.
        end: A grapheme cluster's end.

    Returns:
        The narrower range; empty if all is white space.
    """
    piece = text[start:end]
    left = start + len(piece) - len(piece.lstrip())
    right = start + len(piece.rstrip())
    if left >= right:
        return TextRange(end, end)
    if left > start and text[left] >= _FIRST_COMBINING:
        joined = CLUSTER.match(text[left - 1 : end])
        if joined is not None and joined.end() > 1:
            left -= 1
    if right < end and text[right - 1] >= _FIRST_COMBINING:
        joined = CLUSTER.match(text[right - 1 : end])
        if joined is not None:
            right += joined.end() - 1
    return TextRange(left, right)


def cluster_ends(text: str, start: int, end: int) -> list[int]:
    """Returns the ends of the grapheme clusters of `text[start:end]`, in order.

    Args:
        text: The document's text.
        start: A grapheme cluster's start.
        end: Any offset; a cluster that goes on after it is left out.
    """
    # A look a little further shows whether the last cluster goes on after `end`. The slice keeps
    # regex from counting regional indicators back to the start of the text at every step.
    ends = [start + match.end() for match in CLUSTER.finditer(text[start : end + 1])]
    return ends if end >= len(text) else [position for position in ends if position <= end]
