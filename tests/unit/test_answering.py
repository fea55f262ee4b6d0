"""Answers are quotes that stand where they are said to; there is none where there is none."""

import datetime
from dataclasses import replace

import pytest
from fakes import FakeReader
from shelf import PLAIN, Shelf, hit, stored

from index.filters import Filters
from service.answering import MAX_QUESTION_CHARACTERS, Answerer, check_question
from service.errors import EmptyQuestion, FalseCitation, QuestionTooLong, RequestCancelled

QUESTION = "How many Libyans were displaced?"
PARAGRAPH = (
    "Talks began in Moscow on Monday.",
    "The fighting displaced at least 146,000 Libyans since April.",
    "The delegations left late at night.",
)


def answerer(documents, hits, **options):
    return Answerer(Shelf(documents, hits), FakeReader(), PLAIN, **options)


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
    """Twelve documents that give one number, each in words of its own, and a hit on each."""
    verbs = "left fled moved went ran rode flew sailed drove walked swam crept".split()
    documents = [
        stored(
            f"Report {n} about those who {verb}.",
            f"It says that 34,000 Libyans were displaced and {verb} to {verb}land{' far' * n}.",
            document_id=f"{n:02d}.txt",
        )
        for n, verb in enumerate(verbs)
    ]
    return documents, [hit(d, 0, 1, passage_id=i) for i, d in enumerate(documents)]


def test_an_answer_is_cited_in_its_document(talks):
    found = ask([talks], [hit(talks, 1, passage_id=12)])
    (answer,) = found.answers
    (citation,) = answer.citations
    start = talks.document.text.index("146,000")
    assert (found.status, answer.answer, found.generation) == ("answered", "146,000", 7)
    assert (citation.start_char_index, citation.end_char_index) == (start, start + len("146,000"))
    assert (citation.document_id, citation.passage_id) == ("talks.txt", 12)
    assert (answer.form, answer.support, answer.relation) == ("quote", 1, None)
    assert found.passages_read == 1


def test_the_confidence_is_the_calibration_s(talks):
    found = ask([talks], [hit(talks, 1)])
    # The reader gives 146,000 two and four more logits at either end, and the null token none;
    # PLAIN takes one off. What else the text holds is below by more than ten.
    text = talks.document.text.lower()
    start = text.index("146,000")
    words = ("many", "libyans", "were", "displaced")
    ends = [
        1 + sum(text[max(0, place - 60) : place + 61].count(word) for word in words)
        for place in (start, start + 6)
    ]
    odds = sum(ends) - 1.0
    assert found.answers[0].score == pytest.approx(odds, abs=0.01)
    assert found.no_answer_score == pytest.approx(-odds, abs=0.01)
    assert found.no_answer_probability == 1 - found.answers[0].confidence


def test_a_neighbours_sentence_is_read_too(talks):
    found = ask([talks], [hit(talks, 2)])
    assert (found.status, found.answers[0].answer) == ("answered", "146,000")


def test_a_sentence_behind_debris_is_not_read():
    document = stored(*PARAGRAPH[:2], "Share this article", PARAGRAPH[2], debris=[2])
    assert ask([document], [hit(document, 2)]).status == "no_answer"


def test_what_several_documents_say_is_one_answer(many):
    documents, hits = many
    found = ask(documents, hits, max_passages=5)
    assert [answer.answer for answer in found.answers] == ["34,000"]
    assert {document_id for document_id, *_ in places(found)} == {f"{n:02d}.txt" for n in range(5)}
    assert found.answers[0].support == 5


def test_every_citation_quotes_its_document(many):
    documents, hits = many
    texts = {d.document.document_id: d.document.text for d in documents}
    found = ask(documents, hits, "Who left?", min_confidence=0, top_k=50)
    assert len(found.answers) > 1
    for answer in found.answers:
        assert answer.answer == answer.citations[0].cited_text
        for citation in answer.citations:
            text = texts[citation.document_id]
            quote = text[citation.start_char_index : citation.end_char_index]
            assert quote == citation.cited_text
            start = citation.start_char_index - len(citation.before)
            assert text[start:].startswith(citation.before + quote + citation.after)


def test_fewer_answers_are_the_first_of_more(many):
    documents, hits = many
    full = ask(documents, hits, "Who left?", min_confidence=0, top_k=50)
    assert len(full.answers) > 2
    for top_k in range(1, len(full.answers)):
        found = ask(documents, hits, "Who left?", min_confidence=0, top_k=top_k)
        assert found.answers == full.answers[:top_k]
        assert (found.status, found.no_answer_score) == (full.status, full.no_answer_score)


@pytest.mark.parametrize("question", [QUESTION, "When was it?", "Who left?", "How many left?"])
def test_the_verdict_does_not_depend_on_top_k(many, question):
    documents, hits = many
    found = {
        (a.status, a.reason, a.no_answer_score, a.no_answer_probability, a.passages_read)
        for a in (ask(documents, hits, question, top_k=k) for k in range(1, 51))
    }
    assert len(found) == 1


def test_an_answer_less_sure_than_asked_is_none(talks):
    confidence = ask([talks], [hit(talks, 1)]).answers[0].confidence
    at = ask([talks], [hit(talks, 1)], min_confidence=confidence)
    above = ask([talks], [hit(talks, 1)], min_confidence=min(1.0, confidence + 1e-9))
    assert (at.status, above.status) == ("answered", "no_answer")
    assert (above.reason, above.answers) == ("low_confidence", [])
    assert above.no_answer_probability == pytest.approx(1 - confidence)


def test_the_answerer_s_own_least_confidence_holds_if_none_is_asked(talks):
    strict = answerer([talks], [hit(talks, 1)], min_confidence=1.0)
    assert strict.answer(QUESTION).status == "no_answer"
    assert strict.answer(QUESTION, min_confidence=0.5).status == "answered"


def test_without_an_answer_the_nearest_sentences_are_named(talks):
    found = ask([talks], [hit(talks, 0, 2)], "When were the Libyans displaced?")
    assert (found.status, found.reason) == ("no_answer", "low_confidence")
    assert [c.cited_text for c in found.closest] == [PARAGRAPH[1]]


def test_what_no_passage_is_about_is_told_apart(talks):
    far = replace(hit(talks, 0, 2), similarity=0.05)
    assert ask([talks], [far], "When did it rain?").reason == "nothing_relevant"
    foreign = ask([talks], [hit(talks, 0, 2)], "When did Napoleon cross the Alps?")
    assert (foreign.reason, foreign.closest[0].document_id) == ("nothing_relevant", "talks.txt")


def test_without_hits_there_is_no_answer():
    found = ask([], [])
    assert (found.status, found.answers, found.closest) == ("no_answer", [], [])
    assert (found.no_answer_score, found.no_answer_probability) == (None, 1.0)
    assert (found.reason, found.passages_read, found.generation) == ("nothing_relevant", 0, 7)


def test_reading_ends_when_a_round_changes_nothing(many):
    documents, hits = many
    found = ask(documents, hits, explain=True)
    assert (found.passages_read, found.explanation.rounds) == (10, 2)
    assert found.explanation.is_settled
    shelf = Shelf(documents, hits)
    assert Answerer(shelf, FakeReader(), PLAIN).answer(QUESTION, max_passages=2).passages_read == 2
    assert shelf.searched == [(QUESTION, 2, None)]


def test_reading_goes_on_while_the_answer_changes():
    documents = [
        stored(f"Then {n + 3}4,000 Libyans were displaced." if n > 5 else f"It rained on day {n}.")
        for n in range(12)
    ]
    documents = [
        replace(d, document=replace(d.document, document_id=f"{n}.txt"))
        for n, d in enumerate(documents)
    ]
    hits = [hit(d, 0, passage_id=n) for n, d in enumerate(documents)]
    found = ask(documents, hits, explain=True)
    assert (found.passages_read, found.explanation.rounds) == (12, 3)
    assert not ask(documents, hits[:10], explain=True).explanation.is_settled


def test_as_of_asks_no_later_document(talks):
    shelf = Shelf([talks], [hit(talks, 1)])
    asking = Answerer(shelf, FakeReader(), PLAIN)
    day, before = datetime.date(2020, 1, 10), datetime.date(2020, 1, 5)
    asking.answer(QUESTION, as_of=day)
    asking.answer(QUESTION, as_of=day, filters=Filters(published_before=before))
    asking.answer(QUESTION, as_of=before, filters=Filters(published_before=day))
    asked = [filters.published_before for _, _, filters in shelf.searched]
    assert asked == [day, before, before]


def test_documents_that_differ_are_all_answered_and_nothing_else_in_order_of_date():
    sentence = "The fighting displaced {} Libyans since April."
    tents = "Whoever came by boat, on foot or by bus from the south of it stays in one of 77 tents."
    told = [("b.txt", "2020-01-13", "146,000"), ("a.txt", "2020-01-14", "120,000")]
    documents = [
        stored(sentence.format(number), tents, document_id=name, published_at=day)
        for name, day, number in told
    ]
    hits = [hit(d, 0, 1, passage_id=n) for n, d in enumerate(documents)]
    for order, top_k in ((1, 1), (-1, 1), (1, 5), (-1, 5)):
        found = ask(documents, hits[::order], top_k=top_k, min_confidence=1e-6)
        assert found.status == "differing"
        assert [(a.answer, a.relation) for a in found.answers] == [
            ("146,000", "earlier"),
            ("120,000", "later"),
        ]


def test_a_why_question_gets_the_sentence(talks):
    found = ask([talks], [hit(talks, 1)], "Who was displaced, and why?", min_confidence=0)
    assert found.answers[0].form == "quote"
    why = answerer([talks], [hit(talks, 1)]).answer("Did 146,000 Libyans flee?", min_confidence=0)
    assert {answer.form for answer in why.answers} == {"evidence"}
    assert {answer.answer for answer in why.answers} <= set(PARAGRAPH)


def test_an_explanation_tells_what_was_weighed(talks):
    found = ask([talks], [hit(talks, 1, passage_id=12)], explain=True)
    explained = found.explanation
    (text,) = explained.texts
    assert (text.passage_id, text.start, text.end) == (12, 0, len(talks.document.text))
    assert text.null_score == 0
    best = explained.spans[0]
    assert (best.quote, best.group) == ("146,000", 0)
    assert best.features["span"] == pytest.approx(found.answers[0].score + 1, abs=0.01)
    assert explained.groups[0].why == "the most probable"
    total = sum(span.probability for span in explained.spans) + explained.none_probability
    assert total == pytest.approx(1)
    for number, group in enumerate(explained.groups):
        shares = [span.probability for span in explained.spans if span.group == number]
        assert group.probability == pytest.approx(sum(shares))
    assert ask([talks], [hit(talks, 1)]).explanation is None


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


def test_a_library_whose_text_is_not_what_was_found_is_not_cited(talks):
    shifted = stored(f"x{PARAGRAPH[0]}", *PARAGRAPH[1:])
    shelf = Shelf([talks], [hit(talks, 1)])
    shelf.stored_document = lambda *_: shifted
    with pytest.raises(FalseCitation):
        Answerer(shelf, FakeReader(), PLAIN).answer(QUESTION)


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
        Answerer(shelf, FakeReader(), PLAIN).answer(QUESTION, check=check)
    assert len(made) == calls
    assert len(shelf.searched) == (calls > 1)


def test_each_stage_is_timed(talks):
    timings = ask([talks], [hit(talks, 1)]).timings_ms
    stages = {stage: ms for stage, ms in timings.items() if stage != "total"}
    assert stages.keys() >= {"search", "read", "weigh", "cite"}
    assert all(ms >= 0 for ms in stages.values())
    assert timings["total"] == pytest.approx(sum(stages.values()), abs=0.01)


def test_what_is_neither_named_nor_near_is_refused_however_sure(talks):
    question = "How many Libyans were displaced to Peru?"
    near = hit(talks, 0, 2)
    far = replace(near, similarity=0.1)
    assert ask([talks], [near], question).status == "answered"
    assert ask([talks], [far], question).status == "answered"
    unnamed = replace(stored("Then 146,000 were displaced."))
    far = replace(hit(unnamed, 0), similarity=0.1)
    refused = ask([unnamed], [far], "How many were displaced in Peru?")
    assert (refused.status, refused.reason) == ("no_answer", "nothing_relevant")
    assert ask([unnamed], [far], "How many were displaced in Peru?", min_confidence=0).answers
