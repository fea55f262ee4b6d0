"""Fusion: two rankings of passages made into one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

LEXICAL_WEIGHT = 0.5
"""Share of BM25 in the fused score; measured by `scripts/measure_search.py`."""


def fuse(
    similarity: npt.NDArray[np.float32],
    lexical: npt.NDArray[np.float32],
    lexical_weight: float = LEXICAL_WEIGHT,
) -> npt.NDArray[np.float32]:
    """Weighted sum of both scores, each scaled to [0, 1] over the candidates.

    Min-max scaling (Fox and Shaw, 1994; Bruch et al., 2023). All candidates must have been scored
    by both sides, so that a passage that only one side found isn't taken for one without merit on
    the other.

    Args:
        similarity: Cosine similarities, shape (n,).
        lexical: BM25 scores, shape (n,).
        lexical_weight: Share of the second.

    Returns:
        Shape (n,), in [0, 1].
    """
    return ((1 - lexical_weight) * _scaled(similarity) + lexical_weight * _scaled(lexical)).astype(
        np.float32
    )


def _scaled(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    wide = scores.astype(np.float64)
    lowest, highest = (wide.min(), wide.max()) if wide.size else (0.0, 0.0)
    if highest <= lowest:
        return np.zeros_like(wide)
    scaled: npt.NDArray[np.float64] = (wide - lowest) / (highest - lowest)
    return scaled
