"""The files of a collection's views, as a process may find them beside a catalog."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from index.lexical_view.files import commits
from index.search import LEXICAL_FOLDER, VECTOR_FILE


def move_in(views: Path | None, collection: Path) -> None:
    """Replace a collection's views by what a folder holds of them; None for nothing."""
    (collection / VECTOR_FILE).unlink(missing_ok=True)
    shutil.rmtree(collection / LEXICAL_FOLDER, ignore_errors=True)
    if views is not None:
        copy_views(views, collection)


def copy_views(collection: Path, views: Path) -> Path:
    """Copy a collection's views, and nothing else; returns where to."""
    views.mkdir(parents=True, exist_ok=True)
    shutil.copy(collection / VECTOR_FILE, views)
    shutil.copytree(collection / LEXICAL_FOLDER, views / LEXICAL_FOLDER)
    return views


def cut_in_half(views: Path) -> Path:
    """Cut each of the views' files in half; returns the folder."""
    for file in [views / VECTOR_FILE, *(views / LEXICAL_FOLDER).glob("*/*")]:
        content = file.read_bytes()
        # Whoever has the file open keeps the whole of it.
        file.unlink()
        file.write_bytes(content[: len(content) // 2])
    return views


def harm(file: Path, way: str, chosen: random.Random) -> None:
    """Remove a file, `cut` it short somewhere, or `flip` a bit of it."""
    content = bytearray(file.read_bytes() if file.exists() else b"")
    place = chosen.randrange(len(content)) if content else 0
    file.unlink(missing_ok=True)
    if way == "cut":
        file.write_bytes(content[:place])
    elif way == "flip" and content:
        content[place] ^= 1 << chosen.randrange(8)
        file.write_bytes(content)


def is_written_at_once(collection: Path, passages: int) -> bool:
    """Whether one commit made a collection's lexical index, so that its scores are a new one's.

    What is deleted counts in a score until tantivy merges it away, and then the mean length of a
    passage is estimated. Tantivy numbers what is done to an index: a passage added, the state
    replaced (two steps), a commit. An index that a killed process was about to remove may be there
    too; then it isn't known which is shown.
    """
    [commit, *others] = commits(collection / LEXICAL_FOLDER)
    return not others and bool(json.loads(commit.meta)["opstamp"] <= passages + 3)
