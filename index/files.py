"""Files that a person names → what to put in, what can't go in and why, and what is left out.

The survey looks at names and sizes only, so it is quick and its count is known before the first
file is read. One file's failure never stops another.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.documents import (
    MEDIA_TYPES,
    check_document_id,
    check_size,
    make_document,
    media_type_of,
)
from index.errors import (
    DocumentError,
    InvalidDocumentId,
    LinkLoop,
    UnreadableDocument,
    UnsupportedDocument,
)
from index.ignoring import IGNORE_FILE, IgnoreRules
from index.sidecars import SIDECAR_SUFFIXES, document_of_sidecar, find_sidecar, read_sidecar
from index.text.reading import (
    display_name,
    is_folder,
    not_regular,
    os_failure,
    read_bounded,
    real_path,
    same_file,
)
from index.types import Document


@dataclass(frozen=True, slots=True)
class Source:
    """A file that can go in.

    Attributes:
        document_id: Its POSIX path in the folder named, or its name if it was named itself; NFC.
        path: Where it is.
        media_type: As its suffix tells.
        size: In bytes, when it was surveyed.
        sidecar: The file that says more about it, if there is one.
    """

    document_id: str
    path: Path
    media_type: str
    size: int
    sidecar: Path | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file or folder that can't go in, and why.

    Attributes:
        name: Fit to be printed, whatever bytes the path has.
        place: The id of the file's document, or the folder that such ids lie in; empty for what a
            person named. None if there can be no such id, or it is another file's.
        error: Names it too, and says what to do.
    """

    name: str
    place: str | None
    error: DocumentError


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that is left out on purpose.

    Attributes:
        name: Fit to be printed.
        reason: As it follows the name in a list.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Survey:
    """What a person's paths come to, each in sorted order, path by path."""

    sources: tuple[Source, ...]
    failures: tuple[Failure, ...]
    skipped: tuple[Skipped, ...]


def find_sources(paths: Sequence[Path], *, max_bytes: int) -> Survey:
    """Surveys files and folders; opens no document.

    Folders are walked whole. In them, hidden files and folders are passed over; files that
    Pincite doesn't read, and those that a `.pinciteignore` excludes, are listed as skipped.
    Symbolic links are followed where they stay in the folder named.

    Args:
        paths: Files and folders, as a person names them.
        max_bytes: Size limit of a document.
    """
    found: dict[str, Source] = {}
    failures: list[Failure] = []
    skipped: list[Skipped] = []
    for path in paths:
        for item in _survey(path, max_bytes):
            if isinstance(item, Failure):
                failures.append(item)
            elif isinstance(item, Skipped):
                skipped.append(item)
            else:
                first = found.setdefault(item.document_id, item)
                if first is not item and not same_file(first.path, item.path):
                    failures.append(_duplicate(first, item))
    return Survey(tuple(found.values()), tuple(failures), tuple(skipped))


def read_document(
    source: Source, *, max_bytes: int, encoding: str | None = None
) -> tuple[Document, list[str]]:
    """Reads a file that was found, and its sidecar, and makes a document of it.

    Args:
        source: From `find_sources`.
        max_bytes: Size limit; no more than one byte over it is ever read.
        encoding: As for `make_document`.

    Returns:
        The document, and warnings for a person.

    Raises:
        DocumentError: If it can't go in; others of the same run still may.
    """
    content = read_bounded(source.path, max_bytes + 1)
    check_size(source.document_id, len(content), max_bytes)
    return make_document(
        source.document_id,
        content,
        media_type=source.media_type,
        encoding=encoding,
        sidecar=None if source.sidecar is None else read_sidecar(source.sidecar),
        max_bytes=max_bytes,
    )


def _survey(path: Path, max_bytes: int) -> Iterator[Source | Failure | Skipped]:
    shown = display_name(path)
    try:
        real = real_path(path)
        if is_folder(real):
            yield from _Walk(path, real, max_bytes).folder(path, real, "", (), IgnoreRules())
            return
        if document_of_sidecar(path.name) is not None:
            raise UnsupportedDocument(
                f"{shown!r} is a sidecar, not a document.",
                "Name the document; its sidecar is read with it.",
            )
        if media_type_of(path.name) is None:
            raise UnsupportedDocument(
                f"{shown!r} isn't a kind of file that Pincite reads.",
                f"Save it as one of {', '.join(MEDIA_TYPES)}.",
            )
        names = {path.name + suffix for suffix in SIDECAR_SUFFIXES}
        siblings = {name for name in names if os.path.lexists(path.with_name(name))}
        yield _source(path, path.name, siblings, max_bytes)
    except OSError as os_error:
        yield Failure(shown, "", os_failure(path, os_error))
    except DocumentError as error:
        yield Failure(shown, "", error)


class _Walk:
    """One folder that a person names; what lies outside it is out of bounds."""

    def __init__(self, named: Path, real: Path, max_bytes: int) -> None:
        self._named = named
        self._real = real
        self._max_bytes = max_bytes

    def folder(
        self, path: Path, real: Path, relative: str, above: tuple[Path, ...], rules: IgnoreRules
    ) -> Iterator[Source | Failure | Skipped]:
        """Walks a folder; `above` are the real folders that led here, the nearest last."""
        place = _nfc(relative.rstrip("/"))
        if real in above:
            error = LinkLoop(
                f"{display_name(path)!r} is a symbolic link back to a folder that it is in,"
                f" {display_name(real)!r}.",
                "Remove the link.",
            )
            yield Failure(display_name(path), place, error)
            return
        try:
            names = sorted(entry.name for entry in path.iterdir())
            rules = rules.within(path, relative) if IGNORE_FILE in names else rules
        except OSError as os_error:
            yield Failure(display_name(path), place, os_failure(path, os_error))
            return
        except DocumentError as error:
            yield Failure(display_name(path), place, error)
            return
        siblings = set(names)
        for name in names:
            if not name.startswith("."):
                yield from self._entry(
                    path / name, f"{relative}{name}", siblings, (*above, real), rules
                )

    def _entry(
        self,
        path: Path,
        relative: str,
        siblings: set[str],
        above: tuple[Path, ...],
        rules: IgnoreRules,
    ) -> Iterator[Source | Failure | Skipped]:
        shown = display_name(path)
        try:
            # Only what may be read is asked after: a broken link to an ignored file is no failure.
            if rules.ignores(relative, is_folder=is_folder(path)):
                yield Skipped(shown, f"excluded by {IGNORE_FILE}")
                return
            document = document_of_sidecar(path.name)
            if document is not None:
                if document not in siblings:
                    yield Skipped(shown, "a sidecar without its document")
                return
            if path.is_symlink() or is_folder(path):
                real = self._inside(path)
                if is_folder(real):
                    _document_id(relative, path)
                    yield from self.folder(path, real, f"{relative}/", above, rules)
                    return
            if media_type_of(path.name) is None:
                yield Skipped(shown, "not a kind of file that Pincite reads")
                return
            source = _source(path, relative, siblings, self._max_bytes)
            if source.sidecar is not None:
                self._inside(source.sidecar)
            yield source
        except OSError as os_error:
            yield Failure(shown, _nfc(relative), os_failure(path, os_error))
        except DocumentError as error:
            yield Failure(shown, _nfc(relative), error)

    def _inside(self, path: Path) -> Path:
        """Where a path leads, if that is in the folder named."""
        real = real_path(path)
        if not real.is_relative_to(self._real):
            raise UnreadableDocument(
                f"{display_name(path)!r} is a symbolic link that leads outside"
                f" {display_name(self._named)!r}, to {display_name(real)!r}.",
                "Copy the target into the folder, or name the target itself.",
            )
        return real


def _source(path: Path, relative: str, siblings: set[str], max_bytes: int) -> Source:
    document_id = _document_id(relative, path)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(path)
    check_size(display_name(path), status.st_size, max_bytes)
    media_type = media_type_of(path.name) or ""
    sidecar = find_sidecar(path, siblings)
    return Source(document_id, path, media_type, status.st_size, sidecar)


def _document_id(relative: str, path: Path) -> str:
    document_id = _nfc(relative)
    if document_id is None:
        raise InvalidDocumentId(f"The name of {display_name(path)!r} isn't UTF-8.", "Rename it.")
    check_document_id(document_id)
    return document_id


def _nfc(relative: str) -> str | None:
    """An id from a path, if it is UTF-8; file systems keep names decomposed, or as any bytes."""
    is_utf8 = relative.encode("utf-8", "ignore").decode() == relative
    return unicodedata.normalize("NFC", relative) if is_utf8 else None


def _duplicate(first: Source, second: Source) -> Failure:
    shown = display_name(second.path)
    error = InvalidDocumentId(
        f"{shown!r} has the id {second.document_id!r}, as {display_name(first.path)!r} has.",
        "Rename one of them, or put a folder that holds both in at once.",
    )
    return Failure(shown, None, error)
