"""Readers: a question and texts to the logits of every possible answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import CorruptModel
from index.models import (
    check_usable,
    find_model,
    loading,
    model_id,
    sha256_of,
    weights_digest,
)
from service.errors import QuestionTooLong
from service.types import WindowLogits

if TYPE_CHECKING:
    from transformers import BatchEncoding, PreTrainedTokenizerBase

Logits = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Start and end logits of a window's tokens, each of shape (tokens,)."""

DEFAULT_READER = "pincite-reader"
"""Name that stands for the reader that ships with Pincite."""

_SHIPPED = Path(__file__).parent / "models" / "reader"
_CHECKSUMS = "SHA256SUMS"


class Reader(Protocol):
    """Finds answers to a question in texts."""

    @property
    def model_id(self) -> str:
        """Name that changes with the weights."""

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        """Read texts for the answer to a question.

        Args:
            question: What is asked.
            texts: What to read.
            check: Called between batches; raises if the work has become pointless.

        Returns:
            For each text its windows, in order; together they hold every token of it.

        Raises:
            QuestionTooLong: The question leaves no room for the text.
        """


class WindowedReader(ABC):
    """Reads texts in overlapping windows of a tokenizer; subclasses score the windows.

    Args:
        tokenizer: Gives the tokens' offsets, so a fast one.
        max_tokens: Size of a window in tokens, question and special ones included.
        stride: Tokens that neighbouring windows share.
        batch_size: Windows scored at once.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, *, max_tokens: int, stride: int, batch_size: int
    ) -> None:
        self._tokenizer = tokenizer
        self._max_tokens = min(max_tokens, tokenizer.model_max_length)
        self._stride = stride
        self._batch_size = batch_size

    @abstractmethod
    def score(self, encoding: BatchEncoding, rows: Sequence[int]) -> dict[int, Logits]:
        """Logits of some windows.

        Args:
            encoding: All windows of all texts.
            rows: Which of them.

        Returns:
            The logits of each; what follows a window's last token is padding.
        """

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        """Read texts for the answer to a question; see `Reader.read`."""
        self._check_question(question)
        windows: list[list[WindowLogits]] = [[] for _ in texts]
        if not texts:
            return windows
        encoding = self._tokenizer(
            [question] * len(texts),
            list(texts),
            truncation="only_second",
            max_length=self._max_tokens,
            stride=self._stride,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        lengths = [len(ids) for ids in encoding["input_ids"]]
        logits: dict[int, Logits] = {}
        # Windows of like length share a batch, so that little is spent on padding.
        by_length = sorted(range(len(lengths)), key=lengths.__getitem__)
        for begin in range(0, len(by_length), self._batch_size):
            check()
            logits.update(self.score(encoding, by_length[begin : begin + self._batch_size]))
        for row, text in enumerate(encoding["overflow_to_sample_mapping"]):
            windows[text].append(self._window(encoding, row, logits[row]))
        return windows

    def _check_question(self, question: str) -> None:
        tokens = len(self._tokenizer(question, add_special_tokens=False)["input_ids"])
        limit = self._max_tokens - 2 * self._stride
        if tokens > limit:
            raise QuestionTooLong(
                f"The question has {tokens} tokens; the reader takes {limit}.",
                "Ask it in fewer words.",
            )

    def _window(self, encoding: BatchEncoding, row: int, logits: Logits) -> WindowLogits:
        ids = encoding["input_ids"][row]
        start, end = (side[: len(ids)] for side in logits)
        offsets = np.array(encoding["offset_mapping"][row], dtype=np.int64)
        in_text = np.array([part == 1 for part in encoding.sequence_ids(row)])
        null = ids.index(self._tokenizer.cls_token_id)
        return WindowLogits(
            start=start[in_text],
            end=end[in_text],
            offsets=offsets[in_text],
            null=float(start[null] + end[null]),
        )


class TransformersReader(WindowedReader):
    """A reader that transformers' `AutoModelForQuestionAnswering` loads; runs on torch.

    Args:
        name: `pincite-reader` for the shipped one, a local folder, or a hub id.
        max_tokens: Size of a window in tokens, question and special ones included.
        stride: Tokens that neighbouring windows share.
        batch_size: Windows read at once.

    Raises:
        ModelNotFound: There is no such model.
        CorruptModel: The shipped files are not the ones that were shipped.
        UnusableModel: The files make no reader.
    """

    def __init__(
        self,
        name: str = DEFAULT_READER,
        *,
        max_tokens: int = 384,
        stride: int = 128,
        batch_size: int = 8,
    ) -> None:
        import torch
        from transformers import AutoModelForQuestionAnswering
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        if name == DEFAULT_READER:
            folder = _SHIPPED
            check_files(folder)
        else:
            folder = find_model(name)
        self.model_id = model_id(name, weights_digest(folder))
        with loading(folder):
            tokenizer = load_tokenizer(folder)
            self._model = AutoModelForQuestionAnswering.from_pretrained(
                str(folder), dtype=torch.float32, local_files_only=True
            ).eval()
        self._inference_mode = torch.inference_mode
        super().__init__(tokenizer, max_tokens=max_tokens, stride=stride, batch_size=batch_size)
        check_usable(
            folder,
            {
                "a fast tokenizer": tokenizer.is_fast,
                "a [CLS] token": tokenizer.cls_token_id is not None,
                f"windows of {3 * stride} tokens": self._max_tokens >= 3 * stride,
            },
        )

    def score(self, encoding: BatchEncoding, rows: Sequence[int]) -> dict[int, Logits]:
        """Score windows with the model; see `WindowedReader.score`."""
        inputs = {
            name: [encoding[name][row] for row in rows]
            for name in self._tokenizer.model_input_names
            if name in encoding
        }
        padded = self._tokenizer.pad(inputs, padding=True, return_tensors="pt")
        with self._inference_mode():
            output = self._model(**padded)
        start, end = output.start_logits.numpy(), output.end_logits.numpy()
        return {row: (start[i], end[i]) for i, row in enumerate(rows)}


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder."""
    from transformers import AutoTokenizer

    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, padding_side="right"
    )
    return tokenizer


def check_files(folder: Path) -> None:
    """See that a model folder's files are those that its `SHA256SUMS` lists.

    Raises:
        CorruptModel: One is missing or differs, or the list itself is missing.
    """
    remedy = "Install Pincite again; don't use these weights."
    checksums = folder / _CHECKSUMS
    if not checksums.is_file():
        raise CorruptModel(f"{checksums} is missing.", remedy)
    for line in checksums.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise CorruptModel(f"{path} is missing.", remedy)
        actual = sha256_of(path)
        if actual != expected:
            raise CorruptModel(f"{path} has SHA-256 {actual}, not the expected {expected}.", remedy)
