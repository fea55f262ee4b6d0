"""Finds hard negatives: passages that our own search finds for a question and that don't answer it.

Every context of the files is a passage; the nearest ones to each answerable question, by the
installed embedder, are kept if they don't hold the string of an answer.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

import click
import numpy as np
import numpy.typing as npt
from embedding import embed
from project_data import DATA, question_file, read_and_tell
from tqdm import tqdm

from index.embedder import Embedder
from index.errors import PinciteError
from index.models import sha256_of
from service.questions import QuestionFile
from service.settings import Settings
from service.wiring import load_embedder

_BATCH = 512


class HardPassages(TypedDict):
    """What is found for a question: its `source/id` and passages, nearest first."""

    id: str
    passages: list[str]


def vectors_of(
    path: Path, kept: Path | None, embedder: Embedder, contexts: list[str], questions: list[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vectors of a file's contexts and questions, from the folder `kept` if they are there.

    They are rounded to half precision, as they are kept, so that what is found doesn't depend on
    whether they were.
    """
    file = None
    if kept is not None:
        key = hashlib.sha256(f"{sha256_of(path)} {embedder.model_id}".encode()).hexdigest()
        file = kept / f"{path.name.partition('.')[0]}-{key[:16]}.npz"
        if file.is_file():
            with np.load(file) as stored:
                found = (
                    stored["contexts"].astype(np.float32),
                    stored["questions"].astype(np.float32),
                )
            if [len(part) for part in found] == [len(contexts), len(questions)]:
                return found
    made = (
        embed(embedder, contexts, "contexts", batch_size=_BATCH).astype(np.float16),
        embed(embedder, questions, "questions", batch_size=_BATCH).astype(np.float16),
    )
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, contexts=made[0], questions=made[1])
        partial.replace(file)
    return made[0].astype(np.float32), made[1].astype(np.float32)


def find_hard(
    read: QuestionFile, embedder: Embedder, *, passages: int, depth: int, vectors: Path | None
) -> Iterator[HardPassages]:
    """Hard passages of a file's answerable questions.

    Args:
        read: The file; all its contexts are searched.
        embedder: What finds.
        passages: Most passages of a question.
        depth: How many of the nearest contexts are looked at, its own among them.
        vectors: Folder that keeps vectors between calls; None: nothing is kept.

    Yields:
        What is found for a question, in the file's order; nothing if nothing is.
    """
    contexts = [paragraph.context for paragraph in read.paragraphs]
    folded = [context.casefold() for context in contexts]
    inputs = [f"{paragraph.title}\n{paragraph.context}" for paragraph in read.paragraphs]
    asked = [
        (number, paragraph.source, question)
        for number, paragraph in enumerate(read.paragraphs)
        for question in paragraph.questions
        if question.answers
    ]
    there, queries = vectors_of(
        read.path, vectors, embedder, inputs, [question.text for *_, question in asked]
    )
    looked_at = min(depth, len(contexts))
    for begin in tqdm(range(0, len(asked), _BATCH), f"search {read.path.name}"):
        scores = queries[begin : begin + _BATCH] @ there.T
        nearest = np.argpartition(-scores, range(looked_at), axis=1)[:, :looked_at]
        for (own, source, question), row in zip(
            asked[begin : begin + _BATCH], nearest, strict=True
        ):
            answers = [answer.text.casefold() for answer in question.answers]
            found = [
                contexts[number]
                for number in row
                if number != own and not any(answer in folded[number] for answer in answers)
            ]
            if found:
                yield {"id": f"{source}/{question.id}", "passages": found[:passages]}


def write_hard(
    output: Path,
    files: Sequence[QuestionFile],
    embedder: Embedder,
    *,
    passages: int,
    depth: int,
    vectors: Path | None,
) -> int:
    """Write the hard passages of files, as gzip JSON lines; nothing is left of it if that fails.

    Returns:
        How many questions there are any for.
    """
    written = 0
    with _replacing(output) as partial, gzip.open(partial, "wt", encoding="utf-8") as lines:
        for read in files:
            for line in find_hard(read, embedder, passages=passages, depth=depth, vectors=vectors):
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")
                written += 1
    return written


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file to write, which takes a path's place when it is written to the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    try:
        yield partial
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    partial.replace(path)


@click.command(context_settings={"show_default": True})
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option(
    "--passages", type=click.IntRange(1), default=4, help="Most passages kept for a question."
)
@click.option(
    "--depth", type=click.IntRange(1), default=20, help="How many of the nearest are looked at."
)
@click.option(
    "--vectors",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps vectors between calls.",
)
def main(
    output: Path, files: tuple[Path, ...], passages: int, depth: int, vectors: Path | None
) -> None:
    """Write OUTPUT (gzip JSON lines) for question FILES, by default SQuAD's training set.

    FILES are question files as scripts/README.md describes them; their contexts are what is
    searched. A line of OUTPUT holds a question's `id`, with its source in front, and `passages`.
    """
    if not files:
        remedy = "Name question FILES after OUTPUT; scripts/README.md describes their layout."
        files = (question_file(DATA, "train/squad_v1_train", remedy),)
    written = write_hard(
        output,
        [read_and_tell(path) for path in files],
        load_embedder(Settings()),
        passages=passages,
        depth=depth,
        vectors=vectors,
    )
    click.echo(f"{written:,} questions with hard passages in {output}.")


if __name__ == "__main__":
    try:
        main()
    except PinciteError as error:
        raise SystemExit(f"{error}") from error
