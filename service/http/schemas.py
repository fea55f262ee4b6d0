"""Wire models of questions and searches, and of the passages found."""

from __future__ import annotations

from pydantic import Field, StrictBool, StrictStr

from index.collection import DEFAULT_COLLECTION
from index.types import Hit
from service.http.filter_schemas import DayRange, FiltersModel
from service.http.wire import Day, Term, Wire, view_url

_MIN_GENERATION = (
    "Wait until the search shows this generation of the collection, as writes return it; 503 if "
    "that takes too long."
)


class AskRequest(Wire):
    """A question to a collection."""

    question: StrictStr = Field(description="What is asked, up to 1,000 characters.")
    collection: StrictStr = Field(DEFAULT_COLLECTION, description="Which documents to ask.")
    top_k: int = Field(
        3,
        ge=1,
        le=50,
        strict=True,
        description="Most answers to return; of differing ones all sides, and no others.",
    )
    max_passages: int = Field(
        20, ge=1, le=100, strict=True, description="Most passages to read for the answer."
    )
    filters: FiltersModel = Field(FiltersModel(), description="Which documents to ask.")
    as_of: Day | None = Field(
        None,
        description="Answer as of this day (2020-01-13): documents published later aren't asked, "
        "nor undated ones.",
    )
    min_confidence: float | None = Field(
        None,
        ge=0,
        le=1,
        strict=True,
        allow_inf_nan=False,
        description="Least probability of an answer; null for the server's own.",
    )
    explain: StrictBool = Field(False, description="Say why it is answered so.")
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
