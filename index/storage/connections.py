"""Connections to a catalog's file: lent for a transaction, from a small pool."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.errors import BusyCatalog, CatalogError, DamagedCatalog, UnwritableCatalog

BUSY_SECONDS = 30.0
"""How long to wait for another process that writes, unless it is said."""

_IDLE_CONNECTIONS = 8


class ConnectionPool:
    """Connections to one database file, which must stay the one that was opened.

    Safe to use from several threads: each borrows a connection for a transaction.

    Args:
        path: The file; it must exist.
        busy_seconds: How long to wait for another process that writes.
    """

    def __init__(self, path: Path, busy_seconds: float) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._lock = threading.Lock()
        self._idle = [self._connect()]
        # Only now: opening a file to write it makes another one on a layered file system.
        self._identity = _identity(path)
        self._closed = False

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
            # What is removed is overwritten in the file.
            connection.execute("PRAGMA secure_delete = ON")
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
    def transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Lends a connection in a transaction, which is rolled back unless it was committed.

        Args:
            begin: The statement that begins it.

        Raises:
            CatalogError: SQLite's errors as designed ones; the pool is closed; the file isn't the
                one that was opened.
        """
        with clear_errors(self.path, self._busy_seconds):
            connection = self._borrow()
            try:
                connection.execute(begin)
                yield connection
            finally:
                self._give_back(connection)

    @contextmanager
    def untouched(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection in no transaction; raises what `transaction` does."""
        with clear_errors(self.path, self._busy_seconds):
            connection = self._borrow()
            try:
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


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another one at the same place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def busy(path: Path, waited: float | None = None) -> BusyCatalog:
    """The error that another process writes and doesn't finish.

    Args:
        path: The catalog.
        waited: For how many seconds it was waited for, if that is known.
    """
    long = "that takes long" if waited is None else f"it takes longer than {waited:g} s"
    return BusyCatalog(
        f"{path} is being written by another process, and {long}.",
        "Wait for it to finish, then try again; PINCITE_BUSY_SECONDS says how long to wait for it.",
    )


@contextmanager
def clear_errors(path: Path, busy_seconds: float | None = None) -> Iterator[None]:
    """Turn SQLite's errors into designed ones.

    Args:
        path: The catalog that they are of.
        busy_seconds: How long the connection waits for another process that writes.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise busy(path, busy_seconds) from error
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
