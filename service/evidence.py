"""Evidence: a quote grown to the sentence or list from which the answer follows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import regex

from index.types import TextRange
from service.asking import Asked

_LONGEST = 600
"""Characters of an enumeration on either side that are looked at."""

_SEPARATOR = regex.compile(
    r"\s*,\s*(?:and|or|as well as)\s+|\s*[,;]\s*|\s+(?:and|or|as well as)\s+|\s*&\s*",
    regex.IGNORECASE,
)
_NAME = regex.compile(
    r"(?:the\s+)?(?:[\p{Lu}\p{N}][\p{L}\p{M}\p{N}'\u2019.-]*"
    r"(?:\s+(?:of|the|de|al|and\s+the)\s+|\s+|$)?)+(?:\s*\([^()]{1,40}\))?",
)
_MOST_WORDS = 5
_BULLET = regex.compile(r"[ \t]*(?:[-*\u2022\u2013\u25e6]|\(?\d{1,3}[.)]|\(?[a-z][.)])[ \t]+\S")


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
        The sentences that hold the span, for a yes/no, why or how question; the enumeration that it
        is an item of, for a list; None if there is no such thing, or a quote is asked for.
    """
    if asked == "quote":
        return None
    first = bisect_right(sentences, start, key=lambda s: s.start) - 1
    last = bisect_left(sentences, end, key=lambda s: s.end)
    if first < 0 or last >= len(sentences) or sentences[first].end <= start:
        around = None
    else:
        around = TextRange(sentences[first].start, sentences[last].end)
    if asked != "list":
        return around
    return _bullets(text, start, end) or (around and _enumeration(text, around, start, end))


def _bullets(text: str, start: int, end: int) -> TextRange | None:
    """The bulleted or numbered lines around a span, if there are at least two."""
    begin = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    stop = len(text) if stop < 0 else stop
    if not _BULLET.match(text, begin):
        return None
    lines = 1
    while begin > 0 and start - begin < _LONGEST:
        previous = text.rfind("\n", 0, begin - 1) + 1
        if not _BULLET.match(text, previous):
            break
        begin, lines = previous, lines + 1
    while stop < len(text) and stop - end < _LONGEST and _BULLET.match(text, stop + 1):
        following = text.find("\n", stop + 1)
        stop, lines = (len(text) if following < 0 else following), lines + 1
    if lines < 2:
        return None
    while text[begin].isspace():
        begin += 1
    while text[stop - 1].isspace():
        stop -= 1
    return TextRange(begin, stop)


def _enumeration(text: str, around: TextRange, start: int, end: int) -> TextRange | None:
    """The items joined by commas and "and" that a span is one of, all alike in shape."""
    low, high = max(around.start, start - _LONGEST), min(around.end, end + _LONGEST)
    cuts = [low]
    separators = []
    depth = 0
    opened = [0] * (high - low + 1)
    for n, character in enumerate(text[low:high]):
        depth = max(0, depth + (character == "(") - (character == ")"))
        opened[n + 1] = depth
    for match in _SEPARATOR.finditer(text, low, high):
        if not opened[match.start() - low]:
            separators.append(match.span())
    items = []
    for left, right in separators:
        items.append((cuts[-1], left))
        cuts.append(right)
    items.append((cuts[-1], high))
    inside = [n for n, (left, right) in enumerate(items) if left < end and start < right]
    if not inside or len(items) < 2:
        return None
    is_named = bool(_NAME.match(text[start:end]))
    first, last = inside[0], inside[-1]
    begin, stop = start, end
    while first > 0:
        item = _tail(text, *items[first - 1], is_named=is_named)
        if item is None or (
            items[first][0] < start
            and first == inside[0]
            and not _fills(text, items[first][0], start)
        ):
            break
        first, begin = first - 1, item
        if item != items[first][0]:
            break
    while last + 1 < len(items):
        item = _head(text, *items[last + 1], is_named=is_named)
        if item is None or (last == inside[-1] and not _fills(text, end, items[last][1])):
            break
        last, stop = last + 1, item
        if item != items[last][1]:
            break
    if (begin, stop) == (start, end):
        return None
    return TextRange(begin, stop)


def _fills(text: str, start: int, end: int) -> bool:
    """Whether nothing but marks and articles stands between a span and its item's edge."""
    rest = text[start:end].strip(" \t\n\"'\u201c\u201d.:").casefold()
    return rest in {"", "the", "a", "an", "both"} or (rest[0] == "(" and rest[-1] == ")")


def _tail(text: str, start: int, end: int, *, is_named: bool) -> int | None:
    """Where the item begins that ends at `end`; None if there is none of that shape."""
    item = text[start:end]
    if is_named:
        found = list(_NAME.finditer(item))
        if not found or item[found[-1].end() :].strip():
            return None
        return start + found[-1].start()
    return start if 0 < len(item.split()) <= _MOST_WORDS else None


def _head(text: str, start: int, end: int, *, is_named: bool) -> int | None:
    """Where the item ends that begins at `start`; None if there is none of that shape."""
    item = text[start:end]
    if is_named:
        found = _NAME.match(item)
        return start + len(item[: found.end()].rstrip()) if found and found.end() else None
    item = item.rstrip(".!? \n")
    return start + len(item) if 0 < len(item.split()) <= _MOST_WORDS else None
