"""The catalog: what was put in is what comes out, revision by revision."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.catalog import Catalog
from index.errors import (
    BusyCatalog,
    CatalogError,
    DamagedCatalog,
    ForeignCatalog,
    ModelMismatch,
    NewerCatalog,
    UnknownDocument,
    UnknownRevision,
    UnwritableCatalog,
)
from index.feed import Feed
from index.snapshot import Snapshot
from index.storage.schema import APPLICATION_ID, CATALOG_FORMAT
from index.types import Change, Document, IdRange, Passage, Scores, Segmentation, TextRange

EMBEDDER = "toy@1"


def make(document_id: str, text: str, **more: object) -> Document:
    known = {"title": "A title", "published_at": None, "published_at_source": None}
    return Document(
        document_id=document_id,
        text=text,
        revision="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        source_url=None,
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=text.encode(),
        metadata={"tags": ["a", "b"]},
        **(known | more),  # type: ignore[arg-type]
    )


def halves(text: str) -> Segmentation:
    middle = len(text) // 2
    pieces = (TextRange(0, middle), TextRange(middle, len(text)))
    return Segmentation(
        excluded=(TextRange(0, 1),),
        sentences=pieces,
        passages=tuple(Passage(start, end, 3) for start, end in pieces),
    )


def passage_ids(snapshot: Snapshot) -> list[int]:
    return [i for d in Feed(snapshot, EMBEDDER).documents(with_texts=False) for i in range(*d.ids)]


def scored(ids: Iterable[int]) -> dict[int, Scores]:
    return {i: Scores(score=1 / i, similarity=2 / i, lexical=3 / i) for i in ids}


def put(catalog: Catalog, document: Document, seed: int = 0, **more: object) -> int:
    vectors = np.random.default_rng(seed).standard_normal((2, 8)).astype(np.float16)
    given = {"embedder": EMBEDDER, "lines": {}} | more
    return catalog.put(document, halves(document.text), vectors, **given)  # type: ignore[arg-type]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def test_document_comes_back_as_it_was_put(catalog: Catalog, tmp_path: Path) -> None:
    document = make("a/\U0001f600.txt", "Grüße, \u05e9\u05dc\u05d5\u05dd \U0001f600!")
    assert put(catalog, document) == 1
    with catalog.snapshot() as snapshot:
        catalog_id = snapshot.catalog_id()
    catalog.close()
    again = Catalog(tmp_path / "c" / "catalog.sqlite")
    with again.snapshot() as snapshot:
        stored = snapshot.stored_document(document.document_id, with_source=True)
        without = snapshot.stored_document(document.document_id)
    assert stored.document == document
    assert without == replace(stored, document=replace(document, source=b""))
    assert stored.current
    assert stored.generation == 1
    segmentation = halves(document.text)
    assert (stored.excluded, stored.sentences) == (segmentation.excluded, segmentation.sentences)
    with again.snapshot() as snapshot:
        assert snapshot.catalog_id() == catalog_id


def test_replaced_revision_keeps_its_text_and_loses_its_passages(catalog: Catalog) -> None:
    old, new = make("a", "old words here"), make("a", "new words here")
    put(catalog, old)
    with catalog.snapshot() as snapshot:
        old_ids = set(passage_ids(snapshot))
    assert put(catalog, new, seed=1) == 2
    with catalog.snapshot() as snapshot:
        assert snapshot.stored_document("a", with_source=True).document == new
        kept = snapshot.stored_document("a", old.revision, with_source=True)
        assert (kept.document, kept.current) == (old, False)
        assert snapshot.summary("a").revisions == 2
        new_ids = set(passage_ids(snapshot))
        assert len(new_ids) == 2
        assert not old_ids & new_ids
        assert snapshot.hits(scored(old_ids)) == []


def test_going_back_to_an_older_text_makes_it_current_again(catalog: Catalog) -> None:
    first, second = make("a", "first text"), make("a", "second text")
    for document in (first, second, first):
        put(catalog, document)
    with catalog.snapshot() as snapshot:
        assert snapshot.stored_document("a", with_source=True).document == first
        assert snapshot.summary("a").revisions == 2
        assert len(passage_ids(snapshot)) == 2


def test_hits_quote_the_document_in_the_order_asked(catalog: Catalog) -> None:
    document = make("a", "\U0001f600\U0001f600 left right")
    put(catalog, document)
    with catalog.snapshot() as snapshot:
        first, second = passage_ids(snapshot)
        hits = snapshot.hits(scored([second, 99, first]))
    assert [(hit.passage_id, (hit.score, hit.similarity, hit.lexical)) for hit in hits] == list(
        scored([second, first]).items()
    )
    assert [hit.text for hit in hits] == [document.text[h.start : h.end] for h in hits]
    assert "".join(hit.text for hit in reversed(hits)) == document.text


def test_only_exactly_the_same_document_is_unchanged(catalog: Catalog) -> None:
    document = make("a", "some words")
    put(catalog, document)
    with catalog.snapshot() as snapshot:
        assert snapshot.is_unchanged(document, EMBEDDER)
        assert not snapshot.is_unchanged(document, "other@1")
        assert not snapshot.is_unchanged(replace(document, document_id="b"), EMBEDDER)
        for change in (
            {"title": "Another"},
            {"published_at": "2020-01-13"},
            {"metadata": {}},
            {"source": b"other bytes"},
            {"extractor": "plain/2"},
        ):
            assert not snapshot.is_unchanged(replace(document, **change), EMBEDDER), change


def test_vectors_come_back_row_by_row(catalog: Catalog) -> None:
    put(catalog, make("a", "one two"), seed=1)
    put(catalog, make("b", "three four"), seed=2)
    with catalog.snapshot() as snapshot:
        feed = Feed(snapshot, EMBEDDER)
        found = list(feed.vectors())
        assert [i for ids, _ in found for i in range(*ids)] == passage_ids(snapshot)
        assert snapshot.embedder() == EMBEDDER
        assert list(Feed(snapshot, "other@1").vectors()) == []
        some = list(feed.vectors([found[1][0], IdRange(99, 101)]))
    for seed, (_, matrix) in enumerate(found, start=1):
        wanted = np.random.default_rng(seed).standard_normal((2, 8)).astype(np.float16)
        assert np.array_equal(matrix, wanted)
    assert [ids for ids, _ in some] == [found[1][0]]
    assert np.array_equal(some[0][1], found[1][1])


def test_lines_are_repeated_from_the_third_document_on(catalog: Catalog) -> None:
    for name in "ab":
        put(catalog, make(name, f"{name} some text"), lines={7: False, ord(name): False})
    with catalog.snapshot() as snapshot:
        assert snapshot.repeated_lines({7, 8, ord("a")}, "c", minimum=3) == {7}
        assert snapshot.repeated_lines({7}, "a", minimum=3) == set()
        assert snapshot.outdated_exclusions(minimum=3) == []
    put(catalog, make("c", "c some text"), lines={7: True})
    with catalog.snapshot() as snapshot:
        assert snapshot.outdated_exclusions(minimum=3) == ["a", "b"]


def test_text_with_u0000_is_quoted_whole(catalog: Catalog) -> None:
    document = make("a", "left \0 middle \0 right")
    put(catalog, document)
    with catalog.snapshot() as snapshot:
        hits = snapshot.hits(scored(passage_ids(snapshot)))
        assert snapshot.stored_document("a").document.text == document.text
    assert "".join(hit.text for hit in hits) == document.text


def test_only_what_is_asked_for_is_read(catalog: Catalog) -> None:
    put(catalog, make("a", "some words"))
    columns: set[str] = set()

    def note(action: int, table: str | None, column: str | None, *_: str | None) -> int:
        if action == sqlite3.SQLITE_READ and table == "revisions":
            columns.add(column or "")
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(catalog.path)) as connection:
        connection.row_factory = sqlite3.Row
        connection.set_authorizer(note)
        snapshot = Snapshot(connection)
        assert [snapshot.summary("a")] == snapshot.summaries()
        assert "title" in columns
        assert not columns & {"text", "source", "sentences", "excluded"}
        snapshot.stored_document("a")
        assert {"text", "sentences"} <= columns
        assert "source" not in columns
        snapshot.stored_document("a", with_source=True)
        assert "source" in columns


def test_unknown_names_are_told_apart(catalog: Catalog) -> None:
    put(catalog, make("a", "some words"))
    with catalog.snapshot() as snapshot:
        with pytest.raises(UnknownDocument, match="'b'"):
            snapshot.stored_document("b")
        with pytest.raises(UnknownDocument, match="'b'"):
            snapshot.stored_document("b", "sha256:0")
        with pytest.raises(UnknownRevision, match="'sha256:0'"):
            snapshot.stored_document("a", "sha256:0")
        with pytest.raises(UnknownDocument, match="'b'"):
            snapshot.summary("b")


def test_snapshot_does_not_see_what_is_written_meanwhile(catalog: Catalog) -> None:
    put(catalog, make("a", "before words"))
    with catalog.snapshot() as snapshot:
        assert snapshot.generation() == 1
        writer = threading.Thread(target=put, args=(catalog, make("a", "after words")))
        writer.start()
        writer.join()
        assert snapshot.generation() == 1
        assert snapshot.stored_document("a").document.text == "before words"
    assert catalog.generation() == 2


def test_many_writers_lose_nothing(catalog: Catalog) -> None:
    threads = [
        threading.Thread(target=put, args=(catalog, make(f"{n}", f"text number {n}")))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.snapshot() as snapshot:
        assert snapshot.count_documents() == 12
        assert snapshot.generation() == 12


def open_descriptors(path: Path) -> int:
    """How often this process has a catalog's file open."""
    return sum(
        link.is_symlink() and link.readlink() == path.resolve()
        for link in Path("/proc/self/fd").iterdir()
    )


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").is_dir(), reason="the system doesn't list open files"
)


@needs_proc
def test_threads_that_end_leave_no_connection(catalog: Catalog) -> None:
    put(catalog, make("a", "some words"))
    before = open_descriptors(catalog.path)
    generations = []
    for _ in range(30):
        thread = threading.Thread(target=lambda: generations.append(catalog.generation()))
        thread.start()
        thread.join()
    assert generations == [1] * 30
    assert open_descriptors(catalog.path) == before == 1


@needs_proc
def test_closing_closes_connections_that_are_in_use_when_they_are_given_back(
    catalog: Catalog,
) -> None:
    put(catalog, make("a", "some words"))
    with ExitStack() as stack:
        snapshots = [stack.enter_context(catalog.snapshot()) for _ in range(12)]
        assert {snapshot.count_documents() for snapshot in snapshots} == {1}
        assert open_descriptors(catalog.path) == 12
        catalog.close()
        assert {snapshot.count_documents() for snapshot in snapshots} == {1}
    assert open_descriptors(catalog.path) == 0
    with pytest.raises(CatalogError, match="was closed"):
        catalog.generation()
    assert open_descriptors(catalog.path) == 0


def test_snapshots_of_one_thread_may_be_nested(catalog: Catalog) -> None:
    put(catalog, make("a", "some words"))
    with catalog.snapshot() as before:
        assert before.generation() == 1
        assert put(catalog, make("b", "more words")) == 2
        with catalog.snapshot() as after:
            assert (before.generation(), after.generation()) == (1, 2)
        assert (before.count_documents(), catalog.generation()) == (1, 2)


def test_catalog_that_was_replaced_is_neither_read_nor_written(catalog: Catalog) -> None:
    put(catalog, make("a", "some words"))
    with catalog.snapshot() as snapshot:
        assert snapshot.generation() == 1
        shutil.rmtree(catalog.path.parent)
        other = Catalog(catalog.path, create=True)
        put(other, make("b", "other words"))
        assert (catalog.is_in_place(), other.is_in_place()) == (False, True)
        # What was begun is completed with the file that it was begun with.
        assert snapshot.stored_document("a").document.text == "some words"
    with pytest.raises(CatalogError, match="was replaced"):
        catalog.generation()
    with pytest.raises(CatalogError, match="was replaced"):
        put(catalog, make("c", "words for nobody"))
    # Closing the last connection to the old file mustn't take the new one's log with it.
    catalog.close()
    with closing(sqlite3.connect(other.path)) as reader:
        assert reader.execute("SELECT document_id FROM documents").fetchall() == [("b",)]
    other.close()
    with Catalog(other.path).snapshot() as snapshot:
        assert [summary.document_id for summary in snapshot.summaries()] == ["b"]


def test_deleted_catalog_is_not_made_again_by_looking(catalog: Catalog) -> None:
    shutil.rmtree(catalog.path.parent)
    catalog.path.parent.mkdir()
    with pytest.raises(CatalogError):
        catalog.generation()
    assert list(catalog.path.parent.iterdir()) == []


def test_failed_put_leaves_nothing(catalog: Catalog) -> None:
    put(catalog, make("a", "before words"))
    connection = sqlite3.connect(catalog.path)
    connection.execute(
        "CREATE TRIGGER no_lines BEFORE INSERT ON lines BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    with pytest.raises(CatalogError, match="no"):
        put(catalog, make("a", "after words"), lines={1: False})
    with catalog.snapshot() as snapshot:
        assert snapshot.generation() == 1
        assert snapshot.stored_document("a").document.text == "before words"
        assert snapshot.summary("a").revisions == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_vectors_must_be_half_precision(catalog: Catalog, dtype: type) -> None:
    document = make("a", "some words")
    with pytest.raises(ValueError, match="float16"):
        catalog.put(
            document,
            halves(document.text),
            np.zeros((2, 8), dtype=dtype),
            embedder=EMBEDDER,
            lines={},
        )


def test_missing_catalog(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="pincite index"):
        Catalog(tmp_path / "catalog.sqlite")


def test_foreign_database(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE other (x)")
    connection.commit()
    for create in (True, False):
        with pytest.raises(ForeignCatalog, match=str(path)):
            Catalog(path, create=create)
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("other",)]
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_newer_catalog(catalog: Catalog) -> None:
    catalog.close()
    connection = sqlite3.connect(catalog.path)
    connection.execute(f"PRAGMA user_version = {CATALOG_FORMAT + 1}")
    connection.close()
    with pytest.raises(NewerCatalog, match=f"format {CATALOG_FORMAT + 1}"):
        Catalog(catalog.path)


@pytest.mark.parametrize("create", [True, False])
def test_file_that_is_no_database(tmp_path: Path, create: bool) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(b"\x00garbage" * 1000)
    with pytest.raises(DamagedCatalog, match=str(path)):
        Catalog(path, create=create)
    assert path.read_bytes() == b"\x00garbage" * 1000


def test_catalog_cut_in_half(catalog: Catalog) -> None:
    for n in range(20):
        put(catalog, make(f"{n}", f"text {n} " * 500))
    catalog.close()
    whole = catalog.path.read_bytes()
    catalog.path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CatalogError):  # noqa: PT012 - either the opening or the reading says so
        again = Catalog(catalog.path)
        with again.snapshot() as snapshot:
            for summary in snapshot.summaries():
                snapshot.stored_document(summary.document_id)


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnwritableCatalog, match="--data-dir"):
        Catalog(tmp_path / "file" / "catalog.sqlite", create=True)


def test_two_processes_may_make_the_same_catalog(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    barrier = threading.Barrier(8)
    ids: list[str] = []

    def open_it() -> None:
        barrier.wait()
        with Catalog(path, create=True).snapshot() as snapshot:
            ids.append(snapshot.catalog_id())

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_file_says_what_it_is(catalog: Catalog) -> None:
    connection = sqlite3.connect(catalog.path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_locked_catalog_is_busy(catalog: Catalog) -> None:
    blocker = sqlite3.connect(catalog.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    catalog.close()
    with pytest.raises(BusyCatalog, match=str(catalog.path)):
        put(Catalog(catalog.path, busy_seconds=0.05), make("a", "some words"))


def test_every_write_is_logged(catalog: Catalog) -> None:
    states = []
    for write in (
        lambda: put(catalog, make("a", "one two")),
        lambda: put(catalog, make("b", "three four")),
        lambda: put(catalog, make("a", "five six")),
        lambda: catalog.remove("b"),
        lambda: catalog.remove("b"),
        lambda: catalog.remove("a"),
    ):
        write()
        with catalog.snapshot() as snapshot:
            states.append(Feed(snapshot, EMBEDDER).state())
    assert [state.generation for state in states] == [1, 2, 3, 4, 4, 5]
    assert len({state.token for state in states}) == 5
    with catalog.snapshot() as snapshot:
        feed = Feed(snapshot, EMBEDDER)
        assert feed.changes(0) == [
            Change(1, "a", None, IdRange(1, 3)),
            Change(2, "b", None, IdRange(3, 5)),
            Change(3, "a", IdRange(1, 3), IdRange(5, 7)),
            Change(4, "b", IdRange(3, 5), None),
            Change(5, "a", IdRange(5, 7), None),
        ]
        assert feed.changes(3) == feed.changes(0)[3:]
        assert all(feed.includes(state) for state in states)
        for foreign in (
            replace(states[1], token=states[0].token),
            replace(states[1], catalog_id="another"),
            replace(states[-1], generation=6),
        ):
            assert not feed.includes(foreign)


def test_removed_document_leaves_nothing(catalog: Catalog) -> None:
    put(catalog, make("a", "zebra crossing"))
    put(catalog, make("a", "quagga crossing"), lines={7: False})
    put(catalog, make("b", "other words"))
    assert catalog.remove("a") == 4
    with catalog.snapshot() as snapshot:
        assert [s.document_id for s in snapshot.summaries()] == ["b"]
        assert passage_ids(snapshot) == [5, 6]
        with pytest.raises(UnknownDocument, match="'a'"):
            snapshot.stored_document("a")
        for table in ("revisions", "documents", "vectors"):
            assert snapshot.rows(f"SELECT count(*) FROM {table}")[0][0] == 1
        assert snapshot.rows("SELECT * FROM lines") == []
    put(catalog, make("a", "back again"))
    with catalog.snapshot() as snapshot:
        assert passage_ids(snapshot) == [5, 6, 7, 8]
    catalog.close()
    content = catalog.path.read_bytes()
    assert b"other words" in content
    assert b"zebra" not in content
    assert b"quagga" not in content


def test_catalog_keeps_to_its_embedder(catalog: Catalog) -> None:
    put(catalog, make("a", "one two"))
    with pytest.raises(ModelMismatch, match=r"has vectors of toy@1; .* other@1\..*reindex"):
        put(catalog, make("b", "three four"), embedder="other@1")
    with catalog.snapshot() as snapshot:
        assert (snapshot.generation(), snapshot.count_documents()) == (1, 1)


def stage(catalog: Catalog, document_id: str, generation: int) -> bool:
    with catalog.snapshot() as snapshot:
        text = snapshot.stored_document(document_id).document.text
    whole = TextRange(0, len(text))
    return catalog.stage(
        document_id,
        Segmentation((), (whole,), (Passage(*whole, 5),)),
        np.full((1, 4), generation, dtype=np.float16),
        embedder="other@1",
        replacing=generation,
    )


def test_staged_passages_are_searched_once_every_document_has_them(catalog: Catalog) -> None:
    for name in "abc":
        put(catalog, make(name, f"{name} some words"))
    before = None
    assert stage(catalog, "a", 1)
    assert stage(catalog, "a", 1)
    assert not stage(catalog, "b", 1), "made of another revision"
    assert not catalog.adopt("other@1")
    assert stage(catalog, "b", 2)
    put(catalog, make("b", "b other words"))
    catalog.remove("c")
    with catalog.snapshot() as snapshot:
        before = passage_ids(snapshot)
        assert before == [1, 2, 10, 11]
        assert [s.passages for s in snapshot.summaries()] == [2, 2]
        assert snapshot.unstaged("other@1") == ["b"]
    assert not catalog.adopt("other@1")
    assert stage(catalog, "b", 4)
    assert catalog.generation() == 5
    assert catalog.adopt("other@1")
    assert catalog.adopt("other@1")
    with catalog.snapshot() as snapshot:
        assert (snapshot.generation(), snapshot.embedder()) == (6, "other@1")
        assert passage_ids(snapshot) == []
        feed = Feed(snapshot, "other@1")
        assert [(d.ids, d.texts) for d in feed.documents()] == [
            (IdRange(8, 9), ("a some words",)),
            (IdRange(12, 13), ("b other words",)),
        ]
        assert [matrix.tolist() for _, matrix in feed.vectors()] == [[[1] * 4], [[4] * 4]]
        assert snapshot.stored_document("a").sentences == (TextRange(0, 12),)
        assert snapshot.rows("SELECT * FROM staged") == []
        assert feed.changes(5) == [Change(6, "", None, None)]
