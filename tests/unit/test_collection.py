"""The collections of a data folder: opened once, anew when replaced, none waits for another."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from fakes import FakeEmbedder
from samples import put_documents

from index.catalog import Catalog
from index.collection import CATALOG_FILE, CollectionStore
from index.errors import CatalogError, DamagedCatalog, InvalidCollectionName, UnknownCollection

OLD = {"old.txt": "The old harbour was closed on Monday because of a storm from the north."}
NEW = {"new.txt": "A new zebra came to play the xylophone with the other zebras today."}


class WaitingEmbedder(FakeEmbedder):
    """Keeps whoever asks for its dimension, as the building of a view does, until it is let go."""

    model_id = FakeEmbedder.model_id

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let_go = threading.Event()

    @property
    def dimension(self) -> int:  # type: ignore[override]
        self.asked.set()
        assert self.let_go.wait(60)
        return FakeEmbedder.dimension


def generation(_: str, catalog: Catalog) -> int:
    return catalog.generation()


def test_collections_are_opened_once(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD, "one")
    with CollectionStore(tmp_path) as store:
        assert store.catalog("one") is store.catalog("one", create=True)
        collection = store.collection("one", FakeEmbedder())
        assert collection is store.collection("one", FakeEmbedder())
        assert collection.catalog is store.catalog("one")


def test_building_one_collection_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD, "large")
    put_documents(tmp_path, NEW, "small")
    waiting = WaitingEmbedder()
    found: list[object] = []

    def others() -> None:
        found.append(store.catalog("large").generation())
        found.append(store.read_each(generation)[1])
        [hit] = store.collection("small", FakeEmbedder()).search("zebra", 1).hits
        found.append(hit.document_id)

    with CollectionStore(tmp_path) as store:
        builder = threading.Thread(target=store.collection, args=("large", waiting), daemon=True)
        builder.start()
        assert waiting.asked.wait(60)
        other = threading.Thread(target=others, daemon=True)
        other.start()
        other.join(60)
        still_building = builder.is_alive()
        waiting.let_go.set()
        builder.join(60)
        other.join(60)
    assert (found, still_building) == ([1, {}, "new.txt"], True)


@pytest.mark.parametrize("close", [False, True])
def test_closing_one_collection_keeps_nobody_else_waiting(tmp_path: Path, close: bool) -> None:
    put_documents(tmp_path, OLD, "large")
    put_documents(tmp_path, NEW, "small")
    waiting = WaitingEmbedder()
    served = threading.Event()

    def serve() -> None:
        """Who comes first closes the large one, and waits for it; the others don't."""
        if close:
            store.close()
        store.catalog("large")
        store.opened("large")
        served.set()

    def build() -> None:
        with suppress(CatalogError):  # It was replaced.
            store.collection("large", waiting)

    store = CollectionStore(tmp_path)
    builder = threading.Thread(target=build, daemon=True)
    builder.start()
    assert waiting.asked.wait(60)
    (tmp_path / "large" / CATALOG_FILE).unlink()
    put_documents(tmp_path, NEW, "large")
    served_threads = [threading.Thread(target=serve, daemon=True) for _ in range(2)]
    for thread in served_threads:
        thread.start()
    was_served = served.wait(20)
    still_building = builder.is_alive()
    waiting.let_go.set()
    for thread in (builder, *served_threads):
        thread.join(60)
    store.close()
    assert (was_served, still_building) == (True, True)


def test_the_upkeep_of_a_replaced_collection_ends(tmp_path: Path) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "words"]

    put_documents(tmp_path, OLD)
    with CollectionStore(tmp_path, live=True) as store:
        store.collection("default", FakeEmbedder())
        assert threads() == ["words"]
        (tmp_path / "default" / CATALOG_FILE).unlink()
        put_documents(tmp_path, NEW)
        store.catalog("default")
        assert threads() == []
        store.collection("default", FakeEmbedder())
        assert threads() == ["words"]
    assert threads() == []


def test_opened_tells_what_is_searched_and_opens_nothing(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD)
    with CollectionStore(tmp_path) as store:
        assert store.opened("default") is None
        store.catalog("default")
        assert store.opened("default") is None
        collection = store.collection("default", FakeEmbedder())
        assert store.opened("default") is collection
        (tmp_path / "default" / CATALOG_FILE).unlink()
        assert store.opened("default") is None
        put_documents(tmp_path, NEW)
        assert store.opened("default") is None


def test_catalog_made_anew_while_it_is_in_use_is_noticed(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD)
    with CollectionStore(tmp_path) as store:
        before = store.collection("default", FakeEmbedder())
        before.save_views()
        with before.catalog.snapshot() as snapshot:
            assert snapshot.count_documents() == 1
            (tmp_path / "default" / CATALOG_FILE).unlink()
            put_documents(tmp_path, NEW)
            after = store.collection("default", FakeEmbedder())
            assert snapshot.stored_document("old.txt").document.text == OLD["old.txt"]
        [hit] = after.search("zebras", 5).hits
        assert (hit.document_id, hit.text) == ("new.txt", NEW["new.txt"])
        with store.catalog("default").snapshot() as snapshot:
            assert [summary.document_id for summary in snapshot.summaries()] == ["new.txt"]
        with pytest.raises(CatalogError, match="replaced"):
            before.search("harbour", 5)


def test_deleted_collection_is_gone_until_it_is_made_anew(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD)
    with CollectionStore(tmp_path) as store:
        store.collection("default", FakeEmbedder())
        shutil.rmtree(tmp_path / "default")
        assert store.names() == []
        with pytest.raises(UnknownCollection):
            store.collection("default", FakeEmbedder())
        assert not (tmp_path / "default").exists()
        put_documents(tmp_path, NEW)
        [hit] = store.collection("default", FakeEmbedder()).search("zebras", 5).hits
        assert hit.document_id == "new.txt"


def test_each_is_read_or_named_with_what_is_wrong(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD, "good")
    for name in ("damaged", "Not a name"):
        (tmp_path / name).mkdir()
        (tmp_path / name / CATALOG_FILE).write_bytes(b"\0no database" * 1000)
    with CollectionStore(tmp_path) as store:
        generations, problems = store.read_each(generation)
        assert {name: type(problem) for name, problem in problems.items()} == {
            "damaged": DamagedCatalog
        }
        assert generations == {"good": 1}
        shutil.rmtree(tmp_path / "damaged")
        assert store.read_each(generation) == ({"good": 1}, {})
    assert CollectionStore(tmp_path / "none").read_each(generation) == ({}, {})


def test_store_is_closed_at_the_end(tmp_path: Path) -> None:
    put_documents(tmp_path, OLD)
    with CollectionStore(tmp_path) as store:
        catalog = store.catalog("default")
        with pytest.raises(InvalidCollectionName):
            store.catalog("../up")
        assert catalog.generation() == 1
    with pytest.raises(CatalogError, match="was closed"):
        catalog.generation()
