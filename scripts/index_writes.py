"""What a large collection does while it is written: a document erased, another process at it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from index_figures import Row, percentile_figure, percentile_ratio
from index_probes import Prepared
from tqdm import tqdm

from index.catalog import Catalog
from index.collection import CATALOG_FILE, Collection
from index.embedder import Embedder
from index.feed import Feed
from index.ingest import Ingester
from index.types import IdRange, Passage, Segmentation, StoredDocument

_PROBES = Path(__file__).with_name("index_probes.py")
_SECONDS = 600.0
"""Longest wait for a view, or for a sign of the other process."""

_LARGE = 2_000
"""Passages of the document that is erased."""


@contextmanager
def copy_of(collection: Path, *, with_views: bool = True) -> Iterator[Path]:
    """A copy of a collection that nobody writes, beside it; removed at the end.

    Raises:
        click.ClickException: There is no room, or its folder can't be written.
    """
    catalog_alone = shutil.ignore_patterns("*.faiss*", "lexical")
    try:
        with tempfile.TemporaryDirectory(dir=collection.parent, prefix="measured-") as folder:
            copy = Path(folder) / "copy"
            shutil.copytree(collection, copy, ignore=None if with_views else catalog_alone)
            yield copy
    except OSError as error:
        raise click.ClickException(
            f"{collection} can't be copied to {collection.parent}: {error}. Make room there."
        ) from error


def run_probe(name: str, collection: Path, given: str = "") -> dict[str, Any]:
    """What a process of its own finds; see `index_probes.py`.

    Raises:
        click.ClickException: It failed.
    """
    done = subprocess.run(
        [sys.executable, _PROBES, name, collection],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise click.ClickException(f"index_probes.py {name} failed: {done.stderr.strip()}")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@dataclass(frozen=True, slots=True)
class Large:
    """A document with all that putting it back needs."""

    stored: StoredDocument
    segmentation: Segmentation
    vectors: npt.NDArray[np.float16]
    lines: dict[int, bool]

    @property
    def document_id(self) -> str:
        """Its id."""
        return self.stored.document.document_id

    def quote(self) -> str:
        """The text of the passage in its middle."""
        passage = self.segmentation.passages[len(self.segmentation.passages) // 2]
        return self.stored.document.text[passage.start : passage.end]


def large_document(catalog: Catalog, embedder: str) -> Large:
    """The smallest document of 2,000 passages or more; the largest, if there is none."""
    with catalog.snapshot() as snapshot:
        rows = snapshot.rows(
            "SELECT document_id, revision_id, min(passage_id) AS first, count(*) AS n "
            "FROM documents JOIN passages USING (revision_id) GROUP BY document_id"
        )
        row = min(rows, key=lambda row: (row["n"] < _LARGE, abs(row["n"] - _LARGE)))
        ids = IdRange(row["first"], row["first"] + row["n"])
        [(_, vectors)] = Feed(snapshot, embedder).vectors([ids])
        stored = snapshot.stored_document(row["document_id"], with_source=True)
        passages = tuple(
            Passage(place["start"], place["end"], place["tokens"])
            for place in snapshot.rows(
                "SELECT start, end, tokens FROM passages WHERE revision_id = ? ORDER BY passage_id",
                (row["revision_id"],),
            )
        )
        lines = {
            line["line_key"]: bool(line["repeated"])
            for line in snapshot.rows(
                "SELECT line_key, repeated FROM lines WHERE document_id = ?", (row["document_id"],)
            )
        }
    return Large(stored, Segmentation(stored.excluded, stored.sentences, passages), vectors, lines)


def deletion_rows(copy: Path, embedder: Embedder, times: int) -> list[Row]:
    """Erase a large document of a live collection and search for it, and put it back, in turn.

    Raises:
        click.ClickException: It isn't found while it is there, or is found when it is gone.
    """
    catalog = Catalog(copy / CATALOG_FILE)
    large = large_document(catalog, embedder.model_id)
    quote = large.quote()
    prepared = Prepared(embedder, [quote])
    ingester = Ingester(catalog, prepared)
    opened = Collection(catalog, prepared, live=True)
    written, gone = [], []
    for _ in tqdm(range(times), "erase"):
        _wait(opened, catalog.generation())
        _expect(opened, quote, large.document_id, there=True)
        start = time.perf_counter()
        ingester.remove(large.document_id)
        written.append(1000 * (time.perf_counter() - start))
        _expect(opened, quote, large.document_id, there=False)
        gone.append(1000 * (time.perf_counter() - start))
        catalog.put(
            large.stored.document,
            large.segmentation,
            large.vectors,
            embedder=embedder.model_id,
            lines=large.lines,
        )
    opened.close()
    catalog.close()
    size = len(large.segmentation.passages)
    return [
        Row(
            f"erase a document of {size:,} passages: the write, median",
            percentile_figure(written, 50),
            "ms",
        ),
        Row(
            "… and the next search, without it, median",
            percentile_figure(gone, 50),
            "ms",
            at_most=200,
        ),
    ]


def _expect(opened: Collection, query: str, document_id: str, *, there: bool) -> None:
    """Search, and see whether a document is found."""
    hits = opened.search(query, 10).hits
    if any(hit.document_id == document_id for hit in hits) != there:
        state = "isn't found while it is there" if there else "is found when it is gone"
        raise click.ClickException(f"{document_id} {state}, by its own words: {query!r}.")


class Timed(Prepared):
    """An embedder that says how long it took."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder, [])
        self.seconds = 0.0

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts; see `index.embedder.Embedder`."""
        start = time.perf_counter()
        try:
            return super().embed(texts)
        finally:
            self.seconds = time.perf_counter() - start


@dataclass(slots=True)
class Latencies:
    """Milliseconds of searches: whole, and without the query's embedding."""

    whole: list[float] = field(default_factory=list)
    searched: list[float] = field(default_factory=list)

    def take(self, opened: Collection, embedder: Timed, query: str) -> None:
        """Search once."""
        start = time.perf_counter()
        opened.search(query, 10)
        seconds = time.perf_counter() - start
        self.whole.append(1000 * seconds)
        self.searched.append(1000 * (seconds - embedder.seconds))


def ingestion_rows(
    copy: Path, embedder: Embedder, questions: Sequence[str], blocks: int
) -> list[Row]:
    """Search while another process ingests, and while it is stopped, in turn.

    Args:
        copy: A collection that may be written.
        embedder: Embeds the questions, each time anew.
        questions: Half of them are asked while it ingests.
        blocks: How often it is stopped.
    """
    timed = Timed(embedder)
    idle, busy = Latencies(), Latencies()
    catalog = Catalog(copy / CATALOG_FILE)
    opened = Collection(catalog, timed, live=True)
    parts = np.array_split(np.array(questions, dtype=object), 2 * blocks)
    with subprocess.Popen(
        [sys.executable, _PROBES, "ingest", copy], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        try:
            if not other.stdout.readline():
                raise click.ClickException("index_probes.py ingest failed; see above.")
            begun = catalog.generation()
            for number, part in enumerate(tqdm(parts, "search and ingest")):
                is_busy = number % 2 == 1
                other.send_signal(signal.SIGCONT if is_busy else signal.SIGSTOP)
                if is_busy:
                    _await_write(catalog, other)
                else:
                    _wait(opened, catalog.generation())
                for question in part:
                    (busy if is_busy else idle).take(opened, timed, question)
            writes = catalog.generation() - begun
        finally:
            other.send_signal(signal.SIGCONT)
            other.terminate()
    opened.close()
    catalog.close()
    return [
        Row("a query, embedded too, idle: p95", percentile_figure(idle.whole, 95), "ms"),
        Row(
            f"… while another process ingests ({writes:,} documents): p95",
            percentile_figure(busy.whole, 95),
            "ms",
        ),
        Row("… times idle", percentile_ratio(busy.whole, idle.whole, 95), at_most=2),
        Row(
            "… times idle, without the query's embedding",
            percentile_ratio(busy.searched, idle.searched, 95),
        ),
    ]


def _await_write(catalog: Catalog, other: subprocess.Popen[str]) -> None:
    """Return when the other process has written once more.

    Raises:
        click.ClickException: It ended, or doesn't.
    """
    before = catalog.generation()
    deadline = time.monotonic() + _SECONDS
    while catalog.generation() == before:
        if other.poll() is not None or time.monotonic() > deadline:
            raise click.ClickException("The process that ingests has stopped doing so; see above.")
        time.sleep(0.05)


def _wait(collection: Collection, generation: int) -> None:
    """Return when searches show a generation.

    Raises:
        TimeoutError: They don't in time.
    """
    deadline = time.monotonic() + _SECONDS
    while collection.generation() < generation:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Searches don't show generation {generation} in {_SECONDS} s.")
        time.sleep(0.001)
