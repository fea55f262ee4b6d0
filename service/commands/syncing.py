"""The `pincite sync` command: a collection made like a folder, once or for as long as it runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from index.errors import PinciteError
from index.sync_report import SyncReport
from index.syncing import Syncer
from index.watching import watch_paths
from service import wiring
from service.commands.following import follow, open_followed, stopping
from service.commands.indexing import FileBar, WritingTo, print_troubles
from service.settings import Settings


def sync_folder(
    settings: Settings,
    folder: Path,
    collection: str,
    *,
    allow_empty: bool,
    dry_run: bool,
    show_progress: bool,
) -> SyncReport:
    """Make a collection hold exactly a folder's documents.

    Args:
        settings: Where the collections are, which embedder, how large a file may be.
        folder: The folder.
        collection: The collection's name; it is made if there is something to put in.
        allow_empty: Erase all if the folder holds no documents.
        dry_run: Only say what would be done.
        show_progress: Draw a progress bar on standard error.

    Raises:
        InvalidCollectionName: No collection can be called that.
        SyncError: The folder is missing, can't be read, or is empty.
        CatalogError: The collection can't be written; what was committed stays.
        ModelError: The embedder can't be used.
    """
    with wiring.open_collections(settings) as store:
        target = WritingTo(settings, store, collection)
        syncer = _syncer(settings, folder, target, allow_empty)
        if dry_run:
            return syncer.plan()
        with FileBar("syncing", show=show_progress) as bar:
            report = syncer.run(on_start=bar.start, on_progress=bar.advance)
        target.save_views()
    return report


def follow_folder(
    settings: Settings,
    folder: Path,
    collection: str,
    *,
    allow_empty: bool,
    show_progress: bool,
    on_report: Callable[[SyncReport], None],
    on_error: Callable[[PinciteError], None],
) -> None:
    """Make a collection hold a folder's documents, again whenever the folder changes.

    Ends at SIGINT and SIGTERM, after the batch of passages that is being embedded; a second one
    ends it at once. What goes wrong is told and tried again; see `follow`.

    Args:
        settings: As for `sync_folder`.
        folder: The folder; it must be there at the beginning.
        collection: As for `sync_folder`.
        allow_empty: As for `sync_folder`.
        show_progress: Draw a progress bar of the first sync on standard error.
        on_report: Called after the first sync, and after each that changed or found something.
        on_error: Called when a sync fails, unless it failed in the same way before.

    Raises:
        PinciteError: The first sync failed, and not since another process writes; or the embedder
            does.
    """
    with open_followed(settings) as store, stopping() as should_stop:
        target = WritingTo(settings, store, collection)
        syncer = _syncer(settings, folder, target, allow_empty)
        last: SyncReport | None = None

        def sync(recovered: bool) -> bool:
            nonlocal last
            with FileBar("syncing", show=show_progress and last is None) as bar:
                report = syncer.run(
                    should_stop=should_stop, on_start=bar.start, on_progress=bar.advance
                )
            target.open_views()
            if last is None or recovered or report.changed or report.failed != last.failed:
                on_report(report)
            last = report
            return bool(report.changing)

        words = watch_paths([folder], should_stop, ignored=settings.data_dir)
        follow(words, sync, on_error)
        target.save_views()


def _syncer(settings: Settings, folder: Path, target: WritingTo, allow_empty: bool) -> Syncer:
    return Syncer(
        folder,
        target.catalog,
        target.open_ingester,
        max_bytes=settings.max_bytes,
        allow_empty=allow_empty,
    )


def print_report(report: SyncReport, *, dry_run: bool = False) -> None:
    """Say what became of the files and the documents, or would have."""
    print_troubles(report)
    would = "Would be " if dry_run else ""
    for said, document_ids in (
        ("replaced", report.replaced),
        ("removed", report.removed),
        ("kept as it was", report.kept),
    ):
        for document_id in document_ids:
            click.secho(f"{f'{would}{said}'.capitalize()}: {document_id}", dim=True, err=True)
    click.echo(
        f"{'Dry run: ' if dry_run else ''}{len(report.added)} added, "
        f"{len(report.replaced)} replaced, {len(report.unchanged)} unchanged, "
        f"{len(report.removed)} removed, {len(report.failed)} failed."
    )
