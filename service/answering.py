"""Answering: search, read, choose, cite; no HTTP, no settings.

A citation is checked against the document before it leaves here: rather an error than a quote that
isn't where it is said to be.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from index.filters import Filters
from index.search import SearchResult
from index.types import Hit, StoredDocument, TextRange
from service.errors import EmptyQuestion, FalseCitation, InvalidQuestion, QuestionTooLong
from service.reader import Reader
from service.spans import decode, drop_overlapping
from service.types import Answer, AnswerSet, Citation, Span

MAX_QUESTION_CHARACTERS = 1_000

SIMILARITY_WEIGHT = 20.0
"""Logits that a cosine similarity of 1 is worth; measured by `scripts/measure_ranking.py`."""

THRESHOLD = 9.6
"""Score that an answer must exceed; it refuses one right answer in twenty (same script)."""

MARGIN = 5.0
"""How far an answer's score may lie below the best one's: less than a hundredth of its odds."""

MAX_ANSWER_TOKENS = 30


class Library(Protocol):
    """What answering needs of a collection."""

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The passages that match a query best."""

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span in a document's own offsets, scored by reader and search together.

    Attributes:
        quote: The words that the reader saw at the span.
        hit: The passage through which it was found.
    """

    document: StoredDocument
    hit: Hit
    span: Span
    quote: str


@dataclass(slots=True)
class _Stopwatch:
    """Milliseconds from lap to lap."""

    _last: float = field(default_factory=time.perf_counter)
    laps: dict[str, float] = field(default_factory=dict)

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now


class Answerer:
    """Answers questions from one collection.

    Args:
        library: The collection.
        reader: What finds answers in texts.
        threshold: Score that an answer must exceed. Lower: more answers, more wrong ones.
        margin: How far an answer's score may lie below the best one's.
        max_answer_tokens: Most tokens of an answer.
        n_best: Spans kept of each passage.
    """

    def __init__(
        self,
        library: Library,
        reader: Reader,
        *,
        threshold: float = THRESHOLD,
        margin: float = MARGIN,
        max_answer_tokens: int = MAX_ANSWER_TOKENS,
        n_best: int = 5,
    ) -> None:
        self._library = library
        self._reader = reader
        self._threshold = threshold
        self._margin = margin
        self._max_answer_tokens = max_answer_tokens
        self._n_best = n_best

    def answer(
        self,
        question: str,
        *,
        top_k: int = 3,
        max_passages: int = 20,
        filters: Filters | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> AnswerSet:
        """Answer a question with the documents' own words.

        Args:
            question: What is asked.
            top_k: How many answers to return at most; has no part in whether there are any.
            max_passages: How many passages to read at most.
            filters: Which documents to ask.
            check: Called between steps of work; raises if the work has become pointless.

        Raises:
            InvalidQuestion: The question isn't valid Unicode text.
            EmptyQuestion: Nothing is asked.
            QuestionTooLong: More is asked than can be read.
            FalseCitation: A quote doesn't stand where it should; a defect.
        """
        question = check_question(question)
        stopwatch = _Stopwatch()
        check()
        found = self._library.search(question, max_passages, filters)
        stopwatch.lap("search")
        candidates = self._read(question, found.hits, check)
        stopwatch.lap("read")
        best = candidates[0].span.score if candidates else 0.0
        lowest = max(self._threshold, best - self._margin)
        chosen = [c for c in candidates if c.span.score > lowest][:top_k]
        answers = [Answer(c.quote, c.span.score, support=1, citations=(cite(c),)) for c in chosen]
        stopwatch.lap("cite")
        return AnswerSet(
            status="answered" if answers else "no_answer",
            answers=answers,
            no_answer_score=self._threshold - candidates[0].span.score if candidates else None,
            generation=found.generation,
            timings_ms={**stopwatch.laps, "total": round(sum(stopwatch.laps.values()), 3)},
        )

    def _read(
        self, question: str, hits: Sequence[Hit], check: Callable[[], None]
    ) -> list[Candidate]:
        """All that the hits offer as answers, best first.

        A candidate's score is how far its span's logits exceed those of its text's null, plus the
        weighted similarity of its passage to the question.
        """
        documents: dict[tuple[str, str], StoredDocument] = {}
        for hit in hits:
            key = (hit.document_id, hit.revision)
            if key not in documents:
                documents[key] = self._library.stored_document(*key)
        of_hit = [documents[hit.document_id, hit.revision] for hit in hits]
        for document, hit in zip(of_hit, hits, strict=True):
            _check_quote(document, hit.start, hit.end, hit.text)
        ranges = [reading_range(d, hit) for d, hit in zip(of_hit, hits, strict=True)]
        texts = [d.document.text[r.start : r.end] for d, r in zip(of_hit, ranges, strict=True)]
        candidates: list[Candidate] = []
        for windows, text, place, document, hit in zip(
            self._reader.read(question, texts, check), texts, ranges, of_hit, hits, strict=True
        ):
            reading = decode(
                windows, text, n_best=self._n_best, max_answer_tokens=self._max_answer_tokens
            )
            offset = SIMILARITY_WEIGHT * hit.similarity - reading.null_score
            candidates += [
                Candidate(
                    document,
                    hit,
                    Span(place.start + span.start, place.start + span.end, span.score + offset),
                    quote=text[span.start : span.end],
                )
                for span in reading.spans
            ]
        return merge(candidates)


def check_question(question: str) -> str:
    """A question without the space around it.

    Raises:
        InvalidQuestion: It isn't valid Unicode text.
        EmptyQuestion: Nothing is left.
        QuestionTooLong: It has more than `MAX_QUESTION_CHARACTERS`.
    """
    try:
        question.encode()
    except UnicodeEncodeError as error:
        raise InvalidQuestion(
            f"The question has half of a UTF-16 pair at offset {error.start}.",
            "Send it as valid Unicode text.",
        ) from error
    question = question.strip()
    if not question:
        raise EmptyQuestion("The question or query is empty.", "Say what you are looking for.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLong(
            f"The question has {len(question):,} characters; the limit is "
            f"{MAX_QUESTION_CHARACTERS:,}.",
            "Ask it in fewer words.",
        )
    return question


def reading_range(document: StoredDocument, hit: Hit) -> TextRange:
    """A passage and the sentences next to it, unless page debris lies between."""
    sentences = document.sentences
    first = bisect_left(sentences, hit.start, key=lambda s: s.start)
    last = bisect_right(sentences, hit.end, key=lambda s: s.end) - 1
    start, end = hit.start, hit.end
    if first > 0 and not _debris_within(document, sentences[first - 1].end, start):
        start = sentences[first - 1].start
    if last + 1 < len(sentences) and not _debris_within(document, end, sentences[last + 1].start):
        end = sentences[last + 1].end
    return TextRange(start, end)


def _debris_within(document: StoredDocument, start: int, end: int) -> bool:
    following = bisect_left(document.excluded, start, key=lambda r: r.end)
    return following < len(document.excluded) and document.excluded[following].start < end


def merge(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Candidates best first, each that overlaps a better one of the same document left out.

    Passages are read with their neighbours' sentences, so that one span is often found twice.
    """
    by_revision: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        document = candidate.document.document
        by_revision.setdefault((document.document_id, document.revision), []).append(candidate)
    kept = [
        next(c for c in group if c.span == span)
        for group in by_revision.values()
        for span in drop_overlapping(c.span for c in group)
    ]
    return sorted(
        kept, key=lambda c: (-c.span.score, c.document.document.document_id, c.span.start)
    )


def cite(candidate: Candidate) -> Citation:
    """The citation of a candidate, with the rest of its sentence.

    Raises:
        FalseCitation: What the reader saw isn't what stands at that place of the document.
    """
    span, sentences = candidate.span, candidate.document.sentences
    _check_quote(candidate.document, span.start, span.end, candidate.quote)
    document = candidate.document.document
    first = max(0, bisect_right(sentences, span.start, key=lambda s: s.start) - 1)
    last = min(len(sentences) - 1, bisect_left(sentences, span.end, key=lambda s: s.end))
    return Citation(
        document_id=document.document_id,
        document_title=document.title,
        source_url=document.source_url,
        published_at=document.published_at,
        published_at_source=document.published_at_source,
        revision=document.revision,
        start_char_index=span.start,
        end_char_index=span.end,
        cited_text=candidate.quote,
        before=document.text[min(span.start, sentences[first].start) : span.start],
        after=document.text[span.end : max(span.end, sentences[last].end)],
        passage_id=candidate.hit.passage_id,
    )


def _check_quote(document: StoredDocument, start: int, end: int, quote: str) -> None:
    if not quote or document.document.text[start:end] != quote:
        raise FalseCitation(
            f"{document.document.document_id!r} doesn't say {quote!r} at [{start}, {end}).",
            "This is a defect of Pincite: please report it. Nothing false was answered.",
        )
