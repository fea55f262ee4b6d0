"""How a file that was written beside its place gets there, whole or not at all.

What is written has a name that only Pincite gives, so that what killed processes left can be told
from a person's files. A database's name is free only without the logs beside it: SQLite would take
another database's for its own, and write its pages into it.
"""

from __future__ import annotations

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LOGS = ("-wal", "-shm", "-journal")
"""What SQLite adds to a database's name for the files that it keeps beside it."""

_TEMPORARY = re.compile(rf"\.pincite-[0-9a-f]{{32}}\.tmp({'|'.join(_LOGS)})?")
"""What is added to a file's name while it is written."""


def name_beside(path: Path) -> Path:
    """A new name for a file that is to take another one's place; see `delete_left`."""
    return path.with_name(f"{path.name}.pincite-{uuid.uuid4().hex}.tmp")


def delete_left(path: Path) -> None:
    """Delete what was written to take a file's place: by this process, or by any other."""
    with suppress(OSError):
        for file in path.parent.iterdir():
            if file.name.startswith(path.name) and _TEMPORARY.fullmatch(file.name, len(path.name)):
                file.unlink(missing_ok=True)


def delete_temporary(temporary: Path) -> None:
    """Delete one file that a `name_beside` names, and what SQLite keeps beside it."""
    with suppress(OSError):
        for suffix in ("", *_LOGS):
            temporary.with_name(temporary.name + suffix).unlink(missing_ok=True)


def put_in_place(temporary: Path, path: Path, *, replace: bool = False) -> None:
    """Give a new database its name; logs of the one that had it before are deleted first.

    Args:
        temporary: The new file; at rest, without a log.
        path: Its place.
        replace: Replace the file if there is one. Nobody else may have that open.

    Raises:
        FileExistsError: There is one, and it isn't to be replaced.
        OSError: The folder can't be written.
    """
    with _alone(path.parent):
        # Asked under the lock: the logs of a file that another process made are its own.
        if path.exists() and not replace:
            raise FileExistsError(f"there is a file {path}")
        logs = [log for log in map(path.with_name, (path.name + s for s in _LOGS)) if log.exists()]
        for log in logs:
            log.unlink(missing_ok=True)
        if logs:
            # Else a power cut could leave the new name beside the old logs.
            sync_folder(path.parent)
        if replace:
            temporary.replace(path)
        else:
            _link(temporary, path)
        sync_folder(path.parent)


def _link(temporary: Path, path: Path) -> None:
    """Give a file its name; a rename alone would replace one that another process made."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is taken first, and only by one process.
        path.touch(exist_ok=False)
        temporary.replace(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process places a file in a folder, where the system can lock it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
