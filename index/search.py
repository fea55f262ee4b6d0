"""Search of one collection: a query to the passages that may answer it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.catalog import Catalog
from index.embedder import Embedder
from index.feed import Feed
from index.filters import Filters
from index.fusion import fuse
from index.lexical import LexicalView, Ranked
from index.snapshot import Snapshot
from index.stopping import Check, go_on
from index.storage.writes import model_mismatch
from index.types import Hit, Scores, State
from index.vectors import VectorView

VECTOR_FILE = "vectors.faiss"
LEXICAL_FOLDER = "lexical"

_DEPTH = 100
"""Passages taken from each side at least, so that a hit's rank doesn't depend on the limit."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        hits: Passages, best first; all of them still current.
        generation: A generation of the catalog that the search reflects: all that was written up
            to it, and perhaps some of what came later.
    """

    hits: Sequence[Hit]
    generation: int


class Searcher:
    """Hybrid search of a collection: by meaning and by words, fused.

    Args:
        catalog: The collection's catalog.
        folder: Where the views are kept; need not exist.
        embedder: What the catalog's vectors were made with.

    Raises:
        ModelMismatch: The collection's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, folder: Path, embedder: Embedder) -> None:
        check_embedder(catalog, embedder)
        self._catalog = catalog
        self._embedder = embedder
        self.vectors = VectorView(
            folder / VECTOR_FILE, embedder=embedder.model_id, dimension=embedder.dimension
        )
        self.lexical = LexicalView(folder / LEXICAL_FOLDER, embedder=embedder.model_id)
        with catalog.snapshot() as snapshot:
            feed = self.feed(snapshot)
            self.vectors.open(feed)
            self.lexical.refresh(feed)

    def feed(self, snapshot: Snapshot, check: Check = go_on) -> Feed:
        """What the views are made from, as it is in a snapshot.

        Args:
            snapshot: The state that all of it is of.
            check: Called before each document that is read.

        Raises:
            ModelMismatch: The vectors have become another embedder's.
        """
        _check(snapshot, self._catalog.path, self._embedder.model_id)
        return Feed(snapshot, self._embedder.model_id, check)

    @property
    def is_ready(self) -> bool:
        """Whether both views show this catalog, and neither is being made anew.

        Raises:
            CatalogError: The catalog can't be read.
        """
        with self._catalog.snapshot() as snapshot:
            is_comparable = snapshot.embedder() in {None, self._embedder.model_id}
            catalog_id = snapshot.catalog_id()
        return (
            is_comparable
            and all(self._are_of(catalog_id))
            and self.vectors.is_ready
            and not self.lexical.is_being_made
        )

    def states(self) -> tuple[State | None, State | None]:
        """The states of the catalog that the views of vectors and of words show."""
        return self.vectors.state, self.lexical.state

    def generation(self) -> int:
        """The generation that searches show; -1 before there is one.

        What was written up to it is found by meaning, and by words too; by meaning alone while
        there is no index of this catalog's words, or a new one is being made.
        """
        vectors, words = self.states()
        if vectors is None:
            return -1
        if words is None or words.catalog_id != vectors.catalog_id or self.lexical.is_being_made:
            return vectors.generation
        return min(vectors.generation, words.generation)

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The current passages that match a query best.

        Args:
            query: What to look for.
            limit: How many passages at most.
            filters: Which documents may be found.
        """
        vector = self._embedder.embed([query])[0]
        while True:
            before = self.vectors.state
            with self._catalog.snapshot() as snapshot:
                feed = self.feed(snapshot)
                catalog_id = snapshot.catalog_id()
                # What another thread is taking in already will be in the next search; but nothing
                # can be found by a view of a catalog that this one has replaced.
                wait = before is None or before.catalog_id != catalog_id
                self.vectors.catch_up(feed, wait=wait, before=before)
                of_this = self._are_of(catalog_id)
                generation = self.generation()
                hits = self._hits(snapshot, query, vector, limit, filters, with_words=of_this[1])
            # Else the catalog was replaced meanwhile, and ids stand for other passages.
            if of_this[0] and self._are_of(catalog_id) == of_this:
                return SearchResult(hits, generation)

    def _are_of(self, catalog_id: str) -> tuple[bool, bool]:
        """Whether the views of vectors and of words show a catalog."""
        vectors, lexical = (
            state is not None and state.catalog_id == catalog_id for state in self.states()
        )
        return vectors, lexical

    def _hits(
        self,
        snapshot: Snapshot,
        query: str,
        vector: npt.NDArray[np.float32],
        limit: int,
        filters: Filters | None,
        *,
        with_words: bool,
    ) -> list[Hit]:
        """What the views find, as far as a snapshot confirms it."""
        depth = max(limit, _DEPTH)
        while True:
            near = self.vectors.search(vector, depth, filters)
            worded = self.lexical.search(query, depth, filters) if with_words else Ranked.empty(-1)
            ids = np.union1d(near.ids, worded.ids)
            similarity = self.vectors.similarities(vector, ids)
            lexical = (
                self.lexical.scores(query, ids)
                if with_words
                else np.zeros(len(ids), dtype=np.float32)
            )
            # The other view may know of passages that this one doesn't hold yet, or any more.
            known = ~np.isnan(similarity)
            ids, similarity, lexical = ids[known], similarity[known], lexical[known]
            fused = fuse(similarity, lexical)
            order = np.lexsort((ids, -fused))
            scores = {
                int(ids[row]): Scores(
                    float(fused[row]), float(similarity[row]), float(lexical[row])
                )
                for row in order
            }
            hits = confirmed(snapshot, scores, filters, limit)
            exhausted = len(near.ids) < depth and len(worded.ids) < depth
            if len(hits) >= limit or exhausted:
                return hits
            depth *= 4

    def close(self) -> None:
        """Let go of the views' files."""
        self.lexical.close()


def confirmed(
    snapshot: Snapshot, scores: Mapping[int, Scores], filters: Filters | None, limit: int
) -> list[Hit]:
    """The first hits that the catalog confirms, at most `limit`.

    It confirms nearly all, so that few more than are wanted need to be looked up.
    """
    ranked = list(scores.items())
    hits: list[Hit] = []
    for begin in range(0, len(ranked), max(1, limit)):
        if len(hits) >= limit:
            break
        hits += snapshot.hits(dict(ranked[begin : begin + limit]), filters)
    return hits[:limit]


def check_embedder(catalog: Catalog, embedder: Embedder) -> None:
    """See that a collection's vectors are comparable with an embedder's.

    Raises:
        ModelMismatch: They come from another one.
    """
    with catalog.snapshot() as snapshot:
        _check(snapshot, catalog.path, embedder.model_id)


def _check(snapshot: Snapshot, path: Path, embedder: str) -> None:
    current = snapshot.embedder()
    if current is not None and current != embedder:
        raise model_mismatch(path, current, embedder)
