"""Amounts are read as they are written, and compared as numbers are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.values.amounts import amounts_in
from service.values.claims import compare, differs_as_figure, read_claim
from service.values.figures import total
from service.values.numerals import read_number_of_name, read_ordinal

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen".split()
)
TENS = ". . twenty thirty forty fifty sixty seventy eighty ninety".split()


def in_words(number):
    """A number below a thousand million in English words, after the school's rule."""
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            head, rest = divmod(number, size)
            joint = " and " if rest and rest < 100 else " "
            return f"{in_words(head)} {name}" + (f"{joint}{in_words(rest)}" if rest else "")
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")


def only(text):
    (amount,) = amounts_in(text)
    return amount


def claim(quote, before="", after=""):
    return read_claim(quote, before=before, after=after, published_at=None, expansions={})


@given(st.integers(2, 10**9 - 1))
def test_number_words_are_the_number(number):
    assert only(in_words(number)).value == number


@given(st.integers(1000, 10**12), st.sampled_from([",", " ", "\u00a0", "\u202f", "\u2009"]))
def test_separators_of_thousands_dont_count(number, separator):
    text = f"{number:,}".replace(",", separator)
    assert only(text).value == only(str(number)).value == number


@given(st.integers(0, 10**9), st.sampled_from("٠०০๐０𝟘"))
def test_digits_of_other_scripts_are_digits(number, zero):
    text = "".join(chr(ord(zero) + int(digit)) for digit in str(number))
    assert only(text).value == number


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("146,000 Libyans", 146_000, "people"),
        ("25 Turkish troops", 25, "troop"),
        ("25 soldiers", 25, "troop"),
        ("2,000 pro-government fighters", 2000, "fighter"),
        ("5 million barrels of oil", 5_000_000, "barrel"),
        ("half a million", 500_000, ""),
        ("a dozen", 12, ""),
        ("two dozen cities", 24, "city"),
        ("a hundred and five", 105, ""),
        ("1.5 million", 1_500_000, ""),
        ("3,5", 3.5, ""),
        ("1,234.5", 1234.5, ""),
        ("−5", -5, ""),
        ("minus 5", -5, ""),
        ("120,000 more", 120_000, ""),
        ("$5m", 5_000_000, "USD"),
        ("US$5 million", 5_000_000, "USD"),
        ("5 million US dollars", 5_000_000, "USD"),
        ("£1.5bn", 1_500_000_000, "GBP"),
        ("5%", 5, "%"),
        ("5 per cent", 5, "%"),
        ("5 percentage points", 5, "point"),
        ("5m people", 5_000_000, "people"),
        ("324m", 324, "m"),
        ("5km", 5, "m"),
        ("third", 3, "#"),
        ("21st", 21, "#"),
        ("twenty-first", 21, "#"),
        ("2,000-strong", 2000, ""),
    ],
)
def test_number_and_unit(text, value, unit):
    amount = only(text)
    assert (amount.value, amount.high, amount.unit) == (value, value, unit)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5-10", 5, 10),
        ("5 to 10 days", 5, 10),
        ("between 5 and 10", 5, 10),
        ("between five and ten", 5, 10),
        ("2 to 3 million", 2e6, 3e6),
        ("$2-3 million", 2e6, 3e6),
        ("tens of thousands", 2e4, 1e5),
    ],
)
def test_ranges_have_two_ends(text, low, high):
    amount = only(text)
    assert (amount.value, amount.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("more than 120,000", "least"),
        ("at least 10", "least"),
        ("no fewer than 10", "least"),
        ("10 or more", "least"),
        ("10+", "least"),
        ("up to 500", "most"),
        ("no more than 500", "most"),
        ("as many as 500", "most"),
        ("fewer than 10", "most"),
        ("nearly 146,000", "about"),
        ("some 2,000", "about"),
        ("10 or so", "about"),
        ("moreover 5", "exact"),
        ("someone told 5", "exact"),
        ("146,000", "exact"),
    ],
)
def test_bounds_are_kept(text, bound):
    assert only(text).bound == bound


@pytest.mark.parametrize(
    "text",
    ["no one", "anyone", "one of them", "10:30", "1/2", "8-4-4", "oxygen-18", "B52", "9" * 40],
)
def test_what_is_no_amount(text):
    assert amounts_in(text) == []


def test_two_numbers_are_no_range():
    assert [(a.value, a.unit) for a in amounts_in("280 civilians and 2,000 fighters")] == [
        (280, "civilian"),
        (2000, "fighter"),
    ]
    assert [a.value for a in amounts_in("5 and 10")] == [5, 10]
    assert [a.value for a in amounts_in("five and ten")] == [5, 10]


def test_persons_are_added_and_nothing_else():
    summed = total(amounts_in("more than 280 civilians and about 2,000 fighters"))
    assert (summed.value, summed.unit, summed.bound) == (2280, "people", "least")
    assert total(amounts_in("280 civilians and 20 tanks")) is None
    assert total(amounts_in("280 civilians")) is None


UNITS = {"km": 1000, "m": 1, "cm": 0.01, "miles": 1609.344, "feet": 0.3048}


@given(
    st.integers(1, 99),
    st.sampled_from(sorted(UNITS)),
    st.integers(1, 99),
    st.sampled_from(sorted(UNITS)),
)
def test_lengths_are_the_same_if_they_are_as_long(one, unit, other, other_unit):
    a, b = claim(f"{one} {unit}"), claim(f"{other} {other_unit}")
    equal = math.isclose(one * UNITS[unit], other * UNITS[other_unit], rel_tol=1e-9)
    assert (compare(a, b) == "same") == equal


_BOUNDS = {
    "more than ": lambda x, n: x >= n,
    "up to ": lambda x, n: x <= n,
    "": lambda x, n: x == n,
}


@given(
    st.sampled_from(sorted(_BOUNDS)),
    st.integers(2, 35),
    st.sampled_from(sorted(_BOUNDS)),
    st.integers(2, 35),
)
def test_bounds_contradict_if_no_number_fulfils_both(bound, one, other_bound, other):
    # Below 40 no figure is another one rounded.
    a, b = claim(f"{bound}{one} cats"), claim(f"{other_bound}{other} cats")
    fulfils = [x for x in range(100) if _BOUNDS[bound](x, one) and _BOUNDS[other_bound](x, other)]
    expected = "compatible" if fulfils else "incompatible"
    if (bound, one) == (other_bound, other):
        expected = "same"
    assert compare(a, b) == compare(b, a) == expected
    assert differs_as_figure(a, b) == (one != other)


@given(st.integers(1, 10**8), st.integers(1, 10**8))
def test_exact_figures_far_apart_differ_and_contradict(one, other):
    a, b = claim(f"{one:,} cats"), claim(f"{other:,} cats")
    if one == other:
        assert compare(a, b) == "same"
    elif abs(one - other) > 0.03 * max(one, other):
        assert compare(a, b) == "incompatible"
        assert differs_as_figure(a, b)


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("more than 120,000", "146,000", True),
        ("about 2,000", "2,000", False),
        ("nearly 146,000", "146,000", False),
        ("1.5 million", "1,512,000", False),
        ("120,000", "146,000", True),
        ("up to 500", "400", True),
        ("5-10", "7", False),
        ("hundreds", "400", False),
        ("30%", "31%", True),
        ("5 km", "6 kg", False),
        ("280 civilians", "2,000 fighters", False),
        ("2,000 fighters", "2,000 civilians", False),
        ("280 killed", "300 wounded", False),
        ("more than 1,000 people", "more than 280 civilians and about 2,000 fighters", True),
        ("2,280 people", "280 civilians and 2,000 fighters", False),
        ("more than 1,000 people", "2,000 fighters", True),
        ("2,000 people", "1,000 fighters", False),
        ("2,000 people", "2,000 fighters", False),
        ("about 2,000 people", "2,100 fighters", False),
        ("2-1", "3-1", True),
        ("2011", "2012", False),
        ("Berlin", "Moscow", False),
    ],
)
def test_figures_that_differ(one, other, differ):
    a, b = claim(one), claim(other)
    assert differs_as_figure(a, b) == differs_as_figure(b, a) == differ


def test_what_befell_them_is_read_next_to_the_number():
    killed = claim("more than 1,000", "The conflict has killed ", " people and displaced 120,000")
    displaced = claim("more than 120,000", "has killed more than 1,000 people and displaced ", "")
    assert (killed.event, displaced.event) == ("killed", "displaced")
    assert compare(killed, displaced) == "unrelated"
    others = claim("146,000", "2,000 fighters have been killed and ", " Libyans displaced since")
    assert others.event == "displaced"
    assert differs_as_figure(displaced, others)


@pytest.mark.parametrize(
    ("word", "number"),
    [("II", "2"), ("XIV", "14"), ("IX", "9"), ("XXXVIII", None), ("Two", "2"), ("Second", "2"),
     ("11", "11"), ("١١", "11"), ("IIX", None), ("Mix", None), ("", None)],
)  # fmt: skip
def test_numbers_of_names(word, number):
    assert read_number_of_name(word) == number


@pytest.mark.parametrize(("text", "number"), [("first", 1), ("Thirtieth", 30), ("103rd", 103)])
def test_ordinals(text, number):
    assert read_ordinal(text) == number
