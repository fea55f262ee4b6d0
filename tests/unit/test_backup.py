"""Backups: what they hold equals a state that was committed; what is restored equals the backup."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from fakes import FakeEmbedder
from killable import run_killed
from reference import Content, contents
from samples import DOCUMENTS
from waiting import until

from index.backup import back_up
from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.errors import (
    BusyCatalog,
    CatalogError,
    CollectionExists,
    DamagedCatalog,
    MissingBackup,
    NewerCatalog,
    UnfitBackupPlace,
    UnusableBackup,
    UnwritableCatalog,
)
from index.feed import Feed
from index.ingest import Ingester
from index.restoring import restore
from index.types import State

LONG = "\n\n".join(
    f"Ship number {n} brought {n * 7} tons of grain to the port." for n in range(400)
)


def put(catalog: Catalog, documents: dict[str, str]) -> None:
    ingester = Ingester(catalog, FakeEmbedder())
    for document_id, text in documents.items():
        document, _ = make_document(document_id, text.encode(), max_bytes=1_000_000)
        ingester.put(document)


def state(catalog: Catalog) -> State:
    with catalog.snapshot() as snapshot:
        return Feed(snapshot, FakeEmbedder.model_id).state()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "data" / "default" / "catalog.sqlite", create=True)
    put(catalog, DOCUMENTS | {"long.txt": LONG})
    put(catalog, {"news/first.txt": "An older text of it.", "long.txt": f"{LONG} And one more."})
    return catalog


@pytest.fixture
def backup(catalog: Catalog, tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    back_up(catalog, tmp_path / "backups" / "b.sqlite")
    return tmp_path / "backups" / "b.sqlite"


def test_backup_is_one_file_that_holds_everything(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "b[1].sqlite"
    steps: list[tuple[int, int]] = []
    report = back_up(catalog, file, on_progress=lambda *step: steps.append(step))
    assert files(tmp_path) == ["b[1].sqlite", "data"]
    assert (report.documents, report.generation) == (3, 5)
    assert report.bytes == file.stat().st_size
    assert steps == sorted(set(steps))
    assert len(steps) > 2
    assert {total for _, total in steps} == {report.bytes}
    assert steps[-1][0] <= report.bytes
    with closing(sqlite3.connect(file)) as copy, closing(sqlite3.connect(catalog.path)) as truth:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert list(copy.iterdump()) == list(truth.iterdump())


def test_backup_shows_one_state_while_others_write(catalog: Catalog, tmp_path: Path) -> None:
    before = contents(catalog.path)
    writers = [
        threading.Thread(
            target=put, args=(Catalog(catalog.path), {f"late {n}.txt": f"Late text {n}. {LONG}"})
        )
        for n in range(2)
    ]

    def write(_done: int, _total: int) -> None:
        # Each finishes before the next step of the copy.
        if writers:
            writer = writers.pop()
            writer.start()
            writer.join()

    back_up(catalog, tmp_path / "b.sqlite", on_progress=write)
    assert writers == []
    assert len(contents(catalog.path)) == 5
    assert contents(tmp_path / "b.sqlite") == before


def test_backup_replaces_a_file_only_if_told(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "b.sqlite"
    file.write_text("something else")
    with pytest.raises(UnfitBackupPlace, match=r"b\.sqlite already") as raised:
        back_up(catalog, file)
    assert "--force" in raised.value.remedy
    assert file.read_text() == "something else"
    back_up(catalog, file, replace=True)
    assert contents(file) == contents(catalog.path)
    assert files(tmp_path) == ["b.sqlite", "data"]


def test_file_that_appears_meanwhile_is_not_replaced(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "b.sqlite"
    with pytest.raises(UnfitBackupPlace, match="already"):
        back_up(catalog, file, on_progress=lambda *_: file.write_text("another's") and None)
    assert file.read_text() == "another's"
    assert files(tmp_path) == ["b.sqlite", "data"]


def test_backup_goes_to_no_place_that_is_in_use(catalog: Catalog, tmp_path: Path) -> None:
    before = contents(catalog.path)
    for file in (catalog.path, catalog.path.with_name("b.sqlite")):
        with pytest.raises(UnfitBackupPlace, match="folder of a collection"):
            back_up(catalog, file, replace=True)
    with pytest.raises(UnfitBackupPlace, match="is a folder"):
        back_up(catalog, tmp_path, replace=True)
    with pytest.raises(UnwritableCatalog, match="missing"):
        back_up(catalog, tmp_path / "missing" / "b.sqlite")
    assert contents(catalog.path) == before
    assert files(tmp_path) == ["data"]


def damage(path: Path) -> None:
    """Overwrite pages in the middle of a database."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xaa" * 4096 * 3)


def test_damaged_catalog_gives_no_backup(catalog: Catalog, tmp_path: Path) -> None:
    catalog.close()
    damage(catalog.path)
    with pytest.raises(DamagedCatalog, match="damaged"):
        back_up(Catalog(catalog.path), tmp_path / "b.sqlite")
    assert files(tmp_path) == ["data"]


def test_killed_backup_leaves_no_half_file_and_the_next_completes_it(
    catalog: Catalog, tmp_path: Path
) -> None:
    code = (
        "import sys; from pathlib import Path; from index.catalog import Catalog; "
        "from index.backup import back_up; "
        "back_up(Catalog(Path(sys.argv[1])), Path(sys.argv[2]), replace=True)"
    )
    file = tmp_path / "b.sqlite"
    run_killed(code, catalog.path, file, fault="backup.written")
    assert not file.exists()
    back_up(catalog, file)
    put(catalog, {"more.txt": "One more text."})
    old = contents(file)
    run_killed(code, catalog.path, file, fault="backup.written")
    assert contents(file) == old
    run_killed(code, catalog.path, file, fault="backup.in_place")
    assert contents(file) == contents(catalog.path) != old
    back_up(catalog, file, replace=True)
    assert files(tmp_path) == ["b.sqlite", "data"]


def test_restored_collection_equals_the_backup_and_is_a_catalog_of_its_own(
    catalog: Catalog, backup: Path, tmp_path: Path
) -> None:
    bytes_before = backup.read_bytes()
    path = tmp_path / "data" / "other" / "catalog.sqlite"
    report = restore(backup, path)
    assert (report.documents, report.generation) == (3, 6)
    assert backup.read_bytes() == bytes_before
    assert files(backup.parent) == ["b.sqlite"]
    assert files(path.parent) == ["catalog.sqlite"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    restored = Catalog(path)
    assert contents(path) == contents(catalog.path)
    assert state(restored).catalog_id != state(catalog).catalog_id
    with restored.snapshot() as snapshot:
        feed = Feed(snapshot, FakeEmbedder.model_id)
        assert not feed.includes(state(catalog))
        assert feed.includes(state(restored))
        first = contents(catalog.path)["news/first.txt"].revision
        old = snapshot.rows(
            "SELECT revision FROM revisions WHERE document_id = 'news/first.txt' AND revision != ?",
            (first,),
        )
        assert (
            snapshot.stored_document("news/first.txt", old[0]["revision"]).document.text
            == (DOCUMENTS["news/first.txt"])
        )
    put(restored, {"new.txt": "A text of the restored collection."})
    assert restored.generation() == 7


def test_existing_collection_is_replaced_only_if_told_and_stays_the_same_file(
    catalog: Catalog, backup: Path
) -> None:
    saved = contents(catalog.path)
    put(catalog, {"more.txt": "One more text.", "news/first.txt": "The newest text."})
    before = state(catalog)
    with pytest.raises(CollectionExists, match="'default' already") as raised:
        restore(backup, catalog.path)
    assert "--replace" in raised.value.remedy
    assert state(catalog) == before

    with catalog.snapshot() as reading:
        assert reading.generation() == before.generation
        live = contents(catalog.path)
        steps: list[tuple[int, int]] = []
        report = restore(
            backup, catalog.path, replace=True, on_progress=lambda *step: steps.append(step)
        )
        # Who reads sees the old state until the end.
        assert reading.generation() == before.generation
        assert reading.stored_document("more.txt").document.text == "One more text."
    assert catalog.is_in_place()
    assert contents(catalog.path) == saved != live
    assert report.generation == catalog.generation() == before.generation + 1
    assert state(catalog).catalog_id != before.catalog_id
    assert steps == sorted(set(steps))
    assert len(steps) > 2
    assert [name for name in files(catalog.path.parent) if "restore" in name] == []
    put(catalog, {"more.txt": "Written after the restoring."})
    assert catalog.generation() == before.generation + 2


@pytest.mark.parametrize("written_since", [0, 1, 2])
def test_collection_that_is_searched_shows_what_was_restored(
    catalog: Catalog, backup: Path, written_since: int
) -> None:
    collection = Collection(catalog, FakeEmbedder(), live=True)
    ingester = Ingester(catalog, FakeEmbedder())
    for n in range(written_since):
        put(catalog, {f"{n}.txt": f"A whale was seen off Oslo {n} times."})
    ingester.remove("long.txt")
    until(lambda: collection.is_ready and collection.generation() == catalog.generation())
    report = restore(backup, catalog.path, replace=True)
    until(lambda: collection.is_ready and collection.generation() == report.generation)
    found = collection.search("Ship number 7 brought 49 tons of grain to the port.", 1000)
    assert found.generation == report.generation
    assert {hit.document_id for hit in found.hits} == {"long.txt", *DOCUMENTS}
    assert "number 7 " in found.hits[0].text
    collection.close()


def begin_to_write(path: Path) -> sqlite3.Connection:
    """Another process's write, uncommitted, that raises the generation by one."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'generation'")
    connection.execute(
        "INSERT INTO changes SELECT max(generation) + 1, 'x', 'x', 1, 2, 3, 4 FROM changes"
    )
    return connection


def test_restoring_waits_for_who_writes_and_passes_its_generation(
    catalog: Catalog, backup: Path
) -> None:
    before = catalog.generation()
    saved = contents(catalog.path)
    waited: list[int] = []
    with closing(begin_to_write(catalog.path)) as writer:

        def finish(done: int, _total: int) -> None:
            if not done and not waited:
                waited.append(catalog.generation())
                writer.execute("COMMIT")

        report = restore(backup, catalog.path, replace=True, on_progress=finish)
    assert waited == [before]
    # It was prepared as the generation after `before`; that is another state now.
    assert report.generation == catalog.generation() == before + 2
    assert contents(catalog.path) == saved


def test_restoring_gives_up_on_who_writes_for_long(catalog: Catalog, backup: Path) -> None:
    before = state(catalog)
    with closing(begin_to_write(catalog.path)), pytest.raises(BusyCatalog, match="takes long"):
        restore(backup, catalog.path, replace=True, busy_seconds=0)
    assert state(catalog) == before


def test_failure_in_the_middle_changes_nothing(catalog: Catalog, backup: Path) -> None:
    put(catalog, {"more.txt": "One more text."})
    before, live = state(catalog), contents(catalog.path)

    def fail(done: int, total: int) -> None:
        if done > total // 2:
            raise MemoryError("in the middle")

    with pytest.raises(MemoryError):
        restore(backup, catalog.path, replace=True, on_progress=fail)
    assert (state(catalog), contents(catalog.path)) == (before, live)
    put(catalog, {"later.txt": "It can be written as before."})
    assert catalog.generation() == before.generation + 1


def rewrite(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(sql)


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (damage, UnusableBackup, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8192]), UnusableBackup, "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), UnusableBackup, "damaged"),
        (lambda path: path.write_text("Not a database." * 99), UnusableBackup, "damaged"),
        (lambda path: path.write_bytes(b""), UnusableBackup, "not a Pincite catalog"),
        (lambda path: rewrite(path, "PRAGMA application_id = 7"), UnusableBackup, "not a Pincite"),
        (lambda path: rewrite(path, "PRAGMA user_version = 99"), NewerCatalog, "format 99"),
        (lambda path: rewrite(path, "DELETE FROM meta"), UnusableBackup, "no catalog_id"),
        (Path.unlink, MissingBackup, "no backup"),
    ],
    ids=["page", "cut", "head", "text", "empty", "foreign", "newer", "hollow", "missing"],
)
def test_backup_that_cannot_be_used_changes_nothing(
    catalog: Catalog,
    backup: Path,
    tmp_path: Path,
    spoil: Callable[[Path], object],
    error: type[CatalogError],
    said: str,
) -> None:
    before, live = state(catalog), contents(catalog.path)
    spoil(backup)
    new = tmp_path / "data" / "new" / "catalog.sqlite"
    for path in (catalog.path, new):
        with pytest.raises(error, match=said) as raised:
            restore(backup, path, replace=True)
        assert type(raised.value) is error
        assert "backup" in raised.value.remedy or error in {NewerCatalog, MissingBackup}
    assert list(tmp_path.glob("data/*/restore*")) == []
    assert (state(catalog), contents(catalog.path)) == (before, live)
    assert not new.exists()


def test_backup_of_an_older_format_is_migrated_and_stays_as_it_is(tmp_path: Path) -> None:
    old = Path(__file__).parents[1] / "fixtures" / "catalog-format-1.sqlite"
    bytes_before = old.read_bytes()
    path = tmp_path / "c" / "catalog.sqlite"
    assert restore(old, path).documents == 3
    shutil.copy(old, tmp_path / "copy.sqlite")
    Catalog(tmp_path / "copy.sqlite").close()
    assert contents(path) == contents(tmp_path / "copy.sqlite")
    assert restore(old, path, replace=True).generation == Catalog(path).generation()
    assert old.read_bytes() == bytes_before
    assert files(old.parent) == ["catalog-format-1.sqlite", "make_catalog.py"]


@pytest.mark.parametrize("spoil", [damage, lambda path: path.write_text("no database" * 9999)])
def test_damaged_collection_is_replaced_by_its_backup(
    catalog: Catalog, backup: Path, spoil: Callable[[Path], object]
) -> None:
    saved = contents(catalog.path)
    log = catalog.path.with_name("catalog.sqlite-wal")
    put(catalog, {"more.txt": "A text that is in the log only."})
    left = log.read_bytes()
    catalog.close()
    spoil(catalog.path)
    # The log of what is replaced must not be taken for the new file's.
    log.write_bytes(left)
    restore(backup, catalog.path, replace=True)
    assert contents(catalog.path) == saved
    restored = Catalog(catalog.path)
    put(restored, {"new.txt": "It can be written."})
    restored.close()
    assert contents(catalog.path).keys() == {*saved, "new.txt"}


RESTORE = (
    "import sys; from pathlib import Path; from index.restoring import restore; "
    "restore(Path(sys.argv[1]), Path(sys.argv[2]), replace=True)"
)


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ("catalog.migrated", False),
        ("restore.prepared", False),
        ("restore.copying:1", False),
        ("restore.copying:40", False),
        ("restore.replaced", True),
    ],
)
def test_killed_restoring_leaves_the_old_state_or_the_new_one(
    catalog: Catalog, backup: Path, fault: str, is_done: bool
) -> None:
    if fault == "catalog.migrated":
        backup = Path(__file__).parents[1] / "fixtures" / "catalog-format-1.sqlite"
    put(catalog, {"more.txt": "One more text."})
    before, live = state(catalog), contents(catalog.path)
    catalog.close()
    run_killed(RESTORE, backup, catalog.path, fault=fault)
    again = Catalog(catalog.path)
    assert (state(again) == before) is not is_done
    assert (contents(catalog.path) == live) is not is_done
    with closing(sqlite3.connect(catalog.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    report = restore(backup, catalog.path, replace=True)
    assert contents(catalog.path) == from_backup(backup, catalog.path.parent.parent / "other")
    assert again.generation() == report.generation
    assert not [name for name in files(catalog.path.parent) if name.startswith("restore")]


def test_killed_restoring_of_a_new_collection_leaves_a_whole_one_or_none(
    backup: Path, tmp_path: Path
) -> None:
    path = tmp_path / "data" / "new" / "catalog.sqlite"
    wanted = from_backup(backup, tmp_path / "data" / "other")
    run_killed(RESTORE, backup, path, fault="restore.prepared")
    assert not path.exists()
    run_killed(RESTORE, backup, path, fault="restore.in_place")
    assert contents(path) == wanted
    restore(backup, path, replace=True)
    assert contents(path) == wanted
    assert [name for name in files(path.parent) if name.startswith("restore")] == []


def from_backup(backup: Path, folder: Path) -> dict[str, Content]:
    """What a new collection made of a backup holds."""
    restore(backup, folder / "catalog.sqlite")
    return contents(folder / "catalog.sqlite")


def test_restored_database_has_no_other_ones_log(catalog: Catalog, backup: Path) -> None:
    saved, folder = contents(catalog.path), catalog.path.parent
    put(catalog, {"more.txt": "One more text."})
    log = folder.joinpath("catalog.sqlite-wal").read_bytes()
    catalog.close()
    catalog.path.unlink()
    folder.joinpath("catalog.sqlite-wal").write_bytes(log)
    restore(backup, catalog.path)
    assert files(folder) == ["catalog.sqlite"]
    assert contents(catalog.path) == saved


def test_restored_catalog_gives_no_passage_id_again(catalog: Catalog, backup: Path) -> None:
    put(catalog, {f"{n}.txt": f"A text of the number {n}." for n in range(3)})
    given = last_passage(catalog)
    restore(backup, catalog.path, replace=True)
    assert last_passage(catalog) < given
    put(catalog, {"new.txt": "A text of the restored collection."})
    assert last_passage(catalog) == given + 1


def last_passage(catalog: Catalog) -> int:
    with catalog.snapshot() as snapshot:
        return int(snapshot.rows("SELECT max(passage_id) AS last FROM passages")[0]["last"])


def test_files_of_others_beside_a_backup_stay(catalog: Catalog, tmp_path: Path) -> None:
    for name in ("b.notes.tmp", "b.2026.tmp.txt"):
        (tmp_path / name).write_text("a person's")
    back_up(catalog, tmp_path / "b")
    assert (tmp_path / "b.notes.tmp").read_text() == "a person's"
    assert (tmp_path / "b.2026.tmp.txt").read_text() == "a person's"
