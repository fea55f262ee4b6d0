"""The `pincite index` and `pincite remove` commands: documents into a collection, and out of it."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import click
from tqdm import tqdm

from index.catalog import Catalog
from index.collection import Collection, CollectionStore
from index.embedder import Embedder
from index.errors import UnknownCollection, UnknownDocument
from index.files import Source
from index.ingest import Ingester, IngestReport
from index.intake import ingest_paths
from service import wiring
from service.settings import Settings

_NAMED = 3
"""Skipped files of one reason, and ids near an unknown one, that are named."""


class WritingTo:
    """A collection that is written to; it is made, and the embedder loaded, when that is needed.

    Args:
        settings: Which embedder.
        store: Holds the collection.
        name: The collection's name.

    Raises:
        InvalidCollectionName: No collection can be called that.
        CatalogError: It can't be opened.
    """

    def __init__(self, settings: Settings, store: CollectionStore, name: str) -> None:
        self._settings = settings
        self._store = store
        self._name = name
        self._embedder: Embedder | None = None
        self.catalog: Catalog | None = None
        with suppress(UnknownCollection):
            self.catalog = store.catalog(name)

    def open_ingester(self) -> Ingester:
        """What writes to the collection.

        Raises:
            CatalogError: The collection can't be written.
            ModelError: The embedder can't be used.
        """
        self._embedder = self._embedder or wiring.load_embedder(self._settings)
        self.catalog = self._store.catalog(self._name, create=True)
        return Ingester(self.catalog, self._embedder)

    def open_views(self) -> Collection | None:
        """The collection as it is searched, if it may have been written to.

        In a store of live collections, its views are then kept up to date.
        """
        if self._embedder is None:
            return None
        return self._store.collection(self._name, self._embedder)

    def save_views(self) -> None:
        """Bring the collection's views up to date and keep them, if it may have been written to."""
        collection = self.open_views()
        if collection is not None:
            collection.save_views()


class FileBar:
    """A progress bar over files, in bytes.

    A context manager: clears away the bar at the end.

    Args:
        description: What is being done.
        show: Draw it on standard error.
    """

    def __init__(self, description: str, *, show: bool) -> None:
        self._bar = tqdm(desc=description, unit="B", unit_scale=True, disable=not show)
        self._done: dict[Source, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()

    def start(self, total: int) -> None:
        """Begin, with so many bytes to do."""
        self._bar.reset(total)

    def advance(self, source: Source, fraction: float) -> None:
        """Show that so much of a file is done."""
        before, now = self._done.get(source, 0), round(source.size * fraction)
        self._bar.update(now - before)
        self._done[source] = now


@dataclass(frozen=True, slots=True)
class RemovalReport:
    """What was removed.

    Attributes:
        removed: Ids of the documents.
        generation: The catalog's generation at the end.
    """

    removed: list[str]
    generation: int


def index_paths(
    settings: Settings, paths: Sequence[Path], collection: str, *, show_progress: bool
) -> IngestReport:
    """Put files and folders into a collection, which is made if there is something to put in.

    Args:
        settings: Where the collections are, which embedder, how large a file may be.
        paths: Files and folders.
        collection: The collection's name.
        show_progress: Draw a progress bar on standard error.

    Raises:
        InvalidCollectionName: No collection can be called that.
        CatalogError: The collection can't be written; what was committed stays.
        ModelError: The embedder can't be used.
    """
    with (
        wiring.open_collections(settings) as store,
        FileBar("indexing", show=show_progress) as bar,
    ):
        # What is wrong with the collection is told before files are read and a model is loaded.
        target = WritingTo(settings, store, collection)
        report = ingest_paths(
            target.open_ingester,
            paths,
            max_bytes=settings.max_bytes,
            on_start=bar.start,
            on_progress=bar.advance,
        )
        target.save_views()
    return report


def remove_documents(
    settings: Settings, document_ids: Sequence[str], collection: str, *, show_progress: bool
) -> RemovalReport:
    """Erase documents from a collection, with all their revisions; all of them or none.

    Args:
        settings: Where the collections are, which embedder.
        document_ids: Which documents.
        collection: The collection's name.
        show_progress: Draw a progress bar on standard error.

    Raises:
        UnknownDocument: There is none of one of these ids; nothing was erased.
        UnknownCollection: There is no such collection.
        CatalogError: The collection can't be written.
        ModelError: The embedder can't be used.
    """
    wanted = list(dict.fromkeys(document_ids))
    with wiring.open_collections(settings) as store:
        _check_known(store.catalog(collection), wanted)
        target = WritingTo(settings, store, collection)
        ingester = target.open_ingester()
        removed = [
            document_id
            for document_id in tqdm(
                wanted, desc="removing", unit="document", disable=not show_progress
            )
            if ingester.remove(document_id)
        ]
        ingester.refresh()
        target.save_views()
        return RemovalReport(removed, ingester.generation())


def _check_known(catalog: Catalog, document_ids: Sequence[str]) -> None:
    with catalog.snapshot() as snapshot:
        known = {row["document_id"] for row in snapshot.rows("SELECT document_id FROM documents")}
    for document_id in document_ids:
        if document_id not in known:
            raise UnknownDocument(
                f"There is no document {document_id!r} in this collection; nothing was removed.",
                _near(document_id, known),
            )


def _near(document_id: str, known: set[str]) -> str:
    """What a person may have meant by an id that there isn't."""
    inside = sorted(i for i in known if i.startswith(f"{document_id.rstrip('/')}/"))
    near = inside or difflib.get_close_matches(document_id, sorted(known), _NAMED, 0.6)
    if not near:
        return "An id is a file's path in the folder that was indexed, or its name."
    shown = ", ".join(map(repr, near[:_NAMED]))
    return f"There are {shown}{' and more' if len(near) > _NAMED else ''}: name those you mean."


def print_report(report: IngestReport) -> None:
    """Say what became of the files."""
    print_troubles(report)
    for document_id in report.replaced:
        click.secho(f"Replaced: {document_id}", dim=True, err=True)
    click.echo(
        f"{len(report.added)} added, {len(report.replaced)} replaced, "
        f"{len(report.unchanged)} unchanged, {len(report.failed)} failed."
    )


def print_troubles(report: IngestReport) -> None:
    """Say which files didn't go in, or not as they might, and why."""
    for warning in report.warnings:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)
    for problem in report.failed:
        click.secho(f"Not indexed: {problem.name}: {problem.message}", fg="red", err=True)
        click.echo(f"  {problem.remedy}", err=True)
    for document_id in report.changing:
        click.secho(
            f"Still changing: {document_id}; its document is as the file was a moment ago.",
            dim=True,
            err=True,
        )
    by_reason: dict[str, list[str]] = {}
    for skipped in report.skipped:
        name, _, reason = skipped.rpartition(": ")
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        shown = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} files"
        click.secho(f"Skipped: {shown}: {reason}", dim=True, err=True)
