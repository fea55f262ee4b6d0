"""The writer: how it shares the processor, and how much it takes at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from reference import contents

from index.catalog import Catalog
from index.collection import CollectionStore
from index.documents import make_document
from index.errors import EmptyDocument, UnknownCollection, UnknownDocument
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
    assert notes == [note for size in sizes if size for note in ("way", f"{size} texts")]
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
        while collection not in prepared:
            pass
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
