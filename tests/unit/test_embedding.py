"""Many texts are embedded batch by batch, in order."""

import numpy as np
import pytest
from embedding import embed
from fakes import FakeEmbedder

TEXTS = [f"In {1900 + n}, {n} bridges were built by Place{n % 3}." for n in range(10)]


class Counting(FakeEmbedder):
    """Remembers how many texts it was given at once."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def embed(self, texts):
        self.sizes.append(len(texts))
        return super().embed(texts)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(3, [3, 3, 3, 1]), (5, [5, 5]), (64, [10])], ids=str
)
def test_batches_together_give_every_vector(batch_size, sizes, capsys):
    embedder = Counting()
    vectors = embed(embedder, TEXTS, "bridges", batch_size=batch_size)
    assert embedder.sizes == sizes
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, np.stack([FakeEmbedder().embed([t])[0] for t in TEXTS]))
    assert capsys.readouterr().err.rpartition("bridges: 100%")[2].count("10/10") == 1


def test_no_texts_give_no_vectors():
    assert embed(FakeEmbedder(), [], "none").shape == (0, FakeEmbedder().dimension)
