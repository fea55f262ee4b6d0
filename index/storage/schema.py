"""The catalog's schema: how one is made, and which ones can be read."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from index.errors import ForeignCatalog, NewerCatalog, UnwritableCatalog
from index.faults import reach
from index.storage.placing import delete_left, delete_temporary, name_beside, put_in_place

APPLICATION_ID = 0x50494E43
"""SQLite's `application_id` of a Pincite catalog: "PINC"."""

CATALOG_FORMAT = 2
"""SQLite's `user_version` of the catalogs that this code writes."""

_CHANGES = """
CREATE TABLE changes (
    generation INTEGER PRIMARY KEY,
    token TEXT NOT NULL,
    document_id TEXT NOT NULL,
    removed_first INTEGER,
    removed_end INTEGER,
    added_first INTEGER,
    added_end INTEGER
) STRICT;
INSERT INTO changes (generation, token, document_id)
    SELECT CAST(value AS INTEGER), lower(hex(randomblob(16))), '' FROM meta
    WHERE key = 'generation';
"""
"""The log of changes; its first line stands for all that came before it."""

_STAGED = """
CREATE TABLE staged (
    revision_id INTEGER NOT NULL REFERENCES revisions,
    embedder TEXT NOT NULL,
    excluded BLOB NOT NULL,
    sentences BLOB NOT NULL,
    PRIMARY KEY (revision_id, embedder)
) STRICT;
"""
"""Current revisions that have passages and vectors of an embedder that isn't searched yet."""

_SCHEMA = f"""
BEGIN IMMEDIATE;
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('catalog_id', lower(hex(randomblob(16))));
INSERT INTO meta VALUES ('generation', '0');
INSERT INTO meta VALUES ('embedder', '');
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
    tokens INTEGER NOT NULL,
    embedder TEXT NOT NULL
) STRICT;
CREATE INDEX passages_by_revision ON passages (revision_id, embedder, passage_id);
CREATE TABLE vectors (
    revision_id INTEGER NOT NULL REFERENCES revisions,
    embedder TEXT NOT NULL,
    dimension INTEGER NOT NULL,
    matrix BLOB NOT NULL,
    PRIMARY KEY (revision_id, embedder)
) STRICT;
{_STAGED}
CREATE TABLE lines (
    line_key INTEGER NOT NULL,
    document_id TEXT NOT NULL,
    repeated INTEGER NOT NULL,
    PRIMARY KEY (line_key, document_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lines_by_document ON lines (document_id);
{_CHANGES}
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {CATALOG_FORMAT};
COMMIT;
"""

_MIGRATIONS = {
    1: f"""
ALTER TABLE passages ADD COLUMN embedder TEXT NOT NULL DEFAULT '';
UPDATE passages SET embedder =
    (SELECT embedder FROM vectors WHERE vectors.revision_id = passages.revision_id);
DROP INDEX passages_by_revision;
CREATE INDEX passages_by_revision ON passages (revision_id, embedder, passage_id);
INSERT INTO meta VALUES ('embedder', ifnull((SELECT max(embedder) FROM vectors), ''));
{_CHANGES}
{_STAGED}
PRAGMA user_version = 2;
"""
}
"""What makes a catalog of each older format one of the next."""


def create_catalog(path: Path) -> None:
    """Make an empty catalog, whole or not at all, unless there is one.

    Args:
        path: Where; its folder is made too.

    Raises:
        UnwritableCatalog: The folder can't be made or written to.
        sqlite3.Error: The database can't be written.
    """
    temporary = name_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _write_empty(temporary)
            reach("catalog.temporary_written")
            put_in_place(temporary, path)
            reach("catalog.linked")
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
        if path.is_file():
            delete_left(path)
        else:
            delete_temporary(temporary)


def _write_empty(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
    finally:
        connection.close()


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a catalog of an older format to the present one, whole or not at all.

    Args:
        connection: In no transaction.
        path: The catalog's file.

    Raises:
        ForeignCatalog: It is another program's.
        NewerCatalog: A newer Pincite wrote it.
        sqlite3.Error: It can't be written.
    """
    if check_format(connection, path) == CATALOG_FORMAT:
        return
    # Once the write lock is held, no other process migrates it too.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for older in range(check_format(connection, path), CATALOG_FORMAT):
            for statement in _statements(_MIGRATIONS[older]):
                connection.execute(statement)
            reach("catalog.migrated")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _statements(script: str) -> list[str]:
    """A script's statements: `executescript` would commit before it begins."""
    return [statement for statement in script.split(";") if statement.strip()]


def check_format(connection: sqlite3.Connection, path: Path) -> int:
    """See that a database is a catalog that this code reads; changes nothing.

    Returns:
        Its format.

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
    return int(catalog_format)
