"""Windows to train a reader on: gold passages cropped around the answer, and negatives.

A group is what is trained on together: a question with a window that answers it, and perhaps one
that doesn't; or a question with a passage that is known not to answer it. Which groups an epoch
holds, and how each is cropped, follows from the seed and the epoch's number alone, so a training
that was killed goes on with the very windows that it would have seen.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import click
from pair_template import Tokens
from training_questions import (
    MODEL_TOKENS,
    QUESTION_TOKENS,
    Passage,
    TokenizedQuestion,
    TokenizedQuestions,
    TokenSpan,
)


class WindowTooLong(click.ClickException):
    """Windows are asked for that are longer than the model reads."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How windows are made.

    Attributes:
        lengths: Sizes of windows, in tokens of the passage, and how often each is taken.
        negatives: Share of the answerable questions that also get a window without the answer.
        rates: How much of a source an epoch takes, by source; 1 where it isn't named. Of what is
            more than 1, the whole part is taken as often.
        unanswerable_rate: The same for questions that their own passage doesn't answer.
        any_occurrence: Sources whose offsets name the first place of the answer's string rather
            than the right one: every place counts as right where it stands as whole words.
        model_tokens: Most tokens that the model reads, special ones included.
        special_tokens: How many those are.

    Raises:
        WindowTooLong: A size leaves no room for the question.
    """

    lengths: Mapping[int, float]
    negatives: float = 0.25
    rates: Mapping[str, float] = field(default_factory=dict)
    unanswerable_rate: float = 0.6
    any_occurrence: frozenset[str] = frozenset()
    model_tokens: int = MODEL_TOKENS
    special_tokens: int = 3

    def __post_init__(self) -> None:
        most = self.model_tokens - QUESTION_TOKENS - self.special_tokens
        if max(self.lengths) > most:
            raise WindowTooLong(
                f"A window of {max(self.lengths):,} tokens of the passage, with {QUESTION_TOKENS} "
                f"of the question and {self.special_tokens} special ones, is longer than the "
                f"{self.model_tokens:,} that the model reads. Give sizes of at most {most:,}."
            )


@dataclass(frozen=True, slots=True)
class Window:
    """A question with a part of a passage, as the model reads it.

    Attributes:
        ids: Tokens, shape (n,), as the tokenizer encodes a pair: BERT's are [CLS] question [SEP]
            passage [SEP].
        types: Their types, shape (n,).
        passage: Index of the passage's first token.
        passage_end: Index behind its last one.
        starts: Indices of tokens at which an answer begins; 0, [CLS], alone if there is none.
        ends: Indices of tokens with which an answer ends; likewise.
    """

    ids: Tokens
    types: Tokens
    passage: int
    passage_end: int
    starts: tuple[int, ...]
    ends: tuple[int, ...]


class TrainingSet(TokenizedQuestions):
    """Questions and passages that windows are made of; built as `TokenizedQuestions` is."""

    def epoch_size(self, recipe: Recipe) -> float:
        """How many questions an epoch holds on average."""
        return math.fsum(_rate(recipe, question) for question in self.questions)

    def epoch(self, recipe: Recipe, seed: int, epoch: int) -> list[tuple[int, int]]:
        """Questions of an epoch, in order.

        Returns:
            Indices of `questions`, each with a seed for its windows.
        """
        rng = random.Random(f"{seed}/{epoch}")
        taken = []
        for number, question in enumerate(self.questions):
            rate = _rate(recipe, question)
            taken += [number] * (int(rate) + (rng.random() < rate % 1))
        rng.shuffle(taken)
        return [(number, rng.getrandbits(32)) for number in taken]

    def group(self, recipe: Recipe, number: int, seed: int) -> list[Window]:
        """Windows of a question: one that answers it, if one does, and perhaps one that doesn't."""
        rng = random.Random(seed)
        question = self.questions[number]
        (size,) = rng.choices(list(recipe.lengths), list(recipe.lengths.values()))
        if not question.spans:
            return [self._crop(question, question.passage, size, rng)]
        spans = question.spans
        if question.source in recipe.any_occurrence:
            spans = self._occurrences(number)
        windows = [self._gold(question, spans, size, rng)]
        if rng.random() < recipe.negatives:
            negative = self._negative(question, size, rng)
            if negative is not None:
                windows.append(negative)
        return windows

    def _gold(
        self,
        question: TokenizedQuestion,
        spans: Sequence[TokenSpan],
        size: int,
        rng: random.Random,
    ) -> Window:
        """A window that holds the first of the spans, and tells of all that it holds."""
        passage = self._passages[question.passage]
        first, last = spans[0]
        size = max(size, last - first + 1)
        lowest = max(0, last + 1 - size)
        highest = max(lowest, min(first, len(passage.ids) - size))
        begin = rng.randint(lowest, highest)
        inside = [(a - begin, b - begin) for a, b in spans if begin <= a and b < begin + size]
        return self._window(question, passage, begin, size, inside)

    def _negative(
        self, question: TokenizedQuestion, size: int, rng: random.Random
    ) -> Window | None:
        """A window without the answer's string.

        Of a hard passage, another passage of the article, or the part of the gold passage that
        misses the answer.
        """
        gold = self._passages[question.passage]
        kin = self._by_title[gold.source, gold.title] if gold.title else []
        kinds = rng.sample(("hard", "hard", "kin", "kin", "missing"), 5)
        for kind in kinds:
            if kind == "hard" and question.hard:
                number = rng.choice(question.hard)
            elif kind == "kin" and len(kin) > 1:
                number = rng.choice(kin)
            elif kind == "missing":
                number = question.passage
            else:
                continue
            if kind != "missing" and number == question.passage:
                continue
            window = self._without(question, number, size, rng)
            if window is not None:
                return window
        return None

    def _without(
        self, question: TokenizedQuestion, number: int, size: int, rng: random.Random
    ) -> Window | None:
        passage = self._passages[number]
        n = len(passage.ids)
        if number == question.passage:
            # The longer side of the answer, if it is long enough to be worth reading.
            first = min(a for a, _ in question.spans)
            last = max(b for _, b in question.spans)
            before, after = first, n - last - 1
            room = max(before, after)
            if room < 16:
                return None
            size = min(size, room)
            begin = (
                rng.randint(0, before - size)
                if before >= after
                else rng.randint(last + 1, n - size)
            )
        else:
            size = min(size, n)
            begin = rng.randint(0, n - size)
        if not size:
            return None
        text = passage.text[passage.begins[begin] : passage.ends[begin + size - 1]].lower()
        if any(answer.lower() in text for answer in question.answers):
            return None
        return self._window(question, passage, begin, size, [])

    def _crop(
        self, question: TokenizedQuestion, number: int, size: int, rng: random.Random
    ) -> Window:
        passage = self._passages[number]
        begin = rng.randint(0, max(0, len(passage.ids) - size))
        return self._window(question, passage, begin, size, [])

    def _window(
        self,
        question: TokenizedQuestion,
        passage: Passage,
        begin: int,
        size: int,
        spans: Sequence[TokenSpan],
    ) -> Window:
        part = passage.ids[begin : begin + size]
        offset = self._template.passage_begin(question.ids)
        return Window(
            *self._template.join(question.ids, part),
            offset,
            offset + len(part),
            tuple(sorted({offset + a for a, _ in spans})) or (0,),
            tuple(sorted({offset + b for _, b in spans})) or (0,),
        )


def _rate(recipe: Recipe, question: TokenizedQuestion) -> float:
    rate = recipe.rates.get(question.source, 1.0)
    return rate if question.spans else rate * recipe.unanswerable_rate


def batches(
    dataset: TrainingSet,
    recipe: Recipe,
    *,
    seed: int,
    epoch: int,
    batch_tokens: int,
    skip: int = 0,
) -> Iterator[list[list[Window]]]:
    """Groups of like length, together at most so many tokens, padding included.

    Args:
        dataset: Where the windows come from.
        recipe: How they are made.
        seed: Of the whole training.
        epoch: Its number.
        batch_tokens: Most tokens of a batch; a single larger group is a batch.
        skip: How many batches to leave out at the start.
    """
    order = dataset.epoch(recipe, seed, epoch)
    pool = 2048
    seen = 0
    for begin in range(0, len(order), pool):
        groups = [dataset.group(recipe, *item) for item in order[begin : begin + pool]]
        groups.sort(key=_longest)
        packed = list(_pack(groups, batch_tokens))
        random.Random(f"{seed}/{epoch}/{begin}").shuffle(packed)
        for batch in packed:
            if seen >= skip:
                yield batch
            seen += 1


def _pack(groups: Sequence[list[Window]], batch_tokens: int) -> Iterator[list[list[Window]]]:
    batch: list[list[Window]] = []
    rows = 0
    for group in groups:
        if batch and (rows + len(group)) * _longest(group) > batch_tokens:
            yield batch
            batch, rows = [], 0
        batch.append(group)
        rows += len(group)
    if batch:
        yield batch


def _longest(group: list[Window]) -> int:
    return max(len(window.ids) for window in group)
