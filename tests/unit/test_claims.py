"""What quotes say of each other, against comparisons made by hand."""

import time

import pytest
from claim_pairs import both_ways, cases
from hypothesis import given
from hypothesis import strategies as st

from service.values.claims import compare, differs_as_figure, read_claim

EXPANSIONS = {"gna": "government of national accord", "lna": "libyan national army"}


def claim(quote, before="", after="", published_at="2020-01-13"):
    return read_claim(
        quote, before=before, after=after, published_at=published_at, expansions=EXPANSIONS
    )


def judged(one, other):
    """The comparison of two quotes, or of quotes with what stands before and after them."""
    return both_ways(*(claim(*(q if isinstance(q, tuple) else (q,))) for q in (one, other)))


SAME = [
    ("146,000", "146 000"),
    ("146,000", "146000"),
    (("146,000", "", " Libyans displaced"), "146,000 Libyans"),
    ("one hundred and forty-six thousand", "146,000"),
    ("2 million", "2,000,000"),
    ("half a million", "500,000"),
    ("a dozen", "12"),
    ("twenty-three", "23"),
    ("5%", "five per cent"),
    ("$5 million", "5 million dollars"),
    ("$5m", "US$5,000,000"),
    ("£1.5bn", "£1,500,000,000"),
    ("5 km", "5 kilometres"),
    ("5 km", "5,000 metres"),
    ("324 m", "324 metres"),
    ("٣٤", "34"),
    (("120,000", "displaced more than ", " people"), "more than 120,000"),
    ("January 13", "Monday, 13 January 2020"),
    ("2020-01-13", "Jan. 13"),
    (("13", "", " January 2020"), "January 13, 2020"),
    (("8", "proposed on Jan. ", " by"), "8 January"),
    ("Sunday", "0.00 January 12"),
    ("on Sunday", "Sunday"),
    ("2011", "in 2011"),
    ("Sarraj", "Fayez al-Serraj"),
    ("Fayez al-Saraj", "Fayez Sarraj"),
    ("Haftar", "Hafter"),
    ("General Khalifa Haftar", "Kalifa Haftar"),
    ("Italian Prime Minister Giuseppe Conte", "Giuseppe Conte"),
    ("John F. Kennedy", "John Kennedy"),
    ("J. Smith", "John Smith"),
    ("the GNA", "GNA"),
    ("GNA", "Government of National Accord"),
    ("U.N.", "United Nations"),
    ("US", "the United States"),
    ("Beyoncé", "beyonce"),
    ("“Turn the page”", "turn the page"),
    ("a fragile cease-fire", "fragile ceasefire"),
    ("France and Egypt", "Egypt, France"),
    ("", ""),
]
COMPATIBLE = [
    (("120,000", "displaced more than ", " more, according"), ("146,000", "", " Libyans")),
    ("about 2,000", "1,950"),
    ("5 to 10", "7"),
    ("between 5 and 10", "7"),
    ("1.5 million", "1,512,000"),
    ("more than 280 civilians and about 2,000 fighters", "more than 1,000 people"),
    ("2020", "January 2020"),
    ("January 2020", "January 13, 2020"),
    ("Moscow", "Moscow, Russia"),
    ("Moscow", "Moscow Region"),
    ("Egypt", "Egypt, the United Arab Emirates (UAE), France and Russia"),
    ("John", "John Smith"),
    ("George Bush", "Barbara Bush"),
    ("generally observed", "the ceasefire was generally observed"),
]
INCOMPATIBLE = [
    ("more than 120,000", "90,000"),
    ("146,000", "120,000"),
    ("two", "three"),
    ("$30 million", "$40 million"),
    ("53%", "57%"),
    ("4 years", "5 years"),
    ("fewer than 10", "12"),
    ("2011", "2012"),
    ("May 2001", "June 2001"),
    ("January 12", "January 13"),
    ("January 12", "1990"),
    ("Sunday", "Saturday night"),
    ("Saturday night", "January 12"),
    ("Berlin", "Moscow"),
    ("World War II", "World War I"),
    ("Marshal", "general"),
    ("Khalifa Haftar", "Fayez al-Sarraj"),
    ("was signed", "was not signed"),
]
UNRELATED = [
    ("5 km", "5 kg"),
    ("30%", "30 people"),
    ("280 civilians", "2,000 fighters"),
    ("$5", "5"),
    ("2011", "146,000"),
    ("Moscow", "2011"),
    ("failed to achieve a breakthrough", "adjourned"),
    ("Commander", "Khalifa Haftar"),
    ("January 12", "on the twelfth"),
]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    cases(same=SAME, compatible=COMPATIBLE, incompatible=INCOMPATIBLE, unrelated=UNRELATED),
)
def test_quotes_compared_by_hand(one, other, expected):
    assert judged(one, other) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("120,000", "more than ", " more"), ("146,000", "", " Libyans"), True),
        ("about 2,000", "2,000", False),
        ("nearly 146,000", "146,000", False),
        ("1.5 million", "1,512,000", False),
        ("more than 1,000 people", "more than 280 civilians and about 2,000 fighters", True),
        ("280 civilians", "280 fighters", False),
        ("2011", "146,000", False),
        ("Moscow", "Berlin", False),
    ],
)
def test_figures_differ_whatever_their_bounds(one, other, expected):
    a, b = (claim(*(q if isinstance(q, tuple) else (q,))) for q in (one, other))
    assert differs_as_figure(a, b) == differs_as_figure(b, a) == expected


def test_a_missing_year_is_that_of_the_report():
    then = claim("January 13", published_at="2019-01-20")
    assert compare(then, claim("13 January 2020")) == "incompatible"
    assert compare(then, claim("13 January 2019")) == "same"
    # Told in January, December is that of the year before.
    assert compare(claim("December 30"), claim("30 December 2019")) == "same"


def test_weekdays_of_other_weeks_are_unrelated():
    later = claim("Sunday", published_at="2020-03-02")
    assert compare(claim("Sunday"), later) == "unrelated"
    assert compare(later, claim("January 12")) == "unrelated"


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_any_quote_says_the_same_as_itself(quote, before, after):
    read = claim(quote, before, after)
    assert compare(read, read) == "same"


_TALK = st.text(alphabet="aB0123 ,.%$-–—'()\nMay\u0661é", max_size=40)


@given(_TALK, _TALK)
def test_comparing_does_not_depend_on_the_order(one, other):
    a, b = claim(one), claim(other)
    assert compare(a, b) == compare(b, a)
    assert differs_as_figure(a, b) == differs_as_figure(b, a)


@pytest.mark.parametrize("piece", ["1", "1,", "MMMM", "one ", "May ", "(", "A, ", "- ", "\u202e1 "])
def test_long_and_hostile_quotes_are_read_in_linear_time(piece):
    begun = time.process_time()
    read = claim(piece * 100_000, piece * 1_000, piece * 1_000)
    assert compare(read, read) == "same"
    # Quadratic work on so many characters takes minutes.
    assert time.process_time() - begun < 20
