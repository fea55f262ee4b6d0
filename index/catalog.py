"""The catalog: documents, their revisions, passages and vectors in one SQLite file; the truth.

A document's revision, passages and vectors are written in one transaction, which also raises the
catalog's *generation*. Everything else (FAISS, a lexical index) is a view that carries the
generation it reflects. A revision's text is kept after a newer one replaces it, so that a citation
can always show the text that it cited; only the current revision has passages and vectors.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.errors import (
    BusyCatalog,
    CatalogError,
    DamagedCatalog,
    UnwritableCatalog,
)
from index.faults import reach
from index.schema import check_format, create_catalog
from index.snapshot import Snapshot, fingerprint
from index.types import Document, Segmentation, TextRange

_IDLE_CONNECTIONS = 8


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
    """

    def __init__(self, path: Path, *, create: bool = False, busy_seconds: float = 30.0) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        if not create and not path.exists():
            raise CatalogError(
                f"There is no catalog at {path}.", "Index some documents first: pincite index PATH."
            )
        with _clear_errors(path):
            if create:
                create_catalog(path)
            self._idle.append(self._connect())
            # Only now: opening a file to write it makes another one on a layered file system.
            self._identity = _identity(path)
        try:
            with self._transaction("BEGIN") as connection:
                check_format(connection, path)
                self.catalog_id = Snapshot(connection).catalog_id()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=self._busy_seconds,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _borrow(self) -> sqlite3.Connection:
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        connection = idle or self._connect()
        # Asked last: the file may be replaced just before a connection to it is made.
        if self._closed or not self.is_in_place():
            connection.close()
            raise CatalogError(
                f"The catalog {self.path} was closed, or its file was replaced, meanwhile.",
                "Try again.",
            )
        return connection

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            connection.rollback()
        with self._lock:
            room = not self._closed and len(self._idle) < _IDLE_CONNECTIONS
            if room and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Lends a connection in a transaction, which is rolled back unless it was committed."""
        with _clear_errors(self.path):
            connection = self._borrow()
            try:
                connection.execute(begin)
                yield connection
            finally:
                self._give_back(connection)

    def is_in_place(self) -> bool:
        """Whether the file at `path` is still the one that was opened."""
        # No other file gets the same identity as long as a connection holds this one open.
        return _identity(self.path) == self._identity

    def close(self) -> None:
        """Close all connections: idle ones now, borrowed ones when they are given back."""
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A view of one committed state, however much is written meanwhile."""
        with self._transaction("BEGIN") as connection:
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
        if vectors.dtype != np.float16 or vectors.shape[0] != len(segmentation.passages):
            raise ValueError(
                f"vectors: {vectors.dtype} {vectors.shape} for {len(segmentation.passages)} "
                "passages; one float16 row a passage is needed"
            )
        with self._transaction("BEGIN IMMEDIATE") as connection:
            reach("catalog.begun")
            before = Snapshot(connection).generation()
            if replacing not in {None, _written_by(connection, document.document_id)}:
                return before
            generation = before + 1
            revision_id = _write_revision(connection, document, segmentation, generation)
            reach("catalog.revision_written")
            _replace_passages(connection, document.document_id, revision_id, segmentation)
            reach("catalog.passages_written")
            connection.execute(
                "INSERT INTO vectors VALUES (?, ?, ?, ?)",
                (revision_id, embedder, vectors.shape[1], vectors.tobytes()),
            )
            connection.execute("DELETE FROM lines WHERE document_id = ?", (document.document_id,))
            connection.executemany(
                "INSERT INTO lines VALUES (?, ?, ?)",
                [(key, document.document_id, repeated) for key, repeated in lines.items()],
            )
            connection.execute(
                "UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),)
            )
            reach("catalog.vectors_written")
            connection.execute("COMMIT")
        reach("catalog.committed")
        return generation


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one at the same place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _pack(ranges: Iterable[TextRange]) -> bytes:
    return np.array(list(ranges), dtype="<u4").tobytes()


def _written_by(connection: sqlite3.Connection, document_id: str) -> int | None:
    """The generation that wrote a document's current revision; None if there is no such one."""
    row = connection.execute(
        "SELECT generation FROM documents JOIN revisions USING (revision_id) "
        "WHERE documents.document_id = ?",
        (document_id,),
    ).fetchone()
    return None if row is None else int(row["generation"])


def _write_revision(
    connection: sqlite3.Connection,
    document: Document,
    segmentation: Segmentation,
    generation: int,
) -> int:
    values = {
        "document_id": document.document_id,
        "revision": document.revision,
        "fingerprint": fingerprint(document),
        "text": document.text,
        "characters": len(document.text),
        "title": document.title,
        "source_url": document.source_url,
        "published_at": document.published_at,
        "published_at_source": document.published_at_source,
        "media_type": document.media_type,
        "encoding": document.encoding,
        "extractor": document.extractor,
        "metadata": json.dumps(dict(document.metadata), sort_keys=True),
        "source": document.source,
        "excluded": _pack(segmentation.excluded),
        "sentences": _pack(segmentation.sentences),
        "generation": generation,
        "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    row = connection.execute(
        f"INSERT INTO revisions ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) "
        "ON CONFLICT (document_id, revision) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in values)
        + " RETURNING revision_id",
        list(values.values()),
    ).fetchone()
    return int(row["revision_id"])


def _replace_passages(
    connection: sqlite3.Connection, document_id: str, revision_id: int, segmentation: Segmentation
) -> None:
    of_document = "revision_id IN (SELECT revision_id FROM documents WHERE document_id = ?)"
    for table in ("passages", "vectors"):
        connection.execute(f"DELETE FROM {table} WHERE {of_document}", (document_id,))
    connection.execute(
        "INSERT INTO documents VALUES (?, ?) "
        "ON CONFLICT (document_id) DO UPDATE SET revision_id = excluded.revision_id",
        (document_id, revision_id),
    )
    connection.executemany(
        "INSERT INTO passages (revision_id, start, end, tokens) VALUES (?, ?, ?, ?)",
        [(revision_id, p.start, p.end, p.tokens) for p in segmentation.passages],
    )


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into designed ones."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise BusyCatalog(
                f"{path} is being written by another process, and that takes long.",
                "Wait for it to finish, then try again.",
            ) from error
        if code in {
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_PERM,
            sqlite3.SQLITE_IOERR,
        }:
            raise UnwritableCatalog(
                f"{path} can't be written or opened: {error}.",
                "Make its folder writable and see that the disk has room.",
            ) from error
        if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
            raise DamagedCatalog(
                f"{path} is not a readable database: {error}.",
                "Restore it from a backup, or move it away and index again.",
            ) from error
        raise CatalogError(
            f"{path}: {error}.", "This is likely a defect of Pincite: please report it."
        ) from error
