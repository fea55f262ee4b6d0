"""Counts the sentences of ordinary prose that would be dropped as page debris.

Documents are made of the contexts that share a title (or of ten that follow each other, where
there is none), with blank lines between. Nothing in them is debris, so that each sentence dropped
is an error of `index.text.debris`. The figures stand in scripts/README.md.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import TextIO, cast

import click
from project_data import DATA, question_file
from tqdm import tqdm

from index.text.debris import REPEATED_IN, candidate_lines, find_debris
from index.text.sentences import split_sentences

UNTITLED_CONTEXTS = 10
"""Contexts in a document where the source names no title."""


@click.command()
@click.argument("sources", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--paragraphs",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="The most contexts joined to one document.",
)
@click.option(
    "--limit", type=click.IntRange(1), default=None, help="Stop after this many sentences."
)
@click.option(
    "--at-most",
    type=click.FloatRange(0, 1),
    default=0.001,
    show_default=True,
    help="Exit with status 1 if a larger share is dropped.",
)
@click.option("--show", is_flag=True, help="Print each range dropped.")
def main(
    sources: tuple[Path, ...], paragraphs: int, limit: int | None, at_most: float, show: bool
) -> None:
    """Print the share of sentences dropped as debris, for each of SOURCES.

    A source is a JSONL file (plain or .gz) with a "context" and a "title" on each line, or a text
    file, which is one document. Without one, SQuAD 1.1's training set is read.
    """
    if not sources:
        remedy = 'Name SOURCES: JSONL files with a "context" on each line, or text files.'
        sources = (question_file(DATA, "train/squad_v1_train", remedy),)
    failed = False
    for source in sources:
        documents = list(_documents(source, paragraphs))
        known: Counter[int] = Counter()
        for document in tqdm(documents, desc=f"{source.name}: lines", disable=None):
            known.update(candidate_lines(document))
        repeated = {key for key, times in known.items() if times >= REPEATED_IN}
        total = dropped = 0
        for document in tqdm(documents, desc=f"{source.name}: debris", disable=None):
            sentences = split_sentences(document)
            for start, end in find_debris(document, repeated=repeated):
                dropped += sum(start <= sentence.start < end for sentence in sentences)
                if show:
                    click.echo(repr(document[start:end]))
            total += len(sentences)
            if limit is not None and total >= limit:
                break
        share = dropped / total if total else 0.0
        failed |= share > at_most
        click.echo(f"{source.name}: {dropped} of {total} sentences dropped ({share:.4%})")
    sys.exit(1 if failed else 0)


def _documents(source: Path, paragraphs: int) -> Iterator[str]:
    """Yields the documents of a source, each of several paragraphs."""
    if ".jsonl" not in source.suffixes:
        yield source.read_text(encoding="utf-8")
        return
    with _open(source) as stream:
        records = (json.loads(line) for line in stream)
        for title, group in groupby(records, key=lambda record: record.get("title") or ""):
            contexts = iter(dict.fromkeys(record["context"].strip() for record in group))
            size = paragraphs if title else UNTITLED_CONTEXTS
            while joined := "\n\n".join(islice(contexts, size)):
                yield joined


def _open(source: Path) -> TextIO:
    if source.suffix == ".gz":
        return cast(TextIO, gzip.open(source, "rt", encoding="utf-8"))
    return source.open(encoding="utf-8")


if __name__ == "__main__":
    main()
