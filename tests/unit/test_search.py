"""Search: the nearest current passages, whatever is written meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from reference import TOLERANCE, check_nearest

from index.catalog import Catalog
from index.documents import make_document
from index.errors import ModelMismatch
from index.ingest import Ingester
from index.passages import passage_input
from index.search import Searcher, check_embedder
from index.types import Hit

TOWNS = ("Oslo", "Lima", "Cairo", "Quito", "Turin", "Hanoi", "Accra", "Perth")


class OtherEmbedder(FakeEmbedder):
    model_id = "other-embedder@2"


class MeddlingEmbedder(FakeEmbedder):
    """Does something each time that a text is embedded, before it answers."""

    def __init__(self, meddle: Callable[[], object]) -> None:
        self._meddle = meddle

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self._meddle()
        return super().embed(texts)


def story(town: str, version: int = 0) -> str:
    paragraphs = (
        f"The harbour of {town} was closed on day {day} after {version} storms had passed, "
        f"and {3 * day + version} ships with {town} fish and grain waited for a calmer sea. "
        f"The mayor \U0001f600 of {town} said that repairs would take {day + 2} weeks."
        for day in range(1, 5)
    )
    return "\n\n".join(paragraphs)


def put(catalog: Catalog, document_id: str, text: str) -> None:
    document, _ = make_document(document_id, text.encode(), max_bytes=100_000)
    Ingester(catalog, FakeEmbedder()).put(document)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    for town in TOWNS:
        put(catalog, f"{town}.txt", story(town))
    return catalog


def searcher(catalog: Catalog, embedder: FakeEmbedder | None = None) -> Searcher:
    return Searcher(catalog, catalog.path.with_name("vectors.faiss"), embedder or FakeEmbedder())


def check_hit(catalog: Catalog, hit: Hit, query: str) -> None:
    """Sees that a hit quotes its revision, and has the score of these very words."""
    with catalog.snapshot() as snapshot:
        document = snapshot.stored_document(hit.document_id, hit.revision).document
    assert hit.text == document.text[hit.start : hit.end] != ""
    embedder = FakeEmbedder()
    vectors = embedder.embed([query, passage_input(hit.title, hit.text, embedder)])
    assert hit.score == pytest.approx(
        float(vectors[0] @ vectors[1].astype(np.float16).astype(np.float32)), abs=TOLERANCE
    )


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_hits_are_the_nearest_passages(catalog: Catalog, limit: int) -> None:
    query = "How many ships waited at Quito?"
    result = searcher(catalog).search(query, limit)
    check_nearest(
        [(hit.passage_id, hit.score) for hit in result.hits],
        catalog.path,
        FakeEmbedder().embed([query])[0],
        limit,
    )
    assert result.generation == len(TOWNS)
    for hit in result.hits:
        check_hit(catalog, hit, query)


def test_every_passage_can_be_found(catalog: Catalog) -> None:
    hits = searcher(catalog).search("ships", 1000).hits
    with catalog.snapshot() as snapshot:
        assert sorted(hit.passage_id for hit in hits) == snapshot.passage_ids().tolist()


def test_empty_collection_has_no_hits(tmp_path: Path) -> None:
    result = searcher(Catalog(tmp_path / "catalog.sqlite", create=True)).search("ships", 5)
    assert (list(result.hits), result.generation) == ([], 0)


def test_new_and_replaced_documents_are_found_at_once(catalog: Catalog) -> None:
    open_searcher = searcher(catalog)
    put(catalog, "Oslo.txt", "Nothing but zebras and xylophones was seen here all through summer.")
    put(catalog, "new.txt", "A new zebra came to play the xylophone with the old zebras today.")
    result = open_searcher.search("zebras and xylophones", 100)
    assert {hit.document_id for hit in result.hits[:2]} == {"Oslo.txt", "new.txt"}
    oslo = [hit for hit in result.hits if hit.document_id == "Oslo.txt"]
    assert ["zebras" in hit.text for hit in oslo] == [True]
    assert result.generation == len(TOWNS) + 2


def test_passages_replaced_while_searching_are_left_out(catalog: Catalog) -> None:
    query = "How many ships waited at Quito?"

    def replace() -> None:
        put(catalog, "Quito.txt", "Quito has no harbour at all, and so no ships waited there.")

    result = searcher(catalog, MeddlingEmbedder(replace)).search(query, 1000)
    # The new revision's passages could not be found: what was searched is what was there before.
    assert result.generation == len(TOWNS)
    assert catalog.generation() == len(TOWNS) + 1
    assert {hit.document_id for hit in result.hits} == {f"{t}.txt" for t in TOWNS} - {"Quito.txt"}
    for hit in result.hits:
        check_hit(catalog, hit, query)
    assert searcher(catalog).search(query, 1).hits[0].document_id == "Quito.txt"


def test_searches_while_documents_are_written_find_only_what_is_true(catalog: Catalog) -> None:
    shared = searcher(catalog)
    finished = threading.Event()
    problems: list[BaseException] = []
    searches = [0, 0]

    def search(worker: int) -> None:
        query = f"How many ships waited at {TOWNS[worker]}?"
        try:
            seen = 0
            while not finished.is_set() or searches[worker] < 5:
                result = shared.search(query, 12)
                assert seen <= result.generation
                seen = result.generation
                for hit in result.hits:
                    check_hit(catalog, hit, query)
                searches[worker] += 1
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=search, args=(worker,)) for worker in range(2)]
    for thread in threads:
        thread.start()
    for version in range(1, 4):
        for town in TOWNS[:4]:
            put(catalog, f"{town}.txt", story(town, version))
            shared.save()
    finished.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert min(searches) >= 5
    query = "How many ships waited at Lima after 3 storms?"
    result = shared.search(query, 10)
    assert result.generation == len(TOWNS) + 12
    check_nearest(
        [(hit.passage_id, hit.score) for hit in result.hits],
        catalog.path,
        FakeEmbedder().embed([query])[0],
        10,
    )


def test_saved_view_serves_the_next_start(catalog: Catalog) -> None:
    first = searcher(catalog)
    put(catalog, "late.txt", story("Malmö"))
    first.save()
    saved = catalog.path.with_name("vectors.faiss").read_bytes()
    again = searcher(catalog)
    again.save()
    assert catalog.path.with_name("vectors.faiss").read_bytes() == saved
    assert list(again.search("Malmö", 3).hits) == list(first.search("Malmö", 3).hits)


@pytest.mark.parametrize("use", [searcher, Ingester, check_embedder])
def test_other_embedder_is_refused_with_the_ways_out(
    catalog: Catalog, use: Callable[[Catalog, FakeEmbedder], object]
) -> None:
    with pytest.raises(ModelMismatch) as caught:
        use(catalog, OtherEmbedder())
    assert caught.value.message == (
        f"{catalog.path} has vectors of fake-embedder@1; "
        "the configured embedder is other-embedder@2."
    )
    assert caught.value.remedy == (
        "Configure that embedder (PINCITE_EMBEDDER), or index the documents into another "
        "collection (pincite index --collection NAME PATH)."
    )
    assert catalog.generation() == len(TOWNS)


def test_empty_collection_takes_any_embedder(tmp_path: Path) -> None:
    check_embedder(Catalog(tmp_path / "catalog.sqlite", create=True), OtherEmbedder())
