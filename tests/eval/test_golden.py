"""The golden questions, asked of the sample documents with the real models.

Every citation must stand where it is said to, and what is answered or refused must not be worse
than the stored figures beyond noise (`scripts/check_figures.py --write` stores them).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from samples import SEEDS

from index.collection import CollectionStore
from service import wiring
from service.metrics import is_loss, score
from service.observing import RIGHT
from service.settings import Settings
from service.types import AnswerSet
from service.wiring import Components

KINDS = ("answer", "differing", "yes_no", "near_miss", "off_topic")
TOP_K = 10

ANSWERABLE = ("answer", "differing", "yes_no")
STORED = json.loads(Path(__file__).with_name("figures.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Asked:
    """A golden question and what was answered."""

    question: dict[str, object]
    answers: AnswerSet
    golds: list[tuple[str, str]]

    @property
    def rank(self) -> int | None:
        """Place of the first right answer, from 0."""
        for place, answer in enumerate(self.answers.answers):
            if any(is_right(answer.answer, quote) for _, quote in self.golds):
                return place
        return None


def is_right(answer: str, gold: str) -> bool:
    """Whether an answer shares half its words with a gold one."""
    return score(answer, [gold]).f1 >= RIGHT


@pytest.fixture(scope="module")
def components(seeds_data: Path) -> Iterator[Components]:
    loaded = wiring.load(Settings(data_dir=seeds_data), CollectionStore(seeds_data))
    yield loaded
    loaded.collections.close()


@pytest.fixture(scope="module")
def asked(components: Components) -> list[Asked]:
    answerer = components.answerer("default")
    lines = (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line) for line in lines]
    return [
        Asked(
            question,
            answerer.answer(question["question"], top_k=TOP_K),
            [(gold["document"], gold["quote"]) for gold in question["gold"]],
        )
        for question in questions
    ]


def test_every_citation_stands_where_it_is_said_to(
    components: Components, asked: list[Asked]
) -> None:
    catalog = components.collections.catalog("default")
    citations = [c for one in asked for a in one.answers.answers for c in a.citations]
    assert len(citations) > len(asked)
    with catalog.snapshot() as snapshot:
        for citation in citations:
            text = snapshot.stored_document(citation.document_id, citation.revision).document.text
            assert text == (SEEDS / citation.document_id).read_bytes().decode()
            assert text[citation.start_char_index : citation.end_char_index] == citation.cited_text
            sentence = citation.before + citation.cited_text + citation.after
            assert text.startswith(sentence, citation.start_char_index - len(citation.before))


def test_no_answer_is_worse_than_the_stored_figures(asked: list[Asked]) -> None:
    assert {one.question["kind"] for one in asked} == set(KINDS)
    answerable = [one for one in asked if one.question["kind"] in ANSWERABLE]
    others = [one for one in asked if one.question["kind"] not in ANSWERABLE]
    right = [float(one.rank == 0) for one in answerable]
    refused = [float(one.answers.status == "no_answer") for one in others]
    assert len(right) + len(refused) == len(asked)
    assert not is_loss(right, STORED["golden: right first"]["values"])
    assert not is_loss(refused, STORED["golden: refused"]["values"])


def test_both_sides_of_what_differs_are_among_the_answers(asked: list[Asked]) -> None:
    """The first reader had 6 of 29; less three, to catch a loss and not a different machine."""
    differing = [one for one in asked if one.question["kind"] == "differing"]
    sides = [
        any(is_right(answer.answer, quote) for answer in one.answers.answers)
        for one in differing
        for _, quote in one.golds
    ]
    assert len(sides) == 29
    assert sum(sides) >= 3
