"""Any two quotes can be compared, whatever they are and whichever comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.values.claims import compare, differs_as_figure, read_claim

KINDS = {
    "number": ["146,000", "more than 280 civilians and about 2,000 fighters", "5%", "2-1", "third"],
    "date": ["January 13", "2011", "Sunday", "the 1990s", "10:30", "early January"],
    "name": ["Haftar", "World War II", "Boeing 747", "Apollo 11", "General", "Moscow, Russia",
             "Ten Commandments", "20th Century Fox"],
    "phrase": ["expected to sign", "a ceasefire", "", "😀", "not 146,000", "8-4-4", "01/02/2020"],
}  # fmt: skip


def claim(quote, before="", after="", published_at="2020-01-13"):
    return read_claim(quote, before=before, after=after, published_at=published_at, expansions={})


@pytest.mark.parametrize(
    ("quote", "kind"), [(quote, kind) for kind, quotes in KINDS.items() for quote in quotes]
)
def test_kinds(quote, kind):
    assert claim(quote).kind == kind


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("146,000", "", " Libyans displaced"), ("146,000 Libyans", "", ""), "same"),
        (("120,000", "displaced more than ", ""), ("146,000", "", ""), "compatible"),
        (("120,000", "displaced more than ", ""), ("90,000", "", ""), "incompatible"),
        (("30", "", "% of it"), ("30", "", " people"), "unrelated"),
        (("5", "$", " million"), ("$5m", "", ""), "same"),
        (("5 million", "worth $", ""), ("$5m", "", ""), "same"),
        (("35", "who was aged ", ""), ("35 years old", "", ""), "same"),
        (("1,320 kilometres (820 miles)", "", ""), ("1,320 km", "", ""), "same"),
        (("146,000", "", ""), ("a poor and small old town of 146,000", "", ""), "compatible"),
        (("first law", "", ""), ("First Law", "", ""), "same"),
        (("third floor", "", ""), ("second place", "", ""), "unrelated"),
        (("1,000", "", ""), ("1000", "", ""), "same"),
    ],
)
def test_words_beside_a_quote_complete_it(one, other, expected):
    a, b = claim(*one), claim(*other)
    assert compare(a, b) == compare(b, a) == expected


def test_words_far_from_a_quote_or_cut_in_two_are_no_part_of_it():
    assert claim("5", before="more than " + "x" * 30 + " ").amounts[0].bound == "exact"
    # Of "moreover", only "over" would stand within reach.
    assert claim("5", before="and furthermore moreover ").amounts[0].bound == "exact"
    assert claim("5", after=" " + "y" * 60).amounts[0].unit == ""


_PIECES = st.sampled_from(
    ["146,000", "2011", "two", "May", " ", " ", " and ", "-", "$", "%", "km", "Haftar", "the",
     "not", "Sunday", "10:30", "third", "century", "more than ", ".", "(", ")", "\u0661", "é",
     "e\u0301", "מ", "北京", "😀", "\u202e", "\u00ad", "half a ", "million", "killed", "GNA",
     "U.N.", "\n", "'s"]
)  # fmt: skip
_QUOTES = st.one_of(st.text(max_size=40), st.lists(_PIECES, max_size=8).map("".join))
_DATES = st.sampled_from([None, "2020-01-13", "2019-12-30"])


@given(_QUOTES, _QUOTES, _QUOTES, _DATES)
def test_every_quote_says_the_same_as_itself(quote, before, after, published_at):
    one, other = (claim(quote, before, after, published_at) for _ in range(2))
    assert compare(one, one) == compare(one, other) == "same"
    assert not differs_as_figure(one, other)


@given(_QUOTES, _QUOTES, _QUOTES, _DATES, _DATES)
def test_it_does_not_matter_which_quote_comes_first(quote, other_quote, beside, date, other_date):
    one = claim(quote, beside, "", date)
    other = claim(other_quote, "", beside, other_date)
    assert compare(one, other) == compare(other, one)
    assert differs_as_figure(one, other) == differs_as_figure(other, one)
    if compare(one, other) == "same":
        assert not differs_as_figure(one, other)


@pytest.mark.parametrize(
    "piece",
    ["1", "1,", ",111", "MMMM", "1 ", "-", "(", "(A", "A.B.", " ", "one and ", "ninety-", "May ",
     "1-", "10:", "\u0661", "\u0301", "half a ", "killed ", "X", "“", "of the "],
)  # fmt: skip
@pytest.mark.parametrize("length", [300, 20_000])
def test_long_and_hostile_quotes_are_read(piece, length):
    text = (piece * length)[:length]
    one = claim(text, text, text)
    assert compare(one, one) == "same"
    assert compare(one, claim("146,000")) == compare(claim("146,000"), one)
