"""Sidecar files: what a person says about a document, in a file beside it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from index.errors import InvalidMetadata
from index.text.metadata import parse_sidecar
from index.text.reading import display_name, read_bounded

SIDECAR_SUFFIXES = (".meta.json", ".meta.yaml", ".meta.yml")
"""Added to a document's whole name: `article.txt.meta.json` beside `article.txt`."""

MAX_SIDECAR_BYTES = 1_048_576
"""Limit of a sidecar's size."""


def document_of_sidecar(name: str) -> str | None:
    """The name of the document that a sidecar's name belongs to; `None` if it isn't a sidecar's."""
    for suffix in SIDECAR_SUFFIXES:
        if name.endswith(suffix) and len(name) > len(suffix):
            return name.removesuffix(suffix)
    return None


def find_sidecar(document: Path, siblings: Collection[str]) -> Path | None:
    """A document's sidecar among the names in its folder.

    Raises:
        InvalidMetadata: If there are two, which may contradict each other.
    """
    names = [name for s in SIDECAR_SUFFIXES if (name := document.name + s) in siblings]
    if len(names) > 1:
        raise InvalidMetadata(
            f"{display_name(document)!r} has two sidecars, {names[0]!r} and {names[1]!r}.",
            "Keep one of them.",
        )
    return document.with_name(names[0]) if names else None


def read_sidecar(path: Path) -> dict[str, Any]:
    """Reads a sidecar.

    Raises:
        UnreadableDocument: If the file can't be read.
        InvalidMetadata: If it is over 1 MiB, or can't be understood.
    """
    content = read_bounded(path, MAX_SIDECAR_BYTES + 1)
    shown = display_name(path)
    check_sidecar_size(shown, len(content))
    return parse_sidecar(content, name=shown, is_json=path.name.endswith(".json"))


def check_sidecar_size(name: str, size: int) -> None:
    """Raises if a sidecar of `size` bytes is over the limit.

    Raises:
        InvalidMetadata: It is.
    """
    if size > MAX_SIDECAR_BYTES:
        raise InvalidMetadata(
            f"{name!r} is over the limit of {MAX_SIDECAR_BYTES:,} bytes for a sidecar.",
            "Keep in it only what is about the document.",
        )
