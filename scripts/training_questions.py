"""Questions to train a reader on and the passages they are asked of, in the encoder's tokens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pair_template import Tokens, pair_template
from transformers import PreTrainedTokenizerBase

from service.questions import Paragraph, Question
from service.spans import boundaries

QUESTION_TOKENS = 64
"""Most tokens of a question; the rest is cut off."""

MODEL_TOKENS = 512
"""Most tokens that BERT's positions allow, special ones included."""

TokenSpan = tuple[int, int]
"""First and last token, counted in the passage."""


@dataclass(frozen=True, slots=True)
class UnusableQuestion:
    """A question that no window can be made for.

    Attributes:
        kind: What is wrong.
        name: Its `source/id`.
        message: What is wrong, with the value.
    """

    kind: Literal["long_answer", "answer_without_tokens"]
    name: str
    message: str

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage.

    Attributes:
        title: Its article's; empty if there is none, or if it is a hard passage.
        ids: Tokens, shape (n,).
        begins: Offset in the text of each token's first character, shape (n,).
        ends: Offset behind its last one.
    """

    text: str
    source: str
    title: str
    ids: Tokens
    begins: Tokens
    ends: Tokens


@dataclass(frozen=True, slots=True)
class TokenizedQuestion:
    """A question.

    Attributes:
        ids: Its first tokens, shape (n,), n at most `QUESTION_TOKENS`.
        passage: Number of the passage that it is asked of.
        answers: Strings of all answers.
        spans: Places of the answers that fit a window; empty if the passage doesn't answer it.
        hard: Numbers of passages that search finds for it and that don't hold an answer.
    """

    source: str
    ids: Tokens
    passage: int
    answers: tuple[str, ...]
    spans: tuple[TokenSpan, ...]
    hard: tuple[int, ...]


class TokenizedQuestions:
    """Questions and passages, in tokens.

    Args:
        paragraphs: What to train on.
        tokenizer: The encoder's, a fast one.
        hard: Passages that search finds for a question and that don't answer it, by
            `source/id`.
        without: Hard passages to leave out: the contexts of what is held out from this set.
        model_tokens: Most tokens that the model reads, special ones included.

    Raises:
        UnusableModel: The tokenizer makes no pairs of question and passage.

    Attributes:
        questions: Those that windows can be made for.
        faults: The others, in order.
    """

    def __init__(
        self,
        paragraphs: Sequence[Paragraph],
        tokenizer: PreTrainedTokenizerBase,
        hard: Mapping[str, Sequence[str]],
        *,
        without: Collection[str] = (),
        model_tokens: int = MODEL_TOKENS,
    ) -> None:
        self._template = pair_template(tokenizer)
        self._model_tokens = model_tokens
        self._passages: list[Passage] = []
        self._numbers: dict[str, int] = {}
        self._by_title: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._places: dict[int, tuple[TokenSpan, ...]] = {}
        self.questions: list[TokenizedQuestion] = []
        self.faults: list[UnusableQuestion] = []
        left_out = frozenset(without)
        for paragraph in paragraphs:
            number = self._add(tokenizer, paragraph.context, paragraph.source, paragraph.title)
            self._by_title[paragraph.source, paragraph.title].append(number)
        for paragraph in paragraphs:
            if not paragraph.questions:
                continue
            number = self._numbers[paragraph.context]
            encoded = tokenizer(
                [question.text for question in paragraph.questions],
                add_special_tokens=False,
                truncation=True,
                max_length=QUESTION_TOKENS,
            )["input_ids"]
            for question, tokens in zip(paragraph.questions, encoded, strict=True):
                name = f"{paragraph.source}/{question.id}"
                ids = np.array(tokens, dtype=np.int32)
                spans = self._answer_spans(name, question, number, len(ids))
                if question.answers and not spans:
                    continue
                self.questions.append(
                    TokenizedQuestion(
                        paragraph.source,
                        ids,
                        number,
                        tuple(sorted({answer.text for answer in question.answers})),
                        spans,
                        tuple(
                            self._add(tokenizer, text, paragraph.source, "")
                            for text in hard.get(name, ())
                            if text not in left_out
                        ),
                    )
                )

    @property
    def sources(self) -> dict[str, int]:
        """How many questions come from each source."""
        return dict(Counter(question.source for question in self.questions))

    @property
    def fault_counts(self) -> dict[str, int]:
        """How many faults there are of each kind, most frequent first."""
        return dict(Counter(fault.kind for fault in self.faults).most_common())

    def _add(self, tokenizer: PreTrainedTokenizerBase, text: str, source: str, title: str) -> int:
        if text in self._numbers:
            return self._numbers[text]
        encoded = tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        offsets = np.array(encoded["offset_mapping"], dtype=np.int32).reshape(-1, 2)
        ids = np.array(encoded["input_ids"], dtype=np.int32)
        self._numbers[text] = len(self._passages)
        self._passages.append(
            Passage(text, source, title, ids, offsets[:, 0].copy(), offsets[:, 1].copy())
        )
        return self._numbers[text]

    def _answer_spans(
        self, name: str, question: Question, passage: int, question_tokens: int
    ) -> tuple[TokenSpan, ...]:
        """Spans of the answers that fit a window; if there are answers but none does: a fault."""
        found = [self._span(passage, a.start, a.start + len(a.text)) for a in question.answers]
        spans = [span for span in found if span is not None]
        fitting = tuple(span for span in spans if self._fits(span, question_tokens))
        if spans and not fitting:
            shortest = min(last - first + 1 for first, last in spans)
            self.faults.append(
                UnusableQuestion(
                    "long_answer",
                    name,
                    f"the answer has {shortest:,} tokens, which with {question_tokens} of the "
                    f"question and {self._template.special_tokens} special ones are more than the "
                    f"{self._model_tokens:,} that the model reads",
                )
            )
        elif found and not spans:
            self.faults.append(
                UnusableQuestion(
                    "answer_without_tokens",
                    name,
                    f"the answer {question.answers[0].text!a} holds no token",
                )
            )
        return fitting

    def _fits(self, span: TokenSpan, question_tokens: int) -> bool:
        first, last = span
        added = question_tokens + self._template.special_tokens
        return last - first + 1 + added <= self._model_tokens

    def _span(self, passage: int, start: int, end: int) -> TokenSpan | None:
        """First and last token that a range of characters touches; None if it touches none."""
        tokens = self._passages[passage]
        first = int(np.searchsorted(tokens.ends, start, side="right"))
        last = int(np.searchsorted(tokens.begins, end, side="left")) - 1
        return (first, last) if first <= last else None

    def _occurrences(self, number: int) -> tuple[TokenSpan, ...]:
        """Spans of all places where an answer stands as whole words, the named one first.

        The named place alone if there is no such place.
        """
        if number not in self._places:
            question = self.questions[number]
            text = self._passages[question.passage].text
            edges = set(boundaries(text).tolist())
            found = {
                span
                for answer in question.answers
                for start in _starts(answer, text)
                if start in edges and start + len(answer) in edges
                if (span := self._span(question.passage, start, start + len(answer))) is not None
                if self._fits(span, len(question.ids))
            }
            named = question.spans[0]
            ordered = sorted(found, key=lambda span: (span != named, span))
            self._places[number] = tuple(ordered) or (named,)
        return self._places[number]


def _starts(answer: str, text: str) -> Iterator[int]:
    found = text.find(answer)
    while found >= 0:
        yield found
        found = text.find(answer, found + 1)
