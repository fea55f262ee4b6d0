"""Queries of the catalog that all see the same committed state."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from index.errors import DamagedCatalog, UnknownDocument, UnknownRevision
from index.types import Document, DocumentSummary, Hit, StoredDocument, TextRange

_SQL_VARIABLES = 500


class Snapshot:
    """Queries that all see the same committed state; made by `Catalog.snapshot`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def generation(self) -> int:
        """The generation that this snapshot shows."""
        return int(self._rows("SELECT value FROM meta WHERE key = 'generation'")[0]["value"])

    def fingerprint(self, document_id: str, embedder: str) -> str | None:
        """Fingerprint of the current revision, or None if it isn't there with that embedder."""
        rows = self._rows(
            "SELECT fingerprint FROM documents JOIN revisions USING (revision_id) "
            "JOIN vectors USING (revision_id) WHERE documents.document_id = ? AND embedder = ?",
            (document_id, embedder),
        )
        return rows[0]["fingerprint"] if rows else None

    def count_documents(self) -> int:
        """How many documents there are."""
        return int(self._rows("SELECT count(*) AS n FROM documents")[0]["n"])

    def has_document(self, document_id: str) -> bool:
        """Whether there is a document of that id."""
        return bool(self._rows("SELECT 1 FROM documents WHERE document_id = ?", (document_id,)))

    def embedders(self) -> set[str]:
        """Model ids of the embedders that current vectors come from."""
        rows = self._rows(
            "SELECT DISTINCT embedder FROM vectors JOIN documents USING (revision_id)"
        )
        return {row["embedder"] for row in rows}

    def stored_document(self, document_id: str, revision: str | None = None) -> StoredDocument:
        """A document's text, sentences and metadata.

        Args:
            document_id: Which document.
            revision: Which revision of it; None for the current one.

        Raises:
            UnknownDocument: There is no such document.
            UnknownRevision: There is, but never with this revision.
        """
        rows = self._rows(
            "SELECT revisions.*, documents.revision_id IS NOT NULL AS current FROM revisions "
            "LEFT JOIN documents USING (revision_id) WHERE revisions.document_id = ? AND "
            + ("current" if revision is None else "revision = ?"),
            (document_id,) if revision is None else (document_id, revision),
        )
        if rows:
            return _stored_document(rows[0])
        if revision is not None and self.has_document(document_id):
            raise UnknownRevision(
                f"The document {document_id!r} has no revision {revision!r}.",
                "Ask without a revision for the current text.",
            )
        raise _unknown_document(document_id)

    def summary(self, document_id: str) -> DocumentSummary:
        """A document's metadata.

        Raises:
            UnknownDocument: There is no such document.
        """
        rows = self._rows(f"{_SUMMARIES} WHERE documents.document_id = ?", (document_id,))
        if not rows:
            raise _unknown_document(document_id)
        return _summary(rows[0])

    def summaries(self, *, after: str = "", limit: int = 100) -> list[DocumentSummary]:
        """Metadata of up to `limit` documents in order of id, from the first one after `after`."""
        rows = self._rows(
            f"{_SUMMARIES} WHERE documents.document_id > ? ORDER BY documents.document_id LIMIT ?",
            (after, limit),
        )
        return [_summary(row) for row in rows]

    def passage_ids(self) -> npt.NDArray[np.int64]:
        """Ids of all current passages, ascending."""
        rows = self._rows("SELECT passage_id FROM passages ORDER BY passage_id")
        return np.fromiter((row["passage_id"] for row in rows), dtype=np.int64, count=len(rows))

    def vectors(
        self, embedder: str, wanted: Collection[int] | None = None
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]]:
        """Passage ids and vectors of one embedder, a document at a time.

        Args:
            embedder: Model id.
            wanted: Ids of passages; documents with none of them are skipped. None for all.

        Yields:
            Ids, shape (n,), and their vectors, shape (n, dimension).

        Raises:
            DamagedCatalog: A matrix doesn't have a row for each passage.
        """
        for row in self._rows(
            "SELECT revision_id, dimension FROM documents JOIN vectors USING (revision_id) "
            "WHERE embedder = ? ORDER BY revision_id",
            (embedder,),
        ):
            revision_id, dimension = row["revision_id"], row["dimension"]
            ids = [
                passage["passage_id"]
                for passage in self._rows(
                    "SELECT passage_id FROM passages WHERE revision_id = ? ORDER BY passage_id",
                    (revision_id,),
                )
            ]
            if wanted is not None and not any(i in wanted for i in ids):
                continue
            blob = self._rows(
                "SELECT matrix FROM vectors WHERE revision_id = ? AND embedder = ?",
                (revision_id, embedder),
            )[0]["matrix"]
            matrix = np.frombuffer(blob, dtype=np.float16)
            if matrix.size != len(ids) * dimension:
                raise DamagedCatalog(
                    f"Revision {revision_id} has {len(ids)} passages and {matrix.size} vector "
                    f"components of dimension {dimension}.",
                    "Index its document again.",
                )
            yield np.array(ids, dtype=np.int64), matrix.reshape(len(ids), dimension)

    def hits(self, scores: Mapping[int, float]) -> list[Hit]:
        """The current passages among those named, in the order named.

        Args:
            scores: Score of each passage id, best first. Ids that no longer stand for a passage of
                a current revision are left out.
        """
        found: dict[int, Hit] = {}
        ids = list(scores)
        for begin in range(0, len(ids), _SQL_VARIABLES):
            batch = ids[begin : begin + _SQL_VARIABLES]
            for row in self._rows(
                "SELECT passage_id, start, end, revisions.document_id, revision, title, "
                "substr(text, start + 1, end - start) AS text "
                "FROM passages JOIN revisions USING (revision_id) "
                "JOIN documents USING (revision_id) "
                f"WHERE passage_id IN ({','.join('?' * len(batch))})",
                batch,
            ):
                found[row["passage_id"]] = Hit(**dict(row), score=scores[row["passage_id"]])
        return [found[i] for i in ids if i in found]

    def repeated_lines(self, keys: Collection[int], document_id: str, *, minimum: int) -> set[int]:
        """Which short lines stand in at least `minimum` documents, this one counted."""
        repeated: set[int] = set()
        ordered = sorted(keys)
        for begin in range(0, len(ordered), _SQL_VARIABLES):
            batch = ordered[begin : begin + _SQL_VARIABLES]
            repeated.update(
                row["line_key"]
                for row in self._rows(
                    "SELECT line_key FROM lines WHERE document_id != ? "
                    f"AND line_key IN ({','.join('?' * len(batch))}) "
                    "GROUP BY line_key HAVING count(*) + 1 >= ?",
                    (document_id, *batch, minimum),
                )
            )
        return repeated

    def outdated_exclusions(self, *, minimum: int) -> list[str]:
        """Documents that hold a line which has become, or is no longer, repeated."""
        rows = self._rows(
            "SELECT DISTINCT document_id FROM lines JOIN (SELECT line_key, count(*) >= ? AS now "
            "FROM lines GROUP BY line_key) USING (line_key) WHERE repeated != now "
            "ORDER BY document_id",
            (minimum,),
        )
        return [row["document_id"] for row in rows]


_SUMMARIES = """
SELECT revisions.*,
    (SELECT count(*) FROM passages WHERE passages.revision_id = revisions.revision_id) AS passages,
    (SELECT count(*) FROM revisions AS r WHERE r.document_id = documents.document_id) AS revisions
FROM documents JOIN revisions USING (revision_id)
"""


def _summary(row: sqlite3.Row) -> DocumentSummary:
    fields = {name: row[name] for name in DocumentSummary.__dataclass_fields__}
    return DocumentSummary(**{**fields, "metadata": json.loads(row["metadata"])})


def _stored_document(row: sqlite3.Row) -> StoredDocument:
    fields = {name: row[name] for name in Document.__dataclass_fields__}
    return StoredDocument(
        document=Document(**{**fields, "metadata": json.loads(row["metadata"])}),
        excluded=_unpack(row["excluded"]),
        sentences=_unpack(row["sentences"]),
        generation=row["generation"],
        added_at=row["added_at"],
        current=bool(row["current"]),
    )


def _unknown_document(document_id: str) -> UnknownDocument:
    return UnknownDocument(
        f"There is no document {document_id!r} in this collection.",
        "GET the collection's documents for the ids that there are.",
    )


def _unpack(blob: bytes) -> tuple[TextRange, ...]:
    pairs: list[list[int]] = np.frombuffer(blob, dtype="<u4").reshape(-1, 2).tolist()
    return tuple(TextRange(start, end) for start, end in pairs)
