"""The project's own table of figures, one command a row, for the shipped reader or any other.

    python scripts/evaluate.py table                     the reader's rows
    python scripts/evaluate.py answers                   the answers' rows
    python scripts/evaluate.py --sample 500 squad-v2     one row, quickly
    python scripts/evaluate.py file mine.json            any question file
    python scripts/evaluate.py open-domain mine.json     the same, all its paragraphs searched

The last two are `pincite eval`, for whatever reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import answer_rows
import click
import ten_passages
from project_data import DATA, question_file, question_files, read_and_tell
from tqdm import tqdm

from index.errors import PinciteError
from service import metrics, wiring
from service.commands.evaluating import (
    Evaluation,
    evaluate_given,
    evaluate_open,
    print_evaluation,
    print_report,
    shown_figure,
)
from service.commands.options import EXIT_SOME_FAILED
from service.evaluation import (
    Outcome,
    Report,
    f1_at_best_threshold,
    null_not_allowed,
    read_own_paragraphs,
    report_given,
    take_sample,
)
from service.metrics import Figure
from service.question_files import read_question_files
from service.reader import DEFAULT_READER, Reader, find_reader
from service.settings import Settings

REPEATED = Path(__file__).with_name("repeated_answers.jsonl")

BREADTH = (
    "tweetqa",
    "fairytaleqa",
    "squadshifts_amazon_reviews",
    "squadshifts_reddit",
    "tydiqa_goldp_en",
)
"""Tweets, stories, reviews, forums and web questions, of the reserved set."""


@dataclass(frozen=True)
class Bench:
    """A reader and the data that it is measured on.

    Attributes:
        data: Folder with `dev`, `calibration` and `train`.
        sample: How many questions of each file; None: all.
        nearest: The frozen list of ten passages.
    """

    reader_name: str
    data: Path
    sample: int | None
    threads: int | None
    nearest: Path = ten_passages.LIST

    @cached_property
    def reader(self) -> Reader:
        """The reader, loaded once."""
        return self.load(self.reader_name)

    def load(self, name: str) -> Reader:
        """A reader by name."""
        return wiring.load_reader(self.settings(name))

    def settings(self, name: str) -> Settings:
        """What the service would be started with for a reader."""
        if self.threads is None:
            return Settings(reader=name)
        return Settings(reader=name, threads=self.threads)

    def outcomes(
        self,
        path: Path,
        *,
        reader: Reader | None = None,
        every_place: bool = False,
        sample: int | None = None,
    ) -> list[Outcome]:
        """Each question of a file, or a sample of them, read in its own paragraph."""
        asked = take_sample(read_and_tell(path).questions, sample or self.sample)
        read = read_own_paragraphs(reader or self.reader, asked, every_place=every_place)
        return list(tqdm(read, path.name.partition(".")[0], total=len(asked)))

    def dev(self, name: str) -> Path:
        """A file of the dev sets."""
        return question_file(self.data, f"dev/{name}", ten_passages.GIVE_DATA)

    def reserved(self, name: str) -> Path:
        """A file of the reserved set."""
        return question_file(self.data, f"calibration/{name}", ten_passages.GIVE_DATA)


def squad_v1(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """EM and F1 of SQuAD v1.1 dev, null not allowed."""
    outcomes = bench.outcomes(bench.dev("squad_dev_v1"))
    report = report_given(outcomes)
    print_report(report)
    yield "SQuAD v1.1 dev, EM", report.figures["EM, null not allowed"]
    yield "SQuAD v1.1 dev, F1", report.figures["F1, null not allowed"]
    yield "SQuAD v1.1 dev, offset-EM", report.figures["offset-EM"]


def squad_v2(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """EM and F1 of SQuAD v2.0 dev at their best thresholds; HasAns, NoAns."""
    report = report_given(bench.outcomes(bench.dev("squad_dev_v2")))
    print_report(report)
    yield "SQuAD v2.0 dev, best threshold, EM", report.figures["EM, best threshold"]
    yield "SQuAD v2.0 dev, best threshold, F1", report.figures["F1, best threshold"]


def breadth(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """Mean F1 over tweets, stories, reviews, forums and web questions of the reserved set."""
    of_source = {
        name: [score.f1 for score in null_not_allowed(bench.outcomes(bench.reserved(name)))]
        for name in BREADTH
    }
    print_report(Report({f"{n}, F1": metrics.mean_figure(f1s) for n, f1s in of_source.items()}))
    yield "breadth, mean F1", metrics.macro_figure(list(of_source.values()))


def repeated(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """Offset-EM of the hand-made questions whose answers' words stand in several places."""
    report = report_given(bench.outcomes(REPEATED, every_place=True))
    print_report(report)
    yield "repeated strings, offset-EM", report.figures["offset-EM"]


def passages(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """EM kept when ten passages are read, of the EM when only the question's own is."""
    nearest = ten_passages.read_list(bench.data, bench.nearest)
    found = list(ten_passages.read_ten(bench.reader, nearest, sample=bench.sample))
    own, ten = [one.own for one in found], [one.all_ten for one in found]
    print_report(
        Report({"EM, own passage": metrics.mean_figure(own), "EM, ten": metrics.mean_figure(ten)})
    )
    yield "ten passages, EM kept", metrics.ratio_figure(ten, own)


def size(bench: Bench) -> Iterator[tuple[str, float]]:
    """Size of the reader's folder in megabytes (10^6 bytes)."""
    files = find_reader(bench.reader_name).rglob("*")
    size = sum(path.stat().st_size for path in files if path.is_file())
    yield "size on disk, MB", size / 1e6


Row = Callable[[Bench], Iterator[tuple[str, Figure | float]]]
ROWS: tuple[Row, ...] = (squad_v1, squad_v2, breadth, repeated, passages, size)

TARGETS = {
    "SQuAD v1.1 dev, EM": (72, 78),
    "SQuAD v1.1 dev, F1": (81, 86),
    "SQuAD v2.0 dev, best threshold, EM": (64, 71),
    "SQuAD v2.0 dev, best threshold, F1": (67, 74),
    "breadth, mean F1": (62, 70),
    "ten passages, EM kept": (85, 92),
    "size on disk, MB": (30, 24),
    "SQuAD v1.1 dev, F1 against the other": (-0.7, -0.2),
    **answer_rows.TARGETS,
}
"""What a figure must reach, and what is aimed at."""


def print_table(figures: Sequence[tuple[str, Figure | float]], reader: str) -> None:
    """Print figures as Markdown, shares in percent."""
    print(f"\n{reader}\n| measure | figure | 95% interval | n | at least | aim |\n|{'---|' * 6}")
    for name, figure in figures:
        least, aim = TARGETS.get(name, ("", ""))
        if isinstance(figure, Figure):
            value, interval = shown_figure(figure)
            shown = f"{value} | {interval.strip()} | {figure.n:,}"
        else:
            shown = f"{figure:.1f} | | "
        print(f"| {name} | {shown} | {least} | {aim} |")


class _Group(click.Group):
    """Commands whose designed errors end in a message, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PinciteError as error:
            raise click.ClickException(f"{error}") from error


@click.group(cls=_Group, context_settings={"max_content_width": 100})
@click.option("--reader", default=DEFAULT_READER, show_default=True, help="Name or folder.")
@click.option("--data", type=click.Path(path_type=Path), default=DATA, show_default=True)
@click.option("--sample", type=click.IntRange(1), help="Questions of each file, drawn at random.")
@click.option("--threads", type=click.IntRange(1), help="Threads of the models.")
@click.pass_context
def main(
    context: click.Context, reader: str, data: Path, sample: int | None, threads: int | None
) -> None:
    """Measure a reader on the project's data."""
    context.obj = Bench(reader, data, sample, threads)


def _add_command(rows: Sequence[Row], name: str, about: str | None) -> None:
    @main.command(name, help=about)
    @click.pass_obj
    def measure(bench: Bench) -> None:
        figures = [figure for row in rows for figure in row(bench)]
        print_table(figures, bench.reader_name if name == "size" else bench.reader.model_id)


for _row in (*ROWS, *answer_rows.ROWS):
    _add_command([_row], _row.__name__.replace("_", "-"), _row.__doc__)
_add_command(ROWS, "table", "Every row of the reader's figures.")
_add_command(answer_rows.ROWS, "answers", "Every row of the answers' figures.")


@main.command()
@click.pass_obj
def sources(bench: Bench) -> None:
    """Figures of every file of the reserved set; more than one reading of the breadth row."""
    for path in question_files(bench.data / "calibration", ten_passages.GIVE_DATA):
        report = report_given(bench.outcomes(path))
        print(path.name.partition(".")[0])
        print_report(report)


@main.command()
@click.argument("other")
@click.pass_obj
def against(bench: Bench, other: str) -> None:
    """The reader's F1 less that of OTHER, on the same questions (int8 against its own fp32)."""
    differences = []
    pairs = {"SQuAD v1.1": bench.dev("squad_dev_v1"), "SQuAD v2.0": bench.dev("squad_dev_v2")}
    rival = bench.load(other)
    for name, path in pairs.items():
        ours, theirs = bench.outcomes(path), bench.outcomes(path, reader=rival)
        same = [a.place == b.place for a, b in zip(ours, theirs, strict=True)]
        f1s = (
            (f1_at_best_threshold(ours), f1_at_best_threshold(theirs))
            if name == "SQuAD v2.0"
            else ([o.score.f1 for o in ours], [o.score.f1 for o in theirs])
        )
        differences.append((f"{name} dev, F1 against the other", metrics.difference_figure(*f1s)))
        differences.append((f"{name} dev, same span", metrics.mean_figure(same)))
    print_table(differences, f"{bench.reader.model_id} against {rival.model_id}")


@main.command()
@click.pass_obj
def nearest(bench: Bench) -> None:
    """Make the frozen list of ten passages again: embeds 20,888 paragraphs."""
    ten_passages.build_list(bench.data, wiring.load_embedder(Settings()), bench.nearest)


def _files_argument(command: Callable[..., None]) -> Callable[..., None]:
    kind = click.Path(path_type=Path)
    return click.argument("files", nargs=-1, required=True, type=kind, metavar="FILE...")(command)


def _finish(evaluation: Evaluation) -> None:
    print_evaluation(evaluation)
    if not evaluation.is_whole:
        raise SystemExit(EXIT_SOME_FAILED)


@main.command()
@_files_argument
@click.pass_obj
def file(bench: Bench, files: Sequence[Path]) -> None:
    """Figures of any question FILES, each question read in its own paragraph: `pincite eval`."""
    settings, read = bench.settings(bench.reader_name), read_question_files(files)
    _finish(evaluate_given(settings, read, sample=bench.sample, show_progress=True))


@main.command()
@_files_argument
@click.option("--max-passages", default=20, show_default=True, type=click.IntRange(1, 100))
@click.pass_obj
def open_domain(bench: Bench, files: Sequence[Path], max_passages: int) -> None:
    """The same with all paragraphs indexed and asked: `pincite eval --open-domain`."""
    settings, read = bench.settings(bench.reader_name), read_question_files(files)
    _finish(
        evaluate_open(
            settings, read, sample=bench.sample, max_passages=max_passages, show_progress=True
        )
    )


if __name__ == "__main__":
    main()
