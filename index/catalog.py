"""The catalog: documents, their revisions, passages and vectors in one SQLite file; the truth.

A document's revision, passages and vectors are written in one transaction, which also raises the
catalog's *generation*. Everything else (FAISS, a lexical index) is a view that carries the
generation it reflects. A revision's text is kept after a newer one replaces it, so that a citation
can always show the text that it cited; only the current revision has passages and vectors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection

import numpy as np
import numpy.typing as npt

from index.errors import CatalogError
from index.faults import reach
from index.snapshot import Snapshot
from index.storage.connections import BUSY_SECONDS, ConnectionPool, clear_errors
from index.storage.ranges import pack
from index.storage.recount import Recount
from index.storage.schema import create_catalog, migrate
from index.storage.writes import (
    add_passages,
    claim,
    drop_others,
    drop_passages,
    log_change,
    write_lines,
    write_revision,
    written_by,
)
from index.types import Document, Segmentation


class Catalog:
    """One collection's catalog.

    Safe to use from several threads (each borrows a connection for a transaction) and from several
    processes (SQLite's write-ahead log: readers never wait, writers wait for each other).

    Args:
        path: The catalog's file.
        create: Make the catalog, and its folder, if there is none.
        busy_seconds: How long to wait for another process that writes.

    Raises:
        CatalogError: The file is missing (and `create` is false), foreign, newer, damaged, locked
            or not writable. Every method raises it once the catalog is closed, or its file is no
            longer the one that was opened.

    Attributes:
        recount: Lines that documents may be divided wrongly by, for what this object has written.
    """

    def __init__(
        self, path: Path, *, create: bool = False, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self.path = path
        if not create and not path.exists():
            raise CatalogError(
                f"There is no catalog at {path}.", "Index some documents first: pincite index PATH."
            )
        self.recount = Recount()
        with clear_errors(path, busy_seconds):
            if create:
                create_catalog(path)
            self._pool = ConnectionPool(path, busy_seconds)
        try:
            with self._pool.untouched() as connection:
                migrate(connection, path)
                Snapshot(connection).catalog_id()
        except BaseException:
            self.close()
            raise

    def is_in_place(self) -> bool:
        """Whether the file at `path` is still the one that was opened."""
        return self._pool.is_in_place()

    def close(self) -> None:
        """Close all connections: idle ones now, borrowed ones when they are given back."""
        self._pool.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A view of one committed state, however much is written meanwhile."""
        with self._pool.transaction("BEGIN") as connection:
            yield Snapshot(connection)

    def generation(self) -> int:
        """How many times the catalog has been written; 0 when new."""
        with self.snapshot() as snapshot:
            return snapshot.generation()

    def put(
        self,
        document: Document,
        segmentation: Segmentation,
        vectors: npt.NDArray[np.float16],
        *,
        embedder: str,
        lines: Mapping[int, bool],
        replacing: int | None = None,
    ) -> int:
        """Store a document as its current revision, in one transaction.

        Args:
            document: What to store; replaces the current revision of the same `document_id`.
            segmentation: Its sentences, passages and excluded ranges.
            vectors: Shape (passages, dimension), one row a passage, of unit length.
            embedder: Model id of what made the vectors.
            lines: Key of each short line of the document, and whether it was taken as repeated
                across documents.
            replacing: Store it only over the current revision that this generation wrote; if
                another has been written since, that one stays. None to store it in any case.

        Returns:
            The catalog's generation: a new one, if the document was stored.

        Raises:
            CatalogError: Nothing was stored.
        """
        _check_vectors(segmentation, vectors)
        with self._writing() as connection:
            before = Snapshot(connection).generation()
            if replacing not in {None, written_by(connection, document.document_id)}:
                return before
            claim(connection, embedder, self.path)
            removed = drop_passages(connection, document.document_id)
            revision_id = write_revision(connection, document, segmentation, before + 1)
            reach("catalog.revision_written")
            connection.execute(
                "INSERT INTO documents VALUES (?, ?)", (document.document_id, revision_id)
            )
            added = add_passages(connection, revision_id, segmentation, vectors, embedder)
            reach("catalog.passages_written")
            changed = write_lines(connection, document.document_id, lines)
            generation = log_change(connection, document.document_id, removed, added)
            reach("catalog.vectors_written")
            connection.execute("COMMIT")
        self.recount.add(changed, generation)
        reach("catalog.committed")
        return generation

    def remove(self, document_id: str, *, written: int | None = None) -> int:
        """Erase a document with all its revisions, in one transaction.

        Args:
            document_id: Which document.
            written: Erase it only if this generation wrote its current revision; None to erase it
                in any case.

        Returns:
            The catalog's generation: a new one, if the document was erased.

        Raises:
            CatalogError: Nothing was erased.
        """
        with self._writing() as connection:
            found = written_by(connection, document_id)
            if found is None or written not in {None, found}:
                return Snapshot(connection).generation()
            removed = drop_passages(connection, document_id)
            changed = write_lines(connection, document_id, {})
            for table in ("documents", "revisions"):
                connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))
            reach("catalog.document_erased")
            generation = log_change(connection, document_id, removed, None)
            connection.execute("COMMIT")
        self.recount.add(changed, generation)
        reach("catalog.removed")
        return generation

    def stage(
        self,
        document_id: str,
        segmentation: Segmentation,
        vectors: npt.NDArray[np.float16],
        *,
        embedder: str,
        replacing: int,
    ) -> bool:
        """Store a document's passages and vectors of an embedder that isn't searched yet.

        Args:
            document_id: Which document.
            segmentation: Its sentences, passages and excluded ranges.
            vectors: As for `put`.
            embedder: Model id of what made the vectors.
            replacing: The generation that wrote the revision they were made of.

        Returns:
            Whether they were stored: not if the document has been written or removed since.
        """
        _check_vectors(segmentation, vectors)
        with self._writing() as connection:
            row = connection.execute(
                "SELECT revision_id FROM documents JOIN revisions USING (revision_id) "
                "WHERE documents.document_id = ? AND generation = ?",
                (document_id, replacing),
            ).fetchone()
            if row is None or Snapshot(connection).embedder() == embedder:
                return False
            revision_id = row["revision_id"]
            for table in ("passages", "vectors", "staged"):
                connection.execute(
                    f"DELETE FROM {table} WHERE revision_id = ? AND embedder = ?",
                    (revision_id, embedder),
                )
            add_passages(connection, revision_id, segmentation, vectors, embedder)
            connection.execute(
                "INSERT INTO staged VALUES (?, ?, ?, ?)",
                (
                    revision_id,
                    embedder,
                    pack(segmentation.excluded),
                    pack(segmentation.sentences),
                ),
            )
            reach("catalog.staged")
            connection.execute("COMMIT")
        return True

    def adopt(self, embedder: str) -> bool:
        """Search an embedder's passages and vectors from now on, and drop all others.

        Returns:
            Whether it was done: not while a document lacks them.
        """
        with self._writing() as connection:
            snapshot = Snapshot(connection)
            if snapshot.embedder() == embedder:
                # What was staged of others, and never adopted, was never searched: no change.
                drop_others(connection, embedder)
                connection.execute("COMMIT")
                return True
            if snapshot.unstaged(embedder):
                return False
            connection.execute(
                "UPDATE revisions SET excluded = staged.excluded, sentences = staged.sentences "
                "FROM staged WHERE staged.revision_id = revisions.revision_id "
                "AND staged.embedder = ?",
                (embedder,),
            )
            connection.execute("DELETE FROM staged")
            drop_others(connection, embedder)
            connection.execute("UPDATE meta SET value = ? WHERE key = 'embedder'", (embedder,))
            log_change(connection, "", None, None)
            reach("catalog.adopting")
            connection.execute("COMMIT")
        reach("catalog.adopted")
        return True

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Lends a connection that no other can write beside."""
        with self._pool.transaction("BEGIN IMMEDIATE") as connection:
            reach("catalog.begun")
            yield connection


def _check_vectors(segmentation: Segmentation, vectors: npt.NDArray[np.float16]) -> None:
    if vectors.dtype != np.float16 or vectors.shape[0] != len(segmentation.passages):
        raise ValueError(
            f"vectors: {vectors.dtype} {vectors.shape} for {len(segmentation.passages)} "
            "passages; one float16 row a passage is needed"
        )
