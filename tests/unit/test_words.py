"""Which words find each other, in whatever way they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lexical_view.words import COMMON_WORDS, phonetic_key, split_words


def terms(text: str) -> list[str]:
    return [term for word in split_words(text) for term in word]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The City's people", "the city people"),
        ("THE CITY’S PEOPLE", "the city people"),
        ("the dogs' bowls", "the dogs bowls"),
        ("don't can’t we're", "dont cant were"),
        ("146,000 people", "146000 people"),
        ("1,234,567.89", "1234567.89"),
        ("12,34 and 1,2345", "12 34 and 1 2345"),
        ("3.5.2 and 3.14", "3.5.2 and 3.14"),
        ("the U.S. and the U.N., N.A.T.O.", "the us and the un nato"),
        ("J. R. Smith ended.", "j r smith ended"),
        ("Café Łódź Straße Ærø Đoković", "cafe lodz strasse aero dokovic"),
        ("ﬁnance ２０２０ Å", "finance 2020 a"),
        ("٢٠٢٠ २०२०", "2020 2020"),
        ("İstanbul DİYARBAKIR", "istanbul diyarbakir"),
        ("ΑΘΉΝΑ Αθήνας", "αθηνα αθηνασ"),
        ("co\u00adopera\u200btion", "cooperation"),
        ("1914–18, 2020-01-13", "1914 18 2020 01 13"),
        ("snake_case a/b x\x00y", "snake case a b x y"),
        ("'quoted' -dashed- “so”", "quoted dashed so"),
        ("السَّراج", "السراج"),
        ("أحمد احمد", "احمد احمد"),
        ("שָׁלוֹם", "שלום"),
        ("😀 !? … \ud800", ""),
        ("", ""),
    ],
)
def test_what_is_written_differently_becomes_the_same(text: str, expected: str) -> None:
    assert terms(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cease-fire", ("cease", "fire", "ceasefire")),
        ("Cease‑Fire", ("cease", "fire", "ceasefire")),
        ("al-Sarraj's", ("sarraj", "alsarraj")),
        ("Ash-Sharq", ("sharq", "ashsharq")),
        ("O’Brien", ("o", "brien", "obrien")),
        ("Qurʾan", ("qur", "an", "quran")),
        ("COVID-19", ("covid", "19", "covid19")),
        ("state-of-the-art", ("state", "of", "the", "art", "stateoftheart")),
        ("東京都", ("東", "京", "都", "東京", "京都")),
        ("リビア", ("リ", "ビ", "ア", "リビ", "ビア")),
        ("한국", ("한", "국", "한국")),
    ],
)
def test_joined_words_are_found_by_their_parts_and_as_one(
    text: str, expected: tuple[str, ...]
) -> None:
    assert list(split_words(text)) == [expected]


def test_scripts_that_change_within_a_run_divide_it() -> None:
    assert terms("NHK東京2020年") == ["nhk", "東", "京", "東京", "2020", "年"]


def test_an_endless_word_is_cut_the_same_way_each_time() -> None:
    [(term,)] = split_words("x" * 100_000)
    assert term == "x" * 64
    assert terms("y" * 65) == terms("y" * 66) == ["y" * 64]


@given(st.text())
def test_any_text_gives_terms_without_space_that_give_themselves(text: str) -> None:
    for term in terms(text):
        assert term and term.split() == [term]
        assert len(term) <= 64


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"])))
def test_letter_case_never_matters_in_ascii(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    assert terms(plain.upper()) == terms(plain.lower())


def test_common_words_are_terms_as_they_stand() -> None:
    assert all(terms(word) == [word] for word in COMMON_WORDS)
    assert "us" not in COMMON_WORDS


@pytest.mark.parametrize(
    "spellings",
    [
        "sarraj serraj saraj",
        "gaddafi qaddafi gadhafi kadhafi khadafy qadhafi",
        "haftar hifter",
        "mohammed muhammad mohamed",
        "hezbollah hizbullah hizballah",
        "zelensky zelenskyy zelenskiy",
        "tchaikovsky chaikovsky tschaikowsky",
        "catherine katherine kathryn",
        "osama usama",
        "kiev kyiv",
        "riyadh riyad",
        "benghazi bengazi",
        "gonzalez gonzales",
        "chekhov chekov",
        "stephen steven",
        "djibouti jibuti",
        "colour color",
        "organisation organization",
    ],
)
def test_spellings_of_a_name_sound_alike(spellings: str) -> None:
    keys = {phonetic_key(spelling) for spelling in spellings.split()}
    assert len(keys) == 1 and None not in keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sarraj", "haftar"),
        ("sarraj", "siraq"),
        ("berlin", "merlin"),
        ("tripoli", "tobruk"),
        ("putin", "pushkin"),
        ("erdogan", "jordan"),
    ],
)
def test_other_names_sound_different(one: str, other: str) -> None:
    assert phonetic_key(one) != phonetic_key(other)


@pytest.mark.parametrize("term", ["", "a", "io", "oui", "no", "2020", "covid19", "東京", "السراج"])
def test_what_has_too_few_consonants_has_no_key(term: str) -> None:
    assert phonetic_key(term) is None
