"""Wire models: what travels over HTTP, described for OpenAPI."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import resources
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from index.collection import DEFAULT_COLLECTION
from index.types import DocumentSummary, Hit, StoredDocument
from service.types import AnswerSet, Citation, Status

EXAMPLES: dict[str, Any] = json.loads(
    resources.files("service").joinpath("examples.json").read_text(encoding="utf-8")
)
"""By wire model, a request or the true answer to it from the sample documents."""


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskRequest(_Wire):
    """A question to a collection."""

    question: StrictStr = Field(description="What is asked, up to 1,000 characters.")
    collection: StrictStr = Field(DEFAULT_COLLECTION, description="Which documents to ask.")
    top_k: int = Field(3, ge=1, le=50, strict=True, description="Most answers to return.")
    max_passages: int = Field(
        20, ge=1, le=100, strict=True, description="Most passages to read for the answer."
    )
    filters: dict[str, Any] = Field({}, description="Not supported yet: leave it empty.")
    as_of: StrictStr | None = Field(None, description="Not supported yet: null.")
    min_confidence: float | None = Field(None, description="Not supported yet: null.")
    min_generation: int | None = Field(None, description="Not supported yet: null.")


class CitationModel(_Wire):
    """A quote and the exact place where it stands.

    Offsets are 0-based and half-open, in Unicode code points of the text of that revision, which
    `GET /v1/collections/{collection}/documents/{document_id}/text?revision=` returns.
    """

    type: Literal["char_location"] = "char_location"
    document_id: str
    document_title: str | None
    source_url: str | None
    published_at: str | None = Field(description="ISO 8601 date; null when undated.")
    published_at_source: str | None
    revision: str
    start_char_index: int
    end_char_index: int
    cited_text: str
    before: str = Field(description="The sentence's words before the quote.")
    after: str = Field(description="The sentence's words after the quote.")
    page_number: int | None = Field(None, description="Null: the formats read have no pages.")
    passage_id: str
    url: str = Field(description="Opens the document with the quote marked.")


class AnswerModel(_Wire):
    """An answer in the documents' own words."""

    id: str
    answer: str
    score: float = Field(description="Higher is better; not a probability.")
    confidence: float | None = Field(None, description="Null: not calibrated yet.")
    support: int = Field(description="How many sources say so.")
    relation: str | None = None
    citations: list[CitationModel]


class NoAnswerModel(_Wire):
    """How strongly the reader holds that the documents don't answer."""

    score: float | None = Field(
        description="How far the best candidate's score stays below the threshold: positive "
        "when the status is no_answer. Null: there was nothing to read."
    )
    probability: float | None = Field(None, description="Null: not calibrated yet.")
    reason: str | None = None


class AskResponse(_Wire):
    """The answers, or that there are none in these documents."""

    status: Status
    answers: list[AnswerModel]
    no_answer: NoAnswerModel
    timings_ms: dict[str, float]
    models: dict[str, str]
    generation: int


class HitModel(_Wire):
    """A passage found."""

    passage_id: str
    document_id: str
    document_title: str | None
    revision: str
    start_char_index: int
    end_char_index: int
    text: str
    score: float = Field(description="Cosine similarity of question and passage, in [-1, 1].")
    url: str


class SearchResponse(_Wire):
    """Passages, best first."""

    hits: list[HitModel]
    generation: int


class DocumentModel(_Wire):
    """A document's metadata."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    document_id: str
    revision: str
    title: str | None
    source_url: str | None
    published_at: str | None
    published_at_source: str | None
    media_type: str
    encoding: str
    extractor: str
    metadata: dict[str, Any]
    characters: int
    passages: int
    revisions: int
    generation: int
    added_at: str


class DocumentList(_Wire):
    """A page of a collection's documents, in order of id."""

    documents: list[DocumentModel]
    total: int
    next: str | None = Field(description="Pass it as `after` for the next page; null at the end.")


class DocumentText(_Wire):
    """One revision of a document's text, in which all offsets count."""

    document_id: str
    title: str | None
    revision: str
    current: bool = Field(description="Whether this is the document's newest revision.")
    published_at: str | None
    published_at_source: str | None
    source_url: str | None
    text: str
    excluded: list[tuple[int, int]] = Field(description="Ranges of page debris, not searched.")


class CollectionModel(_Wire):
    """A collection."""

    name: str
    documents: int


class CollectionList(_Wire):
    """All collections, in order of name."""

    collections: list[CollectionModel]


class Health(_Wire):
    """Whether the server is alive, or ready."""

    status: Literal["ok"]


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:pincite:problem:` and the code.")
    title: str
    status: int
    detail: str = Field(description="What happened, with the value.")
    code: str = Field(description="Stable name of the error.")
    remedy: str = Field(description="What to do next.")
    errors: Annotated[
        list[dict[str, str]] | None, Field(description="The fields at fault, if any.")
    ] = None


def view_url(collection: str, document_id: str, revision: str, start: int, end: int) -> str:
    """Address of the page that shows a document with a range marked."""
    return "/view?" + urlencode(
        {
            "collection": collection,
            "document_id": document_id,
            "revision": revision,
            "start": start,
            "end": end,
        }
    )


def _citation(citation: Citation, collection: str) -> CitationModel:
    url = view_url(
        collection,
        citation.document_id,
        citation.revision,
        citation.start_char_index,
        citation.end_char_index,
    )
    fields = asdict(citation) | {"passage_id": str(citation.passage_id), "url": url}
    return CitationModel(**fields)


def ask_response(answer_set: AnswerSet, collection: str, models: dict[str, str]) -> AskResponse:
    """The wire form of a set of answers."""
    return AskResponse(
        status=answer_set.status,
        answers=[
            AnswerModel(
                id=f"a{number}",
                answer=answer.answer,
                score=round(answer.score, 4),
                support=answer.support,
                citations=[_citation(citation, collection) for citation in answer.citations],
            )
            for number, answer in enumerate(answer_set.answers, start=1)
        ],
        no_answer=NoAnswerModel(
            score=None
            if answer_set.no_answer_score is None
            else round(answer_set.no_answer_score, 4)
        ),
        timings_ms=answer_set.timings_ms,
        models=models,
        generation=answer_set.generation,
    )


def hit_model(hit: Hit, collection: str) -> HitModel:
    """The wire form of a hit."""
    return HitModel(
        passage_id=str(hit.passage_id),
        document_id=hit.document_id,
        document_title=hit.title,
        revision=hit.revision,
        start_char_index=hit.start,
        end_char_index=hit.end,
        text=hit.text,
        score=round(hit.score, 4),
        url=view_url(collection, hit.document_id, hit.revision, hit.start, hit.end),
    )


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
