"""Finds hard negatives: passages that our own search finds for a question and that don't answer it.

Every context of the files is a passage; the nearest ones to each answerable question, by the
installed embedder, are kept if they don't hold the string of an answer.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from embedding import embed
from tqdm import tqdm

from index.embedder import Embedder
from index.errors import PinciteError
from service.question_files import read_question_file
from service.settings import Settings
from service.wiring import load_embedder

_SQUAD = Path(__file__).parents[2] / "shared" / "data" / "qa" / "train" / "squad_v1_train.jsonl.gz"
_BATCH = 512


def vectors_of(
    path: Path, kept: Path | None, embedder: Embedder, contexts: list[str], questions: list[str]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Vectors of a file's contexts and questions, from the folder `kept` if they are there."""
    file = kept / f"{path.name.partition('.')[0]}.npz" if kept else None
    if file is not None and file.is_file():
        with np.load(file) as stored:
            found = stored["contexts"].astype(np.float32), stored["questions"].astype(np.float32)
        if [len(part) for part in found] == [len(contexts), len(questions)]:
            return found
    made = (
        embed(embedder, contexts, "contexts", batch_size=_BATCH),
        embed(embedder, questions, "questions", batch_size=_BATCH),
    )
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, contexts=made[0].astype(np.float16), questions=made[1].astype(np.float16))
        partial.replace(file)
    return made


@click.command(context_settings={"show_default": True})
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--passages", default=4, help="Most passages kept for a question.")
@click.option("--depth", default=20, help="How many of the nearest are looked at.")
@click.option(
    "--vectors",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder that keeps vectors between calls.",
)
def main(
    output: Path, files: tuple[Path, ...], passages: int, depth: int, vectors: Path | None
) -> None:
    """Write OUTPUT (gzip JSON lines) for question FILES, by default SQuAD's training set.

    A line holds a question's `id`, with its source in front, and `passages`.
    """
    embedder = load_embedder(Settings())
    partial = output.with_suffix(".partial")
    output.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with gzip.open(partial, "wt", encoding="utf-8") as lines:
        for path in files or (_SQUAD,):
            read = read_question_file(path)
            contexts = [paragraph.context for paragraph in read.paragraphs]
            inputs = [f"{p.title}\n{p.context}" for p in read.paragraphs]
            asked = [
                (number, paragraph.source, question)
                for number, paragraph in enumerate(read.paragraphs)
                for question in paragraph.questions
            ]
            there, queries = vectors_of(
                path, vectors, embedder, inputs, [question.text for *_, question in asked]
            )
            for begin in tqdm(range(0, len(asked), _BATCH), f"search {path.name}"):
                scores = queries[begin : begin + _BATCH] @ there.T
                nearest = np.argpartition(-scores, range(depth), axis=1)[:, :depth]
                for (own, source, question), row in zip(
                    asked[begin : begin + _BATCH], nearest, strict=True
                ):
                    answers = [answer.text.casefold() for answer in question.answers]
                    found = [
                        contexts[number]
                        for number in row
                        if number != own
                        and not any(answer in contexts[number].casefold() for answer in answers)
                    ]
                    if answers and found:
                        line = {"id": f"{source}/{question.id}", "passages": found[:passages]}
                        lines.write(json.dumps(line, ensure_ascii=False) + "\n")
                        written += 1
    partial.replace(output)
    click.echo(f"{written:,} questions with hard passages in {output}.")


if __name__ == "__main__":
    try:
        main()
    except PinciteError as error:
        raise SystemExit(f"{error}") from error
