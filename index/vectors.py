"""A view of the catalog's vectors that finds the nearest ones; the only use of a FAISS index.

The view is exact: a flat FAISS index of the half-precision vectors of the catalog. Its file starts
with one line of JSON, its *stamp*: catalog, embedder, generation, and the SHA-256 of these and of
the FAISS bytes that follow. A view that is behind is caught up; one that is missing, damaged or of
another catalog is rebuilt. It is never trusted: what it finds is looked up in the catalog.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import faiss
import numpy as np
import numpy.typing as npt

from index.catalog import Catalog
from index.faults import reach
from index.snapshot import Snapshot

_FORMAT = 1


class Nearest(NamedTuple):
    """What a search found, best first; equal scores in order of id.

    Attributes:
        ids: Passage ids, shape (n,).
        scores: Their inner products with the query, shape (n,).
        generation: The catalog's generation whose passages were searched.
    """

    ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    generation: int


class VectorView:
    """Nearest passages of a collection by inner product.

    Args:
        catalog: The truth.
        path: The view's own file; it need not exist.
        embedder: Model id of the vectors to use.
        dimension: Their length.
    """

    def __init__(self, catalog: Catalog, path: Path, *, embedder: str, dimension: int) -> None:
        self._catalog = catalog
        self._path = path
        self._embedder = embedder
        self._dimension = dimension
        self._lock = threading.Lock()
        self._index, self.generation = self._load()
        self._saved_generation = self.generation
        self.catch_up()

    def _empty(self) -> faiss.Index:
        return faiss.IndexIDMap2(faiss.IndexFlatIP(self._dimension))

    def _load(self) -> tuple[faiss.Index, int]:
        """The saved view and its generation; an empty one of generation -1 if it can't be used."""
        try:
            with self._path.open("rb") as file:
                stamp = json.loads(file.readline(4096))
                payload = file.read()
            usable = (
                stamp.pop("sha256") == _digest(stamp, payload)
                and stamp == self._stamp(stamp["generation"])
                and stamp["generation"] <= self._catalog.generation()
            )
            if usable:
                index = faiss.deserialize_index(np.frombuffer(payload, dtype=np.uint8))
                return index, stamp["generation"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError):
            pass
        return self._empty(), -1

    def _stamp(self, generation: int) -> dict[str, object]:
        return {
            "format": _FORMAT,
            "catalog_id": self._catalog.catalog_id,
            "embedder": self._embedder,
            "dimension": self._dimension,
            "generation": generation,
        }

    def catch_up(self) -> int:
        """Bring the view to the catalog's generation.

        Returns:
            The generation that it now shows.
        """
        if self._catalog.generation() != self.generation:
            with self._lock, self._catalog.snapshot() as snapshot:
                self._apply(snapshot)
        return self.generation

    def _apply(self, snapshot: Snapshot) -> None:
        """Make ids and vectors equal to the snapshot's. An id's vector never changes."""
        generation = snapshot.generation()
        if generation == self.generation:
            return
        current = snapshot.passage_ids()
        held = faiss.vector_to_array(self._index.id_map)  # type: ignore[attr-defined]
        gone = np.setdiff1d(held, current, assume_unique=True)
        missing = set(np.setdiff1d(current, held, assume_unique=True).tolist())
        if gone.size:
            self._index.remove_ids(faiss.IDSelectorBatch(gone))
        if missing:
            # Nothing is held when a view is built: then all are missing.
            for ids, matrix in snapshot.vectors(self._embedder, missing if held.size else None):
                wanted = [row for row, i in enumerate(ids.tolist()) if i in missing]
                self._index.add_with_ids(
                    np.ascontiguousarray(matrix[wanted], dtype=np.float32), ids[wanted]
                )
        self.generation = generation

    def save(self) -> bool:
        """Write the view's file, atomically, if it is behind.

        Returns:
            Whether it was written; a folder that can't be written to is no error, since the view
            can always be rebuilt.
        """
        with self._lock:
            if self.generation == self._saved_generation:
                return False
            payload = faiss.serialize_index(self._index).tobytes()
            stamp = self._stamp(self.generation)
            stamp["sha256"] = _digest(stamp, payload)
            temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.tmp")
            try:
                # A process that was killed leaves its file; one that lives can do without.
                for left in self._path.parent.glob(f"{self._path.name}.*.tmp"):
                    left.unlink(missing_ok=True)
                with temporary.open("wb") as file:
                    file.write(json.dumps(stamp).encode() + b"\n")
                    file.write(payload)
                    file.flush()
                    os.fsync(file.fileno())
                reach("view.temporary_written")
                temporary.replace(self._path)
                reach("view.renamed")
            except OSError:
                with suppress(OSError):
                    temporary.unlink()
                return False
            self._saved_generation = self.generation
            return True

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: npt.NDArray[np.float32], limit: int) -> Nearest:
        """The passages nearest to a query.

        Args:
            query: Shape (dimension,), of unit length.
            limit: How many at most.
        """
        with self._lock:
            generation = self.generation
            count = min(limit, int(self._index.ntotal))
            if count <= 0:
                return Nearest(np.empty(0, np.int64), np.empty(0, np.float32), generation)
            ids, scores = self._at_least(query, count)
        order = np.lexsort((ids, -scores))[:count]
        return Nearest(ids[order], scores[order], generation)

    def _at_least(
        self, query: npt.NDArray[np.float32], count: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """The nearest `count` and all that equal the last: FAISS keeps any of equal ones."""
        total = int(self._index.ntotal)
        fetched = min(count + 1, total)
        while True:
            scores, ids = self._index.search(query[np.newaxis, :], fetched)
            if fetched == total or scores[0, -1] < scores[0, count - 1]:
                return ids[0], scores[0]
            fetched = min(2 * fetched, total)


def _digest(stamp: Mapping[str, object], payload: bytes) -> str:
    """SHA-256 of a stamp and the bytes that follow it."""
    digest = hashlib.sha256(json.dumps(stamp).encode() + b"\n")
    digest.update(payload)
    return digest.hexdigest()
