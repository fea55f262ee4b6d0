"""Files followed into a collection: what is new or changed goes in, nothing is removed or lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from fakes import FakeEmbedder
from reference import Content, contents
from samples import SEEDS

from index.catalog import Catalog
from index.collection import CollectionStore
from index.errors import BusyCatalog
from index.files import Source
from index.ingest import Ingester, Outcome
from index.intake import Intake
from index.types import Document
from index.watching import watch_paths

MAX_BYTES = 100_000
FAR = 4_000_000_000_000_000_000
"""A time in nanoseconds that is still to come: a file of that time never counts as settled."""


class CountingIngester(Ingester):
    """Counts the documents that are put in, or would be."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog, FakeEmbedder())
        self.asked: list[str] = []

    def put(
        self, document: Document, progress: Callable[[float], None] = lambda _: None
    ) -> Outcome:
        self.asked.append(document.document_id)
        return super().put(document, progress)


def write(path: Path, text: str) -> None:
    """Write a file that may be written again, however long ago this was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(FAR, FAR))


def revisions(data: Path, document_id: str) -> list[str]:
    """The texts of all of a document's revisions, in the order in which they were put in."""
    with closing(sqlite3.connect(data / "default" / "catalog.sqlite")) as connection:
        rows = connection.execute(
            "SELECT text FROM revisions WHERE document_id = ? ORDER BY generation", (document_id,)
        )
        return [text for (text,) in rows]


def served(data: Path) -> dict[str, Content]:
    return contents(data / "default" / "catalog.sqlite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "folder" / "a.txt", "Ten ships waited outside Bergen for a calmer sea.")
    write(tmp_path / "folder" / "deep" / "b.md", "# Ferry\n\nIt brought 146 passengers.")
    return tmp_path / "folder"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def intake(store: CollectionStore, *paths: Path) -> Intake:
    return Intake(
        lambda: Ingester(store.catalog("default", create=True), FakeEmbedder()),
        paths,
        max_bytes=MAX_BYTES,
    )


def test_runs_add_and_replace_and_never_remove(folder: Path, data: Path) -> None:
    with CollectionStore(data) as store:
        followed = intake(store, folder)
        first = followed.run()
        assert (first.added, first.generation) == (["a.txt", "deep/b.md"], 2)
        (folder / "a.txt").unlink()
        write(folder / "deep" / "b.md", "# Ferry\n\nIt brought 147 passengers.")
        write(folder / "c.txt", "The museum opens in May.")
        second = followed.run()
        assert (second.added, second.replaced, second.unchanged) == (["c.txt"], [], [])
        assert (second.failed, second.changing, second.generation) == ([], ["deep/b.md"], 3)
        third = followed.run()
        assert (third.replaced, third.unchanged, third.changing) == (["deep/b.md"], ["c.txt"], [])
        assert (third.failed, third.generation) == ([], 4)
    assert sorted(served(data)) == ["a.txt", "c.txt", "deep/b.md"]
    assert "147" in served(data)["deep/b.md"].text


def test_named_file_and_its_sidecar_are_followed(folder: Path, data: Path) -> None:
    with CollectionStore(data) as store:
        followed = intake(store, folder / "a.txt")
        assert followed.run().added == ["a.txt"]
        write(folder / "a.txt.meta.json", '{"title": "Bergen"}')
        assert followed.run().changing == ["a.txt"]
        assert followed.run().replaced == ["a.txt"]
    assert served(data)["a.txt"].title == "Bergen"


def test_files_that_have_not_changed_are_not_read_again(data: Path) -> None:
    with CollectionStore(data) as store:
        ingester = CountingIngester(store.catalog("default", create=True))
        followed = Intake(lambda: ingester, [SEEDS], max_bytes=MAX_BYTES)
        added = followed.run().added
        assert followed.run().unchanged == ingester.asked == added
        assert len(added) == 5
        ingester.remove(added[2])
        assert followed.run().added == [added[2]]
        assert ingester.asked[5:] == [added[2]]


def test_file_that_was_changed_just_now_is_read_again(folder: Path, data: Path) -> None:
    """It may change once more without a trace in its times."""
    with CollectionStore(data) as store:
        ingester = CountingIngester(store.catalog("default", create=True))
        followed = Intake(lambda: ingester, [folder / "a.txt"], max_bytes=MAX_BYTES)
        for _ in range(3):
            followed.run()
        assert ingester.asked == ["a.txt"] * 3


def test_file_that_grows_costs_a_revision_when_it_rests(folder: Path, data: Path) -> None:
    log = folder / "a.txt"
    texts = [log.read_text()]
    with CollectionStore(data) as store:
        followed = intake(store, folder)
        followed.run()
        for minute in range(6):
            texts.append(f"{texts[-1]}\n\nAt 12:0{minute} another ship came.")
            write(log, texts[-1])
            report = followed.run()
            assert (report.changing, report.unchanged) == (["a.txt"], ["deep/b.md"])
            assert report.generation == 2
        assert followed.run().replaced == ["a.txt"]
        assert revisions(data, "a.txt") == [texts[0], texts[-1]]


def test_file_that_had_settled_goes_in_at_its_first_change(folder: Path, data: Path) -> None:
    (folder / "link.txt").symlink_to(SEEDS / "rival-leaders-to-meet-in-moscow.txt")
    with CollectionStore(data) as store:
        followed = intake(store, folder / "link.txt")
        assert followed.run().added == ["link.txt"]
        (folder / "link.txt").unlink()
        write(folder / "link.txt", "Ten ships waited outside Bergen.")
        assert followed.run().replaced == ["link.txt"]
        write(folder / "link.txt", "Eleven ships waited outside Bergen.")
        assert followed.run().changing == ["link.txt"]


def test_path_that_has_vanished_is_told_and_comes_back(folder: Path, data: Path) -> None:
    with CollectionStore(data) as store:
        followed = intake(store, folder)
        followed.run()
        folder.rename(folder.with_name("away"))
        [problem] = followed.run().failed
        assert problem.message == (
            f"{str(folder)!r} isn't there any more; its documents stay in the collection."
        )
        assert "pincite remove" in problem.remedy
        folder.with_name("away").rename(folder)
        write(folder / "c.txt", "The museum opens in May.")
        back = followed.run()
        assert (back.failed, back.added) == ([], ["c.txt"])
    assert sorted(served(data)) == ["a.txt", "c.txt", "deep/b.md"]


def test_collection_that_is_deleted_meanwhile_is_made_anew(folder: Path, data: Path) -> None:
    with CollectionStore(data) as store:
        followed = intake(store, folder)
        followed.run()
        shutil.rmtree(data / "default")
        assert followed.run().added == ["a.txt", "deep/b.md"]
        assert followed.run().unchanged == ["a.txt", "deep/b.md"]
    assert sorted(served(data)) == ["a.txt", "deep/b.md"]


def test_run_that_is_stopped_keeps_what_it_did_and_the_next_completes_it(
    folder: Path, data: Path
) -> None:
    done: list[str] = []

    def note(source: Source, fraction: float) -> None:
        if fraction == 1.0:
            done.append(source.document_id)

    with CollectionStore(data) as store:
        followed = intake(store, folder)
        stopped = followed.run(should_stop=lambda: "a.txt" in done, on_progress=note)
        assert (stopped.added, stopped.generation) == (["a.txt"], 1)
        assert followed.run().added == ["deep/b.md"]


def test_run_goes_on_once_another_process_has_written(folder: Path, data: Path) -> None:
    with CollectionStore(data, busy_seconds=0.05) as store:
        followed = intake(store, folder)
        followed.run()
        write(folder / "c.txt", "The museum opens in May.")
        path = data / "default" / "catalog.sqlite"
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(BusyCatalog, match=r"longer than 0\.05 s"):
                followed.run()
        assert followed.run().added == ["c.txt"]
    assert sorted(served(data)) == ["a.txt", "c.txt", "deep/b.md"]


def test_burst_of_changes_is_one_run(folder: Path, data: Path) -> None:
    names = [f"burst/{number:02}.txt" for number in range(30)]
    with CollectionStore(data) as store:
        followed = intake(store, folder)
        words = watch_paths([folder], lambda: False, ignored=data)
        reports = []
        for word in words:
            if not word:
                continue
            reports.append(followed.run())
            if len(reports) == 2:
                # The watch has begun; what comes while a run is at work is told by the next word.
                for name in names:
                    write(folder / name, f"The text of {name}.")
            if reports[-1].added and len(reports) > 2:
                break
    assert reports[-1].added == names
