"""Figures of an index: how they are computed from what was timed and found, and printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.metrics import RESAMPLES, Figure

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        measure: What is measured.
        figure: The figure and its 95% interval.
        unit: Of the figure; empty for a number without one.
        at_least: What the project asks for, if it asks for that.
        at_most: Likewise.
    """

    measure: str
    figure: Figure
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure is as it should be; None if nothing is asked for."""
        if self.at_least is not None:
            return self.figure.value >= self.at_least
        return None if self.at_most is None else self.figure.value <= self.at_most


def exact_figure(value: float) -> Figure:
    """A figure that isn't sampled: a size, a count."""
    return Figure(value, value, value, 1)


def percentile_figure(values: npt.ArrayLike, percent: float) -> Figure:
    """A percentile of values, with its bootstrap interval.

    Args:
        values: Shape (n,), n at least 1.
        percent: Which, in [0, 100].
    """
    sample = np.asarray(values, float)
    return _figure(
        float(np.percentile(sample, percent)),
        _resampled_percentiles(sample, percent, seed=0),
        len(sample),
    )


def percentile_ratio(ours: npt.ArrayLike, theirs: npt.ArrayLike, percent: float) -> Figure:
    """A percentile of some values over that of others, both resampled, each for itself.

    Args:
        ours: Shape (n,), n at least 1.
        theirs: Shape (m,), m at least 1; above 0.
        percent: Which, in [0, 100].
    """
    above, below = np.asarray(ours, float), np.asarray(theirs, float)
    return _figure(
        float(np.percentile(above, percent) / np.percentile(below, percent)),
        _resampled_percentiles(above, percent, seed=0)
        / _resampled_percentiles(below, percent, seed=1),
        len(above) + len(below),
    )


def _resampled_percentiles(sample: Floats, percent: float, *, seed: int) -> Floats:
    """Percentiles of bootstrap samples, shape (RESAMPLES,)."""
    rng = np.random.default_rng(seed)
    return np.array(
        [
            np.percentile(sample[rng.integers(0, len(sample), len(sample))], percent)
            for _ in range(RESAMPLES)
        ]
    )


def _figure(value: float, resampled: Floats, n: int) -> Figure:
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Figure(value, float(low), float(high), n)


def table(rows: Sequence[Row]) -> str:
    """Rows as a Markdown table."""
    lines = ["| measure | figure | 95% interval | n | asked for | met |", "|---" * 6 + "|"]
    for row in rows:
        figure, unit = row.figure, f" {row.unit}" if row.unit else ""
        interval = f"{_shown(figure.low)} to {_shown(figure.high)}" if figure.n > 1 else ""
        asked, met = "", ""
        if row.met is not None:
            sign, bound = ("≥", row.at_least) if row.at_most is None else ("≤", row.at_most)
            asked, met = f"{sign} {bound:g}{unit}", "yes" if row.met else "NO"
        lines.append(
            f"| {row.measure} | {_shown(figure.value)}{unit} | {interval} | {figure.n:,} | "
            f"{asked} | {met} |"
        )
    return "\n".join(lines)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def as_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as JSON values."""
    return [asdict(row) | {"met": row.met} for row in rows]
