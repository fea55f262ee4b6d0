"""The records that travel from documents to hits.

All offsets are 0-based and half-open, in Unicode code points of `Document.text`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class TextRange(NamedTuple):
    """A half-open range `[start, end)` of code points."""

    start: int
    end: int


class IdRange(NamedTuple):
    """A half-open range `[first, end)` of passage ids, all of one revision."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class State:
    """A committed state of a catalog, told from every other one of it and of other catalogs.

    Attributes:
        catalog_id: The catalog's name.
        generation: How many times it had been written.
        token: Drawn anew by every write: catalogs that were once copies of each other, and then
            written as often, differ in it.
    """

    catalog_id: str
    generation: int
    token: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one write did to the passages that can be found.

    Attributes:
        generation: The generation that it made.
        document_id: The document that was written or removed.
        removed: Passages that can be found no more.
        added: Passages that can be found since.
    """

    generation: int
    document_id: str
    removed: IdRange | None
    added: IdRange | None


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it is stored: the text that every offset counts in, and where it came from.

    Attributes:
        document_id: Collection-relative POSIX path, or the id given.
        text: Extracted text, in NFC with `\\n` newlines and no byte order mark.
        revision: `sha256:` and the hexadecimal SHA-256 of `text` in UTF-8.
        title: Headline, if one is known.
        source_url: Where the original is published, if known.
        published_at: ISO 8601 date (`2020-01-13`), if known; never a file's time.
        published_at_source: Where the date was found: `request` (said by whoever put it in over
            HTTP), `sidecar`, `front_matter`, `html_metadata` or `dateline`.
        media_type: `text/plain`, `text/markdown` or `text/html`.
        encoding: Name of the encoding that the bytes were decoded with.
        extractor: Name and version of what made `text` out of the source, `name/version`.
        source: The bytes as they came.
        metadata: Whatever else the sidecar or the front matter says; JSON values.
    """

    document_id: str
    text: str
    revision: str
    title: str | None
    source_url: str | None
    published_at: str | None
    published_at_source: str | None
    media_type: str
    encoding: str
    extractor: str
    source: bytes = field(repr=False)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that is embedded and found as one.

    Attributes:
        start: Offset of its first code point in the document's text.
        end: Offset after its last code point.
        tokens: Its size in the embedder's tokens, title and special tokens included.
    """

    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A document's text, divided.

    Attributes:
        excluded: Ranges of page debris, in order; in no sentence and no passage.
        sentences: Sentences (or pieces of an endless one) in order, without the space around them.
        passages: In order, not overlapping, each a run of whole `sentences`.
    """

    excluded: tuple[TextRange, ...]
    sentences: tuple[TextRange, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One revision of a document as the catalog holds it.

    Attributes:
        document: The document of that revision.
        excluded: Ranges of page debris.
        sentences: The sentences, in order.
        generation: The catalog's generation that wrote it.
        added_at: When, ISO 8601 in UTC.
        current: Whether it is the document's newest revision.
    """

    document: Document
    excluded: tuple[TextRange, ...]
    sentences: tuple[TextRange, ...]
    generation: int
    added_at: str
    current: bool


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document's metadata, without its text.

    Attributes:
        characters: Length of the text in code points.
        passages: How many passages can be found.
        revisions: How many revisions the catalog holds.
    """

    document_id: str
    revision: str
    title: str | None
    source_url: str | None
    published_at: str | None
    published_at_source: str | None
    media_type: str
    encoding: str
    extractor: str
    metadata: Mapping[str, Any]
    characters: int
    passages: int
    revisions: int
    generation: int
    added_at: str


class Scores(NamedTuple):
    """How well a passage matches a query; see `Hit`."""

    score: float
    similarity: float
    lexical: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that a search found.

    Attributes:
        passage_id: Name of the passage, unique within the collection and never reused.
        revision: Revision of the document that `start` and `end` count in.
        text: `document.text[start:end]`.
        score: What hits are ranked by; higher is better.
        similarity: Cosine similarity of query and passage, in [-1, 1].
        lexical: BM25 of query and passage; 0 where they share no word.
    """

    passage_id: int
    document_id: str
    revision: str
    title: str | None
    start: int
    end: int
    text: str
    score: float
    similarity: float
    lexical: float
