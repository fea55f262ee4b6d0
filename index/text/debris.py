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

from index.text.forms import (
    LABEL_WORDS,
    Kind,
    Paragraph,
    describe_paragraphs,
    line_key,
    mentions_date,
)
from index.types import TextRange

REPEATED_IN = 3
"""Number of documents of a collection that make a line of theirs a repeated one."""

REPEATED_WORDS = 12
"""The most words of a line that repetition can turn into debris."""

PARAGRAPH_WORDS = 10
"""The words of a sentence that show a document to be prose."""

_LINE_BREAKS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")


def candidate_lines(text: str) -> set[int]:
    """Returns the keys of the lines that would be debris if they stood in many documents.

    Args:
        text: A document's text.

    Returns:
        `line_key` of each short line that is no prose. The caller counts the documents in which
        each key occurs, and calls those in `REPEATED_IN` or more repeated.
    """
    return {paragraph.key for paragraph in describe_paragraphs(text) if _may_repeat(paragraph)}


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
    paragraphs = describe_paragraphs(text)
    prose = [at for at, paragraph in enumerate(paragraphs) if paragraph.kind is Kind.PROSE]
    if not any(paragraphs[at].sentence and paragraphs[at].size >= PARAGRAPH_WORDS for at in prose):
        return ()
    headline = line_key(title) if title else None
    listed = _listed(paragraphs)
    dropped = _head(paragraphs, prose[0], headline, listed) | _tail(paragraphs, prose[-1] + 1)
    dropped |= _keywords(paragraphs, prose[0], prose[-1])
    dropped |= _repeated(paragraphs, repeated, listed) - _cells(paragraphs, repeated, prose)
    kept = [at for at in sorted(dropped) if paragraphs[at].key != headline]
    return _ranges(text, [paragraphs[at].place for at in kept])


def _listed(paragraphs: list[Paragraph]) -> set[int]:
    """Returns the list items that stand under something: a heading, an introduction."""
    listed: set[int] = set()
    for at, paragraph in enumerate(paragraphs):
        if paragraph.bullet and at > 0 and (at - 1 in listed or not paragraphs[at - 1].bullet):
            listed.add(at)
    return listed


def _runs(paragraphs: list[Paragraph], start: int, end: int, kinds: set[Kind]) -> list[list[int]]:
    """Returns the longest runs of paragraphs of these kinds in `paragraphs[start:end]`."""
    grouped = groupby(range(start, end), key=lambda at: paragraphs[at].kind in kinds)
    return [list(run) for inside, run in grouped if inside]


def _head(paragraphs: list[Paragraph], end: int, title: int | None, listed: set[int]) -> set[int]:
    """Finds debris before the first prose, `paragraphs[end]`."""
    dropped: set[int] = set()
    known = [
        at for at in range(end) if paragraphs[at].key == title or _may_be_headline(paragraphs[at])
    ]
    for run in _runs(paragraphs, 0, end, {Kind.LABEL}):
        dropped |= {at for at in run if paragraphs[at].crumbs and at + 1 < end}
        if not known or run[0] > known[0]:
            run = _without_lists(paragraphs, run)
        members = [paragraphs[at] for at in run]
        if len(run) < 3 or _is_content(members) or not listed.isdisjoint(run):
            continue
        # Before the headline stands the menu; after it, names may stand too: author, place.
        if (known and run[-1] < known[0]) or _have_labels(members):
            # Without another headline, the first or the last of the run may be it.
            spared = set() if known else {run[0], run[-1]}
            free = {at for at in run if at not in spared or paragraphs[at].furniture}
            dropped |= free if len(free) >= 2 else set()
    return dropped


def _tail(paragraphs: list[Paragraph], start: int) -> set[int]:
    """Finds debris after the last prose, `paragraphs[start - 1]`."""
    dropped: set[int] = set()
    letter = any(
        paragraph.ending.endswith(",") and paragraph.kind is Kind.LABEL
        for paragraph in paragraphs[:start]
    )
    for run in _runs(paragraphs, start, len(paragraphs), {Kind.LABEL, Kind.EXCLAMATION}):
        run = _without_lists(paragraphs, run)
        labels = [at for at in run if paragraphs[at].kind is Kind.LABEL]
        if len(labels) < 2:
            continue
        # What stands before the second label and ends as a sentence may still be text.
        members = [at for at in run if at in labels or at > labels[1]]
        seen = [paragraphs[at] for at in members]
        introduced = members[0] > 0 and paragraphs[members[0] - 1].ending.endswith(":")
        bullets = any(paragraph.bullet for paragraph in seen)
        content = bullets or _is_content([paragraphs[at] for at in run]) or _is_signature(seen)
        if not (letter or introduced or content) and _have_labels(seen):
            dropped |= set(members)
    return dropped


def _without_lists(paragraphs: list[Paragraph], run: list[int]) -> list[int]:
    """Leaves out lists without marks: a heading by itself, then three lines or more together.

    A count among the lines (`0`, `12 comments`) shows a panel of buttons instead.
    """
    kept: list[int] = []
    # Paragraphs that stand together, without a blank line between.
    groups: list[list[int]] = []
    for at in run:
        if paragraphs[at].apart or not groups:
            groups.append([])
        groups[-1].append(at)
    headed = False
    for group in groups:
        counts = sum(paragraphs[at].counter for at in group)
        if headed and len(group) >= 3 and counts != 1:
            kept.pop()
        else:
            kept += group
        headed = len(group) == 1
    return kept


def _may_be_headline(paragraph: Paragraph) -> bool:
    return paragraph.size > LABEL_WORDS and paragraph.kind is Kind.OTHER and not paragraph.bullet


def _keywords(paragraphs: list[Paragraph], first: int, last: int) -> set[int]:
    """Finds lists of tags that stand alone before the first or after the last prose."""
    found: set[int] = set()
    for run in _runs(paragraphs, 0, len(paragraphs), {Kind.KEYWORDS}):
        at = run[0]
        introduced = at > 0 and (
            paragraphs[at - 1].ending.endswith(":") or paragraphs[at - 1].kind is Kind.LABEL
        )
        # Two in a row are rows of a table.
        if len(run) == 1 and (at < first or at > last) and not introduced:
            found.add(at)
    return found


def _repeated(paragraphs: list[Paragraph], repeated: Set[int], listed: set[int]) -> set[int]:
    """Finds lines that stand in many documents, and aren't headings or items of a list."""
    found: set[int] = set()
    for at in range(len(paragraphs) - 1, -1, -1):
        paragraph = paragraphs[at]
        if not _may_repeat(paragraph) or paragraph.key not in repeated:
            continue
        following = paragraphs[at + 1] if at + 1 < len(paragraphs) else None
        heads = following is not None and (
            following.kind is Kind.PROSE
            or at + 1 in listed
            or (paragraph.unfinished and at + 1 not in found)
        )
        if not (heads or at in listed or paragraph.quantity or paragraph.address):
            found.add(at)
    return found


def _cells(paragraphs: list[Paragraph], repeated: Set[int], prose: list[int]) -> set[int]:
    """Returns the lines amid the prose that stand in a run with ones of this document alone.

    Tables and formulas that were extracted cell by cell look so.
    """
    found: set[int] = set()
    for run in _runs(paragraphs, prose[0], prose[-1], {Kind.LABEL, Kind.EXCLAMATION}):
        if not all(paragraphs[at].key in repeated for at in run):
            found.update(run)
    return found


def _may_repeat(paragraph: Paragraph) -> bool:
    if paragraph.kind is Kind.KEYWORDS:
        return True
    short = 0 < paragraph.size <= REPEATED_WORDS
    # Numbers and single letters are cells of tables and pieces of formulas too.
    wordy = any(len(word) > 2 and word.isalpha() for word in paragraph.words)
    return (
        short and wordy and paragraph.kind is not Kind.PROSE and not mentions_date(paragraph.line)
    )


def _is_content(members: list[Paragraph]) -> bool:
    """Whether a run of labels shows marks of verses, lists of quantities, tables or addresses."""
    plain = [paragraph for paragraph in members if not paragraph.bullet]
    figures = sum(
        any(word[0].isdigit() for word in paragraph.words) and not paragraph.bare_number
        for paragraph in members
    )
    return (
        figures >= 3
        or 2 <= figures >= (len(members) + 1) // 2
        or any(paragraph.unfinished or paragraph.ending.endswith("?") for paragraph in members)
        or any(paragraph.quantity or paragraph.address for paragraph in members)
        or any(paragraph.words[0][0].islower() for paragraph in plain[1:])
    )


def _have_labels(members: list[Paragraph]) -> bool:
    """Whether one of them can't be a name: a bare number, a breadcrumb, small letters."""
    return any(paragraph.furniture or not paragraph.name_like for paragraph in members)


def _is_signature(members: list[Paragraph]) -> bool:
    """Whether a run is a closing phrase and names: `Yours sincerely`, `John Smith`."""
    first, *names = members
    return (
        len(members) <= 3
        and not (first.name_like or first.furniture)
        and all(paragraph.name_like and len(paragraph.words) > 1 for paragraph in names)
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
