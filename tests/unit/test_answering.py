"""Answers are quotes that stand where they are said to, and no part of a sentence is lost."""

import hashlib
from dataclasses import replace
from itertools import pairwise

import pytest
from fakes import FakeReader

from index.search import SearchResult
from index.types import Document, Hit, StoredDocument, TextRange
from service.answering import (
    MAX_QUESTION_CHARACTERS,
    Answerer,
    Candidate,
    check_question,
    cite,
    merge,
    reading_range,
)
from service.errors import EmptyQuestion, FalseCitation, QuestionTooLong, RequestCancelled
from service.types import Span

QUESTION = "How many Libyans were displaced?"
PARAGRAPH = (
    "Talks began in Moscow on Monday.",
    "The fighting displaced at least 146,000 Libyans since April.",
    "The delegations left late at night.",
)


def stored(*sentences, document_id="talks.txt", debris=()):
    """A document of these sentences, a space between two; those numbered in `debris` are debris."""
    text = " ".join(sentences)
    ranges, at = [], 0
    for sentence in sentences:
        ranges.append(TextRange(at, at + len(sentence)))
        at += len(sentence) + 1
    document = Document(
        document_id=document_id,
        text=text,
        revision=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        title=f"Title of {document_id}",
        source_url="https://news.example/talks",
        published_at="2020-01-13",
        published_at_source="sidecar",
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=text.encode(),
    )
    return StoredDocument(
        document=document,
        excluded=tuple(r for i, r in enumerate(ranges) if i in debris),
        sentences=tuple(r for i, r in enumerate(ranges) if i not in debris),
        generation=7,
        added_at="2020-01-14T00:00:00+00:00",
        current=True,
    )


def hit(document, first, last=None, passage_id=1):
    """A hit on the passage from one sentence to another; debris is no sentence."""
    start = document.sentences[first].start
    end = document.sentences[first if last is None else last].end
    return Hit(
        passage_id=passage_id,
        document_id=document.document.document_id,
        revision=document.document.revision,
        title=document.document.title,
        start=start,
        end=end,
        text=document.document.text[start:end],
        score=0.5,
        similarity=0.75,
        lexical=3.0,
    )


class Shelf:
    """A library in memory: finds the hits that it was given."""

    def __init__(self, documents, hits):
        self._documents = {(d.document.document_id, d.document.revision): d for d in documents}
        self._hits = hits
        self.searched = []

    def search(self, query, limit, filters=None):
        self.searched.append((query, limit, filters))
        return SearchResult(self._hits[:limit], generation=7)

    def stored_document(self, document_id, revision):
        return self._documents[document_id, revision]


def answerer(documents, hits):
    return Answerer(Shelf(documents, hits), FakeReader())


def ask(documents, hits, question=QUESTION, **options):
    return answerer(documents, hits).answer(question, **options)


def places(answer_set):
    return [
        (c.document_id, c.start_char_index, c.end_char_index)
        for answer in answer_set.answers
        for c in answer.citations
    ]


@pytest.fixture
def talks():
    return stored(*PARAGRAPH)


@pytest.fixture
def many():
    """Five documents, each with its own number, and a hit on each."""
    documents = [
        stored(
            f"Report {chr(97 + i)} is out.",
            f"It says that {i + 3}4,000 Libyans were displaced{' again' * i}.",
            document_id=f"{chr(97 + i)}.txt",
        )
        for i in range(5)
    ]
    return documents, [hit(d, 0, 1, passage_id=i) for i, d in enumerate(documents)]


def test_a_citation_gives_the_place_in_the_document(talks):
    found = ask([talks], [hit(talks, 1, passage_id=12)])
    (citation,) = found.answers[0].citations
    start = talks.document.text.index("146,000")
    assert (found.status, found.answers[0].answer, found.generation) == ("answered", "146,000", 7)
    assert (citation.start_char_index, citation.end_char_index) == (start, start + len("146,000"))
    assert citation.cited_text == "146,000"
    assert (citation.document_id, citation.passage_id) == ("talks.txt", 12)
    assert citation.revision == talks.document.revision


def test_a_citation_names_the_document(talks):
    (citation,) = ask([talks], [hit(talks, 1)]).answers[0].citations
    assert citation.document_title == "Title of talks.txt"
    assert citation.source_url == "https://news.example/talks"
    assert (citation.published_at, citation.published_at_source) == ("2020-01-13", "sidecar")


def test_before_and_after_are_the_rest_of_the_sentence(talks):
    (citation,) = ask([talks], [hit(talks, 0, 2)]).answers[0].citations
    assert citation.before == "The fighting displaced at least "
    assert citation.after == " Libyans since April."


def test_a_quote_at_the_edges_of_its_sentence_has_nothing_beside_it():
    document = stored("Nobody came.", "146,000", "Nobody left.")
    (citation,) = ask([document], [hit(document, 0, 2)]).answers[0].citations
    assert (citation.before, citation.cited_text, citation.after) == ("", "146,000", "")


def test_a_quote_over_two_sentences_has_the_rest_of_both(talks):
    text = talks.document.text
    span = Span(text.index("since April"), text.index(" late"), 1.0)
    citation = cite(Candidate(talks, hit(talks, 1), span, "since April. The delegations left"))
    assert citation.before == "The fighting displaced at least 146,000 Libyans "
    assert citation.after == " late at night."


def test_offsets_count_code_points():
    document = stored("\U0001f600 Caf\u00e9s in \u6771\u4eac closed.", PARAGRAPH[1])
    (citation,) = ask([document], [hit(document, 1)]).answers[0].citations
    text = document.document.text
    assert citation.start_char_index == text.index("146,000")
    assert text[citation.start_char_index : citation.end_char_index] == "146,000"


def test_every_citation_quotes_its_document(many):
    documents, hits = many
    texts = {d.document.document_id: d.document.text for d in documents}
    found = ask(documents, hits, top_k=20)
    assert {a.answer for a in found.answers} >= {"34,000", "44,000", "54,000", "64,000", "74,000"}
    for answer in found.answers:
        for citation in answer.citations:
            text = texts[citation.document_id]
            quote = text[citation.start_char_index : citation.end_char_index]
            assert quote == citation.cited_text == answer.answer
            start = citation.start_char_index - len(citation.before)
            assert text[start:].startswith(citation.before + quote + citation.after)


def test_a_neighbours_sentence_is_read_too(talks):
    found = ask([talks], [hit(talks, 2)])
    assert (found.status, found.answers[0].answer) == ("answered", "146,000")


def test_a_sentence_behind_debris_is_not_read():
    document = stored(*PARAGRAPH[:2], "Share this article", PARAGRAPH[2], debris=[2])
    assert ask([document], [hit(document, 2)]).status == "no_answer"


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


def test_what_is_found_through_two_passages_is_answered_once(talks):
    passages = [hit(talks, i, passage_id=i) for i in range(3)]
    found = ask([talks], passages, top_k=50)
    start = talks.document.text.index("146,000")
    assert places(found).count(("talks.txt", start, start + 7)) == 1
    in_order = sorted(place[1:] for place in places(found))
    assert all(one[1] <= following[0] for one, following in pairwise(in_order))


def test_of_overlapping_candidates_the_better_one_stays(talks):
    def candidate(start, end, score):
        quote = talks.document.text[start:end]
        return Candidate(talks, hit(talks, 1), Span(start, end, score), quote)

    worse, better, apart = candidate(5, 9, 1.0), candidate(8, 12, 2.0), candidate(12, 15, 0.5)
    assert merge([worse, apart, better]) == [better, apart]


def test_equal_offsets_in_different_documents_do_not_overlap(talks):
    copy = stored(*PARAGRAPH, document_id="copy.txt")
    found = ask([talks, copy], [hit(talks, 1), hit(copy, 1, passage_id=2)], top_k=50)
    start = talks.document.text.index("146,000")
    assert {p for p in places(found) if p[1] == start} == {
        ("copy.txt", start, start + 7),
        ("talks.txt", start, start + 7),
    }


def test_fewer_answers_are_the_first_of_more(many):
    documents, hits = many
    full = ask(documents, hits, top_k=12)
    assert len(full.answers) == 5
    for top_k in range(1, 6):
        found = ask(documents, hits, top_k=top_k)
        assert found.answers == full.answers[:top_k]
        assert (found.status, found.no_answer_score) == (full.status, full.no_answer_score)


def test_answers_come_best_first_and_each_exceeds_the_threshold(many):
    documents, hits = many
    # Two points of score from one passage to the next.
    shelf = Shelf(documents, [replace(h, similarity=0.9 - n / 10) for n, h in enumerate(hits)])
    every = Answerer(shelf, FakeReader(), threshold=-100.0).answer(QUESTION, top_k=50)
    scores = [answer.score for answer in every.answers]
    assert scores == pytest.approx([scores[0], scores[0] - 2, scores[0] - 4])
    for threshold in (scores[0], scores[len(scores) // 2], scores[-1]):
        found = Answerer(shelf, FakeReader(), threshold=threshold).answer(QUESTION, top_k=50)
        assert list(found.answers) == [a for a in every.answers if a.score > threshold]
        assert found.no_answer_score == threshold - scores[0]


def test_no_answer_does_not_depend_on_top_k(many):
    documents, hits = many
    found = {
        (a.status, tuple(a.answers), a.no_answer_score)
        for a in (ask(documents, hits, "When was it?", top_k=k) for k in (1, 2, 20))
    }
    ((status, answers, score),) = found
    assert (status, answers) == ("no_answer", ())
    assert score is not None


def test_without_hits_there_is_no_answer():
    found = ask([], [])
    assert (found.status, found.answers, found.no_answer_score) == ("no_answer", [], None)
    assert found.generation == 7


def test_only_so_many_passages_are_read(many):
    documents, hits = many
    shelf = Shelf(documents, hits)
    found = Answerer(shelf, FakeReader()).answer(QUESTION, top_k=50, max_passages=2)
    assert shelf.searched == [(QUESTION, 2, None)]
    assert {document_id for document_id, *_ in places(found)} == {"a.txt", "b.txt"}


@pytest.mark.parametrize("question", ["", " ", "\n\t \u00a0"])
def test_an_empty_question_is_refused(talks, question):
    with pytest.raises(EmptyQuestion):
        ask([talks], [hit(talks, 1)], question)


def test_a_question_over_the_limit_is_refused(talks):
    with pytest.raises(QuestionTooLong, match=r"1,001 characters; the limit is 1,000"):
        ask([talks], [hit(talks, 1)], "w" * (MAX_QUESTION_CHARACTERS + 1))


def test_space_around_a_question_does_not_count():
    longest = "w" * MAX_QUESTION_CHARACTERS
    assert check_question(f" {longest}\n") == longest


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_quote_that_stands_elsewhere_is_never_cited(talks, shift):
    start = talks.document.text.index("146,000") + shift
    candidate = Candidate(talks, hit(talks, 1), Span(start, start + 7, 9.0), "146,000")
    with pytest.raises(FalseCitation, match=r"doesn't say '146,000'"):
        cite(candidate)


def test_an_empty_quote_is_never_cited(talks):
    with pytest.raises(FalseCitation):
        cite(Candidate(talks, hit(talks, 1), Span(5, 5, 9.0), ""))


def test_a_library_whose_text_is_not_what_was_found_is_not_cited(talks):
    shifted = stored(f"x{PARAGRAPH[0]}", *PARAGRAPH[1:])
    shelf = Shelf([talks], [hit(talks, 1)])
    shelf.stored_document = lambda *_: shifted
    with pytest.raises(FalseCitation):
        Answerer(shelf, FakeReader()).answer(QUESTION)


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_what_the_check_raises_ends_the_work(many, calls):
    made = []

    def check():
        made.append(None)
        if len(made) == calls:
            raise RequestCancelled("The request was cancelled.", "Ask again.")

    documents, hits = many
    shelf = Shelf(documents, hits)
    with pytest.raises(RequestCancelled):
        Answerer(shelf, FakeReader()).answer(QUESTION, check=check)
    assert len(made) == calls
    assert len(shelf.searched) == (calls > 1)


def test_each_stage_is_timed(talks):
    timings = ask([talks], [hit(talks, 1)]).timings_ms
    stages = {stage: ms for stage, ms in timings.items() if stage != "total"}
    assert stages.keys() >= {"search", "read", "cite"}
    assert all(ms >= 0 for ms in stages.values())
    assert timings["total"] == pytest.approx(sum(stages.values()), abs=0.01)
