"""Queries of the catalog that all see the same committed state."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from index.errors import DamagedCatalog, UnknownDocument, UnknownRevision
from index.filters import Facts, Filters, facts_of
from index.storage.ranges import unpack
from index.types import Document, DocumentSummary, Hit, Scores, StoredDocument

_SQL_VARIABLES = 500


class Snapshot:
    """Queries that all see the same committed state; made by `Catalog.snapshot`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Rows of a query."""
        return self._connection.execute(sql, parameters).fetchall()

    def _meta(self, key: str) -> str:
        rows = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
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
        rows = self.rows(
            "SELECT fingerprint FROM documents JOIN revisions USING (revision_id) "
            "JOIN vectors USING (revision_id) WHERE documents.document_id = ? AND embedder = ?",
            (document.document_id, embedder),
        )
        return bool(rows) and rows[0]["fingerprint"] == fingerprint(document)

    def count_documents(self) -> int:
        """How many documents there are."""
        return int(self.rows("SELECT count(*) AS n FROM documents")[0]["n"])

    def has_document(self, document_id: str) -> bool:
        """Whether there is a document of that id."""
        return bool(self.rows("SELECT 1 FROM documents WHERE document_id = ?", (document_id,)))

    def embedder(self) -> str | None:
        """Model id of the embedder whose passages and vectors are searched; None of none yet."""
        return self._meta("embedder") or None

    def unstaged(self, embedder: str) -> list[str]:
        """Documents without passages and vectors of an embedder, in order of id."""
        rows = self.rows(
            "SELECT document_id FROM documents WHERE revision_id NOT IN "
            "(SELECT revision_id FROM vectors WHERE embedder = ?) ORDER BY document_id",
            (embedder,),
        )
        return [row["document_id"] for row in rows]

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
        rows = self.rows(
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
        rows = self.rows(f"{_SUMMARIES} WHERE documents.document_id = ?", (document_id,))
        if not rows:
            raise _unknown_document(document_id)
        return _summary(rows[0])

    def summaries(self, *, after: str = "", limit: int = 100) -> list[DocumentSummary]:
        """Metadata of up to `limit` documents in order of id, from the first one after `after`."""
        rows = self.rows(
            f"{_SUMMARIES} WHERE documents.document_id > ? ORDER BY documents.document_id LIMIT ?",
            (after, limit),
        )
        return [_summary(row) for row in rows]

    def hits(self, scores: Mapping[int, Scores], filters: Filters | None = None) -> list[Hit]:
        """The current passages among those named, in the order named.

        Args:
            scores: Scores of each passage id, best first. Ids that no longer stand for a passage
                of a current revision are left out.
            filters: Leave out what these don't accept.
        """
        places: dict[int, list[sqlite3.Row]] = {}
        for batch in _batches(scores):
            for place in self.rows(
                "SELECT passage_id, start, end, revision_id FROM passages "
                f"JOIN documents USING (revision_id) WHERE passage_id IN ({_marks(batch)})",
                batch,
            ):
                places.setdefault(place["revision_id"], []).append(place)
        found: dict[int, Hit] = {}
        for revision_id, in_revision in places.items():
            # SQLite's substr reads the whole text for each passage, and stops at U+0000.
            [row] = self.rows(
                "SELECT document_id, revision, title, text, source_url, published_at, metadata "
                "FROM revisions WHERE revision_id = ?",
                (revision_id,),
            )
            if filters and not filters.accept(_facts(row)):
                continue
            for passage_id, start, end, _ in in_revision:
                found[passage_id] = Hit(
                    passage_id=passage_id,
                    document_id=row["document_id"],
                    revision=row["revision"],
                    title=row["title"],
                    start=start,
                    end=end,
                    text=row["text"][start:end],
                    **scores[passage_id]._asdict(),
                )
        return [found[i] for i in scores if i in found]

    def repeated_lines(self, keys: Collection[int], document_id: str, *, minimum: int) -> set[int]:
        """Which short lines stand in at least `minimum` documents, this one counted."""
        others = self.count_lines(keys, minimum - 1, beside=document_id)
        return {key for key, count in others.items() if count == minimum - 1}

    def count_lines(
        self, keys: Collection[int], most: int, *, beside: str | None = None
    ) -> dict[int, int]:
        """In how many documents lines stand; counted up to `most`, so that it takes no time.

        Args:
            keys: Of the lines.
            most: Where to end counting.
            beside: A document that isn't counted.
        """
        rows = self.rows(
            "SELECT value AS line_key, (SELECT count(*) FROM (SELECT 1 FROM lines "
            "WHERE line_key = value AND document_id IS NOT ? LIMIT ?)) AS count FROM json_each(?)",
            (beside, most, json.dumps(list(keys))),
        )
        return {row["line_key"]: row["count"] for row in rows}

    def outdated_exclusions(
        self, *, minimum: int, keys: Collection[int] | None = None
    ) -> list[str]:
        """Documents that hold a line which has become, or is no longer, repeated; in order.

        Args:
            minimum: Number of documents that make a line a repeated one.
            keys: Of the lines to look at; None for all, which reads the whole table.
        """
        among = "" if keys is None else "WHERE line_key IN (SELECT value FROM json_each(?)) "
        rows = self.rows(
            "SELECT DISTINCT document_id FROM lines JOIN (SELECT line_key, count(*) >= ? AS now "
            f"FROM lines {among}GROUP BY line_key) USING (line_key) WHERE repeated != now "
            "ORDER BY document_id",
            (minimum,) if keys is None else (minimum, json.dumps(list(keys))),
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
    (SELECT count(*) FROM passages WHERE passages.revision_id = revisions.revision_id
        AND embedder = (SELECT value FROM meta WHERE key = 'embedder')) AS passages,
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


def _facts(row: sqlite3.Row) -> Facts:
    return facts_of(
        row["document_id"], row["source_url"], row["published_at"], json.loads(row["metadata"])
    )


def _summary(row: sqlite3.Row) -> DocumentSummary:
    fields = {name: row[name] for name in DocumentSummary.__dataclass_fields__}
    return DocumentSummary(**{**fields, "metadata": json.loads(row["metadata"])})


def _stored_document(row: sqlite3.Row) -> StoredDocument:
    fields = {name: row[name] for name in Document.__dataclass_fields__}
    return StoredDocument(
        document=Document(**{**fields, "metadata": json.loads(row["metadata"])}),
        excluded=unpack(row["excluded"]),
        sentences=unpack(row["sentences"]),
        generation=row["generation"],
        added_at=row["added_at"],
        current=bool(row["current"]),
    )


def _unknown_document(document_id: str) -> UnknownDocument:
    return UnknownDocument(
        f"There is no document {document_id!r} in this collection.",
        "GET the collection's documents for the ids that there are.",
    )
