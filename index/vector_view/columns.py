"""Facts of many documents as columns, so that a filter is decided for all of them at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from index.filters import Facts, Filters

NO_DAY = 0
"""Stands for an unknown day; `date.toordinal` begins at 1."""

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int32]


def accepted(filters: Filters, days: Numbers, documents_of: Callable[[str], Numbers]) -> Mask:
    """Which documents `Filters.accept` accepts.

    Args:
        filters: What is asked for.
        days: Each document's day or `NO_DAY`, shape (documents,).
        documents_of: Numbers of the documents that have a term.

    Returns:
        Shape (documents,).
    """
    result = np.ones(len(days), dtype=np.bool_)
    if filters.days is not None:
        first, last = filters.days
        result = (days >= first) & (days <= last)
    for group in filters.groups():
        having = np.zeros(len(days), dtype=np.bool_)
        for term in group:
            having[documents_of(term)] = True
        result &= having
    return result


class FactColumns:
    """Facts of documents that are numbered from 0.

    Args:
        terms: All terms that occur, each once.
        starts: Where each term's documents begin in `documents`, and where the last one's end;
            shape (terms + 1,).
        documents: Numbers of each term's documents, ascending.
        days: Each document's day or `NO_DAY`.
    """

    def __init__(
        self, terms: Sequence[str], starts: Numbers, documents: Numbers, days: Numbers
    ) -> None:
        self._terms = terms
        self._starts = starts
        self._documents = documents
        self._days = days
        self._numbers = dict(zip(terms, range(len(terms)), strict=True))

    @classmethod
    def of(cls, facts: Iterable[Facts]) -> Self:
        """The facts of documents in their order."""
        numbers: dict[str, int] = {}
        terms: list[int] = []
        documents: list[int] = []
        days: list[int] = []
        for document, one in enumerate(facts):
            for term in sorted(one.terms):
                terms.append(numbers.setdefault(term, len(numbers)))
                documents.append(document)
            days.append(one.day or NO_DAY)
        return cls._of_pairs(list(numbers), _numbers(terms), _numbers(documents), _numbers(days))

    @classmethod
    def _of_pairs(
        cls, terms: Sequence[str], pair_terms: Numbers, pair_documents: Numbers, days: Numbers
    ) -> Self:
        """From which term which document has, in any order; terms of no document are dropped."""
        counts = np.bincount(pair_terms, minlength=len(terms))
        used = counts > 0
        starts = np.concatenate(([0], np.cumsum(counts[used]))).astype(np.int32)
        order = np.lexsort((pair_documents, pair_terms))
        return cls(list(compress(terms, used)), starts, pair_documents[order], days)

    def __len__(self) -> int:
        return len(self._days)

    def documents_of(self, term: str) -> Numbers:
        """Numbers of the documents that have a term, ascending."""
        number = self._numbers.get(term)
        if number is None:
            return self._documents[:0]
        return self._documents[self._starts[number] : self._starts[number + 1]]

    def accepted(self, filters: Filters) -> Mask:
        """Which documents `Filters.accept` accepts; shape (documents,)."""
        return accepted(filters, self._days, self.documents_of)

    def joined(self, kept: Mask, others: FactColumns) -> FactColumns:
        """The facts of some of these documents, and then of others.

        Args:
            kept: Which of these documents; shape (documents,).
            others: Documents that follow.
        """
        numbers = dict(self._numbers)
        renamed = _numbers([numbers.setdefault(term, len(numbers)) for term in others._terms])
        renumbered = np.cumsum(kept, dtype=np.int32) - 1
        stays = kept[self._documents]
        return self._of_pairs(
            list(numbers),
            np.concatenate((self._pair_terms()[stays], renamed[others._pair_terms()])),
            np.concatenate(
                (renumbered[self._documents[stays]], others._documents + np.count_nonzero(kept)),
                dtype=np.int32,
            ),
            np.concatenate((self._days[kept], others._days)),
        )

    def _pair_terms(self) -> Numbers:
        """Numbers of the terms that `_documents` belong to."""
        return np.repeat(np.arange(len(self._terms), dtype=np.int32), np.diff(self._starts))

    def to_sections(self) -> list[npt.NDArray[Any]]:
        """What `from_sections` makes the same columns of."""
        terms = np.frombuffer(json.dumps(self._terms).encode(), dtype=np.uint8)
        return [terms, self._starts, self._documents, self._days]

    @classmethod
    def from_sections(cls, sections: Sequence[memoryview]) -> Self:
        """Columns from the bytes of what `to_sections` gave."""
        terms, *arrays = sections
        starts, documents, days = (np.frombuffer(array, np.int32).copy() for array in arrays)
        return cls(json.loads(bytes(terms)), starts, documents, days)


def _numbers(values: Sequence[int]) -> Numbers:
    return np.array(values, dtype=np.int32)
