"""The measures of a large index: figures against brute force, and what they refuse."""

from __future__ import annotations

import gzip
import json
from itertools import product
from pathlib import Path

import index_figures
import measure_index
import numpy as np
import pytest
from click import ClickException
from click.testing import CliRunner
from exact_search import ExactSearch
from fakes import FakeEmbedder
from index_figures import Row, exact_figure
from index_probes import Prepared
from index_writes import Latencies, Timed, copy_of, deletion_rows, large_document

from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.filters import Filters
from index.ingest import Ingester
from index.search import Searcher
from index.upkeep import catch_up
from service.metrics import Figure


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    """Documents of one to six passages; every second is tagged half, the third also tenth."""
    folder = tmp_path / "c"
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    ingester = Ingester(catalog, FakeEmbedder())
    for number in range(6):
        text = "\n\n".join(
            f"The ship of Place{number} sailed on day {day} with {number * 10 + day} sailors and "
            f"{day} casks of water, while the harbour of Place{number} lay under snow and ice, and "
            f"nobody in town {number} knew by then whether ship {day} would ever come home again."
            for day in range(number + 1)
        )
        tags = ["half"] * (number % 2) + ["tenth"] * (number == 2)
        document, _ = make_document(
            f"{number}.txt", text.encode(), sidecar={"tags": tags}, max_bytes=10_000
        )
        ingester.put(document)
    catalog.close()
    return folder


def test_percentiles_and_their_intervals_are_those_of_all_resamples() -> None:
    values = [1.0, 2.0, 10.0]
    medians = [np.median(drawn) for drawn in product(values, repeat=3)]
    figure = index_figures.percentile_figure(values, 50)
    assert (figure.value, figure.n) == (2.0, 3)
    assert (figure.low, figure.high) == tuple(np.percentile(medians, [2.5, 97.5]))
    assert index_figures.percentile_figure(range(101), 95).value == 95.0
    wide = index_figures.percentile_figure(np.random.default_rng(0).exponential(1, 400), 95)
    assert wide.low < wide.value < wide.high


def test_a_ratio_of_percentiles_resamples_both() -> None:
    rng = np.random.default_rng(1)
    idle = 10 + rng.random(300)
    ratio = index_figures.percentile_ratio(3 * idle, idle, 95)
    assert ratio.value == pytest.approx(3)
    assert ratio.low < 3 < ratio.high
    assert ratio.high - ratio.low < 0.1
    assert ratio.n == 600


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row("recall", Figure(0.98, 0.97, 0.99, 5), at_least=0.98), True),
        (Row("recall", Figure(0.979, 0.97, 0.99, 5), at_least=0.98), False),
        (Row("time", Figure(15, 14, 16, 5), "ms", at_most=15), True),
        (Row("fewer", exact_figure(1), at_most=0), False),
        (Row("size", exact_figure(1)), None),
    ],
)
def test_a_row_is_met_at_its_bound(row: Row, met: bool | None) -> None:
    assert row.met is met
    assert index_figures.as_json([row])[0]["met"] is met


def test_the_table_says_what_is_asked_for_and_whether_it_is_met() -> None:
    rows = [
        Row("recall@10", Figure(0.98765, 0.98, 0.99, 1500), at_least=0.98),
        Row("p95", Figure(15.25, 14, 16.5, 1500), "ms", at_most=15),
        Row("passages", exact_figure(100_004)),
    ]
    assert index_figures.table(rows).splitlines()[2:] == [
        "| recall@10 | 0.9877 | 0.98 to 0.99 | 1,500 | ≥ 0.98 | yes |",
        "| p95 | 15.25 ms | 14 to 16.5 | 1,500 | ≤ 15 ms | NO |",
        "| passages | 100,004 |  | 1 |  |  |",
    ]
    json.dumps(index_figures.as_json(rows))


def test_recall_is_the_share_of_the_nearest_that_were_found() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0.8, 0.6], [0, 1], [-1, 0]], np.float32)
    ids = np.array([3, 4, 7, 8, 9])
    exact = ExactSearch(ids, vectors, np.arange(5), [])
    queries = np.array([[1, 0], [0, 1], [1, 0]], np.float32)
    every = np.ones(5, dtype=np.bool_)
    found = [np.array([3, 7]), np.array([8, 9]), np.array([4, 7])]
    # Passages 4 and 7 are equally near: either will do as the second.
    assert exact.recalls(queries, found, 2, every).tolist() == [1, 0.5, 0.5]
    few = np.array([False, False, True, True, False])
    found = [np.array([7]), np.array([7, 8]), np.array([3, 4])]
    assert exact.recalls(queries, found, 10, few).tolist() == [0.5, 1, 0]


def test_what_is_compared_with_is_the_catalogs(collection: Path) -> None:
    catalog = Catalog(collection / "catalog.sqlite")
    embedder = FakeEmbedder()
    with catalog.snapshot() as snapshot:
        exact = ExactSearch.read(snapshot, embedder.model_id)
        stored = [
            (row["passage_id"], row["document_id"])
            for row in snapshot.rows(
                "SELECT passage_id, document_id FROM passages "
                "JOIN documents USING (revision_id) ORDER BY passage_id"
            )
        ]
    assert exact.ids.tolist() == [passage for passage, _ in stored]
    accepted = exact.accepted(Filters(tags=frozenset({"half"})))
    assert accepted.tolist() == [document in {"1.txt", "3.txt", "5.txt"} for _, document in stored]
    assert exact.accepted(None).all()
    queries = embedder.embed(["the harbour of Place3", "sailors of Place5 on day 4"])
    searcher = Searcher(catalog, collection, embedder)
    catch_up(catalog, searcher)
    found = [searcher.vectors.search(query, 10).ids for query in queries]
    assert exact.recalls(queries, found, 10, exact.accepted(None)).tolist() == [1, 1]
    searcher.close()
    catalog.close()


def test_rows_of_a_small_collection_find_all_there_is(collection: Path) -> None:
    catalog = Catalog(collection / "catalog.sqlite")
    questions = ["Who sailed from Place5?", "How many sailors had the ship of Place3?"]
    vectors = FakeEmbedder().embed(questions)
    searcher = Searcher(catalog, collection, Prepared(FakeEmbedder(), questions, vectors))
    catch_up(catalog, searcher)
    with catalog.snapshot() as snapshot:
        exact = ExactSearch.read(snapshot, FakeEmbedder.model_id)
    rows = {
        row.measure: row for row in measure_index.index_rows(searcher, exact, questions, vectors)
    }
    assert rows["recall@10 against exact, no filter"].figure == Figure(1, 1, 1, 2)
    assert rows["recall@10 against exact, 50.0% by a tag"].figure == Figure(1, 1, 1, 2)
    assert rows["searches of 2 with fewer hits than exist, 50.0% by a tag"].figure.value == 0
    assert rows["passages, no filter"].figure.value == len(exact.ids)
    half = int(exact.accepted(Filters(tags=frozenset({"half"}))).sum())
    assert rows["passages, 50.0% by a tag"].figure.value == half
    # No document has this tag.
    assert "passages, 0.1% by a tag" not in rows
    assert rows["hybrid search, no filter: p95"].at_most == 15
    assert rows["hybrid search, no filter: p95"].figure.value > 0
    searcher.close()
    catalog.close()


def test_a_large_document_is_put_back_as_it_was(collection: Path) -> None:
    catalog = Catalog(collection / "catalog.sqlite")
    embedder = FakeEmbedder()
    large = large_document(catalog, embedder.model_id)
    assert large.document_id == "5.txt"
    assert large.quote() in large.stored.document.text

    def stored() -> list[object]:
        with catalog.snapshot() as snapshot:
            rows = snapshot.rows(
                "SELECT start, end, tokens, matrix, fingerprint, excluded, sentences "
                "FROM passages JOIN revisions USING (revision_id) JOIN vectors USING (revision_id) "
                "JOIN documents USING (document_id) WHERE document_id = '5.txt' "
                "ORDER BY passage_id"
            )
        return [tuple(row) for row in rows]

    before = stored()
    assert len(before) == len(large.segmentation.passages) > 1
    generation = catalog.generation()
    rows = deletion_rows(collection, embedder, 2)
    assert [row.measure for row in rows] == [
        f"erase a document of {len(before)} passages: the write, median",
        "… and the next search, without it, median",
    ]
    assert 0 < rows[0].figure.value < rows[1].figure.value
    assert (rows[1].at_most, rows[1].figure.n) == (200, 2)
    assert catalog.generation() == generation + 4
    assert stored() == before
    catalog.close()


def test_a_copy_is_removed_and_is_of_all_or_of_the_catalog(collection: Path) -> None:
    catalog = Catalog(collection / "catalog.sqlite")
    opened = Collection(catalog, FakeEmbedder())
    opened.save_views()
    opened.close()
    catalog.close()
    with copy_of(collection) as copy:
        assert sorted(path.name for path in copy.iterdir() if "-" not in path.name) == [
            "catalog.sqlite",
            "lexical",
            "vectors.faiss",
        ]
        assert (copy / "catalog.sqlite").read_bytes() == (
            collection / "catalog.sqlite"
        ).read_bytes()
    assert not copy.exists()
    with copy_of(collection, with_views=False) as copy:
        assert [path.name for path in copy.iterdir() if "-" not in path.name] == ["catalog.sqlite"]
    assert [path.name for path in collection.parent.iterdir()] == ["c"]


def test_prepared_vectors_are_the_embedders_and_others_are_made() -> None:
    class Asked(FakeEmbedder):
        def __init__(self) -> None:
            self.count = 0

        def embed(self, texts):
            self.count += len(texts)
            return super().embed(texts)

    embedder = Asked()
    prepared = Prepared(embedder, ["one ship", "two ships"])
    assert embedder.count == 2
    expected = FakeEmbedder().embed(["two ships", "one ship"])
    assert np.array_equal(prepared.embed(["two ships", "one ship"]), expected)
    assert embedder.count == 2
    assert np.array_equal(prepared.embed(["three"]), FakeEmbedder().embed(["three"]))
    assert embedder.count == 3


def test_latencies_tell_the_search_from_the_embedding(collection: Path) -> None:
    catalog = Catalog(collection / "catalog.sqlite")
    timed = Timed(FakeEmbedder())
    opened = Collection(catalog, timed)
    latencies = Latencies()
    for question in ("ships", "harbour"):
        latencies.take(opened, timed, question)
        assert latencies.whole[-1] - latencies.searched[-1] == pytest.approx(1000 * timed.seconds)
        assert timed.seconds > 0
    assert len(latencies.whole) == len(latencies.searched) == 2
    opened.close()
    catalog.close()


def asked(folder: Path, questions: int) -> Path:
    path = folder / "dev" / "squad_dev_v1.jsonl.gz"
    path.parent.mkdir(parents=True)
    lines = [
        json.dumps(
            {
                "title": "Ships",
                "context": f"Ship {number} sailed.",
                "qas": [
                    {
                        "id": f"{number}{copy}",
                        "question": f"Which ship is number {number}?",
                        "answers": [{"text": "Ship", "answer_start": 0}],
                    }
                    for copy in range(2)
                ],
            }
        )
        for number in range(questions)
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return folder


def test_questions_are_different_ones_and_always_the_same(tmp_path: Path) -> None:
    data = asked(tmp_path, 30)
    questions = measure_index.read_questions(data, 20)
    assert len(set(questions)) == 20
    assert set(questions) <= {f"Which ship is number {number}?" for number in range(30)}
    assert measure_index.read_questions(data, 20) == questions
    with pytest.raises(ClickException) as refused:
        measure_index.read_questions(data, 31)
    assert refused.value.message == (
        f"{data / 'dev' / 'squad_dev_v1.jsonl.gz'} has 30 different questions, not 31. Ask for "
        "fewer."
    )


def test_what_is_missing_ends_in_a_message(tmp_path: Path, collection: Path) -> None:
    done = CliRunner().invoke(measure_index.main, [str(tmp_path / "none")])
    assert (done.exit_code, done.output) == (
        1,
        f"Error: There is no collection in {tmp_path / 'none'}. Make one: "
        "scripts/make_corpus.py.\n",
    )
    data = tmp_path / "no-data"
    done = CliRunner().invoke(measure_index.main, [str(collection), "--data", str(data)])
    assert (done.exit_code, done.output) == (
        1,
        f"Error: There is no dev/squad_dev_v1.jsonl.gz in {data}. Give the folder with train, dev "
        "and calibration: --data FOLDER.\n",
    )
    done = CliRunner().invoke(
        measure_index.main,
        [str(collection), "--data", str(asked(tmp_path / "data", 30)), "--questions", "20"],
    )
    # The installed embedder isn't what its vectors were made with.
    assert done.exit_code == 1
    assert "has vectors of fake-embedder@1" in done.output
