"""Passages are read with their neighbours, each sentence once, in rounds that depend on nothing."""

import dataclasses
from collections import Counter

import pytest
from fakes import FakeReader
from hypothesis import given
from hypothesis import strategies as st
from shelf import Shelf, hit, stored

from index.types import StoredDocument, TextRange
from service.errors import FalseCitation, RequestCancelled
from service.reading import ALONE, ROUNDS, Reading, reading_range


class RecordingReader(FakeReader):
    """Remembers what it was given to read, call by call."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def read(self, question, texts, check):
        self.seen.append(list(texts))
        return super().read(question, texts, check)


def reading(documents, hits, question="How many came?"):
    return Reading(
        Shelf(documents, hits), RecordingReader(), question, hits, n_best=5, max_answer_tokens=30
    )


def read_all(documents, hits):
    made = reading(documents, hits)
    while not made.is_exhausted:
        made.read_on(lambda: None)
    return made


def texts(document, made):
    return [document.document.text[text.start : text.end] for text in made.texts]


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (2, 2, "b. c. d."),
        (1, 2, "a. b. c. d."),
        (0, 0, "a. b."),
        (4, 4, "d. e."),
        (0, 4, "a. b. c. d. e."),
    ],
)
def test_a_passage_is_read_with_one_sentence_on_each_side(first, last, expected):
    document = stored("a.", "b.", "c.", "d.", "e.")
    start, end = reading_range(document, hit(document, first, last))
    assert document.document.text[start:end] == expected


def test_a_document_of_one_sentence_is_read_as_it_is():
    document = stored("a.")
    assert reading_range(document, hit(document, 0)) == TextRange(0, 2)


@pytest.mark.parametrize(
    ("debris", "expected"),
    [
        ([1], "c. d."),
        ([3], "b. c."),
        ([1, 3], "c."),
        ([0], "b. c. d."),
        ([4], "b. c. d."),
        ([0, 4], "b. c. d."),
        ([0, 1, 3, 4], "c."),
    ],
)
def test_reading_does_not_go_across_debris(debris, expected):
    document = stored("a.", "b.", "c.", "d.", "e.", debris=debris)
    middle = [document.document.text[slice(*s)] for s in document.sentences].index("c.")
    start, end = reading_range(document, hit(document, middle))
    assert document.document.text[start:end] == expected


def test_debris_that_touches_the_passage_is_not_read():
    touching = stored("a.", "b.", "c.")
    document = StoredDocument(
        document=touching.document,
        excluded=(TextRange(2, 3), TextRange(5, 6)),
        sentences=touching.sentences,
        generation=7,
        added_at=touching.added_at,
        current=True,
    )
    assert reading_range(document, hit(document, 1)) == TextRange(3, 5)


def test_a_passage_beside_another_one_is_read_without_its_sentences():
    document = stored("a.", "b.", "c.", "d.", "e.")
    made = read_all([document], [hit(document, 1), hit(document, 2, passage_id=2)])
    assert texts(document, made) == ["a. b.", "c. d."]


def test_a_neighbour_is_read_with_the_better_passage():
    document = stored("a.", "b.", "c.", "d.", "e.")
    made = read_all([document], [hit(document, 3), hit(document, 1, passage_id=2)])
    assert texts(document, made) == ["c. d. e.", "a. b."]


@given(st.permutations(range(12)), st.integers(1, 12))
def test_no_sentence_is_read_twice_and_none_of_a_hit_is_missed(order, taken):
    document = stored(*(f"{chr(97 + n)}." for n in range(12)))
    hits = [hit(document, n, passage_id=n) for n in order[:taken]]
    made = read_all([document], hits)
    read = Counter(sentence for text in texts(document, made) for sentence in text.split())
    assert max(read.values()) == 1
    assert {f"{chr(97 + n)}." for n in order[:taken]} <= read.keys()
    neighbours = {m for n in order[:taken] for m in (n - 1, n, n + 1)}
    assert read.keys() <= {f"{chr(97 + n)}." for n in neighbours}


@pytest.mark.parametrize("most", [5, 7, 10, 20, 33])
def test_what_is_read_first_does_not_depend_on_how_much_may_be_read(most):
    document = stored(*(f"{n}." for n in range(40)))
    hits = [hit(document, (7 * n) % 40, passage_id=n) for n in range(40)]
    every, fewer = read_all([document], hits), read_all([document], hits[:most])
    whole = [n for n in ROUNDS if n <= most]
    read = whole[-1]
    assert every.texts[:read] == [
        dataclasses.replace(text, by=of_all.by)
        for text, of_all in zip(fewer.texts[:read], every.texts, strict=False)
    ]
    assert fewer.read == most


def test_rounds_read_on_where_the_last_one_ended():
    document = stored(*(f"{n} came." for n in range(30)))
    made = reading([document], [hit(document, n, passage_id=n) for n in range(12)])
    seen = []
    while not made.is_exhausted:
        made.read_on(lambda: None)
        seen.append((made.read, made.rounds, len(made.texts)))
    # Sentences 5 and 10 had been read as neighbours.
    assert seen == [(5, 1, 5), (10, 2, 9), (12, 3, 10)]


def test_candidates_stand_in_the_document():
    document = stored("Nobody came.", "Then 14 came.", "And 3 left.")
    made = read_all([document], [hit(document, 1)])
    best = max(made.candidates, key=lambda candidate: candidate.score)
    assert document.document.text[best.start : best.end] == best.quote
    assert best.quote in {"14", "3"}
    assert best.margin == best.score - best.null_score


def test_the_sides_that_found_a_passage_are_named():
    document = stored("a.", "b.", "c.")
    near = dataclasses.replace(hit(document, 0), similarity=0.8, lexical=0.0)
    worded = dataclasses.replace(hit(document, 2, passage_id=2), similarity=0.3, lexical=9.0)
    made = read_all([document], [near, worded])
    assert [text.by for text in made.texts] == [("meaning",), ("words",)]


def test_a_library_whose_text_is_not_what_was_found_is_not_read():
    document, other = stored("It rained."), stored("xIt rained.")
    shelf = Shelf([document], [hit(document, 0)])
    shelf.stored_document = lambda *_: other
    made = Reading(shelf, FakeReader(), "Who?", [hit(document, 0)], 5, 30)
    with pytest.raises(FalseCitation):
        made.read_on(lambda: None)


def test_what_the_check_raises_ends_the_reading():
    def check():
        raise RequestCancelled("The request was cancelled.", "Ask again.")

    document = stored("It rained.")
    with pytest.raises(RequestCancelled):
        reading([document], [hit(document, 0)]).read_on(check)


def test_the_sentences_of_the_best_spans_are_read_alone():
    numbers = [f"Then {n} came." for n in range(10, 18)]
    document = stored("It rained.", *numbers, "It stopped.")
    made = read_all([document], [hit(document, 0, 9)])
    text, alone = made.reader.seen
    assert text == [document.document.text]
    best = sorted(made.candidates, key=lambda c: -c.score)
    of_best = list(dict.fromkeys(document.document.text[slice(*c.sentence)] for c in best))
    assert alone == of_best[:ALONE]
    for candidate in made.candidates:
        sentence = document.document.text[slice(*candidate.sentence)]
        if sentence in alone:
            ((window,),) = FakeReader().read("How many came?", [sentence], lambda: None)
            begin = candidate.sentence.start
            first = window.offsets[:, 0].tolist().index(candidate.start - begin)
            last = window.offsets[:, 1].tolist().index(candidate.end - begin)
            assert made.score_alone(candidate) == window.start[first] + window.end[last]
        else:
            assert made.score_alone(candidate) == candidate.score
    assert any(made.score_alone(c) < c.score for c in made.candidates)


def test_no_sentence_is_read_alone_twice():
    document = stored(*(f"Then {n} came." for n in range(10, 50)))
    hits = [hit(document, 4 * n, passage_id=n) for n in range(10)]
    made = reading([document], hits)
    made.read_on(lambda: None)
    before = [made.score_alone(c) for c in made.candidates]
    made.read_on(lambda: None)
    alone = [text for texts in made.reader.seen for text in texts if text.count(".") == 1]
    assert len(alone) == len(set(alone)) >= ALONE
    assert [made.score_alone(c) for c in made.candidates[: len(before)]] == before


@pytest.mark.parametrize("sentences", [["Then 14 came."], ["Then 14 came and " * 40 + "left."]])
def test_a_text_that_is_one_sentence_is_not_read_again(sentences):
    document = stored(*sentences)
    made = read_all([document], [hit(document, 0)])
    assert made.reader.seen == [[document.document.text]]
    assert [made.score_alone(c) for c in made.candidates] == [c.score for c in made.candidates]
