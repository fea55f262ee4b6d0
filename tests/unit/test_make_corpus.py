"""The large collection: real texts once each, the same every time, and going on after a kill."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import date
from pathlib import Path

import corpus_texts
import make_corpus
import numpy as np
import pytest
from click import ClickException
from click.testing import CliRunner
from corpus_texts import FIRST_DAY, LAST_DAY, TAGS, Text
from fakes import FakeEmbedder
from kept_vectors import KeptVectors
from make_corpus import SIZES, CorpusPlan

from index.catalog import Catalog
from index.ingest import Ingester

BRIDGES = [
    f"In {1900 + n}, {n} people built a bridge at Place{n} over river {n}." for n in range(40)
]


def rows(path: Path, values: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(json.dumps(value) for value in values).encode()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two articles, texts without a title, a set in BEIR's layout, and a text that comes again."""
    data = tmp_path / "data"
    by_title = [
        {"title": f"The_{'old' if n < 6 else 'new'}", "context": BRIDGES[n]} for n in range(12)
    ]
    rows(data / "qa" / "train" / "bridges.jsonl.gz", by_title)
    rows(
        data / "qa" / "calibration" / "bridges.jsonl.gz",
        [
            {"title": "The_new", "context": f"  {BRIDGES[0].upper()}\n"},
            {"title": "", "context": " "},
        ],
    )
    rows(
        data / "qa" / "dev" / "squad_dev_v1.jsonl.gz",
        [{"title": "Asked", "context": BRIDGES[n]} for n in (12, 13)],
    )
    rows(data / "qa" / "dev" / "posts.jsonl.gz", [{"context": BRIDGES[n]} for n in range(14, 27)])
    rows(
        data / "ir" / "cranfield" / "corpus.jsonl.gz",
        [{"_id": str(n), "title": f"Title {n}", "text": BRIDGES[n]} for n in range(27, 37)],
    )
    rows(
        data / "ir" / "selqa_sections" / "corpus.jsonl.gz",
        [{"_id": str(n), "title": f"Market - Part {n}", "text": BRIDGES[n]} for n in range(37, 40)],
    )
    return data


def test_each_text_is_read_once_with_its_article(data: Path) -> None:
    texts = corpus_texts.read_texts(data)
    assert sorted(text.text for text in texts) == sorted(BRIDGES)
    places = {text.text: (text.source, text.title) for text in texts}
    assert places[BRIDGES[0]] == ("bridges", "The old")
    assert places[BRIDGES[13]] == ("squad_dev_v1", "Asked")
    assert places[BRIDGES[14]] == ("posts", "")
    assert places[BRIDGES[27]] == ("cranfield", "")
    assert places[BRIDGES[39]] == ("selqa_sections", "Market")


def test_texts_are_joined_by_title_by_ten_or_to_volumes(data: Path) -> None:
    # Twelve words in each: a volume is full with the fourth.
    articles = corpus_texts.join_texts(corpus_texts.read_texts(data), 40)
    sizes = {(one.source, one.title, one.text.count("\n\n") + 1) for one in articles}
    assert sizes == {
        ("bridges", "The old", 4),
        ("bridges", "The old", 2),
        ("bridges", "The new", 4),
        ("bridges", "The new", 2),
        ("squad_dev_v1", "Asked", 2),
        ("posts", "", 4),
        ("posts", "", 1),
        ("cranfield", "", 4),
        ("cranfield", "", 2),
        ("selqa_sections", "Market", 3),
    }
    longer = corpus_texts.join_texts(corpus_texts.read_texts(data), 150)
    assert [len(one.text.split("\n\n")) for one in longer if one.source == "posts"] == [10, 3]
    assert [len(one.text.split("\n\n")) for one in longer if one.source == "cranfield"] == [10]
    joined = "\n\n".join(one.text for one in articles).split("\n\n")
    assert sorted(joined) == sorted(BRIDGES)


def test_the_largest_comes_first_then_what_is_asked_about(data: Path) -> None:
    articles = corpus_texts.join_texts(corpus_texts.read_texts(data), 1_000)
    ordered = corpus_texts.in_order(articles)
    assert sorted(ordered) == sorted(articles)
    assert len(ordered[0].text) == max(len(one.text) for one in articles)
    assert ordered[1].title == "Asked"
    assert corpus_texts.in_order(articles) == ordered


@pytest.mark.parametrize(
    ("sizes", "share", "marked"),
    [
        ([1] * 10, 0.5, [1, 3, 5, 7, 9]),
        ([1] * 10, 0.1, [9]),
        ([1] * 10, 0.0, []),
        ([1] * 10, 1.0, range(10)),
        ([8, 1, 1, 10, 4], 0.25, [1, 2, 4]),
        ([50, 1, 49, 100, 1], 0.01, [4]),
    ],
)
def test_marks_never_exceed_the_share(sizes: list[int], share: float, marked: list[int]) -> None:
    marks = corpus_texts.mark(sizes, share)
    assert [number for number, one in enumerate(marks) if one] == list(marked)


def test_shares_of_the_tags_hold_for_documents_of_all_sizes() -> None:
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 40, 4_000).tolist()
    articles = [Text("posts", "", "word " * size) for size in sizes]
    documents = corpus_texts.make_documents(articles)
    assert documents == corpus_texts.make_documents(articles)
    total = sum(sizes)
    for tag, share in TAGS.items():
        held = sum(
            size for size, one in zip(sizes, documents, strict=True) if tag in one.sidecar["tags"]
        )
        assert share * total - 40 <= held <= share * total
    days = [date.fromisoformat(one.sidecar["published_at"]) for one in documents]
    assert FIRST_DAY <= min(days) <= date(2005, 2, 1)
    assert date(2024, 12, 1) <= max(days) <= LAST_DAY
    per_year = np.bincount([day.year - 2005 for day in days])
    assert len(per_year) == 20
    assert per_year.min() > 140
    assert len({one.document_id for one in documents}) == 4_000


@pytest.mark.parametrize(
    ("words", "passages", "tokens"),
    [
        (5_500_000, 100_000, 64),
        (5_500_000, 190_000, 48),
        (5_500_000, 240_000, 40),
        (5_500_000, 300_000, 32),
        (36_850, 1_000, 64),
        (36_849, 1_000, 48),
    ],
)
def test_passages_are_as_large_as_the_text_allows(words: int, passages: int, tokens: int) -> None:
    assert make_corpus.choose_size(words, passages).tokens == tokens


def test_too_few_words_are_refused_with_what_they_are_enough_for() -> None:
    with pytest.raises(ClickException) as refused:
        make_corpus.choose_size(17_500, 1_001)
    assert refused.value.message == (
        "The data has 17,500 words, enough for 1,000 passages, not for 1,001. Ask for fewer, or "
        "put more question files into its folders."
    )


def test_the_largest_document_is_of_two_thousand_passages_or_a_tenth() -> None:
    size = SIZES[0]
    assert make_corpus.volume_words(100_000, size) == round(1.1 * 2_000 * size.words)
    assert make_corpus.volume_words(1_000, size) == round(1.1 * 100 * size.words)


def test_a_collection_goes_on_only_as_it_was_begun(tmp_path: Path) -> None:
    path = tmp_path / "c" / "corpus.json"
    plan = CorpusPlan(1_000, 64, "fake@1", 50_000)
    make_corpus.check_plan(path, plan)
    make_corpus.check_plan(path, plan)
    with pytest.raises(ClickException, match=r"was begun with .*'passages': 1000.*not with .*2000"):
        make_corpus.check_plan(path, plan._replace(passages=2_000))
    other = tmp_path / "other"
    other.mkdir()
    Catalog(other / "catalog.sqlite", create=True).close()
    with pytest.raises(ClickException, match="a collection that this script didn't make"):
        make_corpus.check_plan(other / "corpus.json", plan)
    assert not (other / "corpus.json").exists()


class Counting(FakeEmbedder):
    """Remembers which texts it was given, and fails when it has had enough."""

    def __init__(self, enough: int = 10**9) -> None:
        self.texts: list[str] = []
        self._enough = enough

    def embed(self, texts):
        if len(self.texts) >= self._enough:
            raise KeyboardInterrupt
        self.texts += texts
        return super().embed(texts)


def test_a_vector_is_made_once_and_is_the_embedders(tmp_path: Path) -> None:
    expected = FakeEmbedder().embed(BRIDGES).astype(np.float16).astype(np.float32)
    first, second = Counting(), Counting()
    with KeptVectors(first, tmp_path / "kept.sqlite", max_tokens=40) as kept:
        assert (kept.max_tokens, kept.dimension, kept.model_id) == (40, 64, FakeEmbedder.model_id)
        assert np.array_equal(kept.embed(BRIDGES[:5]), expected[:5])
        assert np.array_equal(kept.embed(BRIDGES[3:8]), expected[3:8])
    assert first.texts == BRIDGES[:8]
    with KeptVectors(second, tmp_path / "kept.sqlite", max_tokens=400) as kept:
        assert kept.max_tokens == FakeEmbedder.max_tokens
        assert np.array_equal(kept.embed(BRIDGES), expected)
    assert second.texts == BRIDGES[8:]
    second.model_id = "other@2"
    with KeptVectors(second, tmp_path / "kept.sqlite", max_tokens=40) as kept:
        kept.embed(BRIDGES[:1])
    assert second.texts[-1] == BRIDGES[0]


def test_vectors_are_not_kept_in_another_file(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    path.write_text("no database, but quite a long line of text " * 40)
    with pytest.raises(ClickException, match=f"Vectors can't be kept in {path}: file is not a"):
        KeptVectors(FakeEmbedder(), path, max_tokens=40)


def test_a_run_that_ended_early_goes_on_to_the_same(tmp_path: Path, data: Path) -> None:
    articles = corpus_texts.in_order(corpus_texts.join_texts(corpus_texts.read_texts(data), 40))
    documents = corpus_texts.make_documents(articles)

    def put(name: str, embedder: FakeEmbedder) -> tuple[int, int]:
        catalog = Catalog(tmp_path / name / "catalog.sqlite", create=True)
        try:
            return make_corpus.put_documents(Ingester(catalog, embedder), documents, 16)
        finally:
            catalog.close()

    def held(name: str) -> list[tuple[object, ...]]:
        catalog = Catalog(tmp_path / name / "catalog.sqlite")
        with catalog.snapshot() as snapshot:
            found = snapshot.rows(
                "SELECT passage_id, document_id, start, end, matrix FROM passages "
                "JOIN revisions USING (revision_id) JOIN vectors USING (revision_id) "
                "ORDER BY passage_id"
            )
        catalog.close()
        return [tuple(row) for row in found]

    number, total = put("whole", FakeEmbedder())
    assert 16 <= total == len(held("whole"))
    assert 1 < number < len(documents)
    with pytest.raises(KeyboardInterrupt):
        put("halves", Counting(enough=10))
    assert 0 < len(held("halves")) < total
    rest = Counting()
    assert put("halves", rest) == (number, total)
    assert 0 < len(rest.texts) < total
    assert held("halves") == held("whole")


def test_missing_data_and_wrong_sizes_end_in_a_message(tmp_path: Path, data: Path) -> None:
    folder = tmp_path / "c"
    done = CliRunner().invoke(make_corpus.main, [str(folder), "--data", str(data)])
    assert done.exit_code == 1
    assert done.output == (
        "Error: The data has 480 words, enough for 27 passages, not for 100,000. Ask for fewer, "
        "or put more question files into its folders.\n"
    )
    shutil.rmtree(data / "ir")
    done = CliRunner().invoke(make_corpus.main, [str(folder), "--data", str(data)])
    assert done.exit_code == 1
    assert f"{data / 'ir' / 'cranfield' / 'corpus.jsonl.gz'} can't be read" in done.output
    shutil.rmtree(data / "qa")
    done = CliRunner().invoke(make_corpus.main, [str(folder), "--data", str(data)])
    assert done.output.startswith("Error: There are no question files (.jsonl.gz) in")
    assert not folder.exists()
