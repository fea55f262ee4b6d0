"""A text's date is what its dateline says, and never a guess."""

import pytest

from index.text.dateline import find_dateline

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
