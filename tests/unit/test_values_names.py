"""Names are the same if they are spelled otherwise, and not if they are another's."""

import pytest
from claim_pairs import both_ways, cases
from hypothesis import given
from hypothesis import strategies as st

from service.values.claims import read_claim
from service.values.names import are_alike, looks_like_name, read_name
from service.values.titles import without_titles

EXPANSIONS = {"gna": "government of national accord", "lna": "libyan national army"}


def claim(quote, before=""):
    return read_claim(quote, before=before, after="", published_at=None, expansions=EXPANSIONS)


def judged(one, other):
    return both_ways(claim(one), claim(other))


SPELLINGS = [
    ("sarraj", "serraj"),
    ("saraj", "sarraj"),
    ("haftar", "hafter"),
    ("khalifa", "kalifa"),
    ("gaddafi", "qaddafi"),
    ("gaddafi", "kadhafi"),
    ("mohammed", "muhammad"),
    ("tchaikovsky", "chaikovsky"),
    ("zelensky", "zelenskyy"),
    ("benghazi", "bengasi"),
]
OTHERS = [
    ("berlin", "brolin"),
    ("iran", "iraq"),
    ("austria", "australia"),
    ("niger", "nigeria"),
    ("slovakia", "slovenia"),
    ("hussein", "hassan"),
    ("martin", "morton"),
    ("oman", "amman"),
    ("mali", "male"),
    ("putin", "butin"),
    ("2011", "2012"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_name(one, other):
    assert are_alike(one, other)
    assert are_alike(other, one)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_names_that_only_look_alike(one, other):
    assert not are_alike(one, other)
    assert not are_alike(other, one)


SAME = [
    ("Fayez al-Sarraj", "Serraj"),
    ("Fayez al-Saraj", "Fayez Sarraj"),
    ("Muammar Gaddafi", "Moammar Kadhafi"),
    ("General Khalifa Haftar", "Khalifa Haftar"),
    ("Haftar", "Khalifa Haftar"),
    ("Prime Minister Giuseppe Conte", "Giuseppe Conte"),
    ("Italian Prime Minister Giuseppe Conte", "Mr. Conte"),
    ("Russian Foreign Minister Sergei Lavrov", "Lavrov"),
    ("Pope Francis", "Francis"),
    ("Vladimir Vladimirovich Putin", "Vladimir Putin"),
    ("J. R. R. Tolkien", "Tolkien"),
    ("J. Smith", "John Smith"),
    ("Martin Luther King Jr.", "Martin Luther King"),
    ("GNA", "the Government of National Accord"),
    ("GNA Army", "Government of National Accord Army"),
    ("U.N.", "UN"),
    ("U.S", "the U.S."),
    ("US", "the United States of America"),
    ("UK", "Britain"),
    ("EU", "European Union"),
    ("UAE", "United Arab Emirates"),
    ("St. Petersburg", "Saint Petersburg"),
    ("World War II", "World War Two"),
    ("COVID-19", "COVID 19"),
    ("“Haftar’s”", "haftar"),
    ("Erdoğan", "Erdogan"),
    ("Putin and Erdogan", "Erdogan, Putin"),
    ("prime minister", "Prime Minister"),
]
COMPATIBLE = [
    ("Moscow", "Moscow Region"),
    ("Moscow", "Moscow, Russia"),
    ("New York", "New York City"),
    ("John", "John Smith"),
    ("George Bush", "Barbara Bush"),
    ("Lake Victoria", "Victoria"),
    ("British Museum", "Museum"),
    ("General Motors", "Motors"),
    ("University of Oxford", "Oxford University"),
    ("Elizabeth II", "Elizabeth"),
    ("Putin and Erdogan", "Putin"),
    ("Putin, Erdogan and Merkel", "Merkel and Macron"),
    ("Turkey", "Turkish"),
    ("Minister", "Prime Minister"),
    ("Apollo 11", "11"),
]
INCOMPATIBLE = [
    ("Berlin", "Moscow"),
    ("Berlin", "Brolin"),
    ("Khalifa Haftar", "Giuseppe Conte"),
    ("Marshal", "General"),
    ("Foreign Minister", "Defence Minister"),
    ("Foreign Ministry", "Interior Ministry"),
    ("General Motors", "General Electric"),
    ("University of Oxford", "University of Cambridge"),
    ("GNA", "LNA"),
    ("EU", "UN"),
    ("United States", "United Kingdom"),
    ("New York", "New Zealand"),
    ("North Korea", "South Korea"),
    ("World War I", "World War II"),
    ("Henry VII", "Henry VIII"),
    ("Apollo 11", "Apollo 13"),
    ("Москва", "Казань"),
]
UNRELATED = [("Marshal", "Khalifa Haftar"), ("Haftar", "2011"), ("Haftar", "146,000")]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    cases(same=SAME, compatible=COMPATIBLE, incompatible=INCOMPATIBLE, unrelated=UNRELATED),
)
def test_names_compared_by_hand(one, other, expected):
    assert judged(one, other) == expected


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("Khalifa Haftar", True),
        ("al-Sarraj", True),
        ("Government of National Accord", True),
        ("Ludwig van Beethoven", True),
        ("Ludwig, who wrote", False),
        ("the ceasefire", False),
        ("Ceasefire talks", False),
        ("of the", False),
        ("2011", False),
        ("", False),
        ("😀", False),
    ],
)
def test_how_names_are_written(quote, expected):
    assert looks_like_name(quote) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("general khalifa haftar", "khalifa haftar"),
        ("turkish president recep tayyip erdogan", "recep tayyip erdogan"),
        ("new york attorney general letitia james", "letitia james"),
        ("martin luther king", "martin luther king"),
        ("foreign ministry", "foreign ministry"),
        ("general electric", "general electric"),
        ("prime minister", "prime minister"),
        ("president", "president"),
        ("", ""),
    ],
)
def test_titles_are_left_out_of_persons_names(words, expected):
    assert without_titles(words.split()) == tuple(expected.split())


_WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8), min_size=1, max_size=4
)


@given(_WORDS, st.sampled_from(["the {}", "{}.", "“{}”", "({})", "{}'s", "{}’s", " {} "]))
def test_articles_punctuation_and_possessives_dont_count(words, frame):
    name = " ".join(word.capitalize() for word in words)
    assert judged(name, frame.format(name)) == "same"


def test_abbreviations_mean_what_the_text_says():
    assert read_name("the GNA", EXPANSIONS) == ("government", "of", "national", "accord")
    assert read_name("GNA", {}) == ("gna",)
    # In small letters it's a word.
    assert read_name("Us", {}) == ("us",)
