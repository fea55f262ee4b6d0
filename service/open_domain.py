"""Evaluation without the paragraph: everything is indexed, then asked as a user asks.

Contexts go through the project's own ingestion into a collection of their own, questions through
the answerer, so what is measured is the whole service. Texts are normalised as they are stored
(Unicode's NFC, newlines), and gold answers with them: answers are quotes of what is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from index.collection import Collection
from index.documents import make_document
from index.errors import DocumentError
from index.filters import Filters
from index.ingest import Ingester
from index.search import SearchResult
from index.text.decoding import normalise
from index.types import Hit, StoredDocument
from service import metrics
from service.answering import Answerer
from service.calibration import Calibration
from service.errors import QuestionError
from service.evaluation import Asked, Report
from service.metrics import Figure, Score, mean_figure
from service.observing import RIGHT
from service.questions import Paragraph
from service.reader import Reader
from service.types import AnswerSet

_RECALL_AT = (1, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class OpenOutcome:
    """What became of a question that was asked of everything.

    Attributes:
        answerable: Whether it has gold answers.
        rank: Place of the first passage of its own paragraph among those read, from 0; None if
            there is none.
        score: EM and F1 of the first answer if none is refused; of an unanswerable question 0.
        confidence: Probability that the first answer is right; 0 if there is none.
        asked: Whether it could be asked; if not, it counts as not answered.
    """

    question_id: str
    answerable: bool
    rank: int | None
    score: Score
    confidence: float
    asked: bool


@dataclass(slots=True)
class Shelf:
    """Paragraphs put into a collection.

    Attributes:
        documents: Each paragraph's document, by title and context as they are stored; equal
            paragraphs share one.
        failed: Paragraphs that can't be indexed, by what was said of them.
    """

    documents: dict[tuple[str, str], str] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def document_id(self, paragraph: Paragraph) -> str | None:
        """The document of a paragraph; None if it couldn't be indexed."""
        return self.documents.get(_key(paragraph))


def _key(paragraph: Paragraph) -> tuple[str, str]:
    return normalise(paragraph.title), normalise(paragraph.context)


def put_on_shelf(ingester: Ingester, paragraphs: Iterable[Paragraph]) -> Shelf:
    """Index paragraphs, each as a plain text document with its title.

    Args:
        ingester: Puts them into a collection that holds nothing else.
        paragraphs: What to index; one that comes again isn't indexed again.

    Raises:
        CatalogError: The collection can't be written.
    """
    shelf = Shelf()
    for paragraph in paragraphs:
        if shelf.document_id(paragraph) is not None:
            continue
        document_id = f"{len(shelf.documents) + 1:06d}.txt"
        sidecar = {"title": paragraph.title} if paragraph.title else {}
        try:
            document, _ = make_document(
                document_id,
                paragraph.context.encode(),
                encoding="utf-8",
                sidecar=sidecar,
                max_bytes=len(paragraph.context) * 4,
            )
            ingester.put(document)
        except DocumentError as error:
            shelf.failed.append(error.message)
            continue
        shelf.documents[_key(paragraph)] = document_id
    ingester.refresh()
    return shelf


class _RecordingLibrary:
    """A collection that remembers what its last search found."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self.hits: Sequence[Hit] = ()

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The passages that match a query best."""
        self.hits = ()
        found = self._collection.search(query, limit, filters)
        self.hits = found.hits
        return found

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document."""
        return self._collection.stored_document(document_id, revision)


def ask_everything(
    collection: Collection,
    reader: Reader,
    calibration: Calibration,
    shelf: Shelf,
    asked: Iterable[Asked],
    *,
    max_passages: int = 20,
) -> Iterator[OpenOutcome]:
    """Ask questions of a whole collection, refusing none.

    Args:
        collection: Holds the shelf's documents.
        reader: What reads.
        calibration: What makes probabilities of its scores.
        shelf: Says which document is a question's own.
        asked: Questions with their paragraphs.
        max_passages: How many passages to read.

    Yields:
        An outcome for each, in order.
    """
    library = _RecordingLibrary(collection)
    answerer = Answerer(library, reader, calibration, min_confidence=0.0)
    for paragraph, question in asked:
        could_ask = True
        try:
            found = answerer.answer(question.text, top_k=1, max_passages=max_passages)
            confidence, answer = _first(found)
        except QuestionError:
            library.hits, confidence, answer = (), 0.0, ""
            could_ask = False
        own = shelf.document_id(paragraph)
        ranks = (place for place, hit in enumerate(library.hits) if hit.document_id == own)
        score = Score(0.0, 0.0)
        if not question.is_impossible:
            score = metrics.score(answer, [normalise(gold.text) for gold in question.answers])
        yield OpenOutcome(
            question_id=question.id,
            answerable=not question.is_impossible,
            rank=next(ranks, None),
            score=score,
            confidence=confidence,
            asked=could_ask,
        )


def _first(found: AnswerSet) -> tuple[float, str]:
    if not found.answers:
        return 0.0, ""
    return found.answers[0].confidence, found.answers[0].answer


def report_open(outcomes: Sequence[OpenOutcome], *, min_confidence: float, passages: int) -> Report:
    """Retrieval and answers, with and without refusing.

    The MRR counts only passages that were read: one further down counts as not found.

    Args:
        outcomes: Of all questions.
        min_confidence: Least probability of an answer.
        passages: How many passages were read.
    """
    figures: dict[str, Figure] = {}
    numbers: dict[str, float] = {"least confidence": min_confidence}
    answerable = [o for o in outcomes if o.answerable]
    if answerable:
        ranks = np.array([np.inf if o.rank is None else o.rank for o in answerable])
        for k in (k for k in _RECALL_AT if k < passages):
            figures[f"recall@{k}"] = mean_figure(ranks < k)
        figures[f"recall@{passages}"] = mean_figure(np.isfinite(ranks))
        figures[f"MRR@{passages}"] = mean_figure(1 / (ranks + 1))
        figures["EM, never refusing"] = mean_figure([o.score.em for o in answerable])
        figures["F1, never refusing"] = mean_figure([o.score.f1 for o in answerable])
        kept = [o.score if o.confidence >= min_confidence else Score(0.0, 0.0) for o in answerable]
        figures["EM"] = mean_figure([score.em for score in kept])
        figures["F1"] = mean_figure([score.f1 for score in kept])
        figures["answered, of the answerable"] = mean_figure(
            [o.confidence >= min_confidence for o in answerable]
        )
    if refused := [o.confidence < min_confidence for o in outcomes if not o.answerable]:
        figures["refused, of the unanswerable"] = mean_figure(refused)
    numbers["AUROC, right or not"] = metrics.auroc(
        [o.confidence for o in outcomes], [o.score.f1 >= RIGHT for o in outcomes]
    )
    unread = sum(o.asked and o.confidence == 0 for o in outcomes)
    return Report(figures, numbers, sum(not o.asked for o in outcomes), unread)
