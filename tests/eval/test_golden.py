"""The golden questions, asked of the sample documents with the real models.

Every citation must stand where it is said to; the figures by kind are printed (`make eval`). The
floors are what was measured, less three questions: they catch a loss, not a different machine.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from samples import SEEDS

from index.collection import CollectionStore
from service import wiring
from service.settings import Settings
from service.types import AnswerSet
from service.wiring import Components

KINDS = ("answer", "differing", "yes_no", "near_miss", "off_topic")
TOP_K = 10

FLOORS = {("answer", "differing", "yes_no"): 58, ("near_miss", "off_topic"): 29}
"""Fewest questions of some kinds that must be answered rightly first, or refused."""


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


def words(text: str) -> list[str]:
    """Words as the SQuAD script compares them."""
    kept = "".join(c for c in text.lower() if c not in string.punctuation + "“”’")
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def is_right(answer: str, gold: str) -> bool:
    """Whether an answer shares half its words with a gold one (token F1 of at least 0.5)."""
    ours, theirs = words(answer), words(gold)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared >= 0.5 * (len(ours) + len(theirs))


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


def test_figures_by_kind(asked: list[Asked]) -> None:
    by_kind = defaultdict(list)
    for one in asked:
        by_kind[one.question["kind"]].append(one)
    assert set(by_kind) == set(KINDS)
    right: dict[str, int] = {}
    print(f"\n{'kind':<10} {'asked':>5} {'answered':>9} {'right first':>12} {'in three':>9}")
    for kind in KINDS:
        group = by_kind[kind]
        answered = sum(one.answers.status == "answered" for one in group)
        first = sum(one.rank == 0 for one in group)
        three = sum(one.rank is not None and one.rank < 3 for one in group)
        right[kind] = first if kind in KINDS[:3] else len(group) - answered
        print(f"{kind:<10} {len(group):>5} {answered:>9} {first:>12} {three:>9}")
    sides = [
        sum(
            any(is_right(answer.answer, quote) for answer in one.answers.answers)
            for _, quote in one.golds
        )
        / len(one.golds)
        for one in by_kind["differing"]
    ]
    print(f"differing: {sum(sides) / len(sides):.0%} of the sides among the first {TOP_K} answers")
    for kind in ("near_miss", "off_topic"):
        print(f"{kind}: {right[kind]} of {len(by_kind[kind])} refused")
    for kinds, floor in FLOORS.items():
        assert sum(right[kind] for kind in kinds) >= floor, kinds
