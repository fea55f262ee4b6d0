"""What an embedder does: texts to vectors, and text to the tokens that limit what fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
"""Name that stands for the embedder that is installed with Pincite."""


class Embedder(Protocol):
    """Makes vectors of unit length, so that their inner product is the cosine similarity."""

    @property
    def model_id(self) -> str:
        """Name that changes with the weights; vectors of different ids are not comparable."""

    @property
    def dimension(self) -> int:
        """Length of the vectors."""

    @property
    def max_tokens(self) -> int:
        """Most tokens of one input, special ones included."""

    @property
    def special_tokens(self) -> int:
        """How many tokens are added around a text."""

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """Offsets in code points, `(start, end)`, of a text's tokens without the special ones."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts, shape (len(texts), dimension), each of length 1."""
