"""Finds page debris in a text: menus, share buttons, counters, breadcrumbs, lists of tags.

No string is listed here. Debris is known by its form and its place: runs of labels, lines of at
most four words that are no sentence, before the first or after the last prose of a document; or by
standing in several documents alike. What might be content stays: headlines, headings, captions,
bylines, datelines, list items that something introduces, quantities, addresses, verses, letters.
A document without a paragraph of prose (a poem, a table, one word) has no debris.
"""

from __future__ import annotations

from collections.abc import Set
from itertools import groupby

from .forms import LABEL_WORDS, Block, Kind, blocks, line_key
from .types import TextRange

REPEATED_IN = 3
"""Number of documents of a collection that make a line of theirs a repeated one."""

REPEATED_WORDS = 12
"""The most words of a line that repetition can turn into debris."""

PARAGRAPH_WORDS = 10
"""The words of a sentence that show a document to be prose."""

_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")
_UNFINISHED = re.compile(r"[,;:–—-]\Z")


def candidate_lines(text: str) -> set[int]:
    """Returns the keys of the lines that would be debris if they stood in many documents.

    Args:
        text: A document's text.

    Returns:
        `line_key` of each short line that is no prose. The caller counts the documents in which
        each key occurs, and calls those in `REPEATED_IN` or more repeated.
    """
    return {line_key(block.line) for block in blocks(text) if _may_repeat(block)}


def find_debris(
    text: str, *, title: str | None = None, repeated: Set[int] = frozenset()
) -> tuple[TextRange, ...]:
    """Finds the ranges of a text that are page debris.

    Args:
        text: A document's text.
        title: Its headline, if one is known: it is never debris.
        repeated: Keys of the lines that stand in `REPEATED_IN` or more documents.

    Returns:
        Ranges in order, disjoint and not adjacent, each of whole lines without the last line's
        break.
    """
    blocks = [block for block in blocks(text) if block.words]
    prose = [at for at, block in enumerate(blocks) if block.kind is Kind.PROSE]
    if not any(_is_paragraph(blocks[at]) for at in prose):
        return ()
    headline = line_key(title) if title else None
    dropped = _head(blocks, prose[0], headline) | _tail(blocks, prose[-1] + 1)
    dropped |= _keywords(blocks, prose[0], prose[-1])
    dropped |= _repeated(blocks, dropped, repeated)
    kept = {at for at, block in enumerate(blocks) if line_key(block.line) == headline}
    return _ranges(text, [blocks[at].place for at in sorted(dropped - kept)])


def _is_paragraph(block: Block) -> bool:
    ends = _FULL_STOP.search(block.line) is not None
    return ends and _count(block.line, block.words) >= PARAGRAPH_WORDS


def _runs(blocks: list[Block], start: int, end: int, kinds: set[Kind]) -> list[list[int]]:
    """Returns the longest runs of blocks of these kinds in `blocks[start:end]`."""
    grouped = groupby(range(start, end), key=lambda at: blocks[at].kind in kinds)
    return [list(run) for inside, run in grouped if inside]


def _head(blocks: list[Block], end: int, title: int | None) -> set[int]:
    """Finds debris before the first prose, `blocks[end]`."""
    dropped: set[int] = set()
    headline = next(
        (
            at
            for at in range(end)
            if line_key(blocks[at].line) == title or _may_be_headline(blocks[at])
        ),
        None,
    )
    for run in _runs(blocks, 0, end, {Kind.LABEL}):
        members = [blocks[at] for at in run]
        dropped |= {at for at in run if blocks[at].crumbs and at + 1 < end}
        if len(run) < 3 or _is_content(members) or _is_introduced_list(blocks, run):
            continue
        before = headline is not None and run[-1] < headline
        if before or _have_labels(members):
            ends = set() if headline is not None else {run[0], run[-1]}
            free = {at for at in run if at not in ends or _is_furniture(blocks[at])}
            dropped |= free if len(free) >= 2 else set()
    return dropped


def _tail(blocks: list[Block], start: int) -> set[int]:
    """Finds debris after the last prose, `blocks[start - 1]`."""
    dropped: set[int] = set()
    letter = any(block.line.endswith(",") and block.kind is Kind.LABEL for block in blocks[:start])
    for run in _runs(blocks, start, len(blocks), {Kind.LABEL, Kind.EXCLAMATION}):
        labels = [at for at in run if blocks[at].kind is Kind.LABEL]
        if len(labels) < 2:
            continue
        # What stands before the second label and ends as a sentence may still be text.
        members = [at for at in run if at in labels or at > labels[1]]
        seen = [blocks[at] for at in members]
        introduced = members[0] > 0 and blocks[members[0] - 1].line.endswith(":")
        listed = any(block.bullet for block in seen)
        if letter or introduced or listed or _is_content(seen) or _is_signature(seen):
            continue
        if _have_labels(seen):
            dropped |= set(members)
    return dropped


def _may_be_headline(block: Block) -> bool:
    long = _count(block.line, block.words) > LABEL_WORDS
    return long and block.kind is Kind.OTHER and not block.bullet


def _keywords(blocks: list[Block], first: int, last: int) -> set[int]:
    """Finds lists of tags that stand alone before the first or after the last prose."""
    found: set[int] = set()
    for run in _runs(blocks, 0, len(blocks), {Kind.KEYWORDS}):
        at = run[0]
        introduced = at > 0 and (
            blocks[at - 1].line.endswith(":") or blocks[at - 1].kind is Kind.LABEL
        )
        # Two in a row are rows of a table.
        if len(run) == 1 and (at < first or at > last) and not introduced:
            found.add(at)
    return found


def _repeated(blocks: list[Block], dropped: set[int], repeated: Set[int]) -> set[int]:
    """Finds lines that stand in many documents, and aren't headings or items of a list."""
    found: set[int] = set()
    if not repeated:
        return found
    for at in range(len(blocks) - 1, -1, -1):
        block = blocks[at]
        if not _may_repeat(block) or line_key(block.line) not in repeated:
            continue
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        heads = following is not None and (following.kind is Kind.PROSE or following.bullet)
        item = block.bullet and at - 1 not in dropped and _is_introduced(blocks, at)
        if not (heads or item or _is_content([block])):
            found.add(at)
    return found


def _may_repeat(block: Block) -> bool:
    if block.kind is Kind.KEYWORDS:
        return True
    short = bool(block.words) and _count(block.line, block.words) <= REPEATED_WORDS
    return short and block.kind is not Kind.PROSE and not is_dateline(block.line)


def _is_introduced(blocks: list[Block], at: int) -> bool:
    """Whether something other than a list item stands before a list."""
    while at >= 0 and blocks[at].bullet:
        at -= 1
    return at >= 0


def _is_introduced_list(blocks: list[Block], run: list[int]) -> bool:
    bullets = [at for at in run if blocks[at].bullet]
    return bool(bullets) and _is_introduced(blocks, bullets[0])


def _is_content(members: list[Block]) -> bool:
    """Whether a run of labels shows marks of verses, lists of quantities, tables or addresses."""
    texts = [block.line for block in members]
    plain = [block for block in members if not block.bullet]
    figures = sum(
        any(word[0].isdigit() for word in block.words) and not block.bare_number
        for block in members
    )
    return (
        figures >= 3
        or 2 <= figures >= (len(members) + 1) // 2
        or any(_UNFINISHED.search(line) or line.endswith("?") for line in texts)
        or any(_QUANTITY.search(line) for line in texts)
        or any(block.address for block in members)
        or any(block.words[0][0].islower() for block in plain[1:])
    )


def _have_labels(members: list[Block]) -> bool:
    """Whether one of them can't be a name: a bare number, a breadcrumb, small letters."""
    return any(_is_furniture(block) or not block.name_like for block in members)


def _is_furniture(block: Block) -> bool:
    return block.bullet or block.crumbs or block.bare_number


def _is_signature(members: list[Block]) -> bool:
    """Whether a run is a closing phrase and names: `Yours sincerely`, `John Smith`."""
    first, *names = members
    return (
        len(members) <= 3
        and not first.name_like
        and not _is_furniture(first)
        and all(block.name_like and len(block.words) > 1 for block in names)
    )


def _ranges(text: str, places: list[TextRange]) -> tuple[TextRange, ...]:
    """Widens places to whole lines and joins those with only white space between them."""
    merged: list[TextRange] = []
    for start, end in places:
        while start > 0 and text[start - 1] not in _LINE_BREAKS:
            start -= 1
        while end < len(text) and text[end] not in _LINE_BREAKS:
            end += 1
        if merged and not text[merged[-1].end : start].strip():
            merged[-1] = TextRange(merged[-1].start, end)
        else:
            merged.append(TextRange(start, end))
    return tuple(merged)
