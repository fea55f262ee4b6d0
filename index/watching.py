"""When files and folders may have changed: the only watchfiles import."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from watchfiles import Change, watch

from index.errors import UnusableFolder
from index.sidecars import SIDECAR_SUFFIXES
from index.text.reading import display_name, file_times

_DEBOUNCE_MS = 1_000
"""Changes that go on are told at least this often."""

_QUIET_MS = 200
"""Changes are told once there have been no more for so long."""

_LOOK_MS = 500
"""How often to see whether the folders are still the ones that are watched, and at files."""

_Identities = Mapping[Path, tuple[int, int]]


class _Stop:
    """A question in the form of an event, as watchfiles asks it."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop = should_stop

    def is_set(self) -> bool:
        return self._should_stop()


def watch_paths(
    paths: Sequence[Path], should_stop: Callable[[], bool], *, ignored: Path
) -> Iterator[bool]:
    """Says when files or folders may have changed, until it is stopped.

    Each may vanish, come back, or be replaced by another one of its name.

    Args:
        paths: What to watch: folders with all that they hold, files with their sidecars.
        should_stop: Asked often; if true, the watch ends.
        ignored: A folder whose changes don't count, wherever it lies.

    Yields:
        Whether something may have changed since the last time; the first time, and when a folder
        has vanished or come back, it may. Often, also while nothing changes.

    Raises:
        UnusableFolder: The system doesn't let one be watched.
    """
    outside = str(ignored.absolute().resolve())

    def counts(_change: Change, path: str) -> bool:
        return not (path == outside or path.startswith(outside + os.sep))

    while not should_stop():
        folders, files = _folders(paths), _files(paths)
        yield True
        words = _watch(folders, should_stop, counts) if folders else _pass_time(should_stop)
        for changed in words:
            if _folders(paths) != folders:
                break
            before, files = files, _files(paths)
            yield changed or files != before


def _watch(
    folders: _Identities, should_stop: Callable[[], bool], counts: Callable[[Change, str], bool]
) -> Iterator[bool]:
    """Says when something may have changed in folders; ends if one has vanished."""
    try:
        changes = watch(
            *(folder.resolve() for folder in folders),
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
            if should_stop():
                return
            # What changed before the watch began is told with its first word.
            yield not told_first or any(counts(*change) for change in changed)
            told_first = True
    except FileNotFoundError:
        # It vanished just before: seen to again soon.
        time.sleep(_LOOK_MS / 1000)
    except (OSError, RuntimeError) as error:
        raise UnusableFolder(
            f"{', '.join(repr(display_name(folder)) for folder in folders)} can't be watched: "
            f"{error}.",
            "Raise the system's limit (fs.inotify.max_user_watches), or set "
            "WATCHFILES_FORCE_POLLING=1.",
        ) from error


def _pass_time(should_stop: Callable[[], bool]) -> Iterator[bool]:
    """Says now and then that nothing has changed in no folder."""
    while not should_stop():
        time.sleep(_LOOK_MS / 1000)
        yield False


def _folders(paths: Sequence[Path]) -> _Identities:
    """The paths that are folders now, each with what tells it from another one there."""
    found = {}
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode):
            found[path] = status.st_dev, status.st_ino
    return found


def _files(paths: Sequence[Path]) -> list[tuple[int, ...] | None]:
    """How all that isn't a folder is now; it is looked at, so that its folder needn't be watched.

    What was changed just now is told as changed, and once more when it has been left alone.
    """
    found: list[tuple[int, ...] | None] = []
    for path in paths:
        for beside in (path, *(path.with_name(path.name + s) for s in SIDECAR_SUFFIXES)):
            try:
                times = None if beside.is_dir() else file_times(beside)
            except OSError:
                times = None
            found.append(times and (times.values if times.settled else ()))
    return found
