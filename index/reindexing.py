"""A collection embedded anew with another embedder, while the old vectors are searched.

Each document's new passages and vectors are staged in the catalog, in a transaction of their own;
once no document lacks them, all are adopted in one. A run that ends early loses nothing that it
staged: the next one goes on. A document that is written meanwhile loses what was staged for it, and
is embedded again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from index.catalog import Catalog
from index.embedder import Embedder
from index.faults import reach
from index.ingest import Ingester
from index.preparing import prepare
from index.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What a run did.

    Attributes:
        before: Model id of the embedder whose vectors were searched before; None if there were
            none.
        embedder: Model id of the one whose vectors are searched now.
        documents: How many documents there are.
        resumed: How many of them an earlier run had embedded.
        embedded: How often this run embedded one.
        generation: The catalog's generation.
    """

    before: str | None
    embedder: str
    documents: int
    resumed: int
    embedded: int
    generation: int


def reindex(
    catalog: Catalog,
    embedder: Embedder,
    *,
    on_start: Callable[[int, int], None] = lambda *_: None,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> ReindexReport:
    """Give all documents passages and vectors of an embedder, and search these from then on.

    Documents may be written and removed meanwhile, with the old embedder.

    Args:
        catalog: The collection's catalog.
        embedder: The new embedder.
        on_start: Called with the number of documents that are done already, and of all.
        on_progress: Called with the number of documents that are left to do, and of all, as they
            change.

    Raises:
        CatalogError: The catalog can't be written; what was staged stays.
        ModelError: The embedder fails.
    """
    model_id = embedder.model_id
    with catalog.snapshot() as snapshot:
        before = snapshot.embedder()
        documents = snapshot.count_documents()
        left = snapshot.unstaged(model_id)
    resumed = 0 if before == model_id else documents - len(left)
    on_start(documents - len(left), documents)
    embedded = 0
    while not catalog.adopt(model_id):
        for number, document_id in enumerate(left):
            embedded += _stage(catalog, embedder, document_id)
            on_progress(len(left) - number - 1, documents)
        with catalog.snapshot() as snapshot:
            documents = snapshot.count_documents()
            left = snapshot.unstaged(model_id)
    # Lines that became repeated meanwhile, or no longer are.
    Ingester(catalog, embedder).refresh()
    reach("reindex.done")
    with catalog.snapshot() as snapshot:
        return ReindexReport(
            before,
            model_id,
            snapshot.count_documents(),
            resumed,
            embedded,
            snapshot.generation(),
        )


def _stage(catalog: Catalog, embedder: Embedder, document_id: str) -> bool:
    """Embed a document anew; returns whether that could be stored."""
    with catalog.snapshot() as snapshot:
        if not snapshot.has_document(document_id):
            return False
        stored = snapshot.stored_document(document_id)
        repeated = _repeated(snapshot, document_id)
    segmentation, vectors = prepare(stored.document, repeated, embedder)
    return catalog.stage(
        document_id,
        segmentation,
        vectors,
        embedder=embedder.model_id,
        replacing=stored.generation,
    )


def _repeated(snapshot: Snapshot, document_id: str) -> set[int]:
    """Keys of the lines that were taken as repeated when the document was written.

    Not of those that are so now: a document for which that differs is written anew by whoever
    changed it, or by the refresh at the end.
    """
    rows = snapshot.rows(
        "SELECT line_key FROM lines WHERE document_id = ? AND repeated", (document_id,)
    )
    return {row["line_key"] for row in rows}
