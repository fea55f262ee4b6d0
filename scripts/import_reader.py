"""Turns an exported reader back into one that training goes on from; undoes `export_reader.py`.

    python scripts/import_reader.py service/models/reader training/shipped

Integers are multiplied out, so it answers as the exported one does.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from export_reader import CHECKSUMS
from model_card import CARD
from onnx import load, numpy_helper
from safetensors.numpy import save_file

from index.errors import PinciteError
from index.models import check_usable, loading
from service.onnx_reader import MODEL
from service.reader import check_files

_TOKENIZER = "tokenizer.json"
_COPIED = ("config.json", "tokenizer_config.json")
_REMEDY = "Give a folder that scripts/export_reader.py wrote, such as service/models/reader."


def weights_of(model: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The weights that a model of `bert_graph.py` stands for.

    Args:
        model: The ONNX file of a reader, its weights in it.

    Returns:
        Arrays by the names that transformers gives them, in single precision.
    """
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in load(model).graph.initializer}
    weights = {}
    for joined, stored in held.items():
        if not joined.endswith((".weight", ".bias")):
            continue
        value = stored.astype(np.float32) * held.get(f"{joined}.scale", np.float32(1))
        if value.ndim > 1 and "embeddings" not in joined:
            value = value.reshape(-1, value.shape[-1]).T
        names = joined.split("+")
        for name, part in zip(names, np.split(value, len(names)), strict=True):
            weights[name] = np.ascontiguousarray(part)
    return weights


def import_reader(exported: Path, output: Path) -> None:
    """Write the reader that an exported one stands for, as `save_pretrained` does.

    Args:
        exported: Its folder; if it has a `SHA256SUMS`, its files have to be the listed ones.
        output: A folder; made if there is none. Its files of these names are replaced.

    Raises:
        CorruptModel: Files aren't the listed ones.
        UnusableModel: It is no exported reader.
    """
    if (exported / CHECKSUMS).is_file():
        check_files(exported)
    with loading(exported, _REMEDY):
        weights = weights_of(exported / MODEL)
        texts = {name: (exported / name).read_text(encoding="utf-8") for name in _COPIED}
        tokenizer = json.loads((exported / _TOKENIZER).read_text(encoding="utf-8"))
    check_usable(exported, {"a span head": "qa_outputs.weight" in weights})
    # With the indentation that training writes, without which no average takes both.
    texts[_TOKENIZER] = json.dumps(tokenizer, ensure_ascii=False, indent=2)
    card = exported / CARD
    if card.is_file():
        texts[CARD] = card.read_text(encoding="utf-8")
    output.mkdir(parents=True, exist_ok=True)
    save_file(weights, output / "model.safetensors", metadata={"format": "pt"})
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")


@click.command()
@click.argument("exported", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.argument("output", type=click.Path(path_type=Path, file_okay=False))
def main(exported: Path, output: Path) -> None:
    """Write the EXPORTED reader to the folder OUTPUT, as train_reader.py writes one.

    Train on from it: `train_reader.py OTHER FILES --encoder OUTPUT`.
    """
    if output.exists() and output.resolve() == exported.resolve():
        raise click.UsageError("The output is the exported reader's own folder. Name another one.")
    try:
        import_reader(exported, output)
    except PinciteError as error:
        raise click.ClickException(f"{error.message} {error.remedy}") from error
    print(f"{output}: a reader to train on from.")


if __name__ == "__main__":
    main()
