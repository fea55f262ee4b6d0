"""Evaluation with the paragraph given: each question is read in its own paragraph.

Windows and decoding are those of serving. "No answer" is what the null logits exceed the best
span's by, so one reading serves every threshold.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np

from service import metrics
from service.answering import MAX_ANSWER_TOKENS, check_question
from service.errors import QuestionError
from service.metrics import Figure, Floats, Score, mean_figure
from service.questions import Paragraph, Question
from service.reader import Reader
from service.spans import decode
from service.types import Span

Asked = tuple[Paragraph, Question]
"""A question and its paragraph."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was answered to a question.

    Attributes:
        answerable: Whether it has gold answers.
        span: The best answer's place in the context; None if the question can't be asked, or the
            context has no token.
        null_score: How far the null logits exceed the span's; higher: rather no answer.
        score: EM and F1 of the span; of an unanswerable question 0.
        at_place: 1 if the span is exactly a gold answer's range, else 0; None if no gold answer
            stands exactly once in the context.
        asked: Whether the question could be asked.
    """

    question_id: str
    answerable: bool
    answer: str
    span: Span | None
    null_score: float
    score: Score
    at_place: float | None
    asked: bool

    @property
    def place(self) -> tuple[int, int] | None:
        """Range of the best answer in the context."""
        return None if self.span is None else (self.span.start, self.span.end)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a set of questions.

    Attributes:
        figures: By name; shares in [0, 1].
        numbers: Thresholds and the like, by name.
        unasked: Questions that can't be asked, such as too long ones; counted as not answered.
        unread: Questions that were asked, but nothing was there to be read, such as those of a
            context without a token; counted as not answered.
    """

    figures: Mapping[str, Figure]
    numbers: Mapping[str, float] = field(default_factory=dict)
    unasked: int = 0
    unread: int = 0


def take_sample(items: Iterable[T], size: int | None, *, seed: int = 0) -> list[T]:
    """Some of the items at random, in their order; all of them if `size` is None or more."""
    listed = list(items)
    if size is None or size >= len(listed):
        return listed
    chosen = random.Random(seed).sample(range(len(listed)), size)
    return [listed[i] for i in sorted(chosen)]


def read_own_paragraphs(
    reader: Reader, asked: Iterable[Asked], *, every_place: bool = False
) -> Iterator[Outcome]:
    """Read each question's own paragraph, null not allowed.

    Args:
        reader: What reads.
        asked: Questions with their paragraphs. If all have answers, SQuAD v1.1's rules score them,
            else v2.0's.
        every_place: Score places where a gold answer's words stand more than once too: for files
            whose offsets people chose among them.

    Yields:
        An outcome for each, in order.
    """
    listed = list(asked)
    rules = metrics.score if any(q.is_impossible for _, q in listed) else metrics.score_v1
    for paragraph, question in listed:
        could_ask = True
        try:
            span, margin = _best_span(reader, question.text, paragraph.context)
        except QuestionError:
            span, margin, could_ask = None, float("inf"), False
        answer = "" if span is None else paragraph.context[span.start : span.end]
        score = Score(0.0, 0.0)
        if not question.is_impossible:
            score = rules(answer, [gold.text for gold in question.answers])
        yield Outcome(
            question_id=question.id,
            answerable=not question.is_impossible,
            answer=answer,
            span=span,
            null_score=margin,
            score=score,
            at_place=score_place(span, paragraph.context, question, every_place=every_place),
            asked=could_ask,
        )


def _best_span(reader: Reader, question: str, context: str) -> tuple[Span | None, float]:
    [windows] = reader.read(check_question(question), [context], lambda: None)
    reading = decode(windows, context, n_best=1, max_answer_tokens=MAX_ANSWER_TOKENS)
    if not reading.spans:
        return None, float("inf")
    return reading.spans[0], reading.null_score - reading.spans[0].score


def score_place(
    span: Span | None, context: str, question: Question, *, every_place: bool = False
) -> float | None:
    """Whether a span is exactly where a gold answer stands.

    Args:
        span: The answer.
        context: What it stands in.
        question: Has the gold answers.
        every_place: Take gold answers whose words stand more than once too.

    Returns:
        1 or 0; None if there is no gold answer to compare with.
    """
    places = {
        (gold.start, gold.start + len(gold.text))
        for gold in question.answers
        if every_place or _stands_once(gold.text, context)
    }
    if not places:
        return None
    return float(span is not None and (span.start, span.end) in places)


def _stands_once(text: str, context: str) -> bool:
    first = context.find(text)
    return first >= 0 and context.find(text, first + 1) < 0


def report_given(outcomes: Sequence[Outcome]) -> Report:
    """EM, F1 and offset-EM; with unanswerable questions, those at the best thresholds.

    Figures at a best threshold equal the official script's.
    """
    answerable = np.array([o.answerable for o in outcomes])
    null = np.array([o.null_score for o in outcomes])
    em = np.array([o.score.em for o in outcomes])
    f1 = np.array([o.score.f1 for o in outcomes])
    figures: dict[str, Figure] = {}
    numbers: dict[str, float] = {}
    if not answerable.all():
        em_best, f1_best = (metrics.best_threshold(s, null, answerable) for s in (em, f1))
        em_kept = metrics.apply_threshold(em, null, answerable, em_best.threshold)
        f1_kept = metrics.apply_threshold(f1, null, answerable, f1_best.threshold)
        figures["EM, best threshold"] = _figure_of(em_best, em_kept)
        figures["F1, best threshold"] = _figure_of(f1_best, f1_kept)
        if answerable.any():
            em_kept = metrics.apply_threshold(em, null, answerable, f1_best.threshold)
            figures["HasAns EM, F1's threshold"] = mean_figure(em_kept[answerable])
            figures["HasAns F1, F1's threshold"] = mean_figure(f1_kept[answerable])
        figures["NoAns, F1's threshold"] = mean_figure(f1_kept[~answerable])
        numbers["threshold of EM, null - span"] = em_best.threshold
        numbers["threshold of F1, null - span"] = f1_best.threshold
        numbers["AUROC, answerable or not"] = metrics.auroc(-null, answerable)
    if answerable.any():
        figures["EM, null not allowed"] = mean_figure(em[answerable])
        figures["F1, null not allowed"] = mean_figure(f1[answerable])
    if places := [o.at_place for o in outcomes if o.at_place is not None]:
        figures["offset-EM"] = mean_figure(places)
    return Report(
        figures,
        numbers,
        unasked=sum(not o.asked for o in outcomes),
        unread=sum(o.asked and o.span is None for o in outcomes),
    )


def _figure_of(best: metrics.BestThreshold, kept: Floats) -> Figure:
    """A figure at its best threshold, with the interval of the scores that it leaves.

    Among questions whose null scores are equal the official script may stop anywhere, so its best
    can be above the mean of those scores, and then the interval is made to reach it.
    """
    figure = mean_figure(kept)
    return replace(
        figure,
        value=best.value,
        low=min(figure.low, best.value),
        high=max(figure.high, best.value),
    )


def f1_at_best_threshold(outcomes: Sequence[Outcome]) -> Floats:
    """Each question's F1 at the threshold that is best for all of them, shape (n,)."""
    answerable = [o.answerable for o in outcomes]
    null = [o.null_score for o in outcomes]
    f1 = [o.score.f1 for o in outcomes]
    best = metrics.best_threshold(f1, null, answerable)
    return metrics.apply_threshold(f1, null, answerable, best.threshold)


def null_not_allowed(outcomes: Iterable[Outcome]) -> list[Score]:
    """Scores of the questions that have an answer."""
    return [outcome.score for outcome in outcomes if outcome.answerable]
