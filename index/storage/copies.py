"""Copies of a catalog's database, made through SQLite's backup interface."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from index.errors import DamagedCatalog, UnwritableCatalog
from index.snapshot import Snapshot

_STEPS = 100
"""Steps of a copy; between them its progress is told."""

_WAIT_SECONDS = 1.0
"""How long a step waits for another process."""

Progress = Callable[[int, int], None]
"""Called with the bytes that are copied, and with all there are."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What is in a backup, or was put back from one.

    Attributes:
        documents: How many documents.
        generation: The catalog's generation.
        bytes: Size of the database.
    """

    documents: int
    generation: int
    bytes: int


def copy_database(
    source: sqlite3.Connection, target: sqlite3.Connection, on_progress: Progress
) -> None:
    """Copy a database in steps; the target is locked from the first, and written by the last.

    Args:
        source: What to copy.
        target: Where to; in no transaction.
        on_progress: Called after each step but the last; with 0 bytes while the target is locked by
            another process. What it raises ends the copy, and the target stays as it was.
    """
    size, pages = (source.execute(f"PRAGMA {n}").fetchone()[0] for n in ("page_size", "page_count"))
    failures = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    source.backup(
        target,
        pages=max(1, pages // _STEPS),
        progress=lambda status, left, total: on_progress(
            0 if status in failures else (total - left) * size, total * size
        ),
    )


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """See that a database isn't damaged.

    Raises:
        DamagedCatalog: It is; `path` is named.
    """
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DamagedCatalog(
            f"{path} is damaged: {' '.join(found.split())}.",
            "Restore it from a backup, or move it away and index again.",
        )


def report_on(connection: sqlite3.Connection) -> BackupReport:
    """What a catalog holds."""
    snapshot = Snapshot(connection)
    [size], [pages] = (snapshot.rows(f"PRAGMA {name}")[0] for name in ("page_size", "page_count"))
    return BackupReport(snapshot.count_documents(), snapshot.generation(), size * pages)


@contextmanager
def open_database(path: Path, mode: str) -> Iterator[sqlite3.Connection]:
    """Lends a connection to a database file, in no transaction.

    Args:
        path: The file.
        mode: As in SQLite's URIs: `ro`, `rw`, or `rwc` to make the file too.
    """
    with closing(
        sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=_WAIT_SECONDS,
            isolation_level=None,
        )
    ) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


@contextmanager
def clear_os_errors(path: Path) -> Iterator[None]:
    """Turn the system's errors into `UnwritableCatalog`, but for that of a file that exists."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise UnwritableCatalog(
            f"{path} can't be written: {error}.",
            "Make its folder writable and see that the disk has room.",
        ) from error
