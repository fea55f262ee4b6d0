"""Dates are read as they are written, and compared as days are."""

import datetime

import pytest
from claim_pairs import both_ways, cases
from hypothesis import given
from hypothesis import strategies as st

from service.values.claims import compare, read_claim

MONTHS = (
    "January February March April May June July August September October November December".split()
)
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
REPORT = "2020-01-13"

FORMATS = [
    lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"{MONTHS[d.month - 1][:3]}. {d.day}, {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {d.day} {MONTHS[d.month - 1]} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {MONTHS[d.month - 1]} {d.day}, {d.year}",
    lambda d: f"on the {d.day}th of {MONTHS[d.month - 1]} {d.year}",
    lambda d: d.isoformat(),
    lambda d: f"{d.year}/{d.month}/{d.day}",
]
DAYS = st.dates(datetime.date(1100, 1, 1), datetime.date(2099, 12, 31))


def claim(quote, before="", after="", published_at=REPORT):
    return read_claim(quote, before=before, after=after, published_at=published_at, expansions={})


def judged(one, other):
    return both_ways(*(claim(*(q if isinstance(q, tuple) else (q,))) for q in (one, other)))


@given(DAYS, st.sampled_from(FORMATS), DAYS, st.sampled_from(FORMATS))
def test_full_dates_are_the_same_or_contradict(one, write, other, write_other):
    assert judged(write(one), write_other(one)) == "same"
    assert judged(write(one), write_other(other)) == ("same" if one == other else "incompatible")


@given(DAYS, st.sampled_from(FORMATS))
def test_month_and_year_hold_their_days(day, write):
    month = f"{MONTHS[day.month - 1]} {day.year}"
    assert judged(month, write(day)) == "compatible"
    assert judged(str(day.year), write(day)) == "compatible"
    assert judged(str(day.year), month) == "compatible"
    assert judged(str(day.year + 1), write(day)) == "incompatible"


@given(DAYS, st.integers(-50, 50))
def test_a_missing_year_is_that_of_a_near_report(day, distance):
    try:
        report = day + datetime.timedelta(days=distance)
    except OverflowError:
        return
    told = claim(f"{MONTHS[day.month - 1]} {day.day}", published_at=report.isoformat())
    assert compare(told, claim(day.isoformat())) == "same"
    a_year_before = claim(f"{day.day} {MONTHS[day.month - 1]} {day.year - 1}")
    assert compare(told, a_year_before) == "incompatible"


def test_a_month_far_from_the_report_may_be_of_either_year():
    assert judged("April", "April 2019") == judged("April", "April 2020") == "same"
    assert judged("April", "April 2018") == "incompatible"


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2090, 1, 1)), st.integers(-40, 40))
def test_a_weekday_is_one_within_six_days_of_its_report(report, distance):
    day = report + datetime.timedelta(days=distance)
    for number, name in enumerate(WEEKDAYS):
        weekday = claim(name, published_at=report.isoformat())
        expected = "unrelated"
        if abs(distance) <= 6:
            expected = "same" if day.weekday() == number else "incompatible"
        assert compare(weekday, claim(day.isoformat())) == expected


SAME = [
    (("13", "", " January 2020"), "January 13, 2020"),
    (("January 13", "", ", 2020"), "13 January 2020"),
    (("8", "on Jan. ", ""), "8 January 2020"),
    (("2020", "on January 13, ", ""), "2020"),
    ("January 13", "13.01.2020"),
    ("1. January", "January 1"),
    ("2020-01-13T10:00:00Z", "13 January 2020"),
    ("in 2011", "2011"),
    ("since April 2019", "April 2019"),
    ("Sunday", "Sunday"),
    ("Saturday night", "Saturday"),
    ("Sunday", "0.00 January 12"),
    ("midnight on January 12", "January 12"),
    ("yesterday", "12 January 2020"),
    ("last year", "2019"),
    ("the 1990s", "1990s"),
    ("19th century", "the nineteenth century"),
    ("44 BC", "44 BCE"),
    ("1066", "1066 AD"),
    ("10:30", "10.30 am"),
    ("noon", "12:00"),
    ("1294 to 1307", "from 1294 to 1307"),
]
COMPATIBLE = [
    ("1990s", "1995"),
    ("19th century", "1850"),
    ("1999–2003", "2001"),
    ("2019-20", "2020"),
    ("January 12-14", "January 13"),
    ("January 12 and January 13", "January 13"),
    ("Monday and Tuesday", "Monday"),
    ("early January", "January"),
    ("summer 2019", "2019"),
    ("before 2011", "2011"),
    ("10:30", "10:30 pm"),
    ("Saturday morning", "Saturday night"),
    ("Monday", "January 2020"),
]
INCOMPATIBLE = [
    ("January 12", "January 13"),
    ("2011", "2012"),
    ("May", "June"),
    ("Sunday", "Saturday night"),
    ("Monday", "January 14"),
    ("the 1990s", "1985"),
    ("18th century", "19th century"),
    ("3rd century BC", "3rd century"),
    ("44 BC", "44 AD"),
    ("1999-2003", "2010"),
    ("30 February 2020", "1 March 2020"),
    ("10:30 am", "10:30 pm"),
    ("Monday 10:30", "Monday 11:30"),
]
UNRELATED = [
    ("before 2011", "2005"),
    ("10:30", "2020"),
    ("2011", "Haftar"),
    ("2011", "2,011 people"),
    ("01/02/2020", "2 January 2020"),
]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    cases(same=SAME, compatible=COMPATIBLE, incompatible=INCOMPATIBLE, unrelated=UNRELATED),
)
def test_dates_compared_by_hand(one, other, expected):
    assert judged(one, other) == expected


@pytest.mark.parametrize(
    ("quote", "before", "after", "kind"),
    [
        ("May", "In ", " 2020", "date"),
        ("May", "Theresa ", " said", "name"),
        ("may 5", "", "", "number"),
        ("may not sign", "", "", "phrase"),
        ("March", "", "", "date"),
        ("2000 people", "killed ", "", "number"),
        ("1200", "killed ", " people", "number"),
        ("1200", "in ", " people", "date"),
        ("2011", "in ", " people rose", "date"),
        ("1500 metres", "", "", "number"),
        ("2011 uprising", "", "", "phrase"),
        ("1,000", "", "", "number"),
        ("Monday's meeting", "", "", "phrase"),
    ],
)
def test_what_is_a_date(quote, before, after, kind):
    assert claim(quote, before, after).kind == kind


def test_without_a_report_a_year_stays_open():
    told = claim("January 13", published_at=None)
    assert compare(told, claim("13 January 2020")) == "compatible"
    assert compare(told, claim("January 14", published_at=None)) == "incompatible"
    assert compare(told, claim("13 January", published_at=None)) == "same"
    assert compare(claim("Monday", published_at=None), claim("13 January 2020")) == "unrelated"


def test_weekdays_of_distant_reports_are_unrelated():
    assert compare(claim("Sunday"), claim("Sunday", published_at="2020-03-02")) == "unrelated"
    assert compare(claim("Sunday"), claim("Sunday", published_at="2020-01-15")) == "same"


@pytest.mark.parametrize("published_at", ["0001-01-01", "9999-12-31", "soon", "", "2020-13-01"])
def test_odd_dates_of_reports_do_no_harm(published_at):
    for quote in ("Monday", "yesterday", "tomorrow", "last year", "next year", "December 31"):
        read = claim(quote, published_at=published_at)
        assert compare(read, read) == "same"
        compare(read, claim("January 2020"))
        compare(read, claim("13 January 2020"))
