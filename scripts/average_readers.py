"""Averages the weights of readers that began from the same one ("model soup").

    python scripts/average_readers.py training/averaged training/run3=0.7 training/run2=0.3

Readers of which one was trained from another's weights lie near enough to each other that the mean
of their weights can answer better than each (Wortsman et al., 2022); scripts/README.md has figures.
"""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from model_card import CARD, Part, average_card
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

_WEIGHTS = "model.safetensors"
_CONFIG = "config.json"
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json")

_Tensors = dict[str, npt.NDArray[np.generic]]


class AveragingError(click.ClickException):
    """Readers can't be averaged."""


def parse_share(text: str) -> tuple[Path, float]:
    """A reader's folder and its share from `FOLDER=SHARE`.

    Raises:
        AveragingError: It isn't that, or the share isn't above 0.
    """
    folder, _, share = text.rpartition("=")
    try:
        value = float(share)
    except ValueError:
        value = 0.0
    if not folder or not 0 < value < float("inf"):
        raise AveragingError(f"{text!r} is not FOLDER=SHARE with a share above 0.")
    return Path(folder), value


def average(readers: Sequence[tuple[_Tensors, float]]) -> _Tensors:
    """Weighted mean of tensors of the same names and shapes, in double precision.

    Args:
        readers: Tensors by name, and their share; shares need not add up to 1.

    Raises:
        AveragingError: Names or shapes differ.
    """
    first, _ = readers[0]
    shapes = {name: tensor.shape for name, tensor in first.items()}
    if any({name: t.shape for name, t in tensors.items()} != shapes for tensors, _ in readers):
        raise AveragingError("The readers' weights have different names or shapes.")
    total = sum(share for _, share in readers)
    return {
        name: sum(
            (tensors[name].astype(np.float64) * (share / total) for tensors, share in readers),
            start=np.zeros(shape),
        ).astype(first[name].dtype)
        for name, shape in shapes.items()
    }


def read_card(folder: Path) -> str:
    """A reader's card; empty if it has none."""
    path = folder / CARD
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _load(folder: Path) -> tuple[_Tensors, dict[str, object], list[bytes]]:
    try:
        return (
            load_file(folder / _WEIGHTS),
            json.loads((folder / _CONFIG).read_text(encoding="utf-8")),
            [(folder / name).read_bytes() for name in _TOKENIZER],
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise AveragingError(f"{folder} holds no trained reader: {error}.") from error


@click.command()
@click.argument("output", type=click.Path(path_type=Path, file_okay=False))
@click.argument("shares", metavar="READER=SHARE...", nargs=-1, required=True)
def main(output: Path, shares: tuple[str, ...]) -> None:
    """Write the weighted mean of the weights of each READER to the folder OUTPUT.

    The readers are folders that `train_reader.py` wrote, each going on from the one before or from
    the same one; their configuration and tokenizer must be equal.
    """
    parsed = dict(parse_share(text) for text in shares)
    if len(parsed) < 2 or len(parsed) < len(shares):
        raise AveragingError("Name at least two readers, each once.")
    loaded = {folder: _load(folder) for folder in parsed}
    (first, (_, config, tokenizer)), *others = loaded.items()
    for folder, (_, other_config, other_tokenizer) in others:
        if other_config != config or other_tokenizer != tokenizer:
            raise AveragingError(f"{folder} has another configuration or tokenizer than {first}.")
    # Read before the output is written, which may be the folder of one of them.
    total = sum(parsed.values())
    parts = [Part(str(f), share / total, read_card(f)) for f, share in parsed.items()]
    card = average_card(shlex.join(["python", *sys.argv]), parts)
    mean = average([(loaded[folder][0], share) for folder, share in parsed.items()])
    output.mkdir(parents=True, exist_ok=True)
    save_file(mean, output / _WEIGHTS, metadata={"format": "pt"})
    for name in (_CONFIG, *_TOKENIZER):
        if output.resolve() != first.resolve():
            shutil.copyfile(first / name, output / name)
    (output / CARD).write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
