"""The file of a vector view: a line of JSON, its *stamp*, and sections of bytes.

The stamp names what the view shows, the sections' lengths, and the SHA-256 of all of it. A file
that is damaged, cut short, or of anything else than what is asked for is as good as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from os import fsync
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from index.errors import UnwritableCatalog
from index.faults import reach
from index.storage.placing import delete_left, name_beside
from index.types import State

_FORMAT = 3

_LONGEST_STAMP = 4096

_UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
"""What reading anything else than a view's file may raise."""


class Made(NamedTuple):
    """What the vectors of a view are.

    Attributes:
        embedder: Model id of what made them.
        dimension: Their length.
    """

    embedder: str
    dimension: int


def write_view(path: Path, state: State, made: Made, sections: Sequence[npt.NDArray[Any]]) -> None:
    """Write a view's file, whole or not at all.

    Args:
        path: Its place.
        state: What it shows.
        made: What its vectors are.
        sections: Its content; arrays of one dimension.

    Raises:
        UnwritableCatalog: It can't be written; the file that was there stays.
    """
    contents = [section.view(np.uint8).data for section in sections]
    stamp: dict[str, object] = {
        "format": _FORMAT,
        **_state_fields(state),
        **made._asdict(),
        "lengths": [len(content) for content in contents],
    }
    stamp["sha256"] = _digest(stamp, contents)
    temporary = name_beside(path)
    try:
        if path.is_dir():
            raise IsADirectoryError("there is a folder in its place")
        # A process that was killed leaves its file; one that lives can do without.
        delete_left(path)
        with temporary.open("wb") as file:
            file.write(json.dumps(stamp).encode() + b"\n")
            file.writelines(contents)
            file.flush()
            fsync(file.fileno())
        reach("view.temporary_written")
        temporary.replace(path)
        reach("view.renamed")
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise UnwritableCatalog(
            f"The vector index {path} can't be written: {error}.",
            "Make its folder writable, see that the disk has room, and that no folder is in its "
            "place; until then each start makes it anew.",
        ) from error


def _state_fields(state: State) -> dict[str, object]:
    """A state as a stamp's fields."""
    return {
        "catalog_id": state.catalog_id,
        "generation": state.generation,
        "token": state.token,
    }


def read_view(
    path: Path, made: Made, is_known: Callable[[State], bool]
) -> tuple[State, list[memoryview]] | None:
    """Read a view's file.

    Args:
        path: Its place.
        made: What its vectors must be.
        is_known: Whether a state is one that the catalog was once in.

    Returns:
        What it shows, and its sections; None if it can't be used.
    """
    try:
        with path.open("rb") as file:
            stamp = json.loads(file.readline(_LONGEST_STAMP))
            digest = stamp.pop("sha256")
            state = State(stamp["catalog_id"], stamp["generation"], stamp["token"])
            if (
                stamp["format"] != _FORMAT
                or Made(stamp["embedder"], stamp["dimension"]) != made
                or type(state.generation) is not int
                or not is_known(state)
            ):
                return None
            payload = memoryview(file.read())
        ends = list(accumulate(stamp["lengths"], initial=0))
        if ends[-1] != len(payload) or _digest(stamp, [payload]) != digest:
            return None
        return state, [payload[start:end] for start, end in pairwise(ends)]
    except _UNREADABLE:
        return None


def _digest(stamp: Mapping[str, object], contents: Iterable[memoryview]) -> str:
    """SHA-256 of a stamp and the bytes that follow it."""
    digest = hashlib.sha256(json.dumps(stamp).encode() + b"\n")
    for content in contents:
        digest.update(content)
    return digest.hexdigest()
