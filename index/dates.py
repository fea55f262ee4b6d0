"""When a document was published, as its metadata or its own dateline says.

Strict on purpose: a wrong date is worse than none. English month names only; a numeric date
counts only with the year first, since 01/02/2020 is two dates.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import NamedTuple

_MONTHS = "january february march april may june july august september october november december"
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS.split(), start=1)}
_MONTH_NUMBERS |= {name[:3]: number for name, number in _MONTH_NUMBERS.items()} | {"sept": 9}
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()

_MONTH = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_WEEKDAY = (
    r"(?:(?P<weekday>mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?"
    r"|sat(?:urday)?|sun(?:day)?)\b\.?,?\s+)?"
)
_YEAR = r"(?P<year>[12]\d{3})(?!\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"

_DATES = tuple(
    re.compile(rf"(?<![\w/.-]){pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_WEEKDAY}{_DAY}(?:\s+(?:of\s+)?|-)(?P<month>{_MONTH})\b\.?(?:,?\s+|-){_YEAR}",
        rf"{_WEEKDAY}(?P<month>{_MONTH})\b\.?\s+{_DAY}(?:,\s*|\s+){_YEAR}",
        rf"{_WEEKDAY}(?P<year>[12]\d{{3}})(?P<separator>[-/.])(?P<month>\d{{1,2}})"
        r"(?P=separator)(?P<day>\d{1,2})(?![\d/.-]*\d)",
    )
)
_COMPACT = re.compile(r"(?P<year>[12]\d{3})(?P<month>\d\d)(?P<day>\d\d)")

_ZONE = (
    r"(?:z|gmt|utc|[ecmp][sd]?t|bst|ist|msk|cest|eest|eet|cet|trt|sast|cat|ast|jst|kst|hkt|sgt"
    r"|pkt|aest|aedt|local\s+time)"
)
_OFFSET = r"[+-]\d{1,2}(?::?\d\d)?"
_CLOCK = (
    r"(?:\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[ap]\.?m\b\.?)?|\d{1,2}\s*[ap]\.?m\b\.?)"
)
_TIME = rf"{_CLOCK}(?:\s*\(?(?:{_ZONE}(?![a-z])(?:{_OFFSET})?|{_OFFSET})\)?)?"
_AFTER_DATE = re.compile(
    rf"(?:t\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?\s*(?:z|{_OFFSET})?"
    rf"|,?\s*(?:at\s+|[-|–—]\s*)?{_TIME}"
    r"|\s*(?:z|[+-]\d\d:?\d\d))?",
    re.IGNORECASE,
)


def parse_date(value: object) -> str | None:
    """Reads a publication date from a metadata value.

    A time of day is allowed and dropped; the date stays the one that is written, in the writer's
    own time zone.

    Args:
        value: A string such as `2020-01-13T10:00:00+03:00`, `13 January 2020`, `Jan. 13, 2020` or
            `Mon, 13 Jan 2020 10:00:00 GMT`; or a `datetime.date`, as YAML gives.

    Returns:
        ISO 8601 date (`2020-01-13`); `None` for anything else: other types, part of a date, more
        than a date, an ambiguous order (`01/02/2020`), a day that doesn't exist or that is
        another weekday, a year outside 1000–2999.
    """
    if isinstance(value, datetime.date):
        return value.strftime("%Y-%m-%d") if 1000 <= value.year <= 2999 else None
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    for pattern in (*_DATES, _COMPACT):
        found = pattern.match(text)
        if found is not None and _AFTER_DATE.fullmatch(text, found.end()) is not None:
            return _iso(found)
    return None


def _iso(found: re.Match[str]) -> str | None:
    groups = found.groupdict()
    month = groups["month"].lower()
    number = int(month) if month.isdigit() else _MONTH_NUMBERS[month]
    try:
        date = datetime.date(int(groups["year"]), number, int(groups["day"]))
    except ValueError:
        return None
    weekday = groups.get("weekday")
    if weekday is not None and not _WEEKDAYS[date.weekday()].startswith(weekday.lower()):
        return None
    return date.isoformat()


# How far from the start a dateline may stand: page debris, headline and captions come before it.
_HEAD_LINES = 25
_TAIL_LINES = 3
_LINE_LENGTH = 160
# The story has begun after this many lines of prose; what follows is part of it.
_PROSE_LINES = 3
_PROSE_LENGTH = 80
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")

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
    rf"|(?P<clock>{_TIME}|\d{{4}}\s*(?:gmt|utc)\b)"
    rf"|(?P<reading>\d+\s*-?\s*min(?:ute)?s?\.?\s+read\b)"
    rf"|(?P<agency>(?:{_AGENCIES})(?!\w))"
    rf"|(?P<zone>{_ZONE}(?![a-z])(?:{_OFFSET})?)"
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
        if len(line) >= _PROSE_LENGTH and _SENTENCE_END.search(line):
            prose += 1
            if prose == _PROSE_LINES:
                break
        yield from _read_line(line)
    for number in range(max(read, len(lines) - _TAIL_LINES), len(lines)):
        signs_off = _SENTENCE_END.search(lines[number - 1]) is not None
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
        if (found := _date_at(line, position)) is not None:
            if (date := _iso(found)) is None:
                return []
            statements.append(_Statement(rank, date))
            after = _AFTER_DATE.match(line, found.end())
            position = found.end() if after is None else after.end()
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
            elif word and word not in _CONNECTIVES and word not in _WEEKDAYS:
                return []
            position = token.end()
        else:
            return []
    return statements


def _date_at(line: str, position: int) -> re.Match[str] | None:
    return next((m for pattern in _DATES if (m := pattern.match(line, position))), None)


def _name_end(line: str, position: int) -> int:
    """Where the capitalised words of a byline end; `position` if there are none."""
    while (found := _NAME_WORD.match(line, position)) is not None:
        word = found["word"]
        start = found.start("word")
        if _date_at(line, start) is not None or word.lower() in _PUBLISHED | _UPDATED:
            break
        if word[0].islower() and word not in _NAME_PARTICLES:
            break
        position = found.end()
    return position
