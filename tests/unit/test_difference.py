"""Answers differ only if each is what its document answers, and both can't be true."""

import numpy as np
import pytest
from shelf import PLAIN, hit, stored

from index.types import Hit
from service.agreement import claims_of, group
from service.calibration import FEATURES
from service.candidates import Candidate
from service.considering import Considered
from service.difference import BARS, GAP, sides
from service.weighing import weigh

QUESTION = "How many Libyans were displaced?"
SENTENCE = "They are {} Libyans."
EDITED = "The fighting displaced {} Libyans since April, they said."


def candidate(quote, score=10.0, document_id=None, sentence=SENTENCE, null_score=2.0):
    document = stored(sentence.format(quote), document_id=document_id or f"{quote}.txt")
    start = sentence.index("{")
    found: Hit = hit(document, 0)
    return Candidate(document, found, start, start + len(quote), quote, score, null_score)


def differing(candidates, question=QUESTION, coverage=None, asked="quote", spans=None):
    """Quotes of the sides that differ from the best answer."""
    claims = claims_of(candidates)
    groups = group(candidates, claims, asked)
    features = np.zeros((len(candidates), len(FEATURES)))
    features[:, FEATURES.index("span")] = spans or [c.score for c in candidates]
    features[:, FEATURES.index("null")] = [c.null_score for c in candidates]
    features[:, FEATURES.index("coverage")] = coverage or [1.0] * len(candidates)
    considered = Considered(
        asked=asked,
        hits=[c.hit for c in candidates],
        candidates=candidates,
        claims=claims,
        features=features,
        groups=groups,
        support=np.ones(int(groups.max(initial=-1)) + 1, dtype=np.int64),
        nulls=np.array([c.null_score for c in candidates]),
        is_foreign=False,
    )
    weighed = weigh(considered, PLAIN)
    return [
        weighed.considered.candidates[weighed.lead(number)].quote
        for number in sides(weighed, question)
    ]


def test_figures_of_two_documents_differ():
    told = [candidate("146,000", 10.0), candidate("120,000", 9.0)]
    assert differing(told) == ["120,000"]
    assert differing(told[::-1]) == ["120,000"]


def test_a_bound_and_a_figure_differ_as_reports():
    assert differing([candidate("more than 120,000", 10), candidate("146,000", 9)]) == ["146,000"]


def test_every_side_is_named_most_probable_first():
    told = [candidate("146,000", 9), candidate("120,000", 10), candidate("90,000", 9.5)]
    assert differing(told) == ["90,000", "146,000"]


@pytest.mark.parametrize("other", ["146 000", "146,000 people", "about 140,000", "Tripoli"])
def test_what_agrees_or_cant_be_compared_does_not_differ(other):
    assert differing([candidate("146,000", 10), candidate(other, 9)]) == []


def test_two_numbers_of_one_document_do_not_differ():
    told = [candidate("146,000", 10, "a.txt"), candidate("120,000", 9, "a.txt")]
    assert differing(told) == []


def test_a_document_speaks_for_its_best_candidate_alone():
    told = [
        candidate("146,000", 10, "a.txt"),
        candidate("120,000", 9, "b.txt"),
        candidate("146,000", 9.5, "b.txt"),
    ]
    assert differing(told) == []


def test_another_kind_than_is_asked_for_does_not_differ():
    told = [candidate("Sunday"), candidate("Monday", 9)]
    assert differing(told, "When did it start?") == ["Monday"]
    assert differing(told, QUESTION) == []


@pytest.mark.parametrize("asked", ["yes_no", "why", "how", "list"])
def test_evidence_does_not_differ(asked):
    assert differing([candidate("146,000"), candidate("120,000", 9)], asked=asked) == []


def test_a_side_is_not_far_less_probable():
    best = candidate("146,000", 10.0)
    behind = BARS["number"].behind
    assert behind < GAP
    assert differing([best, candidate("120,000", 10.0 - behind)]) == ["120,000"]
    assert differing([best, candidate("120,000", 10.0 - behind - 0.01)]) == []


def test_a_side_answers_the_question_itself():
    least = 2.0 + BARS["number"].margin
    best = candidate("146,000", least + 2)
    assert differing([best, candidate("120,000", least)]) == ["120,000"]
    assert differing([best, candidate("120,000", least - 0.01)]) == []


def test_a_side_that_is_level_needs_less():
    least = 2.0 + BARS["number"].level
    best = candidate("146,000", least + 1)
    assert differing([best, candidate("120,000", least)]) == ["120,000"]
    assert differing([best, candidate("120,000", least - 0.01)]) == []
    # One that covers less of the question isn't level.
    assert differing([best, candidate("120,000", least)], coverage=[1.0, 0.9]) == []


@pytest.mark.parametrize(
    ("kind", "quotes", "question"),
    [
        ("number", ("146,000", "120,000"), QUESTION),
        ("date", ("2011", "2012"), "When was it?"),
        ("name", ("Moscow", "Berlin"), "Where was it?"),
    ],
)
def test_a_side_covers_as_much_of_the_question(kind, quotes, question):
    told = [candidate(quotes[0], 10), candidate(quotes[1], 9.5)]
    enough = BARS[kind].coverage
    assert differing(told, question, [1.0, enough]) == [quotes[1]]
    assert differing(told, question, [1.0, enough - 0.01]) == []


def test_a_sentence_that_gives_both_does_not_differ():
    best = candidate("Erdogan", 10, sentence="They met {} there.")
    both = "It was proposed by Putin and Erdogan."
    rival = candidate("Putin", 9, "b.txt", "It was proposed by {} and Erdogan.")
    start = both.index("Erdogan")
    beside = Candidate(rival.document, rival.hit, start, start + 7, "Erdogan", 8.0, 2.0)
    question = "Who proposed it?"
    assert differing([best, rival], question) == ["Putin"]
    assert differing([best, rival, beside], question) == []


def edited(quote, margin, sentence=EDITED, document_id=None):
    return candidate(quote, margin + 2.0, document_id, sentence)


def test_a_value_that_was_changed_in_a_copied_sentence_differs():
    best = edited("146,000", 1.0)
    assert differing([best, edited("120,000", 1.0 - GAP)]) == ["120,000"]
    assert differing([best, edited("120,000", 0.99 - GAP)]) == []
    assert differing([best, edited("120,000", 0.0)], coverage=[1.0, 0.9]) == []


@pytest.mark.parametrize(
    ("sentence", "is_found"),
    [
        ("The fighting has displaced {} Libyans since April, they said.", True),
        ("The fighting displaced {} more Libyans since April, they said.", True),
        ("The fighting displaced some {} more Libyans since April, they said.", False),
        ("Heavy fighting had displaced {} Libyans since April.", False),
        ("{} Libyans.", False),
    ],
)
def test_a_copied_sentence_is_much_the_same(sentence, is_found):
    told = [edited("146,000", 4.0), edited("120,000", 0.1, sentence)]
    assert differing(told) == ["120,000"] * is_found


def test_few_words_are_no_copied_sentence():
    told = [edited("146,000", 4.0, "Of {} Libyans."), edited("120,000", 0.1, "Of {} Libyans.")]
    assert differing(told) == []


def test_in_a_copied_sentence_a_document_need_not_speak_for_it():
    told = [
        edited("146,000", 4.0),
        edited("120,000", 0.1, document_id="b.txt"),
        candidate("Tripoli", 3.0, "b.txt"),
    ]
    assert differing(told) == ["120,000"]
    agreeing = candidate("146,000", 3.0, "b.txt")
    assert differing([*told[:2], agreeing]) == []


def test_nothing_read_does_not_differ():
    assert differing([]) == []


def test_a_rival_is_compared_with_the_strongest_report_of_the_best_answer():
    behind = BARS["number"].behind
    for stronger, expected in ((8 + behind, ["120,000"]), (8.5 + behind, [])):
        told = [
            candidate("146,000", 8.0, "a.txt"),
            candidate("146,000", stronger, "b.txt"),
            candidate("120,000", 8.0),
        ]
        assert differing(told, spans=[12, 11, 10]) == expected
