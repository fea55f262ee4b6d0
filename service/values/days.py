"""Days, months, years and longer periods, and times of day, as texts write them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import lru_cache

import regex

from index.text.dates import WEEKDAYS
from service.values.numerals import ORDINAL, read_ordinal

_MONTHS = (
    "january february march april may june july august september october november december".split()
)
_MONTH_NUMBERS = (
    {name: number for number, name in enumerate(_MONTHS, start=1)}
    | {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
    | {"sept": 9}
)
_NAMES = "|".join(sorted(_MONTH_NUMBERS, key=len, reverse=True))
_MONTH = rf"(?P<month>{_NAMES})\b\.?"
_DAY_NUMBER = r"(?:0?[1-9]|[12]\p{Nd}|3[01])"
_DAY = rf"(?P<day>{_DAY_NUMBER})(?:st|nd|rd|th)?(?![\p{{Nd}}:]|[.,]\p{{Nd}})"
_DAYS = rf"(?:{_DAY}(?:\s?[-\u2013\u2014]\s?(?P<until>{_DAY_NUMBER})(?!\p{{Nd}}))?)"
_YEAR = r"(?P<year>[12]\p{Nd}{3})(?![\p{Nd}:]|[.,]\p{Nd})"
_ERA = r"(?P<era>BCE?|B\.C\.(?:E\.)?)(?!\p{L})"
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(WEEKDAYS)})s?(?!\p{{L}}))"


def _pattern(body: str) -> regex.Pattern[str]:
    return regex.compile(rf"(?<![\p{{L}}\p{{N}}])(?:{body})", regex.IGNORECASE)


_PATTERNS = (
    _pattern(rf"{_WEEKDAY},?\s+{_MONTH}\s+{_DAYS}(?:,?\s+{_YEAR})?"),
    _pattern(rf"{_WEEKDAY},?\s+(?:the\s+)?{_DAYS}(?:\s+of)?\s+{_MONTH}(?:,?\s+{_YEAR})?"),
    _pattern(rf"{_DAYS}\.?(?:\s+of)?[\s-]+{_MONTH}(?:,?[\s-]+{_YEAR})?"),
    _pattern(rf"{_MONTH}\s+{_DAYS}(?:,?\s+{_YEAR})?"),
    _pattern(
        rf"(?P<year>[12]\p{{Nd}}{{3}})(?P<separator>[-/.])(?P<month>0?[1-9]|1[0-2])(?P=separator)"
        rf"(?P<day>{_DAY_NUMBER})(?!\p{{Nd}})(?:T\p{{Nd}}{{2}}[\p{{Nd}}:.]{{0,14}}Z?(?!\p{{L}}))?"
    ),
    _pattern(
        rf"(?P<day>1[3-9]|2\p{{Nd}}|3[01])(?P<separator>[./-])(?P<month>0?[1-9]|1[0-2])"
        rf"(?P=separator){_YEAR}"
    ),
    _pattern(rf"{_MONTH},?\s+(?:of\s+)?{_YEAR}"),
    _pattern(r"(?:the\s+)?(?P<decade>1\p{Nd}{2}0|20\p{Nd}0)['\u2019]?s(?!\p{L})"),
    _pattern(rf"(?:the\s+)?(?P<century>{ORDINAL})[\s-]centur(?:y|ies)(?:\s+{_ERA})?"),
    _pattern(rf"(?P<era_year>\p{{Nd}}{{1,4}})\s?(?:{_ERA}|(?:AD|CE|A\.D\.)(?!\p{{L}}))"),
    _pattern(r"(?:AD|A\.D\.)\s?(?P<era_year>\p{Nd}{1,4})(?!\p{Nd})"),
    _pattern(
        r"(?P<year>[12]\p{Nd}{3})\s?(?:[-\u2013\u2014]|to|until|till|(?<=between.{5,6})and)\s?"
        r"(?P<until_year>[12]\p{Nd}{3}|\p{Nd}{2})(?![\p{Nd}\p{L}%]|[.,]\p{Nd})"
    ),
    regex.compile(
        rf"(?<![\p{{L}}\p{{N}}])(?P<month>{'|'.join(m.capitalize() for m in _MONTHS)})"
        r"(?![\p{L}\p{N}])"
    ),
    regex.compile(
        r"(?<![\p{L}\p{N}.,$€£-])(?P<year>1\p{Nd}{3}|20\p{Nd}{2})"
        r"(?![\p{L}\p{N}%:-]|[.,]\p{Nd}|\s(?:percent|per\scent))"
    ),
    _pattern(_WEEKDAY),
    _pattern(r"(?P<relative>yesterday|today|tomorrow|(?:last|this|next)\s+year)(?!\p{L})"),
)
"""What comes first is not read again by those after it."""

_HINT = regex.compile(
    rf"\p{{Nd}}|\b(?:{_NAMES}|{'|'.join(WEEKDAYS)}|century|yesterday|today|tomorrow|year)",
    regex.IGNORECASE,
)
_AFTER_TIME = rf"\s?[ap]\.?m\b|\s(?:on\s|GMT|UTC|local|(?:\p{{Nd}}{{1,2}}\s)?(?:{_NAMES})\b)"
_TIME = _pattern(
    r"(?P<hour>[01]?\p{Nd}|2[0-4])"
    r"(?::(?P<minute>[0-5]\p{Nd})(?![\p{Nd}:])"
    rf"|[.](?P<minute>[0-5]\p{{Nd}})(?!\p{{Nd}})(?={_AFTER_TIME}))?"
    r"(?:\s?(?P<half>[ap])\.?m(?!\p{L})\.?)?"
)
_VERBS = frozenset(("may", "march", "mar"))
"""Words that name no month unless they have a capital."""

_CLOCK_WORDS = {"midnight": 0, "noon": 720, "midday": 720}
_CLOCK_WORD = _pattern("|".join(_CLOCK_WORDS))
_RELATIVE = {"yesterday": -1, "today": 0, "tomorrow": 1, "last": -1, "this": 0, "next": 1}


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or as much of it as is told.

    Attributes:
        year: Before Christ, negative.
        until_year: The last year of a period; otherwise `year`.
        until_day: The last day of a period within a month; otherwise `day`.
        weekday: As `datetime.date.weekday` counts; None if a date is told too.
        published: The day of the report that tells it.
        start: Offset in the text that it was read from.
        end: Offset after it.
    """

    year: int | None
    until_year: int | None
    month: int | None
    day: int | None
    until_day: int | None
    weekday: int | None
    published: datetime.date | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day.

    Attributes:
        minute: After midnight.
        is_half: Whether it isn't told which half of the day is meant.
        start: Offset in the text that it was read from.
        end: Offset after it.
    """

    minute: int
    is_half: bool
    start: int
    end: int


def days_in(text: str, published_at: str | None, within: tuple[int, int]) -> list[Day]:
    """The dates that stand in a quote, in order; none within another one.

    What a quote cuts off is added if it is coarser than what the quote has: the year to a month,
    the month to a day.

    Args:
        text: The quote and words around it.
        published_at: ISO date of the report, if known.
        within: Offsets of the quote.
    """
    if not _HINT.search(text):
        return []
    published = _date(published_at)
    begin, stop = within
    found: list[Day] = []
    places: list[tuple[int, int]] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if any(first < end and start < last for first, last in places):
                continue
            if match.groupdict().get("month") in _VERBS:
                continue
            places.append((start, end))
            if start < stop and begin < end:
                day = _day(match, published, within)
                if day is not None:
                    found.append(day)
    return sorted(found, key=lambda day: day.start)


def _day(
    match: regex.Match[str], published: datetime.date | None, within: tuple[int, int]
) -> Day | None:
    groups = match.groupdict()

    def is_quoted(name: str) -> bool:
        return bool(groups.get(name)) and (
            match.start(name) < within[1] and within[0] < match.end(name)
        )

    start, end = match.span()
    if groups.get("relative"):
        return _relative(groups["relative"].lower(), published, start, end)
    year = until_year = month = day = until_day = weekday = None
    if groups.get("century") or groups.get("decade") or groups.get("era_year"):
        year, until_year = _period(groups)
    elif groups.get("year"):
        year = until_year = int(groups["year"])
    if groups.get("until_year"):
        digits = groups["until_year"]
        until_year = int(digits if len(digits) == 4 else f"{year}"[:2] + digits)
        if until_year <= (year or 0):
            return None
    if is_quoted("day") or is_quoted("until"):
        day = until_day = int(groups["day"])
        if groups.get("until"):
            until_day = max(day, int(groups["until"]))
    if groups.get("month") and (day is not None or is_quoted("month")):
        month = _month(groups["month"])
    if is_quoted("weekday") and day is None:
        weekday = WEEKDAYS.index(groups["weekday"].lower())
    if day is None and month is None and weekday is None and year is None:
        return None
    if weekday is not None:
        year = until_year = month = None
    return Day(year, until_year, month, day, until_day, weekday, published, start, end)


def _period(groups: dict[str, str]) -> tuple[int, int]:
    if groups.get("decade"):
        first = int(groups["decade"])
        return first, first + (99 if first % 100 == 0 and first < 2000 else 9)
    is_before = bool(groups.get("era"))
    if groups.get("century"):
        number = read_ordinal(groups["century"])
        first = 100 * (number - 1) + 1
        return (-100 * number, -first) if is_before else (first, 100 * number)
    year = int(groups["era_year"])
    return (-year, -year) if is_before else (year, year)


def _relative(words: str, published: datetime.date | None, start: int, end: int) -> Day | None:
    if published is None:
        return None
    shift = _RELATIVE[words.split()[0]]
    if words.endswith("year"):
        year = published.year + shift
        return Day(year, year, None, None, None, None, published, start, end)
    last = datetime.date.max.toordinal()
    date = datetime.date.fromordinal(min(max(1, published.toordinal() + shift), last))
    return Day(date.year, date.year, date.month, date.day, date.day, None, published, start, end)


def _month(name: str) -> int:
    return int(name) if name.isdecimal() else _MONTH_NUMBERS[name.lower()]


@lru_cache(maxsize=1 << 10)
def _date(published_at: str | None) -> datetime.date | None:
    try:
        return None if published_at is None else datetime.date.fromisoformat(published_at[:10])
    except ValueError:
        return None


def clock_in(text: str, within: tuple[int, int]) -> Clock | None:
    """The time of day that a quote tells; None if it tells none, or several."""
    begin, stop = within
    found: list[Clock] = []
    for match in _CLOCK_WORD.finditer(text, begin, stop):
        found.append(Clock(_CLOCK_WORDS[match[0].lower()], False, *match.span()))
    for match in _TIME.finditer(text):
        if match.start() >= stop or match.end() <= begin:
            continue
        minutes, half = match.captures("minute"), match["half"]
        if not minutes and not half:
            continue
        hour = int(match["hour"])
        if hour > 24 or (half and hour > 12):
            continue
        minute = 60 * (hour % 12 if half else hour % 24) + int(minutes[0] if minutes else 0)
        minute += 720 if half and half.lower() == "p" else 0
        found.append(Clock(minute, not half and 1 <= hour <= 12, *match.span()))
    return found[0] if len(found) == 1 else None
