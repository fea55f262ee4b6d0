"""Each row of the table of figures and the guard's exit, with readers that answer as planned."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import check_figures
import evaluate
import numpy as np
import pytest
import ten_passages
from check_figures import Measured
from click.testing import CliRunner
from evaluate import Bench
from fakes import FakeEmbedder, FakeReader

from service import cli
from service.question_files import read_question_file
from service.reader import Reader
from service.types import WindowLogits

CONTEXT = "Karin Berg built the old bridge in 1907"
RIGHT, HALF, WRONG = "Karin Berg", "Karin", "1907"
HALF_F1 = 2 / 3


class PlannedReader:
    """Answers each question with the range that is planned for it, sure of it as planned."""

    model_id = "planned-reader@1"

    def __init__(self, plan: dict[str, tuple[int, int, float]]) -> None:
        self._plan = plan

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        check()
        return [[self._logits(question, text)] for text in texts]

    def _logits(self, question: str, text: str) -> WindowLogits:
        first, last, null = self._plan[question]
        offsets = np.array([m.span() for m in re.finditer(r"\w+|[^\w\s]", text)], dtype=np.int64)
        start = np.where(offsets[:, 0] == first, 5.0, -5.0).astype(np.float32)
        end = np.where(offsets[:, 1] == last, 5.0, -5.0).astype(np.float32)
        return WindowLogits(start=start, end=end, offsets=offsets, null=null)


@dataclass(frozen=True)
class PlannedBench(Bench):
    """A bench whose readers are given rather than loaded."""

    readers: dict[str, Reader] = field(default_factory=dict)

    def load(self, name: str) -> Reader:
        return self.readers[name]


Asked = tuple[str | None, str, float]
"""The gold answer, if there is one; what the reader says; its null logit."""

SETS: dict[str, list[Asked]] = {
    "dev/squad_dev_v1": [(RIGHT, RIGHT, 0), (RIGHT, HALF, 0), (RIGHT, WRONG, 0)],
    "dev/squad_dev_v2": [(RIGHT, RIGHT, 2), (RIGHT, HALF, 3), (None, RIGHT, 9), (None, RIGHT, 1)],
    "calibration/tweetqa": [(RIGHT, RIGHT, 0)],
    "calibration/fairytaleqa": [(RIGHT, WRONG, 0)] * 2,
    "calibration/squadshifts_amazon_reviews": [(RIGHT, RIGHT, 0), (RIGHT, WRONG, 0)],
    "calibration/squadshifts_reddit": [(RIGHT, HALF, 0)],
    "calibration/tydiqa_goldp_en": [(RIGHT, RIGHT, 0), *[(RIGHT, WRONG, 0)] * 3],
}


def write_set(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))


def planned_bench(folder: Path, *, other: str = WRONG) -> PlannedBench:
    """The sets in a folder, a reader that answers them as planned, and one that always says one."""
    plan: dict[str, tuple[int, int, float]] = {}
    rival: dict[str, tuple[int, int, float]] = {}
    for name, asked in SETS.items():
        qas = []
        for number, (gold, said, null) in enumerate(asked):
            question = f"Who, asks {name} {number}?"
            start = CONTEXT.index(said)
            plan[question] = (start, start + len(said), null)
            start = CONTEXT.index(other)
            rival[question] = (start, start + len(other), null)
            answers = [{"text": gold, "answer_start": CONTEXT.index(gold)}] if gold else []
            qas.append({"id": f"{number}", "question": question, "answers": answers})
        write_set(folder / f"{name}.jsonl.gz", [{"context": CONTEXT, "qas": qas}])
    readers: dict[str, Reader] = {"ours": PlannedReader(plan), "other": PlannedReader(rival)}
    return PlannedBench("ours", folder, None, None, readers=readers)


def values(row: evaluate.Row, bench: Bench) -> dict[str, tuple[float, int]]:
    """Value and number of questions of a row's figures."""
    found = {}
    for name, figure in row(bench):
        assert not isinstance(figure, float)
        found[name] = (figure.value, figure.n)
    return found


def near(value: float, n: int) -> object:
    return (pytest.approx(value), n)


def test_squad_v1_gives_em_f1_and_places(tmp_path: Path) -> None:
    assert values(evaluate.squad_v1, planned_bench(tmp_path)) == {
        "SQuAD v1.1 dev, EM": near(1 / 3, 3),
        "SQuAD v1.1 dev, F1": near((1 + HALF_F1) / 3, 3),
        "SQuAD v1.1 dev, offset-EM": near(1 / 3, 3),
    }


def test_squad_v2_gives_em_and_f1_each_at_its_best_threshold(tmp_path: Path) -> None:
    # By null logit: a wrong answer to an unanswerable question (1), a right one (2), half of one
    # (3), no answer where there is none (9). EM is best at 2 of 4, whichever are answered; F1 is
    # best if all but the last are.
    assert values(evaluate.squad_v2, planned_bench(tmp_path)) == {
        "SQuAD v2.0 dev, best threshold, EM": near(2 / 4, 4),
        "SQuAD v2.0 dev, best threshold, F1": near((0 + 1 + HALF_F1 + 1) / 4, 4),
    }


def test_breadth_is_the_mean_of_five_sources_each_counting_the_same(tmp_path: Path) -> None:
    assert values(evaluate.breadth, planned_bench(tmp_path)) == {
        "breadth, mean F1": near((1 + 0 + 1 / 2 + HALF_F1 + 1 / 4) / 5, 10)
    }


def test_repeated_strings_count_only_at_their_place(tmp_path: Path) -> None:
    plan = {}
    asked = list(read_question_file(evaluate.REPEATED).questions)
    for number, (paragraph, question) in enumerate(asked):
        gold = question.answers[0]
        starts = {answer.start for answer in question.answers}
        places = [m.start() for m in re.finditer(re.escape(gold.text), paragraph.context)]
        start = next(p for p in places if (p in starts) == (number < 8))
        plan[question.text] = (start, start + len(gold.text), 0.0)
    bench = PlannedBench("r", tmp_path, None, None, readers={"r": PlannedReader(plan)})
    assert values(evaluate.repeated, bench) == {
        "repeated strings, offset-EM": near(8 / len(asked), len(asked))
    }


def bridges(folder: Path, dev: int, *, copies: int = 1) -> PlannedBench:
    """Bridges of other builders, the dev ones asked for; the fake reader, and the frozen list."""
    for name, numbers in {
        "train/squad_v1_train": range(5),
        "calibration/squad_v1_train": range(5, 9),
        "dev/squad_dev_v1": range(9, 9 + dev),
    }.items():
        rows = []
        for number in numbers:
            question = f"How many people built the bridge of Place{number}?"
            answer = {"text": f"{100 + 7 * number}", "answer_start": 0}
            rows.append(
                {
                    "title": "Bridges",
                    "context": f"{answer['text']} people built the bridge of Place{number}.",
                    "qas": [
                        {"id": f"{number}/{copy}", "question": question, "answers": [answer]}
                        for copy in range(copies)
                    ],
                }
            )
        write_set(folder / f"{name}.jsonl.gz", rows)
    path = folder / "nearest.json.gz"
    ten_passages.build_list(folder, FakeEmbedder(), path)
    return PlannedBench("fake", folder, None, None, path, readers={"fake": FakeReader()})


def test_ten_passages_give_the_em_that_is_kept(tmp_path: Path) -> None:
    bench = bridges(tmp_path, 15)
    nearest = ten_passages.read_list(tmp_path, bench.nearest)
    found = list(ten_passages.read_ten(bench.reader, nearest))
    right = sum(one.all_ten for one in found)
    # The fake reader is always right about the own passage alone.
    assert 0 < right < len(found)
    assert values(evaluate.passages, bench) == {
        "ten passages, EM kept": near(right / len(found), len(found))
    }


def test_size_is_that_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    (tmp_path / "model.onnx").write_bytes(bytes(1_500_000))
    (tmp_path / "part" / "more").write_bytes(bytes(250_000))
    bench = Bench(str(tmp_path), tmp_path, None, None)
    assert list(evaluate.size(bench)) == [("size on disk, MB", 1.75)]


def test_against_compares_with_the_other(tmp_path: Path) -> None:
    bench = planned_bench(tmp_path, other=RIGHT)
    done = CliRunner().invoke(evaluate.against, ["other"], obj=bench)
    assert done.exit_code == 0, done.output
    cells = [line.strip("| ").split(" | ") for line in done.output.splitlines()]
    rows = {row[0]: row[1] for row in cells if len(row) > 1}
    # v1.1: 5/9 against 1; v2.0: 2/3 against (0 + 1 + 1 + 1) / 4.
    assert rows["SQuAD v1.1 dev, F1 against the other"] == f"{100 * (5 / 9 - 1):.1f}"
    assert rows["SQuAD v1.1 dev, same span"] == "33.3"
    assert rows["SQuAD v2.0 dev, F1 against the other"] == f"{100 * (2 / 3 - 3 / 4):.1f}"
    assert rows["SQuAD v2.0 dev, same span"] == "75.0"


def test_the_guard_asks_samples_of_these_sizes(tmp_path: Path) -> None:
    bench = bridges(tmp_path, 11, copies=100)
    answer = {"text": "7", "answer_start": 0}
    for name, count in {
        "dev/squad_dev_v2": 830,
        **dict.fromkeys((f"calibration/{source}" for source in evaluate.BREADTH), 170),
    }.items():
        qas = [
            {"id": f"{name} {n}", "question": "How many?", "answers": [answer] if n % 2 else []}
            for n in range(count)
        ]
        write_set(tmp_path / f"{name}.jsonl.gz", [{"context": "7 cats sleep.", "qas": qas}])
    found = {one.name: one for one in check_figures.samples(bench)}
    assert {name: len(set(one.ids)) for name, one in found.items()} == {
        "SQuAD v1.1 dev sample: EM": 1000,
        "SQuAD v1.1 dev sample: F1": 1000,
        "SQuAD v2.0 dev sample: F1, best threshold": 800,
        "breadth sample: F1": 5 * 160,
        "ten passages sample: EM": 120,
    }
    assert all(len(one.ids) == len(one.values) for one in found.values())
    assert set(found["SQuAD v1.1 dev sample: EM"].values) == {1.0}


IDS = [f"q{i}" for i in range(100)]


@pytest.mark.parametrize(
    ("right", "code"),
    [(80, 0), (90, 0), (79, 0), (60, 1)],
    ids=["the same", "better", "within noise", "a loss"],
)
def test_the_guard_exits_with_1_at_a_loss_and_says_what_it_did_not_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, right: int, code: int
) -> None:
    stored = tmp_path / "figures.json"
    monkeypatch.setattr(check_figures, "STORED", stored)
    now = [Measured("golden", IDS, [1.0] * 80 + [0.0] * 20)]
    monkeypatch.setattr(check_figures, "golden", lambda _: iter(now))
    monkeypatch.setattr(check_figures, "repeated", lambda _: iter(()))

    def guard(*options: str) -> tuple[int, str]:
        data = str(tmp_path / "nowhere")
        done = CliRunner().invoke(check_figures.main, ["--data", data, *options])
        return done.exit_code, done.output

    sample = Measured("SQuAD sample", IDS, [1.0] * 100).stored()
    stored.write_text(json.dumps({"SQuAD sample": sample}))
    assert guard("--write")[0] == 0
    assert json.loads(stored.read_text())["SQuAD sample"] == sample
    now[:] = [Measured("golden", IDS, [1.0] * right + [0.0] * (100 - right))]
    exit_code, said = guard()
    assert exit_code == code
    assert ("LOSS" in said) == (code == 1)
    assert (
        f"NOT CHECKED, as there is no folder {tmp_path / 'nowhere'} (give one: --data FOLD" in said
    )
    assert "\n  SQuAD sample\n" in said
    now.append(Measured("new", IDS, [1.0] * 100))
    assert guard()[0] == 1


@pytest.mark.parametrize("open_domain", [False, True])
def test_any_file_is_measured_as_pincite_eval_does(tmp_path: Path, open_domain: bool) -> None:
    path = tmp_path / "mine.json"
    gold = [{"text": RIGHT, "answer_start": 0}]
    asked = [
        {"id": "a", "question": "Who built the old bridge?", "answers": gold},
        {"id": "b", "question": "Who broke it?", "answers": [{"text": "no", "answer_start": 3}]},
    ]
    paragraphs = [{"context": CONTEXT, "qas": asked}]
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}))
    command = ["open-domain"] if open_domain else ["file"]
    ours = CliRunner().invoke(evaluate.main, [*command, str(path)])
    option = ["--open-domain"] if open_domain else []
    theirs = CliRunner().invoke(cli.main, ["eval", *option, str(path)])
    assert (ours.exit_code, ours.stdout) == (theirs.exit_code, theirs.stdout)
    assert ours.exit_code == 1
    assert "1 questions asked" in ours.stdout
    assert f"{path}: 1 offset_mismatch" in ours.stderr
