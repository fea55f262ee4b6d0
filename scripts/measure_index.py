"""How a large collection does: what its index finds, how fast it is, opens and is written to.

Each row is measured on real questions; what writes does so to a copy. Machines differ and are
shared, so what is compared is measured in turn, in one run.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from corpus_texts import FIRST_DAY, LAST_DAY, TAGS
from embedding import embed
from exact_search import ExactSearch
from index_figures import Row, as_json, exact_figure, percentile_figure, table
from index_probes import Prepared
from index_writes import copy_of, deletion_rows, ingestion_rows, run_probe
from project_data import DATA, question_file
from tqdm import tqdm

from index.catalog import Catalog
from index.collection import CATALOG_FILE, Collection
from index.errors import PinciteError
from index.filters import Filters
from index.search import LEXICAL_FOLDER, VECTOR_FILE, Searcher
from service import wiring
from service.metrics import mean_figure
from service.question_files import read_question_file
from service.settings import Settings

_MIDDLE = date.fromordinal((FIRST_DAY.toordinal() + LAST_DAY.toordinal()) // 2)
_FILTERS: Mapping[str, Filters | None] = {
    "no filter": None,
    **{f"{share:.1%} by a tag": Filters(tags=frozenset({tag})) for tag, share in TAGS.items()},
    "about half by date": Filters(published_after=_MIDDLE),
}
_SEARCHED_TO_THE_END = 50
"""Questions for which all that a small filter accepts is asked for: thousands of hits each."""

_LIMIT = 10
_OPENINGS = 7
_ERASURES = 7
_BLOCKS = 10
_ASKED_WHEN_OPENED = 50

_BOUNDS = {"no filter": 15.0, "50.0% by a tag": 15.0, "1.0% by a tag": 15.0}
"""Milliseconds that the project asks for, p95."""


def index_rows(
    searcher: Searcher, exact: ExactSearch, queries: Sequence[str], vectors: npt.NDArray[np.float32]
) -> Iterator[Row]:
    """What searches find, and how long they take, by filter."""
    accepted = {name: exact.accepted(filters) for name, filters in _FILTERS.items()}
    existing = {name: int(np.count_nonzero(mask)) for name, mask in accepted.items()}
    kinds = {name: _FILTERS[name] for name, count in existing.items() if count}
    for name in kinds:
        near = [searcher.vectors.search(one, _LIMIT, kinds[name]).ids for one in vectors]
        recalls = exact.recalls(vectors, near, _LIMIT, accepted[name])
        yield Row(f"recall@10 against exact, {name}", mean_figure(recalls), at_least=0.98)
    milliseconds: dict[str, list[float]] = {name: [] for name in kinds}
    fewer = dict.fromkeys(kinds, 0)
    for query in queries[:_ASKED_WHEN_OPENED]:
        searcher.search(query, _LIMIT)
    for query in tqdm(queries, "search"):
        for name, filters in kinds.items():
            start = time.perf_counter()
            hits = searcher.search(query, _LIMIT, filters).hits
            milliseconds[name].append(1000 * (time.perf_counter() - start))
            fewer[name] += len(hits) < min(_LIMIT, existing[name])
    for name, of_filter in milliseconds.items():
        yield Row(f"hybrid search, {name}: p50", percentile_figure(of_filter, 50), "ms")
        yield Row(
            f"hybrid search, {name}: p95",
            percentile_figure(of_filter, 95),
            "ms",
            at_most=_BOUNDS.get(name),
        )
    for name, filters in kinds.items():
        exist = existing[name]
        yield Row(f"passages, {name}", exact_figure(exist))
        to_the_end: Sequence[str] = ()
        if filters is not None and exist <= 0.05 * len(exact.ids):
            to_the_end = queries[:_SEARCHED_TO_THE_END]
        for query in tqdm(to_the_end, f"all of {name}"):
            found = {hit.passage_id for hit in searcher.search(query, exist + 1, filters).hits}
            fewer[name] += found != set(exact.ids[accepted[name]].tolist())
        count = len(queries) + len(to_the_end)
        yield Row(
            f"searches of {count:,} with fewer hits than exist, {name}",
            exact_figure(fewer[name]),
            at_most=0,
        )


def opening_rows(collection: Path, questions: Sequence[str]) -> Iterator[Row]:
    """How long opening takes in a process of its own, and the memory it takes.

    Raises:
        click.ClickException: The views aren't ready, or nothing is found.
    """
    given = "".join(json.dumps(question) + "\n" for question in questions)
    openings = [run_probe("open", collection, given) for _ in tqdm(range(_OPENINGS), "open")]
    for opening in openings:
        if not (opening["is_ready"] and opening["hits"]):
            raise click.ClickException(f"{collection} wasn't ready when it was opened: {opening}.")
    seconds = [opening["seconds"] for opening in openings]
    yield Row(
        "open until the first search is answered, median",
        percentile_figure(seconds, 50),
        "s",
        at_most=1,
    )
    for name, key in (
        ("memory of the collection, its own", "own_mb"),
        ("… and of the files that it maps", "mapped_mb"),
        ("memory of the process, embedder and code included", "process_mb"),
    ):
        yield Row(name, percentile_figure([one[key] for one in openings], 50), "MiB")


def size_rows(collection: Path) -> Iterator[Row]:
    """Megabytes on disk."""
    for name, paths in (
        ("catalog", list(collection.glob(f"{CATALOG_FILE}*"))),
        ("vectors", [collection / VECTOR_FILE]),
        ("words", list((collection / LEXICAL_FOLDER).glob("**/*"))),
    ):
        size = sum(path.stat().st_size for path in paths if path.is_file())
        yield Row(f"on disk: {name}", exact_figure(size / 2**20), "MiB")


def building_rows(collection: Path) -> Iterator[Row]:
    """How long both views take to build from a catalog, and the memory it takes."""
    with copy_of(collection, with_views=False) as copy:
        built = run_probe("build", copy)
    for name, key, unit in (
        ("build: vectors read from the catalog, a flat scan serves", "read_seconds", "s"),
        ("build: lists of vectors made and written", "lists_seconds", "s"),
        ("build: index of words", "lexical_seconds", "s"),
        ("build: memory of the process at most", "peak_mb", "MiB"),
    ):
        yield Row(name, exact_figure(built[key]), unit)


def measure(collection: Path, questions: Sequence[str]) -> list[Row]:
    """All rows of a collection.

    Raises:
        click.ClickException: A measurement isn't possible.
        PinciteError: The collection can't be searched.
    """
    embedder = wiring.load_embedder(Settings())
    catalog = Catalog(collection / CATALOG_FILE)
    views = Collection(catalog, embedder)
    views.save_views()
    views.close()
    with catalog.snapshot() as snapshot:
        if not snapshot.rows("SELECT 1 FROM passages LIMIT 1"):
            raise click.ClickException(f"{collection} is empty. Fill it: scripts/make_corpus.py.")
        exact = ExactSearch.read(snapshot, embedder.model_id)
    vectors = embed(embedder, questions, "embed questions")
    searcher = Searcher(catalog, collection, Prepared(embedder, questions, vectors))
    rows = list(size_rows(collection))
    rows += index_rows(searcher, exact, questions, vectors)
    searcher.close()
    catalog.close()
    # The processes started from here on have the memory to themselves.
    passages = len(exact.ids)
    del exact
    rows += opening_rows(collection, questions[:_ASKED_WHEN_OPENED])
    rows += building_rows(collection)
    with copy_of(collection) as copy:
        rows += deletion_rows(copy, embedder, _ERASURES)
    with copy_of(collection) as copy:
        rows += ingestion_rows(copy, embedder, questions, _BLOCKS)
    return [Row("passages", exact_figure(passages)), *rows]


def read_questions(data: Path, count: int) -> list[str]:
    """Questions of SQuAD's dev set, different ones, drawn at random but always the same.

    Raises:
        click.ClickException: It isn't there, or has too few.
    """
    path = question_file(
        data, "dev/squad_dev_v1", "Give the folder with train, dev and calibration: --data FOLDER."
    )
    asked = list(dict.fromkeys(question.text for _, question in read_question_file(path).questions))
    if len(asked) < count:
        raise click.ClickException(
            f"{path} has {len(asked):,} different questions, not {count:,}. Ask for fewer."
        )
    return random.Random(0).sample(asked, count)


@click.command(context_settings={"show_default": True})
@click.argument("collection", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DATA,
    help="Holds dev/squad_dev_v1.jsonl.gz.",
)
@click.option(
    "--questions",
    type=click.IntRange(2 * _BLOCKS),
    default=1_500,
    help="How many are asked; the project's figures need 1,000.",
)
@click.option(
    "--json",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rows to this file too.",
)
def main(collection: Path, data: Path, questions: int, output: Path | None) -> None:
    """Print the table of a COLLECTION, a folder that scripts/make_corpus.py made.

    Nothing else may write to it meanwhile. It stays as it is, but that views that are behind are
    brought up to date; two copies of it need room beside it, one after the other.
    """
    if not (collection / CATALOG_FILE).is_file():
        raise click.ClickException(
            f"There is no collection in {collection}. Make one: scripts/make_corpus.py."
        )
    try:
        rows = measure(collection, read_questions(data, questions))
    except PinciteError as error:
        raise click.ClickException(str(error)) from error
    click.echo(table(rows))
    if output is not None:
        output.write_text(json.dumps(as_json(rows), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
