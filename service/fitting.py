"""Fitting a calibration on questions whose answers are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logsumexp

from service.calibration import FEATURES, Calibration, baseline, log_odds
from service.errors import TooFewQuestions

Floats = npt.NDArray[np.float64]

LEAST_QUESTIONS = 40
"""Fewer tell too little about four numbers of the line."""

_RIDGE = 1e-4
"""Of the squared weights of standardised features, per question."""


@dataclass(frozen=True, slots=True, eq=False)
class AskedSample:
    """A question that was asked, and which of its candidates are right.

    Attributes:
        features: Of each candidate, in the order of `calibration.FEATURES`, shape (n, features).
        right: Whether each candidate is right, shape (n,).
        groups: Which candidates say the same, shape (n,), from 0.
        support: Independent sources of each group, shape (groups,).
        nulls: Null score of each text read, shape (t,).
        is_foreign: See `Calibration.for_foreign`.
        weight: How much it counts.
        source: The set it comes from.
        cluster: What it shares with questions like it, as an article; folds don't divide it.
    """

    features: Floats
    right: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int64]
    support: npt.NDArray[np.int64]
    nulls: Floats
    is_foreign: bool
    weight: float
    source: str
    cluster: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How sure of a question's first answer a calibration is, and the baseline of its own.

    Attributes:
        confidence: Of the first answer; 0 if there is none.
        is_right: Whether it is right.
        baseline_confidence: Of the span that the baseline puts first.
        baseline_is_right: Whether that is right.
    """

    source: str
    confidence: float
    is_right: bool
    baseline_confidence: float
    baseline_is_right: bool


@dataclass(frozen=True, slots=True)
class _Top:
    """The most probable group of a question."""

    share: float
    support: int
    is_right: bool


def fit(samples: Sequence[AskedSample], about: Mapping[str, Any] | None = None) -> Calibration:
    """Fit all of a calibration.

    Args:
        samples: Questions; some answered rightly and some not.
        about: What is to be kept with the fit.

    Raises:
        TooFewQuestions: There are fewer than `LEAST_QUESTIONS`, or all of one kind.
    """
    _check(samples)
    return _fit(samples, about or {})


def fit_line(samples: Sequence[AskedSample], begin: Calibration) -> Calibration:
    """Fit the logistic line alone; the weights stay as they are.

    Raises:
        TooFewQuestions: As for `fit`.
    """
    _check(samples)
    return _fit_line(samples, begin)


def _fit(samples: Sequence[AskedSample], about: Mapping[str, Any]) -> Calibration:
    _check_kinds(samples)
    weights, none = _log_linear(samples)
    unfinished = Calibration(weights, none, 1.0, 0.0, 0.0, 0.0, 1.0, dict(about))
    return _fit_line(samples, replace(unfinished, temperature=_temperature(samples)))


def _fit_line(samples: Sequence[AskedSample], begin: Calibration) -> Calibration:
    tops = [(top, sample) for sample in samples if (top := _top(sample, begin)) is not None]
    if len({top.is_right for top, _ in tops}) < 2:
        raise _too_few(samples, "their first answers are all right, or all wrong")
    columns = np.array(
        [
            (1.0, log_odds(top.share), np.log(max(1, top.support)), float(sample.is_foreign))
            for top, sample in tops
        ]
    )
    right = np.array([top.is_right for top, _ in tops], dtype=np.float64)
    weights = np.array([sample.weight for _, sample in tops])
    begun = np.array([begin.intercept, begin.slope, begin.for_support, begin.for_foreign])

    def loss(line: Floats) -> tuple[float, Floats]:
        scores = columns @ line
        total = np.sum(weights * (np.logaddexp(0, scores) - right * scores))
        gradient = columns.T @ (weights * (expit(scores) - right))
        # What can't be learned stays near where it began: of a column of zeros, and the slope where
        # all right answers have larger shares than the wrong ones, which would rise without end.
        apart = np.array([0.0, 1.0, 1.0, 1.0]) * (line - begun)
        return float(total + apart @ apart / 2), gradient + apart

    bounds = [(None, None), (1e-2, None), (0, None), (None, 0)]
    found = minimize(loss, begun, jac=True, method="L-BFGS-B", bounds=bounds).x
    intercept, slope, for_support, for_foreign = map(float, found)
    return replace(
        begin, slope=slope, intercept=intercept, for_support=for_support, for_foreign=for_foreign
    )


def verdicts(samples: Sequence[AskedSample], calibration: Calibration) -> list[Verdict]:
    """What a calibration says of each question's first answer."""
    found = []
    for sample in samples:
        top = _top(sample, calibration)
        shares = baseline(sample.features[:, 0], sample.nulls, calibration.temperature)
        first = int(np.argmax(shares)) if len(shares) else -1
        found.append(
            Verdict(
                source=sample.source,
                confidence=0.0
                if top is None
                else calibration.confidence(
                    top.share, support=top.support, is_foreign=sample.is_foreign
                ),
                is_right=top is not None and top.is_right,
                baseline_confidence=0.0 if first < 0 else float(shares[first]),
                baseline_is_right=first >= 0 and bool(sample.right[first]),
            )
        )
    return found


def cross_validated(
    samples: Sequence[AskedSample], *, folds: int = 5, line_from: Calibration | None = None
) -> list[Verdict]:
    """Verdicts on each question by a fit that has seen none of its cluster.

    Args:
        samples: Questions.
        folds: How many parts; clusters are dealt out to them in order of their names. A cluster
            larger than such a part is dealt out question by question.
        line_from: Fit the line alone, from this.

    Returns:
        One for each sample, in order.

    Raises:
        TooFewQuestions: As for `fit`, or what is left without one of the parts is all of one kind.
    """
    _check(samples)
    fold_of = _folds(samples, folds)
    found: dict[int, Verdict] = {}
    for fold in range(folds):
        kept = [sample for sample, its in zip(samples, fold_of, strict=True) if its != fold]
        held = [number for number, its in enumerate(fold_of) if its == fold]
        try:
            fitted = _fit(kept, {}) if line_from is None else _fit_line(kept, line_from)
        except TooFewQuestions as error:
            why = f"without one of {folds} parts, what is left is all of one kind"
            raise _too_few(samples, why) from error
        found |= dict(zip(held, verdicts([samples[n] for n in held], fitted), strict=True))
    return [found[n] for n in range(len(samples))]


def _folds(samples: Sequence[AskedSample], folds: int) -> list[int]:
    """The part of each sample."""
    sizes = Counter(sample.cluster for sample in samples)
    units = [
        (sample.cluster, number if sizes[sample.cluster] * folds > len(samples) else -1)
        for number, sample in enumerate(samples)
    ]
    place = {unit: n for n, unit in enumerate(sorted(set(units)))}
    return [place[unit] % folds for unit in units]


def _top(sample: AskedSample, calibration: Calibration) -> _Top | None:
    if not len(sample.features):
        return None
    logits = calibration.logits(sample.features)
    shares = calibration.probabilities(logits)
    masses = np.bincount(sample.groups, weights=shares)
    group = int(np.argmax(masses))
    members = np.flatnonzero(sample.groups == group)
    lead = members[int(np.argmax(logits[members]))]
    return _Top(float(masses[group]), int(sample.support[group]), bool(sample.right[lead]))


def _log_linear(samples: Sequence[AskedSample]) -> tuple[dict[str, float], float]:
    """Weights and the score of "none", by the likelihood of some right candidate, or of none."""
    counted = [sample for sample in samples if len(sample.features)]
    stacked = np.concatenate([sample.features for sample in counted])
    mean, scale = stacked.mean(axis=0), stacked.std(axis=0)
    scale[scale == 0] = 1.0
    scaled = (stacked - mean) / scale
    right = np.concatenate([sample.right for sample in counted])
    sizes = np.array([len(sample.features) for sample in counted])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    owner = np.repeat(np.arange(len(counted)), sizes)
    weights = np.array([sample.weight for sample in counted])
    is_answered = np.logical_or.reduceat(right, starts)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scores = scaled @ parameters[:-1] - parameters[-1]
        highest = np.maximum(0.0, np.maximum.reduceat(scores, starts))
        raised = np.exp(scores - highest[owner])
        total = np.exp(-highest) + np.add.reduceat(raised, starts)
        raised_right = np.where(right, raised, 0.0)
        of_right = np.add.reduceat(raised_right, starts)
        wanted = np.where(is_answered, of_right, np.exp(-highest))
        shares = raised / total[owner]
        shares_right = np.divide(
            raised_right, of_right[owner], out=np.zeros_like(raised), where=right
        )
        by_score = weights[owner] * (shares - shares_right)
        gradient = np.append(scaled.T @ by_score, -by_score.sum())
        ridge = _RIDGE * weights.sum() * np.append(parameters[:-1], 0.0)
        value = np.sum(weights * (np.log(total) - np.log(wanted))) + ridge @ parameters / 2
        return float(value), gradient + ridge

    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B").x
    slopes = found[:-1] / scale
    none = float(found[-1] + slopes @ mean)
    return dict(zip(FEATURES, map(float, slopes), strict=True)), none


def _temperature(samples: Sequence[AskedSample]) -> float:
    """The baseline's temperature of the greatest likelihood."""

    def loss(temperature: float) -> float:
        total = 0.0
        for sample in samples:
            scores = np.concatenate([sample.features[:, 0], sample.nulls]) / temperature
            right = np.append(sample.right, np.full(len(sample.nulls), not sample.right.any()))
            if right.any():
                total += sample.weight * float(logsumexp(scores) - logsumexp(scores[right]))
        return total

    return float(minimize_scalar(loss, bounds=(0.1, 50.0), method="bounded").x)


def _check(samples: Sequence[AskedSample]) -> None:
    if len(samples) < LEAST_QUESTIONS:
        raise _too_few(samples, f"at least {LEAST_QUESTIONS} are needed")
    _check_kinds(samples)


def _check_kinds(samples: Sequence[AskedSample]) -> None:
    if len({bool(sample.right.any()) for sample in samples}) < 2:
        raise _too_few(samples, "all of them can be answered from what was found, or none")


def _too_few(samples: Sequence[AskedSample], why: str) -> TooFewQuestions:
    return TooFewQuestions(
        f"{len(samples):,} questions don't say how sure an answer is: {why}.",
        "Give more questions, with answers and without.",
    )
