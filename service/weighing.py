"""Weighing: what was considered, with the probability of each candidate and of each group."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from service.calibration import Calibration
from service.candidates import Candidate
from service.considering import Considered


@dataclass(frozen=True, eq=False)
class Weighed:
    """What was considered, weighed by a calibration.

    Attributes:
        logits: Log odds of each candidate against "none of these", shape (n,).
        probabilities: Share of each candidate, shape (n,); the rest is "none of these".
        masses: Sum of the candidates' shares of each group, shape (groups,).
        confidences: Probability that each group is right, shape (groups,).
        ranked: Groups, most probable first; equal ones: the one of the better search rank.
    """

    considered: Considered
    logits: npt.NDArray[np.float64]
    probabilities: npt.NDArray[np.float64]
    masses: npt.NDArray[np.float64]
    confidences: npt.NDArray[np.float64]
    ranked: tuple[int, ...]

    @cached_property
    def _rows(self) -> list[list[int]]:
        rows: list[list[int]] = [[] for _ in self.masses]
        for row in np.lexsort((np.arange(len(self.logits)), -self.logits)):
            rows[self.considered.groups[row]].append(int(row))
        return rows

    def rows(self, group: int) -> list[int]:
        """Candidates of a group, best first."""
        return self._rows[group]

    def lead(self, group: int) -> int:
        """The best candidate of a group."""
        return self._rows[group][0]

    def members(self, group: int) -> list[Candidate]:
        """The candidates of a group, best first."""
        return [self.considered.candidates[row] for row in self._rows[group]]


def weigh(considered: Considered, calibration: Calibration) -> Weighed:
    """Give each candidate and each group its probability.

    Args:
        considered: What was read.
        calibration: How much each feature counts.
    """
    logits = calibration.logits(considered.features)
    probabilities = calibration.probabilities(logits)
    masses = np.zeros(len(considered.support))
    np.add.at(masses, considered.groups, probabilities)
    confidences = np.array(
        [
            calibration.confidence(float(mass), support=int(n), is_foreign=considered.is_foreign)
            for mass, n in zip(masses, considered.support, strict=True)
        ]
    )
    ranked = tuple(int(group) for group in np.lexsort((np.arange(len(masses)), -masses)))
    return Weighed(considered, logits, probabilities, masses, confidences, ranked)
