"""Periods: whether two dates are the same, one within the other, or contradict each other."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from service.values.comparison import Comparison
from service.values.days import Clock, Day

BORDERS = frozenset("before after until till by".split())
"""Words that make a date the end or the beginning of what is meant."""

PARTS_OF_DAYS = frozenset("morning afternoon evening night noon midnight dawn".split())

FAR = 60
"""Days from a report after which a date without a year may also be another year's."""

NEAR = 6
"""Days from a report within which a weekday is meant."""

_Date = tuple[int, int, int]


class Period(NamedTuple):
    """A stretch of time.

    Attributes:
        first: Year, month and day.
        last: Likewise; it belongs to the period.
    """

    first: _Date
    last: _Date


def compare_dates(
    ours: Sequence[Day],
    our_clock: Clock | None,
    our_words: frozenset[str],
    theirs: Sequence[Day],
    their_clock: Clock | None,
    their_words: frozenset[str],
) -> Comparison:
    """How the dates of two quotes stand to each other.

    A time of day or "night" that only one tells makes no difference; "early" or "before" makes
    one more precise than the other.

    Args:
        ours: The dates of one quote.
        our_clock: Its time of day.
        our_words: Folded words beside them, as "early", "before" and "night".
        theirs: The dates of the other quote.
        their_clock: Likewise.
        their_words: Likewise.
    """
    relation = _compare_all_days(ours, theirs)
    if our_clock is not None and their_clock is not None:
        clocks = compare_clocks(our_clock, their_clock)
        if relation == "same" or not (ours or theirs):
            relation = clocks
    parts = our_words & PARTS_OF_DAYS, their_words & PARTS_OF_DAYS
    says_otherwise = our_words - parts[0] != their_words - parts[1]
    if says_otherwise or (all(parts) and parts[0] != parts[1]):
        if relation == "same":
            return "compatible"
        if relation == "incompatible" and BORDERS & (our_words ^ their_words):
            return "unrelated"
    return relation


def _compare_all_days(ours: Sequence[Day], theirs: Sequence[Day]) -> Comparison:
    if not ours or not theirs:
        return "unrelated"
    if len(ours) == len(theirs):
        aligned = [compare_days(a, b) for a, b in zip(ours, theirs, strict=True)]
        if len(aligned) == 1 or all(relation == "same" for relation in aligned):
            return aligned[0]
    relations = {compare_days(a, b) for a in ours for b in theirs}
    if relations & {"same", "compatible"}:
        return "compatible"
    return "incompatible" if relations == {"incompatible"} else "unrelated"


def compare_days(one: Day, other: Day) -> Comparison:
    """How two dates stand to each other; a missing year is that of the report."""
    if one.weekday is not None or other.weekday is not None:
        return _compare_weekdays(one, other)
    ours, theirs = periods_of(one), periods_of(other)
    if ours and theirs:
        if set(ours) & set(theirs):
            return "same"
        meet = any(a.first <= b.last and b.first <= a.last for a in ours for b in theirs)
        return "compatible" if meet else "incompatible"
    if one.month is None or other.month is None:
        return "unrelated"
    if one.month != other.month:
        return "incompatible"
    days = (one.day, one.until_day), (other.day, other.until_day)
    if days[0] == days[1]:
        return "same" if one.year == other.year else "compatible"
    if one.day is None or other.day is None:
        return "compatible"
    meet = one.day <= (other.until_day or 0) and other.day <= (one.until_day or 0)
    return "compatible" if meet else "incompatible"


def periods_of(day: Day) -> tuple[Period, ...]:
    """The days that a date may mean; empty if its year isn't known, or it is a weekday.

    Without a year it is that of the year in which it is nearest to the report; if it is far from
    it, as "April" is in January, also the one on the other side.
    """
    if day.year is not None and day.until_year is not None:
        return (_period(day, day.year, day.until_year),)
    if day.month is None or day.published is None:
        return ()
    published, month = day.published, day.month

    def distance(year: int) -> int:
        days = 372 * (year - published.year) + 31 * (month - published.month)
        return abs(days + (day.day or 15) - published.day)

    years = sorted((published.year + shift for shift in (0, -1, 1)), key=distance)
    meant = years[: 2 if distance(years[0]) > FAR else 1]
    return tuple(_period(day, year, year) for year in meant)


def _period(day: Day, year: int, until: int) -> Period:
    return Period(
        (year, day.month or 1, day.day or 1), (until, day.month or 12, day.until_day or 31)
    )


def _compare_weekdays(one: Day, other: Day) -> Comparison:
    if one.weekday is not None and other.weekday is not None:
        reports = one.published, other.published
        if None not in reports and abs((reports[0] - reports[1]).days) > NEAR:  # type: ignore[operator]
            return "unrelated"
        return "same" if one.weekday == other.weekday else "incompatible"
    told, dated = (one, other) if one.weekday is not None else (other, one)
    periods = periods_of(dated)
    if not periods or told.published is None:
        return "unrelated"
    period = periods[0]
    if period.first != period.last:
        near = (told.published + datetime.timedelta(days=n) for n in _shifts(told.published))
        meant = [date for date in near if date.weekday() == told.weekday]
        within = any(period.first <= (d.year, d.month, d.day) <= period.last for d in meant)
        return "compatible" if within else "unrelated"
    try:
        date = datetime.date(*period.first)
    except ValueError:
        return "unrelated"
    if abs((date - told.published).days) > NEAR:
        return "unrelated"
    return "same" if date.weekday() == told.weekday else "incompatible"


def _shifts(published: datetime.date) -> range:
    room = min(NEAR, (datetime.date.max - published).days)
    return range(-min(NEAR, (published - datetime.date.min).days), room + 1)


def compare_clocks(one: Clock, other: Clock) -> Comparison:
    """How two times of day stand to each other."""
    if one.minute == other.minute:
        return "same"
    if (one.is_half or other.is_half) and one.minute % 720 == other.minute % 720:
        return "compatible"
    return "incompatible"
