"""Sets to measure search on: texts, queries, and which texts are relevant to which query."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from embedding import embed
from tqdm import tqdm

from index.catalog import Catalog
from index.embedder import Embedder
from index.passages import passage_input
from index.text.sentences import split_sentences
from index.types import Document, Passage, Segmentation, TextRange
from service.question_files import read_question_file

_SQUAD = ("train/squad_v1_train", "calibration/squad_v1_train", "dev/squad_dev_v1")


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be found; one passage."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Query:
    """A query.

    Attributes:
        relevant: Grade of each relevant text, by its number among the texts.
    """

    text: str
    relevant: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SearchSet:
    """Texts, and queries to ask of them."""

    texts: Sequence[Text]
    queries: Sequence[Query]


def squad(data: Path, asked: str) -> SearchSet:
    """All 20,888 paragraphs of SQuAD v1.1, and the questions of one of its files.

    Args:
        data: Folder of the question files.
        asked: Which file's questions are asked: `calibration` or `dev`.
    """
    texts: list[Text] = []
    numbers: dict[tuple[str, str], int] = {}
    queries: list[Query] = []
    for name in _SQUAD:
        for paragraph in read_question_file(data / f"{name}.jsonl.gz").paragraphs:
            key = (paragraph.title, paragraph.context)
            if key not in numbers:
                numbers[key] = len(texts)
                texts.append(Text(*key))
            if name.startswith(asked):
                queries += [
                    Query(question.text, {numbers[key]: 1}) for question in paragraph.questions
                ]
    return SearchSet(texts, queries)


def beir(folder: Path) -> SearchSet:
    """A set in BEIR's layout, gzipped: `corpus.jsonl.gz`, `queries.jsonl.gz`, `qrels.tsv.gz`.

    Raises:
        click.ClickException: A file is missing.
    """
    try:
        corpus, queries = (
            [json.loads(line) for line in _lines(folder / f"{name}.jsonl.gz")]
            for name in ("corpus", "queries")
        )
        judged = list(csv.DictReader(_lines(folder / "qrels.tsv.gz"), delimiter="\t"))
    except OSError as error:
        raise click.ClickException(f"{folder} is no set in BEIR's layout: {error}.") from error
    numbers = {row["_id"]: number for number, row in enumerate(corpus)}
    relevant: dict[str, dict[int, int]] = {row["_id"]: {} for row in queries}
    for row in judged:
        if int(row["score"]) > 0 and row["corpus-id"] in numbers:
            relevant[row["query-id"]][numbers[row["corpus-id"]]] = int(row["score"])
    return SearchSet(
        [Text(row["title"], row["text"]) for row in corpus],
        [Query(row["text"], relevant[row["_id"]]) for row in queries if relevant[row["_id"]]],
    )


def _lines(path: Path) -> list[str]:
    with gzip.open(path, "rb") as file:
        return io.TextIOWrapper(file, encoding="utf-8").read().splitlines()


def collect(texts: Sequence[Text], folder: Path, embedder: Embedder) -> Catalog:
    """A catalog of texts, each a document of one passage; made if it isn't there whole.

    Args:
        texts: What to put in; text number n is document `n`.
        folder: Where; what is there already, of the same texts, is kept.
        embedder: Makes the vectors.
    """
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    # One generation a document: the catalog says how far an earlier run came.
    missing = range(catalog.generation(), len(texts))
    inputs = [passage_input(texts[n].title or None, texts[n].text, embedder) for n in missing]
    for begin in range(0, len(inputs), _AT_ONCE):
        vectors = embed(embedder, inputs[begin : begin + _AT_ONCE], "embed")
        for n, vector in zip(missing[begin : begin + _AT_ONCE], tqdm(vectors, "put"), strict=True):
            text = texts[n].text
            catalog.put(
                _document(f"{n:06d}", texts[n]),
                Segmentation((), sentences_of(text), (Passage(0, len(text), 0),)),
                vector[np.newaxis].astype(np.float16),
                embedder=embedder.model_id,
                lines={},
            )
    return catalog


_AT_ONCE = 4096


def sentences_of(text: str) -> tuple[TextRange, ...]:
    """The sentences of a text that is one passage: the first and the last one reach to its ends."""
    sentences = split_sentences(text)
    starts = [0, *(sentence.start for sentence in sentences[1:])]
    ends = [*(sentence.end for sentence in sentences[:-1]), len(text)]
    return tuple(map(TextRange, starts, ends))


def _document(document_id: str, text: Text) -> Document:
    return Document(
        document_id=document_id,
        text=text.text,
        revision="sha256:" + hashlib.sha256(text.text.encode()).hexdigest(),
        title=text.title or None,
        source_url=None,
        published_at=None,
        published_at_source=None,
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=b"",
    )
