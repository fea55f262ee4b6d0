"""Evidence: a quote grown to the sentence or list from which the answer follows.

A list is one quote: lines that begin alike, or items that commas and "and" join and that are alike
in shape. Where that isn't plain, there is no list: a sentence has more commas than lists.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Literal, NamedTuple

import regex

from index.types import TextRange
from service.asking import Asked
from service.list_items import (
    SHAPES,
    Shape,
    Word,
    is_bracketed,
    is_capitalised,
    is_dated,
    words_of,
)

_Way = Literal["both", "left", "right"]

_LONGEST = 600
"""Characters on either side of a span that are searched for a list."""

_LEAST_UNJOINED = 4
"""Items with commas alone between them that are a list; fewer are a place, a date, a clause."""

_JOINT = regex.compile(
    r"[,;]\s*(?P<and>and|or|as well as)\s|[,;]\s|\s(?P<and>and|or|as well as|&)\s"
)
_BULLET = regex.compile(r"[ \t]*(?:([-*+•‣◦▪●·–—])|\(?(\d{1,3})[.)]|\(?([a-z])[.)])[ \t]+\S")
_ABBREVIATION = regex.compile(r"\.\p{L}\.$")
_WAYS: tuple[_Way, ...] = ("both", "left", "right")
_MARKS = ".,:;!?…"
_QUOTES = {"”": "“", "’": "‘", "»": "«", '"': '"', "'": "'"}


def evidence_range(
    asked: Asked, text: str, sentences: Sequence[TextRange], start: int, end: int
) -> TextRange | None:
    """What stands for a span as evidence.

    Args:
        asked: What the question asks for.
        text: The document's text.
        sentences: Its sentences, in order.
        start: Offset of the span.
        end: Offset after it.

    Returns:
        The sentences that hold the span, for a yes/no, why or how question; the list that it is an
        item of or overlaps, for a list; None if there is no such thing, or a quote is asked for.
        It holds all of the span but the space around it.
    """
    start, end = _trimmed(text, TextRange(start, end))
    if asked == "quote" or start == end:
        return None
    around = _sentences_around(text, sentences, start, end)
    if asked != "list":
        return around
    lines = _lines_around(text, start, end)
    if lines is not None or around is None:
        return lines
    return _enumeration_around(text, around, TextRange(start, end))


def _sentences_around(
    text: str, sentences: Sequence[TextRange], start: int, end: int
) -> TextRange | None:
    first = bisect_right(sentences, start, key=lambda s: s.start) - 1
    last = bisect_left(sentences, end, key=lambda s: s.end)
    if first < 0 or last >= len(sentences):
        return None
    if sentences[first].end <= start or sentences[last].start >= end:
        return None
    return _trimmed(text, TextRange(sentences[first].start, sentences[last].end))


def _trimmed(text: str, held: TextRange) -> TextRange:
    begin, stop = held
    while begin < stop and text[begin].isspace():
        begin += 1
    while begin < stop and text[stop - 1].isspace():
        stop -= 1
    return TextRange(begin, stop)


def _lines_around(text: str, start: int, end: int) -> TextRange | None:
    """The lines with a bullet, number or letter around a span, if there are at least two."""
    begin = text.rfind("\n", 0, start) + 1
    kind = _bullet(text, begin)
    while kind is None and begin > 0 and _is_indented(text, begin) and start - begin < _LONGEST:
        begin = text.rfind("\n", 0, begin - 1) + 1
        kind = _bullet(text, begin)
    if kind is None or start - begin > _LONGEST:
        return None
    first = before = begin
    while before > 0 and start - before < _LONGEST:
        previous = text.rfind("\n", 0, before - 1) + 1
        if _bullet(text, previous) == kind:
            first = previous
        elif not _is_indented(text, previous) and not (previous == before - 1 and before == first):
            break
        before = previous
    last = _line_end(text, end)
    while last < len(text) and last - end < _LONGEST:
        following = last + 1 + text.startswith("\n", last + 1)
        if _bullet(text, following) != kind and not _is_indented(text, last + 1):
            break
        last = _line_end(text, following)
    if last - first > end - start + 4 * _LONGEST:
        return None
    held = _trimmed(text, TextRange(first, last))
    lines = sum(_bullet(line, 0) == kind for line in text[first:last].split("\n"))
    return held if lines > 1 else None


def _line_end(text: str, line: int) -> int:
    end = text.find("\n", line)
    return len(text) if end < 0 else end


def _is_indented(text: str, line: int) -> bool:
    """Whether a line goes on with an item: indented, and neither empty nor an item of its own."""
    return text[line : line + 2] in {"  ", "\t\t"} or (
        text[line : line + 1] in {" ", "\t"} and not text[line : line + 2].isspace()
    )


def _bullet(text: str, line: int) -> int | None:
    """Which kind of mark a line begins with."""
    found = _BULLET.match(text, line)
    return None if found is None else found.lastindex


class _Piece(NamedTuple):
    """What stands between two joints: an item, or one with the sentence before or after it."""

    words: Sequence[Word]
    joined: bool
    marked: bool


def _enumeration_around(text: str, sentence: TextRange, span: TextRange) -> TextRange | None:
    """The items joined by commas and "and" around a span: within its brackets, or else outside."""
    low = max(sentence.start, span.start - _LONGEST)
    high = min(sentence.end, span.end + _LONGEST)
    opened, closed = text.rfind("(", low, span.start), text.find(")", span.end, high)
    if opened >= 0 and closed >= 0 and text.find(")", opened, span.start) < 0:
        found = _enumeration(text, TextRange(opened + 1, closed), span)
        if found is not None:
            return found
    colon = text.rfind(":", low, span.start)
    if colon >= 0 and ";" in text[colon:high] and ";" not in text[low:colon]:
        listed = _trimmed(text, TextRange(colon + 1, high))
        if listed.start <= span.start:
            return _unmarked(text, listed, span)
    return _enumeration(text, TextRange(low, high), span)


def _enumeration(text: str, within: TextRange, span: TextRange) -> TextRange | None:
    pieces = _pieces(text, within)
    held = [
        n
        for n, piece in enumerate(pieces)
        if any(word.start < span.end and span.start < word.end for word in piece.words)
    ]
    if not held:
        return None
    for shape in SHAPES:
        for way in _WAYS:
            found = _grown(pieces, TextRange(held[0], held[-1]), span, shape, way)
            if found is not None:
                return _unmarked(text, found, span)
    return None


def _pieces(text: str, within: TextRange) -> list[_Piece]:
    """What stands between joints that no bracket holds, each with the joint before it."""
    pieces: list[_Piece] = []
    begin = at = within.start
    joined = marked = False
    depth = 0
    for match in _JOINT.finditer(text, *within):
        for character in text[at : match.start()]:
            depth = max(0, depth + (character == "(") - (character == ")"))
        at = match.start()
        if depth == 0:
            pieces.append(_Piece(words_of(text, begin, match.start()), joined, marked))
            begin, joined, marked = match.end(), match["and"] is not None, match[0][0] in ",;"
    return [*pieces, _Piece(words_of(text, begin, within.end), joined, marked)]


def _grown(
    pieces: Sequence[_Piece], held: TextRange, span: TextRange, shape: Shape, way: _Way
) -> TextRange | None:
    """The list around a span, as far as its items are of one shape.

    Args:
        held: Numbers of the pieces that hold the span, both included. If the last "and" is among
            them, the span ends where its list does.
        way: Where it may grow to: "A and B, C" is a list of A and B from B, but not to the right.
    """
    first, last = held
    own = _own_item(pieces, held, span, shape)
    if own is None:
        return None
    head, tail, begins, ends = own
    begin, stop = pieces[first].words[head].start, pieces[last].words[tail - 1].end
    is_day = is_dated(pieces[first].words[head:])
    width = tail - head if first == last else tail
    inner = pieces[first + 1 : last + 1]
    is_ended = bool(inner) and inner[-1].joined
    if is_ended and not shape.is_plain:
        return span
    has_and = any(piece.joined for piece in inner)
    has_comma = any(not piece.joined for piece in inner)
    while way != "left" and ends and not is_ended and last + 1 < len(pieces):
        piece = pieces[last + 1]
        size = shape.head(piece.words)
        if size is None or (has_and and not piece.joined) or is_dated(piece.words[:size]) != is_day:
            break
        last, stop, ends = last + 1, piece.words[size - 1].end, size == len(piece.words)
        has_and, has_comma = has_and or piece.joined, has_comma or not piece.joined
    while way != "right" and begins and first > 0:
        words, joint = pieces[first - 1].words, pieces[first]
        at = shape.tail(words, width)
        if (
            at is None
            or (joint.joined and (has_comma or is_ended))
            or is_dated(words[at:]) != is_day
        ):
            break
        first, begin, begins = first - 1, words[at].start, at == 0
        has_and, has_comma = has_and or joint.joined, has_comma or not joint.joined
    items = last - first + 1
    if is_ended and first == held.start:
        return span
    if has_and:
        is_list = items >= shape.least and not (items == 2 and pieces[last].marked)
    else:
        is_list = items >= _LEAST_UNJOINED and ends and not is_day
    return TextRange(min(begin, span.start), max(stop, span.end)) if is_list else None


def _own_item(
    pieces: Sequence[_Piece], held: TextRange, span: TextRange, shape: Shape
) -> tuple[int, int, bool, bool] | None:
    """Where the item of a span, or the items, begin and end.

    Returns:
        Number of the first word in the first piece, number of the word after the last one in the
        last piece, and whether they are the first and the last of their pieces.
    """
    first, last = (pieces[n].words for n in held)
    until = sum(word.start < span.end for word in first)
    asked = [word for word in first[:until] if span.start < word.end]
    if shape.is_plain and not any(is_capitalised(w) or is_bracketed(w) for w in asked):
        return None
    head = shape.tail(first[:until], len(asked))
    if head is None or any(
        shape.head(piece.words) != len(piece.words) for piece in pieces[held.start + 1 : held.end]
    ):
        return None
    begin = head if held.start == held.end else 0
    size = shape.head(last[begin:])
    if size is None:
        return None
    tail = max(begin + size, sum(word.start < span.end for word in last))
    return head, tail, head == 0, tail == len(last)


def _unmarked(text: str, found: TextRange, span: TextRange) -> TextRange:
    """Without the marks at its end, and quotation marks that it holds one of."""
    begin, stop = found
    while stop > span.end:
        last = text[stop - 1]
        is_open = last in _QUOTES and text.find(_QUOTES[last], begin, stop - 1) >= 0
        if not (last in _MARKS or (last in _QUOTES and not is_open)):
            break
        if _ABBREVIATION.search(text[max(begin, stop - 3) : stop]):
            break
        stop -= 1
    if begin < span.start and text[begin] in "“‘«" and begin + 1 < stop:
        closing = {"“": "”", "‘": "’", "«": "»"}[text[begin]]
        begin += text.find(closing, begin, stop) < 0
    return TextRange(begin, stop)
