"""When a text says that it was published: its dateline, a line of its own that dates it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from index.text.dates import TIME, WEEKDAYS, ZONE, date_at
from index.text.forms import ends_sentence

# How far from the start a dateline may stand: page debris, headline and captions come before it.
_HEAD_LINES = 25
_TAIL_LINES = 3
_LINE_LENGTH = 160
# The story has begun after this many lines of prose; what follows is part of it.
_PROSE_LINES = 3
_PROSE_LENGTH = 80

_PUBLISHED = frozenset(
    "published publication publishing posted issued released printed filed created".split()
)
_UPDATED = frozenset("updated update modified revised edited amended".split())
_CONNECTIVES = frozenset(
    "on at in the first last originally date dated time was source online story article press"
    " release".split()
)
_AGENCIES = (
    "reuters|thomson reuters|associated press|the associated press|ap|afp|agence france-presse|dpa"
    "|tass|interfax|ria novosti|sputnik|xinhua|upi|bloomberg|anadolu agency|aa|efe|ansa|pti|ians"
    "|kyodo(?: news)?|yonhap|bbc news|cnn"
)
_BY = re.compile(r"by:?\s+", re.IGNORECASE)
_NAME_WORD = re.compile(r"(?:,\s*)?(?P<word>&|[^\W\d_][\w.'’-]*)\s*")
_NAME_PARTICLES = frozenset("and & de del der van von al el bin da dos la le".split())
_TOKEN = re.compile(
    rf"(?P<space>[\s|•·,;:()\[\]/–—-]+)"
    rf"|(?P<clock>{TIME}|\d{{4}}\s*(?:gmt|utc)\b)"
    rf"|(?P<reading>\d+\s*-?\s*min(?:ute)?s?\.?\s+read\b)"
    rf"|(?P<agency>(?:{_AGENCIES})(?!\w))"
    rf"|(?P<zone>{ZONE})"
    rf"|(?P<word>[^\W\d_]+)\.?",
    re.IGNORECASE,
)


class _Statement(NamedTuple):
    rank: int
    """0 if the line says `published`, 1 if it is a bare date, 2 if it says `updated`."""
    date: str


def find_dateline(text: str) -> str | None:
    """Finds the publication date that a text states itself, on a line of its own.

    Such a line has a full date and otherwise only words of publication, a byline (`By Jane Doe`),
    a weekday, a time, a time zone or a news agency: `Published 13 January 2020`, `By Jane Doe |
    January 13, 2020`. It stands near the head, or at the very end if it says what it is or
    follows the last sentence. A date in a sentence or in a caption is none, and a date of
    updating counts only where there is no other. Dates that contradict each other, as in a list
    of articles, count as none.

    Args:
        text: A document's text, with `\\n` newlines.

    Returns:
        ISO 8601 date or `None`.
    """
    statements = list(_statements(text))
    for rank in sorted({statement.rank for statement in statements}):
        dates = {statement.date for statement in statements if statement.rank == rank}
        return dates.pop() if len(dates) == 1 else None
    return None


def is_dateline(line: str) -> bool:
    """Whether a line is a dateline, wherever it stands."""
    return bool(_read_line(line.strip()))


def _statements(text: str) -> Iterator[_Statement]:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    prose = 0
    read = 0
    for line in lines[:_HEAD_LINES]:
        read += 1
        if len(line) >= _PROSE_LENGTH and ends_sentence(line):
            prose += 1
            if prose == _PROSE_LINES:
                break
        yield from _read_line(line)
    for number in range(max(read, len(lines) - _TAIL_LINES), len(lines)):
        signs_off = ends_sentence(lines[number - 1])
        for statement in _read_line(lines[number]):
            if statement.rank != 1 or signs_off:
                yield statement


def _read_line(line: str) -> list[_Statement]:
    """The dates of a dateline; none if the line has anything else in it."""
    if len(line) > _LINE_LENGTH:
        return []
    statements: list[_Statement] = []
    rank = 1
    position = 0
    while position < len(line):
        if (found := date_at(line, position)) is not None:
            if found.date is None:
                return []
            statements.append(_Statement(rank, found.date))
            position = found.end
        elif (by := _BY.match(line, position)) is not None:
            position = _name_end(line, by.end())
            if position == by.end():
                return []
        elif (token := _TOKEN.match(line, position)) is not None:
            word = (token["word"] or "").lower()
            if word in _PUBLISHED:
                rank = 0
            elif word in _UPDATED:
                rank = 2
            elif word and word not in _CONNECTIVES and word not in WEEKDAYS:
                return []
            position = token.end()
        else:
            return []
    return statements


def _name_end(line: str, position: int) -> int:
    """Where the capitalised words of a byline end; `position` if there are none."""
    while (found := _NAME_WORD.match(line, position)) is not None:
        word = found["word"]
        start = found.start("word")
        if date_at(line, start) is not None or word.lower() in _PUBLISHED | _UPDATED:
            break
        if word[0].islower() and word not in _NAME_PARTICLES:
            break
        position = found.end()
    return position
