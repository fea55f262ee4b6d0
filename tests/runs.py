"""What a process does to a collection in one run, as the commands do, with fake embedders.

A run works in a folder of its own: the `collection`, a `backup`, and folders of documents as in
`stories`. `killable.run_killed` lets it die at any of `index.faults.FAULT_POINTS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from fakes import FakeEmbedder
from other_embedder import OtherEmbedder

from index.backup import back_up
from index.catalog import Catalog
from index.checking import rebuild_views
from index.collection import CATALOG_FILE, Collection
from index.ingest import Ingester
from index.intake import ingest_paths
from index.reindexing import reindex
from index.restoring import restore
from index.syncing import Syncer

MAX_BYTES = 100_000


def catalog_path(root: Path) -> Path:
    """Where a run's collection keeps its catalog."""
    return root / "collection" / CATALOG_FILE


def backup_path(root: Path) -> Path:
    """Where a run keeps its backup."""
    return root / "backups" / "backup.sqlite"


def index_folders(root: Path, names: Sequence[str], embedder: FakeEmbedder | None = None) -> None:
    """Index folders one after the other, and save the views after each."""
    embedder = embedder or FakeEmbedder()
    with closing(Catalog(catalog_path(root), create=True)) as catalog:
        for name in names:
            ingest_paths(lambda: Ingester(catalog, embedder), [root / name], max_bytes=MAX_BYTES)
            _save_views(catalog, embedder)


def run_index(root: Path) -> None:
    """Replace and add documents in two steps; makes the collection if there is none."""
    index_folders(root, ["first", "second"])


def run_sync(root: Path) -> None:
    """Make the collection hold exactly a folder's documents."""
    with closing(Catalog(catalog_path(root))) as catalog:
        syncer = Syncer(
            root / "synced",
            catalog,
            lambda: Ingester(catalog, FakeEmbedder()),
            max_bytes=MAX_BYTES,
        )
        syncer.run()
        _save_views(catalog, FakeEmbedder())


def run_reindex(root: Path) -> None:
    """Change the embedder."""
    with closing(Catalog(catalog_path(root))) as catalog:
        reindex(catalog, OtherEmbedder())
        _save_views(catalog, OtherEmbedder())


def run_backup(root: Path) -> None:
    """Replace the backup by one of what the collection holds."""
    with closing(Catalog(catalog_path(root))) as catalog:
        back_up(catalog, backup_path(root), replace=True)


def run_restore(root: Path) -> None:
    """Make the collection what the backup holds, and its views anew."""
    restore(backup_path(root), catalog_path(root), replace=True)
    with closing(Catalog(catalog_path(root))) as catalog:
        rebuild_views(catalog)


def run_open(root: Path) -> None:
    """Open the collection, which brings a catalog of an older format to the present one."""
    with closing(Catalog(catalog_path(root))) as catalog:
        _save_views(catalog, FakeEmbedder())


def _save_views(catalog: Catalog, embedder: FakeEmbedder) -> None:
    collection = Collection(catalog, embedder)
    collection.save_views()
    collection.close()
