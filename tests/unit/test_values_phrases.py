"""Phrases say the same in the same words, and the opposite with a "not"."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.values.phrases import compare_phrases, stems_of, words_of


def judged(one, other):
    ours, theirs = words_of(one), words_of(other)
    there = compare_phrases(ours, theirs, stems_of(ours), stems_of(theirs))
    back = compare_phrases(theirs, ours, stems_of(theirs), stems_of(ours))
    assert there == back
    return there


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The fall of a city", "fall of city"),
        ("a fragile cease-fire", "fragile ceasefire"),
        ("Haftar’s forces", "haftar forces"),
        ("2-1", "2 1"),
        ("35-year-old", "35 year old"),
        ("北京市", "北 京 市"),
        ("146,000", "146000"),
        ("", ""),
    ],
)
def test_words(text, words):
    assert words_of(text) == tuple(words.split())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("a ceasefire", "the ceasefire", "same"),
        ("a ceasefire", "ceasefires", "same"),
        ("the fall of Tripoli", "fall of Tripoli", "same"),
        ("a fragile ceasefire", "ceasefire", "compatible"),
        ("generally observed", "the ceasefire was generally observed", "compatible"),
        ("oil fields", "airports", "unrelated"),
        ("北京", "上海", "unrelated"),
        ("of the", "in the", "unrelated"),
        ("was signed", "was not signed", "incompatible"),
        ("agreed", "did not agree", "incompatible"),
        ("won't sign", "sign", "incompatible"),
        ("no ceasefire", "ceasefire", "incompatible"),
        ("armed", "unarmed", "incompatible"),
        ("able to sign", "unable to sign", "incompatible"),
        ("did not sign", "a long text about signing it", "unrelated"),
        ("not signed by Haftar", "not signed by Haftar", "same"),
        ("not signed by Haftar", "not signed", "compatible"),
        ("the 2011 uprising", "the 2012 uprising", "incompatible"),
        ("the 2011 uprising", "the 2012 election", "unrelated"),
        ("under the bridge", "the bridge", "compatible"),
        ("No. 5", "5", "compatible"),
    ],
)
def test_phrases_compared_by_hand(one, other, expected):
    assert judged(one, other) == expected


_WORDS = st.lists(st.sampled_from("oil ship port gold rain wind iron salt".split()), min_size=1)


@given(_WORDS, st.integers(0, 9))
def test_a_not_anywhere_makes_the_opposite(words, place):
    denied = [*words[:place], "not", *words[place:]]
    assert judged(" ".join(words), " ".join(denied)) == "incompatible"


@given(_WORDS, _WORDS)
def test_more_words_hold_fewer(one, other):
    relation = judged(" ".join(one), " ".join(other))
    if one == other:
        assert relation == "same"
    elif set(one) <= set(other) or set(other) <= set(one):
        assert relation == "compatible"
    else:
        assert relation == "unrelated"
