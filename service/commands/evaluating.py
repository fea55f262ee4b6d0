"""The `pincite eval` command: question files to tables of figures."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import click
from tqdm import tqdm

from index.collection import CollectionStore
from index.ingest import Ingester
from service import wiring
from service.evaluation import Asked, Report, read_own_paragraphs, report_given, take_sample
from service.metrics import Figure
from service.open_domain import ask_everything, put_on_shelf, report_open
from service.questions import QuestionFile
from service.settings import Settings

_NAMED = 3
"""Faults of one kind that are named; of more, only the number is said."""

_NOT_IN_PERCENT = "MRR"
"""How the names of figures begin that are customarily given between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `pincite eval` found out of some files.

    Attributes:
        files: What was read.
        asked: How many questions were asked.
        report: The figures.
        models: Ids of the models in use.
        unindexed: What was said of each paragraph that couldn't be indexed.
    """

    files: Sequence[QuestionFile]
    asked: int
    report: Report
    models: dict[str, str]
    unindexed: Sequence[str] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out; see `QuestionFile.is_whole`."""
        return not self.unindexed and all(file.is_whole for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """As JSON values; shares in [0, 1]."""
        return {
            "files": [
                {
                    "path": str(file.path),
                    "paragraphs": len(file.paragraphs),
                    "questions": sum(1 for _ in file.questions),
                    "unanswerable": sum(q.is_impossible for _, q in file.questions),
                    "faults": [asdict(fault) for fault in file.faults],
                    "fault_counts": file.fault_counts,
                }
                for file in self.files
            ],
            "asked": self.asked,
            "unasked": self.report.unasked,
            "unread": self.report.unread,
            "unindexed": list(self.unindexed),
            "figures": {name: asdict(figure) for name, figure in self.report.figures.items()},
            "numbers": {
                name: number if math.isfinite(number) else None
                for name, number in self.report.numbers.items()
            },
            "models": self.models,
        }


def evaluate_given(
    settings: Settings, files: Sequence[QuestionFile], *, sample: int | None, show_progress: bool
) -> Evaluation:
    """Read each question's own paragraph.

    Args:
        settings: Which reader.
        files: Questions.
        sample: How many questions to ask, at random; None: all.
        show_progress: Draw a progress bar on standard error.

    Raises:
        ModelError: The reader can't be used.
    """
    reader = wiring.load_reader(settings)
    asked = _asked(files, sample)
    with tqdm(total=len(asked), desc="reading", unit="question", disable=not show_progress) as bar:
        outcomes = []
        for outcome in read_own_paragraphs(reader, asked):
            outcomes.append(outcome)
            bar.update()
    models = {"reader": reader.model_id}
    return Evaluation(files, len(asked), report_given(outcomes), models)


def evaluate_open(
    settings: Settings,
    files: Sequence[QuestionFile],
    *,
    sample: int | None,
    max_passages: int,
    show_progress: bool,
) -> Evaluation:
    """Index all contexts in a folder that is deleted at the end, and ask them the questions.

    Args:
        settings: Which models, what is refused.
        files: Questions; the paragraphs of all of them are indexed, whatever is asked.
        sample: How many questions to ask, at random; None: all.
        max_passages: How many passages to read for each.
        show_progress: Draw progress bars on standard error.

    Raises:
        ModelError: A model can't be used.
        CatalogError: The collection can't be written.
    """
    asked = _asked(files, sample)
    paragraphs = [paragraph for file in files for paragraph in file.paragraphs]
    with (
        tempfile.TemporaryDirectory(prefix="pincite-eval-") as folder,
        CollectionStore(Path(folder)) as store,
    ):
        components = wiring.load(settings, store)
        catalog = store.catalog("default", create=True)
        hidden = not show_progress
        shelf = put_on_shelf(
            Ingester(catalog, components.embedder),
            tqdm(paragraphs, desc="indexing", unit="paragraph", disable=hidden),
        )
        outcomes = list(
            ask_everything(
                components.collection("default"),
                components.reader,
                components.calibration,
                shelf,
                tqdm(asked, desc="asking", unit="question", disable=hidden),
                max_passages=max_passages,
            )
        )
    report = report_open(outcomes, min_confidence=settings.min_confidence, passages=max_passages)
    return Evaluation(files, len(asked), report, components.models(), shelf.failed)


def _asked(files: Sequence[QuestionFile], sample: int | None) -> list[Asked]:
    return take_sample((one for file in files for one in file.questions), sample)


def print_evaluation(evaluation: Evaluation) -> None:
    """Say what was read, what was left out, and the figures."""
    for file in evaluation.files:
        print_faults(file)
    for message in evaluation.unindexed:
        click.secho(f"Not indexed: {message}", fg="red", err=True)
    print_report(evaluation.report)
    models = ", ".join(f"{kind} {name}" for kind, name in evaluation.models.items())
    click.secho(f"{evaluation.asked:,} questions asked; {models}", dim=True)


def print_faults(file: QuestionFile) -> None:
    """Say what was left out of a file, and the first few places of each kind."""
    print_fault_list(f"{file.path}", file.faults)


class _Fault(Protocol):
    """A fault of some kind, whose words name its place."""

    @property
    def kind(self) -> str: ...


def print_fault_list(of: str, faults: Sequence[_Fault]) -> None:
    """Say how many faults of each kind there are, most frequent first, and the first few places.

    Args:
        of: What they were found in.
        faults: All of them.
    """
    for kind, number in Counter(fault.kind for fault in faults).most_common():
        click.secho(f"{of}: {number:,} {kind}", fg="yellow", err=True)
        named = [fault for fault in faults if fault.kind == kind][:_NAMED]
        for fault in named:
            click.echo(f"  {fault}", err=True)
        if number > len(named):
            click.secho(f"  and {number - len(named):,} more", dim=True, err=True)


def print_report(report: Report) -> None:
    """Print figures with their intervals, and the numbers that have none.

    Figures are in percent, but for the MRR; it and AUROC lie in [0, 1].
    """
    width = max(map(len, [*report.figures, *report.numbers]), default=0)
    click.secho(f"{'measure':<{width}}  figure  95% interval        n", bold=True)
    for name, figure in report.figures.items():
        value, interval = shown_figure(figure, in_percent=not name.startswith(_NOT_IN_PERCENT))
        click.echo(f"{name:<{width}}  {value:>6}  {interval:<14}  {figure.n:>7,}")
    for name, number in report.numbers.items():
        click.echo(f"{name:<{width}}  {_shown(number, 3):>6}")
    if report.unasked:
        click.echo(f"{report.unasked:,} questions can't be asked; they count as not answered.")
    if report.unread:
        click.echo(
            f"For {report.unread:,} questions there is nothing to read; they count as not answered."
        )


def shown_figure(figure: Figure, *, in_percent: bool = True) -> tuple[str, str]:
    """A figure and its interval as they are printed; of one question, no interval."""
    factor, digits = (100, 1) if in_percent else (1, 3)
    value, low, high = (
        _shown(factor * number, digits) for number in (figure.value, figure.low, figure.high)
    )
    return value, f"{low:>5} to {high:>5}" if figure.n > 1 else ""


def _shown(number: float, digits: int) -> str:
    """A number, or a dash for one that there is none of."""
    return f"{number:.{digits}f}" if math.isfinite(number) else "—"
