"""The commands that keep a collection: `pincite check | backup | restore | reindex`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from service.commands.options import (
    EXIT_SOME_FAILED,
    collection_option,
    data_option,
    json_option,
    make_settings,
    print_json,
    say_loading,
)
from service.commands.priority import give_way


@click.command("check", short_help="See whether collections are whole.")
@click.option("--collection", "-c", help="Which collection.  [default: all]")
@click.option("--repair", is_flag=True, help="Make the views anew from the catalog first.")
@data_option
@json_option
def check_command(
    collection: str | None, repair: bool, data_dir: Path | None, as_json: bool
) -> None:
    """See whether a collection's catalog is whole and its views equal it.

    Others may read and write it meanwhile. What is wrong is said, with what to do, and the exit
    status is 1. A running server takes views that were made anew when it is started again.
    """
    settings = make_settings(data_dir=data_dir)
    from service.commands import maintenance

    reports = maintenance.check(
        settings, collection, repair=repair, show_progress=sys.stderr.isatty()
    )
    if as_json:
        print_json({name: asdict(report) for name, report in reports.items()})
    else:
        maintenance.print_check(reports, settings.data_dir)
    if any(report.findings for report in reports.values()):
        raise SystemExit(EXIT_SOME_FAILED)


@click.command("backup", short_help="Write a collection to one file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@collection_option
@data_option
@json_option
def backup_command(
    file: Path, force: bool, collection: str, data_dir: Path | None, as_json: bool
) -> None:
    """Write a collection to a file: its documents with all revisions, passages and vectors.

    The collection may be in use: the file holds one committed state of it. It is checked before it
    gets its name.
    """
    settings = make_settings(data_dir=data_dir)
    from service.commands import maintenance

    report = maintenance.back_up_collection(
        settings, file, collection, force=force, show_progress=sys.stderr.isatty()
    )
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(
            f"{file}: {report.documents:,} documents, generation {report.generation}, "
            f"{report.bytes:,} bytes."
        )


@click.command("restore", short_help="Make a collection of a backup.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Replace the collection if there is one.")
@collection_option
@data_option
@json_option
def restore_command(
    file: Path, replace: bool, collection: str, data_dir: Path | None, as_json: bool
) -> None:
    """Make a collection of a backup, or replace one by it, as a whole or not at all.

    A running server shows what was restored from its next search on. A backup that an older
    Pincite made is brought to the present format; the file stays as it is.
    """
    settings = make_settings(data_dir=data_dir)
    from service.commands import maintenance

    report = maintenance.restore_collection(
        settings, file, collection, replace=replace, show_progress=sys.stderr.isatty()
    )
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(f"{collection}: {report.documents:,} documents, generation {report.generation}.")


@click.command("reindex", short_help="Embed a collection anew with the configured embedder.")
@collection_option
@data_option
@json_option
def reindex_command(collection: str, data_dir: Path | None, as_json: bool) -> None:
    """Embed all documents of a collection with the configured embedder (PINCITE_EMBEDDER).

    Until it is done the old vectors are searched, and documents may be put in and removed with the
    old embedder. If it is interrupted, the next run goes on where it was. Start servers anew
    afterwards, with the new embedder.
    """
    settings = make_settings(data_dir=data_dir)
    give_way()
    from service.commands import maintenance

    say_loading()
    report = maintenance.reindex_collection(settings, collection, show_progress=sys.stderr.isatty())
    if as_json:
        print_json(asdict(report))
    elif report.before == report.embedder:
        click.echo(f"Nothing to do: the vectors are those of {report.embedder}.")
    else:
        click.echo(
            f"{report.embedded:,} documents embedded with {report.embedder}"
            f"{f', {report.resumed:,} before' if report.resumed else ''}; "
            f"it replaces {report.before or 'none'}."
        )
