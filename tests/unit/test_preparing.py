"""Documents divided and embedded: how far that has come."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder

from index.documents import make_document
from index.preparing import prepare

TEXT = "\n\n".join(
    f"Sentence number {n} of a long report on harbours, ships, fish and the wind at sea."
    for n in range(900)
)


class MarkingEmbedder(FakeEmbedder):
    """Marks among the fractions when it embeds."""

    def __init__(self, seen: list[float | str]) -> None:
        self._seen = seen

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self._seen.append("embed")
        return super().embed(texts)


def test_progress_rises_while_a_document_is_divided_and_embedded() -> None:
    seen: list[float | str] = []
    document, _ = make_document("a.txt", TEXT.encode(), max_bytes=10**6)
    segmentation, _ = prepare(document, set(), MarkingEmbedder(seen), seen.append)
    dividing = seen[: seen.index("embed")]
    fractions = [each for each in seen if isinstance(each, float)]
    assert len(dividing) == len(segmentation.passages) > 128
    assert fractions == sorted(set(fractions))
    assert (fractions[len(dividing) - 1], fractions[-1]) == (pytest.approx(0.05), 1.0)
    assert seen[len(dividing) :: 2] == ["embed"] * (len(fractions) - len(dividing))


def test_dividing_ends_when_its_progress_raises() -> None:
    class Ended(Exception):
        pass

    def end(fraction: float) -> None:
        if fraction > 0.02:
            raise Ended

    seen: list[float | str] = []
    document, _ = make_document("a.txt", TEXT.encode(), max_bytes=10**6)
    with pytest.raises(Ended):
        prepare(document, set(), MarkingEmbedder(seen), end)
    assert seen == []
