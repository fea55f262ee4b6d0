"""A document's date is what it says itself, and never a guess."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dates import find_dateline, parse_date

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


STORY = "The two sides met in Moscow on Monday and talked for seven hours without agreeing on it.\n"


@pytest.mark.parametrize(
    "line",
    [
        "Published 13 January 2020",
        "13 January 2020",
        "Monday, January 13, 2020",
        "Posted on January 13, 2020 at 10:15 GMT",
        "First published on Mon 13 Jan 2020 17.55 GMT",
        "Published: 2020-01-13T10:15:00Z",
        "By Jane Doe | January 13, 2020",
        "BY JANE DOE AND JOHN O’NEIL, JANUARY 13, 2020",
        "by Élodie de la Tour • 13 Jan 2020",
        "Reuters - Jan. 13, 2020 10:15 AM ET",
        "January 13, 2020 (AFP)",
        "13 January 2020 · 4 min read",
        "Published 13 January 2020, updated 14 January 2020",
        "Updated: 14 January 2020 | Published: 13 January 2020",
        "Last updated 13 January 2020",
        "Source: Xinhua | 2020-01-13 10:15:30",
        "Date: Mon, 13 Jan 2020 10:15:30 +0300",
    ],
)
def test_datelines(line):
    text = f"Talks in Moscow fail\n\n{line}\n\n{STORY}"
    assert find_dateline(text) == "2020-01-13"


@pytest.mark.parametrize(
    "line",
    [
        "Haftar shakes hands before talks in Moscow, Russia January 13, 2020.",
        "Photo taken January 13, 2020",
        "MOSCOW, January 13, 2020",
        "Moscow | January 13, 2020",
        "By 13 January 2020",
        "By Monday, January 13, 2020",
        "The ceasefire of 13 January 2020",
        "13 January 2020 – 15 January 2020",
        "Published 01/02/2020",
        "Published 30 February 2020",
        "Published Tuesday 13 January 2020",
        "Published January 2020",
        "© 2020 Example, 13 January 2020",
        "Retrieved 13 January 2020",
    ],
)
def test_lines_with_a_date_that_are_no_datelines(line):
    assert find_dateline(f"Talks in Moscow fail\n\n{line}\n\n{STORY}") is None


def test_updated_counts_only_where_nothing_says_published():
    both = f"Headline here now\nUpdated 15 January 2020\n13 January 2020\n{STORY}"
    assert find_dateline(both) == "2020-01-13"


def test_contradicting_datelines_are_none():
    listing = "First story\n13 January 2020\nSecond story\n14 January 2020\n"
    assert find_dateline(listing) is None
    assert find_dateline("Published 13 January 2020\nPublished 14 January 2020\n") is None
    assert find_dateline("Published 13 January 2020\nPublished January 13, 2020\n") == "2020-01-13"


def test_a_dateline_stands_near_the_head_or_at_the_end():
    assert find_dateline("Line\n" * 24 + "13 January 2020\n") == "2020-01-13"
    middle = STORY * 5 + "\n13 January 2020\n" + STORY * 5
    assert find_dateline(middle) is None
    assert find_dateline(STORY * 9 + "\n13 January 2020\n") == "2020-01-13"
    assert find_dateline(STORY * 9 + "Published 13 January 2020\nComments\n") == "2020-01-13"
    # A date under a teaser is that of another story.
    assert find_dateline(STORY * 9 + "Another story\n13 January 2020\n") is None


def test_no_text_no_date():
    assert find_dateline("") is None
    assert find_dateline(STORY * 3) is None
