"""Vectors read from the catalog, and a base of one list with all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from index.errors import DamagedCatalog
from index.feed import FedDocument, Feed
from index.types import IdRange
from index.vector_view.base import Base, Rows, find_centres
from index.vector_view.columns import FactColumns

Fed = list[tuple[FedDocument, npt.NDArray[np.float16]]]
"""Documents, and the vectors of their passages, shape (passages, dimension)."""


def read_vectors(feed: Feed, wanted: list[IdRange] | None, dimension: int) -> Fed:
    """Documents and their vectors; all are read before any is shown.

    Args:
        feed: Where from.
        wanted: As for `Feed.documents`.
        dimension: The vectors' length.

    Raises:
        DamagedCatalog: See `Feed.vectors`; or a document's vectors have another length.
    """
    fed: Fed = []
    for document, (_, vectors) in zip(
        feed.documents(wanted, with_texts=False), feed.vectors(wanted), strict=True
    ):
        if vectors.shape[1] != dimension:
            raise DamagedCatalog(
                f"The passages {document.ids.first} to {document.ids.end - 1} have vectors of "
                f"dimension {vectors.shape[1]}, not {dimension}.",
                "Index their document again.",
            )
        fed.append((document, vectors))
    return fed


def base_of(fed: Fed, dimension: int) -> Base:
    """A base of one list with all vectors of some documents."""
    matrix = np.concatenate([np.empty((0, dimension), np.float16), *(part for _, part in fed)])
    counts = [len(part) for _, part in fed]
    rows = Rows(
        ids=np.concatenate([np.empty(0, np.int64), *(np.arange(*one.ids) for one, _ in fed)]),
        documents=np.repeat(np.arange(len(fed), dtype=np.int32), counts),
        columns=FactColumns.of(document.facts for document, _ in fed),
        vectors=lambda wanted: matrix[wanted].astype(np.float32),
        lists=np.empty(0, np.int64),
    )
    return Base.build(rows, find_centres(rows, 1, dimension))
