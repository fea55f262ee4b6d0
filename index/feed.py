"""What views are made from: the catalog's state, its changes, and what its passages hold."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.errors import DamagedCatalog
from index.filters import Facts, facts_of
from index.snapshot import Snapshot
from index.stopping import Check, go_on
from index.types import Change, IdRange, State


@dataclass(frozen=True, slots=True)
class FedDocument:
    """A document's passages as a view takes them in.

    Attributes:
        ids: Their ids.
        facts: What can be filtered on.
        title: The document's title.
        texts: The passages' texts, one for each id; empty where texts weren't asked for.
    """

    ids: IdRange
    facts: Facts
    title: str | None
    texts: tuple[str, ...]


class Feed:
    """Reads, from one snapshot, what views are made from.

    Args:
        snapshot: The state that all of it is of.
        embedder: Model id of the vectors, and of the passages that were sized for it.
        check: Called before each document that is read.
    """

    def __init__(self, snapshot: Snapshot, embedder: str, check: Check = go_on) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._check = check

    def state(self) -> State:
        """The snapshot's state."""
        generation = self._snapshot.generation()
        return State(self._snapshot.catalog_id(), generation, self._token(generation) or "")

    def includes(self, state: State) -> bool:
        """Whether the catalog was once in this state, and has a log of what changed since."""
        return (
            state.catalog_id == self._snapshot.catalog_id()
            and self._token(state.generation) == state.token
        )

    def _token(self, generation: int) -> str | None:
        rows = self._snapshot.rows("SELECT token FROM changes WHERE generation = ?", (generation,))
        return rows[0]["token"] if rows else None

    def changes(self, since: int) -> list[Change]:
        """What was written after a generation, in order."""
        return [
            Change(
                row["generation"],
                row["document_id"],
                _range(row["removed_first"], row["removed_end"]),
                _range(row["added_first"], row["added_end"]),
            )
            for row in self._snapshot.rows(
                "SELECT * FROM changes WHERE generation > ? ORDER BY generation", (since,)
            )
        ]

    def documents(
        self, wanted: Sequence[IdRange] | None = None, *, with_texts: bool = True
    ) -> Iterator[FedDocument]:
        """Current documents that have passages, in order of passage id.

        Args:
            wanted: Ranges of passages as `changes` names them; those that are current no more are
                left out. None for all.
            with_texts: Read the passages' texts too.
        """
        for revision_id, ids in self._revisions(wanted):
            text = "text" if with_texts else "'' AS text"
            [row] = self._snapshot.rows(
                f"SELECT document_id, title, source_url, published_at, metadata, {text} "
                "FROM revisions WHERE revision_id = ?",
                (revision_id,),
            )
            yield FedDocument(
                ids,
                facts_of(
                    row["document_id"],
                    row["source_url"],
                    row["published_at"],
                    json.loads(row["metadata"]),
                ),
                row["title"],
                tuple(
                    row["text"][place["start"] : place["end"]]
                    for place in self._snapshot.rows(
                        "SELECT start, end FROM passages "
                        "WHERE passage_id >= ? AND passage_id < ? ORDER BY passage_id",
                        ids,
                    )
                )
                if with_texts
                else (),
            )

    def vectors(
        self, wanted: Sequence[IdRange] | None = None
    ) -> Iterator[tuple[IdRange, npt.NDArray[np.float16]]]:
        """Vectors of current passages, a document at a time, in order of passage id.

        Args:
            wanted: As for `documents`.

        Yields:
            Ids, and their vectors, shape (ids, dimension), of unit length.

        Raises:
            DamagedCatalog: A matrix doesn't have a row for each passage.
        """
        for revision_id, ids in self._revisions(wanted):
            rows = self._snapshot.rows(
                "SELECT dimension, matrix FROM vectors WHERE revision_id = ? AND embedder = ?",
                (revision_id, self._embedder),
            )
            count = ids.end - ids.first
            matrix = np.frombuffer(rows[0]["matrix"] if rows else b"", dtype=np.float16)
            if not rows or matrix.size != count * rows[0]["dimension"]:
                raise DamagedCatalog(
                    f"Revision {revision_id} has {count} passages and {matrix.size} vector "
                    "components.",
                    "Index its document again.",
                )
            yield ids, matrix.reshape(count, -1)

    def _revisions(self, wanted: Sequence[IdRange] | None) -> Iterator[tuple[int, IdRange]]:
        """The current revisions with passages, and the ids of these; all, or of certain ranges."""
        if wanted is None:
            rows: Sequence[sqlite3.Row] = self._snapshot.rows(
                "SELECT revision_id, min(passage_id) AS first, max(passage_id) + 1 AS end "
                "FROM passages WHERE embedder = ? GROUP BY revision_id ORDER BY first",
                (self._embedder,),
            )
            for row in rows:
                self._check()
                yield row["revision_id"], IdRange(row["first"], row["end"])
            return
        for ids in sorted(wanted):
            self._check()
            rows = self._snapshot.rows(
                "SELECT revision_id FROM passages WHERE passage_id = ? AND embedder = ?",
                (ids.first, self._embedder),
            )
            if rows:
                yield rows[0]["revision_id"], ids


def _range(first: int | None, end: int | None) -> IdRange | None:
    return None if first is None or end is None else IdRange(first, end)
