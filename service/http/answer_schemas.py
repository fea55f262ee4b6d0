"""Wire models of answers, and of why they were given."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import Field

from service.http.wire import PublishedAtSource, Wire, view_url
from service.types import (
    Answer,
    AnswerSet,
    Citation,
    ConsideredSpan,
    Explanation,
    Form,
    ReadText,
    Reason,
    Relation,
    Status,
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
    form: Form = Field(
        description="`quote` answers by itself; `evidence` is the sentence or list from which the "
        "answer to a yes/no, why, how or list question follows."
    )
    score: float = Field(
        description="Log odds before calibration; higher is better; not a probability."
    )
    confidence: float = Field(ge=0, le=1, description="Probability that the answer is right.")
    support: int = Field(description="How many independent sources say so; copies count once.")
    side: bool = Field(description="Whether it is one of the answers that differ.")
    relation: Relation | None = Field(
        description="Of an answer that differs from another: whether its report is the earlier or "
        "the later one. Null if nothing differs, or the dates don't tell."
    )
    citations: list[CitationModel]


class NoAnswerModel(Wire):
    """How likely it is that the documents don't answer, and what comes closest."""

    score: float | None = Field(
        description="Log odds against the best candidate, before calibration. Null: there was "
        "nothing to read."
    )
    probability: float = Field(ge=0, le=1, description="Probability that the best one is wrong.")
    reason: Reason | None = Field(
        description="Why there is no answer: no passage is about it, or none is sure enough. Null "
        "if there is one."
    )
    closest: list[CitationModel] = Field(
        description="Sentences nearest to a question without an answer; they don't answer it."
    )


class ReadTextModel(Wire):
    """A passage that was read, with the sentences next to it."""

    passage_id: str
    document_id: str
    start_char_index: int
    end_char_index: int
    similarity: float = Field(description="Cosine similarity of question and passage.")
    lexical: float = Field(description="BM25 of question and passage.")
    found_by: list[Literal["meaning", "words"]] = Field(
        description="The sides of the search that speak for it."
    )
    null_score: float = Field(description='Logits of "not answered here".')
    url: str


class SpanModel(Wire):
    """A span that was considered."""

    document_id: str
    start_char_index: int
    end_char_index: int
    quote: str
    features: dict[str, float] = Field(description="What it was weighed by.")
    probability: float
    group: int = Field(description="Place of its group in `groups`, from 0.")
    url: str


class GroupModel(Wire):
    """Spans that say the same."""

    answer: str
    probability: float = Field(description="Sum of its spans' probabilities.")
    confidence: float = Field(description="The same, calibrated.")
    support: int
    why: str = Field(description="Why it is among the answers, or isn't.")


class ExplanationModel(Wire):
    """Why a question was answered as it was."""

    rounds: int = Field(description="How many rounds of reading there were.")
    settled: bool = Field(description="Whether reading ended since a round changed nothing.")
    foreign: bool = Field(
        description="Whether the question has names, and none of them stands in a passage found."
    )
    none_probability: float = Field(description='Share of "none of these", before calibration.')
    texts: list[ReadTextModel] = Field(description="What was read, in order.")
    spans: list[SpanModel] = Field(description="Most probable first.")
    groups: list[GroupModel] = Field(description="Most probable first.")


class AskResponse(Wire):
    """The answers, that the documents differ, or that the answer is not in them."""

    status: Status
    answers: list[AnswerModel] = Field(
        description="Best first; where the documents differ, the sides in order of date first."
    )
    no_answer: NoAnswerModel
    passages_read: int
    explanation: ExplanationModel | None = Field(description="If it was asked for.")
    timings_ms: dict[str, float]
    models: dict[str, str]
    generation: int


def ask_response(answer_set: AnswerSet, collection: str, models: dict[str, str]) -> AskResponse:
    """The wire form of a set of answers."""
    explained = answer_set.explanation
    return AskResponse(
        status=answer_set.status,
        answers=[
            _answer(number, answer, collection)
            for number, answer in enumerate(answer_set.answers, start=1)
        ],
        no_answer=NoAnswerModel(
            score=None
            if answer_set.no_answer_score is None
            else round(answer_set.no_answer_score, 4),
            probability=round(answer_set.no_answer_probability, 4),
            reason=answer_set.reason,
            closest=[_citation(citation, collection) for citation in answer_set.closest],
        ),
        passages_read=answer_set.passages_read,
        explanation=None if explained is None else _explanation(explained, collection),
        timings_ms=answer_set.timings_ms,
        models=models,
        generation=answer_set.generation,
    )


def _answer(number: int, answer: Answer, collection: str) -> AnswerModel:
    return AnswerModel(
        id=f"a{number}",
        answer=answer.answer,
        form=answer.form,
        score=round(answer.score, 4),
        confidence=round(answer.confidence, 4),
        support=answer.support,
        side=answer.is_side,
        relation=answer.relation,
        citations=[_citation(citation, collection) for citation in answer.citations],
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


def _explanation(explained: Explanation, collection: str) -> ExplanationModel:
    return ExplanationModel(
        rounds=explained.rounds,
        settled=explained.is_settled,
        foreign=explained.is_foreign,
        none_probability=round(explained.none_probability, 4),
        texts=[_text(text, collection) for text in explained.texts],
        spans=[_span(span, collection) for span in explained.spans],
        groups=[
            GroupModel(
                answer=group.answer,
                probability=round(group.probability, 4),
                confidence=round(group.confidence, 4),
                support=group.support,
                why=group.why,
            )
            for group in explained.groups
        ],
    )


def _text(text: ReadText, collection: str) -> ReadTextModel:
    return ReadTextModel(
        passage_id=str(text.passage_id),
        document_id=text.document_id,
        start_char_index=text.start,
        end_char_index=text.end,
        similarity=round(text.similarity, 4),
        lexical=round(text.lexical, 4),
        found_by=list(text.by),
        null_score=round(text.null_score, 4),
        url=view_url(collection, text.document_id, text.revision, text.start, text.end),
    )


def _span(span: ConsideredSpan, collection: str) -> SpanModel:
    return SpanModel(
        document_id=span.document_id,
        start_char_index=span.start,
        end_char_index=span.end,
        quote=span.quote,
        features={name: round(value, 4) for name, value in span.features.items()},
        probability=round(span.probability, 4),
        group=span.group,
        url=view_url(collection, span.document_id, span.revision, span.start, span.end),
    )
