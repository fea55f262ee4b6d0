"""What stands on disk at each fault point that a run passes."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from reference import Content, contents
from runs import backup_path, catalog_path

from index.faults import reach


class Held(NamedTuple):
    """What is committed in a catalog.

    Attributes:
        format: Of the file.
        generation: How many times it was written.
        contents: What it serves.
    """

    format: int
    generation: int
    contents: dict[str, Content]


class OnDisk(NamedTuple):
    """What a run's folder holds; None for a file that isn't there."""

    collection: Held | None
    backup: Held | None


class Moment(NamedTuple):
    """A fault point that was passed, and what was on disk then."""

    point: str
    on_disk: OnDisk


def on_disk(root: Path) -> OnDisk:
    """What a run's folder holds now."""
    return OnDisk(held(catalog_path(root)), held(backup_path(root)))


def held(path: Path) -> Held | None:
    """What is committed in a catalog's file."""
    if not path.exists():
        return None
    with closing(sqlite3.connect(path)) as connection:
        [(version,)] = connection.execute("PRAGMA user_version")
        [(generation,)] = connection.execute("SELECT value FROM meta WHERE key = 'generation'")
    return Held(version, int(generation), contents(path))


def trace(run: Callable[[Path], None], root: Path) -> list[Moment]:
    """Do a run that nothing disturbs; returns each moment at which it could have died."""
    moments: list[Moment] = []
    with _watching(lambda point: moments.append(Moment(point, on_disk(root)))):
        run(root)
    return moments


@contextmanager
def _watching(on_point: Callable[[str], None]) -> Iterator[None]:
    """Be told of each fault point that this thread passes; nothing is put in its place."""

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is reach.__code__:
            on_point(frame.f_locals["point"])

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)
