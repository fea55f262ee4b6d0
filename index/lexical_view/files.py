"""Where the lexical view's files are: index folders, of which one counts, and a lock.

An index that is made anew gets a folder of its own and counts once it has been committed; then the
others are removed. So that nothing damaged is read, the checksum that tantivy ends each file with
is compared before the index is opened: tantivy itself finds out only about files cut short.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import struct
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

_LOCK = "lock"
_INDEX_FOLDER = re.compile(r"[0-9a-f]{32}")
_META = "meta.json"
_TEMPORARY = ".tmp*"
"""What tantivy writes `meta.json` and its like to before it renames it."""

_FOOTER_END = struct.Struct("<II")
_FOOTER_MAGIC = 1337
_AT_ONCE = 1 << 20


class Commit(NamedTuple):
    """A commit of an index, as its folder tells.

    Attributes:
        folder: Of the index.
        meta: Tantivy's `meta.json`, which each commit and each merge replaces.
    """

    folder: Path
    meta: bytes

    def segments(self) -> list[dict[str, Any]]:
        """What `meta.json` says of the index's segments.

        Raises:
            ValueError: It is damaged.
        """
        try:
            return list(json.loads(self.meta)["segments"])
        except (TypeError, KeyError) as error:
            raise ValueError(f"{self.folder / _META} names no segments") from error

    def deleted(self) -> tuple[int, int]:
        """How many documents are deleted and not merged away yet, and how many there are in all.

        Raises:
            ValueError: `meta.json` is damaged.
        """
        segments = self.segments()
        try:
            return (
                sum((segment["deletes"] or {}).get("num_deleted_docs", 0) for segment in segments),
                sum(segment["max_doc"] for segment in segments),
            )
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"{self.folder / _META} doesn't count its documents") from error

    def files(self) -> Iterator[Path]:
        """The files of its segments.

        Raises:
            ValueError: `meta.json` is damaged.
        """
        for segment in self.segments():
            try:
                name = uuid.UUID(segment["segment_id"]).hex
                deletes = segment["deletes"]
                current = f".{deletes['opstamp']}.del" if deletes else None
            except (TypeError, KeyError, AttributeError) as error:
                raise ValueError(f"{self.folder / _META} names no segments") from error
            for file in self.folder.glob(f"{name}.*"):
                if file.suffix != ".del" or file.name == f"{name}{current}":
                    yield file


def commits(folder: Path) -> Iterator[Commit]:
    """The newest commit of each index in a view's folder."""
    for place in index_folders(folder):
        with suppress(OSError):
            yield Commit(place, (place / _META).read_bytes())


def index_folders(folder: Path) -> list[Path]:
    """All index folders, whole or not."""
    try:
        return sorted(place for place in folder.iterdir() if _INDEX_FOLDER.fullmatch(place.name))
    except OSError:
        return []


def new_index_folder(folder: Path) -> Path:
    """Make an empty index folder.

    Raises:
        OSError: It can't be made.
    """
    place = folder / uuid.uuid4().hex
    place.mkdir()
    return place


def remove_leftovers(folder: Path, *, but: Path) -> None:
    """Remove all index folders but one, and what a killed writer left in that, where possible."""
    for place in index_folders(folder):
        if place != but and place.is_dir() and not place.is_symlink():
            shutil.rmtree(place, ignore_errors=True)
        elif place != but:
            with suppress(OSError):
                place.unlink()
    for temporary in but.glob(_TEMPORARY):
        with suppress(OSError):
            temporary.unlink()


class Identity(NamedTuple):
    """What tells that a file is the one, and as it was, that it once was.

    Attributes:
        inode: Of the file; another one at the same place has another.
        size: In bytes.
        modified_ns: When it was last written.
    """

    inode: int
    size: int
    modified_ns: int


def identity(file: Path) -> Identity | None:
    """A file's identity now; None if there is no such file."""
    try:
        status = file.stat()
    except OSError:
        return None
    return Identity(status.st_ino, status.st_size, status.st_mtime_ns)


def is_whole(file: Path) -> bool:
    """Whether a file of tantivy's holds what its checksum says.

    A footer ends it: JSON with the CRC-32 of what is before, then the JSON's length and a constant
    (`directory/footer.rs` of tantivy).
    """
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _FOOTER_END.size))
            length, magic = _FOOTER_END.unpack(stream.read())
            body = size - _FOOTER_END.size - length
            if magic != _FOOTER_MAGIC or body < 0:
                return False
            stream.seek(body)
            expected = json.loads(stream.read(length))["crc"]
            stream.seek(0)
            crc = 0
            while body > 0:
                block = stream.read(min(body, _AT_ONCE))
                if not block:
                    return False
                crc = zlib.crc32(block, crc)
                body -= len(block)
            return bool(crc == expected)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return False


@contextmanager
def writing_alone(folder: Path) -> Iterator[bool]:
    """Holds the view's lock, which ends with the process; false at once if another one has it.

    Raises:
        OSError: The folder can't be made or written to.
    """
    if folder.is_file() or folder.is_symlink():
        folder.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    with path.open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The folder may have been removed and made again since: then this locks nothing.
            held = os.path.samestat(os.fstat(lock.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            held = False
        yield held
