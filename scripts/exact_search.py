"""Exact search of a catalog's vectors, without any view: what an index is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from index.feed import Feed
from index.filters import Facts, Filters
from index.snapshot import Snapshot

Mask = npt.NDArray[np.bool_]
Vectors = npt.NDArray[np.float32]

_TOLERANCE = 1e-6
"""Products that differ by less are taken as equal: sums in another order differ in it."""

_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class ExactSearch:
    """All passages of a catalog.

    Attributes:
        ids: Passage ids, ascending, shape (n,).
        vectors: Their vectors as they are stored, shape (n, dimension).
        documents: The number of each one's document in `facts`, shape (n,).
        facts: What the documents can be filtered on.
    """

    ids: npt.NDArray[np.int64]
    vectors: Vectors
    documents: npt.NDArray[np.int64]
    facts: Sequence[Facts]

    @classmethod
    def read(cls, snapshot: Snapshot, embedder: str) -> Self:
        """What a snapshot of a catalog holds, which must be something.

        Args:
            snapshot: Of the catalog.
            embedder: Model id of the vectors.
        """
        feed = Feed(snapshot, embedder)
        facts = [one.facts for one in feed.documents(with_texts=False)]
        ranges, matrices = zip(*feed.vectors(), strict=True)
        return cls(
            np.concatenate([np.arange(*ids) for ids in ranges]),
            np.concatenate(matrices).astype(np.float32),
            np.repeat(np.arange(len(ranges)), [ids.end - ids.first for ids in ranges]),
            facts,
        )

    def accepted(self, filters: Filters | None) -> Mask:
        """Which passages filters accept, shape (n,)."""
        if filters is None:
            return np.ones(len(self.ids), dtype=np.bool_)
        accepted = np.array([filters.accept(one) for one in self.facts])
        return accepted[self.documents]

    def recalls(
        self,
        queries: Vectors,
        found: Sequence[npt.NDArray[np.int64]],
        limit: int,
        accepted: Mask,
    ) -> npt.NDArray[np.float64]:
        """Share of the nearest passages that a search found, for each query.

        Args:
            queries: Shape (queries, dimension).
            found: Passage ids that were found for each.
            limit: How many of the nearest count.
            accepted: Which passages may be found; at least one.

        Returns:
            Shape (queries,), in [0, 1]. Of passages equally near, any will do as the last.
        """
        rows = np.flatnonzero(accepted)
        among, wanted = self.vectors[rows], min(limit, len(rows))
        result = np.empty(len(queries))
        for begin in range(0, len(queries), _AT_ONCE):
            products = queries[begin : begin + _AT_ONCE] @ among.T
            last = np.partition(products, -wanted, axis=1)[:, -wanted]
            for number, products_of_one in enumerate(products, begin):
                beyond = products_of_one - last[number - begin]
                held = beyond[np.isin(self.ids[rows], found[number][:limit])]
                nearer = np.count_nonzero(beyond > _TOLERANCE)
                found_nearer = np.count_nonzero(held > _TOLERANCE)
                found_equal = np.count_nonzero(np.abs(held) <= _TOLERANCE)
                result[number] = (found_nearer + min(found_equal, wanted - nearer)) / wanted
        return result
