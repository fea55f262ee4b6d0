"""Exporting readers: the graph computes what transformers does, integers stay near the numbers."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import average_readers
import numpy as np
import onnx
import pytest
import torch
from bert_graph import quantize, reader_model
from click.testing import CliRunner
from export_reader import Agreement, compare, export, install, main
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from import_reader import weights_of
from model_card import write_card
from onnx import TensorProto, helper
from reader_forms import save_small
from transformers import BertForQuestionAnswering

from index.errors import ModelNotFound, UnusableModel
from service.onnx_reader import OnnxReader
from service.questions import GoldAnswer, Paragraph, Question
from service.spans import decode
from service.torch_reader import TransformersReader

FILES = {"model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json", "SHA256SUMS"}
TEXTS = [
    "Keller wrote the letter on a cold evening. It was sent the next day.",
    "Naïve café — “quoted” €5.5; a.b@c.org, 東京, Москва",
    "the road to the coast was closed because of the snow, and nobody came. " * 30,
]
QUESTION = "Who wrote the letter?"


def go_on():
    """A check that finds nothing wrong."""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("small"))


@pytest.fixture
def output(tmp_path):
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


def test_in_single_precision_logits_and_spans_are_those_of_torch(small, output):
    export(small, output, int8=False)
    ours = OnnxReader(str(output)).read(QUESTION, TEXTS, go_on)
    theirs = TransformersReader(str(small)).read(QUESTION, TEXTS, go_on)
    assert [len(windows) for windows in ours] == [len(windows) for windows in theirs]
    assert np.ptp(theirs[0][0].start) > 1
    for text, windows, others in zip(TEXTS, ours, theirs, strict=True):
        for one, other in zip(windows, others, strict=True):
            assert one.start == pytest.approx(other.start, abs=1e-4)
            assert one.end == pytest.approx(other.end, abs=1e-4)
            assert one.null == pytest.approx(other.null, abs=2e-4)
        found, wanted = (
            decode(each, text, n_best=3, max_answer_tokens=30) for each in (windows, others)
        )
        assert [(s.start, s.end) for s in found.spans] == [(s.start, s.end) for s in wanted.spans]


@pytest.mark.parametrize("int8", [True, False])
def test_the_graph_holds_every_weight(small, output, int8):
    export(small, output, int8=int8)
    model = BertForQuestionAnswering.from_pretrained(small)
    held = weights_of(output / "model.onnx")
    # A scale is a 127th of the largest number; a number is within half of it.
    tolerance = 1 / 254 if int8 else 0
    for name, parameter in model.named_parameters():
        wanted = parameter.detach().numpy()
        assert np.abs(held[name] - wanted).max() <= np.abs(wanted).max() * tolerance + 1e-6
    tensors = {t.name: t.data_type for t in onnx.load(output / "model.onnx").graph.initializer}
    matrix = "bert.encoder.layer.0.output.dense.weight"
    assert tensors[matrix] == (TensorProto.INT8 if int8 else TensorProto.FLOAT)
    assert tensors["qa_outputs.weight"] == TensorProto.FLOAT


@given(
    arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 4)),
        elements=st.floats(-1e4, 1e4, width=32).filter(lambda x: x == 0 or abs(x) > 1e-20),
    )
)
def test_integers_times_scales_are_nearest_to_the_numbers(numbers):
    value, scale = quantize(numbers, axis=1)
    assert (value.dtype, value.shape) == (np.int8, numbers.shape)
    assert (scale.dtype, scale.shape[1]) == (np.float32, 1)
    assert np.abs(value.astype(int)).max() <= 127
    error = np.abs(value * scale.astype(np.float64) - numbers)
    assert (error <= scale * 0.5001).all()


def test_a_block_has_a_scale_of_its_own(small, output):
    # The second layers have 256 inputs, two blocks; one large number leaves the other block alone.
    model = BertForQuestionAnswering.from_pretrained(small)
    weights = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}
    name = "bert.encoder.layer.1.output.dense.weight"
    weights[name][:, 5] = 1000
    made = output / "model.onnx"
    onnx.save(reader_model(weights, model.config.to_dict(), int8=True), made)
    error = np.abs(weights_of(made)[name] - weights[name])
    largest = np.abs(weights[name][:, 128:]).max()
    assert error[:, 128:].max() <= largest / 254 + 1e-6
    assert error[:, :128].max() > 10 * largest / 254


def test_the_folder_holds_what_a_reader_needs_and_lists_it(small, output):
    export(small, output, int8=True)
    assert {path.name for path in output.iterdir()} == FILES
    sums = dict(
        reversed(line.split("  ")) for line in (output / "SHA256SUMS").read_text().split("\n")[:-1]
    )
    assert sums == {
        name: hashlib.sha256((output / name).read_bytes()).hexdigest()
        for name in FILES - {"SHA256SUMS"}
    }
    written, original = (
        json.loads((folder / "tokenizer.json").read_text("utf-8")) for folder in (output, small)
    )
    assert written == original


def test_the_shipped_size_stays_within_its_limit(onnx_folder):
    files = [path for path in onnx_folder.iterdir() if path.name in FILES]
    assert {path.name for path in files} == FILES
    assert sum(path.stat().st_size for path in files) <= 24_000_000


@pytest.mark.parametrize(("name", "value"), [("hidden_act", "relu"), ("model_type", "roberta")])
def test_a_model_of_another_kind_is_refused(small, tmp_path, output, name, value):
    folder = tmp_path / "other"
    shutil.copytree(small, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {name: value}))
    with pytest.raises(UnusableModel, match=f"{name} is '{value}'"):
        export(folder, output, int8=True)


def test_a_model_without_a_span_head_is_refused(small, output):
    model = BertForQuestionAnswering.from_pretrained(small).bert
    folder = output / "encoder"
    model.save_pretrained(folder)
    with pytest.raises(UnusableModel, match=r"bert\.embeddings"):
        export(folder, output, int8=True)


def test_a_folder_without_weights_is_refused(output):
    with pytest.raises(ModelNotFound, match=r"holds no model\.safetensors"):
        export(output, output, int8=True)


def asked(text="Keller wrote the letter on a cold evening."):
    question = Question("q", QUESTION, (GoldAnswer("Keller", 0),))
    return [(Paragraph("s", "t", text, (question,)), question)]


def test_a_reader_agrees_with_itself_and_not_with_its_negative(small, output, tmp_path):
    export(small, output, int8=False)
    same = compare(output, output, asked())
    assert (same.n, same.same, same.f1, same.margin, same.changes) == (1, 1.0, 1.0, 0.0, [])
    assert (same.gold.value, same.gold.n) == (0.0, 1)
    turned = save_small(tmp_path / "turned")
    model = BertForQuestionAnswering.from_pretrained(turned)
    torch.nn.init.zeros_(model.qa_outputs.bias)
    model.qa_outputs.weight.data *= -1
    model.save_pretrained(turned)
    negative = tmp_path / "negative"
    negative.mkdir()
    export(turned, negative, int8=False)
    other = compare(negative, output, asked())
    assert other.same == 0
    assert other.margin > 1
    [(question, was, is_now)] = other.changes
    assert (question, was != is_now) == (QUESTION, True)


def test_figures_are_said_in_words():
    said = str(Agreement(n=3, same=2 / 3, f1=0.875, margin=0.25, gold=None, changes=[]))
    assert said == (
        "3 questions: 66.7% of the spans are the same, the answers' F1 against those in single "
        "precision is 87.50, scores differ by 0.250 on average."
    )


def test_installing_replaces_what_was_listed_and_nothing_else(small, tmp_path, output):
    made = tmp_path / "made"
    made.mkdir()
    export(small, made, int8=True)
    (output / "model.safetensors").write_bytes(b"old")
    (output / "notes.txt").write_text("mine")
    (tmp_path / "outside.txt").write_text("mine")
    (output / "SHA256SUMS").write_text("0  model.safetensors\n0  ../outside.txt\n")
    install(made, output)
    assert {path.name for path in output.iterdir()} == FILES | {"notes.txt"}
    assert (tmp_path / "outside.txt").read_text() == "mine"
    OnnxReader(str(output))


def question_file(folder):
    path = folder / "questions.jsonl"
    gold = {"id": "q", "question": QUESTION, "answers": [{"text": "Keller", "answer_start": 0}]}
    path.write_text(json.dumps({"source": "s", "title": "t", "context": TEXTS[0], "qas": [gold]}))
    return path


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_writes_a_reader_with_its_card(small, tmp_path):
    model, output = tmp_path / "model", tmp_path / "output"
    shutil.copytree(small, model)
    (model / "README.md").write_text("# My reader\n\nIts data.\n")
    done = run(model, output, "--fp32", "--questions", question_file(tmp_path), "--threads", 1)
    assert done.exit_code == 0, done.output
    assert "1 questions: 100.0% of the spans are the same" in done.output
    card = (output / "README.md").read_text()
    assert card.startswith("# My reader\n\nIts data.\n\n## Export\n")
    assert "32-bit floats" in card
    assert {path.name for path in output.iterdir()} == FILES | {"README.md"}


def test_an_averaged_readers_export_carries_data_and_licences(small, tmp_path):
    shares = []
    for name in ("one", "two"):
        model = tmp_path / name
        shutil.copytree(small, model)
        text = write_card(
            encoder="all-MiniLM-L6-v2",
            command=f"python train_reader.py {name}",
            sources={"qamr": 7},
            settings={},
            scores={},
        )
        (model / "README.md").write_text(text)
        shares.append(f"{model}=1")
    mean = str(tmp_path / "mean")
    assert CliRunner().invoke(average_readers.main, [mean, *shares]).exit_code == 0
    output = tmp_path / "output"
    questions = question_file(tmp_path)
    done = run(mean, output, "--questions", questions, "--least-f1", 0, "--threads", 1)
    assert done.exit_code == 0, done.output
    card = (output / "README.md").read_text()
    assert "\nlicense: apache-2.0\n" in card
    assert card.count("| qamr | 7 | MIT, text CC BY-SA |") == 2
    for name in ("one", "two"):
        assert f"python train_reader.py {name}\n" in card
    assert "\n## Export\n" in card


def test_a_card_with_scores_is_replaced_only_by_force(small, tmp_path):
    output = tmp_path / "output"
    output.mkdir()
    card = output / "README.md"
    scored = "# A reader\n\n## Scores\nAs exported:\n\n| test | EM |\n|---|---|\n| v1.1 | 72 |\n"
    card.write_text(scored)
    options = ("--fp32", "--questions", question_file(tmp_path), "--threads", 1)
    done = run(small, output, *options)
    assert done.exit_code == 1
    assert f"Error: {card} has a table of scores, which the exported" in done.output
    assert "Name another folder, or give --force." in done.output
    assert [path.name for path in output.iterdir()] == ["README.md"]
    assert card.read_text() == scored
    done = run(small, output, *options, "--force")
    assert done.exit_code == 0, done.output
    assert "To be filled in" in card.read_text()
    # That one holds no figures yet.
    assert run(small, output, *options).exit_code == 0


def test_the_command_refuses_to_write_over_its_model(small):
    before = sorted(path.name for path in small.iterdir())
    done = run(small, small)
    assert done.exit_code == 1
    assert "model's own folder" in done.output
    assert sorted(path.name for path in small.iterdir()) == before


@pytest.mark.parametrize("script", ["export_reader.py", "export_embedder.py", "import_reader.py"])
def test_without_onnx_the_command_says_what_to_install(script):
    path = Path(__file__).parents[2] / "scripts" / script
    code = (
        "import runpy, sys; sys.modules['onnx'] = None; "
        f"sys.path.insert(0, {str(path.parent)!r}); runpy.run_path({str(path)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "Exporting takes the package onnx, which isn't installed. Install it: "
        "pip install 'onnx>=1.20'\n",
    )


def unlisted(folder):
    """An exported reader's folder without its checksums, to be changed."""
    (folder / "SHA256SUMS").unlink()
    return folder


def broken(folder, data):
    (folder / "model.onnx").write_bytes(data)
    return folder


def test_a_damaged_model_is_unusable(small, output):
    export(small, output, int8=True)
    whole = (unlisted(output) / "model.onnx").read_bytes()
    for data in (b"", b"nothing", whole[: len(whole) // 2]):
        with pytest.raises(UnusableModel, match="can't be loaded"):
            OnnxReader(str(broken(output, data)))


def test_a_model_of_other_outputs_is_unusable(small, output):
    export(small, output, int8=True)
    value = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])
    same = helper.make_tensor_value_info("logits", TensorProto.INT64, ["batch", "tokens"])
    node = helper.make_node("Identity", ["input_ids"], ["logits"])
    graph = helper.make_graph([node], "other", [value], [same])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    broken(unlisted(output), model.SerializeToString())
    with pytest.raises(UnusableModel, match="lacks the outputs start_logits and end_logits"):
        OnnxReader(str(output))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_max_length": 512}, r"a \[CLS\] token"),
        ({"cls_token": "[NONE]", "model_max_length": 512}, r"a \[CLS\] token"),
        ({"cls_token": "[CLS]", "model_max_length": 100}, "windows of 384 tokens"),
        ({"cls_token": "[CLS]"}, "model_max_length"),
    ],
)
def test_a_tokenizer_that_cuts_no_windows_is_unusable(small, output, config, said):
    export(small, output, int8=True)
    (unlisted(output) / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(UnusableModel, match=said):
        OnnxReader(str(output))


def test_a_model_without_its_tokenizer_is_unusable(small, output):
    export(small, output, int8=True)
    (unlisted(output) / "tokenizer.json").unlink()
    with pytest.raises(UnusableModel, match="can't be loaded") as raised:
        OnnxReader(str(output))
    assert "with model.onnx, tokenizer.json and tokenizer_config.json." in raised.value.remedy


def test_a_special_token_may_be_described_by_an_object(small, output):
    export(small, output, int8=False)
    plain = OnnxReader(str(output)).read(QUESTION, TEXTS[:1], go_on)
    config = {"cls_token": {"content": "[CLS]", "lstrip": False}, "model_max_length": 512}
    (unlisted(output) / "tokenizer_config.json").write_text(json.dumps(config))
    described = OnnxReader(str(output)).read(QUESTION, TEXTS[:1], go_on)
    assert described[0][0].null == plain[0][0].null
