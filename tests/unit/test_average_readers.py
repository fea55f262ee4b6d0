"""Readers' weights are averaged by share, and only those of one kind."""

from __future__ import annotations

import json
from pathlib import Path

import average_readers
import numpy as np
import pytest
from click.testing import CliRunner, Result
from model_card import write_card
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


def card(licence: str, source: str, command: str) -> str:
    return write_card(
        encoder="all-MiniLM-L6-v2",
        command=command,
        sources={source: 7},
        settings={"seed": 3},
        scores={"held_out_loss": 0.5},
    ).replace("license: apache-2.0", f"license: {licence}")


@pytest.mark.parametrize(
    ("licences", "licence"),
    [
        (("apache-2.0", "apache-2.0"), "apache-2.0"),
        (("apache-2.0", "mit"), "unknown"),
        (("apache-2.0", None), "unknown"),
        ((None, None), "unknown"),
    ],
)
def test_the_card_carries_those_of_its_parts(
    tmp_path: Path, licences: tuple[str | None, str | None], licence: str
) -> None:
    for name, source, own in zip(("one", "two"), ("qamr", "tweetqa"), licences, strict=True):
        folder = write_reader(tmp_path / name, [1])
        if own is not None:
            text = card(own, source, f"# as run\npython train_reader.py {name}")
            (folder / "README.md").write_text(text)
    # Written over one of them: its card has been read by then.
    result = average(tmp_path / "one", f"{tmp_path / 'one'}=3", f"{tmp_path / 'two'}=1")
    assert result.exit_code == 0, result.output
    mean = (tmp_path / "one" / "README.md").read_text()
    assert f"\nlicense: {licence}\n" in mean.split("---\n")[1]
    for name, row, own in zip(
        ("one", "two"),
        ("| qamr | 7 | MIT, text CC BY-SA |", "| tweetqa | 7 | CC BY-SA 4.0 |"),
        licences,
        strict=True,
    ):
        part = mean.partition(f"\n## {tmp_path / name}\n")[2].partition("\n## ")[0]
        assert (row in part) == (own is not None)
        assert (f"\n# as run\npython train_reader.py {name}\n" in part) == (own is not None)
        assert ("This reader has no card" in part) == (own is None)
        assert "license:" not in part
