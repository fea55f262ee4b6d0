"""A document divided into passages, and these embedded; writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Set

import numpy as np
import numpy.typing as npt

from index.embedder import Embedder
from index.faults import reach
from index.passages import passage_input, segment
from index.types import Document, Segmentation

_EMBED_AT_ONCE = 128


def prepare(
    document: Document,
    repeated: Set[int],
    embedder: Embedder,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[Segmentation, npt.NDArray[np.float16]]:
    """Divide a document into passages and embed them.

    Args:
        document: Which.
        repeated: Keys of its short lines that are repeated across documents.
        embedder: Makes the vectors; passages are sized for it.
        progress: Called with the fraction done, up to 1.

    Returns:
        Its segmentation, and a vector for each passage, shape (passages, dimension).
    """
    segmentation = segment(
        document.text,
        title=document.title,
        tokenizer=embedder,
        repeated=repeated,
        from_page=document.media_type != "text/markdown",
    )
    inputs = [
        passage_input(document.title, document.text[p.start : p.end], embedder)
        for p in segmentation.passages
    ]
    vectors = np.empty((len(inputs), embedder.dimension), dtype=np.float16)
    for begin in range(0, len(inputs), _EMBED_AT_ONCE):
        batch = inputs[begin : begin + _EMBED_AT_ONCE]
        vectors[begin : begin + len(batch)] = embedder.embed(batch)
        progress((begin + len(batch)) / len(inputs))
    reach("ingest.embedded")
    return segmentation, vectors
