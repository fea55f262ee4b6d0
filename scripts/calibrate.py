"""Fits the shipped calibration on reserved questions, and says how good it is on those held out.

    python scripts/calibrate.py --write
    python scripts/calibrate.py --part 1/2 & python scripts/calibrate.py --part 2/2; wait
    python scripts/calibrate.py --fit-only

What is observed is kept, so that a fit can be tried again without reading.
"""

from __future__ import annotations

import datetime
import pickle
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from asked_collections import (
    GROUPS,
    Group,
    Limited,
    other_collection,
    plan,
    squad_collection,
)
from project_data import DATA
from tqdm import tqdm

from index.text.decoding import normalise
from service import wiring
from service.answering import Answerer
from service.calibration import SHIPPED, Calibration, load_calibration
from service.errors import QuestionError
from service.fitting import AskedSample, Verdict, cross_validated, fit, verdicts
from service.metrics import Figure, auroc
from service.observing import READ, observed
from service.selective import aurc, compared, coverage_at, ece, measured
from service.settings import Settings

WORK = Path(__file__).parents[1] / "training" / "search"
OBSERVED = Path(__file__).parents[1] / "training" / "observed"

NUMBERS: dict[Group, int] = {"squad": 4000, "others": 2400, "small": 1200}
"""Questions of each group."""

SHARES: dict[Group, float] = {"squad": 1.0, "others": 0.3, "small": 0.1}
"""How much a question of each group counts: most users' documents are like an encyclopedia's or a
newspaper's, and few collections are as small."""


def observe(data: Path, work: Path, threads: int, part: tuple[int, int]) -> list[AskedSample]:
    """Ask the reserved questions, and keep what speaks for each candidate.

    Args:
        data: Folder of the question files.
        work: Where the collections are kept.
        threads: Of the models.
        part: Every so-manieth question: number, from 1, and of how many.
    """
    settings = Settings(threads=threads)
    embedder, reader = wiring.load_embedder(settings), wiring.load_reader(settings)
    found = []
    for group in GROUPS:
        of_group = squad_collection if group == "squad" else other_collection
        library = Limited(of_group(data, work, embedder))
        answerer = Answerer(library, reader, load_calibration())
        asked = plan(data, group, NUMBERS[group])[part[0] - 1 :: part[1]]
        for one in tqdm(asked, group):
            one.limit(library)
            try:
                considered = answerer.consider(one.question.text, max_passages=READ)
            except QuestionError as error:
                click.echo(f"Left out {one.question.id}: {error.message}", err=True)
                continue
            source = group if group != "others" else one.source
            golds = [normalise(gold) for gold in one.golds]
            found.append(
                observed(considered, golds, source=f"{group}: {source}", cluster=one.cluster)
            )
        library.collection.close()
    return found


def group_of(sample: AskedSample | Verdict) -> Group:
    """The group that a question was asked in."""
    return next(group for group in GROUPS if sample.source.startswith(f"{group}:"))


def weighted(samples: Sequence[AskedSample]) -> list[AskedSample]:
    """Questions that count as their group does."""
    return [replace(sample, weight=SHARES[group_of(sample)]) for sample in samples]


def figures_of(found: Sequence[Verdict]) -> dict[str, Figure]:
    """How well the confidence tells right from wrong, beside the baseline."""
    ours = [v.confidence for v in found], [v.is_right for v in found]
    theirs = [v.baseline_confidence for v in found], [v.baseline_is_right for v in found]
    return {
        "AURC": measured(aurc, *ours),
        "AURC, baseline": measured(aurc, *theirs),
        "AURC against the baseline, relative": compared(aurc, ours, theirs, relative=True),
        "coverage at 80% accuracy": measured(coverage_at, *ours),
        "coverage, baseline": measured(coverage_at, *theirs),
        "coverage against the baseline": compared(coverage_at, ours, theirs),
        "AUROC": measured(auroc, *ours),
        "ECE": measured(ece, *ours),
    }


def print_figures(name: str, figures: dict[str, Figure]) -> None:
    """Print figures as rows of a Markdown table."""
    for measure, figure in figures.items():
        click.echo(
            f"| {name} | {measure} | {figure.value:.3f} | {figure.low:.3f} to {figure.high:.3f} | "
            f"{figure.n:,} |"
        )


def report(samples: Sequence[AskedSample]) -> dict[str, Any]:
    """Print the cross-validated figures of each group; those of sources that no fit has seen."""
    click.echo("| asked | measure | figure | 95% interval | n |\n|---|---|---|---|---|")
    kept: dict[str, Any] = {}
    found = cross_validated(samples)
    for group in GROUPS:
        figures = figures_of([v for v in found if group_of(v) == group])
        print_figures(group, figures)
        kept[group] = {name: round(figure.value, 4) for name, figure in figures.items()}
    by_squad = fit([sample for sample in samples if group_of(sample) == "squad"])
    others = [sample for sample in samples if group_of(sample) == "others"]
    figures = figures_of(verdicts(others, by_squad))
    print_figures("others, fitted on SQuAD alone", figures)
    kept["others, fitted on SQuAD alone"] = {n: round(f.value, 4) for n, f in figures.items()}
    return kept


def about(samples: Sequence[AskedSample], figures: dict[str, Any]) -> dict[str, Any]:
    """What is kept with the fit."""
    settings = Settings()
    return {
        "date": datetime.date.today().isoformat(),
        "reader": wiring.load_reader(settings).model_id,
        "embedder": wiring.load_embedder(settings).model_id,
        "passages": READ,
        "questions": dict(Counter(sample.source for sample in samples)),
        "shares": SHARES,
        "cross-validated": figures,
    }


def observed_files(folder: Path) -> list[Path]:
    """The parts that were observed.

    Raises:
        click.ClickException: There are none, not all, or those of two ways of parting: a fit would
            count their questions twice.
    """
    found = sorted(folder.glob("*-of-*.pickle"))
    if not found:
        raise click.ClickException(f"Nothing is observed in {folder}; leave out --fit-only.")
    parts = int(found[0].stem.rpartition("-")[2])
    wanted = {f"{number}-of-{parts}.pickle" for number in range(1, parts + 1)}
    names = {path.name for path in found}
    if names != wanted:
        raise click.ClickException(
            f"{folder} holds {', '.join(sorted(names))}, not the parts of one whole; observe those "
            "that are missing, or remove those that are too many."
        )
    return found


def _part(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, int]:
    number, slash, parts = value.partition("/")
    if not slash or not (
        number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts)
    ):
        raise click.BadParameter("write it as 1/2: the first of two parts")
    return int(number), int(parts)


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=DATA, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), default=WORK, show_default=True)
@click.option("--observations", type=click.Path(path_type=Path), default=OBSERVED)
@click.option("--part", callback=_part, default="1/1", help="Observe a part, and don't fit: 1/2.")
@click.option("--fit-only", is_flag=True, help="Fit on what was observed before.")
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@click.option("--write", is_flag=True, help="Ship the fit.")
def main(
    data: Path,
    work: Path,
    observations: Path,
    part: tuple[int, int],
    fit_only: bool,
    threads: int,
    write: bool,
) -> None:
    """Fit the calibration that ships with Pincite."""
    observations.mkdir(parents=True, exist_ok=True)
    if fit_only:
        files = observed_files(observations)
    else:
        found = observe(data, work, threads, part)
        files = [observations / f"{part[0]}-of-{part[1]}.pickle"]
        files[0].write_bytes(pickle.dumps(found))
        if part != (1, 1):
            return
    samples = weighted([sample for path in files for sample in pickle.loads(path.read_bytes())])
    fitted = fit(samples, about(samples, report(samples)))
    _print_calibration(fitted)
    if write:
        fitted.save(SHIPPED)
        click.echo(f"Written to {SHIPPED}.")


def _print_calibration(fitted: Calibration) -> None:
    weights = ", ".join(f"{name} {weight:.3f}" for name, weight in fitted.weights.items())
    click.echo(f"\nWeights: {weights}; none {fitted.none:.3f}")
    click.echo(
        f"Line: {fitted.intercept:.3f} + {fitted.slope:.3f} log odds + {fitted.for_support:.3f} "
        f"log sources + {fitted.for_foreign:.3f} if foreign; baseline's temperature "
        f"{fitted.temperature:.2f}"
    )


if __name__ == "__main__":
    main()
