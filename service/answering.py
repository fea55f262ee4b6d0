"""Answering: search, read, weigh, decide, cite; no HTTP, no settings.

Passages are read in rounds until a round changes nothing. Candidates that say the same are one
answer; how probable it is that the best one is right decides whether there is an answer.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from index.filters import Filters
from index.types import Hit
from service.asking import asked_for
from service.calibration import Calibration, log_odds
from service.considering import Considered, consider
from service.covering import QuestionWords
from service.deciding import Verdict, answers, closest, decide, reason
from service.errors import EmptyQuestion, InvalidQuestion, QuestionTooLong
from service.explaining import explanation_of
from service.reader import Reader
from service.reading import Library, Reading
from service.types import AnswerSet
from service.weighing import weigh

MAX_QUESTION_CHARACTERS = 1_000

MIN_CONFIDENCE = 0.1
"""Least probability of an answer: of the reserved questions' right answers it refuses 4 to 6 of
100, of the wrong ones 47 to 65 (`scripts/README.md`, Confidence)."""

MAX_ANSWER_TOKENS = 30


@dataclass(slots=True)
class _Stopwatch:
    """Milliseconds from lap to lap, added up by name."""

    _last: float = field(default_factory=time.perf_counter)
    laps: dict[str, float] = field(default_factory=dict)

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(self.laps.get(name, 0.0) + (now - self._last) * 1000, 3)
        self._last = now

    def timings(self) -> dict[str, float]:
        return {**self.laps, "total": round(sum(self.laps.values()), 3)}


class Answerer:
    """Answers questions from one collection.

    Args:
        library: The collection.
        reader: What finds answers in texts.
        calibration: What makes probabilities of its scores.
        min_confidence: Least probability of an answer, in [0, 1]. Lower: more answers, more wrong
            ones.
        max_answer_tokens: Most tokens of an answer.
        n_best: Spans kept of each passage.
    """

    def __init__(
        self,
        library: Library,
        reader: Reader,
        calibration: Calibration,
        *,
        min_confidence: float = MIN_CONFIDENCE,
        max_answer_tokens: int = MAX_ANSWER_TOKENS,
        n_best: int = 5,
    ) -> None:
        self._library = library
        self._reader = reader
        self._calibration = calibration
        self._min_confidence = min_confidence
        self._max_answer_tokens = max_answer_tokens
        self._n_best = n_best

    def answer(
        self,
        question: str,
        *,
        top_k: int = 3,
        max_passages: int = 20,
        filters: Filters | None = None,
        as_of: datetime.date | None = None,
        min_confidence: float | None = None,
        explain: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> AnswerSet:
        """Answer a question with the documents' own words.

        Args:
            question: What is asked.
            top_k: How many answers to return at most; of those that differ all, and no others. Has
                no part in whether there are any.
            max_passages: How many passages to read at most.
            filters: Which documents to ask.
            as_of: Ask no document that was published later, or whose date isn't known.
            min_confidence: Instead of the answerer's own.
            explain: Say why.
            check: Called between steps of work; raises if the work has become pointless.

        Raises:
            InvalidQuestion: The question isn't valid Unicode text.
            EmptyQuestion: Nothing is asked.
            QuestionTooLong: More is asked than can be read.
            FalseCitation: A quote doesn't stand where it should; a defect.
        """
        question = check_question(question)
        floor = self._min_confidence if min_confidence is None else min_confidence
        stopwatch = _Stopwatch()
        check()
        found = self._library.search(question, max_passages, _published_until(filters, as_of))
        stopwatch.lap("search")
        asked, words = asked_for(question), QuestionWords(question)
        reading = self._reading(question, found.hits)
        verdict: Verdict | None = None
        while True:
            if not reading.is_exhausted:
                reading.read_on(check)
            stopwatch.lap("read")
            weighed = weigh(consider(reading, words, asked), self._calibration)
            before, verdict = verdict, decide(weighed, question, floor)
            stopwatch.lap("weigh")
            is_settled = verdict.is_like(before)
            if is_settled or reading.is_exhausted:
                break
        told = answers(weighed, verdict, floor, top_k)
        refused = verdict.status == "no_answer"
        near = closest(reading, words) if refused else []
        stopwatch.lap("cite")
        best = weighed.ranked[0] if weighed.ranked else None
        return AnswerSet(
            status=verdict.status,
            answers=told,
            no_answer_score=None if best is None else -log_odds(float(weighed.masses[best])),
            no_answer_probability=1.0 if best is None else 1.0 - float(weighed.confidences[best]),
            reason=reason(weighed) if refused else None,
            closest=near,
            passages_read=reading.read,
            generation=found.generation,
            explanation=explanation_of(weighed, reading, told, verdict.sides, is_settled=is_settled)
            if explain
            else None,
            timings_ms=stopwatch.timings(),
        )

    def consider(
        self,
        question: str,
        *,
        max_passages: int = 10,
        filters: Filters | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Considered:
        """What a question would be answered from, without weighing it; reads all passages found.

        Args:
            question: What is asked.
            max_passages: How many passages to read at most.
            filters: Which documents to ask.
            check: Called between batches; raises if the work has become pointless.

        Raises:
            QuestionError: It can't be asked.
        """
        question = check_question(question)
        reading = self._reading(
            question, self._library.search(question, max_passages, filters).hits
        )
        while not reading.is_exhausted:
            reading.read_on(check)
        return consider(reading, QuestionWords(question), asked_for(question))

    def _reading(self, question: str, hits: Sequence[Hit]) -> Reading:
        return Reading(
            self._library,
            self._reader,
            question,
            hits,
            n_best=self._n_best,
            max_answer_tokens=self._max_answer_tokens,
        )


def _published_until(filters: Filters | None, day: datetime.date | None) -> Filters | None:
    """Filters that let through nothing that was published after a day."""
    if day is None:
        return filters
    given = filters or Filters()
    return replace(given, published_before=min(given.published_before or day, day))


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
