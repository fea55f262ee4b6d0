"""A library in memory, of documents made of given sentences, and a calibration to check by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from index.filters import Filters
from index.search import SearchResult
from index.types import Document, Hit, StoredDocument, TextRange
from service.calibration import FEATURES, Calibration

PLAIN = Calibration(
    weights=dict.fromkeys(FEATURES, 0.0) | {"span": 1.0, "null": -1.0},
    none=1.0,
    slope=1.0,
    intercept=0.0,
    for_support=0.0,
    for_foreign=0.0,
    temperature=1.0,
    fit={},
)
"""A span's log odds are its margin over its text's null score, less one."""


def stored(
    *sentences: str,
    document_id: str = "talks.txt",
    debris: Iterable[int] = (),
    published_at: str | None = "2020-01-13",
) -> StoredDocument:
    """A document of these sentences, a space between two; those numbered in `debris` are debris."""
    text = " ".join(sentences)
    ranges, at = [], 0
    for sentence in sentences:
        ranges.append(TextRange(at, at + len(sentence)))
        at += len(sentence) + 1
    document = Document(
        document_id=document_id,
        text=text,
        revision=f"sha256:{hashlib.sha256(text.encode()).hexdigest()}",
        title=f"Title of {document_id}",
        source_url="https://news.example/talks",
        published_at=published_at,
        published_at_source=None if published_at is None else "sidecar",
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=text.encode(),
    )
    return StoredDocument(
        document=document,
        excluded=tuple(r for i, r in enumerate(ranges) if i in set(debris)),
        sentences=tuple(r for i, r in enumerate(ranges) if i not in set(debris)),
        generation=7,
        added_at="2020-01-14T00:00:00+00:00",
        current=True,
    )


def hit(document: StoredDocument, first: int, last: int | None = None, passage_id: int = 1) -> Hit:
    """A hit on the passage from one sentence to another; debris is no sentence."""
    start = document.sentences[first].start
    end = document.sentences[first if last is None else last].end
    return Hit(
        passage_id=passage_id,
        document_id=document.document.document_id,
        revision=document.document.revision,
        title=document.document.title,
        start=start,
        end=end,
        text=document.document.text[start:end],
        score=0.5,
        similarity=0.75,
        lexical=3.0,
    )


class Shelf:
    """Finds the hits that it was given.

    Attributes:
        searched: What it was asked.
    """

    def __init__(self, documents: Iterable[StoredDocument], hits: Sequence[Hit]) -> None:
        self._documents = {(d.document.document_id, d.document.revision): d for d in documents}
        self._hits = hits
        self.searched: list[tuple[str, int, Filters | None]] = []

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The first hits."""
        self.searched.append((query, limit, filters))
        return SearchResult(self._hits[:limit], generation=7)

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One of its documents."""
        return self._documents[document_id, revision]
