"""Wire models of questions and searches, and of what they find."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import Field, StrictStr

from index.collection import DEFAULT_COLLECTION
from index.types import Hit
from service.http.filter_schemas import DayRange, FiltersModel
from service.http.wire import PublishedAtSource, Term, Wire, view_url
from service.types import AnswerSet, Citation, Status

_MIN_GENERATION = (
    "Wait until the search shows this generation of the collection, as writes return it; 503 if "
    "that takes too long."
)


class AskRequest(Wire):
    """A question to a collection."""

    question: StrictStr = Field(description="What is asked, up to 1,000 characters.")
    collection: StrictStr = Field(DEFAULT_COLLECTION, description="Which documents to ask.")
    top_k: int = Field(3, ge=1, le=50, strict=True, description="Most answers to return.")
    max_passages: int = Field(
        20, ge=1, le=100, strict=True, description="Most passages to read for the answer."
    )
    filters: FiltersModel = Field(FiltersModel(), description="Which documents to ask.")
    as_of: StrictStr | None = Field(None, description="Not supported yet: null.")
    min_confidence: float | None = Field(None, description="Not supported yet: null.")
    min_generation: int | None = Field(None, ge=0, strict=True, description=_MIN_GENERATION)


class SearchRequest(Wire):
    """A query to a collection."""

    query: StrictStr = Field(description="What to look for, up to 1,000 characters.")
    collection: StrictStr = Field(DEFAULT_COLLECTION, description="Which documents to search.")
    limit: int = Field(10, ge=1, le=100, strict=True, description="Most passages.")
    filters: FiltersModel = Field(FiltersModel(), description="Which documents to search.")
    min_generation: int | None = Field(None, ge=0, strict=True, description=_MIN_GENERATION)


class SearchQuery(DayRange):
    """The same, as an address writes it."""

    q: str = Field(description="What to look for, up to 1,000 characters.")
    collection: str = DEFAULT_COLLECTION
    limit: int = Field(10, ge=1, le=100, description="Most passages.")
    document_id: list[Term] = Field([], max_length=1000, description="One of these documents.")
    source: list[Term] = Field(
        [], max_length=100, description="Published at one of these host names, or one below it."
    )
    tag: list[Term] = Field([], max_length=100, description="All of these tags.")
    min_generation: int | None = Field(None, ge=0, description=_MIN_GENERATION)

    def request(self) -> SearchRequest:
        """The search that it asks for."""
        return SearchRequest(
            query=self.q,
            collection=self.collection,
            limit=self.limit,
            filters=FiltersModel(
                document_ids=self.document_id or None,
                sources=self.source or None,
                tags=self.tag or None,
                published_after=self.published_after,
                published_before=self.published_before,
            ),
            min_generation=self.min_generation,
        )


class CitationModel(Wire):
    """A quote and the exact place where it stands.

    Offsets are 0-based and half-open, in Unicode code points of the text of that revision, which
    `GET /v1/collections/{collection}/documents/{document_id}/text?revision=` returns.
    """

    type: Literal["char_location"] = "char_location"
    document_id: str
    document_title: str | None
    source_url: str | None
    published_at: str | None = Field(description="ISO 8601 date; null when undated.")
    published_at_source: PublishedAtSource
    revision: str
    start_char_index: int
    end_char_index: int
    cited_text: str
    before: str = Field(description="The sentence's words before the quote.")
    after: str = Field(description="The sentence's words after the quote.")
    page_number: int | None = Field(None, description="Null: the formats read have no pages.")
    passage_id: str
    url: str = Field(description="Opens the document with the quote marked.")


class AnswerModel(Wire):
    """An answer in the documents' own words."""

    id: str
    answer: str
    score: float = Field(description="Higher is better; not a probability.")
    confidence: float | None = Field(None, description="Null: not calibrated yet.")
    support: int = Field(description="How many sources say so.")
    relation: str | None = None
    citations: list[CitationModel]


class NoAnswerModel(Wire):
    """How strongly the reader holds that the documents don't answer."""

    score: float | None = Field(
        description="How far the best candidate's score stays below the threshold: positive "
        "when the status is no_answer. Null: there was nothing to read."
    )
    probability: float | None = Field(None, description="Null: not calibrated yet.")
    reason: str | None = None


class AskResponse(Wire):
    """The answers, or that there are none in these documents."""

    status: Status
    answers: list[AnswerModel]
    no_answer: NoAnswerModel
    timings_ms: dict[str, float]
    models: dict[str, str]
    generation: int


class HitModel(Wire):
    """A passage found."""

    passage_id: str
    document_id: str
    document_title: str | None
    revision: str
    start_char_index: int
    end_char_index: int
    text: str
    score: float = Field(description="What passages are ranked by; higher is better.")
    similarity: float = Field(description="Cosine similarity of query and passage, in [-1, 1].")
    lexical: float = Field(description="BM25 of query and passage; 0 where they share no word.")
    url: str


class SearchResponse(Wire):
    """Passages, best first."""

    hits: list[HitModel]
    generation: int


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
        similarity=round(hit.similarity, 4),
        lexical=round(hit.lexical, 4),
        url=view_url(collection, hit.document_id, hit.revision, hit.start, hit.end),
    )
