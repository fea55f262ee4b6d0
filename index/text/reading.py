"""Paths and bytes from the file system, whatever state it is in."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path
from typing import NamedTuple

from index.errors import DocumentError, LinkLoop, UnreadableDocument

# Neither waits: for a pipe that took a file's place, or for a terminal.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)

SETTLED_SECONDS = 2
"""A file that was changed later than this may change again without a trace in its times; file
systems keep them to 2 s at worst (FAT)."""


class FileTimes(NamedTuple):
    """What tells a file from what it was before.

    Attributes:
        values: They change with its content, if they are settled.
        settled: It has been left alone for `SETTLED_SECONDS`.
    """

    values: tuple[int, ...]
    settled: bool


def display_name(path: Path) -> str:
    """A path as it can be printed and encoded: bytes that aren't UTF-8 become `\\xNN`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def real_path(path: Path) -> Path:
    """Where a path leads, all symbolic links followed.

    Raises:
        LinkLoop: If links lead back to themselves.
        UnreadableDocument: If there is nothing there, or no permission to look.
    """
    try:
        return Path(os.path.realpath(path, strict=True))
    except OSError as error:
        raise os_failure(path, error) from error


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, as far as that can be told."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def read_bounded(path: Path, limit: int) -> bytes:
    """Reads a regular file, at most `limit` bytes of it.

    Raises:
        UnreadableDocument: If it can't be opened or read, or is a pipe, socket or device; such
            a thing is never read from.
        LinkLoop: If links lead back to themselves.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise not_regular(path)
        descriptor = os.open(path, _FLAGS)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise not_regular(path)
            return file.read(limit)
    except OSError as error:
        raise os_failure(path, error) from error


def file_times(path: Path) -> FileTimes:
    """What changes with a file's content, and whether it was changed just now, and may be again.

    Raises:
        OSError: There is no such file, or no permission to look.
    """
    now = time.time_ns()
    status = path.stat()
    alone = now - max(status.st_mtime_ns, status.st_ctime_ns)
    return FileTimes(
        (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns),
        alone >= SETTLED_SECONDS * 1_000_000_000,
    )


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder.

    Raises:
        OSError: It can't be told; `Path.is_dir` says no then, from Python 3.14 on.
    """
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return False
        raise


def os_failure(path: Path, error: OSError) -> DocumentError:
    """The designed error that an operating system's error stands for."""
    shown = display_name(path)
    if error.errno == errno.ELOOP:
        return LinkLoop(
            f"{shown!r} is a symbolic link that leads back to itself.", "Remove the link."
        )
    if error.errno == errno.ENOENT:
        if path.is_symlink():
            return UnreadableDocument(
                f"{shown!r} is a symbolic link to something that isn't there.",
                "Remove the link, or put its target back.",
            )
        return UnreadableDocument(f"{shown!r} isn't there.", "Check the name and the folder.")
    if error.errno in (errno.EACCES, errno.EPERM):
        return UnreadableDocument(
            f"{shown!r} may not be read: {os.strerror(error.errno)}.",
            "Give the account that runs Pincite permission to read it.",
        )
    reason = error.strerror or type(error).__name__
    return UnreadableDocument(f"{shown!r} can't be read: {reason}.", "Correct that and try again.")


def not_regular(path: Path) -> UnreadableDocument:
    """The error for a pipe, a socket or a device."""
    return UnreadableDocument(
        f"{display_name(path)!r} isn't a regular file but a pipe, socket or device.",
        "Copy what it gives into a file.",
    )
