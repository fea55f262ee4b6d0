"""What the commands have in common: options, settings, and how they print."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from service.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

EXIT_SOME_FAILED = 1
"""Something couldn't be done, the rest was; or something was found to be wrong."""

EXIT_ERROR = 2
"""Nothing, or not all, was done."""


def data_option(command: F) -> F:
    """Adds `--data-dir`."""
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        help="Folder of the collections.  [default: pincite-data]",
    )(command)


def collection_option(command: F) -> F:
    """Adds `--collection`."""
    return click.option(
        "--collection", "-c", default="default", show_default=True, help="Which collection."
    )(command)


def json_option(command: F) -> F:
    """Adds `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def make_settings(**given: Any) -> Settings:
    """Settings from the environment, with the options given on the command line before them."""
    from pydantic import ValidationError

    from service.settings import Settings

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            f"PINCITE_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise click.UsageError(f"A setting is wrong: {faults}") from error


def say_loading() -> None:
    """Tell a person why some seconds pass."""
    if sys.stderr.isatty():
        click.secho("Loading models…", dim=True, err=True)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
