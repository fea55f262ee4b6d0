"""The vector view: exactly what NumPy finds, and never anything that the catalog doesn't say."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from reference import check_nearest, nearest, scores
from toy_vectors import (
    DIMENSION,
    EMBEDDER,
    QUERY,
    catch_up,
    coarse,
    found,
    open_view,
    put,
    rebuilt,
    same,
    segmented,
    view_path,
)

from index.catalog import Catalog
from index.errors import DamagedCatalog
from index.feed import Feed
from index.filters import Filters
from index.snapshot import Snapshot
from index.types import IdRange, State
from index.vectors import VectorView


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def unit(seed: int, rows: int, dimension: int) -> npt.NDArray[np.float16]:
    matrix = np.random.default_rng(seed).standard_normal((rows, dimension))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(np.float16)


@pytest.mark.parametrize("limit", [1, 2, 7, 40, 149, 150, 1000])
def test_search_equals_numpy_with_equal_scores_in_order_of_id(catalog: Catalog, limit: int) -> None:
    for n in range(15):
        put(catalog, f"{n}", coarse(n, 5))
    view = open_view(catalog)
    for n in range(15, 30):
        put(catalog, f"{n}", coarse(n, 5))
    catch_up(view, catalog)
    assert len(view) == 150
    truth = nearest(catalog.path, QUERY, limit)
    assert len({score for _, score in nearest(catalog.path, QUERY, 150)}) < 75
    assert found(view, limit) == truth
    view.merge()
    assert found(view, limit) == truth


def test_search_equals_numpy_in_many_dimensions(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    matrix = unit(5, 600, 384)
    for n in range(4):
        put(catalog, f"{n}", matrix[n * 100 : n * 100 + 100])
    view = open_view(catalog, dimension=384)
    for n in range(4, 6):
        put(catalog, f"{n}", matrix[n * 100 : n * 100 + 100])
    catch_up(view, catalog)
    for row in (0, 250, 599):
        query = matrix[row].astype(np.float32)
        result = found(view, 50, query)
        check_nearest(result, catalog.path, query, 50)
        assert result[0][0] == row + 1


def test_scores_are_the_same_bits_in_base_and_delta(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    late = open_view(catalog, dimension=384)
    for n in range(5):
        put(catalog, f"{n}", unit(n, 60, 384))
    catch_up(late, catalog)
    early = open_view(catalog, tmp_path / "none", dimension=384)
    for n in range(20):
        query = unit(100 + n, 1, 384)[0].astype(np.float32)
        assert found(late, 300, query) == found(early, 300, query)
        assert found(late, 9, query) == found(early, 300, query)[:9]


def test_near_equal_scores_are_ordered_alike_in_base_and_delta(tmp_path: Path) -> None:
    # Products that differ only in the last bits: each arithmetic would have its own order.
    rng = np.random.default_rng(1)
    one = rng.standard_normal(384)
    one /= np.linalg.norm(one)
    permuted = np.array([rng.permutation(one) for _ in range(250)]).astype(np.float16)
    query = np.full(384, 384**-0.5, dtype=np.float32)
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    late = open_view(catalog, dimension=384)
    put(catalog, "a", permuted)
    catch_up(late, catalog)
    early = open_view(catalog, tmp_path / "none", dimension=384)
    everything = found(early, 250, query)
    assert len({score for _, score in everything}) > 5
    for limit in (1, 5, 17, 200, 250):
        assert found(early, limit, query) == found(late, limit, query) == everything[:limit]


def test_nothing_is_found_where_there_is_nothing(catalog: Catalog) -> None:
    view = open_view(catalog)
    assert (found(view, 5), len(view), view.search(QUERY, 5).generation) == ([], 0, 0)
    assert np.isnan(view.similarities(QUERY, np.array([0, 1]))).tolist() == [True, True]
    put(catalog, "a", coarse(1, 3))
    put(catalog, "empty", coarse(1, 0))
    catch_up(view, catalog)
    assert found(view, 0) == []
    assert len(found(view, 5)) == 3
    catalog.remove("a")
    catch_up(view, catalog)
    assert (found(view, 5), len(view)) == ([], 0)
    assert view.merge()
    assert (found(view, 5), found(open_view(catalog), 5)) == ([], [])


def test_view_shows_nothing_before_its_first_catch_up(catalog: Catalog) -> None:
    view = VectorView(view_path(catalog), embedder=EMBEDDER, dimension=DIMENSION)
    assert (view.state, view.is_ready, view.wants_merge, len(view)) == (None, False, False, 0)
    assert not view.merge()
    with pytest.raises(RuntimeError, match="catch_up"):
        view.search(QUERY, 1)
    put(catalog, "a", coarse(1, 3))
    catch_up(view, catalog)
    assert (view.is_ready, len(view)) == (True, 3)


def test_equal_scores_at_the_limit_are_the_first_ids(catalog: Catalog) -> None:
    alike = np.full((3, DIMENSION), 0.25, dtype=np.float16)
    put(catalog, "a", alike, text="old words")
    replayed = open_view(catalog)
    put(catalog, "b", alike)
    put(catalog, "a", alike, text="new words")
    # The old revision comes back: it was written first and its passages have the last ids.
    put(catalog, "a", alike, text="old words")
    catch_up(replayed, catalog)
    for view in (replayed, rebuilt(catalog)):
        assert [i for i, _ in found(view, 2)] == [4, 5]
        assert found(view, 4) == nearest(catalog.path, QUERY, 4)


def test_many_equal_scores_at_the_limit_are_the_first_ids(catalog: Catalog) -> None:
    put(catalog, "a", np.full((700, DIMENSION), 0.25, dtype=np.float16))
    assert [i for i, _ in found(open_view(catalog), 30)] == list(range(1, 31))


def test_search_says_which_generation_it_searched(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    put(catalog, "b", coarse(2, 3))
    assert [view.search(QUERY, limit).generation for limit in (0, 9)] == [1, 1]
    assert len(view.search(QUERY, 9).ids) == 3
    catch_up(view, catalog)
    assert view.search(QUERY, 9).generation == 2


def test_similarities_are_the_scores_and_nan_of_what_is_not_held(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    put(catalog, "b", coarse(2, 3))
    view = open_view(catalog)
    put(catalog, "a", coarse(3, 2))
    put(catalog, "c", coarse(4, 1))
    put(catalog, "d", coarse(5, 2))
    catalog.remove("c")
    catch_up(view, catalog)
    truth = scores(catalog.path, QUERY)
    assert sorted(truth) == [4, 5, 6, 7, 8, 10, 11]
    ids = np.array([99, 8, 1, 4, 9, 10, 4, 0, -5, 11, 2**40])
    similarities = view.similarities(QUERY, ids)
    assert similarities.dtype == np.float32
    expected = [truth.get(i, np.nan) for i in ids.tolist()]
    assert np.array_equal(similarities, np.array(expected, np.float32), equal_nan=True)
    assert len(view.similarities(QUERY, ids[:0])) == 0


def test_catching_up_asks_no_more_of_a_larger_catalog(tmp_path: Path) -> None:
    asked = []
    for size in (3, 30):
        catalog = Catalog(tmp_path / f"{size}" / "catalog.sqlite", create=True)
        for n in range(size):
            put(catalog, f"{n}", coarse(n, 4))
        view = open_view(catalog)
        put(catalog, "1", coarse(99, 6))
        with closing(sqlite3.connect(catalog.path)) as connection:
            connection.row_factory = sqlite3.Row
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            view.catch_up(Feed(Snapshot(connection), EMBEDDER))
        assert found(view, 200) == nearest(catalog.path, QUERY, 200)
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_what_came_and_went_unseen_is_not_shown(catalog: Catalog) -> None:
    view = open_view(catalog)
    for n in range(3):
        put(catalog, "a", coarse(n, 4))
        put(catalog, f"{n}", coarse(n, 4))
        catalog.remove(f"{n}")
    catch_up(view, catalog)
    assert len(view) == 4
    same(view, rebuilt(catalog))


def test_a_document_is_replaced_when_only_its_facts_change(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3), text="words", metadata={"tags": ["old"]})
    view = open_view(catalog)
    put(catalog, "a", coarse(1, 3), text="words", metadata={"tags": ["new"]})
    assert len(found(view, 9, filters=Filters(tags=frozenset({"old"})))) == 3
    catch_up(view, catalog)
    assert found(view, 9, filters=Filters(tags=frozenset({"old"}))) == []
    assert len(found(view, 9, filters=Filters(tags=frozenset({"new"})))) == 3


def test_an_earlier_state_does_not_undo_a_later_one(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    with catalog.snapshot() as earlier:
        feed = Feed(earlier, EMBEDDER)
        assert feed.state().generation == 1
        put(catalog, "b", coarse(2, 3))
        catch_up(view, catalog)
        assert view.catch_up(feed)
    assert view.search(QUERY, 9).generation == 2
    assert found(view, 9) == nearest(catalog.path, QUERY, 9)


class Interrupted(Feed):
    """Fails after the first document's vectors."""

    def vectors(
        self, wanted: Sequence[IdRange] | None = None
    ) -> Iterator[tuple[IdRange, npt.NDArray[np.float16]]]:
        yield next(super().vectors(wanted))
        raise DamagedCatalog("A matrix is damaged.", "Index its document again.")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_failure_leaves_the_view_as_it_was(catalog: Catalog, is_known: bool) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    before = found(view, 20)
    for n in range(3):
        put(catalog, f"{n}", coarse(n, 4))
    if not is_known:
        forget_changes(catalog)
    catalog.remove("a")
    with catalog.snapshot() as snapshot, pytest.raises(DamagedCatalog):
        view.catch_up(Interrupted(snapshot, EMBEDDER))
    assert found(view, 20) == before
    catch_up(view, catalog)
    same(view, rebuilt(catalog))


def forget_changes(catalog: Catalog) -> None:
    with closing(sqlite3.connect(catalog.path)) as connection, connection:
        connection.execute("DELETE FROM changes")


def test_a_log_that_does_not_reach_back_is_not_replayed(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    put(catalog, "b", coarse(2, 3))
    forget_changes(catalog)
    put(catalog, "c", coarse(3, 3))
    catch_up(view, catalog)
    assert found(view, 20) == nearest(catalog.path, QUERY, 20)
    assert len(view) == 9


def test_vectors_of_another_dimension_are_an_error_with_a_remedy(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    put(catalog, "b", np.ones((2, 5), np.float16))
    with catalog.snapshot() as snapshot, pytest.raises(DamagedCatalog, match=r"4 to 5 .* 5, not 8"):
        view.catch_up(Feed(snapshot, EMBEDDER))
    assert len(found(view, 9)) == 3


class Stopping(Feed):
    """Waits in the middle of what is read."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot, EMBEDDER)
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def vectors(
        self, wanted: Sequence[IdRange] | None = None
    ) -> Iterator[tuple[IdRange, npt.NDArray[np.float16]]]:
        self.reached.set()
        assert self.go_on.wait(60)
        return super().vectors(wanted)


def test_searches_do_not_wait_for_one_who_catches_up(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    before = found(view, 9)
    put(catalog, "b", coarse(2, 3))
    with catalog.snapshot() as snapshot, catalog.snapshot() as another:
        feed = Stopping(snapshot)
        thread = threading.Thread(target=view.catch_up, args=(feed,))
        thread.start()
        assert feed.reached.wait(60)
        assert found(view, 9) == before
        assert not view.catch_up(Feed(another, EMBEDDER), wait=False)
        assert found(view, 9) == before
        feed.go_on.set()
        thread.join()
        assert view.catch_up(Feed(another, EMBEDDER), wait=False)
    assert found(view, 9) == nearest(catalog.path, QUERY, 9)


@pytest.mark.parametrize("seed", range(6))
def test_catching_up_equals_a_rebuild(catalog: Catalog, seed: int) -> None:
    chosen = random.Random(seed)
    view = open_view(catalog)
    for _ in range(25):
        # Few texts, so that older revisions come back too.
        name, version = chosen.choice("abcdef"), chosen.randrange(3)
        put(catalog, name, coarse(version, chosen.randrange(5)), text=f"{name} {version}")
        if chosen.random() < 0.4:
            catch_up(view, catalog)
        if chosen.random() < 0.2:
            view.merge()
    catch_up(view, catalog)
    same(view, rebuilt(catalog))
    for limit in (1, 3, 10, 100):
        assert found(view, limit) == nearest(catalog.path, QUERY, limit)


def state(catalog: Catalog) -> State:
    with catalog.snapshot() as snapshot:
        return Feed(snapshot, EMBEDDER).state()


def test_a_view_from_before_another_embedder_was_used_is_not_replayed(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    view = open_view(catalog)
    assert view.merge()
    for n, embedder in enumerate(("other@1", EMBEDDER)):
        catalog.stage("a", segmented(4), coarse(7 + n, 4), embedder=embedder, replacing=1)
        assert catalog.adopt(embedder)
    truth = nearest(catalog.path, QUERY, 9)
    assert [i for i, _ in sorted(truth)] == [9, 10, 11, 12]
    catch_up(view, catalog)
    assert found(view, 9) == found(open_view(catalog), 9) == truth
    assert view.state == state(catalog)


@pytest.mark.parametrize(("many", "wanted"), [(999, False), (1000, True)])
def test_a_merge_is_wanted_where_there_is_no_file(
    catalog: Catalog, many: int, wanted: bool
) -> None:
    put(catalog, "a", coarse(1, many))
    view = open_view(catalog)
    assert (view.wants_merge, view.is_ready) == (wanted, True)
    assert view.merge()
    assert (view.wants_merge, open_view(catalog).wants_merge) == (False, False)


def test_a_merge_is_wanted_when_much_has_changed(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 5000))
    put(catalog, "b", coarse(2, 6000))
    view = open_view(catalog)
    view.merge()
    put(catalog, "c", coarse(3, 1100))
    catch_up(view, catalog)
    assert not view.wants_merge
    put(catalog, "d", coarse(4, 1))
    catch_up(view, catalog)
    assert view.wants_merge
    assert view.merge()
    assert not view.wants_merge
    catalog.remove("a")
    catch_up(view, catalog)
    assert view.wants_merge
    assert view.merge()
    assert not view.wants_merge
    same(view, rebuilt(catalog))


def test_more_than_is_held_is_read_as_a_new_base(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 50))
    view = open_view(catalog, exact_up_to=100)
    view.merge()
    put(catalog, "b", coarse(2, 101))
    catch_up(view, catalog)
    # Until a merge divides them into lists, all of them are searched one by one.
    assert not view.is_ready
    assert found(view, 200) == nearest(catalog.path, QUERY, 200)
    assert view.merge()
    assert view.is_ready
    assert found(view, 200) == nearest(catalog.path, QUERY, 200)
