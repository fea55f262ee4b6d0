"""How well a confidence tells right answers from wrong ones, and how true it is.

Answering only what one is sure of is selective question answering (El-Yaniv and Wiener 2010;
Kamath et al. 2020, https://arxiv.org/abs/2006.09462). Intervals are percentile bootstraps over
questions, paired where two confidences are compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from service.metrics import RESAMPLES, Figure

Floats = npt.NDArray[np.float64]

BINS = 15
"""Bins of equal mass of the calibration error."""

ACCURACY = 0.8
"""Share of right answers at which coverage is told."""

Measure = Callable[[Floats, Floats], float]
"""From confidences and which are right, each of shape (n,), to a number."""


def aurc(confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Area under the risk-coverage curve: mean error rate over all coverages; lower is better.

    Equal confidences are answered in no order: each place among them has their mean error.

    Args:
        confidences: Shape (n,), n at least 1.
        right: Which answers are right, shape (n,).
    """
    wrong, _ = _by_confidence(confidences, right)
    return float(np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1)))


def coverage_at(
    confidences: npt.ArrayLike, right: npt.ArrayLike, accuracy: float = ACCURACY
) -> float:
    """Largest share of questions that some threshold answers with that share of them right.

    Args:
        confidences: Shape (n,); equal ones are answered together.
        right: Which answers are right, shape (n,).
        accuracy: Least share of right ones among the answered.
    """
    wrong, is_last = _by_confidence(confidences, right)
    answered = np.arange(1, len(wrong) + 1)
    # Half an error's slack in a million questions: sums of thirds aren't whole numbers.
    sound = is_last & (np.cumsum(wrong) <= (1 - accuracy) * answered + 1e-9)
    return float(answered[sound].max(initial=0) / len(wrong))


def _by_confidence(
    confidences: npt.ArrayLike, right: npt.ArrayLike
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Errors, most confident first, spread evenly over ties; which place is a tie's last."""
    levels, place, counts = np.unique(
        -np.asarray(confidences, float), return_inverse=True, return_counts=True
    )
    errors = np.bincount(place, weights=1 - np.asarray(right, float), minlength=len(levels))
    ends = np.zeros(int(counts.sum()), dtype=np.bool_)
    ends[np.cumsum(counts) - 1] = True
    return np.repeat(errors / counts, counts), ends


def ece(confidences: npt.ArrayLike, right: npt.ArrayLike, bins: int = BINS) -> float:
    """Expected calibration error: mean gap of confidence and accuracy over bins of equal mass.

    Args:
        confidences: Probabilities, shape (n,).
        right: Which answers are right, shape (n,).
        bins: How many; of fewer questions, as many as there are.
    """
    sure, is_right = np.asarray(confidences, float), np.asarray(right, float)
    order = np.argsort(sure, kind="stable")
    gaps = [
        abs(float(np.sum(sure[part]) - np.sum(is_right[part])))
        for part in np.array_split(order, bins)
    ]
    return sum(gaps) / len(sure)


def measured(
    measure: Measure, confidences: npt.ArrayLike, right: npt.ArrayLike, *, seed: int = 0
) -> Figure:
    """A measure with its interval; NaN where it has none, as of no questions.

    Args:
        measure: Such as `aurc`, `coverage_at`, `ece`, `metrics.auroc`.
        confidences: Shape (n,).
        right: Shape (n,).
        seed: Of the draws.
    """
    return _figure([(confidences, right)], lambda values: values[0], measure, seed)


def compared(
    measure: Measure,
    ours: tuple[npt.ArrayLike, npt.ArrayLike],
    theirs: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    relative: bool = False,
    seed: int = 0,
) -> Figure:
    """Our measure less theirs on the same questions, with its interval.

    Args:
        measure: As for `measured`.
        ours: Confidences, and which answers are right.
        theirs: Likewise.
        relative: As a share of theirs; NaN where theirs is 0.
        seed: Of the draws.
    """

    def difference(values: list[float]) -> float:
        gap = values[0] - values[1]
        if not relative:
            return gap
        return gap / values[1] if values[1] else math.nan

    return _figure([ours, theirs], difference, measure, seed)


def _figure(
    sides: list[tuple[npt.ArrayLike, npt.ArrayLike]],
    combine: Callable[[list[float]], float],
    measure: Measure,
    seed: int,
) -> Figure:
    columns = [(np.asarray(sure, float), np.asarray(right, float)) for sure, right in sides]
    n = len(columns[0][0])
    value = combine([measure(sure, right) for sure, right in columns]) if n else math.nan
    if math.isnan(value):
        return Figure(value, value, value, n)
    rng = np.random.default_rng(seed)
    resampled = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, n, size=n)
        resampled.append(combine([measure(sure[drawn], right[drawn]) for sure, right in columns]))
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Figure(value, float(low), float(high), n)
