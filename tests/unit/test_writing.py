"""The writer: how it shares the processor, and how much it takes at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from reference import contents
from waiting import until

from index.catalog import Catalog
from index.collection import CollectionStore
from index.documents import make_document
from index.errors import BusyCatalog, EmptyDocument, UnknownCollection, UnknownDocument
from index.ingest import Ingester
from index.types import Document
from service.errors import Overloaded, RequestCancelled
from service.executor import Ticket
from service.http.writing import MAX_WAITING, Make, Writer

LONG = " ".join(
    f"Sentence {number} tells of the river and of its many dams." for number in range(200)
)


def make(document_id: str, text: str) -> tuple[Document, list[str]]:
    return make_document(document_id, text.encode(), max_bytes=100_000)


def maker(document_id: str, text: str) -> Make:
    return lambda: make(document_id, text)


class NotingEmbedder(FakeEmbedder):
    """Notes how many texts it embeds at once."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self._notes.append(f"{len(texts)} texts")
        return super().embed(texts)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CollectionStore]:
    with CollectionStore(tmp_path) as made:
        yield made


@pytest.fixture
def writer(store: CollectionStore) -> Iterator[Writer]:
    made = Writer(store, FakeEmbedder(), max_bytes=100_000)
    made.start()
    yield made
    made.close()


def test_way_is_made_before_each_small_batch(store: CollectionStore, tmp_path: Path) -> None:
    notes: list[str] = []
    writer = Writer(
        store, NotingEmbedder(notes), max_bytes=100_000, make_way=lambda: notes.append("way")
    )
    writer.start()
    written = writer.put("default", "a.txt", maker("a.txt", LONG), Ticket()).result(timeout=60)
    writer.close()
    assert written.passages > 40
    sizes = [16] * (written.passages // 16) + [written.passages % 16]
    # It is made while a document is divided, too.
    divided = notes.index("16 texts") - 1
    assert notes[:divided] == ["way"] * divided
    assert notes[divided:] == [note for size in sizes if size for note in ("way", f"{size} texts")]
    # In small batches or in large ones, the result is the same.
    other = Catalog(tmp_path / "other.sqlite", create=True)
    Ingester(other, FakeEmbedder()).put(make("a.txt", LONG)[0])
    assert contents(tmp_path / "default" / "catalog.sqlite") == contents(other.path)


def test_cancelled_between_two_batches_leaves_nothing(
    store: CollectionStore, tmp_path: Path
) -> None:
    ticket = Ticket()
    writer = Writer(store, FakeEmbedder(), max_bytes=100_000, make_way=ticket.cancel)
    writer.start()
    with pytest.raises(RequestCancelled):
        writer.put("default", "a.txt", maker("a.txt", LONG), ticket).result(timeout=60)
    writer.close()
    assert contents(tmp_path / "default" / "catalog.sqlite") == {}


def test_collection_is_prepared_after_it_is_written_and_at_the_start(
    store: CollectionStore,
) -> None:
    prepared: list[str] = []
    for document_id in ("a.txt", "b.txt"):
        writer = Writer(store, FakeEmbedder(), max_bytes=100_000, prepare=prepared.append)
        writer.start()
        collection = f"of-{document_id[0]}"
        writer.put(collection, document_id, maker(document_id, "Text."), Ticket()).result(60)
        until(lambda collection=collection: collection in prepared)
        writer.close()
    assert sorted(set(prepared)) == ["of-a", "of-b"]
    assert prepared.count("of-a") == 2


def test_what_does_not_go_in_makes_no_collection(writer: Writer, store: CollectionStore) -> None:
    with pytest.raises(EmptyDocument):
        writer.put("default", "a.txt", maker("a.txt", " "), Ticket()).result(timeout=60)
    assert store.names() == []


def test_removing_what_is_not_there(writer: Writer, store: CollectionStore) -> None:
    with pytest.raises(UnknownCollection):
        writer.remove("default", "a.txt", Ticket()).result(timeout=60)
    writer.put("default", "a.txt", maker("a.txt", "Text."), Ticket()).result(timeout=60)
    with pytest.raises(UnknownDocument):
        writer.remove("default", "b.txt", Ticket()).result(timeout=60)
    assert writer.remove("default", "a.txt", Ticket()).result(timeout=60) == 2
    assert store.catalog("default").generation() == 2


def test_places_for_single_writes_are_bounded(writer: Writer) -> None:
    places = [writer.waiting() for _ in range(MAX_WAITING)]
    for place in places:
        place.__enter__()
    with pytest.raises(Overloaded, match="16 documents"), writer.waiting():
        pass
    places[0].__exit__(None, None, None)
    with writer.waiting():
        pass


def test_long_document_is_divided_in_steps_that_let_others_go_first(store: CollectionStore) -> None:
    notes: list[str] = []
    ticket = Ticket()

    def make_way() -> None:
        notes.append("way")
        if len(notes) == 5:
            ticket.cancel()

    writer = Writer(store, NotingEmbedder(notes), max_bytes=10**6, make_way=make_way)
    writer.start()
    long = (LONG + " ") * 10
    with pytest.raises(RequestCancelled):
        writer.put("default", "a.txt", maker("a.txt", long[:99_000]), ticket).result(timeout=60)
    writer.close()
    # Nothing was embedded yet.
    assert notes == ["way"] * 5


@contextmanager
def being_written(path: Path) -> Iterator[None]:
    """A catalog that another process writes to."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_busy_collection_keeps_no_other_one_waiting(tmp_path: Path) -> None:
    with CollectionStore(tmp_path, busy_seconds=0.01) as store:
        store.catalog("busy", create=True)
        writer = Writer(store, FakeEmbedder(), max_bytes=100_000, busy_seconds=3600)
        writer.start()
        with being_written(tmp_path / "busy" / "catalog.sqlite"):
            held = [
                writer.put("busy", name, maker(name, "Text."), Ticket())
                for name in ("a.txt", "b.txt")
            ]
            other = writer.put("other", "a.txt", maker("a.txt", "Text."), Ticket())
            assert other.result(timeout=60).outcome == "added"
            assert [future.done() for future in held] == [False, False]
        assert sorted(future.result(timeout=60).generation for future in held) == [1, 2]
        assert writer.remove("busy", "a.txt", Ticket()).result(timeout=60) == 3
        writer.close()


class LockedCatalog(Catalog):
    """Always written by another process; notes how many writes had ended at each try.

    Attributes:
        writes: Those.
        ended: What it noted.
    """

    writes: Sequence[Future[Any]] = ()
    ended: Sequence[int] = ()

    def put(self, *_: object, **__: object) -> int:
        self.ended = [*self.ended, sum(write.done() for write in self.writes)]
        raise BusyCatalog("It is being written.", "Wait.")


class LockedStore(CollectionStore):
    """Has one catalog, which is locked."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self.locked = LockedCatalog(data_dir / "busy" / "catalog.sqlite", create=True)

    def catalog(self, *_: str, **__: bool) -> Catalog:
        return self.locked


def test_writes_that_wait_for_a_busy_collection_wait_at_the_same_time(tmp_path: Path) -> None:
    store = LockedStore(tmp_path)
    writer = Writer(store, FakeEmbedder(), max_bytes=100_000, busy_seconds=0.125)
    store.locked.writes = [
        writer.put("busy", name, maker(name, "Text."), Ticket())
        for name in ("a.txt", "b.txt", "c.txt", "d.txt")
    ]
    writer.start()
    for write in store.locked.writes:
        with pytest.raises(BusyCatalog, match=r"^busy.catalog\.sqlite .* longer than 0\.125 s"):
            write.result(timeout=60)
    writer.close()
    # One waited for all of them: each of the others was tried once more, and no longer.
    assert [ended for ended in store.locked.ended if ended] == [1, 2, 3]
    assert store.locked.ended.count(0) > 1
    store.locked.close()


def test_defect_while_a_collection_is_refreshed_is_logged_and_told(
    store: CollectionStore, caplog: pytest.LogCaptureFixture
) -> None:
    defects = [RuntimeError("a defect")]

    def prepare(_: str) -> None:
        if defects:
            raise defects.pop()

    writer = Writer(store, FakeEmbedder(), max_bytes=100_000, prepare=prepare)
    writer.start()
    writer.put("default", "a.txt", maker("a.txt", "Text."), Ticket()).result(timeout=60)
    until(lambda: writer.problem("default"))
    assert str(writer.problem("default")) == (
        "RuntimeError while collection 'default' was refreshed. "
        "This is likely a defect of Pincite: please report it with the server's log."
    )
    [record] = [record for record in caplog.records if record.exc_info]
    assert "RuntimeError: a defect" in caplog.text
    assert record.getMessage() == "Collection 'default' can't be refreshed"
    writer.refresh_later("default")
    until(lambda: writer.problem("default") is None)
    writer.close()
