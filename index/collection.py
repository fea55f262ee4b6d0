"""Collections: each a folder with its catalog and the views of it."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import InvalidCollectionName, UnknownCollection
from index.search import Searcher, SearchResult
from index.types import StoredDocument

CATALOG_FILE = "catalog.sqlite"
VECTOR_FILE = "vectors.faiss"
DEFAULT_COLLECTION = "default"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Collection:
    """A collection that can be searched.

    Args:
        catalog: Its catalog.
        embedder: What its vectors were made with.

    Raises:
        ModelMismatch: The catalog's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, embedder: Embedder) -> None:
        self.catalog = catalog
        self._searcher = Searcher(catalog, catalog.path.with_name(VECTOR_FILE), embedder)

    def search(self, query: str, limit: int) -> SearchResult:
        """The passages most like a query, at most `limit`, best first."""
        return self._searcher.search(query, limit)

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document; see `Snapshot.stored_document`."""
        with self.catalog.snapshot() as snapshot:
            return snapshot.stored_document(document_id, revision)

    def save_views(self) -> None:
        """Bring the views up to date and keep them for the next start."""
        self._searcher.save()


class CollectionStore:
    """The collections of a data folder; each is opened once.

    Args:
        data_dir: The folder that holds a folder for each collection; need not exist.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._catalogs: dict[str, Catalog] = {}
        self._collections: dict[str, Collection] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Names of the collections that exist, in order."""
        return sorted(
            path.parent.name
            for path in self._data_dir.glob(f"*/{CATALOG_FILE}")
            if _NAME.fullmatch(path.parent.name)
        )

    def catalog(self, name: str, *, create: bool = False) -> Catalog:
        """A collection's catalog.

        Args:
            name: The collection's name.
            create: Make the collection if there is none.

        Raises:
            InvalidCollectionName: No collection can be called that.
            UnknownCollection: There is none of that name.
            CatalogError: It can't be opened.
        """
        if not _NAME.fullmatch(name):
            raise InvalidCollectionName(
                f"{name!r} can't be a collection's name.",
                "Use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit.",
            )
        with self._lock:
            if name not in self._catalogs:
                path = self._data_dir / name / CATALOG_FILE
                if not create and not path.exists():
                    raise UnknownCollection(
                        f"There is no collection {name!r} in {self._data_dir}.",
                        "Index some documents first: pincite index PATH.",
                    )
                self._catalogs[name] = Catalog(path, create=create)
            return self._catalogs[name]

    def collection(self, name: str, embedder: Embedder) -> Collection:
        """A collection, ready to be searched.

        Raises:
            InvalidCollectionName: No collection can be called that.
            UnknownCollection: There is none of that name.
            CatalogError: It can't be opened.
            ModelMismatch: Its vectors come from another embedder.
        """
        catalog = self.catalog(name)
        with self._lock:
            if name not in self._collections:
                self._collections[name] = Collection(catalog, embedder)
            return self._collections[name]

    def close(self) -> None:
        """Close all catalogs."""
        with self._lock:
            for catalog in self._catalogs.values():
                catalog.close()
            self._catalogs.clear()
            self._collections.clear()
