"""The base of a vector view: an immutable FAISS index of half-precision vectors.

An inverted-file index (Jégou, Douze, Schmid, Product quantization for nearest neighbor search,
2011) whose lists hold the vectors as the catalog does, in half precision. With a single list every
search of it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import faiss
import numpy as np
import numpy.typing as npt

from index.filters import Filters
from index.stopping import Check, go_on
from index.vector_view.columns import FactColumns, Mask, Numbers
from index.vector_view.products import MOST_TIED, Vectors, largest_difference

Ids = npt.NDArray[np.int64]

PROBES = 256
"""Lists that a search without filters looks into; see `Base.nearest` for one with."""

_LISTS_PER_ROOT = 4
"""Lists for each square root of the number of vectors."""

_OUTGROWN = 1.5
"""Lists are made anew when there should be that many times more, or fewer."""

_TRAINING_VECTORS = 64
"""Vectors that the lists' centres are found with, for each list."""

_ITERATIONS = 25

_SEED = 1

_BATCH = 16_384

_SLACK = 16
"""Rows asked of FAISS beyond the limit, for those that its arithmetic may put in another order."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Passages, ascending by id, that a base is to be built of.

    Attributes:
        ids: Passage ids, shape (n,).
        documents: The number of each one's document in `columns`, shape (n,).
        columns: The documents' facts.
        vectors: Gives the vectors of some rows.
        lists: The list of each of the first rows, as far as it is known from an older base.
    """

    ids: Ids
    documents: Numbers
    columns: FactColumns
    vectors: Callable[[Ids], Vectors]
    lists: Ids


def work_alone() -> None:
    """Have FAISS use one core only for work of the calling thread.

    What is made in the background leaves the others to questions.
    """
    faiss.omp_set_num_threads(1)


def lists_for(count: int, exact_up_to: int) -> int:
    """How many lists a base of so many vectors has."""
    return 1 if count <= exact_up_to else min(count, round(_LISTS_PER_ROOT * math.sqrt(count)))


class Base:
    """Vectors that can be searched, numbered from 0 in order of passage id.

    Attributes:
        ids: Passage ids, shape (n,), ascending.
        documents: The number of each one's document in `columns`, shape (n,).
        columns: The documents' facts.
    """

    def __init__(
        self,
        index: Any,
        ids: Ids,
        documents: Numbers,
        columns: FactColumns,
    ) -> None:
        self._index = index
        self.ids = ids
        self.documents = documents
        self.columns = columns

    @classmethod
    def build(cls, rows: Rows, centres: Vectors, check: Check = go_on) -> Self:
        """A base of some passages, in lists around certain centres.

        Args:
            rows: The passages.
            centres: Shape (lists, dimension).
            check: Called between batches.
        """
        lists, dimension = centres.shape
        quantizer = faiss.IndexFlatIP(dimension)
        quantizer.add(centres)
        index = faiss.IndexIVFScalarQuantizer(
            quantizer,
            dimension,
            lists,
            faiss.ScalarQuantizer.QT_fp16,
            faiss.METRIC_INNER_PRODUCT,
            False,  # The vectors themselves, not what is left without the centre.
        )
        index.is_trained = True
        index.make_direct_map()
        for start in range(0, len(rows.ids), _BATCH):
            check()
            batch = np.arange(start, min(start + _BATCH, len(rows.ids)))
            vectors = rows.vectors(batch)
            known = rows.lists[start : start + _BATCH]
            [new] = quantizer.assign(vectors[len(known) :], 1).T
            members = np.concatenate((known, new))
            index.add_core(len(batch), faiss.swig_ptr(vectors), None, faiss.swig_ptr(members))
        return cls(index, rows.ids, rows.documents, rows.columns)

    @classmethod
    def from_sections(cls, sections: Sequence[memoryview]) -> Self:
        """A base from the bytes of what `to_sections` gave.

        Raises:
            RuntimeError: This FAISS doesn't understand the index.
        """
        index, ids, documents, *columns = sections
        return cls(
            faiss.deserialize_index(np.frombuffer(index, np.uint8)),
            np.frombuffer(ids, np.int64).copy(),
            np.frombuffer(documents, np.int32).copy(),
            FactColumns.from_sections(columns),
        )

    def to_sections(self) -> list[npt.NDArray[Any]]:
        """What `from_sections` makes the same base of."""
        return [
            faiss.serialize_index(self._index),
            self.ids,
            self.documents,
            *self.columns.to_sections(),
        ]

    @property
    def dimension(self) -> int:
        """Length of the vectors."""
        return int(self._index.d)

    @property
    def lists(self) -> int:
        """How many lists the vectors are in."""
        return int(self._index.nlist)

    def suits(self, count: int, exact_up_to: int) -> bool:
        """Whether this base's lists are good for so many vectors, too."""
        wanted = lists_for(count, exact_up_to)
        if 1 in {wanted, self.lists}:
            return wanted == self.lists
        return self.lists / _OUTGROWN <= wanted <= self.lists * _OUTGROWN

    def centres(self) -> Vectors:
        """The lists' centres, shape (lists, dimension)."""
        centres: Vectors = self._index.quantizer.reconstruct_n(0, self.lists)
        return centres

    def lists_of(self, rows: Ids) -> Ids:
        """Which list each of some rows is in."""
        places: Ids = faiss.vector_to_array(self._index.direct_map.array)
        return places[rows] >> 32

    def vectors(self, rows: Ids) -> Vectors:
        """The vectors of some rows, shape (rows, dimension)."""
        vectors: Vectors = self._index.reconstruct_batch(rows)
        return vectors

    def accepted(self, filters: Filters) -> Mask:
        """Which documents filters accept."""
        return self.columns.accepted(filters)

    def nearest(self, query: Vectors, limit: int, selected: Mask | None) -> Ids:
        """Rows among which are the nearest ones.

        Args:
            query: Shape (dimension,).
            limit: How many of the nearest are wanted, at least 1.
            selected: Which rows may be found, shape (n,); None for all.

        Returns:
            As many as are wanted and selected at least, and what equals the last within what
            arithmetics can differ by, of the lists that were searched: all of it, up to
            `MOST_TIED` more than are wanted.
        """
        count = len(self.ids) if selected is None else int(np.count_nonzero(selected))
        wanted = min(limit, count)
        if wanted == 0:
            return np.empty(0, np.int64)
        # Few that are selected are spread over as many lists as all are.
        search = faiss.SearchParametersIVF()
        search.nprobe = min(self.lists, math.ceil(PROBES * len(self.ids) / count))
        if selected is not None:
            bits = np.packbits(selected, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(bits), faiss.swig_ptr(bits))
            search.sel = selector
        fetched, most = min(wanted + _SLACK, count), min(wanted + MOST_TIED, count)
        gap = 2 * largest_difference(query)
        while True:
            [products], [found] = self._index.search(query[np.newaxis], fetched, params=search)
            rows: Ids = found[found >= 0]
            if len(rows) < wanted and search.nprobe < self.lists:
                search.nprobe = self.lists
                continue
            all_found = len(rows) < fetched or fetched == most
            if all_found or products[-1] < products[wanted - 1] - gap:
                return rows
            fetched = most


def find_centres(rows: Rows, lists: int, dimension: int, check: Check = go_on) -> Vectors:
    """Centres of lists, found by k-means over a sample of the vectors.

    Args:
        rows: The vectors.
        lists: How many centres, at most as many as there are vectors.
        dimension: Length of the vectors.
        check: Called between iterations.

    Returns:
        Shape (lists, dimension).
    """
    if lists == 1:
        return np.zeros((1, dimension), dtype=np.float32)
    count = min(len(rows.ids), lists * _TRAINING_VECTORS)
    sample = np.random.default_rng(_SEED).choice(len(rows.ids), count, replace=False)
    kmeans = faiss.Clustering(dimension, lists)
    kmeans.seed = _SEED
    kmeans.spherical = True
    kmeans.min_points_per_centroid = 1
    kmeans.max_points_per_centroid = _TRAINING_VECTORS
    vectors = rows.vectors(np.sort(sample))
    # Each call goes on from the centres of the one before.
    kmeans.niter = 1
    for _ in range(_ITERATIONS):
        check()
        kmeans.train(vectors, faiss.IndexFlatIP(dimension))
    centres: Vectors = faiss.vector_to_array(kmeans.centroids).reshape(lists, dimension)
    return centres
