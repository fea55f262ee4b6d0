"""What a reader is trained on: question files, hard passages, and what is held out of them."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import click
from project_data import read_and_tell
from tqdm import tqdm

from service.questions import Paragraph

RESERVED = "calibration"
"""Name of the folder whose questions nothing may be trained on."""


def refuse_reserved(files: Sequence[Path]) -> None:
    """See that no file is one of the reserved questions, by the folder that it lies in.

    Raises:
        click.ClickException: One is.
    """
    for path in files:
        if path.resolve().parent.name == RESERVED:
            raise click.ClickException(
                f"{path} lies in a folder named {RESERVED}: its questions are reserved for "
                "measuring, and a reader that was trained on them can't be measured by them. "
                "Name other files; if these aren't the reserved ones, move them to another folder."
            )


def read_files(files: Sequence[Path]) -> list[Paragraph]:
    """The sound paragraphs of question files; says what is left out, as `pincite eval` does.

    Raises:
        QuestionFileError: One can't be read, or most of it is wrong.
    """
    paragraphs: list[Paragraph] = []
    for path in tqdm(files, "read", unit="file"):
        with tqdm.external_write_mode():
            paragraphs += read_and_tell(path).paragraphs
    return paragraphs


def read_hard(path: Path) -> dict[str, list[str]]:
    """Hard passages by `source/id` of their question, as `mine_negatives.py` writes them.

    Raises:
        click.ClickException: The file is damaged.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            return {row["id"]: row["passages"] for row in map(json.loads, file)}
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"{path} can't be read: {error}. Make it again with scripts/mine_negatives.py."
        ) from error


def split(paragraphs: Sequence[Paragraph], share: float) -> tuple[list[Paragraph], list[Paragraph]]:
    """Paragraphs to train on and held-out ones; whole articles go to one side.

    Args:
        paragraphs: All of them.
        share: Of the articles that is held out. Unless it is 0, that is at least one of several
            with questions.
    """
    places = [_place(paragraph) for paragraph in paragraphs]
    asked = {_place(paragraph) for paragraph in paragraphs if paragraph.questions}
    limit = share * 2**32
    if share > 0 and len(asked) > 1:
        limit = max(limit, min(asked) + 1)
    kept: list[Paragraph] = []
    held_out: list[Paragraph] = []
    for place, paragraph in zip(places, paragraphs, strict=True):
        (held_out if place < limit else kept).append(paragraph)
    return kept, held_out


def _place(paragraph: Paragraph) -> int:
    """Where a paragraph's article stands in the order of holding out, below 2^32."""
    article = hashlib.sha256((paragraph.title or paragraph.context).encode()).digest()
    return int.from_bytes(article[:4], "big")
