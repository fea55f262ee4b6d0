"""An embedder that keeps the vectors it made in a file, so that none is made twice."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import click
import numpy as np
import numpy.typing as npt

from index.embedder import Embedder


class KeptVectors:
    """Gives an embedder's vectors in half precision, as the catalog stores them.

    A context manager: closes the file at the end.

    Args:
        embedder: Makes vectors that aren't kept yet.
        path: The file, a SQLite database; its folder must exist.
        max_tokens: Most tokens of an input, so that passages become shorter; the embedder's own
            limit if that is lower.

    Raises:
        click.ClickException: The file can't be written, or is something else.
    """

    def __init__(self, embedder: Embedder, path: Path, *, max_tokens: int) -> None:
        self._embedder = embedder
        self.model_id = embedder.model_id
        self.dimension = embedder.dimension
        self.max_tokens = min(max_tokens, embedder.max_tokens)
        self.special_tokens = embedder.special_tokens
        self._database = sqlite3.connect(path)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (input BLOB PRIMARY KEY, vector BLOB NOT NULL) "
                "STRICT, WITHOUT ROWID"
            )
        except sqlite3.Error as error:
            self._database.close()
            raise click.ClickException(
                f"Vectors can't be kept in {path}: {error}. Move it away, or see that its folder "
                "can be written."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._database.close()

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """The embedder's tokens of a text; see `index.embedder.Embedder`."""
        return self._embedder.token_offsets(text)

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Vectors of texts, shape (len(texts), dimension), of length 1 but for rounding."""
        keys = [self._key(text) for text in texts]
        vectors = np.empty((len(texts), self.dimension), dtype=np.float16)
        missing = []
        for row, key in enumerate(keys):
            found = self._database.execute(
                "SELECT vector FROM vectors WHERE input = ?", (key,)
            ).fetchone()
            if found is None:
                missing.append(row)
            else:
                vectors[row] = np.frombuffer(found[0], dtype=np.float16)
        if missing:
            vectors[missing] = self._embedder.embed([texts[row] for row in missing])
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                    [(keys[row], vectors[row].tobytes()) for row in missing],
                )
        return vectors.astype(np.float32)

    def _key(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self.model_id}\0{text}".encode(), digest_size=16).digest()
