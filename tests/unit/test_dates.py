"""A metadata value is one full certain day, or no date."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.dates import parse_date

ZONE = datetime.timezone(datetime.timedelta(hours=3))


@pytest.mark.parametrize(
    "value",
    [
        "2020-01-13",
        " 2020-01-13 ",
        "2020-1-13",
        "2020/01/13",
        "20200113",
        "20200113T100000Z",
        "2020-01-13T10:00:00Z",
        "2020-01-13T23:59:59.123+03:00",
        "2020-01-13T00:30-0500",
        "2020-01-13 10:00:00 UTC",
        "2020-01-13 10:00 +0300",
        "2020-01-13+03:00",
        "13 January 2020",
        "13th January, 2020",
        "13th of January 2020",
        "13 jan 2020",
        "13-Jan-2020",
        "January 13, 2020",
        "JANUARY 13 2020",
        "January 13th, 2020",
        "Jan. 13, 2020",
        "Jan. 13, 2020, 10:15 a.m. EST",
        "January 13, 2020 at 10:15 GMT+3",
        "Mon, 13 Jan 2020 10:00:00 GMT",
        "Mon, 13 Jan 2020 10:00:00 +0300",
        "Monday 13 January 2020",
        datetime.date(2020, 1, 13),
        datetime.datetime(2020, 1, 13, 23, 59, tzinfo=ZONE),
    ],
)
def test_one_day_in_its_many_forms(value):
    assert parse_date(value) == "2020-01-13"


@pytest.mark.parametrize(
    "value",
    [
        "01/02/2020",
        "13/01/2020",
        "13.01.2020",
        "2020-13-01",
        "2020-02-30",
        "31 June 2020",
        "Tue, 13 Jan 2020 10:00:00 GMT",
        "January 2020",
        "2020-01",
        "2020",
        "13 January",
        "13 January 20",
        "13 janvier 2020",
        "13 January 2020 – 15 January 2020",
        "around 13 January 2020",
        "13 January 2020 in Moscow",
        "2020-01-13-14",
        "192.168.2020.1.13",
        "0001-01-01T00:00:00Z",
        datetime.date(1, 1, 1),
        "today",
        "",
        20200113,
        1578873600.0,
        True,
        None,
        ["2020-01-13"],
    ],
)
def test_what_is_not_one_full_certain_day_is_none(value):
    assert parse_date(value) is None


@given(st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)))
def test_every_day_is_read_as_python_writes_it(day):
    iso = day.isoformat()
    # strftime doesn't pad years alike on all platforms; these years have four digits anyway.
    for form in ("%d %B %Y", "%B %d, %Y", "%b. %d, %Y", "%a, %d %b %Y", "%A, %B %d, %Y"):
        assert parse_date(day.strftime(form)) == iso
    assert parse_date(iso) == iso
    assert parse_date(day) == iso


@given(st.text(max_size=60))
def test_any_string_gives_a_day_or_none(text):
    day = parse_date(text)
    assert day is None or datetime.date.fromisoformat(day).year >= 1000
