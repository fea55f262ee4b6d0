"""Readers' weights are averaged by share, and only those of one kind."""

from __future__ import annotations

import json
from pathlib import Path

import average_readers
import numpy as np
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file, save_file


def write_reader(folder: Path, values: list[float], *, layers: int = 6) -> Path:
    folder.mkdir()
    save_file({"w": np.array(values, np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"num_hidden_layers": layers}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text("{}")
    return folder


def average(*arguments: object) -> Result:
    return CliRunner().invoke(average_readers.main, [str(argument) for argument in arguments])


def test_weights_are_averaged_by_share(tmp_path: Path) -> None:
    one = write_reader(tmp_path / "one", [1, 0, -4])
    two = write_reader(tmp_path / "two", [5, 2, 4])
    result = average(tmp_path / "mean", f"{one}=3", f"{two}=1")
    assert result.exit_code == 0, result.output
    assert load_file(tmp_path / "mean" / "model.safetensors")["w"].tolist() == [2, 0.5, -2]
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "mean" / name).read_bytes() == (one / name).read_bytes()
    card = (tmp_path / "mean" / "README.md").read_text()
    assert f"| {one} | 0.75 |\n| {two} | 0.25 |\n" in card


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        (["one=1"], "Name at least two readers, each once."),
        (["one=1", "one=2"], "Name at least two readers, each once."),
        (["one=1", "two"], "'{root}/two' is not FOLDER=SHARE with a share above 0."),
        (["one=1", "two=0"], "'{root}/two=0' is not FOLDER=SHARE with a share above 0."),
        (["one=1", "two=nan"], "'{root}/two=nan' is not FOLDER=SHARE with a share above 0."),
        (["one=1", "other=1"], "{root}/other has another configuration or tokenizer than"),
        (["one=1", "longer=1"], "The readers' weights have different names or shapes."),
        (["one=1", "missing=1"], "{root}/missing holds no trained reader:"),
        (["one=1", "cut=1"], "{root}/cut holds no trained reader:"),
    ],
)
def test_what_can_not_be_averaged_is_refused(tmp_path: Path, shares: list[str], told: str) -> None:
    write_reader(tmp_path / "one", [1])
    write_reader(tmp_path / "two", [2])
    write_reader(tmp_path / "other", [2], layers=3)
    write_reader(tmp_path / "longer", [2, 3])
    cut = write_reader(tmp_path / "cut", [2]) / "model.safetensors"
    cut.write_bytes(cut.read_bytes()[:10])
    result = average(tmp_path / "mean", *(tmp_path / share for share in shares))
    assert result.exit_code == 1
    assert told.format(root=tmp_path) in result.output
    assert not (tmp_path / "mean").exists()
