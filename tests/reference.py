"""What a catalog holds and which of its passages are nearest, read without the code under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float16]

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
        searched = _searched(connection)
        found = {}
        for revision_id, document_id, *said, excluded, sentences in connection.execute(
            "SELECT revision_id, document_id, revision, fingerprint, title, text, source, "
            "excluded, sentences FROM revisions "
            "WHERE revision_id IN (SELECT revision_id FROM documents) ORDER BY document_id"
        ).fetchall():
            passages = connection.execute(
                "SELECT start, end, tokens FROM passages "
                f"WHERE revision_id = ? {searched} ORDER BY passage_id",
                (revision_id,),
            ).fetchall()
            [(matrix,)] = connection.execute(
                f"SELECT matrix FROM vectors WHERE revision_id = ? {searched}", (revision_id,)
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


def vectors(path: Path, document_ids: Collection[str] | None = None) -> dict[int, Vector]:
    """The vector of every current passage, by id in ascending order; of some documents, or all."""
    found: dict[int, Vector] = {}
    with closing(sqlite3.connect(path)) as connection:
        searched = _searched(connection)
        for document_id, revision_id, dimension, matrix in connection.execute(
            "SELECT document_id, revision_id, dimension, matrix "
            f"FROM vectors JOIN documents USING (revision_id) WHERE true {searched}"
        ).fetchall():
            rows = np.frombuffer(matrix, dtype=np.float16).reshape(-1, dimension)
            ids = connection.execute(
                f"SELECT passage_id FROM passages WHERE revision_id = ? {searched} "
                "ORDER BY passage_id",
                (revision_id,),
            ).fetchall()
            if document_ids is None or document_id in document_ids:
                found |= {i: row for (i,), row in zip(ids, rows, strict=True)}
    return dict(sorted(found.items()))


def scores(
    path: Path, query: npt.NDArray[np.float32], document_ids: Collection[str] | None = None
) -> dict[int, float]:
    """The inner product of a query with every current passage's vector, by id."""
    return {
        i: float(vector.astype(np.float64) @ query.astype(np.float64))
        for i, vector in vectors(path, document_ids).items()
    }


def nearest(path: Path, query: npt.NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
    """Ids and scores of the nearest passages, best first, equal ones in order of id."""
    return sorted(scores(path, query).items(), key=lambda item: (-item[1], item[0]))[:limit]


def check_nearest(
    found: Sequence[tuple[int, float]],
    path: Path,
    query: npt.NDArray[np.float32],
    limit: int,
    document_ids: Collection[str] | None = None,
) -> None:
    """Sees that ids and scores are those of a search of all vectors, but for rounding."""
    true = scores(path, query, document_ids)
    ids = [i for i, _ in found]
    assert len(ids) == len(set(ids)) == min(limit, len(true))
    assert list(found) == sorted(found, key=lambda item: (-item[1], item[0]))
    assert [score for _, score in found] == [
        s if abs(s - true[i]) < TOLERANCE else true[i] for i, s in found
    ]
    worst = min((score for _, score in found), default=2.0)
    assert all(score < worst + TOLERANCE for i, score in true.items() if i not in ids)


class Names(NamedTuple):
    """What a catalog's passages are called.

    Attributes:
        catalog_id: The catalog's own name.
        highest: The highest passage id that was ever given.
        passages: What each id stands for: document, revision, start and end.
    """

    catalog_id: str
    highest: int
    passages: dict[int, tuple[str, str, int, int]]


def names(path: Path) -> Names:
    """The ids of a catalog's passages, also of those that aren't searched yet."""
    with closing(sqlite3.connect(path)) as connection:
        [(catalog_id,)] = connection.execute("SELECT value FROM meta WHERE key = 'catalog_id'")
        [(highest,)] = connection.execute(
            "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'passages'"
        )
        rows = connection.execute(
            "SELECT passage_id, document_id, revision, start, end "
            "FROM passages JOIN revisions USING (revision_id)"
        )
        return Names(catalog_id, highest, {i: tuple(said) for i, *said in rows})


def check_names(earlier: Names, later: Names) -> None:
    """Sees that of one catalog's ids each stands for the same passage, earlier and later."""
    if earlier.catalog_id != later.catalog_id:
        return
    assert later.highest >= max([earlier.highest, *later.passages])
    for passage_id, said in later.passages.items():
        if passage_id <= earlier.highest:
            assert earlier.passages[passage_id] == said


def _searched(connection: sqlite3.Connection) -> str:
    """Condition of the passages and vectors that are searched."""
    if connection.execute("PRAGMA user_version").fetchone() == (1,):
        return ""  # Only one embedder's are in a catalog of that format.
    return "AND embedder = (SELECT value FROM meta WHERE key = 'embedder')"


def _ranges(blob: bytes) -> list[list[int]]:
    return np.frombuffer(blob, dtype="<u4").reshape(-1, 2).tolist()
