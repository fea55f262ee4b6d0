"""The `pincite index` command: files into a collection, with a progress bar and a report."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
from tqdm import tqdm

from index.collection import CollectionStore
from index.embedder import Embedder
from index.errors import UnknownCollection
from index.files import Source
from index.ingest import Ingester, IngestReport, ingest_paths
from service import wiring
from service.settings import Settings

_NAMED = 3
"""Skipped files of one reason that are named; of more, only the number is said."""


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
        CollectionStore(settings.data_dir) as store,
        tqdm(desc="indexing", unit="B", unit_scale=True, disable=not show_progress) as bar,
    ):
        # What is wrong with the collection is told before files are read and a model is loaded.
        with suppress(UnknownCollection):
            store.catalog(collection)
        done: dict[Source, int] = {}

        def start(total: int) -> None:
            bar.reset(total)

        def advance(source: Source, fraction: float) -> None:
            before, now = done.get(source, 0), round(source.size * fraction)
            bar.update(now - before)
            done[source] = now

        @cache
        def embedder() -> Embedder:
            return wiring.load_embedder(settings)

        def open_ingester() -> Ingester:
            loaded = embedder()
            return Ingester(store.catalog(collection, create=True), loaded)

        report = ingest_paths(
            open_ingester,
            paths,
            max_bytes=settings.max_bytes,
            on_start=start,
            on_progress=advance,
        )
        if report.generation is not None:
            store.collection(collection, embedder()).save_views()
    return report


def print_report(report: IngestReport) -> None:
    """Say what became of the files."""
    for warning in report.warnings:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)
    for problem in report.failed:
        click.secho(f"Not indexed: {problem.name}: {problem.message}", fg="red", err=True)
        click.echo(f"  {problem.remedy}", err=True)
    by_reason: dict[str, list[str]] = {}
    for skipped in report.skipped:
        name, _, reason = skipped.rpartition(": ")
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        shown = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} files"
        click.secho(f"Skipped: {shown}: {reason}", dim=True, err=True)
    for document_id in report.replaced:
        click.secho(f"Replaced: {document_id}", dim=True, err=True)
    click.echo(
        f"{len(report.added)} added, {len(report.replaced)} replaced, "
        f"{len(report.unchanged)} unchanged, {len(report.failed)} failed."
    )
