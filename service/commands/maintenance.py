"""The commands that keep collections: `pincite check`, `backup`, `restore` and `reindex`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Never

import click
from tqdm import tqdm

from index.backup import back_up
from index.checking import CheckReport, check_collection, rebuild_views
from index.collection import CATALOG_FILE, CollectionStore
from index.errors import DamagedCatalog, UnknownCollection
from index.reindexing import ReindexReport, reindex
from index.restoring import restore
from index.storage.catalog_checks import Finding
from index.storage.copies import BackupReport, Progress
from service import wiring
from service.settings import Settings


def check(
    settings: Settings, collection: str | None, *, repair: bool, show_progress: bool
) -> dict[str, CheckReport]:
    """Check collections, by name.

    Args:
        settings: Where the collections are.
        collection: Which one; None for all.
        repair: Make the views of each anew, then check it.
        show_progress: Draw progress bars on standard error.

    Raises:
        InvalidCollectionName: No collection can be called that.
        UnknownCollection: There is none of that name.
        CatalogError: A collection can't be opened, for another reason than that it is damaged.
    """
    with wiring.open_collections(settings) as store:
        names = store.names() if collection is None else [collection]
        return {
            name: _check_one(store, name, repair=repair, show_progress=show_progress)
            for name in names
        }


def _check_one(
    store: CollectionStore, name: str, *, repair: bool, show_progress: bool
) -> CheckReport:
    with tqdm(desc=f"checking {name}", unit="document", disable=not show_progress) as bar:
        try:
            catalog = store.catalog(name)
            if repair:
                rebuild_views(catalog)

            def advance() -> None:
                bar.update()

            return check_collection(catalog, on_start=bar.reset, on_document=advance)
        except DamagedCatalog as error:
            finding = Finding("database", None, error.message, error.remedy)
            return CheckReport(0, 0, 0, [finding], ["documents", "changes", "vectors", "lexical"])


def print_check(reports: dict[str, CheckReport], data_dir: Path) -> None:
    """Say of each collection what is wrong with it, and what to do."""
    if not reports:
        click.echo(f"There are no collections in {data_dir}.")
    for name, report in reports.items():
        for finding in report.findings:
            click.secho(f"{name}: {finding.message}", fg="red", err=True)
            click.echo(f"  {finding.remedy}", err=True)
        if report.unchecked:
            click.secho(f"{name}: not checked: {', '.join(report.unchecked)}", dim=True, err=True)
        count = len(report.findings)
        verdict = f"{count} fault{'' if count == 1 else 's'}" if count else "nothing wrong"
        click.echo(
            f"{name}: {report.documents:,} documents, {report.passages:,} passages, "
            f"generation {report.generation}: {verdict}."
        )


def back_up_collection(
    settings: Settings, file: Path, collection: str, *, force: bool, show_progress: bool
) -> BackupReport:
    """Write a collection's catalog to a file.

    Args:
        settings: Where the collections are.
        file: Where to.
        collection: Which collection.
        force: Replace the file if there is one.
        show_progress: Draw a progress bar on standard error.

    Raises:
        UnknownCollection: There is none of that name.
        UnfitBackupPlace: There is such a file, a folder, or it is a collection's folder.
        CatalogError: The file can't be written; the catalog is damaged.
    """
    with wiring.open_collections(settings) as store, _bar("backing up", show_progress) as bar:
        return back_up(store.catalog(collection), file, replace=force, on_progress=_advance(bar))


def restore_collection(
    settings: Settings, file: Path, collection: str, *, replace: bool, show_progress: bool
) -> BackupReport:
    """Make a collection of a backup, and its views.

    Args:
        settings: Where the collections are.
        file: The backup.
        collection: The collection's name.
        replace: Replace the collection if there is one.
        show_progress: Draw a progress bar on standard error.

    Raises:
        InvalidCollectionName: No collection can be called that.
        BackupError: There is no backup, or it can't be used; there is such a collection.
        CatalogError: The backup is a newer Pincite's; the collection can't be written.
    """
    with wiring.open_collections(settings) as store:
        # Another program's catalog, or a newer Pincite's, is not replaced.
        with suppress(UnknownCollection, DamagedCatalog):
            store.catalog(collection)
        path = settings.data_dir / collection / CATALOG_FILE
        with _bar("restoring", show_progress) as bar:
            report = restore(
                file,
                path,
                replace=replace,
                busy_seconds=settings.busy_seconds,
                on_progress=_advance(bar),
            )
        rebuild_views(store.catalog(collection))
    return report


def reindex_collection(
    settings: Settings, collection: str, *, show_progress: bool
) -> ReindexReport:
    """Embed a collection's documents anew with the configured embedder, and save its views.

    Args:
        settings: Where the collections are, which embedder.
        collection: The collection's name.
        show_progress: Draw a progress bar on standard error.

    Raises:
        InvalidCollectionName: No collection can be called that.
        UnknownCollection: There is none of that name.
        CatalogError: The collection can't be written; what was embedded stays for the next run.
        ModelError: The embedder can't be used.
    """
    with wiring.open_collections(settings) as store:
        catalog = store.catalog(collection)
        embedder = wiring.load_embedder(settings)
        with tqdm(desc="embedding", unit="document", disable=not show_progress) as bar:

            def start(done: int, total: int) -> None:
                bar.reset(total)
                bar.update(done)

            def left(count: int, total: int) -> None:
                bar.total = total
                bar.update(total - count - bar.n)

            report = reindex(catalog, embedder, on_start=start, on_progress=left)
        store.collection(collection, embedder).save_views()
    return report


def _bar(description: str, show: bool) -> tqdm[Never]:
    return tqdm(desc=description, unit="B", unit_scale=True, disable=not show)


def _advance(bar: tqdm[Never]) -> Progress:
    def advance(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return advance
