"""The records that travel from the reader to the answer.

All offsets are 0-based and half-open, in Unicode code points.
"""

from __future__ import annotations

from collections.abc import Sequence
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


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in a document's own words.

    Attributes:
        score: How far the span's logits exceed those of "not answered here", plus the weighted
            similarity of passage and question; higher is better; no probability.
        support: How many sources say so.
        citations: Where it stands.
    """

    answer: str
    score: float
    support: int
    citations: Sequence[Citation]


Status = Literal["answered", "no_answer"]


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """All that is answered to a question.

    Attributes:
        status: Whether the documents answer the question.
        answers: Best first; empty if they don't.
        no_answer_score: How far the best candidate stays below the threshold; positive if there
            is no answer, None if there was nothing to read.
        generation: The catalog's generation that was searched.
        timings_ms: Milliseconds spent in each stage.
    """

    status: Status
    answers: Sequence[Answer]
    no_answer_score: float | None
    generation: int
    timings_ms: dict[str, float] = field(default_factory=dict)
