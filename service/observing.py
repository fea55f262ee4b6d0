"""Observing: questions with known answers are asked, and what speaks for each candidate is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service import metrics
from service.considering import Considered
from service.fitting import AskedSample

RIGHT = 0.5
"""F1 from which an answer counts as right where only right and wrong are told apart."""

READ = 10
"""Passages that are read of each question: as many as most questions need until they settle."""


def observed(
    considered: Considered,
    golds: Sequence[str],
    *,
    source: str,
    cluster: str,
    weight: float = 1.0,
) -> AskedSample:
    """What a fit learns from a question that was asked.

    Args:
        considered: What it was answered from.
        golds: Its gold answers; none if it can't be answered.
        source: The set it comes from.
        cluster: What it shares with questions like it.
        weight: How much it counts.
    """
    is_right = [
        bool(golds) and metrics.score(candidate.quote, golds).f1 >= RIGHT
        for candidate in considered.candidates
    ]
    return AskedSample(
        features=considered.features,
        right=np.array(is_right, dtype=np.bool_),
        groups=considered.groups,
        support=considered.support,
        nulls=considered.nulls,
        is_foreign=considered.is_foreign,
        weight=weight,
        source=source,
        cluster=cluster,
    )
