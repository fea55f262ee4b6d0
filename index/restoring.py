"""Catalogs made of backups, in a place of their own or in that of another one.

What is restored gets a new catalog id, so that no view takes it for the catalog that it shows, and
a generation above the one that it replaces.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from index.errors import (
    CollectionExists,
    DamagedCatalog,
    ForeignCatalog,
    MissingBackup,
    UnusableBackup,
)
from index.faults import reach
from index.snapshot import Snapshot
from index.storage.connections import BUSY_SECONDS, busy, clear_errors
from index.storage.copies import (
    BackupReport,
    Progress,
    check_whole,
    clear_os_errors,
    copy_database,
    open_database,
    report_on,
)
from index.storage.placing import delete_left, name_beside, put_in_place
from index.storage.schema import check_format, migrate


class _Live(NamedTuple):
    """What a catalog that is to be replaced has come to.

    Attributes:
        generation: Its generation.
        last_ids: The highest id that each table has ever given.
    """

    generation: int
    last_ids: dict[str, int]


class _Overtaken(Exception):
    """Another process has written the catalog that is to be replaced."""


def restore(
    file: Path,
    path: Path,
    *,
    replace: bool = False,
    busy_seconds: float = BUSY_SECONDS,
    on_progress: Progress = lambda *_: None,
) -> BackupReport:
    """Make a catalog of a backup, or replace one by it; wholly or not at all.

    A catalog is replaced in one transaction: processes that have it open see its old state until
    that is committed. A backup of an older format is migrated; its file stays as it is.

    Args:
        file: The backup.
        path: The catalog's place.
        replace: Replace the catalog if there is one.
        busy_seconds: How long to wait for another process that writes.
        on_progress: Called as the copy grows; while another process writes, with 0.

    Raises:
        BackupError: There is no backup, or it is damaged or none; there is a catalog already.
        CatalogError: The backup is of a newer format; the catalog can't be written, or there is
            something else in its place.
    """
    if path.exists() and not replace:
        raise _taken(path)
    if not file.is_file():
        raise MissingBackup(f"There is no backup {file}.", "Check the name and the folder.")
    temporary = name_beside(path.with_name("restore"))
    is_new = not path.parent.exists()
    try:
        with clear_os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        _take(file, temporary)
        while True:
            is_there = path.exists()
            live = _found(path) if is_there else None
            report = _renew(temporary, live)
            reach("restore.prepared")
            if live is not None:
                with suppress(_Overtaken):
                    _replace(path, temporary, report.generation, busy_seconds, on_progress)
                    reach("restore.replaced")
                    return report
            elif _put(temporary, path, damaged=is_there):
                reach("restore.in_place")
                return report
            elif not replace:
                raise _taken(path)
    finally:
        delete_left(path.with_name("restore"))
        if is_new:
            # Empty only if nothing was restored.
            with suppress(OSError):
                path.parent.rmdir()


def _take(file: Path, temporary: Path) -> None:
    """Copy a backup to where it can be changed: checked, and in the present format."""
    with clear_errors(temporary), open_database(temporary, "rwc") as copy:
        try:
            # A file without a log is at rest: nothing is to be made beside it.
            has_log = file.with_name(f"{file.name}-wal").exists()
            mode = "ro" if has_log else "ro&immutable=1"
            with clear_errors(file), open_database(file, mode) as source:
                check_format(source, file)
                copy_database(source, copy, lambda *_: None)
            check_whole(copy, file)
            migrate(copy, file)
            Snapshot(copy).catalog_id()
        except DamagedCatalog as error:
            raise UnusableBackup(
                f"The backup is damaged: {error.message}", "Restore another backup."
            ) from error
        except ForeignCatalog as error:
            raise UnusableBackup(error.message, "Name a file that pincite backup made.") from error


def _renew(temporary: Path, live: _Live | None) -> BackupReport:
    """Make a copy a catalog of its own, that gives no id which the replaced one gave.

    Args:
        temporary: The copy.
        live: What the catalog that it is to replace has come to; None if there is none to read.
    """
    with clear_errors(temporary), open_database(temporary, "rw") as copy:
        copy.execute("BEGIN IMMEDIATE")
        generation = max(Snapshot(copy).generation(), live.generation if live else 0) + 1
        copy.execute("UPDATE meta SET value = ? WHERE key = 'catalog_id'", (uuid.uuid4().hex,))
        copy.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        for table, last in live.last_ids.items() if live else ():
            before = _last_ids(copy).get(table, 0)
            copy.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            copy.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, max(before, last)))
        # Nobody saw the states before this one; the log's first line stands for them.
        copy.execute("DELETE FROM changes")
        copy.execute(
            "INSERT INTO changes (generation, token, document_id) "
            "VALUES (?, lower(hex(randomblob(16))), '')",
            (generation,),
        )
        copy.execute("COMMIT")
        # As new catalogs are; once it is closed, its log is in the file.
        copy.execute("PRAGMA journal_mode = WAL")
        return report_on(copy)


def _put(temporary: Path, path: Path, *, damaged: bool) -> bool:
    """Give a copy a catalog's name; returns False if there is such a catalog meanwhile."""
    with clear_os_errors(path):
        try:
            put_in_place(temporary, path, replace=damaged)
        except FileExistsError:
            return False
    return True


def _replace(
    path: Path, temporary: Path, generation: int, busy_seconds: float, on_progress: Progress
) -> None:
    """Copy a catalog over another one, in one transaction of that.

    Raises:
        _Overtaken: The other one has come to that generation meanwhile; it stays.
    """
    deadline = time.monotonic() + busy_seconds
    locked = False

    def advance(done: int, total: int) -> None:
        nonlocal locked
        if not done:
            if time.monotonic() > deadline:
                raise busy(path, busy_seconds)
            on_progress(0, total)
            return
        # The first step has begun to write: now no other process can.
        if not locked and (now := _found(path)) and now.generation >= generation:
            raise _Overtaken
        locked = True
        reach("restore.copying")
        on_progress(done, total)

    with (
        clear_errors(path),
        open_database(path, "rw") as live,
        open_database(temporary, "rw") as copy,
    ):
        copy_database(copy, live, advance)
        # Else the log would stay as large as the whole catalog; readers may prevent that.
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _found(path: Path) -> _Live | None:
    """What a catalog has come to; None if it can't be read.

    Raises:
        CatalogError: There is something else in its place.
    """
    try:
        with clear_errors(path), open_database(path, "rw") as live:
            check_format(live, path)
            live.execute("BEGIN")
            return _Live(Snapshot(live).generation(), _last_ids(live))
    except DamagedCatalog:
        return None


def _last_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The highest id that each table has ever given."""
    return dict(connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall())


def _taken(path: Path) -> CollectionExists:
    return CollectionExists(
        f"There is a collection {path.parent.name!r} already.",
        "Name another one (--collection), or replace this one: --replace.",
    )
