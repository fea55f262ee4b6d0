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

_DIVIDING = 0.05
"""Share of the work that is over when a document is divided; embedding is the rest."""


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
        progress=lambda fraction: progress(_DIVIDING * fraction),
    )
    passages = segmentation.passages
    vectors = np.empty((len(passages), embedder.dimension), dtype=np.float16)
    for begin in range(0, len(passages), _EMBED_AT_ONCE):
        inputs = [
            passage_input(document.title, document.text[passage.start : passage.end], embedder)
            for passage in passages[begin : begin + _EMBED_AT_ONCE]
        ]
        vectors[begin : begin + len(inputs)] = embedder.embed(inputs)
        embedded = (begin + len(inputs)) / len(passages)
        progress(_DIVIDING + (1 - _DIVIDING) * embedded if embedded < 1 else 1.0)
    reach("ingest.embedded")
    return segmentation, vectors
