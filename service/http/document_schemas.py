"""Wire models of collections and documents, read and written."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, JsonValue

from index.ingest import Outcome
from index.types import DocumentSummary, StoredDocument
from service.http.jobs import Written
from service.http.wire import PublishedAt, PublishedAtSource, SourceUrl, Term, Title, Wire


class DocumentModel(Wire):
    """A document's metadata."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    document_id: str
    revision: str
    title: str | None
    source_url: str | None
    published_at: str | None
    published_at_source: PublishedAtSource
    media_type: str
    encoding: str
    extractor: str
    metadata: dict[str, Any]
    characters: int
    passages: int
    revisions: int
    generation: int
    added_at: str


class DocumentList(Wire):
    """A page of a collection's documents, in order of id."""

    documents: list[DocumentModel]
    total: int
    next: str | None = Field(description="Pass it as `after` for the next page; null at the end.")


class DocumentText(Wire):
    """One revision of a document's text, in which all offsets count."""

    document_id: str
    title: str | None
    revision: str
    current: bool = Field(description="Whether this is the document's newest revision.")
    published_at: str | None
    published_at_source: PublishedAtSource
    source_url: str | None
    text: str
    excluded: list[tuple[int, int]] = Field(description="Ranges of page debris, not searched.")


class CollectionModel(Wire):
    """A collection."""

    name: str
    documents: int


class CollectionList(Wire):
    """All collections, in order of name."""

    collections: list[CollectionModel]


class DocumentQuery(Wire):
    """What is known about a document, as an address writes it."""

    title: Title | None = None
    source_url: SourceUrl | None = Field(None, description="Where the original is published.")
    published_at: PublishedAt | None = Field(None, description="2020-01-13.")
    tag: list[Term] = Field([], max_length=100, description="To find it by; as many as you like.")

    def said(self) -> dict[str, Any]:
        """What is said, as a sidecar file would."""
        return _said(self.title, self.source_url, self.published_at, self.tag)


class DocumentBody(Wire):
    """A document as JSON, with what is known about it."""

    text: str
    media_type: Literal["text/plain", "text/markdown", "text/html"] = "text/plain"
    title: Title | None = None
    source_url: SourceUrl | None = Field(None, description="Where the original is published.")
    published_at: PublishedAt | None = Field(None, description="2020-01-13.")
    tags: list[Term] = Field([], max_length=100, description="To find it by.")
    metadata: dict[str, JsonValue] = Field({}, description="Whatever else is known.")

    def said(self) -> dict[str, Any]:
        """What is said, as a sidecar file would."""
        return self.metadata | _said(self.title, self.source_url, self.published_at, self.tags)


def _said(
    title: str | None, source_url: str | None, published_at: str | None, tags: list[str]
) -> dict[str, Any]:
    known = {
        "title": title,
        "source_url": source_url,
        "published_at": published_at,
        "tags": tags or None,
    }
    return {name: value for name, value in known.items() if value is not None}


class DocumentWritten(Wire):
    """What became of a document that was put in."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    document_id: str
    revision: str
    outcome: Outcome
    passages: int = Field(description="How many of its passages can be found.")
    warnings: list[str] = Field(description="What a person should know, each a sentence.")
    generation: int = Field(description="Pass it as `min_generation` to search what is written.")


class DocumentRemoved(Wire):
    """That a document was erased, with all its revisions."""

    removed: Literal[True] = True
    generation: int = Field(description="Pass it as `min_generation` to search without it.")


def written_model(written: Written) -> DocumentWritten:
    """The wire form of what became of a document."""
    return DocumentWritten.model_validate(written)


def document_model(summary: DocumentSummary) -> DocumentModel:
    """The wire form of a document's metadata."""
    return DocumentModel.model_validate(summary)


def document_text(stored: StoredDocument) -> DocumentText:
    """The wire form of a document's text."""
    document = stored.document
    return DocumentText(
        document_id=document.document_id,
        title=document.title,
        revision=document.revision,
        current=stored.current,
        published_at=document.published_at,
        published_at_source=document.published_at_source,
        source_url=document.source_url,
        text=document.text,
        excluded=[(start, end) for start, end in stored.excluded],
    )
