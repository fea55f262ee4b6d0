"""The one write path: documents into a collection's catalog.

A document is segmented and embedded first, then committed in one transaction. Whether a short line
is debris can depend on how many documents hold it; documents that this changes are brought up to
date at the end, so that a collection's passages depend on its documents alone, not on their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Self

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import PinciteError
from index.preparing import prepare
from index.search import check_embedder
from index.snapshot import Snapshot
from index.text.debris import REPEATED_IN, candidate_lines
from index.types import Document

Outcome = Literal["added", "replaced", "unchanged"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that didn't go in, and why."""

    name: str
    code: str
    message: str
    remedy: str

    @classmethod
    def of(cls, name: str, error: PinciteError) -> Self:
        """What an error says of a file."""
        return cls(name, error.code, error.message, error.remedy)


@dataclass(slots=True)
class IngestReport:
    """What became of the files of one run; each list holds document ids or file names.

    Attributes:
        changing: Documents whose files go on changing: they are as the files were a moment ago.
        generation: The catalog's generation at the end; None if there was nothing to put in, and
            so the collection was left alone.
    """

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    generation: int | None = None


Attempt = Callable[[Callable[[], int]], int]
"""Does what commits, and gives its result; more than once if the catalog is busy meanwhile."""


def _once(commit: Callable[[], int]) -> int:
    return commit()


class Ingester:
    """Puts documents into a catalog, and erases them from it.

    Args:
        catalog: Which.
        embedder: Makes the vectors.
        attempt: Called with what commits a document, which is divided and embedded by then.

    Raises:
        ModelMismatch: The catalog's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, embedder: Embedder, *, attempt: Attempt = _once) -> None:
        check_embedder(catalog, embedder)
        self.catalog = catalog
        self._embedder = embedder
        self._attempt = attempt

    def put(
        self, document: Document, progress: Callable[[float], None] = lambda _: None
    ) -> Outcome:
        """Put a document in, or replace the one of the same id; the same content is a no-op.

        Args:
            document: What to put in.
            progress: Called with the fraction done, up to 1.
        """
        with self.catalog.snapshot() as snapshot:
            unchanged = snapshot.is_unchanged(document, self._embedder.model_id)
            known = snapshot.has_document(document.document_id)
            lines = {} if unchanged else _lines(snapshot, document)
        if unchanged:
            progress(1.0)
            return "unchanged"
        self._write(document, lines, progress)
        return "replaced" if known else "added"

    def _write(
        self,
        document: Document,
        lines: Mapping[int, bool],
        progress: Callable[[float], None],
        *,
        replacing: int | None = None,
    ) -> None:
        repeated = {key for key, is_repeated in lines.items() if is_repeated}
        segmentation, vectors = prepare(document, repeated, self._embedder, progress)
        self._attempt(
            lambda: self.catalog.put(
                document,
                segmentation,
                vectors,
                embedder=self._embedder.model_id,
                lines=lines,
                replacing=replacing,
            )
        )

    def remove(self, document_id: str) -> bool:
        """Erase a document with all its revisions; returns whether there was one."""
        with self.catalog.snapshot() as snapshot:
            known = snapshot.has_document(document_id)
        self.catalog.remove(document_id)
        return known

    def generation(self) -> int:
        """The catalog's generation."""
        return self.catalog.generation()

    def refresh(self) -> int:
        """Segment anew the documents whose repeated lines have changed, until there are none.

        Returns:
            How often one was.
        """
        count = 0
        # Other processes that write meanwhile can make documents outdated that weren't.
        while outdated := self._outdated():
            for document_id in outdated:
                self._refresh(document_id)
            count += len(outdated)
        return count

    def _outdated(self) -> list[str]:
        recount = self.catalog.recount
        with self.catalog.snapshot() as snapshot:
            generation = snapshot.generation()
            outdated = snapshot.outdated_exclusions(
                minimum=REPEATED_IN, keys=recount.pending(generation)
            )
        if not outdated:
            recount.settle(generation)
        return outdated

    def _refresh(self, document_id: str) -> None:
        with self.catalog.snapshot() as snapshot:
            if not snapshot.has_document(document_id):
                return
            stored = snapshot.stored_document(document_id, with_source=True)
            lines = _lines(snapshot, stored.document)
        # Another process may have put a newer text in by the time this one is embedded.
        self._write(stored.document, lines, lambda _: None, replacing=stored.generation)


def _lines(snapshot: Snapshot, document: Document) -> dict[int, bool]:
    """Key of each short line of a document, and whether it is repeated across documents."""
    keys = candidate_lines(document.text)
    repeated = snapshot.repeated_lines(keys, document.document_id, minimum=REPEATED_IN)
    return {key: key in repeated for key in keys}
