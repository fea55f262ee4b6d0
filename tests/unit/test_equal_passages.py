"""Very many equal passages: as many as are wanted are found, without looking at all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy_lexical
from toy_vectors import DIMENSION, QUERY, catch_up, found, open_view, put

from index.catalog import Catalog
from index.filters import Facts
from index.lexical_view import shown
from index.vector_view.base import Base, Rows, find_centres
from index.vector_view.columns import FactColumns
from index.vector_view.delta import Delta, DeltaRows
from index.vector_view.products import MOST_TIED

MANY = 5_000
ALIKE = np.full((MANY, DIMENSION), 0.25, dtype=np.float16)
FACTS = Facts(frozenset(), None)


def base_of(matrix: np.ndarray, lists: int) -> Base:
    rows = Rows(
        np.arange(1, len(matrix) + 1),
        np.zeros(len(matrix), dtype=np.int32),
        FactColumns.of([FACTS]),
        lambda wanted: matrix[wanted].astype(np.float32),
        np.empty(0, np.int64),
    )
    return Base.build(rows, find_centres(rows, lists, DIMENSION))


def delta_of(matrix: np.ndarray) -> DeltaRows:
    delta = Delta(DIMENSION)
    delta.append(np.arange(1, len(matrix) + 1), FACTS, matrix)
    return delta.rows()


@pytest.mark.parametrize("segment", [base_of(ALIKE, 1), delta_of(ALIKE)], ids=["base", "delta"])
@pytest.mark.parametrize("selected", [None, np.arange(MANY) % 2 == 1], ids=["all", "half"])
@pytest.mark.parametrize("limit", [1, 100, 2_000])
def test_no_more_than_a_certain_number_of_equal_vectors_are_taken(
    segment: Base | DeltaRows, limit: int, selected: np.ndarray | None
) -> None:
    rows = segment.nearest(QUERY, limit, selected)
    assert len(set(rows.tolist())) == len(rows) == limit + MOST_TIED
    assert selected is None or selected[rows].all()


@pytest.mark.parametrize("is_merged", [False, True])
def test_nearer_ones_are_never_lost_among_equal_ones(tmp_path: Path, is_merged: bool) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    view = open_view(catalog)
    put(catalog, "few", np.full((2, DIMENSION), -0.25, dtype=np.float16))
    put(catalog, "alike", ALIKE)
    nearer = np.full((3, DIMENSION), 0.5, dtype=np.float16)
    put(catalog, "nearer", nearer)
    catch_up(view, catalog)
    if is_merged:
        view.merge()
    [near, alike] = [float(matrix[0].astype(np.float32) @ QUERY) for matrix in (nearer, ALIKE)]
    hits = found(view, 10)
    assert hits[:3] == [(MANY + 3 + n, near) for n in range(3)]
    assert [score for _, score in hits[3:]] == [alike] * 7
    ids = [i for i, _ in hits[3:]]
    assert ids == sorted(set(ids)) and ids[0] >= 3 and ids[-1] < MANY + 3


class Recorded:
    """A tantivy searcher, and how many hits it was asked for."""

    def __init__(self, searcher: Any) -> None:
        self._searcher = searcher
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._searcher, name)

    def search(self, query: Any, limit: int, **options: Any) -> Any:
        self.asked.append(limit)
        return self._searcher.search(query, limit, **options)


@pytest.mark.parametrize(
    ("equal", "asked"),
    [(10, [11]), (11, [11, 15]), (2_000, [11, 10 + shown.MOST_TIED])],
)
def test_equal_words_are_asked_for_once_more_at_most(
    tmp_path: Path, equal: int, asked: Sequence[int]
) -> None:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    toy_lexical.put(catalog, "a", "lamp lamp ", *["lamp river "] * (equal - 1), *["river "] * 3)
    view = toy_lexical.opened(catalog, toy_lexical.PLAIN)
    assert view._shown is not None
    recorded = Recorded(view._shown.searcher)
    of_it = replace(view._shown, searcher=recorded)  # type: ignore[arg-type]
    ranked = of_it.search("lamp", 10, None, toy_lexical.PLAIN)
    assert recorded.asked == asked
    assert ranked.ids[0] == 1
    assert len(set(ranked.ids.tolist())) == 10
    assert len(set(ranked.scores[1:].tolist())) == 1 and ranked.scores[0] > ranked.scores[1]
    if equal <= shown.MOST_TIED:
        assert ranked.ids.tolist() == list(range(1, 11))
