"""A quote grown to evidence: its sentence, or the list that it is an item of."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text.sentences import split_sentences
from index.types import TextRange
from service.asking import Asked
from service.evidence import evidence_range

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ARTICLES = {path.name: path.read_text("utf-8") for path in sorted(SEEDS.glob("*.txt"))}
SENTENCE_KINDS: list[Asked] = ["yes_no", "why", "how"]
EVIDENCE_KINDS: list[Asked] = [*SENTENCE_KINDS, "list"]


def grown(asked: Asked, text: str, quote: str, within: str | None = None) -> str | None:
    start = text.index(within or quote)
    start = text.index(quote, start)
    found = evidence_range(asked, text, split_sentences(text), start, start + len(quote))
    return None if found is None else text[found.start : found.end]


BACKED = "talks-fail-to-sign-ceasefire.txt"
BACKERS = "Egypt, the United Arab Emirates (UAE), France and Russia"


@pytest.mark.parametrize(
    "quote",
    ["Egypt", "the United Arab Emirates", "Arab", "UAE", "France", "Russia", "France and Russia",
     "Egypt, the United", BACKERS],
)  # fmt: skip
def test_an_item_grows_to_the_whole_list(quote: str) -> None:
    text = ARTICLES[BACKED]
    assert grown("list", text, quote, within="Egypt, the United") == BACKERS


@pytest.mark.parametrize(
    ("text", "quote", "whole"),
    [
        ("The GNA is backed by Turkey, Qatar, and Italy.", "Qatar", "Turkey, Qatar, and Italy"),
        (
            "It called a meeting of ministers of France, Cyprus and Greece in Cairo last week.",
            "Greece",
            "France, Cyprus and Greece",
        ),
        ("If Tripoli falls, Tunis and Algiers will fall.", "Tunis", "Tunis and Algiers"),
        ("The peace of Turkey and Russia, Egypt said, is over.", "Turkey", "Turkey and Russia"),
        ("In Egypt, France & Russia it is known.", "Egypt", "Egypt, France & Russia"),
        ("Members (Egypt, France and Russia) met.", "France", "Egypt, France and Russia"),
        ("They went to Rome, Oslo, Berne, Paris.", "Oslo", "Rome, Oslo, Berne, Paris"),
        ("He visited the U.K. and the U.S.", "U.K.", "the U.K. and the U.S."),
        ("Aid went to Oslo, Bonn[3] and Rome.[4]", "Oslo", "Oslo, Bonn[3] and Rome"),
        (
            "The conflict killed more than 280 civilians and about 2,000 fighters.",
            "about 2,000 fighters",
            "more than 280 civilians and about 2,000 fighters",
        ),
        ("It was held in 1990, 1994 and 2002 in Rome.", "1994", "1990, 1994 and 2002"),
        (
            "The country exports crude oil, natural gas and coal to Europe.",
            "natural gas",
            "crude oil, natural gas and coal",
        ),
        (
            "It has three organs: heart, liver and the small intestine.",
            "liver",
            "heart, liver and the small intestine",
        ),
        (
            "Its aims are: to stop the war; to secure the oil; and to hold elections.",
            "secure the oil",
            "to stop the war; to secure the oil; and to hold elections",
        ),
        ("Both temperature and light are controlled.", "temperature and light",
         "temperature and light"),
    ],
)  # fmt: skip
def test_items_of_one_shape_are_a_list(text: str, quote: str, whole: str) -> None:
    assert grown("list", text, quote) == whole


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        (
            "He would accompany Saraj to Moscow, where he will meet General Haftar and the "
            "speaker of parliament, Agila Saleh.",
            "Moscow",
        ),
        ("They met in Moscow on Monday, January 13 with hope.", "Monday"),
        ("On January 13, 2020, Haftar left.", "January 13"),
        ("They met on Monday and Haftar left.", "Monday"),
        ("He was born in Paris, Texas and died.", "Paris"),
        ("He took the car and left town.", "the car"),
        ("Turkey and Libya's army fought.", "Turkey"),
        ("Sarraj signed and Haftar left.", "Sarraj"),
        ("He left Egypt, and Russia said nothing.", "Egypt"),
        (
            "About 2,000 fighters have been killed and 146,000 Libyans displaced since.",
            "146,000",
        ),
        ("The talks failed.", "talks"),
        ("The talks (of Monday) failed.", "Monday"),
    ],
)
def test_what_commas_and_and_join_otherwise_is_no_list(text: str, quote: str) -> None:
    assert grown("list", text, quote) is None


LINES = "Its aims:\n\n{0}stop the war\n   at once\n{1}secure oil\n{2}hold elections\n\nAll agreed."


@pytest.mark.parametrize(
    "marks",
    [("- ",) * 3, ("• ",) * 3, ("1. ", "2. ", "3. "), ("(1) ", "(2) ", "(3) "),
     ("a) ", "b) ", "c) "), ("  * ",) * 3],
)  # fmt: skip
def test_lines_that_begin_alike_are_a_list(marks: tuple[str, ...]) -> None:
    text = LINES.format(*marks)
    whole = text[text.index("\n\n") : text.index("\n\nAll")].strip()
    for quote in ("stop", "once", "secure oil", "elections"):
        assert grown("list", text, quote) == whole
    for quote in ("aims", "agreed"):
        assert grown("list", text, quote) is None


def test_an_empty_line_may_part_items_and_another_mark_ends_them() -> None:
    text = "- one thing\n\n- another thing\n\n\n- unrelated\n1. first step\n2. second step\nEnd"
    assert grown("list", text, "another") == "- one thing\n\n- another thing"
    assert grown("list", text, "first") == "1. first step\n2. second step"
    assert grown("list", "- alone\nand so on", "alone") is None


@pytest.mark.parametrize("asked", SENTENCE_KINDS)
def test_other_evidence_is_the_whole_sentence(asked: Asked) -> None:
    text = ARTICLES["leaders-pushed-to-end-war.txt"]
    whole = "A Libyan government spokesman told Bloomberg that he was unaware of the visit."
    assert grown(asked, text, "unaware of the visit") == whole
    assert grown(asked, text, whole) == whole
    both = "the visit. A spokesman"
    assert grown(asked, text, both) == (
        whole + " A spokesman for Haftar said he was not in a position to respond immediately."
    )
    assert grown("quote", text, "unaware of the visit") is None


@pytest.mark.parametrize("asked", SENTENCE_KINDS)
def test_a_span_that_no_sentence_holds_has_no_evidence(asked: Asked) -> None:
    text = "  One. Debris Two.  "
    sentences = [TextRange(2, 6), TextRange(14, 18)]
    assert evidence_range(asked, text, sentences, 2, 5) == (2, 6)
    assert evidence_range(asked, text, sentences, 14, 19) == (14, 18)
    assert evidence_range(asked, text, [TextRange(0, 7)], 2, 5) == (2, 6)
    for start, end in ((7, 13), (7, 16), (16, 21), (0, 1), (3, 3)):
        assert evidence_range(asked, text + "x", sentences, start, end) is None
    assert evidence_range(asked, text, [], 2, 5) is None


PIECES = st.sampled_from(
    ["Egypt", "the UN", "France (EU)", "oil", "crude oil", "1,200 men", "Monday", ", ", " and ",
     "; ", " or ", ", and ", " ", "(", ")", ". ", "\n", "- ", "\n- ", "\n  ", "1. ", ": ", "“", "”",
     "’s", " of ", "is", "🙂", "ليبيا", "[1]", "…", "E\u0301", "٣"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(max_size=80), st.lists(PIECES, max_size=30).map("".join), st.sampled_from(
        [text[:1500] for text in ARTICLES.values()]
    ),
)  # fmt: skip


@given(TEXTS, st.data())
def test_evidence_holds_its_span_and_is_held_by_its_sentences(text: str, data: Any) -> None:
    cuts = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=5))})
    sentences = [TextRange(*pair) for pair in pairwise(cuts)]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    holding = [s for s in sentences if s.start < end and start < s.end]
    for asked in EVIDENCE_KINDS:
        found = evidence_range(asked, text, sentences, start, end)
        if not text[start:end].strip():
            assert found is None
            continue
        if found is None:
            assert asked == "list"
            continue
        assert 0 <= found.start <= end - len(text[start:end].lstrip())
        assert start + len(text[start:end].rstrip()) <= found.end <= len(text)
        has_line = re.search(r"(?m)^[ \t]*\S{1,5}[ \t]", text) is not None
        if asked != "list" or not has_line:
            assert holding[0].start <= found.start
            assert found.end <= holding[-1].end
        if asked != "list":
            assert not text[found.start].isspace()
            assert not text[found.end - 1].isspace()


@pytest.mark.parametrize(
    "part",
    ["1", ",", ", ", "M", "a, ", "Egypt, ", " and ", "(", "\n- a", "\n", "“", "A and ", "- "],
)
def test_endless_text_has_evidence_of_bounded_length(part: str) -> None:
    text = part * (100_000 // len(part))
    sentences = [TextRange(0, len(text))]
    start = len(text) // 2
    found = evidence_range("list", text, sentences, start, start + 3)
    assert found is None or (found.start <= start and found.end - found.start < 5_000)
    whole = evidence_range("list", text, sentences, 0, len(text))
    assert whole is None or 0 <= whole.start < whole.end <= len(text)
