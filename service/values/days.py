"""Days, months and years, as texts write them; what they leave out is that of the report."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import regex

from index.text.dates import WEEKDAYS

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH_NUMBERS = (
    {name: number for number, name in enumerate(_MONTHS, start=1)}
    | {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
    | {"sept": 9}
)
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTH_NUMBERS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>0?[1-9]|[12]\d|3[01])(?:st|nd|rd|th)?(?![\d,.]*\d)"
_YEAR = r"(?P<year>[12]\d{3})(?![\d,.]*\d)"
_PATTERNS = tuple(
    regex.compile(rf"(?<![\p{{L}}\p{{N}}])(?:{pattern})", regex.IGNORECASE)
    for pattern in (
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
        r"(?P<year>[12]\d{3})[-/.](?P<month>0?[1-9]|1[0-2])[-/.](?P<day>0?[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?P<day>1[3-9]|2\d|3[01])[./-](?P<month>0?[1-9]|1[0-2])[./-]{_YEAR}",
        rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH}",
        rf"{_MONTH}\s+{_DAY}",
    )
)
_ONLY_MONTH = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}])(?P<month>{'|'.join(m.capitalize() for m in _MONTHS)})"
    r"(?![\p{L}\p{N}])"
)
_ONLY_YEAR = regex.compile(
    r"(?<![\p{L}\p{N}.,$\u20ac\u00a3-])(?P<year>1\d{3}|20\d{2})(?![\p{L}\p{N}%]|[.,]\d)"
)
_WEEKDAY = regex.compile(
    rf"(?<!\p{{L}})(?P<weekday>{'|'.join(WEEKDAYS)})s?(?!\p{{L}})", regex.IGNORECASE
)
_NEAR = 6
"""Days from a report within which a weekday is meant."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or as much of it as is told.

    Attributes:
        weekday: As `datetime.date.weekday` counts.
        published: The day of the report that tells it.
        start: Offset in the text that it was read from.
        end: Offset after it.
    """

    year: int | None
    month: int | None
    day: int | None
    weekday: int | None
    published: datetime.date | None
    start: int
    end: int


def days_in(text: str, published_at: str | None) -> list[Day]:
    """All dates of a text, in order; none within another one.

    Args:
        text: What to read.
        published_at: ISO date of the report, if known.
    """
    published = None if published_at is None else datetime.date.fromisoformat(published_at)
    found: list[Day] = []
    for pattern in (*_PATTERNS, _ONLY_MONTH, _ONLY_YEAR, _WEEKDAY):
        for match in pattern.finditer(text):
            if any(day.start < match.end() and match.start() < day.end for day in found):
                continue
            parts = match.groupdict()
            found.append(
                Day(
                    year=int(parts["year"]) if parts.get("year") else None,
                    month=_month(parts.get("month")),
                    day=int(parts["day"]) if parts.get("day") else None,
                    weekday=WEEKDAYS.index(parts["weekday"].lower())
                    if parts.get("weekday")
                    else None,
                    published=published,
                    start=match.start(),
                    end=match.end(),
                )
            )
    return sorted(found, key=lambda day: day.start)


def _month(name: str | None) -> int | None:
    if name is None:
        return None
    return int(name) if name.isdecimal() else _MONTH_NUMBERS[name.lower().rstrip(".")]


Agreement = Literal["same", "compatible", "incompatible", "unrelated"]


def compare_days(one: Day, other: Day) -> Agreement:
    """Whether two dates mean the same day, month or year."""
    if one.weekday is not None or other.weekday is not None:
        return _compare_weekdays(one, other)
    a, b = _filled(one), _filled(other)
    fields = ("year", "month", "day")
    for name in fields:
        if None not in (a[name], b[name]) and a[name] != b[name]:
            return "incompatible"
    if a == b:
        return "same"
    shares = any(None not in (a[name], b[name]) for name in fields)
    return "compatible" if shares else "unrelated"


def _filled(day: Day) -> dict[str, int | None]:
    """Year, month and day; a missing year is that of the report's nearest such day."""
    year = day.year
    if year is None and day.published is not None and day.month is not None:
        candidates = [day.published.year + shift for shift in (-1, 0, 1)]
        middle = day.day or 15
        year = min(
            candidates,
            key=lambda y: abs((_safe(y, day.month or 1, middle) - day.published).days),  # type: ignore[operator]
        )
    return {"year": year, "month": day.month, "day": day.day}


def _safe(year: int, month: int, day: int) -> datetime.date:
    return datetime.date(max(1, min(9999, year)), month, min(day, 28))


def _compare_weekdays(one: Day, other: Day) -> Agreement:
    if one.weekday is not None and other.weekday is not None:
        if (
            one.published
            and other.published
            and abs((one.published - other.published).days) > _NEAR
        ):
            return "unrelated"
        return "same" if one.weekday == other.weekday else "incompatible"
    told, dated = (one, other) if one.weekday is not None else (other, one)
    filled = _filled(dated)
    if None in filled.values() or told.published is None:
        return "unrelated"
    try:
        date = datetime.date(filled["year"] or 1, filled["month"] or 1, filled["day"] or 1)
    except ValueError:
        return "unrelated"
    if abs((date - told.published).days) > _NEAR:
        return "unrelated"
    return "same" if date.weekday() == told.weekday else "incompatible"
