"""Readers in ONNX, the shipped one among them: on the processor's cores, without torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from index.errors import ModelNotFound
from index.models import check_usable, loading
from index.onnx_model import OnnxModel
from service.reader import DEFAULT_READER, Logits, WindowedReader, WindowTokenizer, reader_files

MODEL = "model.onnx"
"""The file that makes a folder one of an ONNX reader."""

_OUTPUTS = ("start_logits", "end_logits")
_EXPORTED = (
    "Give a folder that scripts/export_reader.py wrote, with model.onnx, tokenizer.json and "
    "tokenizer_config.json."
)


class OnnxReader(WindowedReader):
    """A reader that onnxruntime runs.

    Each window is scored by itself, which costs no time on a processor: its logits then depend on
    no other window, to the last bit.

    Args:
        name: `pincite-reader` for the shipped one, a local folder, or a hub id. The folder holds
            `model.onnx`, `tokenizer.json` and `tokenizer_config.json`.
        threads: How many threads may score a window; None: as many as there are cores.
        max_tokens: Size of a window in tokens, question and special ones included.
        stride: Tokens that neighbouring windows share.

    Raises:
        ModelNotFound: There is no such model.
        CorruptModel: The files are not those that the folder's `SHA256SUMS` lists.
        UnusableModel: The files make no reader.
    """

    def __init__(
        self,
        name: str = DEFAULT_READER,
        *,
        threads: int | None = None,
        max_tokens: int = 384,
        stride: int = 128,
    ) -> None:
        files = reader_files(name, _model_in)
        folder, self.model_id = files.folder, files.model_id
        with loading(folder, _EXPORTED):
            tokenizer = load_tokenizer(folder)
            self._model = OnnxModel(files.weights, threads=threads)
        super().__init__(tokenizer, folder, max_tokens=max_tokens, stride=stride, batch_size=1)
        known = {"input_ids", "token_type_ids", "attention_mask"}
        check_usable(
            folder,
            {
                f"the outputs {' and '.join(_OUTPUTS)}": self._model.outputs >= {*_OUTPUTS},
                "token ids, types and mask as its only inputs": self._model.inputs <= known,
            },
        )

    def score(self, windows: Sequence[Encoding]) -> Sequence[Logits]:
        """Score windows with the model; see `WindowedReader.score`."""
        return [self._score(window) for window in windows]

    def _score(self, window: Encoding) -> Logits:
        given = {
            "input_ids": window.ids,
            "token_type_ids": window.type_ids,
            "attention_mask": window.attention_mask,
        }
        inputs = {name: np.array([given[name]], dtype=np.int64) for name in self._model.inputs}
        start, end = self._model.run(inputs, *_OUTPUTS)
        return start[0], end[0]


def _model_in(folder: Path) -> Path:
    path = folder / MODEL
    if not path.is_file():
        raise ModelNotFound(f"{folder} holds no {MODEL}.", _EXPORTED)
    return path


def load_tokenizer(folder: Path) -> WindowTokenizer:
    """The tokenizer of a folder, from `tokenizer.json` and `tokenizer_config.json`."""
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    token = config.get("cls_token")
    # Older files describe the token by an object.
    name = token.get("content") if isinstance(token, dict) else token
    null_token = None if name is None else tokenizer.token_to_id(name)
    return WindowTokenizer(
        tokenizer,
        null_token=-1 if null_token is None else null_token,
        max_tokens=int(config["model_max_length"]),
    )
