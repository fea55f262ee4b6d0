"""Generated contradictions change the answer and nothing else, and are found only if both stand."""

import json
import random
from types import SimpleNamespace

import pytest
from asked_collections import Limited
from changed_copies import changed_date, changed_number, is_found, make_pairs

from index.search import SearchResult


@pytest.mark.parametrize("answer", ["146,000", "about 27 people", "5.25 km", "$30 million", "12%"])
def test_a_changed_number_keeps_its_form(answer):
    for seed in range(20):
        changed = changed_number(answer, random.Random(seed))
        assert changed != answer
        strip = str.maketrans("", "", "0123456789,.")
        assert changed.translate(strip) == answer.translate(strip)
        assert ("." in changed) == ("." in answer)


@pytest.mark.parametrize("answer", ["seven", "2011", "5 of 12", "none"])
def test_what_is_no_single_number_is_left_alone(answer):
    assert changed_number(answer, random.Random(0)) is None


def test_a_changed_date_has_another_month_or_year():
    for seed in range(20):
        rng = random.Random(seed)
        changed = changed_date("January 13, 2020", rng)
        assert changed.endswith(" 13, 2020")
        assert not changed.startswith("January")
        year = changed_date("in 1897", rng)
        assert year.startswith("in ")
        assert year != "in 1897"
    assert changed_date("last week", random.Random(0)) is None


@pytest.fixture
def questions(tmp_path):
    rows = []
    asked = [
        ("Some 146,000 people fled. All 146,000 left.", "How many people fled?", "146,000"),
        ("The mole was built in 1897.", "When was the mole built?", "1897"),
        ("Khalifa Haftar led it.", "Who led it?", "Khalifa Haftar"),
        ("Fayez Sarraj founded it.", "Who founded it?", "Fayez Sarraj"),
    ]
    for n, (context, question, answer) in enumerate(asked):
        answers = [{"text": answer, "answer_start": context.index(answer)}]
        qas = [{"id": f"{n}", "question": question, "answers": answers}]
        rows.append(json.dumps({"source": "m", "title": f"T{n}", "context": context, "qas": qas}))
    path = tmp_path / "asked.jsonl"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_a_pair_differs_in_its_answer_alone(questions):
    pairs = make_pairs(questions, 10)
    assert [pair.kind for pair in pairs] == ["number", "date", "name"]
    for pair in pairs:
        assert pair.answer not in pair.copy
        assert pair.copy.replace(pair.changed, pair.answer) == pair.text
    number = pairs[0]
    assert number.copy.count(number.changed) == 2
    assert {pairs[2].answer, pairs[2].changed} == {"Khalifa Haftar", "Fayez Sarraj"}
    assert make_pairs(questions, 10) == pairs


def told(status, *quotes):
    sides = [SimpleNamespace(answer=quote, is_side=True) for quote in quotes]
    return SimpleNamespace(status=status, answers=sides)


def test_a_pair_is_found_if_both_values_are_sides(questions):
    pair = make_pairs(questions, 1)[0]
    assert is_found(told("differing", pair.answer, f"about {pair.changed}"), pair)
    assert not is_found(told("differing", pair.answer, "7"), pair)
    assert not is_found(told("answered", pair.answer, pair.changed), pair)


class Found:
    """Finds documents by number, and remembers what it was asked."""

    def search(self, query, limit, filters=None):
        self.asked = (query, limit, filters)
        hits = [SimpleNamespace(document_id=f"{n}") for n in range(limit)]
        return SearchResult(hits, 3)


def test_a_document_taken_out_is_not_found():
    library = Limited(Found())
    library.without = frozenset({"1"})
    hits = library.search("q", 3).hits
    assert [hit.document_id for hit in hits] == ["0", "2", "3"]
    library.only = frozenset({"1", "2"})
    library.search("q", 3)
    assert library.collection.asked[2].document_ids == frozenset({"2"})
