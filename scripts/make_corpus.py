"""Makes a large collection of real text and vectors, to measure the index on.

Texts are those of the project's data sets, none twice, in documents of one to some two thousand
passages with dates, sources and tags. They go in as all documents do; only that the embedder says
that it takes fewer tokens, so that passages become short and many. A run that was killed goes on
where it stood, and vectors are kept beside the collection for the next one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click
from corpus_texts import (
    CorpusDocument,
    Text,
    count_words,
    in_order,
    join_texts,
    make_documents,
    read_texts,
)
from kept_vectors import KeptVectors
from tqdm import tqdm

from index.catalog import Catalog
from index.collection import CATALOG_FILE, Collection
from index.documents import make_document
from index.errors import PinciteError
from index.ingest import Ingester
from index.passages import LEAST_TOKENS
from service import wiring
from service.settings import Settings

_SHARED = Path(__file__).parents[2] / "shared" / "data"

_VOLUME = 2_000
"""Passages that the largest documents have at least, in a collection that is large itself."""

_SPARE = 1.1
"""Texts differ in how many words of them a passage holds."""


class PassageSize(NamedTuple):
    """A size that passages can be cut to.

    Attributes:
        tokens: Most tokens of one, title and special ones included.
        words: How many words of text one then holds, and
        filled: how many tokens it has, on average over SQuAD's dev set.
    """

    tokens: int
    words: float
    filled: float


SIZES = (
    PassageSize(64, 33.5, 49.3),
    PassageSize(48, 24.8, 37.7),
    PassageSize(40, 20.3, 31.8),
    PassageSize(LEAST_TOKENS, 15.9, 26.0),
)


class CorpusPlan(NamedTuple):
    """What a collection is made with, kept beside it so that a later run makes the same.

    Attributes:
        passages: How many are asked for.
        tokens: Most tokens of a passage.
        embedder: Model id.
        words: Of all the data: other data would make other documents.
    """

    passages: int
    tokens: int
    embedder: str
    words: int


def choose_size(words: int, passages: int) -> PassageSize:
    """The largest size of passages of which a text has enough.

    Args:
        words: Of the text.
        passages: How many are wanted.

    Raises:
        click.ClickException: There are too few words for so many of any size.
    """
    for size in SIZES:
        if words >= _SPARE * passages * size.words:
            return size
    most = int(words / _SPARE / SIZES[-1].words)
    raise click.ClickException(
        f"The data has {words:,} words, enough for {most:,} passages, not for {passages:,}. Ask "
        "for fewer, or put more question files into its folders."
    )


def volume_words(passages: int, size: PassageSize) -> int:
    """Words of the largest documents: no document makes up more than about a tenth of all."""
    return round(_SPARE * min(_VOLUME, passages // 10) * size.words)


def check_plan(path: Path, plan: CorpusPlan) -> None:
    """See that a collection that was begun was begun in the same way; note it if there is none.

    Raises:
        click.ClickException: It was begun in another way.
    """
    if path.is_file():
        begun = json.loads(path.read_text(encoding="utf-8"))
        if begun != plan._asdict():
            raise click.ClickException(
                f"{path.parent} was begun with {begun}, not with {plan._asdict()}. Name another "
                "folder, or remove this one."
            )
        return
    if (path.parent / CATALOG_FILE).exists():
        raise click.ClickException(
            f"{path.parent} holds a collection that this script didn't make. Name another folder."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plan._asdict()), encoding="utf-8")


def put_documents(
    ingester: Ingester, documents: Sequence[CorpusDocument], passages: int
) -> tuple[int, int]:
    """Put documents in, in order, until there are enough passages.

    Returns:
        How many documents and passages went in, or were there already.
    """
    number = total = 0
    with tqdm(total=passages, unit=" passages", desc="put in") as bar:
        for one in documents:
            if total >= passages:
                break
            source = one.text.encode()
            document, _ = make_document(
                one.document_id, source, sidecar=one.sidecar, max_bytes=len(source)
            )
            ingester.put(document)
            with ingester.catalog.snapshot() as snapshot:
                count = snapshot.summary(one.document_id).passages
            number += 1
            total += count
            bar.update(count)
    return number, total


def fill(collection: Path, texts: Sequence[Text], size: PassageSize, passages: int) -> None:
    """Make the collection, or go on with it, and its views.

    Raises:
        click.ClickException: The texts came to fewer passages than estimated.
    """
    embedder = wiring.load_embedder(Settings())
    words = sum(count_words(text.text) for text in texts)
    check_plan(
        collection / "corpus.json", CorpusPlan(passages, size.tokens, embedder.model_id, words)
    )
    documents = make_documents(in_order(join_texts(texts, volume_words(passages, size))))
    click.echo(
        f"{words:,} words; passages of up to {size.tokens} tokens, some {size.filled} on average: "
        f"about {passages * size.filled:,.0f} tokens to embed."
    )
    kept = collection.with_name("kept_vectors.sqlite")
    with KeptVectors(embedder, kept, max_tokens=size.tokens) as short:
        catalog = Catalog(collection / CATALOG_FILE, create=True)
        start = time.perf_counter()
        ingester = Ingester(catalog, short)
        number, total = put_documents(ingester, documents, passages)
        ingester.refresh()
        seconds = time.perf_counter() - start
        with catalog.snapshot() as snapshot:
            [row] = snapshot.rows("SELECT count(*) AS n, sum(tokens) AS tokens FROM passages")
        click.echo(
            f"{row['n']:,} passages of {number:,} documents, {row['tokens'] / row['n']:.1f} tokens "
            f"each; {seconds:,.0f} s, vectors kept in {kept}."
        )
        start = time.perf_counter()
        views = Collection(catalog, short)
        views.save_views()
        views.close()
        catalog.close()
        click.echo(f"Views made, or brought up to date, in {time.perf_counter() - start:,.1f} s.")
    if total < passages:
        raise click.ClickException(
            f"The texts came to {total:,} passages, not {passages:,}. Name another folder and "
            "smaller passages: --tokens."
        )


@click.command(context_settings={"show_default": True})
@click.argument("collection", type=click.Path(path_type=Path, file_okay=False))
@click.option("--passages", type=click.IntRange(100), default=100_000, help="How many, or more.")
@click.option(
    "--tokens",
    type=click.Choice([str(size.tokens) for size in SIZES]),
    help="Most tokens of a passage.  [default: the most of which there is enough text]",
    show_default=False,
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=_SHARED,
    help="Holds qa/ with question files and ir/ with sets in BEIR's layout.",
)
def main(collection: Path, passages: int, tokens: str | None, data: Path) -> None:
    """Make a COLLECTION, a folder, of real text and vectors; or go on making it."""
    texts = read_texts(data)
    words = sum(count_words(text.text) for text in texts)
    size = choose_size(words, passages)
    if tokens is not None:
        size = next(one for one in SIZES if one.tokens == int(tokens))
    try:
        fill(collection, texts, size, passages)
    except PinciteError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
