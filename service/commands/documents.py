"""The commands that put documents in and take them out: `pincite index | sync | remove`."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands.options import (
    EXIT_SOME_FAILED,
    collection_option,
    data_option,
    json_option,
    make_settings,
    print_json,
)
from service.commands.priority import give_way

if TYPE_CHECKING:
    from index.errors import PinciteError
    from index.ingest import IngestReport


@click.command("index", short_help="Put files and folders into a collection.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
@click.option("--watch", "-w", is_flag=True, help="Stay, and follow the files' changes.")
@collection_option
@data_option
@json_option
def index_command(
    paths: tuple[Path, ...],
    watch: bool,
    collection: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Put text, Markdown and HTML files into a collection; folders with all they hold.

    A file of a known name replaces its document, one that hasn't changed costs nothing; nothing is
    removed (see pincite sync). What can't go in is named, the rest goes in, and the exit status
    is 1.

    With --watch, SIGINT and SIGTERM end it, with a summary and status 0; with --json, each report
    is a line, and so is the summary ({"ended": ...}).
    Where the system doesn't tell of changes (network disks), set WATCHFILES_FORCE_POLLING=1.
    """
    settings = make_settings(data_dir=data_dir)
    give_way()
    from service.commands import indexing

    show_progress = sys.stderr.isatty()
    if watch:
        from service.commands import following

        followed = following.follow_paths(
            settings,
            paths,
            collection,
            show_progress=show_progress,
            on_report=_print_line if as_json else indexing.print_report,
            on_error=_print_error,
        )
        if as_json:
            click.echo(json.dumps({"ended": asdict(followed)}))
        else:
            click.echo(
                f"Ended: {followed.added} added, {followed.replaced} replaced in all, "
                f"{followed.failed} failed."
            )
        return
    report = indexing.index_paths(settings, paths, collection, show_progress=show_progress)
    if as_json:
        print_json(asdict(report))
    else:
        indexing.print_report(report)
    if report.failed:
        raise SystemExit(EXIT_SOME_FAILED)


@click.command("sync", short_help="Make a collection hold exactly a folder's documents.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--dry-run", "-n", is_flag=True, help="Only say what would be done.")
@click.option("--watch", "-w", is_flag=True, help="Stay, and follow the folder's changes.")
@click.option("--allow-empty", is_flag=True, help="Remove all documents if the folder holds none.")
@collection_option
@data_option
@json_option
def sync_command(
    folder: Path,
    dry_run: bool,
    watch: bool,
    allow_empty: bool,
    collection: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Make a collection hold exactly the documents of a folder: add, replace, and REMOVE.

    Documents whose files aren't in the folder any more are erased with all their revisions. A
    file that is there but can't go in keeps the document that it had; it is named, and the exit
    status is 1. A folder that is missing, can't be read or is empty changes nothing: status 2.

    With --watch, SIGINT and SIGTERM end it, with status 0; with --json, each report is a line.
    Where the system doesn't tell of changes (network disks), set WATCHFILES_FORCE_POLLING=1.
    """
    if watch and dry_run:
        raise click.UsageError("--watch and --dry-run exclude each other.")
    settings = make_settings(data_dir=data_dir)
    give_way()
    from service.commands import syncing

    show_progress = sys.stderr.isatty()
    if watch:
        syncing.follow_folder(
            settings,
            folder,
            collection,
            allow_empty=allow_empty,
            show_progress=show_progress,
            on_report=_print_line if as_json else syncing.print_report,
            on_error=_print_error,
        )
        return
    report = syncing.sync_folder(
        settings,
        folder,
        collection,
        allow_empty=allow_empty,
        dry_run=dry_run,
        show_progress=show_progress,
    )
    if as_json:
        print_json(asdict(report))
    else:
        syncing.print_report(report, dry_run=dry_run)
    if report.failed:
        raise SystemExit(EXIT_SOME_FAILED)


def _print_line(report: IngestReport) -> None:
    click.echo(json.dumps(asdict(report), ensure_ascii=False))


def _print_error(error: PinciteError) -> None:
    click.secho(f"Error: {error.message}", fg="red", err=True)
    click.echo(f"{error.remedy} It is tried again.", err=True)


@click.command("remove", short_help="Erase documents from a collection.")
@click.argument("document_ids", nargs=-1, required=True, metavar="ID...")
@collection_option
@data_option
@json_option
def remove_command(
    document_ids: tuple[str, ...], collection: str, data_dir: Path | None, as_json: bool
) -> None:
    """Erase documents, with all their revisions; all that are named, or none.

    An ID is a file's path in the folder that was indexed, or the name of a file that was indexed
    by itself.
    """
    settings = make_settings(data_dir=data_dir)
    from service.commands import indexing

    report = indexing.remove_documents(
        settings, document_ids, collection, show_progress=sys.stderr.isatty()
    )
    if as_json:
        print_json(asdict(report))
        return
    for document_id in report.removed:
        click.secho(f"Removed: {document_id}", dim=True, err=True)
    click.echo(f"{len(report.removed)} removed.")
