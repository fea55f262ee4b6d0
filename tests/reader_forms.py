"""The shipped reader's weights in either form: in ONNX, and as transformers saves them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
from export_reader import export

import service.reader

SHIPPED = Path(service.reader.__file__).parent / "models" / "reader"


def onnx_form(folder: Path) -> Path:
    """The shipped reader in ONNX: as it ships, or exported to a folder that doesn't exist yet."""
    if (SHIPPED / "model.onnx").is_file():
        return SHIPPED
    folder.mkdir()
    export(SHIPPED, folder, int8=True)
    return folder


def weights_of(model: Path) -> dict[str, np.ndarray]:
    """The weights that a model of `bert_graph.py` stands for, by transformers' names.

    Integers are multiplied out here, in NumPy, not by onnxruntime.
    """
    held = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in onnx.load(model).graph.initializer
    }
    weights = {}
    for joined, value in held.items():
        names = joined.split("+")
        if not joined.endswith((".weight", ".bias")):
            continue
        if f"{joined}.scale" in held:
            value = value * held[f"{joined}.scale"]
        if value.ndim > 1 and "embeddings" not in joined:
            value = value.reshape(-1, value.shape[-1]).T
        weights |= dict(zip(names, np.split(value, len(names)), strict=True))
    return weights


def torch_form(exported: Path, folder: Path) -> Path:
    """What an exported reader stands for, saved for transformers in a folder."""
    import torch
    from transformers import BertConfig, BertForQuestionAnswering

    config = json.loads((exported / "config.json").read_text(encoding="utf-8"))
    model = BertForQuestionAnswering(BertConfig(**config))
    weights = weights_of(exported / "model.onnx")
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    model.float().save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(exported / name, folder)
    return folder
