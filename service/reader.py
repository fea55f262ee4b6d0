"""Readers: a question and texts to the logits of every possible answer, window by window."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Encoding, Tokenizer

from index.errors import CorruptModel
from index.models import check_usable, find_model, model_id, sha256_of
from service.errors import QuestionTooLong
from service.types import WindowLogits

Logits = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Start and end logits of a window's tokens, each of shape (tokens,)."""

DEFAULT_READER = "pincite-reader"
"""Name that stands for the reader that ships with Pincite."""

_SHIPPED = Path(__file__).parent / "models" / "reader"
_CHECKSUMS = "SHA256SUMS"
_CHECKSUM = re.compile(r"([0-9A-Fa-f]{64}) [ *](.+)")


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


@dataclass(frozen=True, slots=True)
class WindowTokenizer:
    """A tokenizer, and what has to be known of it to cut windows.

    Attributes:
        tokenizer: Makes tokens with their offsets, and pairs of question and text.
        null_token: Id of the token whose logits mean "not answered here"; -1 if there is none.
        max_tokens: Longest input that the model was made for.
    """

    tokenizer: Tokenizer
    null_token: int
    max_tokens: int


class WindowedReader(ABC):
    """Reads texts in overlapping windows of a tokenizer; subclasses score the windows.

    Args:
        tokenizer: Cuts the windows.
        folder: Where the model comes from, for messages.
        max_tokens: Size of a window in tokens, question and special ones included.
        stride: Tokens that neighbouring windows share.
        batch_size: Windows scored at once.

    Raises:
        UnusableModel: No windows can be cut with the tokenizer.
    """

    def __init__(
        self,
        tokenizer: WindowTokenizer,
        folder: Path,
        *,
        max_tokens: int,
        stride: int,
        batch_size: int,
    ) -> None:
        self._tokenizer = tokenizer.tokenizer
        self._tokenizer.no_padding()
        self._null_token = tokenizer.null_token
        self._max_tokens = min(max_tokens, tokenizer.max_tokens)
        self._stride = stride
        self._batch_size = batch_size
        check_usable(
            folder,
            {
                "a [CLS] token": self._null_token >= 0,
                f"windows of {3 * stride} tokens": self._max_tokens >= 3 * stride,
            },
        )

    @abstractmethod
    def score(self, windows: Sequence[Encoding]) -> Sequence[Logits]:
        """Logits of some windows of like length.

        Args:
            windows: Their tokens.

        Returns:
            The logits of each; what follows a window's last token is padding.
        """

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        """Read texts for the answer to a question; see `Reader.read`."""
        self._check_question(question)
        self._tokenizer.enable_truncation(
            self._max_tokens, stride=self._stride, strategy="only_second"
        )
        encodings = self._tokenizer.encode_batch([(question, text) for text in texts])
        windows = [window for first in encodings for window in (first, *first.overflowing)]
        logits: dict[int, Logits] = {}
        # Windows of like length share a batch, so that little is spent on padding.
        by_length = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        for begin in range(0, len(by_length), self._batch_size):
            check()
            rows = by_length[begin : begin + self._batch_size]
            logits.update(zip(rows, self.score([windows[row] for row in rows]), strict=True))
        read = (self._window(window, logits[row]) for row, window in enumerate(windows))
        return [[next(read) for _ in (first, *first.overflowing)] for first in encodings]

    def _check_question(self, question: str) -> None:
        self._tokenizer.no_truncation()
        tokens = len(self._tokenizer.encode(question, add_special_tokens=False).ids)
        limit = self._max_tokens - 2 * self._stride
        if tokens > limit:
            raise QuestionTooLong(
                f"The question has {tokens} tokens; the reader takes {limit}.",
                "Ask it in fewer words.",
            )

    def _window(self, window: Encoding, logits: Logits) -> WindowLogits:
        start, end = (side[: len(window.ids)] for side in logits)
        offsets = np.array(window.offsets, dtype=np.int64)
        in_text = np.array([part == 1 for part in window.sequence_ids])
        null = window.ids.index(self._null_token)
        return WindowLogits(
            start=start[in_text],
            end=end[in_text],
            offsets=offsets[in_text],
            null=float(start[null] + end[null]),
        )


@dataclass(frozen=True, slots=True)
class ReaderFiles:
    """A reader's files, ready to be loaded.

    Attributes:
        folder: Where they are.
        weights: The one that holds the weights.
        model_id: Name that changes with the weights.
    """

    folder: Path
    weights: Path
    model_id: str


def reader_files(name: str, weights_in: Callable[[Path], Path]) -> ReaderFiles:
    """Find a reader's files, and see that they are those that its `SHA256SUMS` lists.

    The shipped reader has to have that list; another one is checked if it has one.

    Args:
        name: `pincite-reader` for the shipped one, a local folder, or a hub id.
        weights_in: Names the file of a folder that holds the weights; raises `ModelNotFound` if
            there is none.

    Raises:
        ModelNotFound: There is no such model, or it lacks the weights.
        CorruptModel: The files are not the listed ones.
    """
    folder = find_reader(name)
    is_listed = folder == _SHIPPED or (folder / _CHECKSUMS).is_file()
    digests = check_files(folder) if is_listed else {}
    weights = weights_in(folder)
    digest = digests.get(weights.name) or sha256_of(weights)
    return ReaderFiles(folder, weights, model_id(name, digest))


def find_reader(name: str) -> Path:
    """Folder of a reader.

    Args:
        name: `pincite-reader` for the shipped one, a local folder, or a hub id.

    Raises:
        ModelNotFound: There is no such model.
    """
    return _SHIPPED if name == DEFAULT_READER else find_model(name)


def check_files(folder: Path) -> dict[str, str]:
    """See that a model folder's files are those that its `SHA256SUMS` lists.

    Returns:
        SHA-256 of each, in hexadecimal, by its name.

    Raises:
        CorruptModel: One is missing or differs, or the list itself is missing or damaged.
    """
    remedy = (
        "Install Pincite again; don't use these weights."
        if folder == _SHIPPED
        else f"Copy or export the reader again; if you changed it yourself, remove {_CHECKSUMS}."
    )
    checksums = folder / _CHECKSUMS
    if not checksums.is_file():
        raise CorruptModel(f"{checksums} is missing.", remedy)
    digests = {}
    text = checksums.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        listed = _CHECKSUM.fullmatch(line)
        if listed is None:
            raise CorruptModel(f"{checksums}:{number} is no SHA-256 with a file's name.", remedy)
        expected, name = listed[1].lower(), listed[2]
        path = folder / name
        if not path.is_file():
            raise CorruptModel(f"{path} is missing.", remedy)
        actual = sha256_of(path)
        if actual != expected:
            raise CorruptModel(f"{path} has SHA-256 {actual}, not the expected {expected}.", remedy)
        digests[name] = actual
    return digests
