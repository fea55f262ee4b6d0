"""A collection as a plain dictionary of documents: what it must hold, and what it must find.

Passages and vectors are what each document's text gives by itself; ids alone are taken from the
catalog, and must keep their meaning. Whatever is asked is answered by looking at all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np
from fakes import FakeEmbedder
from reference import Vector, names

from index.feed import FedDocument
from index.filters import Filters, facts_of
from index.ingest import prepare
from index.lexical import LexicalView
from index.text.debris import REPEATED_IN, candidate_lines
from index.types import Document, IdRange, Segmentation, State


class Division(NamedTuple):
    """What is made of a document, given the keys of its lines that are repeated in others."""

    document: Document
    repeated: frozenset[int]
    segmentation: Segmentation
    vectors: Vector


class Row(NamedTuple):
    """A passage."""

    document: Document
    start: int
    end: int
    vector: Vector


@dataclass
class Model:
    """What a collection must be like.

    Attributes:
        embedder: Makes the vectors.
        documents: By id.
        revisions: Text of each revision that a document has had since it was added, by id.
        divisions: What is made of each document.
        ids: Passage ids of each document, in order.
        highest: The highest passage id that was ever given.
    """

    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)
    documents: dict[str, Document] = field(default_factory=dict)
    revisions: dict[str, dict[str, str]] = field(default_factory=dict)
    divisions: dict[str, Division] = field(default_factory=dict)
    ids: dict[str, range] = field(default_factory=dict)
    highest: int = 0

    def copy(self) -> Model:
        """What a backup keeps."""
        return Model(
            self.embedder,
            dict(self.documents),
            {name: dict(texts) for name, texts in self.revisions.items()},
            dict(self.divisions),
            dict(self.ids),
            self.highest,
        )

    def put(self, document: Document) -> None:
        """Add or replace a document."""
        self.documents[document.document_id] = document
        self.revisions.setdefault(document.document_id, {})[document.revision] = document.text

    def remove(self, document_id: str) -> None:
        """Erase a document, if there is one."""
        self.documents.pop(document_id, None)
        self.revisions.pop(document_id, None)

    def reindex(self, embedder: FakeEmbedder) -> None:
        """Make everything anew with an embedder."""
        self.embedder = embedder
        self.divisions, self.ids = {}, {}

    def follow(self, path: Path) -> bool:
        """See that a catalog holds this and nothing else, and learn the ids of what is new.

        Returns:
            Whether there is something new, or something is gone.
        """
        new = self._divide()
        held: dict[str, dict[int, tuple[str, int, int]]] = {}
        told = names(path)
        for passage_id, (document_id, *place) in sorted(told.passages.items()):
            held.setdefault(document_id, {})[passage_id] = (*place,)
        wanted = {
            name: [
                (self.documents[name].revision, passage.start, passage.end)
                for passage in division.segmentation.passages
            ]
            for name, division in self.divisions.items()
        }
        assert {name: list(places.values()) for name, places in held.items()} == {
            name: places for name, places in wanted.items() if places
        }
        before = self.ids
        self.ids = {name: range(min(places), max(places) + 1) for name, places in held.items()}
        for name, ids in self.ids.items():
            assert list(ids) == list(held[name]), f"ids of {name} don't follow each other"
            assert ids[0] > self.highest if name in new else ids == before[name], name
        self.highest = told.highest
        return before != self.ids

    def _divide(self) -> set[str]:
        """Divide what has changed anew; returns the documents that did."""
        lines = {name: candidate_lines(each.text) for name, each in self.documents.items()}
        counts = Counter(key for keys in lines.values() for key in keys)
        new = set()
        self.divisions = {name: self.divisions.get(name) for name in self.documents}
        for name, document in self.documents.items():
            repeated = frozenset(key for key in lines[name] if counts[key] >= REPEATED_IN)
            division = self.divisions[name]
            if division is None or (division.document, division.repeated) != (document, repeated):
                made = prepare(document, repeated, self.embedder)
                self.divisions[name] = Division(document, repeated, *made)
                new.add(name)
        return new

    def rows(self, filters: Filters | None = None) -> dict[int, Row]:
        """Passages that filters accept, by id in ascending order."""
        found: dict[int, Row] = {}
        for name, ids in self.ids.items():
            document, _, segmentation, vectors = self.divisions[name]
            if accepts(filters or Filters(), document):
                for i, place, vector in zip(ids, segmentation.passages, vectors, strict=True):
                    found[i] = Row(document, place.start, place.end, vector)
        return dict(sorted(found.items()))

    def similarities(self, query: str, filters: Filters | None = None) -> dict[int, float]:
        """The inner product of a query with each passage that filters accept."""
        vector = self.embedder.embed([query])[0].astype(np.float64)
        return {
            i: float(row.vector.astype(np.float64) @ vector)
            for i, row in self.rows(filters).items()
        }


def accepts(filters: Filters, document: Document) -> bool:
    """Whether a document meets all that is asked for."""
    host = urlsplit(document.source_url or "").hostname or ""
    day = document.published_at or ""
    tags = {tag.casefold() for tag in document.metadata.get("tags", [])}
    after, before = filters.published_after, filters.published_before
    return (
        (not filters.document_ids or document.document_id in filters.document_ids)
        and (
            not filters.sources or any(f".{host}".endswith(f".{each}") for each in filters.sources)
        )
        and {tag.casefold() for tag in filters.tags} <= tags
        and all(document.metadata.get(key) == value for key, value in filters.metadata.items())
        and (after is None or day >= after.isoformat())
        and (before is None or "" < day <= before.isoformat())
    )


class WordSearch:
    """A lexical view made from a model, from nothing."""

    def __init__(self, model: Model) -> None:
        # Tantivy's threads may still be tidying up; the view keeps its files open.
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self._view = LexicalView(Path(folder), embedder=model.embedder.model_id)
            assert self._view.catch_up(_ModelFeed(model))  # type: ignore[arg-type]

    def scores(self, query: str) -> dict[int, float]:
        """BM25 of a query and each passage that shares a word with it."""
        found = self._view.search(query, 100_000)
        return dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))


class _ModelFeed:
    """What a view is made from, as `index.feed.Feed` gives it of a catalog."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def state(self) -> State:
        return State("model", 1, "model")

    def includes(self, state: State) -> bool:
        return state == self.state()

    def documents(self, _: Sequence[IdRange] | None = None) -> Iterator[FedDocument]:
        for name, ids in sorted(self._model.ids.items(), key=lambda item: item[1].start):
            document: Any = self._model.documents[name]
            yield FedDocument(
                IdRange(ids.start, ids.stop),
                facts_of(name, document.source_url, document.published_at, document.metadata),
                document.title,
                tuple(
                    document.text[place.start : place.end]
                    for place in self._model.divisions[name].segmentation.passages
                ),
            )
