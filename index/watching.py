"""When a folder may have changed: the only watchfiles import."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from watchfiles import Change, watch

from index.errors import UnreadableDocument
from index.text.reading import display_name

_DEBOUNCE_MS = 1_000
"""Changes that go on are told at least this often."""

_QUIET_MS = 200
"""Changes are told once there have been no more for so long."""

_LOOK_MS = 500
"""How often to see whether the folder is still the one that is watched."""


class _Stop:
    """A question in the form of an event, as watchfiles asks it."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def is_set(self) -> bool:
        return self._should_stop()


def watch_folder(folder: Path, should_stop: Callable[[], bool], *, ignored: Path) -> Iterator[bool]:
    """Says when a folder may have changed, until it is stopped.

    The folder may vanish, come back, or be replaced by another one of its name.

    Args:
        folder: What to watch, with all it holds.
        should_stop: Asked often; if true, the watch ends.
        ignored: A folder whose changes don't count, wherever it lies.

    Yields:
        Whether something may have changed since the last time; the first time, and when the
        folder has vanished or come back, it may. Often, also while nothing changes.

    Raises:
        UnreadableDocument: The system doesn't let it be watched.
    """
    outside = str(ignored.absolute().resolve())

    def counts(_change: Change, path: str) -> bool:
        return not (path == outside or path.startswith(outside + os.sep))

    while not should_stop():
        identity = _identity(folder)
        yield True
        if identity is not None:
            yield from _watch_one(folder, identity, should_stop, counts)
            continue
        while _identity(folder) is None and not should_stop():
            time.sleep(_LOOK_MS / 1000)
            yield False


def _watch_one(
    folder: Path,
    identity: tuple[int, int],
    should_stop: Callable[[], bool],
    counts: Callable[[Change, str], bool],
) -> Iterator[bool]:
    """Watches a folder until it isn't the same any more."""
    try:
        changes = watch(
            folder.resolve(),
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_QUIET_MS,
            stop_event=_Stop(should_stop),
            rust_timeout=_LOOK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        told_first = False
        for changed in changes:
            if should_stop() or _identity(folder) != identity:
                return
            # What changed before the watch began is told with its first word.
            yield not told_first or any(counts(*change) for change in changed)
            told_first = True
    except FileNotFoundError:
        # It vanished just before: seen to again soon.
        time.sleep(_LOOK_MS / 1000)
    except (OSError, RuntimeError) as error:
        raise UnreadableDocument(
            f"{display_name(folder)!r} can't be watched: {error}.",
            "Raise the system's limit (fs.inotify.max_user_watches), or set "
            "WATCHFILES_FORCE_POLLING=1.",
        ) from error


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
