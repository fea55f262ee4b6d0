"""Reads a full date, as metadata and datelines write it.

Strict on purpose: a wrong date is worse than none. English month names only; a numeric date
counts only with the year first, since 01/02/2020 is two dates.
"""

from __future__ import annotations

import datetime
import re
from typing import NamedTuple

_MONTHS = "january february march april may june july august september october november december"
_MONTH_NUMBERS = {name: number for number, name in enumerate(_MONTHS.split(), start=1)}
_MONTH_NUMBERS |= {name[:3]: number for name, number in _MONTH_NUMBERS.items()} | {"sept": 9}

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""In lower case, as `datetime.date.weekday` counts them."""

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
ZONE = rf"{_ZONE}(?![a-z])(?:{_OFFSET})?"
"""Pattern, to be used without regard to case: a time zone's name, and an offset from it."""

_CLOCK = (
    r"(?:\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?(?:\s*[ap]\.?m\b\.?)?|\d{1,2}\s*[ap]\.?m\b\.?)"
)
TIME = rf"{_CLOCK}(?:\s*\(?(?:{ZONE}|{_OFFSET})\)?)?"
"""Pattern, to be used without regard to case: a time of day, with its zone if it is written."""

_AFTER_DATE = re.compile(
    rf"(?:t\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?\s*(?:z|{_OFFSET})?"
    rf"|,?\s*(?:at\s+|[-|–—]\s*)?{TIME}"
    r"|\s*(?:z|[+-]\d\d:?\d\d))?",
    re.IGNORECASE,
)


class FoundDate(NamedTuple):
    """A full date within a line.

    Attributes:
        date: ISO 8601; `None` for a day that doesn't exist or that is another weekday.
        end: Offset after it and the time of day that follows it.
    """

    date: str | None
    end: int


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
    if weekday is not None and not WEEKDAYS[date.weekday()].startswith(weekday.lower()):
        return None
    return date.isoformat()


def date_at(line: str, position: int) -> FoundDate | None:
    """Reads the full date that begins at `position`, if one does."""
    found = next((m for pattern in _DATES if (m := pattern.match(line, position))), None)
    if found is None:
        return None
    after = _AFTER_DATE.match(line, found.end())
    return FoundDate(_iso(found), found.end() if after is None else after.end())
