"""What a catalog holds and which of its passages are nearest, read without the code under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

TOLERANCE = 1e-5
"""Sums of the same products in another order differ by less."""


class Content(NamedTuple):
    """A document's current revision and all that was made of it; no ids, no generation."""

    revision: str
    fingerprint: str
    title: str | None
    text: str
    source: bytes
    excluded: list[list[int]]
    sentences: list[list[int]]
    passages: list[tuple[int, int, int]]
    vectors: bytes
    lines: dict[int, int]


def contents(path: Path) -> dict[str, Content]:
    """What a catalog serves, document by document."""
    with closing(sqlite3.connect(path)) as connection:
        found = {}
        for revision_id, document_id, *said, excluded, sentences in connection.execute(
            "SELECT revision_id, document_id, revision, fingerprint, title, text, source, "
            "excluded, sentences FROM revisions "
            "WHERE revision_id IN (SELECT revision_id FROM documents) ORDER BY document_id"
        ).fetchall():
            passages = connection.execute(
                "SELECT start, end, tokens FROM passages WHERE revision_id = ? ORDER BY passage_id",
                (revision_id,),
            ).fetchall()
            [(matrix,)] = connection.execute(
                "SELECT matrix FROM vectors WHERE revision_id = ?", (revision_id,)
            ).fetchall()
            lines = connection.execute(
                "SELECT line_key, repeated FROM lines WHERE document_id = ?", (document_id,)
            ).fetchall()
            found[document_id] = Content(
                *said, _ranges(excluded), _ranges(sentences), passages, matrix, dict(lines)
            )
        orphans = connection.execute(
            "SELECT count(*) FROM passages WHERE revision_id NOT IN "
            "(SELECT revision_id FROM documents)"
        ).fetchone()
        assert orphans == (0,)
        return found


def scores(path: Path, query: npt.NDArray[np.float32]) -> dict[int, float]:
    """The inner product of a query with every current passage's vector, by id."""
    found: dict[int, float] = {}
    with closing(sqlite3.connect(path)) as connection:
        for revision_id, dimension, matrix in connection.execute(
            "SELECT revision_id, dimension, matrix FROM vectors JOIN documents USING (revision_id)"
        ).fetchall():
            rows = np.frombuffer(matrix, dtype=np.float16).reshape(-1, dimension)
            ids = connection.execute(
                "SELECT passage_id FROM passages WHERE revision_id = ? ORDER BY passage_id",
                (revision_id,),
            ).fetchall()
            products = rows.astype(np.float64) @ query.astype(np.float64)
            found |= {i: p for (i,), p in zip(ids, products.tolist(), strict=True)}
    return found


def nearest(path: Path, query: npt.NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
    """Ids and scores of the nearest passages, best first, equal ones in order of id."""
    return sorted(scores(path, query).items(), key=lambda item: (-item[1], item[0]))[:limit]


def check_nearest(
    found: Sequence[tuple[int, float]], path: Path, query: npt.NDArray[np.float32], limit: int
) -> None:
    """Sees that ids and scores are those of a search of all vectors, but for rounding."""
    true = scores(path, query)
    ids = [i for i, _ in found]
    assert len(ids) == len(set(ids)) == min(limit, len(true))
    assert list(found) == sorted(found, key=lambda item: (-item[1], item[0]))
    assert [score for _, score in found] == [
        s if abs(s - true[i]) < TOLERANCE else true[i] for i, s in found
    ]
    worst = min((score for _, score in found), default=2.0)
    assert all(score < worst + TOLERANCE for i, score in true.items() if i not in ids)


def _ranges(blob: bytes) -> list[list[int]]:
    return np.frombuffer(blob, dtype="<u4").reshape(-1, 2).tolist()
