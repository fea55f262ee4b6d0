"""The project's question files, which aren't part of it, and what is said of what is missing."""

from __future__ import annotations

from pathlib import Path

import click

from service.commands.evaluating import print_faults
from service.question_files import read_question_file
from service.questions import QuestionFile

DATA = Path(__file__).parents[2] / "shared" / "data" / "qa"
"""Folder that is looked in by default; holds `train`, `dev` and `calibration`."""


class DataMissing(click.ClickException):
    """Question files aren't where they are looked for."""


def question_file(data: Path, name: str, remedy: str) -> Path:
    """A question file of the data folder.

    Args:
        data: The folder.
        name: The file's path in it, without `.jsonl.gz`.
        remedy: What to do if it isn't there, as a sentence with its full stop.

    Raises:
        DataMissing: It isn't there.
    """
    path = data / f"{name}.jsonl.gz"
    if not path.is_file():
        raise DataMissing(f"There is no {name}.jsonl.gz in {data}. {remedy}")
    return path


def question_files(folder: Path, remedy: str) -> list[Path]:
    """All question files of a folder, by name.

    Args:
        folder: Where they are.
        remedy: What to do if there are none, as a sentence with its full stop.

    Raises:
        DataMissing: There are none.
    """
    found = sorted(folder.glob("*.jsonl.gz"))
    if not found:
        raise DataMissing(f"There are no question files (.jsonl.gz) in {folder}. {remedy}")
    return found


def read_and_tell(path: Path) -> QuestionFile:
    """Read a question file, and say what is left out of it; see `read_question_file`."""
    file = read_question_file(path)
    if not file.is_whole:
        print_faults(file)
    return file
