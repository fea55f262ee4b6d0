"""Search: the current passages that match best, whatever is written meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder
from reference import TOLERANCE, scores

from index.catalog import Catalog
from index.documents import make_document
from index.errors import ModelMismatch
from index.feed import Feed
from index.filters import Filters
from index.fusion import LEXICAL_WEIGHT, fuse
from index.ingest import Ingester
from index.lexical import LexicalView
from index.passages import passage_input
from index.search import Searcher, check_embedder, confirmed
from index.types import Hit, Scores
from index.upkeep import catch_up

TOWNS = ("Oslo", "Lima", "Cairo", "Quito", "Turin", "Hanoi", "Accra", "Perth")


class OtherEmbedder(FakeEmbedder):
    model_id = "other-embedder@2"


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
    opened = Searcher(catalog, catalog.path.parent, embedder or FakeEmbedder())
    catch_up(catalog, opened)
    return opened


def check_hit(catalog: Catalog, hit: Hit, query: str) -> None:
    """Sees that a hit quotes its revision, and has the similarity of these very words."""
    with catalog.snapshot() as snapshot:
        document = snapshot.stored_document(hit.document_id, hit.revision).document
    assert hit.text == document.text[hit.start : hit.end] != ""
    embedder = FakeEmbedder()
    vectors = embedder.embed([query, passage_input(hit.title, hit.text, embedder)])
    assert hit.similarity == pytest.approx(
        float(vectors[0] @ vectors[1].astype(np.float16).astype(np.float32)), abs=TOLERANCE
    )


def check_ranking(
    catalog: Catalog, hits: Sequence[Hit], query: str, limit: int, *, drift: float = 1e-4
) -> None:
    """Sees that hits are the best of all passages, by similarities and BM25 found anew.

    `drift` is how far BM25 may be from its value in a view made anew: its statistics count what is
    deleted, the view's own states included, until tantivy merges it away.
    """
    similarity = scores(catalog.path, FakeEmbedder().embed([query])[0])
    ids = np.array(sorted(similarity), dtype=np.int64)
    view = LexicalView(catalog.path.with_name("anew"), embedder=FakeEmbedder.model_id)
    with catalog.snapshot() as snapshot:
        view.catch_up(Feed(snapshot, FakeEmbedder.model_id))
    bm25 = dict(zip(ids.tolist(), view.scores(query, ids).tolist(), strict=True))
    view.close()

    def scaled(of: dict[int, float], i: int) -> float:
        low, high = min(of.values()), max(of.values())
        return (of[i] - low) / (high - low) if high > low else 0.0

    fused = {
        i: (1 - LEXICAL_WEIGHT) * scaled(similarity, i) + LEXICAL_WEIGHT * scaled(bm25, i)
        for i in similarity
    }
    best = sorted(fused.values(), reverse=True)[:limit]
    assert [hit.score for hit in hits] == pytest.approx(best, abs=drift)
    for hit in hits:
        assert hit.score == pytest.approx(fused[hit.passage_id], abs=drift)
        assert hit.similarity == pytest.approx(similarity[hit.passage_id], abs=TOLERANCE)
        assert hit.lexical == pytest.approx(bm25[hit.passage_id], rel=drift)


@pytest.mark.parametrize("limit", [1, 5, 1000])
def test_hits_are_the_passages_that_match_best(catalog: Catalog, limit: int) -> None:
    query = "How many ships waited at Quito?"
    result = searcher(catalog).search(query, limit)
    check_ranking(catalog, result.hits, query, limit)
    assert result.hits[0].document_id == "Quito.txt"
    assert result.generation == len(TOWNS)
    for hit in result.hits:
        check_hit(catalog, hit, query)


def test_every_passage_can_be_found(catalog: Catalog) -> None:
    hits = searcher(catalog).search("ships", 1000).hits
    assert sorted(hit.passage_id for hit in hits) == sorted(
        scores(catalog.path, FakeEmbedder().embed(["ships"])[0])
    )


def test_word_that_only_one_passage_has_is_found_first(catalog: Catalog) -> None:
    put(catalog, "rare.txt", "The quokka is a small marsupial that lives on a few islands.")
    [hit] = searcher(catalog).search("a small quokka", 1).hits
    assert hit.document_id == "rare.txt"
    assert hit.lexical > 0


def test_filters_decide_before_the_search(catalog: Catalog) -> None:
    wanted = {"Perth.txt", "Lima.txt"}
    hits = (
        searcher(catalog)
        .search("How many ships waited at Quito?", 1000, Filters(document_ids=frozenset(wanted)))
        .hits
    )
    assert {hit.document_id for hit in hits} == wanted
    everything = searcher(catalog).search("How many ships waited at Quito?", 1000).hits
    assert len(hits) == sum(hit.document_id in wanted for hit in everything)


def test_empty_collection_has_no_hits(tmp_path: Path) -> None:
    result = searcher(Catalog(tmp_path / "catalog.sqlite", create=True)).search("ships", 5)
    assert (list(result.hits), result.generation) == ([], 0)


def test_new_documents_are_found_at_once_and_ranked_when_both_views_know_them(
    catalog: Catalog,
) -> None:
    open_searcher = searcher(catalog)
    put(catalog, "new.txt", "A new zebra came to play the xylophone with the old zebras today.")
    # The words' view is behind; the vectors' is not.
    result = open_searcher.search("zebras and xylophones", 100)
    nearest = max(result.hits, key=lambda hit: hit.similarity)
    assert (nearest.document_id, nearest.lexical) == ("new.txt", 0)
    assert result.generation == len(TOWNS)
    catch_up(catalog, open_searcher)
    result = open_searcher.search("zebras and xylophones", 100)
    check_ranking(catalog, result.hits, "zebras and xylophones", 100, drift=0.01)
    assert result.generation == len(TOWNS) + 1


def test_replaced_document_is_found_by_its_new_words_alone(catalog: Catalog) -> None:
    open_searcher = searcher(catalog)
    put(catalog, "Oslo.txt", "Nothing but zebras and xylophones was seen here all through summer.")
    for generation in (len(TOWNS), len(TOWNS) + 1):
        result = open_searcher.search("zebras and xylophones", 100)
        assert result.generation == generation
        [oslo] = [hit for hit in result.hits if hit.document_id == "Oslo.txt"]
        assert "zebras" in oslo.text
        check_hit(catalog, oslo, "zebras and xylophones")
        catch_up(catalog, open_searcher)
    assert result.hits[0] == oslo
    check_ranking(catalog, result.hits, "zebras and xylophones", 100, drift=0.05)


def test_removed_document_is_gone_from_the_next_search(catalog: Catalog) -> None:
    open_searcher = searcher(catalog)
    query = "How many ships waited at Quito?"
    assert open_searcher.search(query, 1).hits[0].document_id == "Quito.txt"
    before = len(open_searcher.search(query, 1000).hits)
    catalog.remove("Quito.txt")
    hits = open_searcher.search(query, 1000).hits
    assert {hit.document_id for hit in hits} == {f"{t}.txt" for t in TOWNS} - {"Quito.txt"}
    assert before - len(hits) == before // len(TOWNS)


def test_passages_replaced_before_the_views_catch_up_are_left_out(catalog: Catalog) -> None:
    query = "How many ships waited at Quito?"
    open_searcher = searcher(catalog)
    with open_searcher.vectors._changing:
        # Another thread is at it: nothing is caught up, and what is gone is left out all the same.
        put(catalog, "Quito.txt", "Quito has no harbour at all, and so no ships waited there.")
        hits = open_searcher.search(query, 1000).hits
    assert {hit.document_id for hit in hits} == {f"{t}.txt" for t in TOWNS} - {"Quito.txt"}
    for hit in hits:
        check_hit(catalog, hit, query)


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
            catch_up(catalog, shared)
            shared.vectors.merge()
    finished.set()
    for thread in threads:
        thread.join()
    assert problems == []
    assert min(searches) >= 5
    query = "How many ships waited at Lima after 3 storms?"
    result = shared.search(query, 10)
    assert result.generation == len(TOWNS) + 12
    assert {hit.document_id for hit in result.hits} <= {f"{town}.txt" for town in TOWNS}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_passages_that_are_gone_make_room_for_the_next(catalog: Catalog, limit: int) -> None:
    with catalog.snapshot() as snapshot:
        ids = [row["passage_id"] for row in snapshot.rows("SELECT passage_id FROM passages")]
        ranked = [i for there in ids for i in (10_000 + there, 20_000 + there, there)]
        scores = {i: Scores(-i, 0.0, 0.0) for i in ranked}
        hits = confirmed(snapshot, scores, None, limit)
        assert [hit.passage_id for hit in hits] == ids[:limit]
        lima = confirmed(snapshot, scores, Filters(document_ids=frozenset({"Lima.txt"})), limit)
        of_lima = [hit.passage_id for hit in hits if hit.document_id == "Lima.txt"]
        assert {hit.document_id for hit in lima} == {"Lima.txt"}
        assert [hit.passage_id for hit in lima][: len(of_lima)] == of_lima
        assert confirmed(snapshot, {}, None, limit) == []


def test_fused_scores_are_the_weighted_sum_of_the_scaled_ones() -> None:
    similarity = np.array([0.2, 0.6, 0.4], dtype=np.float32)
    lexical = np.array([8.0, 0.0, 2.0], dtype=np.float32)
    assert fuse(similarity, lexical, 0.25) == pytest.approx([0.25, 0.75, 0.4375])
    assert fuse(similarity, np.zeros(3, dtype=np.float32), 0.25) == pytest.approx([0, 0.75, 0.375])
    assert fuse(similarity[:0], lexical[:0]).tolist() == []


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
        "Configure that embedder (PINCITE_EMBEDDER), or embed the documents anew with yours: "
        "pincite reindex."
    )
    assert catalog.generation() == len(TOWNS)


def test_empty_collection_takes_any_embedder(tmp_path: Path) -> None:
    check_embedder(Catalog(tmp_path / "catalog.sqlite", create=True), OtherEmbedder())
