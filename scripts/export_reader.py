"""Exports a trained reader to ONNX, by default in 8-bit integers, and checks it by its answers.

    python scripts/export_reader.py training/run service/models/reader

Matrices of the layers and tables of embeddings become integers from -127 to 127 with a scale for
each output and `bert_graph.BLOCK` inputs, or for each row; onnxruntime multiplies them out when it
loads them. A range of 8 bits therefore can't saturate on any processor, and needs no reducing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from bert_graph import reader_model
from model_card import CARD, holds_scores
from safetensors.numpy import load_file
from tqdm import tqdm

from index.errors import PinciteError
from index.models import loading, sha256_of, weights_file
from service import metrics
from service.evaluation import Asked, read_own_paragraphs, take_sample
from service.onnx_reader import MODEL, OnnxReader
from service.question_files import read_question_file

QUESTIONS = Path(__file__).with_name("repeated_answers.jsonl")
CHECKSUMS = "SHA256SUMS"

_SHOWN = 20


class ExportError(click.ClickException):
    """A reader can't be exported, or what was exported answers too differently."""


@dataclass(frozen=True)
class Agreement:
    """How like the exported reader's answers are to those of the one in single precision.

    Attributes:
        same: Share of questions with the same span.
        f1: Mean F1 of its answers against the other's.
        margin: Mean distance between their scores, span less null logits.
        gold: Its F1 against gold answers less the other's; None without answerable questions.
        changes: Question, the other's answer, its answer, where they differ.
    """

    n: int
    same: float
    f1: float
    margin: float
    gold: metrics.Figure | None
    changes: Sequence[tuple[str, str, str]]

    def __str__(self) -> str:
        lines = [
            f"{self.n} questions: {self.same:.1%} of the spans are the same, the answers' F1 "
            f"against those in single precision is {100 * self.f1:.2f}, "
            f"scores differ by {self.margin:.3f} on average"
        ]
        if self.gold is not None:
            value, low, high = (100 * x for x in (self.gold.value, self.gold.low, self.gold.high))
            lines.append(
                f"Its F1 against gold answers is {value:+.2f} [{low:+.2f}, {high:+.2f}] from theirs"
            )
        return ".\n".join(lines) + "."


def export(model: Path, output: Path, *, int8: bool) -> None:
    """Write a reader in ONNX with its tokenizer and checksums.

    Args:
        model: Folder that `save_pretrained` wrote: safetensors, config and tokenizer.
        output: An empty folder.
        int8: Store the weights as 8-bit integers.

    Raises:
        ModelNotFound: The folder holds no weights.
        UnusableModel: They are of another kind of model.
    """
    path = weights_file(model)
    with loading(model):
        arrays = {n: value.astype(np.float32) for n, value in load_file(path).items()}
        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        made = reader_model(arrays, config, int8=int8)
        tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    (output / MODEL).write_bytes(made.SerializeToString(deterministic=True))
    # Without its indentation the tokenizer takes a third less.
    compact = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (output / "tokenizer.json").write_text(compact, encoding="utf-8")
    for name in ("config.json", "tokenizer_config.json"):
        shutil.copyfile(model / name, output / name)
    sums = [f"{sha256_of(path)}  {path.name}\n" for path in sorted(output.iterdir())]
    (output / CHECKSUMS).write_text("".join(sums), encoding="utf-8")


def compare(
    exported: Path, exact: Path, asked: Sequence[Asked], *, threads: int | None = None
) -> Agreement:
    """Ask two readers the same questions, each of its own paragraph.

    Args:
        exported: Folder of the one.
        exact: Folder of the other, in single precision.
        asked: Questions with their paragraphs, at least one.
        threads: How many threads they may use.
    """
    ours, theirs = (
        list(
            tqdm(
                read_own_paragraphs(OnnxReader(str(folder), threads=threads), asked),
                desc=title,
                total=len(asked),
                leave=False,
            )
        )
        for folder, title in ((exported, "reading"), (exact, "reading in single precision"))
    )
    pairs = list(zip(ours, theirs, strict=True))
    gold = [(a.score.f1, b.score.f1) for a, b in pairs if a.answerable]
    return Agreement(
        n=len(pairs),
        same=float(np.mean([a.place == b.place for a, b in pairs])),
        f1=float(np.mean([metrics.score(a.answer, [b.answer]).f1 for a, b in pairs])),
        margin=float(np.mean([abs(a.null_score - b.null_score) for a, b in pairs])),
        gold=metrics.difference_figure(*zip(*gold, strict=True)) if gold else None,
        changes=[
            (question.text, b.answer, a.answer)
            for (_, question), (a, b) in zip(asked, pairs, strict=True)
            if a.place != b.place
        ],
    )


def write_card(model: Path, output: Path, *, int8: bool, said: str) -> None:
    """Carry the model's card over, with what was exported and how well it agrees."""
    card = model / CARD
    text = card.read_text(encoding="utf-8") if card.is_file() else "# An extractive reader\n"
    form = "8-bit integers with scales, computed in single precision" if int8 else "32-bit floats"
    size = sum(path.stat().st_size for path in output.iterdir()) / 1e6
    exported = (
        f"To ONNX for onnxruntime, by `scripts/export_reader.py`: {form}; {size:.1f} MB with its "
        f"tokenizer. `{CHECKSUMS}` is checked whenever it is loaded. {said}"
    )
    (output / CARD).write_text(
        f"{text.rstrip()}\n\n## Export\n{textwrap.fill(exported, 100)}\n\n"
        "## Scores as exported\nTo be filled in from `scripts/evaluate.py table`.\n",
        encoding="utf-8",
    )


def install(made: Path, output: Path) -> None:
    """Put an exported reader's files into a folder, in place of those it listed before."""
    output.mkdir(parents=True, exist_ok=True)
    if (output / CHECKSUMS).is_file():
        for line in (output / CHECKSUMS).read_text(encoding="utf-8").splitlines():
            (output / Path(line.partition("  ")[2]).name).unlink(missing_ok=True)
    for path in made.iterdir():
        shutil.copyfile(path, output / path.name)


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("output", type=click.Path(path_type=Path, file_okay=False))
@click.option("--fp32", is_flag=True, help="Keep the weights in single precision.")
@click.option(
    "--questions",
    type=click.Path(path_type=Path, exists=True),
    default=QUESTIONS,
    show_default=True,
    help="Question file to compare the answers on.",
)
@click.option("--sample", type=click.IntRange(1), help="Ask so many of them, drawn at random.")
@click.option("--threads", type=click.IntRange(1), help="Threads to read with.")
@click.option(
    "--least-f1",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Fail if the answers' F1 against those in single precision is lower.",
)
@click.option("--force", is_flag=True, help="Replace a card in OUTPUT that has scores.")
def main(
    model: Path,
    output: Path,
    force: bool,
    fp32: bool,
    questions: Path,
    sample: int | None,
    threads: int | None,
    least_f1: float,
) -> None:
    """Export the reader in the folder MODEL to the folder OUTPUT, if its answers stay the same.

    Files that OUTPUT lists in its SHA256SUMS are replaced; others are left alone.
    """
    try:
        if output.exists() and output.resolve() == model.resolve():
            raise ExportError("The output is the model's own folder. Name another one.")
        card = output / CARD
        if not force and card.is_file() and holds_scores(card.read_text(encoding="utf-8")):
            raise ExportError(
                f"{card} has a table of scores, which the exported reader's card would replace. "
                "Name another folder, or give --force."
            )
        asked = take_sample(read_question_file(questions).questions, sample)
        with tempfile.TemporaryDirectory() as folder:
            made, exact = Path(folder, "made"), Path(folder, "exact")
            made.mkdir()
            exact.mkdir()
            export(model, made, int8=not fp32)
            export(model, exact, int8=False)
            agreement = compare(made, exact, asked, threads=threads)
            print(f"{agreement}")
            for question, was, is_now in agreement.changes[:_SHOWN]:
                print(f"  {question}\n    {was!r} -> {is_now!r}")
            if agreement.f1 < least_f1:
                raise ExportError(
                    f"The answers' F1 against those in single precision is {agreement.f1:.3f}. "
                    "Export with --fp32, or look at the weights: a few large ones spoil a block.",
                )
            write_card(model, made, int8=not fp32, said=f"On {questions.name}, {agreement}")
            install(made, output)
    except PinciteError as error:
        raise click.ClickException(f"{error.message} {error.remedy}") from error
    size = sum(path.stat().st_size for path in output.iterdir())
    print(f"{output}: {size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
