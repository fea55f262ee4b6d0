"""Importing readers: the weights that were exported come back, and only an exported reader's."""

from dataclasses import replace

import average_readers
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from export_reader import export
from import_reader import import_reader, main, weights_of
from reader_encoder import load_encoder
from reader_forms import save_small
from reader_training import Ending, Training
from safetensors.numpy import load_file
from tiny_training import RECIPE, SETTINGS, made_set

from index.errors import CorruptModel, UnusableModel

FILES = {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json"}


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return save_small(tmp_path_factory.mktemp("small"))


@pytest.fixture(params=[True, False], ids=["int8", "fp32"])
def int8(request):
    return request.param


@pytest.fixture
def exported(small, int8, tmp_path):
    folder = tmp_path / "exported"
    folder.mkdir()
    export(small, folder, int8=int8)
    return folder


def test_the_weights_come_back(small, exported, int8, tmp_path):
    import_reader(exported, tmp_path / "back")
    before, after = (
        load_file(folder / "model.safetensors") for folder in (small, tmp_path / "back")
    )
    assert after.keys() == before.keys()
    for name, weights in before.items():
        # A scale is a 127th of the largest number; a number is within half of it.
        tolerance = np.abs(weights).max() / 254 + 1e-6 if int8 else 0
        np.testing.assert_allclose(after[name], weights, rtol=0, atol=tolerance)


def test_what_is_imported_and_exported_again_is_the_same_reader(exported, int8, tmp_path):
    import_reader(exported, tmp_path / "back")
    again = tmp_path / "again"
    again.mkdir()
    held = {t.name: t for t in onnx.load(exported / "model.onnx").graph.initializer}
    export(tmp_path / "back", again, int8=int8)
    for tensor in onnx.load(again / "model.onnx").graph.initializer:
        was, now = (onnx.numpy_helper.to_array(one) for one in (held[tensor.name], tensor))
        np.testing.assert_allclose(now, was, rtol=1e-6 if now.dtype == np.float32 else 0)


def test_training_goes_on_from_it(exported, tmp_path):
    (exported / "README.md").write_text("# A card\n")
    done = run(exported, tmp_path / "back")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "back").iterdir()} == FILES | {"README.md"}
    assert (tmp_path / "back" / "README.md").read_text() == "# A card\n"
    encoder = load_encoder(str(tmp_path / "back"))
    weights = weights_of(exported / "model.onnx")
    for name, parameter in encoder.model.named_parameters():
        assert parameter.detach().numpy().tolist() == weights[name].tolist()


def test_a_changed_file_is_refused(exported, tmp_path):
    (exported / "config.json").write_text("{}")
    with pytest.raises(CorruptModel, match=r"config\.json has SHA-256"):
        import_reader(exported, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_what_is_no_exported_reader_is_refused(small, exported, tmp_path):
    with pytest.raises(UnusableModel, match=r"model\.onnx.*Give a folder"):
        import_reader(small, tmp_path / "back")
    (exported / "SHA256SUMS").unlink()
    model = onnx.load(exported / "model.onnx")
    (head,) = (t for t in model.graph.initializer if t.name == "qa_outputs.weight")
    head.name = "pooler.weight"
    onnx.save(model, exported / "model.onnx")
    with pytest.raises(UnusableModel, match="lacks a span head"):
        import_reader(exported, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_the_command_refuses_to_write_over_its_reader(exported):
    before = {path.name: path.read_bytes() for path in exported.iterdir()}
    done = run(exported, exported)
    assert done.exit_code == 2
    assert "exported reader's own folder" in done.output
    assert {path.name: path.read_bytes() for path in exported.iterdir()} == before


def test_what_was_trained_from_it_is_averaged_with_it(exported, tmp_path):
    import_reader(exported, tmp_path / "back")
    settings = replace(SETTINGS, encoder=str(tmp_path / "back"))
    training = Training(tmp_path / "trained", settings, Ending(2, 0, "12=1"), "cpu")
    dataset = made_set(training.tokenizer)
    training.step([dataset.group(RECIPE, number, 1) for number in range(4)])
    training.write_reader()
    shares = [f"{tmp_path}/back=3", f"{tmp_path}/trained=1"]
    done = CliRunner().invoke(average_readers.main, [str(tmp_path / "mean"), *shares])
    assert done.exit_code == 0, done.output
    before, trained, mean = (
        load_file(tmp_path / folder / "model.safetensors") for folder in ("back", "trained", "mean")
    )
    assert mean.keys() == before.keys()
    assert (trained["qa_outputs.weight"] != before["qa_outputs.weight"]).any()
    for name, weights in mean.items():
        wanted = 0.75 * before[name] + 0.25 * trained[name]
        np.testing.assert_allclose(weights, wanted, rtol=0, atol=1e-6)
