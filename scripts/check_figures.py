"""Compares what is answered now with stored figures, question by question; `make eval`.

The golden questions and the repeated strings are always asked; fixed samples of the dev and
reserved sets where the data folder is. A figure fails if it is lower than the stored one beyond
noise: the 95% interval of the paired difference lies below 0. The same reader on the same questions
gives the same answers, so there is no false alarm unless something has changed. `--write` stores
what is measured.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import ten_passages
from evaluate import BREADTH, REPEATED, Bench
from golden_questions import ANSWERABLE, ask_golden, print_golden
from project_data import DATA

from service.evaluation import f1_at_best_threshold
from service.metrics import difference_figure, is_loss, mean_figure
from service.reader import DEFAULT_READER
from service.settings import Settings

STORED = Path(__file__).parents[1] / "tests" / "eval" / "figures.json"

V1_SAMPLE = 1_000
V2_SAMPLE = 800
BREADTH_SAMPLE = 160
TEN_SAMPLE = 120

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """A value for each question of a set.

    Attributes:
        ids: The questions'.
        values: In [0, 1], higher is better.
    """

    name: str
    ids: Sequence[str]
    values: Sequence[float]

    def stored(self) -> dict[str, Any]:
        """As it is stored."""
        values = [round(float(value), _DIGITS) for value in self.values]
        shares = {
            name: round(share, _DIGITS) for name, share in asdict(mean_figure(values)).items()
        }
        return {**shares, "ids": self.digest(), "values": values}

    def digest(self) -> str:
        """Tells whether the same questions were asked in the same order."""
        return hashlib.sha256("\n".join(self.ids).encode()).hexdigest()[:12]


def golden(reader: str) -> Iterator[Measured]:
    """The golden questions, asked of the sample documents; prints a table by kind."""
    judged = ask_golden(Settings(reader=reader))
    print_golden(judged, each=False)
    answerable = [one for one in judged if one.kind in ANSWERABLE]
    others = [one for one in judged if one.kind not in ANSWERABLE]
    yield Measured(
        "golden: right first",
        [one.question["id"] for one in answerable],
        [float(one.rank == 0) for one in answerable],
    )
    yield Measured(
        "golden: refused",
        [one.question["id"] for one in others],
        [float(one.is_refused) for one in others],
    )
    differing = [one for one in judged if one.kind == "differing"]
    yield Measured(
        "golden: all sides cited",
        [one.question["id"] for one in differing],
        [float(one.are_all_sides_cited) for one in differing],
    )


def repeated(bench: Bench) -> Iterator[Measured]:
    """The hand-made questions whose answers' words stand in several places."""
    outcomes = bench.outcomes(REPEATED, every_place=True)
    ids = [outcome.question_id for outcome in outcomes]
    yield Measured("repeated strings: offset-EM", ids, [o.at_place or 0.0 for o in outcomes])


def samples(bench: Bench) -> Iterator[Measured]:
    """Fixed samples of the dev and the reserved sets."""
    outcomes = bench.outcomes(bench.dev("squad_dev_v1"), sample=V1_SAMPLE)
    ids = [outcome.question_id for outcome in outcomes]
    yield Measured("SQuAD v1.1 dev sample: EM", ids, [o.score.em for o in outcomes])
    yield Measured("SQuAD v1.1 dev sample: F1", ids, [o.score.f1 for o in outcomes])
    outcomes = bench.outcomes(bench.dev("squad_dev_v2"), sample=V2_SAMPLE)
    ids = [outcome.question_id for outcome in outcomes]
    values = f1_at_best_threshold(outcomes).tolist()
    yield Measured("SQuAD v2.0 dev sample: F1, best threshold", ids, values)
    outcomes = [
        outcome
        for name in BREADTH
        for outcome in bench.outcomes(bench.reserved(name), sample=BREADTH_SAMPLE)
    ]
    ids = [outcome.question_id for outcome in outcomes]
    yield Measured("breadth sample: F1", ids, [o.score.f1 for o in outcomes])
    nearest = ten_passages.read_list(bench.data, bench.nearest)
    found = list(ten_passages.read_ten(bench.reader, nearest, sample=TEN_SAMPLE))
    ids = [outcome.question_id for outcome in found]
    yield Measured("ten passages sample: EM", ids, [outcome.all_ten for outcome in found])


def compare(measured: Measured, stored: dict[str, Any] | None) -> bool:
    """Print a figure beside the stored one; whether it is no loss."""
    now = mean_figure(measured.values)
    line = f"{measured.name:<42} {100 * now.value:5.1f} (n = {now.n:,})"
    if stored is None or stored["ids"] != measured.digest():
        print(f"{line}, stored for other questions or not at all: store it with --write")
        return False
    values = [round(float(value), _DIGITS) for value in measured.values]
    change = difference_figure(values, stored["values"])
    lost = is_loss(values, stored["values"])
    print(
        f"{line}, stored {100 * stored['value']:5.1f}; change {100 * change.value:+.1f} "
        f"[{100 * change.low:+.1f}, {100 * change.high:+.1f}]{': LOSS' if lost else ''}"
    )
    return not lost


@click.command()
@click.option("--reader", default=DEFAULT_READER, show_default=True, help="Name or folder.")
@click.option("--data", type=click.Path(path_type=Path), default=DATA, show_default=True)
@click.option("--write", is_flag=True, help="Store the figures measured now.")
def main(reader: str, data: Path, write: bool) -> None:
    """Fail if a figure is lower than the stored one beyond noise."""
    known = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    bench = Bench(reader, data, None, None)
    measured = [*golden(reader), *repeated(bench)]
    if data.is_dir():
        measured += samples(bench)
    sound = [compare(one, known.get(one.name)) for one in measured]
    if write:
        known |= {one.name: one.stored() for one in measured}
        lines = (f'  "{name}": {json.dumps(known[name])}' for name in sorted(known))
        STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
        print(f"Stored in {STORED}.")
    if unchecked := sorted(known.keys() - {one.name for one in measured}):
        print(f"NOT CHECKED, as there is no folder {data} (give one: --data FOLDER):")
        print("".join(f"  {name}\n" for name in unchecked), end="", flush=True)
    if write:
        return
    if not all(sound):
        sys.exit("Worse than the stored figures beyond noise, or not comparable with them.")


if __name__ == "__main__":
    main()
