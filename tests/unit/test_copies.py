"""Support counts independent sources: copies count once, whole or by passage, reports each."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.copies import Place, independent_sources

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ARTICLES = {path.name: path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))}
OTHER = """The harbour of Ostwick was enlarged between 1881 and 1894, when its eastern mole was
built of granite from the quarries at Hele. Fishing had declined by then, and most of the ships
that called there carried coal, timber and slate for the growing towns inland.

The lighthouse keeper, a former sailor, kept a diary of the weather for thirty years. It is shown
in the museum beside the customs house, which opened in 1962 and has been free since 2004.
"""
CEASEFIRE = """For months the guns had not been silent around the Libyan capital. That changed on
Sunday, diplomats said. Fayez al-Sarraj, who leads the cabinet in Tripoli, then flew to the Russian
capital, and so did his adversary. Observers counted 146,000 people who had to leave their homes.
"""


def place(text: str, quote: str, document_id: str, occurrence: int = 0) -> Place:
    starts = [match.start() for match in re.finditer(re.escape(quote), text)]
    start = starts[occurrence]
    return Place(text, document_id, start, start + len(quote))


def edited(text: str, every: int, keep: str = "") -> str:
    """A text with every so-manieth word replaced, but for those of a quote."""
    words = text.split(" ")
    held = keep.split()
    return " ".join(
        "otherwise" if n % every == every - 1 and not any(part in word for part in held) else word
        for n, word in enumerate(words)
    )


SAME_FACTS = [
    [("talks-fail-to-sign-ceasefire.txt", "Turkey, Qatar, and Italy"),
     ("rival-leaders-to-meet-in-moscow.txt", "Turkey"),
     ("leaders-pushed-to-end-war.txt", "Turkey")],
    [("expected-to-sign-in-moscow.txt", "Fayez al-Saraj"),
     ("rival-leaders-to-meet-in-moscow.txt", "Fayez al-Serraj"),
     ("foreign-ministry-confirms-contacts.txt", "Fayez Sarraj"),
     ("talks-fail-to-sign-ceasefire.txt", "Fayez al-Sarraj"),
     ("leaders-pushed-to-end-war.txt", "Fayez al-Sarraj")],
    [("expected-to-sign-in-moscow.txt", "April 2019"),
     ("rival-leaders-to-meet-in-moscow.txt", "April 2019")],
    [("rival-leaders-to-meet-in-moscow.txt", "Monday, January 13"),
     ("leaders-pushed-to-end-war.txt", "Monday"),
     ("foreign-ministry-confirms-contacts.txt", "Monday")],
    [("expected-to-sign-in-moscow.txt", "Moscow"),
     ("foreign-ministry-confirms-contacts.txt", "Moscow"),
     ("leaders-pushed-to-end-war.txt", "Moscow"),
     ("rival-leaders-to-meet-in-moscow.txt", "Moscow"),
     ("talks-fail-to-sign-ceasefire.txt", "Moscow")],
]  # fmt: skip


@pytest.mark.parametrize("fact", SAME_FACTS, ids=lambda fact: fact[0][1])
def test_independent_articles_are_sources_each(fact: list[tuple[str, str]]) -> None:
    places = [place(ARTICLES[name], quote, name) for name, quote in fact]
    assert independent_sources(places) == len(fact)


QUOTES = [
    ("talks-fail-to-sign-ceasefire.txt", "146,000"),
    ("talks-fail-to-sign-ceasefire.txt", "Egypt"),
    ("rival-leaders-to-meet-in-moscow.txt", "more than 120,000"),
    ("rival-leaders-to-meet-in-moscow.txt", "NATO"),
    ("expected-to-sign-in-moscow.txt", "al Ahrar"),
    ("foreign-ministry-confirms-contacts.txt", "Italy"),
    ("leaders-pushed-to-end-war.txt", "Saturday night"),
]


@pytest.mark.parametrize(("name", "quote"), QUOTES)
@pytest.mark.parametrize("every", [1000, 12, 8, 6])
def test_an_edited_copy_is_no_source(name: str, quote: str, every: int) -> None:
    original = ARTICLES[name]
    copy = "Another headline altogether\n\n" + edited(original, every, keep=quote)
    assert independent_sources([place(original, quote, name), place(copy, quote, "copy")]) == 1


@pytest.mark.parametrize(("name", "quote"), QUOTES)
def test_two_paragraphs_in_another_article_are_no_source(name: str, quote: str) -> None:
    original = ARTICLES[name]
    paragraphs = [p for p in re.split(r"\n+", original) if p.strip()]
    at = next(n for n, p in enumerate(paragraphs) if quote in p)
    first, second = OTHER.split("\n\n")
    for taken in (paragraphs[max(0, at - 1) : at + 1], paragraphs[at : at + 2]):
        inside = "\n\n".join((first, *taken, second))
        places = [place(original, quote, name), place(inside, quote, "inside")]
        assert independent_sources(places) == 1


def test_other_spellings_and_another_number_make_no_source() -> None:
    original = ARTICLES["talks-fail-to-sign-ceasefire.txt"]
    copy = original.replace("Sarraj", "Serraj").replace("Haftar", "Hafter")
    copy = copy.replace("146,000", "150,000").replace("Putin", "Poutine")
    for quote, theirs in (("146,000", "150,000"), ("Fayez al-Sarraj", "Fayez al-Serraj")):
        places = [place(original, quote, "original"), place(copy, theirs, "copy")]
        assert independent_sources(places) == 1


def test_a_copy_is_known_by_another_of_its_passages() -> None:
    original = ARTICLES["rival-leaders-to-meet-in-moscow.txt"]
    copy = edited(original, 9, keep="Tripoli Tripoli’s")
    assert original.count("Tripoli") > 2
    places = [place(original, "Tripoli", "original", 0), place(copy, "Tripoli", "copy", 2)]
    assert independent_sources(places) == 1


def test_an_independent_report_in_other_words_is_a_source() -> None:
    original = ARTICLES["talks-fail-to-sign-ceasefire.txt"]
    for quote in ("146,000", "Sarraj"):
        copy = edited(original, 8, keep=quote)
        copies = [place(original, quote, "original"), place(copy, quote, "copy")]
        assert independent_sources(copies) == 1
        assert independent_sources([*copies, place(CEASEFIRE, quote, "report")]) == 2


def test_places_in_one_document_are_one_source() -> None:
    name = "talks-fail-to-sign-ceasefire.txt"
    places = [place(ARTICLES[name], "Moscow", name, n) for n in range(2)]
    assert independent_sources(places) == 1
    assert independent_sources([]) == 0


def test_copies_of_copies_are_one_source() -> None:
    first = [f"word{chr(97 + n % 26)}{n}" for n in range(48)]
    second = [f"new{n}" if n % 4 == 0 else word for n, word in enumerate(first)]
    third = [f"newer{n}" if n % 4 == 2 else word for n, word in enumerate(second)]
    places = [
        place(" ".join((*words[:24], "in", "1848", *words[24:])), "1848", str(n))
        for n, words in enumerate((first, second, third))
    ]
    assert independent_sources([places[0], places[2]]) == 2
    assert independent_sources(places) == 1


SENTENCE = "The treaty of Varn was signed on 4 May 1848 by the envoys of both sides."


def test_one_sentence_is_a_text() -> None:
    again = place(SENTENCE, "1848", "b")
    assert independent_sources([place(SENTENCE, "1848", "a"), again]) == 1
    upper = place(SENTENCE.upper(), "1848", "c")
    assert independent_sources([again, upper]) == 1
    article = f"{OTHER.splitlines()[0]} {SENTENCE} {OTHER}"
    assert independent_sources([again, place(article, "1848", "d")]) == 1
    edit = place(SENTENCE.replace("signed", "sealed"), "1848", "e")
    assert independent_sources([again, edit]) == 1
    report = place("In May 1848 the envoys made peace at Varn and went home.", "1848", "f")
    assert independent_sources([again, edit, report]) == 2
    for word in ("1848", "四月", "🙂"):
        assert independent_sources([Place(word, d, 0, len(word)) for d in "ab"]) == (
            2 if word == "🙂" else 1
        )


def test_a_phrase_in_common_makes_no_copies() -> None:
    phrase = "according to the National Institute of Public Statistics, 1,200 ships"
    one = f"{OTHER} A report of last week says that {phrase} sank in those years. {CEASEFIRE}"
    other = (
        f"It is a long way from the coast to these hills, where once, {phrase} stood in bottles on "
        "the shelves of a single collector. He had made all of them by hand, in a shed, at night, "
        "while his family slept; the oldest is a whaler, and the newest is not finished yet."
    )
    assert independent_sources([place(one, "1,200", "a"), place(other, "1,200", "b")]) == 2


def test_text_that_does_not_divide_words_is_compared_by_characters() -> None:
    one = "一九四八年五月四日，双方代表在瓦恩签署了和平条约，随后各自返回首都向政府报告谈判结果。"
    other = (
        "条约签订的时间是五月。据当地报纸报道，使节们在湖边的旅馆里争论了整整三个星期才达成一致。"
    )
    copy = "新闻：" + one.replace("随后", "然后")
    assert independent_sources([place(one, "五月", "a"), place(copy, "五月", "b")]) == 1
    assert independent_sources([place(one, "五月", "a"), place(other, "五月", "b")]) == 2


@given(
    st.lists(
        st.tuples(st.sampled_from([*ARTICLES.values(), SENTENCE, OTHER, "", "a " * 400]),
                  st.integers(0, 3000), st.integers(0, 30), st.sampled_from("abc")),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_order_and_repetition_of_places_change_nothing(
    drawn: list[tuple[str, int, int, str]], order: random.Random
) -> None:
    places = [Place(t, d, min(s, len(t)), min(s + n, len(t))) for t, s, n, d in drawn]
    count = independent_sources(places)
    assert count <= len({p.document_id for p in places})
    shuffled = places * 2
    order.shuffle(shuffled)
    assert independent_sources(shuffled) == count


@given(st.text(max_size=300), st.text(max_size=300), st.integers(0, 300), st.integers(0, 300))
@settings(max_examples=200, deadline=None)
def test_any_text_has_sources(one: str, other: str, start: int, length: int) -> None:
    def anywhere(text: str, document_id: str) -> Place:
        begin = min(start, len(text))
        return Place(text, document_id, begin, min(begin + length, len(text)))

    assert 1 <= independent_sources([anywhere(one, "a"), anywhere(other, "b")]) <= 2
    if any(c.isalnum() and c.isascii() for c in one):
        assert independent_sources([anywhere(one, "a"), anywhere(one, "b")]) == 1
