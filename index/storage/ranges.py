"""Ranges of a text as the catalog keeps them: little-endian pairs of 32 bits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from index.types import TextRange


def pack(ranges: Iterable[TextRange]) -> bytes:
    """Ranges as bytes."""
    return np.array(list(ranges), dtype="<u4").tobytes()


def unpack(blob: bytes) -> tuple[TextRange, ...]:
    """Ranges that `pack` made bytes of.

    Raises:
        ValueError: They aren't whole pairs.
    """
    pairs: list[list[int]] = np.frombuffer(blob, dtype="<u4").reshape(-1, 2).tolist()
    return tuple(TextRange(start, end) for start, end in pairs)
