"""The delta of a vector view: what came since its base was made, in flat arrays that grow."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from index.filters import Facts, Filters
from index.vector_view.columns import NO_DAY, Mask, Numbers, accepted
from index.vector_view.products import MOST_TIED, Vectors, largest_difference

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DeltaRows:
    """What a delta held at one time; stays as it is when the delta grows.

    Attributes:
        ids: Passage ids, shape (n,), ascending.
        documents: The number of each one's document, shape (n,).
    """

    ids: Ids
    documents: Numbers
    _days: Numbers
    _matrix: Vectors
    _facts: Sequence[Facts]
    _postings: Mapping[str, Sequence[int]]

    def facts(self) -> Sequence[Facts]:
        """The facts of each document."""
        return self._facts[: len(self._days)]

    def by_document(self, wanted: Mask) -> Iterator[tuple[Ids, Facts, Vectors]]:
        """Ids, facts and vectors of certain rows, a document at a time, as `Delta.append` takes."""
        rows = np.flatnonzero(wanted)
        ends = np.flatnonzero(np.diff(self.documents[rows])) + 1
        for part in np.split(rows, ends) if rows.size else ():
            yield self.ids[part], self._facts[self.documents[part[0]]], self._matrix[part]

    def vectors(self, rows: Ids) -> Vectors:
        """The vectors of some rows, shape (rows, dimension)."""
        return self._matrix[rows]

    def accepted(self, filters: Filters) -> Mask:
        """Which documents filters accept."""
        return accepted(filters, self._days, self._documents_of)

    def _documents_of(self, term: str) -> Numbers:
        numbers = self._postings.get(term, ())
        return np.array(numbers[: bisect_left(numbers, len(self._days))], dtype=np.int32)

    def nearest(self, query: Vectors, limit: int, selected: Mask | None) -> Ids:
        """Rows among which are the nearest ones; see `index.vector_view.base.Base.nearest`."""
        products = self._matrix @ query
        rows = np.arange(len(self.ids)) if selected is None else np.flatnonzero(selected)
        if len(rows) <= limit:
            return rows
        products = products[rows]
        last = np.partition(products, len(rows) - limit)[len(rows) - limit]
        near = products >= last - 2 * largest_difference(query)
        rows, products = rows[near], products[near]
        # Of equal ones the first.
        nearest: Ids = rows[np.argsort(-products, kind="stable")[: limit + MOST_TIED]]
        return nearest


class Delta:
    """Passages that came one after the other; one thread at a time adds to it.

    Args:
        dimension: Length of the vectors.
    """

    def __init__(self, dimension: int) -> None:
        self._ids = _Growing(np.dtype(np.int64))
        self._documents = _Growing(np.dtype(np.int32))
        self._days = _Growing(np.dtype(np.int32))
        self._matrix = _Growing(np.dtype(np.float32), dimension)
        self._facts: list[Facts] = []
        self._postings: dict[str, list[int]] = {}

    def append(self, ids: Ids, facts: Facts, vectors: npt.NDArray[Any]) -> None:
        """Add a document.

        Args:
            ids: Its passages' ids, ascending, each greater than all that are there.
            facts: What it can be filtered on.
            vectors: Shape (ids, dimension).
        """
        number = len(self._facts)
        # The largest first: memory that can't be had leaves all as it was.
        self._matrix.append(vectors)
        self._ids.append(ids)
        self._documents.append(np.full(len(ids), number))
        self._days.append(np.array([facts.day or NO_DAY]))
        self._facts.append(facts)
        for term in facts.terms:
            self._postings.setdefault(term, []).append(number)

    def rows(self) -> DeltaRows:
        """All that it holds now."""
        return DeltaRows(
            self._ids.filled(),
            self._documents.filled(),
            self._days.filled(),
            self._matrix.filled(),
            self._facts,
            self._postings,
        )


class _Growing:
    """An array that grows at its end; what was once filled is never written again."""

    def __init__(self, dtype: np.dtype[Any], *width: int) -> None:
        self._array = np.empty((0, *width), dtype)
        self._count = 0

    def append(self, rows: npt.NDArray[Any]) -> None:
        end = self._count + len(rows)
        if end > len(self._array):
            size = (max(end, 2 * len(self._array)), *self._array.shape[1:])
            grown = np.empty(size, self._array.dtype)
            grown[: self._count] = self.filled()
            self._array = grown
        self._array[self._count : end] = rows
        self._count = end

    def filled(self) -> npt.NDArray[Any]:
        """The rows so far."""
        return self._array[: self._count]
