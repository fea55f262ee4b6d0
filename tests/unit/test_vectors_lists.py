"""Vectors in lists: nearly all of the nearest are found, and never fewer hits than there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from reference import TOLERANCE
from toy_vectors import EMBEDDER, catch_up, clustered, open_view, put, same

from index.catalog import Catalog
from index.feed import Feed
from index.filters import Filters
from index.stopping import Stopped
from index.vectors import VectorView

DIMENSION = 24
DOCUMENTS = 200
PASSAGES = 20
FIRST_DAY = date(2020, 1, 1)

MATRIX, QUERIES = clustered(1, DOCUMENTS * PASSAGES, DIMENSION, clusters=60)
PRODUCTS = QUERIES.astype(np.float64) @ MATRIX.astype(np.float64).T


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A document a day; passage `n` is row `n - 1` of `MATRIX`."""
    catalog = Catalog(tmp_path_factory.mktemp("lists") / "catalog.sqlite", create=True)
    for n in range(DOCUMENTS):
        put(
            catalog,
            f"{n}",
            MATRIX[n * PASSAGES : (n + 1) * PASSAGES],
            published_at=(FIRST_DAY + timedelta(n)).isoformat(),
        )
    return catalog


@pytest.fixture(scope="module")
def view(catalog: Catalog) -> VectorView:
    view = open_view(catalog, dimension=DIMENSION, exact_up_to=1000)
    assert not view.is_ready
    assert view.merge()
    assert view.is_ready
    return view


def first_days(documents: int) -> Filters:
    return Filters(published_before=FIRST_DAY + timedelta(documents - 1))


def recall(view: VectorView, limit: int, documents: int) -> float:
    """Share of the truly nearest that is found; sees that the rest is right, too."""
    filters = None if documents == DOCUMENTS else first_days(documents)
    count = documents * PASSAGES
    shares = []
    for query, products in zip(QUERIES, PRODUCTS[:, :count], strict=True):
        ids, scores, _ = view.search(query, limit, filters)
        rows = ids - 1
        assert len(set(rows.tolist())) == len(rows) == min(limit, count)
        assert set(rows.tolist()) <= set(range(count))
        assert np.abs(scores - products[rows]).max() < TOLERANCE
        assert (np.lexsort((ids, -scores)) == np.arange(len(ids))).all()
        assert np.array_equal(view.similarities(query, ids), scores)
        # Which of two is nearer may be a matter of rounding.
        worst = np.sort(products)[-len(rows)] - TOLERANCE
        shares.append(np.mean(products[rows] >= worst))
    return float(np.mean(shares))


@pytest.mark.parametrize("documents", [200, 150, 100, 60])
def test_nearly_all_of_the_nearest_are_found(view: VectorView, documents: int) -> None:
    assert recall(view, 10, documents) >= 0.98


@pytest.mark.parametrize("documents", [1, 2, 10, 35])
def test_small_selections_are_searched_exactly(view: VectorView, documents: int) -> None:
    assert recall(view, 10, documents) == 1.0


@pytest.mark.parametrize("documents", [1, 10, 100, 200])
@pytest.mark.parametrize("limit", [1, 300, 1999, 2000, 3999, 4000, 5000])
def test_never_fewer_are_found_than_there_are(view: VectorView, limit: int, documents: int) -> None:
    share = recall(view, limit, documents)
    assert share == 1.0 if limit >= documents * PASSAGES else share > 0.7


def test_what_is_gone_is_not_searched_and_does_not_count(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    for n in range(DOCUMENTS):
        put(catalog, f"{n}", MATRIX[n * PASSAGES : (n + 1) * PASSAGES])
    view = open_view(catalog, dimension=DIMENSION, exact_up_to=1000)
    view.merge()
    # What is left is in few lists, and these are far from most queries.
    for n in range(3, DOCUMENTS):
        catalog.remove(f"{n}")
    catch_up(view, catalog)
    for query, products in zip(QUERIES, PRODUCTS, strict=True):
        ids, scores, _ = view.search(query, 100)
        assert sorted(ids.tolist()) == list(range(1, 3 * PASSAGES + 1))
        assert np.abs(scores - products[ids - 1]).max() < TOLERANCE
    assert view.wants_merge
    assert view.merge()
    same(view, open_view(catalog, tmp_path / "none", dimension=DIMENSION), QUERIES[0])


def test_a_merge_puts_what_came_into_the_lists_that_there_are(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    for n in range(150):
        put(catalog, f"{n}", MATRIX[n * PASSAGES : (n + 1) * PASSAGES])
    open_view(catalog, dimension=DIMENSION, exact_up_to=1000).merge()
    view = open_view(catalog, dimension=DIMENSION, exact_up_to=1000)
    for n in range(150, DOCUMENTS):
        put(catalog, f"{n}", MATRIX[n * PASSAGES : (n + 1) * PASSAGES])
    catalog.remove("0")
    put(catalog, "0", MATRIX[:PASSAGES])
    catch_up(view, catalog)
    assert view.merge()
    again = open_view(catalog, dimension=DIMENSION, exact_up_to=1000)
    ids, vectors = again.vectors()
    moved = np.arange(PASSAGES, DOCUMENTS * PASSAGES + PASSAGES) + 1
    assert np.array_equal(ids, moved)
    assert np.array_equal(vectors, np.concatenate((MATRIX[PASSAGES:], MATRIX[:PASSAGES])))
    shares = []
    for query, products in zip(QUERIES, PRODUCTS, strict=True):
        rows = (again.search(query, 10).ids - 1) % (DOCUMENTS * PASSAGES)
        shares.append(np.mean(products[rows] >= np.sort(products)[-10] - TOLERANCE))
    assert np.mean(shares) >= 0.98


def test_the_same_vectors_make_the_same_lists(catalog: Catalog, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("one", "other")]
    for path in files:
        assert open_view(catalog, path, dimension=DIMENSION, exact_up_to=1000).merge()
    one, other = (open_view(catalog, path, dimension=DIMENSION) for path in files)
    for query in QUERIES[:10]:
        first, second = one.search(query, 50), other.search(query, 50)
        assert np.array_equal(first.ids, second.ids)
        assert np.array_equal(first.scores, second.scores)


def test_a_merge_that_is_told_to_stop_leaves_no_trace(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "vectors.faiss"
    view = open_view(catalog, path, dimension=DIMENSION, exact_up_to=1000)
    before = view.search(QUERIES[0], 20)
    parts = 0
    stopped = True
    while stopped:
        checks = iter([None] * parts)

        def check(checks: Iterator[None] = checks) -> None:
            if next(checks, Stopped) is Stopped:
                raise Stopped

        try:
            assert view.merge(check)
            stopped = False
        except Stopped:
            assert not path.exists()
            assert view.wants_merge and not view.is_ready
            for one, other in zip(view.search(QUERIES[0], 20), before, strict=True):
                assert np.array_equal(one, other)
            parts += 1
    # Each of the iterations that find the lists' centres, the one batch, and the file.
    assert parts == 27
    assert view.is_ready
    whole = open_view(catalog, tmp_path / "none", dimension=DIMENSION, exact_up_to=1000)
    whole.merge()
    same(open_view(catalog, path, dimension=DIMENSION), whole, QUERIES[0])


def test_reading_all_that_is_told_to_stop_shows_nothing_of_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    view = open_view(catalog, dimension=DIMENSION)
    for n in range(3):
        put(catalog, f"{n}", MATRIX[n * PASSAGES : (n + 1) * PASSAGES])
    asked = 0

    def check() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Stopped

    with catalog.snapshot() as snapshot, pytest.raises(Stopped):
        view.catch_up(Feed(snapshot, EMBEDDER, check))
    assert len(view) == 0
    catch_up(view, catalog)
    assert len(view) == 3 * PASSAGES
