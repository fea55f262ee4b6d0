"""Questions with known answers, asked of whole collections; some have their paragraph taken out.

`squad`: SQuAD's questions, asked of all its 20,888 paragraphs. `others`: those of the other
reserved sources, asked of all their contexts together. `small`: the same, asked of some eight
contexts of their source, as a small collection is. Each context is one passage.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from project_data import question_files
from search_sets import Text, collect, squad

from index.collection import Collection
from index.embedder import Embedder
from index.filters import Filters
from index.search import SearchResult
from index.types import StoredDocument
from service.evaluation import take_sample
from service.question_files import read_question_file
from service.questions import Paragraph, Question

Group = Literal["squad", "others", "small"]
GROUPS: tuple[Group, ...] = ("squad", "others", "small")

REMEDY = "Give the folder of question files: --data."

_SMALL = 8
"""Contexts of a small collection."""


@dataclass(slots=True)
class Limited:
    """A collection of which only some documents may be found.

    Attributes:
        only: These; None for all.
        without: But not these.
    """

    collection: Collection
    only: frozenset[str] | None = None
    without: frozenset[str] = field(default_factory=frozenset)

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The passages that match a query best, of documents that may be found."""
        if self.only is not None:
            filters = Filters(document_ids=self.only - self.without)
        found = self.collection.search(query, limit + len(self.without), filters)
        hits = [hit for hit in found.hits if hit.document_id not in self.without]
        return SearchResult(hits[:limit], found.generation)

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document."""
        return self.collection.stored_document(document_id, revision)


@dataclass(frozen=True, slots=True)
class Planned:
    """A question to ask, and of what.

    Attributes:
        own: Document of its own paragraph.
        is_removed: Whether that is taken out of what may be found.
        only: The documents of its small collection; None for all.
    """

    question: Question
    source: str
    cluster: str
    own: str
    is_removed: bool
    only: frozenset[str] | None = None

    @property
    def golds(self) -> list[str]:
        """Its gold answers; another document may give one that has been taken out."""
        return [gold.text for gold in self.question.answers]

    def limit(self, library: Limited) -> None:
        """Have a library find what this question is asked of."""
        library.only = self.only
        library.without = frozenset({self.own} if self.is_removed else ())


def squad_collection(data: Path, work: Path, embedder: Embedder) -> Collection:
    """All paragraphs of SQuAD v1.1, kept in a folder for the next time."""
    return Collection(collect(squad(data, "dev").texts, work / "paragraphs", embedder), embedder)


def other_texts(data: Path) -> list[Text]:
    """The contexts of the other reserved sources, each once."""
    texts: dict[tuple[str, str], None] = {}
    for _, paragraph in _other_paragraphs(data):
        texts.setdefault((paragraph.title, paragraph.context))
    return [Text(*key) for key in texts]


def other_collection(data: Path, work: Path, embedder: Embedder) -> Collection:
    """They, kept in a folder for the next time."""
    return Collection(collect(other_texts(data), work / "others", embedder), embedder)


def _other_paragraphs(data: Path) -> Iterator[tuple[str, Paragraph]]:
    for path in question_files(data / "calibration", REMEDY):
        source = path.name.partition(".")[0]
        if not source.startswith("squad_v"):
            for paragraph in read_question_file(path).paragraphs:
                yield source, paragraph


def planned_squad(
    data: Path, asked: Literal["calibration", "dev"], number: int | None, *, removed: bool = True
) -> list[Planned]:
    """SQuAD's reserved or dev questions, all or so many at random.

    Args:
        data: Folder of the question files.
        asked: Which ones.
        number: How many; None: all.
        removed: Take the own paragraph of half of them out, at random.
    """
    numbers = {(t.title, t.text): n for n, t in enumerate(squad(data, asked).texts)}
    name = "squad_v1_train" if asked == "calibration" else "squad_dev_v1"
    file = read_question_file(data / asked / f"{name}.jsonl.gz")
    return [
        Planned(
            question=question,
            source="squad",
            cluster=paragraph.title,
            own=f"{numbers[paragraph.title, paragraph.context]:06d}",
            is_removed=removed and random.Random(question.id).random() < 0.5,
        )
        for paragraph, question in take_sample(file.questions, number)
    ]


def planned_others(data: Path, number: int | None, *, small: bool = False) -> list[Planned]:
    """The other sources' reserved questions that have answers; of each source as many.

    Args:
        data: Folder of the question files.
        number: How many; None: all.
        small: Ask each of some contexts of its source alone.
    """
    numbers = {(t.title, t.text): n for n, t in enumerate(other_texts(data))}
    by_source: dict[str, list[tuple[Paragraph, Question]]] = {}
    documents: dict[str, list[str]] = {}
    for source, paragraph in _other_paragraphs(data):
        own = f"{numbers[paragraph.title, paragraph.context]:06d}"
        documents.setdefault(source, []).append(own)
        answerable = [q for q in paragraph.questions if not q.is_impossible]
        by_source.setdefault(source, []).extend((paragraph, q) for q in answerable)
    each = None if number is None else -(-number // len(by_source))
    seed = 1 if small else 0
    planned = [
        Planned(
            question=question,
            source=source,
            cluster=paragraph.title or f"{source} {numbers[paragraph.title, paragraph.context]}",
            own=own,
            is_removed=random.Random(f"{seed} {question.id}").random() < 0.5,
            only=_small(question.id, own, documents[source]) if small else None,
        )
        for source, asked in by_source.items()
        for paragraph, question in take_sample(asked, each, seed=seed)
        for own in (f"{numbers[paragraph.title, paragraph.context]:06d}",)
    ]
    return take_sample(planned, number, seed=seed)


def _small(question_id: str, own: str, documents: Sequence[str]) -> frozenset[str]:
    """A small collection that a question's own document is one of."""
    rng = random.Random(question_id)
    return frozenset({own, *rng.sample(documents, min(_SMALL, len(documents)))})


def plan(data: Path, group: Group, number: int | None) -> list[Planned]:
    """The reserved questions of a group, half of them with their own paragraph taken out."""
    if group == "squad":
        return planned_squad(data, "calibration", number)
    return planned_others(data, number, small=group == "small")
