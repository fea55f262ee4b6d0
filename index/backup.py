"""Backups of a catalog: one file each, made through SQLite's backup interface.

A backup is a catalog at rest: the same database, without a log beside it. Views aren't in it, since
they can be made again.
"""

from __future__ import annotations

from pathlib import Path

from index.catalog import Catalog
from index.errors import UnfitBackupPlace
from index.faults import reach
from index.snapshot import Snapshot
from index.storage.connections import clear_errors
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


def back_up(
    catalog: Catalog,
    file: Path,
    *,
    replace: bool = False,
    on_progress: Progress = lambda *_: None,
) -> BackupReport:
    """Write one committed state of a catalog to a file, whole or not at all.

    Others may read and write the catalog meanwhile.

    Args:
        catalog: What to back up.
        file: Where to.
        replace: Replace the file if there is one.
        on_progress: Called as the copy grows.

    Raises:
        UnfitBackupPlace: There is such a file, a folder, or it is a collection's folder.
        CatalogError: It can't be written; or the catalog is damaged.
    """
    _check_target(file, catalog, replace=replace)
    temporary = name_beside(file)
    try:
        with clear_errors(temporary), open_database(temporary, "rwc") as copy:
            with clear_errors(catalog.path), open_database(catalog.path, "rw") as source:
                # One transaction for all steps: what others write meanwhile isn't seen.
                source.execute("BEGIN")
                Snapshot(source).catalog_id()
                copy_database(source, copy, on_progress)
            # A file by itself: SQLite keeps no log beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            check_whole(copy, catalog.path)
            report = report_on(copy)
        reach("backup.written")
        with clear_os_errors(file):
            put_in_place(temporary, file, replace=replace)
        reach("backup.in_place")
    except FileExistsError as error:
        raise _there_already(file) from error
    finally:
        delete_left(file)
    return report


def _check_target(file: Path, catalog: Catalog, *, replace: bool) -> None:
    if file.parent.joinpath(catalog.path.name).exists():
        raise UnfitBackupPlace(
            f"{file} would lie in the folder of a collection.", "Keep backups somewhere else."
        )
    if file.is_dir():
        raise UnfitBackupPlace(f"{file} is a folder.", "Name a file in it.")
    if not replace and file.exists():
        raise _there_already(file)


def _there_already(file: Path) -> UnfitBackupPlace:
    return UnfitBackupPlace(f"There is a file {file} already.", "Name another one, or say --force.")
