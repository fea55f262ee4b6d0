"""Divides a text into lines, paragraphs and sentences; pure, with exact offsets.

pysbd says where sentences end, and nothing else: paragraphs are cut here, pysbd reads them window
by window, and its sentences are found again from a cursor. A sentence that it lost or altered
joins the one before it, so that every code point that is not white space is in exactly one
sentence. No boundary lies inside a grapheme cluster (Unicode UAX 29).

Source of the rules inside a paragraph: N. Sadvilkar and M. Neumann, "PySBD: Pragmatic Sentence
Boundary Disambiguation", NLP-OSS 2020.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, pairwise
from typing import Any

from index.text.clusters import CLUSTER, cluster_ends, trim
from index.types import TextRange

WINDOW = 1000
"""Code points that pysbd reads at once: its rules are quadratic in the worst case."""

WRAP_WIDTHS = (40, 120)
"""Widths, in code points, that hard-wrapped text has. Lines outside are paragraphs."""

WRAP_SLACK = 6
"""Code points by which a wrapped line may be shorter: not all wrapping is greedy, and a block's
width is known by its longest line only."""

BULLET = re.compile(r"\s*(?:[-*+•‣◦▪●·–—]|\(?\d{1,2}[.)]|[a-z]\))\s+\S")
"""The start of a list item."""

_OWN_LINE = re.compile(r"\s*(?:#{1,6}\s|>|\|)|.*(?:\t|\S {3,}\S|\s\|\s)")
"""A heading or a quotation in Markdown, a row of a table: never wrapped."""

SENTENCE_END = re.compile(r"[.!?…。．！？؟۔।॥]")
"""A character that ends sentences, among other uses."""

_LONG_REFERENCE = re.compile(r"\[(?=(?:[,\s-]*\d){9})")
"""Brackets on which pysbd's rule for numbered references takes exponential time."""

READ_AT_ONCE = 65_536
"""Code points that one call of the interpreter's own functions reads: other threads wait for it."""


def _disguise() -> dict[int, str]:
    """Maps, one for one, what pysbd would alter: its own marks, escapes and other scripts' ends."""
    marks = "∯∮ȸȹ☉☈☇☄♬♭☏ƪ♟♝♨☝ᓰᓱᓳᓴᓷᓸ⎋✂⌬"
    spaces = (code for code in range(0x3001) if chr(code).isspace())
    return {
        **dict.fromkeys(map(ord, marks), "x"),
        **dict.fromkeys(spaces, " "),
        **{ord("\\"): "/", ord("؟"): "?", ord("۔"): ".", ord("।"): ".", ord("॥"): "."},
    }


_DISGUISE = _disguise()


def split_sentences(text: str, start: int = 0, end: int | None = None) -> list[TextRange]:
    """Divides `text[start:end]` into sentences.

    Args:
        text: The document's text.
        start: Where to begin; the start of a line.
        end: Where to stop; the end of a line, or None for the end of the text.

    Returns:
        Sentences in order, without the white space around them. Each code point that is not white
        space is in exactly one; none crosses a paragraph.
    """
    return [
        sentence
        for paragraph in paragraphs(text, start, end)
        for sentence in split_paragraph(text, paragraph)
    ]


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[TextRange]:
    """Yields the lines of `text[start:end]` as `str.splitlines` sees them, without line breaks."""
    end = len(text) if end is None else min(end, len(text))
    cursor = start
    while cursor < end:
        stop = min(cursor + READ_AT_ONCE, end)
        # A carriage return and its newline end one line.
        if text[stop - 1 : min(stop + 1, end)] == "\r\n":
            stop += 1
        for part in text[cursor:stop].splitlines(keepends=True):
            cursor += len(part)
            whole = part.splitlines()[0]
            if len(whole) < len(part):
                yield TextRange(start, cursor - len(part) + len(whole))
                start = cursor
    if start < end:
        yield TextRange(start, end)


def paragraphs(text: str, start: int = 0, end: int | None = None) -> list[TextRange]:
    """Divides `text[start:end]` into paragraphs.

    Blank lines separate paragraphs. So does a single newline, unless it was put there to fit a
    width: the next line's first word would not have fitted on the line, which is how wrapping
    breaks lines. List items, headings and rows of tables start on their own line.

    Args:
        text: The document's text.
        start: Where to begin; the start of a line.
        end: Where to stop; the end of a line, or None for the end of the text.

    Returns:
        Paragraphs in order, without the white space around them; none is empty.
    """
    blocks: list[list[TextRange]] = [[]]
    for line in lines(text, start, end):
        if text[line.start : line.end].isspace() or line.start == line.end:
            blocks.append([])
        else:
            blocks[-1].append(line)
    blocks = [block for block in blocks if block]
    widths = [_wrap_width(text, block) for block in blocks]
    usual = max(widths, default=0)
    found: list[TextRange] = []
    for block, width in zip(blocks, widths, strict=True):
        first = block[0].start
        for line, following in pairwise(block):
            if not _continues(text, line, following, width or usual):
                found.append(trim(text, first, line.end))
                first = following.start
        found.append(trim(text, first, block[-1].end))
    return found


def split_paragraph(text: str, paragraph: TextRange) -> Iterator[TextRange]:
    """Yields the sentences of one paragraph, in time that grows linearly with its length."""
    start, end = paragraph
    wordy = False
    for here, following in pairwise(chain([start], _starts(text, start, end), [end])):
        has_word = _has_word(text, here, following)
        if wordy and has_word:
            yield trim(text, start, here)
            start = here
        wordy = wordy or has_word
    yield trim(text, start, end)


def _starts(text: str, start: int, end: int) -> Iterator[int]:
    """Yields where sentences start in a paragraph, after its own start."""
    cursor = start
    last_word = next((at for at in range(end, start, -1) if text[at - 1].isalnum()), start)
    candidate = _sentence_end(text, cursor, last_word)
    while candidate is not None and cursor < end:
        if candidate < cursor:
            candidate = _sentence_end(text, cursor, last_word)
            continue
        stop, found = _boundaries(text, cursor, end)
        yield from found
        # The last sentence of a window may go on after it, so that it is read again from its start.
        cursor = found[-1] if found and stop < end else stop


def _sentence_end(text: str, start: int, end: int) -> int | None:
    """Returns where the next character stands that ends sentences."""
    for begin in range(start, end, READ_AT_ONCE):
        found = SENTENCE_END.search(text, begin, min(begin + READ_AT_ONCE, end))
        if found is not None:
            return found.start()
    return None


def _wrap_width(text: str, block: list[TextRange]) -> int:
    """Returns the width that a block of lines is evidently wrapped to, or 0."""
    width = max(_length(text, line) for line in block)
    if not WRAP_WIDTHS[0] <= width <= WRAP_WIDTHS[1]:
        return 0
    pairs = list(pairwise(block))
    wrapped = [pair for pair in pairs if _continues(text, *pair, width)]
    flowing = any(
        _starts_inside_sentence(text, following) and not SENTENCE_END.match(text, line.end - 1)
        for line, following in wrapped
    )
    return width if flowing and 2 * len(wrapped) >= len(pairs) else 0


def _continues(text: str, line: TextRange, following: TextRange, width: int) -> bool:
    """Whether wrapping to `width` would have broken the paragraph between two lines."""
    if not width or _length(text, line) > width:
        return False
    next_line = text[following.start : following.end]
    this_line = text[line.start : line.end]
    if BULLET.match(next_line) or _OWN_LINE.match(next_line) or _OWN_LINE.match(this_line):
        return False
    deeper = _indent(next_line) > _indent(this_line)
    if deeper and not BULLET.match(this_line):
        return False
    return _length(text, line) + 1 + len(next_line.split(maxsplit=1)[0]) > width - WRAP_SLACK


def _length(text: str, line: TextRange) -> int:
    return len(text[line.start : line.end].rstrip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _starts_inside_sentence(text: str, line: TextRange) -> bool:
    """Whether a line starts with a small letter, or with a short word of a script without case."""
    word = text[line.start : line.end].split(maxsplit=1)[0]
    return word[0].isalpha() and not word[0].isupper() and len(word) <= 20


def _boundaries(text: str, start: int, end: int) -> tuple[int, list[int]]:
    """Reads one window of a paragraph.

    Args:
        text: The document's text.
        start: Where the window starts: a grapheme cluster's start.
        end: The paragraph's end.

    Returns:
        Where the window stops, and the starts of sentences found in it, after its own start.
    """
    stop = end
    ends: list[int] | None = None
    if end - start > WINDOW:
        ends = cluster_ends(text, start, start + WINDOW)
        if not ends:
            # One grapheme cluster, longer than a window.
            whole = CLUSTER.match(text, start, end)
            return (whole.end() if whole is not None else end), []
        stop = _last_space(text, start, ends) or ends[-1]
    window = text[start:stop]
    blank = len(window) - len(window.lstrip())
    found = [start + offset for offset in _sentence_starts(window) if offset > blank]
    if not window.isascii():
        ends = ends or cluster_ends(text, start, stop)
        found = [ends[min(bisect_left(ends, offset), len(ends) - 1)] for offset in found]
    return stop, sorted({offset for offset in found if start < offset < stop})


def _last_space(text: str, start: int, ends: list[int]) -> int | None:
    """Returns the last cluster end before white space, in the second half of `ends`."""
    for position in reversed(ends[len(ends) // 2 :]):
        if position > start and text[position : position + 1].isspace():
            return position
    return None


def _sentence_starts(window: str) -> list[int]:
    """Asks pysbd for the offsets in `window` where sentences start."""
    disguised = _LONG_REFERENCE.sub("{", window.translate(_DISGUISE))
    try:
        sentences = _segmenter().processor(disguised).process()
    except Exception:
        # pysbd fails on some odd texts (its rules are built from the text); the window is then
        # one sentence, which is right for the offsets and only coarse.
        return []
    starts: list[int] = []
    cursor = 0
    lost = 0
    for sentence in sentences:
        # What isn't found near the cursor was altered: a later, equal sentence is not taken for it.
        reach = cursor + lost + len(sentence) + 16
        offset = disguised.find(sentence, cursor, reach) if sentence.strip() else -1
        if offset < 0:
            lost += len(sentence)
            continue
        starts.append(offset)
        cursor = offset + len(sentence)
        lost = 0
    return starts


def _has_word(text: str, start: int, end: int) -> bool:
    return any(text[offset].isalnum() for offset in range(start, end))


@lru_cache(maxsize=1)
def _segmenter() -> Any:
    # pysbd compiles its rules on import, which only sentence splitting should pay for.
    import pysbd

    return pysbd.Segmenter(language="en", clean=False)
