"""Real texts for a large collection: the project's data sets, joined to documents, with metadata.

Everything follows from the data and the size asked for: the same call gives the same documents.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import click
from project_data import question_files

TAGS = {"half": 0.5, "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001}
"""Tags, and the share of the text that is in documents with each."""

FIRST_DAY, LAST_DAY = date(2005, 1, 1), date(2024, 12, 31)
"""Documents are published between them, on any day alike."""

_QUESTION_SETS = ("train", "calibration", "dev")
_RETRIEVAL_SETS = ("cranfield", "selqa_sections")
_ASKED = "squad_dev_v1"
_IN_VOLUMES = ("cranfield", "squadshifts_reddit")
_TOGETHER = 10
"""Texts that make up a document where their source names no titles."""

_REMEDY = "Give the folder with qa and ir: --data FOLDER."


class Text(NamedTuple):
    """A text of a data set; `title` is that of its article, or empty."""

    source: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document as it goes into the collection.

    Attributes:
        document_id: Its source and a number.
        text: Texts that stand together, blank lines between them.
        sidecar: What is said about it: title, URL, day, tags.
    """

    document_id: str
    text: str
    sidecar: dict[str, Any]


def read_texts(data: Path) -> list[Text]:
    """All texts of the data sets, each once, however it is spaced or capitalised.

    Args:
        data: Folder with `qa` and `ir`, as `scripts/README.md` describes them.

    Raises:
        click.ClickException: A data set isn't there, or can't be read.
    """
    texts: dict[str, Text] = {}
    for text in _read(data):
        words = text.text.split()
        if words:
            texts.setdefault(" ".join(words).casefold(), text)
    return list(texts.values())


def _read(data: Path) -> Iterator[Text]:
    for folder in _QUESTION_SETS:
        for path in question_files(data / "qa" / folder, _REMEDY):
            source = path.name.partition(".")[0]
            for row in _rows(path):
                yield Text(source, _title(row), row["context"].strip())
    for source in _RETRIEVAL_SETS:
        for row in _rows(data / "ir" / source / "corpus.jsonl.gz"):
            title = _title(row)
            # Sections are titled `article - section`; abstracts have nothing in common.
            article = "" if source in _IN_VOLUMES else title.partition(" - ")[0]
            yield Text(source, article, row["text"].strip())


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise click.ClickException(f"{path} can't be read: {error}. {_REMEDY}") from error


def _title(row: dict[str, Any]) -> str:
    return " ".join((row.get("title") or "").replace("_", " ").split())


def count_words(text: str) -> int:
    """How many words a text has."""
    return len(text.split())


def join_texts(texts: Sequence[Text], volume_words: int) -> list[Text]:
    """Articles: texts of one title, some of those without a title, or a volume of many.

    Args:
        texts: In any order; those of an article stay in it.
        volume_words: About how many words a volume has; a longer article is divided.
    """
    articles: list[Text] = []
    for (source, title), group in groupby(sorted(texts, key=_place), key=_place):
        most = _TOGETHER if not title and source not in _IN_VOLUMES else len(texts)
        part: list[str] = []
        words = 0
        for text in group:
            if part and (words >= volume_words or len(part) == most):
                articles.append(Text(source, title, "\n\n".join(part)))
                part, words = [], 0
            part.append(text.text)
            words += count_words(text.text)
        articles.append(Text(source, title, "\n\n".join(part)))
    return articles


def _place(text: Text) -> tuple[str, str]:
    return text.source, text.title


def in_order(articles: Sequence[Text]) -> list[Text]:
    """Articles as they go in: the largest, those that are asked about, and the others at random."""
    largest = max(articles, key=lambda article: len(article.text))
    others = [article for article in articles if article is not largest]
    random.Random(0).shuffle(others)
    return [largest, *sorted(others, key=lambda article: article.source != _ASKED)]


def mark(sizes: Sequence[int], share: float) -> list[bool]:
    """Marks things in order, so that those marked never make up more than a share of the total.

    Args:
        sizes: What each counts.
        share: In [0, 1]; reached as nearly as the sizes allow.
    """
    marks = []
    total = marked = 0
    for size in sizes:
        total += size
        chosen = marked + size <= share * total
        marked += size if chosen else 0
        marks.append(chosen)
    return marks


def make_documents(articles: Sequence[Text]) -> list[CorpusDocument]:
    """Documents of articles, with days, tags and URLs."""
    sizes = [count_words(article.text) for article in articles]
    tagged = {tag: mark(sizes, share) for tag, share in TAGS.items()}
    documents = []
    for number, article in enumerate(articles):
        document_id = f"{article.source}/{number:05d}.txt"
        days = random.Random(document_id).randrange((LAST_DAY - FIRST_DAY).days + 1)
        sidecar = {
            "source_url": f"https://{article.source.replace('_', '-')}.example/{number}",
            "published_at": (FIRST_DAY + timedelta(days=days)).isoformat(),
            "tags": [tag for tag in TAGS if tagged[tag][number]],
        }
        if article.title:
            sidecar["title"] = article.title
        documents.append(CorpusDocument(document_id, article.text, sidecar))
    return documents
