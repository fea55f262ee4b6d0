"""`pincite calibrate`: questions with known answers to a calibration that the service takes."""

import json

import click
import pytest
from calibrate import observed_files
from click.testing import CliRunner

from service.calibration import load_calibration
from service.cli import main


def question_file(path, number, *, answered=True):
    """Paragraphs that each say how many came; every third question isn't answered by any."""
    lines = []
    for n in range(number):
        context = f"In village {n} of the valley {n + 120} people came to the yearly feast."
        answer = f"{n + 120}"
        start = context.index(f" {answer} people") + 1
        questions = [
            {
                "id": f"q{n}",
                "question": f"How many people came to the feast of village {n}?",
                "answers": [{"text": answer, "answer_start": start}],
            }
        ]
        if n % 3 == 0 and answered:
            questions.append(
                {"id": f"u{n}", "question": f"Who built the tower of town {n}?", "answers": []}
            )
        row = {"source": "made", "title": f"Village {n}", "context": context, "qas": questions}
        lines.append(json.dumps(row))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(*arguments, data):
    return CliRunner().invoke(main, ["calibrate", *map(str, arguments), "--data-dir", str(data)])


def test_a_calibration_is_fitted_and_told_of(tmp_path):
    questions = question_file(tmp_path / "mine.jsonl", 45)
    result = run(questions, "--json", data=tmp_path / "data")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["asked"], told["unasked"], told["fitted"]) == (60, 0, "line")
    assert (
        told["before"].keys()
        == told["after"].keys()
        == {
            "ECE",
            "AURC",
            "AUROC",
            "coverage at 80% accuracy",
        }
    )
    assert all(figure["n"] == 60 for figure in told["after"].values())
    fitted, shipped = load_calibration(tmp_path / "data" / "calibration.json"), load_calibration()
    assert told["calibration"] == str(tmp_path / "data" / "calibration.json")
    # Of so few questions only the line is fitted.
    assert (fitted.weights, fitted.none) == (shipped.weights, shipped.none)
    assert (fitted.slope, fitted.intercept) != (shipped.slope, shipped.intercept)
    assert fitted.fit["questions"] == 60


def test_a_collection_is_asked_and_a_file_written_over(tmp_path, monkeypatch):
    questions = question_file(tmp_path / "mine.jsonl", 45)
    villages = tmp_path / "villages"
    villages.mkdir()
    for n in range(45):
        said = f"In village {n} of the valley {n + 120} people came to the yearly feast."
        (villages / f"{n}.txt").write_text(said)
    data, output = tmp_path / "data", tmp_path / "mine.json"
    added = ["index", str(villages), "-c", "feasts", "--data-dir", str(data)]
    assert CliRunner().invoke(main, added).exit_code == 0
    output.write_text("mine")
    monkeypatch.setattr("service.commands.calibrating.WHOLE_FROM", 60)
    result = run(questions, "-c", "feasts", "-o", output, "--force", data=data)
    assert result.exit_code == 0, result.output
    assert "60 questions asked. All of it was fitted." in result.output
    assert f"PINCITE_CALIBRATION={output} pincite serve" in result.output
    fitted, shipped = load_calibration(output), load_calibration()
    assert fitted.weights != shipped.weights
    assert fitted.fit["begun from"] == shipped.calibration_id
    assert sorted(path.name for path in data.iterdir()) == ["feasts"]


def test_what_is_there_is_not_written_over(tmp_path):
    questions = question_file(tmp_path / "mine.jsonl", 45)
    output = tmp_path / "kept.json"
    output.write_text("mine")
    result = run(questions, "-o", output, data=tmp_path)
    assert (result.exit_code, output.read_text()) == (2, "mine")
    assert "--force" in result.output


@pytest.mark.parametrize("answered", [True, False])
def test_too_few_questions_write_nothing(tmp_path, answered):
    number = 12 if answered else 45
    questions = question_file(tmp_path / "few.jsonl", number, answered=answered)
    result = run(questions, data=tmp_path / "data")
    assert result.exit_code == 2
    assert "questions don't say how sure an answer is" in result.output
    assert "Give more questions" in result.output
    assert not (tmp_path / "data" / "calibration.json").exists()


def test_a_collection_that_is_not_there_is_named(tmp_path):
    questions = question_file(tmp_path / "mine.jsonl", 45)
    result = run(questions, "-c", "news", data=tmp_path / "data")
    assert result.exit_code == 2
    assert "news" in result.output


def test_parts_of_two_observations_are_not_fitted_together(tmp_path):
    with pytest.raises(click.ClickException, match="Nothing is observed"):
        observed_files(tmp_path)
    for name in ("1-of-2", "2-of-2"):
        (tmp_path / f"{name}.pickle").touch()
    assert [path.stem for path in observed_files(tmp_path)] == ["1-of-2", "2-of-2"]
    (tmp_path / "1-of-1.pickle").touch()
    with pytest.raises(click.ClickException, match="not the parts of one whole"):
        observed_files(tmp_path)
    (tmp_path / "1-of-1.pickle").unlink()
    (tmp_path / "2-of-2.pickle").unlink()
    with pytest.raises(click.ClickException, match=r"holds 1-of-2\.pickle"):
        observed_files(tmp_path)
