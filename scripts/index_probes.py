"""Processes of their own that `measure_index.py` starts: each does one thing to a collection.

What they print on standard output is for it.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from index.catalog import Catalog
from index.collection import CATALOG_FILE, Collection
from index.embedder import Embedder
from index.ingest import Ingester
from index.search import Searcher
from service import wiring
from service.commands.priority import give_way
from service.settings import Settings

_SMALL = 300
"""Passages of the largest document that is put in again: each is a write of its own."""


class Prepared:
    """An embedder that has some texts' vectors ready: embedding them takes no time.

    Args:
        embedder: Embeds them now, and other texts when they come.
        texts: The texts.
        vectors: Their vectors, if they are known.
    """

    def __init__(
        self,
        embedder: Embedder,
        texts: Sequence[str],
        vectors: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self._embedder = embedder
        self.model_id = embedder.model_id
        self.dimension = embedder.dimension
        self.max_tokens = embedder.max_tokens
        self.special_tokens = embedder.special_tokens
        made = embedder.embed(texts) if vectors is None else vectors
        self._ready = dict(zip(texts, made, strict=True))

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """The embedder's tokens of a text; see `index.embedder.Embedder`."""
        return self._embedder.token_offsets(text)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts, shape (len(texts), dimension), each of length 1."""
        if all(text in self._ready for text in texts):
            return np.stack([self._ready[text] for text in texts])
        return self._embedder.embed(texts)


def resident() -> dict[str, float]:
    """Megabytes of memory that this process holds now: its own, and of files that it maps."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    sizes = {name: value for name, _, value in (line.partition(":") for line in lines)}
    return {
        "own": int(sizes["RssAnon"].split()[0]) / 1024,
        "mapped": int(sizes["RssFile"].split()[0]) / 1024,
    }


@click.group()
def main() -> None:
    """Do one thing to a collection."""


@main.command("open")
@click.argument("collection", type=click.Path(path_type=Path))
def open_command(collection: Path) -> None:
    """Open a collection as a server does, and search it for each question on standard input."""
    questions = [json.loads(line) for line in sys.stdin]
    # Imports, the model and the questions' vectors come before the clock starts.
    embedder = Prepared(wiring.load_embedder(Settings()), questions)
    before = resident()
    start = time.perf_counter()
    catalog = Catalog(collection / CATALOG_FILE)
    opened = Collection(catalog, embedder, live=True)
    is_ready = opened.is_ready
    first = opened.search(questions[0], 10)
    seconds = time.perf_counter() - start
    for question in questions[1:]:
        opened.search(question, 10)
    after = resident()
    click.echo(
        json.dumps(
            {
                "seconds": seconds,
                "is_ready": is_ready,
                "hits": len(first.hits),
                "own_mb": after["own"] - before["own"],
                "mapped_mb": after["mapped"] - before["mapped"],
                "process_mb": sum(after.values()),
            }
        )
    )
    opened.close()
    catalog.close()


@main.command("build")
@click.argument("collection", type=click.Path(path_type=Path))
def build_command(collection: Path) -> None:
    """Build both views of a collection that has none."""
    embedder = wiring.load_embedder(Settings())
    catalog = Catalog(collection / CATALOG_FILE)
    start = time.perf_counter()
    searcher = Searcher(catalog, collection, embedder)
    read = time.perf_counter()
    searcher.vectors.merge()
    merged = time.perf_counter()
    with catalog.snapshot() as snapshot:
        searcher.lexical.catch_up(searcher.feed(snapshot))
    click.echo(
        json.dumps(
            {
                "read_seconds": read - start,
                "lists_seconds": merged - read,
                "lexical_seconds": time.perf_counter() - merged,
                "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )
    searcher.close()
    catalog.close()


@main.command("ingest")
@click.argument("collection", type=click.Path(path_type=Path))
def ingest_command(collection: Path) -> None:
    """Put a collection's documents in again and again, as new ones, until it is killed.

    As `pincite index` does, with its priority.
    """
    give_way()
    catalog = Catalog(collection / CATALOG_FILE)
    ingester = Ingester(catalog, wiring.load_embedder(Settings()))
    with catalog.snapshot() as snapshot:
        known = [
            row["document_id"]
            for row in snapshot.rows(
                "SELECT document_id FROM documents JOIN passages USING (revision_id) "
                "GROUP BY document_id HAVING count(*) <= ? ORDER BY document_id",
                (_SMALL,),
            )
        ]
    click.echo(json.dumps({"documents": len(known)}))
    sys.stdout.flush()
    for number in count():
        with catalog.snapshot() as snapshot:
            stored = snapshot.stored_document(known[number % len(known)], with_source=True)
        ingester.put(dataclasses.replace(stored.document, document_id=f"again/{number}.txt"))


if __name__ == "__main__":
    main()
