"""A second fake embedder, for collections that change theirs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from fakes import FakeEmbedder, tokens


class OtherEmbedder(FakeEmbedder):
    """Has other vectors of another length, and room for fewer tokens."""

    model_id = "other-embedder@1"
    dimension = 32
    max_tokens = 40

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for start, end in tokens(text):
                digest = hashlib.sha256(text[start:end].lower().encode()).digest()
                vectors[row, digest[1] % self.dimension] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
