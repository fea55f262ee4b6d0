"""Quotes are judged by F1, and evidence by whether it holds a gold answer."""

import pytest
from shelf import stored

from service.observing import is_right, is_right_at

SENTENCE = "The talks failed because Haftar asked for more time."


@pytest.mark.parametrize(
    ("answer", "golds", "expected"),
    [
        ("more time", ["more time"], True),
        ("for more time", ["more time"], True),
        ("asked for more time", ["time"], False),
        ("asked for more time", ["time", "for more time"], True),
        ("Moscow", ["more time"], False),
        ("more time", [], False),
    ],
)
def test_a_quote_shares_half_its_words_with_a_gold_answer(answer, golds, expected):
    assert is_right(answer, golds, is_evidence=False) is expected


@pytest.mark.parametrize(
    ("golds", "expected"),
    [
        (["Haftar asked for more time"], True),
        (["haftar asked for the more time."], True),
        (["afta"], False),
        (["The"], False),
        (["Moscow", "talks failed"], True),
        ([], False),
    ],
)
def test_evidence_holds_a_gold_answer(golds, expected):
    assert is_right(SENTENCE, golds, is_evidence=True) is expected


def test_a_span_is_judged_as_what_is_told_for_it():
    document = stored("Before.", SENTENCE, "After.")
    start = document.document.text.index("Haftar")
    span = (document, start, start + len("Haftar"))
    golds = ["asked for more time"]
    assert is_right_at(*span, "why", golds)
    assert not is_right_at(*span, "quote", golds)
    assert is_right_at(*span, "quote", ["Haftar"])
    assert not is_right_at(*span, "why", ["After"])
