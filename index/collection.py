"""Collections: each a folder with its catalog and the views of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import InvalidCollectionName, PinciteError, UnknownCollection
from index.filters import Filters
from index.search import Searcher, SearchResult
from index.storage.connections import BUSY_SECONDS
from index.types import StoredDocument
from index.upkeep import Upkeep, catch_up

T = TypeVar("T")

CATALOG_FILE = "catalog.sqlite"
DEFAULT_COLLECTION = "default"

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Collection:
    """A collection that can be searched.

    Args:
        catalog: Its catalog.
        embedder: What its vectors were made with.
        live: Keep its views near the catalog in threads; else they show the catalog as it is now,
            and are brought up to date by `catch_up`.

    Raises:
        ModelMismatch: The catalog's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, embedder: Embedder, *, live: bool = False) -> None:
        self.catalog = catalog
        self._searcher = Searcher(catalog, catalog.path.parent, embedder)
        self._upkeep = Upkeep(catalog, self._searcher)
        if live:
            self._upkeep.start()
        else:
            self.catch_up()

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The passages that match a query best, at most `limit`, best first."""
        return self._searcher.search(query, limit, filters)

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document; see `Snapshot.stored_document`."""
        with self.catalog.snapshot() as snapshot:
            return snapshot.stored_document(document_id, revision)

    @property
    def is_ready(self) -> bool:
        """Whether both views show its catalog, neither is being built, and both can follow.

        Raises:
            CatalogError: The catalog can't be read.
        """
        return self._searcher.is_ready and self._upkeep.is_following

    @property
    def problem(self) -> PinciteError | None:
        """Why its views don't follow the catalog, or can't be kept for the next start."""
        return self._upkeep.problem

    def generation(self) -> int:
        """The generation that searches show; see `Searcher.generation`. Waits for nothing."""
        return self._searcher.generation()

    def catch_up(self) -> None:
        """Bring the views to the catalog's present state."""
        catch_up(self.catalog, self._searcher)

    def save_views(self) -> None:
        """Bring the views up to date and keep them for the next start.

        Raises:
            UnwritableCatalog: They can't be written.
        """
        self.catch_up()
        self._searcher.vectors.merge()

    def end(self) -> None:
        """Have the upkeep end soon, without waiting for that; `close` waits."""
        self._upkeep.end()

    def close(self) -> None:
        """End the upkeep and let go of the views; the catalog stays open."""
        self._upkeep.stop()
        self._searcher.close()


@dataclass(slots=True)
class _Opened:
    """A catalog in use, and the collection that is built on it when one is asked for.

    Attributes:
        building: Held while the collection is built, which may take long.
    """

    catalog: Catalog
    collection: Collection | None = None
    building: threading.Lock = field(default_factory=threading.Lock)

    def end(self) -> None:
        """Have the collection's upkeep end soon, without waiting for that."""
        if self.collection is not None:
            self.collection.end()

    def close(self) -> None:
        """Close both; what still uses the catalog finishes what it does."""
        with self.building:
            if self.collection is not None:
                self.collection.close()
        self.catalog.close()


class CollectionStore:
    """The collections of a data folder; each is opened once, and anew when its file is replaced.

    A context manager: closes them all at the end.

    Args:
        data_dir: The folder that holds a folder for each collection; need not exist.
        live: Keep the views of its collections near their catalogs while they are open.
        busy_seconds: How long a write waits for another process that writes, before `BusyCatalog`.

    Attributes:
        busy_seconds: As given.
    """

    def __init__(
        self, data_dir: Path, *, live: bool = False, busy_seconds: float = BUSY_SECONDS
    ) -> None:
        self._data_dir = data_dir
        self._live = live
        self.busy_seconds = busy_seconds
        self._opened: dict[str, _Opened] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        return self._open(name, create=create).catalog

    def collection(self, name: str, embedder: Embedder) -> Collection:
        """A collection, ready to be searched.

        Raises:
            InvalidCollectionName: No collection can be called that.
            UnknownCollection: There is none of that name.
            CatalogError: It can't be opened.
            ModelMismatch: Its vectors come from another embedder.
        """
        opened = self._open(name)
        with opened.building:
            if opened.collection is None:
                opened.collection = Collection(opened.catalog, embedder, live=self._live)
            return opened.collection

    def opened(self, name: str) -> Collection | None:
        """A collection, if it is being searched; opens nothing, and waits for nothing."""
        opened = self._opened.get(name)
        return None if opened is None or not opened.catalog.is_in_place() else opened.collection

    def read_each(
        self, read: Callable[[str, Catalog], T]
    ) -> tuple[dict[str, T], dict[str, PinciteError]]:
        """What is read of each collection, and what is wrong with those that can't be read now.

        Opens catalogs; builds no views and waits for none.

        Args:
            read: Called with a collection's name and its catalog.
        """
        values: dict[str, T] = {}
        problems: dict[str, PinciteError] = {}
        for name in self.names():
            try:
                values[name] = read(name, self.catalog(name))
            except UnknownCollection:
                continue  # Deleted since it was listed.
            except PinciteError as error:
                problems[name] = error
        return values, problems

    def close(self) -> None:
        """Close all collections and their catalogs."""
        with self._lock:
            closing = list(self._opened.values())
            self._opened.clear()
        for opened in closing:
            opened.end()
        for opened in closing:
            opened.close()

    def _open(self, name: str, *, create: bool = False) -> _Opened:
        if not _NAME.fullmatch(name):
            raise InvalidCollectionName(
                f"{name!r} can't be a collection's name.",
                "Use 1 to 64 of a-z, 0-9, '-' and '_', beginning with a letter or digit.",
            )
        replaced: _Opened | None = None
        try:
            with self._lock:
                opened = self._opened.get(name)
                if opened is not None and opened.catalog.is_in_place():
                    return opened
                replaced = self._opened.pop(name, None)
                path = self._data_dir / name / CATALOG_FILE
                if not create and not path.exists():
                    raise UnknownCollection(
                        f"There is no collection {name!r} in {self._data_dir}.",
                        "Index some documents first: pincite index PATH.",
                    )
                opened = _Opened(Catalog(path, create=create, busy_seconds=self.busy_seconds))
                self._opened[name] = opened
                return opened
        finally:
            # Not under the lock: its upkeep may take a moment to end, and others needn't wait.
            if replaced is not None:
                replaced.close()
