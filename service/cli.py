"""The command line: `pincite ask | search | serve | eval`, and the commands of its other files.

Nothing heavy is imported before a command needs it, so that `--help` answers at once.
"""

from __future__ import annotations

import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from index.errors import PinciteError
from service.commands.collections import (
    backup_command,
    check_command,
    reindex_command,
    restore_command,
)
from service.commands.documents import index_command, remove_command, sync_command
from service.commands.options import (
    EXIT_ERROR,
    EXIT_SOME_FAILED,
    collection_option,
    data_option,
    json_option,
    make_settings,
    print_json,
    say_loading,
)


class _Group(click.Group):
    """Commands whose designed errors end in a message and an exit status, not a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PinciteError as error:
            click.secho(f"Error: {error.message}", fg="red", err=True)
            click.echo(error.remedy, err=True)
            ctx.exit(EXIT_ERROR)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="pincite", prog_name="pincite")
def main() -> None:
    """Ask your documents, and get their own words back, each with its exact place.

    Every setting can also be given in the environment: PINCITE_DATA_DIR, PINCITE_PORT and so on.
    """
    # A container's first process ignores SIGTERM unless it has a handler.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


for _command in (
    index_command,
    sync_command,
    remove_command,
    check_command,
    backup_command,
    restore_command,
    reindex_command,
):
    main.add_command(_command)


@main.command()
@click.argument("question", nargs=-1, required=True, metavar="QUESTION")
@click.option("--top-k", "-k", default=3, show_default=True, type=click.IntRange(1, 50))
@click.option(
    "--max-passages",
    default=20,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Most passages to read.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    help="Least probability of an answer.  [default: the setting's]",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Answer as of a day: later and undated documents aren't asked.",
)
@click.option("--explain", is_flag=True, help="Say why it is answered so.")
@collection_option
@data_option
@json_option
def ask(
    question: tuple[str, ...],
    top_k: int,
    max_passages: int,
    min_confidence: float | None,
    as_of: datetime | None,
    explain: bool,
    collection: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Ask a question; answer with quotes from the documents.

    Where documents differ, each side is told, however few answers are asked for. The exit status
    is 0 also when the documents don't answer.
    """
    settings = make_settings(data_dir=data_dir)
    from service.answering import check_question

    asked = check_question(" ".join(question))
    from service import wiring
    from service.commands.answers import print_answers
    from service.http.answer_schemas import ask_response

    collections = wiring.open_collections(settings)
    collections.catalog(collection)
    say_loading()
    components = wiring.load(settings, collections)
    answer_set = components.answerer(collection).answer(
        asked,
        top_k=top_k,
        max_passages=max_passages,
        as_of=None if as_of is None else as_of.date(),
        min_confidence=min_confidence,
        explain=explain,
    )
    if as_json:
        response = ask_response(answer_set, collection, components.models())
        print_json(response.model_dump(mode="json"))
        return
    print_answers(answer_set)


@main.command()
@click.argument("query")
@click.option("--limit", "-n", default=5, show_default=True, type=click.IntRange(1, 100))
@collection_option
@data_option
@json_option
def search(query: str, limit: int, collection: str, data_dir: Path | None, as_json: bool) -> None:
    """Find the passages most like a query."""
    settings = make_settings(data_dir=data_dir)
    from service.answering import check_question

    query = check_question(query)
    from service import wiring
    from service.commands.answers import on_a_line
    from service.http.schemas import SearchResponse, hit_model

    collections = wiring.open_collections(settings)
    collections.catalog(collection)
    say_loading()
    embedder = wiring.load_embedder(settings)
    found = collections.collection(collection, embedder).search(query, limit)
    if as_json:
        response = SearchResponse(
            hits=[hit_model(hit, collection) for hit in found.hits], generation=found.generation
        )
        print_json(response.model_dump(mode="json"))
        return
    if not found.hits:
        click.echo("There are no passages in this collection.")
    for hit in found.hits:
        click.secho(
            f"{hit.score:.3f}  {on_a_line(hit.title or 'untitled')}, {hit.document_id} "
            f"[{hit.start}, {hit.end})",
            bold=True,
        )
        click.echo(f"       {on_a_line(hit.text)}\n")


@main.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0: any free.  [default: 8000]")
@data_option
@json_option
def serve(host: str | None, port: int | None, data_dir: Path | None, as_json: bool) -> None:
    """Serve the page and the HTTP API.

    With --json, one line says where, once the server is ready.
    """
    settings = make_settings(host=host, port=port, data_dir=data_dir)
    from service.commands import serving

    serving.serve(settings, as_json=as_json)


@main.command("eval", short_help="Measure answers on a file of questions.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--open-domain",
    is_flag=True,
    help="Index all paragraphs and ask them, instead of reading each question's own.",
)
@click.option(
    "--max-passages",
    default=20,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How many passages to read, with --open-domain.",
)
@click.option(
    "--sample",
    type=click.IntRange(1),
    help="Ask so many questions, drawn at random (always the same ones).",
)
@json_option
def eval_command(
    files: tuple[Path, ...],
    open_domain: bool,
    max_passages: int,
    sample: int | None,
    as_json: bool,
) -> None:
    """Measure how good the answers to a file of questions are: EM, F1, and where they stand.

    FILE is SQuAD's JSON (v1.1 or v2.0) or JSON lines, plain or gzip. What is wrong in it is named
    and left out, and the exit status is 1. Figures come with 95% bootstrap intervals.
    """
    settings = make_settings()
    from service.commands import evaluating
    from service.question_files import read_question_files

    read = read_question_files(files)
    say_loading()
    show_progress = sys.stderr.isatty()
    if open_domain:
        evaluation = evaluating.evaluate_open(
            settings, read, sample=sample, max_passages=max_passages, show_progress=show_progress
        )
    else:
        evaluation = evaluating.evaluate_given(
            settings, read, sample=sample, show_progress=show_progress
        )
    if as_json:
        print_json(evaluation.as_json())
    else:
        evaluating.print_evaluation(evaluation)
    if not evaluation.is_whole:
        raise SystemExit(EXIT_SOME_FAILED)


@main.command(short_help="Fit confidences on your own questions.")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE..."
)
@click.option(
    "--collection",
    "-c",
    help="Ask this collection.  [default: the files' own paragraphs, indexed for the time]",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the calibration.  [default: calibration.json in the data folder]",
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@data_option
@json_option
def calibrate(
    files: tuple[Path, ...],
    collection: str | None,
    output: Path | None,
    force: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Fit how sure an answer is on questions whose answers you know, and say what that changes.

    FILE is a question file as for `pincite eval`; at least 40 questions, with answers and without.
    From 300 questions on all numbers are fitted, below only how shares become probabilities. The
    figures after are those of questions that the fit hadn't seen.
    """
    settings = make_settings(data_dir=data_dir)
    path = output or settings.data_dir / "calibration.json"
    if path.exists() and not force:
        raise click.UsageError(f"{path} is there already; name another --output, or --force.")
    from service.commands import calibrating
    from service.question_files import read_question_files

    read = read_question_files(files)
    say_loading()
    made = calibrating.recalibrate(
        settings, read, collection=collection, show_progress=sys.stderr.isatty()
    )
    try:
        made.fitted.save(path)
    except OSError as error:
        raise click.ClickException(f"{path} can't be written: {error}.") from error
    if as_json:
        print_json({"calibration": str(path), **made.as_json()})
        return
    calibrating.print_recalibration(read, made)
    click.echo(f"\nWritten to {path}. Use it so: PINCITE_CALIBRATION={path} pincite serve")
