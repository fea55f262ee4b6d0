"""Readers of any make, on torch: those that transformers loads, from a folder or the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Encoding

from index.errors import ModelNotFound
from index.models import check_usable, loading, weights_file
from service.reader import DEFAULT_READER, Logits, WindowedReader, WindowTokenizer, reader_files


class TransformersReader(WindowedReader):
    """A reader that transformers' `AutoModelForQuestionAnswering` loads; on a GPU if torch has one.

    Args:
        name: A local folder, a hub id, or `pincite-reader` if that ships as safetensors.
        threads: How many threads torch may use on the processor; None: torch decides.
        max_tokens: Size of a window in tokens, question and special ones included.
        stride: Tokens that neighbouring windows share.
        batch_size: Windows read at once.

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
        batch_size: int = 8,
    ) -> None:
        import torch
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        if threads is not None:
            torch.set_num_threads(threads)
        files = reader_files(name, _weights_in)
        folder, self.model_id = files.folder, files.model_id
        with loading(folder):
            self._padder = AutoTokenizer.from_pretrained(
                str(folder), local_files_only=True, padding_side="right"
            )
            self._model = AutoModelForQuestionAnswering.from_pretrained(
                str(folder), dtype=torch.float32, local_files_only=True
            ).eval()
        check_usable(folder, {"a fast tokenizer": self._padder.is_fast})
        null_token = self._padder.cls_token_id
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._model.to(self._device)
        self._inference_mode = torch.inference_mode
        super().__init__(
            WindowTokenizer(
                self._padder.backend_tokenizer,
                null_token=-1 if null_token is None else null_token,
                max_tokens=self._padder.model_max_length,
            ),
            folder,
            max_tokens=max_tokens,
            stride=stride,
            batch_size=batch_size,
        )

    def score(self, windows: Sequence[Encoding]) -> Sequence[Logits]:
        """Score windows with the model; see `WindowedReader.score`."""
        given = {
            "input_ids": [window.ids for window in windows],
            "token_type_ids": [window.type_ids for window in windows],
            "attention_mask": [window.attention_mask for window in windows],
        }
        named = {name: given[name] for name in self._padder.model_input_names if name in given}
        padded = self._padder.pad(named, padding=True, return_tensors="pt").to(self._device)
        with self._inference_mode():
            output = self._model(**padded)
        start, end = (
            side.float().cpu().numpy() for side in (output.start_logits, output.end_logits)
        )
        return list(zip(start, end, strict=True))


def _weights_in(folder: Path) -> Path:
    try:
        return weights_file(folder)
    except ModelNotFound as error:
        # A folder with a model.onnx doesn't come here: another reader takes it.
        raise ModelNotFound(
            f"{folder} holds no model.safetensors and no model.onnx.",
            "Give a folder that save_pretrained() wrote, with config, tokenizer and weights, or "
            "one that scripts/export_reader.py wrote: model.onnx with tokenizer.json and "
            "tokenizer_config.json.",
        ) from error
