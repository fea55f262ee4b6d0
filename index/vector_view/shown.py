"""What a vector view shows at one time: base, delta, and which rows of them still stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from index.filters import Filters
from index.stopping import Check, go_on
from index.types import IdRange, State
from index.vector_view.base import Base, Rows, find_centres, lists_for
from index.vector_view.columns import FactColumns, Mask, Numbers
from index.vector_view.delta import DeltaRows
from index.vector_view.products import Vectors, inner_products

Ids = npt.NDArray[np.int64]


class Nearest(NamedTuple):
    """What a search found, best first; equal scores in order of id.

    Attributes:
        ids: Passage ids, shape (n,).
        scores: Their inner products with the query, shape (n,).
        generation: The catalog's generation whose passages were searched.
    """

    ids: Ids
    scores: Vectors
    generation: int


class Segment(Protocol):
    """Rows of vectors, ascending by passage id, that never change."""

    @property
    def ids(self) -> Ids:
        """Passage ids, shape (n,)."""

    @property
    def documents(self) -> Numbers:
        """The number of each one's document, shape (n,)."""

    def vectors(self, rows: Ids) -> Vectors:
        """The vectors of some rows."""

    def accepted(self, filters: Filters) -> Mask:
        """Which documents filters accept."""

    def nearest(self, query: Vectors, limit: int, selected: Mask | None) -> Ids:
        """Rows among which are the nearest ones."""


S_co = TypeVar("S_co", bound=Segment, covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Part(Generic[S_co]):
    """A segment without the rows that are gone.

    Attributes:
        alive: Which rows still stand, shape (n,).
    """

    segment: S_co
    alive: Mask

    def __len__(self) -> int:
        return int(np.count_nonzero(self.alive))

    @property
    def gone(self) -> int:
        """How many rows don't stand any more."""
        return len(self.alive) - len(self)

    def without(self, ranges: Iterable[IdRange]) -> Part[S_co]:
        """This part when passages are gone."""
        alive = self.alive.copy()
        for ids in ranges:
            first, end = np.searchsorted(self.segment.ids, ids)
            alive[first:end] = False
        return replace(self, alive=alive)

    def nearest(self, query: Vectors, limit: int, filters: Filters | None) -> Ids:
        """Rows among which are the nearest ones that filters accept."""
        selected = None if self.alive.all() else self.alive
        if filters:
            selected = self.alive & self.segment.accepted(filters)[self.segment.documents]
        return self.segment.nearest(query, limit, selected)

    def rows_of(self, ids: Ids) -> Ids:
        """The rows of passages; -1 of those that it doesn't hold."""
        if len(self.alive) == 0:
            return np.full(len(ids), -1)
        rows = np.searchsorted(self.segment.ids, ids).clip(max=len(self.alive) - 1)
        return np.where((self.segment.ids[rows] == ids) & self.alive[rows], rows, -1)

    def documents(self, count: int) -> Mask:
        """Which of `count` documents have rows that stand."""
        having = np.zeros(count, dtype=np.bool_)
        having[self.segment.documents[self.alive]] = True
        return having


S = TypeVar("S", bound=Segment)


def whole(segment: S) -> Part[S]:
    """A segment that nothing is gone from."""
    return Part(segment, np.ones(len(segment.ids), dtype=np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """An immutable state of a view.

    Attributes:
        state: The catalog's state that it is of.
        base: What stands of the base.
        delta: What stands of what came later.
        is_made_anew: Whether the base was read from the catalog, and not merged or loaded.
    """

    state: State
    base: Part[Base]
    delta: Part[DeltaRows]
    is_made_anew: bool

    def __len__(self) -> int:
        return len(self.base) + len(self.delta)

    @property
    def _parts(self) -> tuple[Part[Segment], Part[Segment]]:
        return self.base, self.delta

    @property
    def changed(self) -> int:
        """How many rows came or went since the base was made."""
        return len(self.delta.alive) + self.base.gone

    def nearest(self, query: Vectors, limit: int, filters: Filters | None) -> Nearest:
        """The nearest passages; see `index.vectors.VectorView.search`."""
        ids, scores = [np.empty(0, np.int64)], [np.empty(0, np.float32)]
        for part in self._parts if limit > 0 else ():
            rows = part.nearest(query, limit, filters)
            ids.append(part.segment.ids[rows])
            scores.append(inner_products(part.segment.vectors(rows), query))
        found, products = np.concatenate(ids), np.concatenate(scores)
        order = np.lexsort((found, -products))[:limit]
        return Nearest(found[order], products[order], self.state.generation)

    def similarities(self, query: Vectors, ids: Ids) -> Vectors:
        """Inner products with passages; see `index.vectors.VectorView.similarities`."""
        products = np.full(len(ids), np.nan, dtype=np.float32)
        for part in self._parts:
            rows = part.rows_of(ids)
            held = rows >= 0
            products[held] = inner_products(part.segment.vectors(rows[held]), query)
        return products

    def vectors(self) -> tuple[Ids, npt.NDArray[np.float16]]:
        """Ids of all passages, ascending, and their vectors."""
        rows = self._rows()
        return rows.ids, rows.vectors(np.arange(len(rows.ids))).astype(np.float16)

    def _rows(self) -> Rows:
        """What stands of both parts, in one."""
        base, delta = self.base.segment, self.delta.segment
        of_base, of_delta = np.flatnonzero(self.base.alive), np.flatnonzero(self.delta.alive)
        facts = delta.facts()
        old = self.base.documents(len(base.columns))
        new = self.delta.documents(len(facts))
        numbers = np.cumsum(np.concatenate((old, new)), dtype=np.int32) - 1

        def vectors(rows: Ids) -> Vectors:
            early = rows < len(of_base)
            result = np.empty((len(rows), base.dimension), dtype=np.float32)
            result[early] = base.vectors(of_base[rows[early]])
            result[~early] = delta.vectors(of_delta[rows[~early] - len(of_base)])
            return result

        return Rows(
            np.concatenate((base.ids[of_base], delta.ids[of_delta])),
            np.concatenate(
                (numbers[base.documents[of_base]], numbers[delta.documents[of_delta] + len(old)])
            ),
            base.columns.joined(
                old, FactColumns.of(one for one, stays in zip(facts, new, strict=True) if stays)
            ),
            vectors,
            base.lists_of(of_base),
        )

    def rebased(self, merged: Shown, base: Base) -> tuple[Part[Base], Mask]:
        """What stands of a new base, and which rows of the delta have come since.

        Args:
            merged: An earlier state, with the base that this one has.
            base: What `merged` was merged into.
        """
        count = len(merged.delta.alive)
        alive = (self.base.alive[merged.base.alive], self.delta.alive[:count][merged.delta.alive])
        later = self.delta.alive.copy()
        later[:count] = False
        return Part(base, np.concatenate(alive)), later

    def merged(self, exact_up_to: int, check: Check = go_on) -> Base:
        """A base of what stands of both parts, with lists that suit their number.

        Args:
            exact_up_to: Up to how many passages there is one list.
            check: Called between the parts of the work.
        """
        base = self.base.segment
        if self.changed == 0 and base.suits(len(self), exact_up_to):
            return base
        rows = self._rows()
        if base.suits(len(self), exact_up_to):
            return Base.build(rows, base.centres(), check)
        lists = lists_for(len(self), exact_up_to)
        centres = find_centres(rows, lists, base.dimension, check)
        return Base.build(replace(rows, lists=rows.lists[:0]), centres, check)
