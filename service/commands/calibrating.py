"""The `pincite calibrate` command: a user's own questions to a calibration of their own."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
from tqdm import tqdm

from index.collection import CollectionStore
from index.ingest import Ingester
from index.text.decoding import normalise
from service import wiring
from service.answering import Answerer
from service.calibration import Calibration
from service.commands.evaluating import print_faults, shown_figure
from service.errors import QuestionError
from service.evaluation import Asked
from service.fitting import AskedSample, Verdict, cross_validated, fit, fit_line, verdicts
from service.metrics import Figure, auroc
from service.observing import READ, observed
from service.open_domain import put_on_shelf
from service.questions import QuestionFile
from service.selective import aurc, coverage_at, ece, measured
from service.settings import Settings

WHOLE_FROM = 300
"""Questions from which all numbers are fitted, and not the line alone."""


@dataclass(frozen=True, slots=True)
class Recalibration:
    """A calibration fitted on a user's questions, beside the one there was.

    Attributes:
        fitted: The new one.
        is_whole: Whether all of it was fitted; if not, its line alone.
        asked: How many questions were asked.
        unasked: How many could not be asked.
        before: Figures of the former one.
        after: Figures of the new one, each question judged by a fit that hasn't seen it.
        min_confidence: The setting for which the next ones are told.
        answered: Share of questions answered, before and after.
        accuracy: Share of these answered rightly, before and after; NaN if there are none.
    """

    fitted: Calibration
    is_whole: bool
    asked: int
    unasked: int
    before: dict[str, Figure]
    after: dict[str, Figure]
    min_confidence: float
    answered: tuple[float, float]
    accuracy: tuple[float, float]

    def as_json(self) -> dict[str, Any]:
        """As JSON values; shares in [0, 1]."""
        return {
            "asked": self.asked,
            "unasked": self.unasked,
            "fitted": "all" if self.is_whole else "line",
            "before": {name: asdict(figure) for name, figure in self.before.items()},
            "after": {name: asdict(figure) for name, figure in self.after.items()},
            "min_confidence": self.min_confidence,
            "answered": self.answered,
            "accuracy": [None if np.isnan(share) else share for share in self.accuracy],
        }


def recalibrate(
    settings: Settings,
    files: Sequence[QuestionFile],
    *,
    collection: str | None,
    show_progress: bool,
) -> Recalibration:
    """Ask questions whose answers are known, and fit a calibration on what is found.

    Args:
        settings: Which models; the calibration to begin from.
        files: Questions. Those without answers count: they teach when to refuse.
        collection: Ask this collection; None: index the files' own paragraphs in a folder that is
            deleted at the end, and ask them.
        show_progress: Draw progress bars on standard error.

    Raises:
        TooFewQuestions: They are too few, or all of one kind.
        ModelError: A model can't be used.
        CatalogError: The collection can't be opened.
    """
    asked = [one for file in files for one in file.questions]
    with _answerer(settings, files, collection, show_progress=show_progress) as (answerer, begin):
        samples, unasked = _observe(answerer, asked, show_progress=show_progress)
    is_whole = len(samples) >= WHOLE_FROM
    about = {
        "date": datetime.date.today().isoformat(),
        "questions": len(samples),
        "begun from": begin.calibration_id,
    }
    fitted = replace(fit(samples) if is_whole else fit_line(samples, begin), fit=about)
    before = verdicts(samples, begin)
    after = cross_validated(samples, line_from=None if is_whole else begin)
    floor = settings.min_confidence
    shares = [_answered(found, floor) for found in (before, after)]
    return Recalibration(
        fitted=fitted,
        is_whole=is_whole,
        asked=len(samples),
        unasked=unasked,
        before=_figures(before),
        after=_figures(after),
        min_confidence=floor,
        answered=(shares[0][0], shares[1][0]),
        accuracy=(shares[0][1], shares[1][1]),
    )


@contextmanager
def _answerer(
    settings: Settings,
    files: Sequence[QuestionFile],
    collection: str | None,
    *,
    show_progress: bool,
) -> Iterator[tuple[Answerer, Calibration]]:
    """What answers from the collection asked for, and the calibration that it has."""
    if collection is not None:
        with wiring.open_collections(settings) as store:
            store.catalog(collection)
            components = wiring.load(settings, store)
            yield components.answerer(collection), components.calibration
        return
    with (
        tempfile.TemporaryDirectory(prefix="pincite-calibrate-") as folder,
        CollectionStore(Path(folder)) as store,
    ):
        components = wiring.load(settings, store)
        paragraphs = [paragraph for file in files for paragraph in file.paragraphs]
        put_on_shelf(
            Ingester(store.catalog("default", create=True), components.embedder),
            tqdm(paragraphs, desc="indexing", unit="paragraph", disable=not show_progress),
        )
        yield components.answerer("default"), components.calibration


def _observe(
    answerer: Answerer, asked: Sequence[Asked], *, show_progress: bool
) -> tuple[list[AskedSample], int]:
    """What speaks for each candidate of each question; and how many can't be asked."""
    samples = []
    for number, (paragraph, question) in enumerate(
        tqdm(asked, desc="asking", unit="question", disable=not show_progress)
    ):
        try:
            considered = answerer.consider(question.text, max_passages=READ)
        except QuestionError:
            continue
        golds = [normalise(gold.text) for gold in question.answers]
        cluster = paragraph.title or f"{number}"
        samples.append(observed(considered, golds, source=paragraph.source, cluster=cluster))
    return samples, len(asked) - len(samples)


def _figures(found: Sequence[Verdict]) -> dict[str, Figure]:
    sure, right = [v.confidence for v in found], [v.is_right for v in found]
    return {
        "ECE": measured(ece, sure, right),
        "AURC": measured(aurc, sure, right),
        "AUROC": measured(auroc, sure, right),
        "coverage at 80% accuracy": measured(coverage_at, sure, right),
    }


def _answered(found: Sequence[Verdict], floor: float) -> tuple[float, float]:
    """Share of questions answered, and of those answered rightly among them."""
    kept = [verdict.is_right for verdict in found if verdict.confidence >= floor]
    return len(kept) / len(found), float(np.mean(kept)) if kept else float("nan")


def print_recalibration(files: Sequence[QuestionFile], made: Recalibration) -> None:
    """Say what was left out, and what has become better or worse."""
    for file in files:
        print_faults(file)
    if made.unasked:
        click.secho(f"{made.unasked:,} questions can't be asked.", fg="yellow", err=True)
    fitted = "All of it was" if made.is_whole else "Its line alone was"
    click.echo(f"{made.asked:,} questions asked. {fitted} fitted.\n")
    click.secho(f"{'measure':<26}{'before':>8}{'after':>8}  95% interval", bold=True)
    for name, after in made.after.items():
        then, _ = shown_figure(made.before[name])
        now, interval = shown_figure(after)
        click.echo(f"{name:<26}{then:>8}{now:>8}  {interval}")
    at = f"answered from {made.min_confidence:.0%} on"
    click.echo(f"{at:<26}{made.answered[0]:>8.1%}{made.answered[1]:>8.1%}")
    click.echo(f"{'… of these rightly':<26}{made.accuracy[0]:>8.1%}{made.accuracy[1]:>8.1%}")
