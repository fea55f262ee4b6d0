"""A new catalog: whole or not at all, and nothing else is left in its folder."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from index.catalog import Catalog
from index.errors import UnwritableCatalog
from index.storage.placing import name_beside
from index.storage.schema import create_catalog


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    left = name_beside(path)
    others = ["catalog.sqlite.2026.tmp", "catalog.sqlite.notes.tmp.txt", "other.tmp"]
    for name in (left.name, f"{left.name}-wal", *others):
        (tmp_path / name).write_bytes(b"left")
    create_catalog(path)
    assert names(tmp_path) == ["catalog.sqlite", *others]


def test_logs_of_a_catalog_that_is_gone_are_not_the_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    create_catalog(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as writing:
        writing.execute("UPDATE meta SET value = '41' WHERE key = 'generation'")
        log = path.with_name("catalog.sqlite-wal").read_bytes()
        assert len(log) > 4096
    path.unlink()
    path.with_name("catalog.sqlite-wal").write_bytes(log)
    catalog = Catalog(path, create=True)
    assert catalog.generation() == 0
    catalog.close()
    assert names(tmp_path) == ["catalog.sqlite"]


def test_catalog_that_stands_stays_and_loses_its_second_name(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    create_catalog(path)
    before = path.read_bytes()
    # As a process leaves it that is killed between giving the new name and removing the first.
    os.link(path, name_beside(path))
    create_catalog(path)
    assert names(tmp_path) == ["catalog.sqlite"]
    assert path.read_bytes() == before


def test_new_name_is_synced_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "catalog.sqlite"
    folders: list[tuple[bool, bool]] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            folders.append((os.path.samestat(status, tmp_path.stat()), path.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    create_catalog(path)
    assert folders == [(True, True)]


@pytest.fixture
def no_hard_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system like FAT or some network shares."""

    def link(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)


@pytest.mark.usefixtures("no_hard_links")
def test_catalog_is_made_without_hard_links(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "new" / "catalog.sqlite", create=True)
    assert catalog.generation() == 0
    catalog.close()
    assert names(tmp_path / "new") == ["catalog.sqlite"]
    again = Catalog(tmp_path / "new" / "catalog.sqlite", create=True)
    assert again.generation() == 0


@pytest.mark.parametrize("links", [True, False])
def test_catalog_made_meanwhile_stays(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    links: bool,
) -> None:
    path = tmp_path / "catalog.sqlite"
    if not links:
        request.getfixturevalue("no_hard_links")
    link = os.link

    def late(source: Path, target: Path) -> None:
        # Another process is first, just before this one gives its catalog the name.
        if not path.exists():
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("CREATE TABLE first (x)")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    create_catalog(path)
    assert names(tmp_path) == ["catalog.sqlite"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("first",)]


def test_folder_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritableCatalog, match="--data-dir"):
        create_catalog(tmp_path / "file" / "catalog.sqlite")
    assert names(tmp_path) == ["file"]
