"""The frozen list of ten passages, and what counts as a loss against stored figures."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import check_figures
import evaluate
import numpy as np
import pytest
import ten_passages
from check_figures import Measured
from click.testing import CliRunner
from fakes import FakeEmbedder, FakeReader
from processes import environment

from index.passages import passage_input
from service.metrics import Figure
from service.question_files import read_question_file
from service.spans import decode

ROOT = Path(__file__).parents[2]
SETS = {
    "train/squad_v1_train": range(5),
    "calibration/squad_v1_train": range(5, 9),
    "dev/squad_dev_v1": range(9, 24),
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Bridges, each of other builders; the dev set asks how many they were."""
    for name, numbers in SETS.items():
        path = tmp_path / f"{name}.jsonl.gz"
        path.parent.mkdir(exist_ok=True)
        lines = []
        for number in numbers:
            count = str(100 + 7 * number)
            asked = {
                "id": f"q{number}",
                "question": f"How many people built the bridge of Place{number}?",
                "answers": [{"text": count, "answer_start": 0}],
            }
            context = f"{count} people built the bridge of Place{number}, opened by Karin."
            lines.append(json.dumps({"title": "Bridges", "context": context, "qas": [asked]}))
        path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return tmp_path


def test_the_frozen_list_is_that_of_exact_search(data: Path) -> None:
    embedder = FakeEmbedder()
    path = data / "list.json.gz"
    ten_passages.build_list(data, embedder, path)
    nearest = ten_passages.read_list(data, path)
    paragraphs, asked = ten_passages.read_paragraphs(data)
    assert [p.context.partition(" ")[0] for p in paragraphs] == [
        str(100 + 7 * n) for n in range(24)
    ]
    assert [question.id for _, question in asked] == [f"q{n}" for n in range(9, 24)]
    inputs = [passage_input("Bridges", p.context, embedder) for p in paragraphs]
    vectors = embedder.embed(inputs)
    listed = {one.question.id: one for one in nearest}
    assert 0 < len(listed) <= len(asked)
    for own, question in asked:
        cosines = vectors @ embedder.embed([question.text])[0]
        rank = np.count_nonzero(cosines > cosines[own] + 1e-3)
        if question.id not in listed:
            assert rank >= ten_passages.READ - 1
            continue
        one = listed[question.id]
        assert len(one.paragraphs) == ten_passages.READ
        assert question in one.paragraphs[one.own].questions
        places = [paragraphs.index(paragraph) for paragraph in one.paragraphs]
        assert one.similarities == pytest.approx(cosines[places], abs=2e-3)
        assert cosines[places[-1]] >= np.sort(cosines)[-ten_passages.READ] - 1e-3


def test_reading_ten_keeps_what_the_own_passage_gives(data: Path) -> None:
    path = data / "list.json.gz"
    ten_passages.build_list(data, FakeEmbedder(), path)
    nearest = ten_passages.read_list(data, path)
    found = list(ten_passages.read_ten(FakeReader(), nearest))
    assert [one.question_id for one in found] == [one.question.id for one in nearest]
    assert all(one.own == 1 for one in found)
    expected = []
    for one in nearest:
        best = (float("-inf"), "")
        for paragraph, similarity in zip(one.paragraphs, one.similarities, strict=True):
            [windows] = FakeReader().read(one.question.text, [paragraph.context], lambda: None)
            reading = decode(windows, paragraph.context, n_best=1, max_answer_tokens=30)
            [span] = reading.spans
            score = span.score - reading.null_score + ten_passages.SIMILARITY_WEIGHT * similarity
            best = max(best, (score, paragraph.context[span.start : span.end]))
        expected.append(float(best[1] == one.question.answers[0].text))
    assert 0 < sum(expected) < len(expected)
    assert [one.all_ten for one in found] == expected
    sampled = list(ten_passages.read_ten(FakeReader(), nearest, sample=2))
    assert len(sampled) == 2
    assert set(sampled) <= set(found)


def test_a_list_of_other_data_is_refused(data: Path) -> None:
    path = data / "list.json.gz"
    ten_passages.build_list(data, FakeEmbedder(), path)
    dev = data / "dev" / "squad_dev_v1.jsonl.gz"
    text = gzip.decompress(dev.read_bytes()).replace(b"Karin", b"Karen")
    dev.write_bytes(gzip.compress(text))
    with pytest.raises(SystemExit, match="made from other paragraphs"):
        ten_passages.read_list(data, path)


@pytest.mark.parametrize(
    ("row", "missing"),
    [
        ("table", "dev/squad_dev_v1.jsonl.gz"),
        ("squad-v2", "dev/squad_dev_v2.jsonl.gz"),
        ("breadth", "calibration/tweetqa.jsonl.gz"),
        ("passages", "train/squad_v1_train.jsonl.gz"),
        ("nearest", "train/squad_v1_train.jsonl.gz"),
    ],
)
def test_a_row_without_its_data_says_where_it_looked(
    tmp_path: Path, row: str, missing: str
) -> None:
    done = CliRunner().invoke(evaluate.main, ["--data", str(tmp_path), row])
    assert (done.exit_code, done.output) == (
        1,
        f"Error: There is no {missing} in {tmp_path}. Give the folder with train, dev and "
        "calibration: --data FOLDER, before the command.\n",
    )


def test_sources_of_an_empty_folder_are_missed(tmp_path: Path) -> None:
    done = CliRunner().invoke(evaluate.main, ["--data", str(tmp_path), "sources"])
    assert done.exit_code == 1
    assert f"no question files (.jsonl.gz) in {tmp_path / 'calibration'}" in done.output


def test_a_reader_that_is_not_there_ends_in_a_message(tmp_path: Path) -> None:
    done = CliRunner().invoke(evaluate.main, ["--reader", str(tmp_path / "none"), "repeated"])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: There is no model folder '{tmp_path / 'none'}'.")


@pytest.mark.parametrize(
    ("command", "missing", "remedy"),
    [
        (["measure_debris.py"], "There is no train/squad_v1_train", "Name SOURCES: "),
        (
            ["mine_negatives.py", "out.gz"],
            "There is no train/squad_v1_train",
            "Name question FILES",
        ),
        (["train_reader.py", "out"], "There are no question files", "Name question FILES"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_script_without_the_projects_data_says_what_to_name(
    tmp_path: Path, command: list[str], missing: str, remedy: str
) -> None:
    # Data is looked for beside the project: a copy of the scripts has none.
    scripts = tmp_path / "project" / "scripts"
    shutil.copytree(ROOT / "scripts", scripts, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, str(scripts / command[0]), *command[1:]],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {missing}")
    assert str(tmp_path / "shared" / "data" / "qa") in done.stderr
    assert remedy in done.stderr


def test_the_table_has_no_interval_of_one_question_and_no_nan(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nan = float("nan")
    figures = {
        "many": Figure(0.5, 0.25, 0.75, 1500),
        "one": Figure(1.0, 1.0, 1.0, 1),
        "none": Figure(nan, nan, nan, 2),
    }
    evaluate.print_table([*figures.items(), ("size", 23.64)], "a-reader@1")
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "| many | 50.0 | 25.0 to  75.0 | 1,500 |  |  |",
        "| one | 100.0 |  | 1 |  |  |",
        "| none | — | — to     — | 2 |  |  |",
        "| size | 23.6 | |  |  |  |",
    ]


IDS = [f"q{i}" for i in range(50)]
STORED = Measured("set", IDS, [1.0] * 40 + [0.0] * 10).stored()


@pytest.mark.parametrize(
    ("values", "sound", "said"),
    [
        ([1.0] * 40 + [0.0] * 10, True, "change +0.0"),
        ([1.0] * 50, True, "change +20.0"),
        ([1.0] * 39 + [0.0] * 11, True, "change -2.0"),
        ([1.0] * 25 + [0.0] * 25, False, "LOSS"),
    ],
)
def test_only_a_loss_beyond_noise_fails(
    values: list[float], sound: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_figures.compare(Measured("set", IDS, values), STORED) is sound
    assert said in capsys.readouterr().out


def test_other_questions_than_the_stored_ones_fail(capsys: pytest.CaptureFixture[str]) -> None:
    other = Measured("set", [*IDS[:-1], "other"], STORED["values"])
    assert not check_figures.compare(other, STORED)
    assert not check_figures.compare(other, None)
    assert capsys.readouterr().out.count("--write") == 2


def test_stored_figures_are_those_of_their_values() -> None:
    stored = json.loads(check_figures.STORED.read_text(encoding="utf-8"))
    assert {"golden: right first", "golden: refused", "repeated strings: offset-EM"} <= set(stored)
    for figure in stored.values():
        assert figure["n"] == len(figure["values"])
        assert figure["value"] == pytest.approx(np.mean(figure["values"]), abs=1e-4)
        assert figure["low"] <= figure["value"] <= figure["high"]


def test_repeated_answers_stand_in_several_places() -> None:
    file = read_question_file(evaluate.REPEATED)
    assert file.faults == ()
    questions = list(file.questions)
    firsts = 0
    for paragraph, question in questions:
        gold = question.answers[0]
        assert paragraph.context.count(gold.text) > 1
        firsts += paragraph.context.index(gold.text) == gold.start
    described = f"{len(questions)} hand-made questions whose answers' words stand in several"
    readme = " ".join((ROOT / "scripts" / "README.md").read_text(encoding="utf-8").split())
    assert described in readme
    assert f"(the first in {firsts})" in readme
