"""Measures of answers, equal to SQuAD's official scripts, and how sure a figure is.

EM and F1 compare words without case, punctuation and articles (Rajpurkar et al. 2016,
https://arxiv.org/abs/1606.05250; 2018, https://arxiv.org/abs/1806.03822). Intervals are percentile
bootstraps over questions. Shares are in [0, 1].
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RESAMPLES = 2_000
_AT_ONCE = 1_000_000
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class Score(NamedTuple):
    """How well an answer meets the gold ones.

    Attributes:
        em: 1 if it has exactly the words of one of them, else 0.
        f1: Best harmonic mean of precision and recall of words over them.
    """

    em: float
    f1: float


def normalized(text: str) -> str:
    """A text as answers are compared: lower case, no ASCII punctuation, no articles."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def score(answer: str, golds: Iterable[str]) -> Score:
    """EM and F1 by the rules of SQuAD v2.0.

    Args:
        answer: What was answered; empty for "no answer".
        golds: Gold answers; none if there is no answer. One without words doesn't count.
    """
    words = normalized(answer).split()
    compared = [gold for text in golds if (gold := normalized(text).split())] or [[]]
    return Score(
        em=float(any(gold == words for gold in compared)),
        f1=max(_f1(words, gold) if words and gold else float(words == gold) for gold in compared),
    )


def score_v1(answer: str, golds: Iterable[str]) -> Score:
    """EM and F1 by the rules of SQuAD v1.1, by which two answers without words have an F1 of 0.

    Args:
        answer: What was answered.
        golds: Gold answers, at least one.
    """
    words = normalized(answer).split()
    compared = [normalized(gold).split() for gold in golds]
    return Score(
        em=float(any(gold == words for gold in compared)),
        f1=max(_f1(words, gold) for gold in compared),
    )


def _f1(ours: Sequence[str], theirs: Sequence[str]) -> float:
    shared = (Counter(ours) & Counter(theirs)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(ours), shared / len(theirs)
    return 2 * precision * recall / (precision + recall)


class BestThreshold(NamedTuple):
    """The threshold on "no answer" that scores best.

    Attributes:
        value: Mean score of all questions with it.
        threshold: Questions above it are taken as not answered; minus infinity if all are (0 in
            the official script, whose null scores are probabilities).
    """

    value: float
    threshold: float


def best_threshold(
    scores: npt.ArrayLike, null_scores: npt.ArrayLike, answerable: npt.ArrayLike
) -> BestThreshold:
    """The best threshold, as SQuAD v2.0's `find_best_thresh` finds it.

    Args:
        scores: Each question's EM or F1 if it is answered, shape (n,).
        null_scores: How much speaks for "no answer", shape (n,); higher refuses sooner.
        answerable: Whether each has an answer, shape (n,). One that hasn't is taken to get an
            answer unless it is refused.
    """
    kept, null = np.asarray(scores, float), np.asarray(null_scores, float)
    has_answer = np.asarray(answerable, bool)
    order = np.argsort(null, kind="stable")
    refused = float(np.count_nonzero(~has_answer))
    # Summed up from the refused ones on, in order: equal to the official script to the last bit.
    totals = np.cumsum([refused, *np.where(has_answer, kept, -1.0)[order]])
    best = int(np.argmax(totals))
    threshold = float(null[order[best - 1]]) if best else float("-inf")
    return BestThreshold(float(totals[best]) / max(1, len(order)), threshold)


def apply_threshold(
    scores: npt.ArrayLike, null_scores: npt.ArrayLike, answerable: npt.ArrayLike, threshold: float
) -> Floats:
    """Each question's score once those above a threshold are refused, shape (n,).

    Args:
        scores: EM or F1 if answered; those of unanswerable questions 0.
        null_scores: How much speaks for "no answer".
        answerable: Whether each has an answer.
        threshold: Questions above it are refused.
    """
    refused = np.asarray(null_scores, float) > threshold
    return np.where(refused, ~np.asarray(answerable, bool), np.asarray(scores, float))


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Probability that a positive one scores above a negative one; a tie counts half.

    Args:
        scores: Shape (n,).
        positive: Which ones are, shape (n,).

    Returns:
        In [0, 1]; NaN unless there are both kinds.
    """
    is_positive = np.asarray(positive, bool)
    ours = int(np.count_nonzero(is_positive))
    theirs = len(is_positive) - ours
    if not ours or not theirs:
        return float("nan")
    _, place, count = np.unique(np.asarray(scores, float), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[is_positive].sum() - ours * (ours + 1) / 2) / (ours * theirs))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and how sure it is.

    Attributes:
        value: Of all questions.
        low: Lower end of its 95% interval.
        high: Upper end.
        n: How many questions it is measured on.
    """

    value: float
    low: float
    high: float
    n: int


def mean_figure(values: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """The mean of a value for each question, with its interval."""
    return figure([values], lambda means: means[0], level=level)


def ratio_figure(numerator: npt.ArrayLike, denominator: npt.ArrayLike) -> Figure:
    """The ratio of two means over the same questions, with its interval."""
    return figure([numerator, denominator], lambda means: means[0] / means[1])


def difference_figure(ours: npt.ArrayLike, theirs: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Mean of ours less mean of theirs over the same questions (paired), with its interval."""
    paired = np.asarray(ours, float) - np.asarray(theirs, float)
    return mean_figure(paired, level=level)


def is_loss(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> bool:
    """Whether ours is lower than theirs, over the same questions, beyond noise (95%)."""
    return difference_figure(ours, theirs).high < 0


def macro_figure(groups: Sequence[npt.ArrayLike]) -> Figure:
    """The mean of several groups' means, each counting the same, with its interval.

    Args:
        groups: A value for each question of each group; resampled each for itself.
    """
    arrays = [np.asarray(group, float) for group in groups]
    resampled = np.mean(
        [resampled_means([array], seed=i)[0] for i, array in enumerate(arrays)], axis=0
    )
    low, high = _ends(resampled, 0.95)
    value = float(np.mean([array.mean() for array in arrays]))
    return Figure(value, low, high, sum(map(len, arrays)))


def figure(
    columns: Sequence[npt.ArrayLike],
    statistic: Callable[[Floats], Floats],
    *,
    level: float = 0.95,
) -> Figure:
    """A figure that follows from the means of some values over the same questions.

    Args:
        columns: Values for each question, each of shape (n,), n at least 1.
        statistic: From means, shape (len(columns), k), to the figure, shape (k,).
        level: Probability that the interval should hold.
    """
    table = np.asarray(columns, float)
    value = float(statistic(table.mean(axis=1, keepdims=True))[0])
    low, high = _ends(statistic(resampled_means(table)), level)
    return Figure(value, low, high, table.shape[1])


def resampled_means(columns: npt.ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """Means of bootstrap samples, drawn with replacement; all columns of a sample share its draws.

    Args:
        columns: Shape (k, n), n at least 1.
        resamples: How many samples.
        seed: Of the draws.

    Returns:
        Shape (k, resamples).
    """
    table = np.asarray(columns, float)
    n = table.shape[1]
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // n)
    parts = [
        table[:, rng.integers(0, n, size=(min(step, resamples - begin), n))].mean(axis=2)
        for begin in range(0, resamples, step)
    ]
    return np.concatenate(parts, axis=1)


def _ends(resampled: Floats, level: float) -> tuple[float, float]:
    low, high = np.nanpercentile(resampled, [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)
