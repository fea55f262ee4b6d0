"""Search of one collection: a query to the passages that may answer it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import ModelMismatch
from index.types import Hit
from index.vectors import VectorView


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        hits: Passages, best first; all of them still current.
        generation: The catalog's generation that was searched: what a later one wrote can't be
            among the hits.
    """

    hits: Sequence[Hit]
    generation: int


class Searcher:
    """Dense search of a collection.

    Args:
        catalog: The collection's catalog.
        view_path: The file of the vector view; need not exist.
        embedder: What the catalog's vectors were made with.

    Raises:
        ModelMismatch: The collection's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, view_path: Path, embedder: Embedder) -> None:
        check_embedder(catalog, embedder)
        self._catalog = catalog
        self._embedder = embedder
        self._view = VectorView(
            catalog,
            view_path,
            embedder=embedder.model_id,
            dimension=embedder.dimension,
        )

    def save(self) -> None:
        """Keep the view for the next start."""
        self._view.catch_up()
        self._view.save()

    def search(self, query: str, limit: int) -> SearchResult:
        """The current passages most like a query.

        Args:
            query: What to look for.
            limit: How many passages at most.
        """
        self._view.catch_up()
        nearest = self._view.search(self._embedder.embed([query])[0], limit)
        scores = dict(zip(nearest.ids.tolist(), nearest.scores.tolist(), strict=True))
        with self._catalog.snapshot() as snapshot:
            return SearchResult(snapshot.hits(scores), nearest.generation)


def check_embedder(catalog: Catalog, embedder: Embedder) -> None:
    """See that a collection's vectors are comparable with an embedder's.

    Raises:
        ModelMismatch: They come from another one.
    """
    with catalog.snapshot() as snapshot:
        others = snapshot.embedders() - {embedder.model_id}
    if others:
        raise ModelMismatch(
            f"{catalog.path} has vectors of {', '.join(sorted(others))}; "
            f"the configured embedder is {embedder.model_id}.",
            "Configure that embedder (PINCITE_EMBEDDER), or index the documents into another "
            "collection (pincite index --collection NAME PATH).",
        )
