"""Queries of the catalog that all see the same committed state."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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

    def _meta(self, key: str) -> str:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        if not rows:
            raise DamagedCatalog(
                f"The catalog has no {key}.", "Restore it from a backup, or index again."
            )
        value: str = rows[0]["value"]
        return value

    def catalog_id(self) -> str:
        """The catalog's name, unlike any other catalog's.

        Raises:
            DamagedCatalog: It has none.
        """
        return self._meta("catalog_id")

    def generation(self) -> int:
        """The generation that this snapshot shows.

        Raises:
            DamagedCatalog: There is none.
        """
        return int(self._meta("generation"))

    def is_unchanged(self, document: Document, embedder: str) -> bool:
        """Whether the document's current revision is exactly this, with vectors of the embedder."""
        rows = self._rows(
            "SELECT fingerprint FROM documents JOIN revisions USING (revision_id) "
            "JOIN vectors USING (revision_id) WHERE documents.document_id = ? AND embedder = ?",
            (document.document_id, embedder),
        )
        return bool(rows) and rows[0]["fingerprint"] == fingerprint(document)

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

    def stored_document(
        self, document_id: str, revision: str | None = None, *, with_source: bool = False
    ) -> StoredDocument:
        """A document's text, sentences and metadata.

        Args:
            document_id: Which document.
            revision: Which revision of it; None for the current one.
            with_source: Read its source too; `source` is empty otherwise. What is to be stored
                again needs it.

        Raises:
            UnknownDocument: There is no such document.
            UnknownRevision: There is, but never with this revision.
        """
        source = "source" if with_source else "x''"
        rows = self._rows(
            f"SELECT {_METADATA}, text, {source} AS source, excluded, sentences, "
            "documents.revision_id IS NOT NULL AS current "
            "FROM revisions LEFT JOIN documents USING (revision_id) "
            "WHERE revisions.document_id = ? AND "
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
            wanted: Ids of passages; only documents with one of them are read. None for all.

        Yields:
            Ids, shape (n,), and their vectors, shape (n, dimension).

        Raises:
            DamagedCatalog: A matrix doesn't have a row for each passage.
        """
        revision_ids = self._revisions_of(wanted) if wanted is not None else self._all_revisions()
        for revision_id in revision_ids:
            matrices = self._rows(
                "SELECT dimension, matrix FROM vectors WHERE revision_id = ? AND embedder = ?",
                (revision_id, embedder),
            )
            if not matrices:
                continue
            ids = [
                passage["passage_id"]
                for passage in self._rows(
                    "SELECT passage_id FROM passages WHERE revision_id = ? ORDER BY passage_id",
                    (revision_id,),
                )
            ]
            dimension = matrices[0]["dimension"]
            matrix = np.frombuffer(matrices[0]["matrix"], dtype=np.float16)
            if matrix.size != len(ids) * dimension:
                raise DamagedCatalog(
                    f"Revision {revision_id} has {len(ids)} passages and {matrix.size} vector "
                    f"components of dimension {dimension}.",
                    "Index its document again.",
                )
            yield np.array(ids, dtype=np.int64), matrix.reshape(len(ids), dimension)

    def _all_revisions(self) -> list[int]:
        rows = self._rows("SELECT revision_id FROM documents ORDER BY revision_id")
        return [row["revision_id"] for row in rows]

    def _revisions_of(self, passage_ids: Collection[int]) -> list[int]:
        """The current revisions that hold any of these passages, ascending."""
        found: set[int] = set()
        for batch in _batches(passage_ids):
            found.update(
                row["revision_id"]
                for row in self._rows(
                    "SELECT DISTINCT revision_id FROM passages JOIN documents USING (revision_id) "
                    f"WHERE passage_id IN ({_marks(batch)})",
                    batch,
                )
            )
        return sorted(found)

    def hits(self, scores: Mapping[int, float]) -> list[Hit]:
        """The current passages among those named, in the order named.

        Args:
            scores: Score of each passage id, best first. Ids that no longer stand for a passage of
                a current revision are left out.
        """
        places: dict[int, list[sqlite3.Row]] = {}
        for batch in _batches(scores):
            for place in self._rows(
                "SELECT passage_id, start, end, revision_id FROM passages "
                f"JOIN documents USING (revision_id) WHERE passage_id IN ({_marks(batch)})",
                batch,
            ):
                places.setdefault(place["revision_id"], []).append(place)
        found: dict[int, Hit] = {}
        for revision_id, in_revision in places.items():
            # SQLite's substr reads the whole text for each passage, and stops at U+0000.
            [row] = self._rows(
                "SELECT document_id, revision, title, text FROM revisions WHERE revision_id = ?",
                (revision_id,),
            )
            for passage_id, start, end, _ in in_revision:
                found[passage_id] = Hit(
                    passage_id=passage_id,
                    document_id=row["document_id"],
                    revision=row["revision"],
                    title=row["title"],
                    start=start,
                    end=end,
                    text=row["text"][start:end],
                    score=scores[passage_id],
                )
        return [found[i] for i in scores if i in found]

    def repeated_lines(self, keys: Collection[int], document_id: str, *, minimum: int) -> set[int]:
        """Which short lines stand in at least `minimum` documents, this one counted."""
        repeated: set[int] = set()
        for batch in _batches(keys):
            repeated.update(
                row["line_key"]
                for row in self._rows(
                    "SELECT line_key FROM lines WHERE document_id != ? "
                    f"AND line_key IN ({_marks(batch)}) "
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


_METADATA = ", ".join(
    f"revisions.{name}"
    for name in (
        "document_id",
        "revision",
        "title",
        "source_url",
        "published_at",
        "published_at_source",
        "media_type",
        "encoding",
        "extractor",
        "metadata",
        "generation",
        "added_at",
    )
)

_SUMMARIES = f"""
SELECT {_METADATA}, characters,
    (SELECT count(*) FROM passages WHERE passages.revision_id = revisions.revision_id) AS passages,
    (SELECT count(*) FROM revisions AS r WHERE r.document_id = documents.document_id) AS revisions
FROM documents JOIN revisions USING (revision_id)
"""


def fingerprint(document: Document) -> str:
    """Hash of all that a document says, so that the same content again is recognised."""
    said = {
        name: getattr(document, name)
        for name in Document.__dataclass_fields__
        if name not in {"text", "source", "metadata"}
    }
    said["metadata"] = dict(document.metadata)
    said["source"] = hashlib.sha256(document.source).hexdigest()
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _batches(values: Iterable[int]) -> Iterator[list[int]]:
    """Values in as many pieces as SQLite's limit of variables asks for."""
    ordered = sorted(values)
    for begin in range(0, len(ordered), _SQL_VARIABLES):
        yield ordered[begin : begin + _SQL_VARIABLES]


def _marks(values: Sequence[int]) -> str:
    return ",".join("?" * len(values))


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
