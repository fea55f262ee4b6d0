"""Indexes folders with the fake embedder, as `pincite index` does with the real one.

Run as `python fake_indexer.py CATALOG FOLDER…`, it can be killed at any of
`index.faults.FAULT_POINTS`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from fakes import FakeEmbedder

from index.catalog import Catalog
from index.collection import Collection
from index.ingest import Ingester, ingest_paths


def index_folders(catalog: Catalog, folders: Sequence[Path]) -> list[int]:
    """Index folders one after the other; return the generation after each."""
    generations = []
    for folder in folders:
        ingest_paths(lambda: Ingester(catalog, FakeEmbedder()), [folder], max_bytes=100_000)
        Collection(catalog, FakeEmbedder()).save_views()
        generations.append(catalog.generation())
    return generations


if __name__ == "__main__":
    index_folders(Catalog(Path(sys.argv[1]), create=True), [Path(name) for name in sys.argv[2:]])
