"""Cuts what is longer than a passage: at white space, else between grapheme clusters."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from index.text.clusters import cluster_ends, trim
from index.types import TextRange


def cut_into_pieces(
    text: str, place: TextRange, *, starts: Sequence[int], tokens: int, length: int
) -> list[TextRange]:
    """Cuts an endless sentence into pieces.

    Args:
        text: The document's text.
        place: The sentence.
        starts: Offsets in `text` where tokens start, in order.
        tokens: Most tokens that start in a piece.
        length: Most code points of a piece.

    Returns:
        Pieces in order, without the white space around them. A grapheme cluster is cut only if it
        is longer than a piece.
    """
    pieces: list[TextRange] = []
    cursor = place.start
    while cursor < place.end:
        beyond = bisect_left(starts, cursor) + tokens
        stop = min(starts[beyond] if beyond < len(starts) else place.end, cursor + length)
        stop = place.end if stop >= place.end else cut_before(text, cursor, max(stop, cursor + 1))
        piece = trim(text, cursor, stop)
        if piece.start < piece.end:
            pieces.append(piece)
        cursor = stop
    return pieces


def halve(text: str, place: TextRange) -> tuple[TextRange, TextRange]:
    """Cuts a range of two code points or more about in the middle, as `cut_into_pieces` does."""
    stop = cut_before(text, place.start, (place.start + place.end + 1) // 2)
    return trim(text, place.start, stop), trim(text, stop, place.end)


def cut_before(text: str, start: int, stop: int) -> int:
    """Returns where to end a piece that starts at `start`: at `stop` at the latest.

    That is before white space in the piece's second half, else between grapheme clusters.
    """
    ends = cluster_ends(text, start, stop)
    for end in reversed(ends[len(ends) // 2 :]):
        if text[end : end + 1].isspace():
            return end
    return ends[-1] if ends else stop
