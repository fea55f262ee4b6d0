"""Vectors of many texts, with a progress bar."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from index.embedder import Embedder


def embed(
    embedder: Embedder, texts: Sequence[str], title: str, *, batch_size: int = 64
) -> npt.NDArray[np.float32]:
    """Vectors of texts, shape (len(texts), dimension), each of length 1.

    Args:
        embedder: Makes them.
        texts: What to embed.
        title: What the progress bar is called.
        batch_size: How many the embedder is given at once; another number can change a vector's
            last bit.
    """
    vectors = np.empty((len(texts), embedder.dimension), dtype=np.float32)
    with tqdm(total=len(texts), desc=title) as bar:
        for begin in range(0, len(texts), batch_size):
            batch = texts[begin : begin + batch_size]
            vectors[begin : begin + len(batch)] = embedder.embed(batch)
            bar.update(len(batch))
    return vectors
