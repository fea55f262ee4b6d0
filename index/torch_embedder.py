"""Embedders of any make, on torch; the only sentence-transformers import."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from index.models import check_usable, find_model, loading, model_id, weights_digest

_BATCH = 32


class SentenceTransformerEmbedder:
    """An embedder that sentence-transformers loads; on a GPU if torch has one.

    May be called from several threads at once; they embed one after the other.

    Args:
        name: A local folder or a hub id.
        threads: How many threads torch may use on the processor; None: torch decides.

    Raises:
        ModelNotFound: There is no such model.
        UnusableModel: The files make no embedder.
    """

    def __init__(self, name: str, *, threads: int | None = None) -> None:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        if threads is not None:
            torch.set_num_threads(threads)
        folder = find_model(name)
        digest = weights_digest(folder)
        logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
        with loading(folder):
            self._model = SentenceTransformer(
                str(folder),
                device="cuda" if torch.cuda.is_available() else "cpu",
                local_files_only=True,
            )
        # A copy: a tokenizer keeps the truncation of its last call, for whichever thread is next.
        self._tokenizer = copy.deepcopy(self._model.tokenizer)
        check_usable(folder, {"a fast tokenizer": getattr(self._tokenizer, "is_fast", False)})
        self._embedding = threading.Lock()
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
        with self._embedding:
            vectors = self._model.encode(
                list(texts),
                batch_size=_BATCH,
                normalize_embeddings=True,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)
