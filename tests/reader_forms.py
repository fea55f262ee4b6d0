"""The shipped reader in ONNX, whichever form ships, and a small one to export."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch
from export_reader import export
from transformers import BertConfig, BertForQuestionAnswering

import service.reader

SHIPPED = Path(service.reader.__file__).parent / "models" / "reader"


def onnx_form(folder: Path) -> Path:
    """The shipped reader in ONNX: as it ships, or exported to a folder that doesn't exist yet."""
    if (SHIPPED / "model.onnx").is_file():
        return SHIPPED
    folder.mkdir()
    export(SHIPPED, folder, int8=True)
    return folder


def save_small(folder: Path) -> Path:
    """A small reader with random weights, large enough to tell mistakes in the graph."""
    torch.manual_seed(7)
    shape = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
    sizes = shape | {"intermediate_size": 256, "initializer_range": 0.3}
    model = BertForQuestionAnswering(BertConfig(**sizes))
    for name, parameter in model.named_parameters():
        if "LayerNorm" in name or name.endswith("bias"):
            torch.nn.init.normal_(parameter, mean=float("LayerNorm.weight" in name), std=0.3)
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(SHIPPED / name, folder)
    return folder
