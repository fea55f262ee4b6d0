"""Trainings that can't go on: each says why, and what was saved stays as it was."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from reader_training import Ending, Training, TrainingError
from tiny_training import RECIPE, RECIPES, SETTINGS, made_paragraphs, made_set, save_encoder
from train_reader import main
from training_course import train


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    return save_encoder("bert", tmp_path_factory.mktemp("encoder"))


@pytest.fixture
def begun(tmp_path, encoder) -> Path:
    """A training of 8 steps that stands at step 4, before its end begins."""
    folder = tmp_path / "begun"
    folder.mkdir()
    training = start(folder, encoder, steps=8)
    for _ in range(4):
        learn(training)
    training.save()
    return folder


def start(folder: Path, encoder: Path, *, steps: int, **settings: object) -> Training:
    changed = replace(SETTINGS, encoder=str(encoder), **settings)
    return Training(folder, changed, Ending(steps, 2, "12=1"), "cpu")


def learn(training: Training) -> float:
    dataset = made_set(training.tokenizer)
    return training.step([dataset.group(RECIPE, number, 1) for number in range(8)])


def refused(folder: Path, encoder: Path, *, steps: int = 8, **settings: object) -> str:
    with pytest.raises(TrainingError) as raised:
        start(folder, encoder, steps=steps, **settings)
    return raised.value.message


def test_a_loss_that_is_not_finite_stops_the_training_and_keeps_the_checkpoint(begun, encoder):
    training = start(begun, encoder, steps=8)
    saved = training.checkpoint.read_bytes()
    with torch.no_grad():
        training.model.qa_outputs.bias[0] = torch.nan
    dataset = made_set(training.tokenizer)
    with pytest.raises(TrainingError) as raised:
        train(training, dataset, dataset, RECIPES, validate_every=1)
    assert raised.value.message == (
        "The loss of step 5 is nan. The checkpoint of step 4 is kept. Begin again in another "
        "folder with a lower --learning-rate than 0.001."
    )
    assert training.checkpoint.read_bytes() == saved
    assert not (begun / "model.safetensors").exists()


@pytest.mark.parametrize("is_held_out", [True, False])
def test_a_training_that_runs_away_saves_nothing(tmp_path, encoder, is_held_out):
    training = start(tmp_path, encoder, steps=8, learning_rate=1e39)
    dataset = made_set(training.tokenizer)
    held_out = made_set(training.tokenizer, 12 if is_held_out else 0)
    named = "held-out loss" if is_held_out else "greatest weight"
    with pytest.raises(TrainingError, match=rf"^The {named} after step 1 is (nan|inf)\. No check"):
        train(training, dataset, held_out, RECIPES, validate_every=1)
    assert not training.checkpoint.exists()
    assert (tmp_path / "log.jsonl").read_text() == ""


@pytest.mark.parametrize("rates", [{"made": 0.0}, {"made": 0.04}])
def test_data_of_which_an_epoch_takes_nothing_are_refused(tmp_path, encoder, rates):
    training = start(tmp_path, encoder, steps=8)
    recipe = replace(RECIPE, rates=rates, unanswerable_rate=0.5)
    # 12 questions of the rate and 12 of half of it.
    expected = f"{18 * rates['made']:.2g}"
    with pytest.raises(TrainingError) as raised:
        train(
            training,
            made_set(training.tokenizer),
            made_set(training.tokenizer, 0),
            {False: RECIPE, True: recipe},
            validate_every=1,
        )
    assert raised.value.message == (
        f"An epoch takes {expected} of the 24 questions, which is less than one. Raise --rates or "
        "--unanswerable, or give more questions."
    )


def test_a_small_epoch_is_trained_on_again_and_again(tmp_path, encoder):
    training = start(tmp_path, encoder, steps=5)
    recipe = replace(RECIPE, rates={"made": 0.09}, unanswerable_rate=0.5)
    train(
        training,
        made_set(training.tokenizer),
        made_set(training.tokenizer, 0),
        {False: recipe, True: recipe},
        validate_every=5,
    )
    assert training.position.step == 5


def test_fewer_steps_than_were_done_are_refused(begun, encoder):
    assert refused(begun, encoder, steps=3) == (
        f"The training in {begun} stands at step 4, but --steps is 3. Give --steps of at least 4."
    )
    assert start(begun, encoder, steps=4).position.step == 4


def test_another_end_than_the_one_begun_is_refused_with_the_step(begun, encoder):
    training = start(begun, encoder, steps=8)
    training.position.decaying = True
    training.save()
    assert refused(begun, encoder, steps=3) == (
        f"The training in {begun} stands at step 4 and is ending already. Give --steps 8 "
        "--decay-steps 2 --decay-lengths 12=1."
    )


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_a_truncated_checkpoint_is_named(begun, encoder, kept):
    checkpoint = begun / "checkpoint.pt"
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: int(kept * len(content))])
    told = refused(begun, encoder)
    assert told.startswith(f"{checkpoint} can't be resumed from: ")
    assert told.endswith(". Copy it again if there is a copy, or begin anew in another folder.")


@pytest.mark.parametrize("content", [[1, 2], {"settings": {}}])
def test_something_else_than_a_checkpoint_is_named(begun, encoder, content):
    torch.save(content, begun / "checkpoint.pt")
    assert refused(begun, encoder).startswith(f"{begun / 'checkpoint.pt'} can't be resumed from: ")


def test_a_checkpoint_of_an_older_form_is_refused(begun, encoder):
    checkpoint = begun / "checkpoint.pt"
    saved = torch.load(checkpoint, weights_only=True)
    saved["settings"] = asdict(SETTINGS) | {"encoder": str(encoder), "data": {}}
    del saved["settings"]["hard"]
    torch.save(saved, checkpoint)
    assert refused(begun, encoder) == (
        f"{checkpoint} was written by an older version of this script: it doesn't say hard. "
        "Begin anew in another folder."
    )


def write_questions(path: Path, begin: int, end: int) -> Path:
    rows = [
        {
            "context": paragraph.context,
            "title": paragraph.title,
            "qas": [
                {
                    "id": question.id,
                    "question": question.text,
                    "answers": [
                        {"text": a.text, "answer_start": a.start} for a in question.answers
                    ],
                }
                for question in paragraph.questions
            ],
        }
        for paragraph in made_paragraphs(end)[begin:]
    ]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path


@pytest.fixture
def files(tmp_path) -> list[str]:
    return [str(write_questions(tmp_path / f"{n}.jsonl", 6 * n, 6 * n + 6)) for n in range(2)]


def run(folder: Path, encoder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        main,
        [
            *(str(folder), "--encoder", str(encoder), "--device", "cpu", "--held-out", "0"),
            *("--steps", "2", "--decay-steps", "0", "--threads", str(torch.get_num_threads())),
            *arguments,
        ],
    )


def test_other_files_another_order_or_other_hard_passages_are_refused(tmp_path, encoder, files):
    hard = []
    for name in ("a.gz", "b.gz"):
        hard.append(str(tmp_path / name))
        with gzip.open(hard[-1], "wt") as lines:
            lines.write(json.dumps({"id": "0/q0", "passages": [f"the mayor of {name}"]}) + "\n")
    folder = tmp_path / "out"
    begun = run(folder, encoder, *files, "--hard", hard[0])
    assert begun.exit_code == 0, begun.output
    assert "- hard passages: a.gz\n" in (folder / "README.md").read_text()
    for arguments, differing in (
        ((*files, "--hard", hard[1]), "hard"),
        (files, "hard"),
        ((*reversed(files), "--hard", hard[0]), "data"),
        ((*files, files[0], "--hard", hard[0]), "data"),
        ((files[0],), "data, hard"),
    ):
        result = run(folder, encoder, *arguments)
        assert result.exit_code == 1
        assert f"holds a training with other settings: {differing}. Give the" in result.output
    assert run(folder, encoder, *files, "--hard", hard[0]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rates", "mine=2"], "--rates: no question is of the source 'mine'. The sources of the"),
        (["--any-occurrence", "1,x"], "--any-occurrence: no question is of the source 'x'."),
        (["--lengths", "48=0"], "--lengths: '48=0' gives every size the weight 0."),
        (["--validate-every", "0"], "--validate-every"),
        (["--device", "foo"], "'foo' is not one of 'auto', 'cpu', 'cuda'."),
    ],
)
def test_options_that_mean_nothing_are_refused(tmp_path, encoder, files, arguments, told):
    result = run(tmp_path / "out", encoder, *files, *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.output.split())
    assert not (tmp_path / "out").exists()


def test_a_rate_goes_by_the_file_where_its_lines_name_no_source(tmp_path, encoder, files):
    result = run(tmp_path / "out", encoder, *files, "--rates", "1=0,tweetqa=0.5")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_an_encoder_that_makes_no_reader_is_refused(tmp_path, files):
    result = run(tmp_path / "out", tmp_path, *files)
    assert result.exit_code == 1
    assert f"Error: {tmp_path} can't be loaded: " in result.output


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to train on")
def test_a_gpu_that_is_not_there_is_refused(tmp_path, encoder, files):
    result = run(tmp_path / "out", encoder, *files, "--device", "cuda")
    assert result.exit_code == 2
    assert "--device: torch finds no GPU. Give --device cpu, or install" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("is_link", [False, True])
def test_reserved_questions_are_refused(tmp_path, encoder, files, is_link):
    folder = tmp_path / "calibration"
    folder.mkdir()
    path = Path(shutil.copy(files[1], folder))
    if is_link:
        named = tmp_path / "harmless.jsonl"
        named.symlink_to(path)
        path = named
    result = run(tmp_path / "out", encoder, files[0], str(path))
    assert result.exit_code == 1
    assert f"Error: {path} lies in a folder named calibration: its questions" in result.output
    assert not (tmp_path / "out").exists()


def test_of_each_kind_of_fault_three_are_named_and_the_cut_gzip_always(tmp_path, encoder):
    plain = write_questions(tmp_path / "plain.jsonl", 0, 8)
    gold = {"text": "1801", "answer_start": 0}
    asked = [{"id": f"w{n}", "question": "when?", "answers": [gold]} for n in range(5)]
    bad = json.dumps({"context": "the bridge of 1801", "qas": asked}) + "\n"
    noise = json.dumps({"context": os.urandom(5_000).hex(), "qas": []}) + "\n"
    packed = gzip.compress((bad + plain.read_text() + noise).encode())
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(packed[:-500])
    result = run(tmp_path / "out", encoder, str(file))
    assert result.exit_code == 0, result.output
    said = result.output.splitlines()
    assert f"{file}: 5 offset_mismatch" in said
    assert f"{file}: 1 truncated" in said
    assert sum("the bridge of" not in line and "stands at 0" in line for line in said) == 3
    assert "  and 2 more" in said
    assert any("the gzip stream is damaged" in line for line in said)
    assert "{" not in "".join(line for line in said if "offset_mismatch" in line)


class Killed(BaseException):
    """A training's end in the middle of a step."""


class KilledTraining(Training):
    """A training that dies in its eighth step."""

    def step(self, groups):
        if self.position.step == 7:
            raise Killed
        return super().step(groups)


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"save_steps": 3}, 6),
        ({"save_steps": 100, "save_seconds": 0.0}, 7),
        ({"save_steps": 100}, None),
    ],
)
def test_a_checkpoint_is_kept_between_validations(tmp_path, encoder, limits, kept):
    settings = replace(SETTINGS, encoder=str(encoder))
    training = KilledTraining(tmp_path, settings, Ending(12, 2, "12=1"), "cpu")
    dataset = made_set(training.tokenizer)
    with pytest.raises(Killed):
        train(training, dataset, dataset, RECIPES, validate_every=1000, **limits)
    assert training.saved_step == kept
    assert training.checkpoint.exists() == (kept is not None)
    if kept is not None:
        assert start(tmp_path, encoder, steps=12).position.step == kept
