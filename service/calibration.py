"""Calibration: from a reader's and a search's scores to the probability that an answer is right.

Candidates are weighed against each other and against "none of these" by one log-linear model, so
that they compare across passages. The shares of those that say the same are added up, and a
logistic line makes of the sum the probability that this answer is right.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.errors import UnusableCalibration

Floats = npt.NDArray[np.float64]

FEATURES = ("span", "alone", "null", "similarity", "lexical", "fused", "coverage", "crossing")
"""Of each candidate: its start and end logits; those in its sentence alone, where that was read;
the null score of its text; cosine similarity of passage and question; the passage's BM25 as a
share of the best one's; its score by both sides of the search; the share of the question's words
that its sentence holds; whether it runs over the end of a sentence or line, which of evidence is no
fault."""

SHIPPED = Path(__file__).parent / "models" / "calibration.json"

_LEAST = 1e-9
_NUMBERS = ("none", "slope", "intercept", "for_support", "for_foreign", "temperature")


@dataclass(frozen=True, slots=True)
class Calibration:
    """How much each feature counts, and how sure that makes.

    Attributes:
        weights: Of each of `FEATURES`, by name.
        none: Log-linear score of "none of these".
        slope: Of the line, over the log odds of a group's share; positive.
        intercept: Of the line.
        for_support: What the logarithm of the number of independent sources adds to the line.
        for_foreign: What it adds that no passage holds any of the question's names.
        temperature: Of the baseline.
        fit: How it was fitted: models, questions, figures; JSON values.
    """

    weights: Mapping[str, float]
    none: float
    slope: float
    intercept: float
    for_support: float
    for_foreign: float
    temperature: float
    fit: Mapping[str, Any]

    @property
    def calibration_id(self) -> str:
        """Name that changes with the numbers."""
        numbers = asdict(self) | {"fit": None}
        return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:12]

    def logits(self, features: Floats) -> Floats:
        """Log odds of each candidate against "none of these".

        Args:
            features: In the order of `FEATURES`, shape (n, features).

        Returns:
            Shape (n,).
        """
        weights = np.array([self.weights[name] for name in FEATURES])
        return np.asarray(features @ weights - self.none, dtype=np.float64)

    def probabilities(self, logits: Floats) -> Floats:
        """Each candidate's share; what is left to 1 is that of "none of these".

        Args:
            logits: Shape (n,).

        Returns:
            Shape (n,), in [0, 1].
        """
        highest = max(0.0, float(logits.max(initial=0.0)))
        shares = np.exp(logits - highest)
        return np.asarray(shares / (math.exp(-highest) + shares.sum()), dtype=np.float64)

    def confidence(self, probability: float, *, support: int, is_foreign: bool) -> float:
        """Probability that an answer is right.

        Args:
            probability: Sum of the shares of the candidates that give it.
            support: How many independent sources do.
            is_foreign: Whether the question has names, and no passage found holds one of them.
        """
        line = self.intercept + self.slope * log_odds(probability)
        line += self.for_support * math.log(max(1, support)) + self.for_foreign * is_foreign
        return 1 / (1 + math.exp(-max(-700.0, min(700.0, line))))

    def save(self, path: Path) -> None:
        """Write it as JSON, whole or not at all.

        Raises:
            OSError: It can't be written there.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.part")
        part.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        part.replace(path)


def log_odds(probability: float) -> float:
    """Logarithm of a probability's odds; finite for 0 and 1 too."""
    inside = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(inside / (1 - inside))


def load_calibration(path: Path = SHIPPED) -> Calibration:
    """Read a calibration.

    Raises:
        UnusableCalibration: There is none, or it isn't one of these features.
    """
    remedy = "Name a file that `pincite calibrate` wrote, or none for the shipped one."
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path} can't be read as a calibration: {error}."
        raise UnusableCalibration(message, remedy) from error
    if not isinstance(read, dict) or read.keys() != {"weights", "fit", *_NUMBERS}:
        raise UnusableCalibration(f"{path} holds other things than a calibration.", remedy)
    weights = read["weights"]
    if not isinstance(weights, dict) or weights.keys() != set(FEATURES):
        raise UnusableCalibration(
            f"{path} weighs other features than {', '.join(FEATURES)}.", remedy
        )
    for name, number in {**weights, **{name: read[name] for name in _NUMBERS}}.items():
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not abs(number) <= sys.float_info.max:
            raise UnusableCalibration(f"{path} gives no number for {name}: {number!r}.", remedy)
    if not isinstance(read["fit"], dict):
        raise UnusableCalibration(f"{path} doesn't tell how it was fitted: fit.", remedy)
    if read["slope"] <= 0 or read["temperature"] <= 0:
        raise UnusableCalibration(f"Slope and temperature of {path} must be positive.", remedy)
    return Calibration(**read)


def baseline(spans: Floats, nulls: Floats, temperature: float) -> Floats:
    """The fixed baseline: softmax over all spans and nulls of all passages, with a temperature.

    Args:
        spans: Start and end logits of each span, shape (n,).
        nulls: Null score of each text, shape (t,).
        temperature: What the scores are divided by.

    Returns:
        Share of each span, shape (n,).
    """
    scores = np.concatenate([spans, nulls]) / temperature
    if not len(scores):
        return scores
    shares = np.exp(scores - scores.max())
    return np.asarray((shares / shares.sum())[: len(spans)], dtype=np.float64)
