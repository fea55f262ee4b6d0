"""The catalog's schema: how one is made, and which ones can be read."""

from __future__ import annotations

import os
import sqlite3
import uuid
from contextlib import suppress
from pathlib import Path

from index.errors import ForeignCatalog, NewerCatalog, UnwritableCatalog
from index.faults import reach

APPLICATION_ID = 0x50494E43
"""SQLite's `application_id` of a Pincite catalog: "PINC"."""

CATALOG_FORMAT = 1
"""SQLite's `user_version` of the catalogs that this code writes."""

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE revisions (
    revision_id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    text TEXT NOT NULL,
    characters INTEGER NOT NULL,
    title TEXT,
    source_url TEXT,
    published_at TEXT,
    published_at_source TEXT,
    media_type TEXT NOT NULL,
    encoding TEXT NOT NULL,
    extractor TEXT NOT NULL,
    metadata TEXT NOT NULL,
    source BLOB NOT NULL,
    excluded BLOB NOT NULL,
    sentences BLOB NOT NULL,
    generation INTEGER NOT NULL,
    added_at TEXT NOT NULL,
    UNIQUE (document_id, revision)
) STRICT;
CREATE TABLE documents (
    document_id TEXT PRIMARY KEY,
    revision_id INTEGER NOT NULL UNIQUE REFERENCES revisions
) STRICT, WITHOUT ROWID;
CREATE TABLE passages (
    passage_id INTEGER PRIMARY KEY AUTOINCREMENT,
    revision_id INTEGER NOT NULL REFERENCES revisions,
    start INTEGER NOT NULL,
    end INTEGER NOT NULL,
    tokens INTEGER NOT NULL
) STRICT;
CREATE INDEX passages_by_revision ON passages (revision_id, passage_id);
CREATE TABLE vectors (
    revision_id INTEGER NOT NULL REFERENCES revisions,
    embedder TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    matrix BLOB NOT NULL,
    PRIMARY KEY (revision_id, embedder)
) STRICT;
CREATE TABLE lines (
    line_key INTEGER NOT NULL,
    document_id TEXT NOT NULL,
    repeated INTEGER NOT NULL,
    PRIMARY KEY (line_key, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lines_by_document ON lines (document_id);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {CATALOG_FORMAT};
"""


def create_catalog(path: Path) -> None:
    """Make an empty catalog, whole or not at all, unless there is one.

    Args:
        path: Where; its folder is made too.

    Raises:
        UnwritableCatalog: The folder can't be made or written to.
        sqlite3.Error: The database can't be written.
    """
    temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_empty(temporary)
            reach("catalog.temporary_written")
            _put_in_place(temporary, path)
            reach("catalog.linked")
            _sync_folder(path.parent)
    except (OSError, sqlite3.Error) as error:
        # Whoever is first in place removes what the others are still writing.
        if not path.is_file():
            if isinstance(error, sqlite3.Error):
                raise
            raise UnwritableCatalog(
                f"The catalog {path} can't be made: {error}.",
                "Choose a data folder that can be written to (--data-dir or PINCITE_DATA_DIR).",
            ) from error
    finally:
        # Once a catalog stands, what killed processes left, and what others write, is of no use.
        left = f"{path.name}.*.tmp*" if path.is_file() else f"{temporary.name}*"
        with suppress(OSError):
            for file in path.parent.glob(left):
                file.unlink(missing_ok=True)


def _write_empty(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?)",
            [("catalog_id", uuid.uuid4().hex), ("generation", "0")],
        )
        connection.execute("COMMIT")
    finally:
        connection.close()


def _put_in_place(temporary: Path, path: Path) -> None:
    """Give a new catalog its name; a rename alone would replace one that another process made.

    Raises:
        FileExistsError: There is one.
    """
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is taken first, and only by one process.
        path.touch(exist_ok=False)
        temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_format(connection: sqlite3.Connection, path: Path) -> None:
    """See that a database is a catalog that this code reads; changes nothing.

    Raises:
        ForeignCatalog: It is another program's.
        NewerCatalog: A newer Pincite wrote it.
    """
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    catalog_format = connection.execute("PRAGMA user_version").fetchone()[0]
    if application_id != APPLICATION_ID:
        raise ForeignCatalog(
            f"{path} is a database, but not a Pincite catalog.",
            "Move it away, or choose another data folder.",
        )
    if catalog_format > CATALOG_FORMAT:
        raise NewerCatalog(
            f"{path} has format {catalog_format}; this Pincite reads up to {CATALOG_FORMAT}.",
            "Upgrade Pincite, or index the documents into another data folder.",
        )
