"""Syncing: the collection ends like the folder, whatever happens meanwhile, and loses nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from killable import run_killed
from reference import Content, contents
from samples import SEEDS

from index.catalog import Catalog
from index.documents import make_document
from index.errors import EmptyFolder, SyncError, UnusableFolder
from index.files import Source
from index.ingest import Ingester, Outcome
from index.intake import ingest_paths
from index.sync_report import SyncReport
from index.syncing import Syncer
from index.types import Document

MAX_BYTES = 100_000
FAR = 4_000_000_000_000_000_000
"""A time in nanoseconds that is still to come: a file of that time never counts as settled."""

BANNER = "Sign up for our newsletter today"

STORIES = {
    "news/accra.txt": f"The harbour of Accra was closed on Monday because of a storm.\n\n{BANNER}",
    "news/bergen.txt": f"Ten ships with grain waited outside Bergen for a calmer sea.\n\n{BANNER}",
    "news/cadiz.txt": f"Fishermen of Cádiz \U0001f6a2 came home with empty nets again.\n\n{BANNER}",
    "dover.txt": "A ferry from Dover brought 146 passengers to the other shore.",
}


class Meddler(FakeEmbedder):
    """Does something once, before it embeds the first text that holds a word."""

    def __init__(self, word: str, meddle: Callable[[], object]) -> None:
        self._word = word
        self._meddle: Callable[[], object] | None = meddle

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if self._meddle is not None and any(self._word in text for text in texts):
            meddle, self._meddle = self._meddle, None
            meddle()
        return super().embed(texts)


class CountingIngester(Ingester):
    """Counts the documents that it is asked to put in."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog, FakeEmbedder())
        self.asked = 0

    def put(
        self, document: Document, progress: Callable[[float], None] = lambda _: None
    ) -> Outcome:
        self.asked += 1
        return super().put(document, progress)


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def syncer(
    catalog: Catalog,
    folder: Path,
    embedder: FakeEmbedder | None = None,
    *,
    allow_empty: bool = False,
) -> Syncer:
    return Syncer(
        folder,
        catalog,
        lambda: Ingester(catalog, embedder or FakeEmbedder()),
        max_bytes=MAX_BYTES,
        allow_empty=allow_empty,
    )


def sync(catalog: Catalog, folder: Path, embedder: FakeEmbedder | None = None) -> SyncReport:
    return syncer(catalog, folder, embedder).run()


def put(catalog: Catalog, document_id: str, text: str) -> None:
    """Put a document in as another process does."""
    other = Catalog(catalog.path)
    document, _ = make_document(document_id, text.encode(), max_bytes=MAX_BYTES)
    Ingester(other, FakeEmbedder()).put(document)
    other.close()


def texts(catalog: Catalog) -> dict[str, str]:
    return {document_id: content.text for document_id, content in contents(catalog.path).items()}


def indexed(place: Path, folder: Path) -> dict[str, Content]:
    """What a new catalog holds after the folder was indexed."""
    catalog = Catalog(place / "catalog.sqlite", create=True)
    ingest_paths(lambda: Ingester(catalog, FakeEmbedder()), [folder], max_bytes=MAX_BYTES)
    catalog.close()
    return contents(catalog.path)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "folder", STORIES)


def test_adds_replaces_and_removes_and_equals_a_rebuild(
    catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    first = sync(catalog, folder)
    assert (first.added, first.replaced, first.unchanged, first.removed) == (
        sorted(STORIES),
        [],
        [],
        [],
    )
    assert contents(catalog.path) == indexed(tmp_path / "1", folder)
    generation = catalog.generation()

    write(folder, {"dover.txt": "No ferry left Dover.", "essen.txt": "Essen has no harbour."})
    (folder / "news/accra.txt").unlink()
    second = sync(catalog, folder)
    assert (second.added, second.replaced, second.unchanged, second.removed, second.failed) == (
        ["essen.txt"],
        ["dover.txt"],
        ["news/bergen.txt", "news/cadiz.txt"],
        ["news/accra.txt"],
        [],
    )
    # The banner stands in two documents only now, and so is debris no longer.
    assert contents(catalog.path) == indexed(tmp_path / "2", folder)
    assert contents(catalog.path)["news/cadiz.txt"].excluded == []
    assert second.generation == catalog.generation() == generation + 3 + 2

    third = sync(catalog, folder)
    assert third.unchanged == sorted(contents(catalog.path))
    assert (third.changed, third.generation) == (False, second.generation)


def test_files_that_have_not_changed_are_not_read_again(catalog: Catalog) -> None:
    ingester = CountingIngester(catalog)
    seeds = Syncer(SEEDS, catalog, lambda: ingester, max_bytes=MAX_BYTES)
    assert len(seeds.run().added) == ingester.asked == 5
    assert len(seeds.run().unchanged) == ingester.asked == 5
    ingester.remove("rival-leaders-to-meet-in-moscow.txt")
    assert seeds.run().added == ["rival-leaders-to-meet-in-moscow.txt"]
    assert ingester.asked == 6


@pytest.mark.parametrize(
    ("name", "error"),
    [("missing", UnusableFolder), ("dover.txt", UnusableFolder), ("new", EmptyFolder)],
)
def test_folder_that_cannot_be_meant_changes_nothing(
    catalog: Catalog, folder: Path, name: str, error: type[SyncError]
) -> None:
    sync(catalog, folder)
    (folder / "new").mkdir()
    before, generation = contents(catalog.path), catalog.generation()
    for run in (syncer(catalog, folder / name).run, syncer(catalog, folder / name).plan):
        with pytest.raises(error, match=name):
            run()
    assert (contents(catalog.path), catalog.generation()) == (before, generation)


def test_folder_whose_rules_cannot_be_read_changes_nothing(catalog: Catalog, folder: Path) -> None:
    sync(catalog, folder)
    (folder / ".pinciteignore").write_bytes(b"\xff\xfe\xff")
    (folder / "dover.txt").unlink()
    with pytest.raises(UnusableFolder, match="pinciteignore"):
        sync(catalog, folder)
    assert sorted(texts(catalog)) == sorted(STORIES)


def test_empty_folder_removes_all_only_if_allowed(catalog: Catalog, folder: Path) -> None:
    sync(catalog, folder)
    for name in STORIES:
        (folder / name).unlink()
    with pytest.raises(EmptyFolder, match="lose all") as raised:
        sync(catalog, folder)
    assert "--allow-empty" in raised.value.remedy
    assert sorted(texts(catalog)) == sorted(STORIES)
    assert syncer(catalog, folder, allow_empty=True).run().removed == sorted(STORIES)
    assert texts(catalog) == {}


def test_what_cannot_be_read_now_keeps_its_document(
    catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    write(folder, {"gone.txt": "This file goes.", "other/a.txt": "A text in a folder."})
    sync(catalog, folder)
    before = contents(catalog.path)
    (folder / "gone.txt").unlink()
    (folder / "dover.txt").write_bytes(b"\0\1\2 not a text \0" * 50)
    (folder / "news/accra.txt").unlink()
    (folder / "news/accra.txt").symlink_to(tmp_path / "nowhere.txt")
    (folder / "other/.pinciteignore").write_bytes(b"\xff\xfe\xff")
    report = sync(catalog, folder)
    assert report.removed == ["gone.txt"]
    assert report.kept == ["dover.txt", "news/accra.txt", "other/a.txt"]
    assert sorted((Path(problem.name).name, problem.code) for problem in report.failed) == [
        ("accra.txt", "unreadable_document"),
        ("dover.txt", "binary_document"),
        ("other", "invalid_metadata"),
    ]
    del before["gone.txt"]
    assert contents(catalog.path) == before

    write(folder, {"dover.txt": "It can be read again."})
    (folder / "news/accra.txt").unlink()
    (folder / "other/.pinciteignore").write_text("a.txt\n")
    report = sync(catalog, folder)
    assert (report.replaced, report.removed, report.kept) == (
        ["dover.txt"],
        ["news/accra.txt", "other/a.txt"],
        [],
    )
    assert contents(catalog.path) == indexed(tmp_path / "all", folder)


def test_names_of_composed_letters_keep_their_documents_too(catalog: Catalog, folder: Path) -> None:
    """File systems keep names as they are given: `e` and an accent, which ids join to `é`."""
    write(
        folder,
        {
            "cafe\u0301.txt": "A café in the harbour.",
            "re\u0301sume\u0301s/a.txt": "A résumé.",
            "re\u0301sume\u0301s/b.txt": "Another one.",
        },
    )
    sync(catalog, folder)
    before = contents(catalog.path)
    (folder / "cafe\u0301.txt").write_bytes(b"x" * (MAX_BYTES + 1))
    (folder / "re\u0301sume\u0301s/.pinciteignore").write_bytes(b"\xff\xfe\xff")
    report = sync(catalog, folder)
    assert report.removed == []
    assert report.kept == ["caf\u00e9.txt", "r\u00e9sum\u00e9s/a.txt", "r\u00e9sum\u00e9s/b.txt"]
    assert [problem.code for problem in report.failed] == ["document_too_large", "invalid_metadata"]
    assert contents(catalog.path) == before


def test_plan_says_what_a_run_does_and_writes_nothing(catalog: Catalog, folder: Path) -> None:
    def refuse() -> Ingester:
        raise AssertionError("a plan writes nothing")

    nothing = Syncer(folder, None, refuse, max_bytes=MAX_BYTES).plan()
    assert (nothing.added, nothing.generation) == (sorted(STORIES), None)
    sync(catalog, folder)
    (folder / "news/accra.txt").unlink()
    write(folder, {"dover.txt": "No ferry left.", "e.txt": "New.", "news/bergen.txt": " \n"})
    before = contents(catalog.path)
    planned = Syncer(folder, catalog, refuse, max_bytes=MAX_BYTES).plan()
    assert contents(catalog.path) == before
    assert (planned.added, planned.replaced, planned.unchanged, planned.removed, planned.kept) == (
        ["e.txt"],
        ["dover.txt"],
        ["news/cadiz.txt"],
        ["news/accra.txt"],
        ["news/bergen.txt"],
    )
    done = sync(catalog, folder)
    planned.generation = done.generation
    assert done == planned


def test_what_another_process_writes_meanwhile_is_not_lost(catalog: Catalog, folder: Path) -> None:
    put(catalog, "elsewhere.txt", "A text that the folder hasn't.")
    put(catalog, "changing.txt", "Another one, as it was.")

    def meddle() -> None:
        put(catalog, "changing.txt", "Another one, as it is now.")
        put(catalog, "late.txt", "A text that came while the folder was synced.")

    report = sync(catalog, folder, Meddler("ferry", meddle))
    assert report.removed == ["elsewhere.txt"]
    assert (
        texts(catalog) | STORIES
        == texts(catalog)
        == STORIES
        | {
            "changing.txt": "Another one, as it is now.",
            "late.txt": "A text that came while the folder was synced.",
        }
    )
    assert sync(catalog, folder).removed == ["changing.txt", "late.txt"]


def test_folder_that_changes_meanwhile_is_followed(
    catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    def meddle() -> None:
        # Of the same length, and at once.
        write(folder, {"dover.txt": STORIES["dover.txt"].replace("146", "147"), "z.txt": "New."})
        (folder / "news/accra.txt").unlink()

    report = sync(catalog, folder, Meddler("Bergen", meddle))
    assert "147 passengers" in texts(catalog)["dover.txt"]
    assert contents(catalog.path) == indexed(tmp_path / "all", folder)
    assert (report.added, report.removed) == (sorted(contents(catalog.path)), [])


class Writer(FakeEmbedder):
    """Writes one more line to a file whenever it embeds one of its lines."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if any("another ship came" in text for text in texts):
            self.write()
        return super().embed(texts)

    def write(self) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            file.write("\n\nAt noon another ship came.")
        os.utime(self._log, ns=(FAR, FAR))


def revisions(catalog: Catalog, document_id: str) -> int:
    with catalog.snapshot() as snapshot:
        return snapshot.summary(document_id).revisions


def test_file_that_never_rests_is_left_after_a_few_passes_and_reported(
    catalog: Catalog, folder: Path
) -> None:
    log = Writer(folder / "log.txt")
    log.write()
    report = sync(catalog, folder, log)
    assert (report.added, report.replaced) == (sorted([*STORIES, "log.txt"]), [])
    assert report.changing == ["log.txt"]
    assert revisions(catalog, "log.txt") == 3
    assert texts(catalog)["log.txt"].count("ship") == 3
    assert (folder / "log.txt").read_text(encoding="utf-8").count("ship") == 4
    report = sync(catalog, folder)
    assert (report.replaced, report.changing) == (["log.txt"], [])
    assert texts(catalog)["log.txt"].count("ship") == 4


def test_file_that_is_followed_while_it_grows_costs_a_revision_when_it_rests(
    catalog: Catalog, folder: Path
) -> None:
    log = Writer(folder / "log.txt")
    log.write()
    followed = syncer(catalog, folder)
    assert followed.run().changing == []
    for _ in range(6):
        log.write()
        report = followed.run()
        assert (report.changing, report.changed) == (["log.txt"], False)
    report = followed.run()
    assert (report.changing, report.replaced) == ([], ["log.txt"])
    assert revisions(catalog, "log.txt") == 2
    assert texts(catalog)["log.txt"].count("ship") == 7


@pytest.mark.parametrize("word", ["Accra", "Cádiz", "ferry"])
def test_two_syncs_at_once_end_like_the_folder(
    catalog: Catalog, folder: Path, tmp_path: Path, word: str
) -> None:
    write(folder, {"back.txt": "A file that comes back.", "old.txt": "A file that goes."})
    sync(catalog, folder)
    back = (folder / "back.txt").read_text()
    (folder / "back.txt").unlink()
    write(folder, {name: text.replace("a", "o") for name, text in STORIES.items()})

    def meddle() -> None:
        # The first sync hasn't seen this file, and is going to remove its document.
        write(folder, {"back.txt": back, "dover.txt": "The ferry sank.", "new.txt": "Quite new."})
        (folder / "old.txt").unlink()
        other = Catalog(catalog.path)
        sync(other, folder)
        other.close()

    sync(catalog, folder, Meddler(word.replace("a", "o"), meddle))
    assert sorted(texts(catalog)) == sorted({*STORIES, "back.txt", "new.txt"})
    assert contents(catalog.path) == indexed(tmp_path / "all", folder)


def test_run_that_is_stopped_keeps_what_it_did_and_the_next_completes_it(
    catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    done: list[str] = []

    def note(source: Source, fraction: float) -> None:
        if fraction == 1.0 and source.document_id not in done:
            done.append(source.document_id)

    stopping = syncer(catalog, folder)
    report = stopping.run(should_stop=lambda: len(done) >= 2, on_progress=note)
    assert report.added == sorted(texts(catalog))
    assert 1 <= len(report.added) < len(STORIES)
    assert len(stopping.run().added) == len(STORIES) - len(report.added)
    assert contents(catalog.path) == indexed(tmp_path / "all", folder)


def test_collection_is_opened_only_when_there_is_something_to_write(tmp_path: Path) -> None:
    folder = write(tmp_path / "folder", {"a.txt": " \n"})
    opened: list[Catalog] = []

    def open_ingester() -> Ingester:
        opened.append(Catalog(tmp_path / "catalog.sqlite", create=True))
        return Ingester(opened[-1], FakeEmbedder())

    new = Syncer(folder, None, open_ingester, max_bytes=MAX_BYTES)
    report = new.run()
    assert ([problem.code for problem in report.failed], report.generation) == (
        ["empty_document"],
        None,
    )
    assert opened == []
    write(folder, {"b.txt": "Something to read."})
    assert (new.run().added, len(opened)) == (["b.txt"], 1)
    assert sorted(contents(tmp_path / "catalog.sqlite")) == ["b.txt"]


SYNC = """
import sys
from pathlib import Path
from fakes import FakeEmbedder
from index.catalog import Catalog
from index.ingest import Ingester
from index.syncing import Syncer
catalog = Catalog(Path(sys.argv[1]))
folder = Path(sys.argv[2])
Syncer(folder, catalog, lambda: Ingester(catalog, FakeEmbedder()), max_bytes=100_000).run()
"""


@pytest.mark.parametrize(
    ("fault", "written"),
    [
        ("ingest.embedded:2", {"dover.txt"}),
        ("catalog.vectors_written:3", {"dover.txt", "essen.txt"}),
        ("catalog.committed:3", {"dover.txt", "essen.txt", "news/bergen.txt"}),
        ("catalog.document_erased:2", {"dover.txt", "essen.txt", "news/bergen.txt", "a.txt"}),
        (
            "catalog.removed:2",
            {"dover.txt", "essen.txt", "news/bergen.txt", "a.txt", "news/accra.txt"},
        ),
        (
            "sync.all_committed",
            {"dover.txt", "essen.txt", "news/bergen.txt", "a.txt", "news/accra.txt"},
        ),
    ],
)
def test_killed_sync_leaves_whole_documents_and_the_next_completes_it(
    catalog: Catalog, folder: Path, tmp_path: Path, fault: str, written: set[str]
) -> None:
    write(folder, {"a.txt": "A text that goes."})
    sync(catalog, folder)
    before = texts(catalog)
    (folder / "a.txt").unlink()
    (folder / "news/accra.txt").unlink()
    write(
        folder,
        {
            "dover.txt": "No ferry left Dover.",
            "essen.txt": "Essen has no harbour.",
            "news/bergen.txt": f"Bergen is calm.\n\n{BANNER}",
        },
    )
    wanted = indexed(tmp_path / "all", folder)
    run_killed(SYNC, catalog.path, folder, fault=fault)
    after = {document_id: content.text for document_id, content in wanted.items()}
    expected = {
        document_id: (after if document_id in written else before).get(document_id)
        for document_id in {*before, *after}
    }
    assert texts(catalog) == {i: text for i, text in expected.items() if text is not None}
    report = sync(catalog, folder)
    assert {*report.added, *report.replaced, *report.removed} == {
        "dover.txt",
        "essen.txt",
        "news/bergen.txt",
        "a.txt",
        "news/accra.txt",
    } - written
    assert contents(catalog.path) == wanted
