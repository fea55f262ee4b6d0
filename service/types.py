"""The records that travel from the reader to the answer.

All offsets are 0-based and half-open, in Unicode code points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class WindowLogits:
    """What a reader says of one window of a text.

    Attributes:
        start: Logit of each token as the answer's first, shape (n,), float32.
        end: Logit of each token as the answer's last, shape (n,), float32.
        offsets: Where each token stands in the text, shape (n, 2), int64, `[start, end)`.
        null: Sum of the null token's start and end logits: the score of "not answered here".
    """

    start: npt.NDArray[np.float32]
    end: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    null: float


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A candidate answer within a text.

    Attributes:
        score: Sum of its start and end logits; comparable across texts, no probability.
    """

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text offers as answers to a question.

    Attributes:
        spans: Best first, none overlapping another.
        null_score: The score of "not answered in this text"; infinite if there is nothing to read.
    """

    spans: Sequence[Span]
    null_score: float


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the exact place where it stands.

    Attributes:
        start_char_index: Offset of the quote in that revision of the document's text.
        end_char_index: Offset after it.
        cited_text: `text[start_char_index:end_char_index]`, always.
        before: The sentence's words before the quote.
        after: The sentence's words after it.
        passage_id: The passage through which it was found.
    """

    document_id: str
    document_title: str | None
    source_url: str | None
    published_at: str | None
    published_at_source: str | None
    revision: str
    start_char_index: int
    end_char_index: int
    cited_text: str
    before: str
    after: str
    passage_id: int


Form = Literal["quote", "evidence"]
"""A quote answers by itself; evidence is the sentence or list from which the answer follows."""

Relation = Literal["earlier", "later"]
"""How the report of an answer stands in time to that of the one it differs from."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the documents' own words.

    Attributes:
        answer: Its words, as the first citation has them.
        form: Whether it answers by itself.
        score: Logarithm of the odds that these words answer the question, as reader and search see
            it, before it is calibrated; higher is better.
        confidence: Probability that the answer is right.
        support: How many independent sources say so; copies of a text count once.
        is_side: Whether it is one of those that differ.
        relation: Whether a side's report is earlier or later than that of the side it differs from.
        citations: Where it stands, best first.
    """

    answer: str
    form: Form
    score: float
    confidence: float
    support: int
    is_side: bool
    relation: Relation | None
    citations: Sequence[Citation]


Status = Literal["answered", "differing", "no_answer"]

Reason = Literal["nothing_relevant", "low_confidence"]
"""Why there is no answer: no passage is about it, or none answers surely enough."""


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text that was read, as `Explanation` tells it.

    Attributes:
        passage_id: The passage that was found; the text is it and sentences next to it.
        start: Offset of the text in its document.
        end: Offset after it.
        similarity: Cosine similarity of question and passage.
        lexical: BM25 of question and passage.
        by: The sides of the search that speak for it.
        null_score: Logits of "not answered here".
    """

    passage_id: int
    document_id: str
    revision: str
    start: int
    end: int
    similarity: float
    lexical: float
    by: Sequence[Literal["meaning", "words"]]
    null_score: float


@dataclass(frozen=True, slots=True)
class ConsideredSpan:
    """A span that was considered, as `Explanation` tells it.

    Attributes:
        features: Value of each of the calibration's features, by name.
        probability: Its share of the answer, before spans that say the same are put together.
        group: Number of its group among the explanation's.
    """

    document_id: str
    revision: str
    start: int
    end: int
    quote: str
    features: Mapping[str, float]
    probability: float
    group: int


@dataclass(frozen=True, slots=True)
class SpanGroup:
    """Spans that say the same, as `Explanation` tells it.

    Attributes:
        answer: The words of its best span.
        probability: Sum of its spans' probabilities.
        confidence: The same, calibrated.
        support: How many independent sources say it.
        why: Why it is among the answers, or isn't.
    """

    answer: str
    probability: float
    confidence: float
    support: int
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a question was answered as it was.

    Attributes:
        rounds: How many rounds of reading there were.
        is_settled: Whether reading ended since more would hardly have changed the answer.
        is_foreign: Whether none of the question's names stands in any passage found.
        none_probability: Share of "none of these" before calibration.
        texts: What was read, in order.
        spans: Most probable first.
        groups: Most probable first; a span's `group` counts in them.
    """

    rounds: int
    is_settled: bool
    is_foreign: bool
    none_probability: float
    texts: Sequence[ReadText]
    spans: Sequence[ConsideredSpan]
    groups: Sequence[SpanGroup]


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """All that is answered to a question.

    Attributes:
        status: Whether the documents answer the question, and whether they differ in it.
        answers: Best first; empty if the documents don't answer. Of differing ones each side.
        no_answer_score: Logarithm of the odds against the best candidate, before calibration; None
            if there was nothing to read.
        no_answer_probability: Probability that the best candidate is wrong; 1 if there is none.
        reason: Why there is no answer; None if there is one.
        closest: Sentences nearest to the question where it isn't answered, best first.
        passages_read: How many passages were read.
        generation: The catalog's generation that was searched.
        explanation: If it was asked for.
        timings_ms: Milliseconds spent in each stage.
    """

    status: Status
    answers: Sequence[Answer]
    no_answer_score: float | None
    no_answer_probability: float
    reason: Reason | None
    closest: Sequence[Citation]
    passages_read: int
    generation: int
    explanation: Explanation | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
