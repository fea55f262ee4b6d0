"""The upkeep's threads: none waits for another, and all end when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import faiss
import numpy as np
import pytest
from fakes import FakeEmbedder
from toy_vectors import segmented
from waiting import until

from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.errors import UnwritableCatalog
from index.feed import FedDocument, Feed
from index.lexical_view.files import index_folders
from index.search import LEXICAL_FOLDER, VECTOR_FILE, Searcher
from index.snapshot import Snapshot
from index.stopping import Check, go_on
from index.types import IdRange
from index.upkeep import Upkeep, catch_up
from index.vectors import VectorView

MANY = 1_000
"""Passages that a merge is wanted for."""


class Gate:
    """Where a thread waits until it is let through; opens by itself when left."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()

    def __call__(self) -> None:
        self.reached.set()
        assert self.open.wait(60)


class GatedFeed(Feed):
    """Waits before the first text is read."""

    def __init__(self, snapshot: Snapshot, check: Check, gate: Gate) -> None:
        super().__init__(snapshot, FakeEmbedder.model_id, check)
        self._gate = gate

    def documents(
        self, wanted: Sequence[IdRange] | None = None, *, with_texts: bool = True
    ) -> Iterator[FedDocument]:
        if with_texts:
            self._gate()
        return super().documents(wanted, with_texts=with_texts)


class GatedWords(Searcher):
    """Its view of words waits before it is written."""

    def __init__(self, catalog: Catalog, gate: Gate) -> None:
        self._gate = gate
        super().__init__(catalog, catalog.path.parent, FakeEmbedder())

    def feed(self, snapshot: Snapshot, check: Check = go_on) -> Feed:
        return GatedFeed(snapshot, check, self._gate)


class GatedVectors(VectorView):
    """Waits before it merges."""

    def __init__(self, path: Path, gate: Gate) -> None:
        super().__init__(path, embedder=FakeEmbedder.model_id, dimension=FakeEmbedder.dimension)
        self._gate = gate
        self.cores = 0

    def merge(self, check: Check = go_on) -> bool:
        self.cores = faiss.omp_get_max_threads()
        self._gate()
        return super().merge(check)


def put(catalog: Catalog, document_id: str, passages: int = 1) -> int:
    text = " ".join(["lamp"] * passages)
    document, _ = make_document(document_id, text.encode(), max_bytes=100_000)
    vectors = FakeEmbedder().embed([text] * passages).astype(np.float16)
    return catalog.put(
        document, segmented(passages), vectors, embedder=FakeEmbedder.model_id, lines={}
    )


def gated_vectors(catalog: Catalog, gate: Gate) -> Searcher:
    searcher = Searcher(catalog, catalog.path.parent, FakeEmbedder())
    searcher.vectors = GatedVectors(catalog.path.with_name(VECTOR_FILE), gate)
    return searcher


def reach(searcher: Searcher, generation: int) -> None:
    until(lambda: searcher.generation() >= generation)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "data" / "catalog.sqlite", create=True)
    yield catalog
    catalog.close()


def test_both_views_follow_while_one_merges(catalog: Catalog) -> None:
    put(catalog, "a.txt", MANY)
    with Gate() as gate:
        searcher = gated_vectors(catalog, gate)
        upkeep = Upkeep(catalog, searcher)
        upkeep.start()
        assert gate.reached.wait(60)
        until(lambda: searcher.lexical.state is not None)
        generation = put(catalog, "b.txt")
        reach(searcher, generation)
        assert [state.generation for state in searcher.states() if state] == [generation] * 2
        # The other cores are for questions.
        assert searcher.vectors.cores == 1
    upkeep.stop()


def test_what_is_written_is_waited_for_by_meaning_alone_while_words_are_indexed(
    catalog: Catalog,
) -> None:
    put(catalog, "a.txt")
    with Gate() as gate:
        searcher = GatedWords(catalog, gate)
        upkeep = Upkeep(catalog, searcher)
        upkeep.start()
        assert gate.reached.wait(60)
        generation = put(catalog, "b.txt")
        reach(searcher, generation)
        assert searcher.lexical.state is None
        assert not searcher.is_ready
        assert len(searcher.vectors) == 2
        gate.open.set()
        until(lambda: searcher.is_ready)
        reach(searcher, generation)
    upkeep.stop()
    searcher.close()


def test_an_index_that_is_made_anew_is_not_waited_for_though_an_old_one_is_shown(
    catalog: Catalog,
) -> None:
    put(catalog, "a.txt")
    gate = Gate()
    gate.open.set()
    searcher = GatedWords(catalog, gate)
    catch_up(catalog, searcher)
    assert (searcher.generation(), searcher.is_ready) == (1, True)
    # A change of all passages, after which nothing is replayed.
    for embedder in ("other@1", FakeEmbedder.model_id):
        generation = catalog.generation()
        vectors = FakeEmbedder().embed(["lamp"]).astype(np.float16)
        catalog.stage("a.txt", segmented(1), vectors, embedder=embedder, replacing=1)
        assert catalog.adopt(embedder)
    generation = catalog.generation()
    gate.open.clear()
    gate.reached.clear()
    with gate:
        maker = threading.Thread(target=catch_up, args=(catalog, searcher))
        maker.start()
        assert gate.reached.wait(60)
        vectors, words = searcher.states()
        assert vectors is not None and words is not None
        assert (vectors.generation, words.generation) == (generation, 1)
        assert (searcher.generation(), searcher.is_ready) == (generation, False)
    maker.join()
    assert searcher.states()[0] == searcher.states()[1]
    assert (searcher.generation(), searcher.is_ready) == (generation, True)
    searcher.close()


def test_an_index_that_is_being_made_is_dropped_at_the_end(catalog: Catalog) -> None:
    put(catalog, "a.txt", 3)
    with Gate() as gate:
        searcher = GatedWords(catalog, gate)
        upkeep = Upkeep(catalog, searcher)
        upkeep.start()
        assert gate.reached.wait(60)
        upkeep.end()
    upkeep.stop()
    assert searcher.lexical.state is None
    assert index_folders(catalog.path.with_name(LEXICAL_FOLDER)) == []
    assert upkeep.problem is None


def test_a_merge_is_dropped_at_the_end(catalog: Catalog) -> None:
    put(catalog, "a.txt", MANY)
    with Gate() as gate:
        searcher = gated_vectors(catalog, gate)
        upkeep = Upkeep(catalog, searcher)
        upkeep.start()
        assert gate.reached.wait(60)
        upkeep.end()
    upkeep.stop()
    assert searcher.vectors.wants_merge
    assert not catalog.path.with_name(VECTOR_FILE).exists()


def test_words_that_cannot_be_written_keep_vectors_from_nothing(catalog: Catalog) -> None:
    put(catalog, "a.txt", MANY)
    in_the_way = catalog.path.with_name(LEXICAL_FOLDER) / "lock"
    in_the_way.mkdir(parents=True)
    collection = Collection(catalog, FakeEmbedder(), live=True)
    until(lambda: collection.problem and catalog.path.with_name(VECTOR_FILE).exists())
    generation = put(catalog, "b.txt")
    until(lambda: collection.generation() >= generation)
    assert not collection.is_ready
    assert isinstance(collection.problem, UnwritableCatalog)
    assert str(in_the_way.parent) in collection.problem.message
    assert len(collection.search("lamp", MANY + 5).hits) == MANY + 1
    collection.close()


def test_words_that_cannot_be_written_any_more_are_behind(catalog: Catalog) -> None:
    put(catalog, "a.txt")
    Collection(catalog, FakeEmbedder()).close()
    in_the_way = catalog.path.with_name(LEXICAL_FOLDER) / "lock"
    in_the_way.unlink()
    in_the_way.mkdir()
    generation = put(catalog, "b.txt")
    collection = Collection(catalog, FakeEmbedder(), live=True)
    until(lambda: collection.problem)
    assert not collection.is_ready
    assert (collection.generation(), generation) == (1, 2)
    hits = collection.search("l", 5).hits
    assert {hit.document_id: hit.lexical > 0 for hit in hits} == {"a.txt": True, "b.txt": False}
    collection.close()


def test_vectors_that_cannot_be_kept_are_told_and_searched(catalog: Catalog) -> None:
    put(catalog, "a.txt", MANY)
    catalog.path.with_name(VECTOR_FILE).mkdir()
    collection = Collection(catalog, FakeEmbedder(), live=True)
    until(lambda: collection.problem and collection.is_ready)
    assert collection.problem.message == (
        f"The vector index {catalog.path.with_name(VECTOR_FILE)} can't be written: "
        "there is a folder in its place."
    )
    assert len(collection.search("lamp", 7).hits) == 7
    collection.close()
