"""Small models that follow rules anyone can check by hand; they pass the real ones' contracts."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import regex

from service.types import WindowLogits

_TOKEN = regex.compile(r"\p{L}[\p{L}\p{M}]*|\p{N}|[^\s\p{L}\p{N}]\p{M}*")


def tokens(text: str) -> list[tuple[int, int]]:
    """Words, single digits and single marks."""
    return [match.span() for match in _TOKEN.finditer(text)]


class FakeEmbedder:
    """Vectors of hashed words: texts that share words are near."""

    model_id = "fake-embedder@1"
    dimension = 64
    max_tokens = 64
    special_tokens = 2

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        return tokens(text)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for start, end in tokens(text):
                digest = hashlib.sha256(text[start:end].lower().encode()).digest()
                vectors[row, digest[0] % self.dimension] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class GatedEmbedder(FakeEmbedder):
    """Stops before a batch with a text that holds a word, until it is let go.

    Attributes:
        reached: Set when it stops.
        release: To be set to let it go.
    """

    def __init__(self, word: str) -> None:
        self._word = word
        self.reached = threading.Event()
        self.release = threading.Event()

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if any(self._word in text for text in texts):
            self.reached.set()
            assert self.release.wait(timeout=60)
        return super().embed(texts)


class FakeReader:
    """Answers "How many…" with numbers and "Who…" with capitalised words; knows nothing else.

    Reads windows of `window` tokens, of which neighbours share `shared`.
    """

    model_id = "fake-reader@1"

    def __init__(self, window: int = 48, shared: int = 16) -> None:
        self._window = window
        self._shared = shared

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        read = []
        for text in texts:
            check()
            places = tokens(text)
            step = self._window - self._shared
            last = max(1, len(places) - self._shared)
            read.append(
                [
                    self._logits(question, text, places[begin : begin + self._window])
                    for begin in range(0, last, step)
                ]
            )
        return read

    def _logits(self, question: str, text: str, places: list[tuple[int, int]]) -> WindowLogits:
        wanted = {"how many": r"\p{N}", "who": r"\p{Lu}"}
        pattern = next((p for key, p in wanted.items() if question.lower().startswith(key)), None)
        asked = {question[s:e].lower() for s, e in tokens(question)}
        scores = np.full(len(places), -5.0, dtype=np.float32)
        for row, (start, end) in enumerate(places):
            if pattern and regex.match(pattern, text[start:end]):
                near = text[max(0, start - 60) : end + 60].lower()
                scores[row] = 1.0 + sum(near.count(word) for word in asked if len(word) > 3)
        return WindowLogits(
            start=scores,
            end=scores.copy(),
            offsets=np.array(places, dtype=np.int64).reshape(-1, 2),
            null=0.0,
        )
