"""What speaks for each candidate is told as numbers."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from shelf import hit, stored

from service.calibration import FEATURES
from service.candidates import Candidate
from service.considering import consider
from service.covering import QuestionWords

QUESTION = "Who displaced the Libyans?"
SENTENCES = ("Fighting displaced Libyans.", "Talks began in Moscow.")


def candidate(document, found, quote, score=6.0, null_score=2.0):
    start = document.document.text.index(quote)
    return Candidate(document, found, start, start + len(quote), quote, score, null_score)


def considered(candidates, asked="quote", hits=None):
    reading = SimpleNamespace(
        candidates=candidates,
        hits=hits or [c.hit for c in candidates],
        texts=[SimpleNamespace(null_score=2.0), SimpleNamespace(null_score=3.0)],
        score_alone=lambda candidate: candidate.score + 0.5,
    )
    return consider(reading, QuestionWords(QUESTION), asked)


def feature(found, name):
    return found.features[:, FEATURES.index(name)].tolist()


@pytest.fixture
def document():
    return stored(*SENTENCES)


def test_each_feature_is_in_its_column(document):
    first = replace(hit(document, 0), lexical=8.0, similarity=0.5, score=0.9)
    second = replace(hit(document, 1), lexical=2.0, similarity=0.25, score=0.1)
    found = considered(
        [candidate(document, first, "Fighting"), candidate(document, second, "Moscow", 5, 3)]
    )
    assert feature(found, "span") == [6, 5]
    assert feature(found, "alone") == [6.5, 5.5]
    assert feature(found, "null") == [2, 3]
    assert feature(found, "similarity") == [0.5, 0.25]
    assert feature(found, "lexical") == [1, 0.25]
    assert feature(found, "fused") == [0.9, 0.1]
    assert feature(found, "coverage") == [1, 0]
    assert feature(found, "crossing") == [0, 0]
    assert found.nulls.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("asked", "expected"), [("quote", 1), ("why", 0), ("how", 0), ("yes_no", 0), ("list", 0)]
)
def test_a_quote_runs_over_a_sentence_s_end_and_evidence_may(document, asked, expected):
    found = considered([candidate(document, hit(document, 0, 1), "Libyans. Talks")], asked)
    assert feature(found, "crossing") == [expected]


def test_passages_after_the_first_ten_change_no_feature(document):
    hits = [replace(hit(document, 0), passage_id=n, lexical=4.0) for n in range(10)]
    strong = replace(hit(document, 0), passage_id=10, lexical=8.0)
    found = considered([candidate(document, hits[0], "Fighting")], hits=[*hits, strong])
    assert feature(found, "lexical") == [1]


def test_without_candidates_there_is_nothing_to_weigh(document):
    found = considered([], hits=[hit(document, 0)])
    assert found.features.shape == (0, len(FEATURES))
    assert found.groups.shape == found.support.shape == (0,)
