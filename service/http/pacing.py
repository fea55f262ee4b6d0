"""How writing shares the processor with questions: by steps that are short."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from index.embedder import Embedder
from service.http.turns import Turn

_EMBED_AT_ONCE = 16
"""Texts between two steps: how long a question may have to share the processor with them."""

_TOKENIZE_AT_ONCE = 20_000
"""Code points between two such steps while a document is divided."""


class PacedEmbedder:
    """An embedder that works in small batches, with a pause between them.

    A question waits for one batch; a long document is also divided in steps.
    """

    def __init__(self, embedder: Embedder, turn: Turn) -> None:
        self._embedder = embedder
        self._turn = turn
        self._tokenized = 0
        self.model_id = embedder.model_id
        self.dimension = embedder.dimension
        self.max_tokens = embedder.max_tokens
        self.special_tokens = embedder.special_tokens

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """As the embedder does, with a pause once many code points have been read."""
        self._tokenized += len(text)
        if self._tokenized < _TOKENIZE_AT_ONCE:
            self._turn.check()
        else:
            self._tokenized = 0
            self._turn.pause()
        return self._embedder.token_offsets(text)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """As the embedder does, with a pause before each small batch."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for begin in range(0, len(texts), _EMBED_AT_ONCE):
            self._turn.pause()
            batch = texts[begin : begin + _EMBED_AT_ONCE]
            vectors[begin : begin + len(batch)] = self._embedder.embed(batch)
        return vectors
