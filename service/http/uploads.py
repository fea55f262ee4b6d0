"""Uploads of many files, as they are kept until they have gone in: files to documents.

All files of an upload lie one after the other in one nameless file of the data folder, so that no
name that a client sends is ever a path here, and nothing is left when the process is killed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from index.documents import check_document_id, make_document, media_type_of
from index.errors import DocumentError, InvalidDocumentId, UnsupportedDocument
from index.sidecars import check_sidecar_size, document_of_sidecar, find_sidecar
from index.text.metadata import parse_sidecar
from index.types import Document

REPLACEMENT = "\ufffd"
"""What decoders put in place of bytes that they can't read."""


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file of an upload.

    Attributes:
        name: Relative POSIX path, in NFC.
        start: Where its bytes begin in the upload's file.
        size: How many there are.
        content_type: What the client says it is.
    """

    name: str
    start: int
    size: int
    content_type: str | None


@dataclass(frozen=True, slots=True)
class UploadedDocument:
    """A document of an upload: its file, and the one that says more about it."""

    upload: Upload
    file: UploadedFile
    sidecar: UploadedFile | None
    error: DocumentError | None = None

    @property
    def document_id(self) -> str:
        """The file's name."""
        return self.file.name

    def make(self, max_bytes: int) -> tuple[Document, list[str]]:
        """Makes the document; see `make_document`.

        Raises:
            DocumentError: It can't go in; the others of the upload still may.
        """
        if self.error is not None:
            raise self.error
        said = {} if self.sidecar is None else self._said(self.sidecar)
        told = media_type_of(self.document_id)
        given = self.file.content_type
        return make_document(
            self.document_id,
            self.upload.read(self.file),
            media_type=told or given,
            encoding=None if given is None else charset_of(given),
            sidecar=said,
            max_bytes=max_bytes,
        )

    def _said(self, sidecar: UploadedFile) -> Mapping[str, object]:
        check_sidecar_size(sidecar.name, sidecar.size)
        return parse_sidecar(
            self.upload.read(sidecar), name=sidecar.name, is_json=sidecar.name.endswith(".json")
        )


class Upload:
    """The files of one upload.

    Args:
        spool: Holds their bytes; closed with the upload, and gone then.
        files: Where each is in it.
    """

    def __init__(self, spool: BinaryIO, files: Sequence[UploadedFile]) -> None:
        self._spool = spool
        self._files = files

    def documents(self) -> list[UploadedDocument]:
        """Its documents in the order in which they came, each with its sidecar."""
        named = {file.name: file for file in self._files}
        folders: dict[Path, set[str]] = {}
        for name in named:
            folders.setdefault(Path(name).parent, set()).add(Path(name).name)
        return [
            self._document(file, named, folders[Path(file.name).parent])
            for file in self._files
            if document_of_sidecar(file.name) not in named
        ]

    def _document(
        self, file: UploadedFile, named: Mapping[str, UploadedFile], siblings: set[str]
    ) -> UploadedDocument:
        try:
            if document_of_sidecar(file.name) is not None:
                raise UnsupportedDocument(
                    f"{file.name!r} is a sidecar, and its document isn't in the upload.",
                    "Send both at once.",
                )
            sidecar = find_sidecar(Path(file.name), siblings)
        except DocumentError as error:
            return UploadedDocument(self, file, None, error)
        return UploadedDocument(self, file, None if sidecar is None else named[sidecar.as_posix()])

    def read(self, file: UploadedFile) -> bytes:
        """The bytes of one of its files."""
        self._spool.seek(file.start)
        return self._spool.read(file.size)

    def close(self) -> None:
        """Throw its files away."""
        self._spool.close()


def check_portable_id(document_id: str) -> None:
    """Raises unless an id is one, and a relative path on every system.

    Raises:
        InvalidDocumentId: As `check_document_id`, or it holds a backslash or begins with a
            drive's letter, or wasn't valid Unicode before it was decoded.
    """
    check_document_id(document_id)
    if REPLACEMENT in document_id:
        raise InvalidDocumentId(
            f"The document id {document_id!r} holds U+FFFD, which stands for bytes that are no "
            "UTF-8.",
            "Send the name in UTF-8.",
        )
    if "\\" in document_id or re.match(r"[A-Za-z]:", document_id):
        raise InvalidDocumentId(
            f"The document id {document_id!r} has a backslash, or begins with a drive's letter.",
            "Use a relative path such as 'reports/2020/summary.txt'.",
        )


def charset_of(content_type: str) -> str | None:
    """The charset that a media type names; None if it names none."""
    charset = parameter("Content-Type", content_type, "charset")
    return charset if isinstance(charset, str) and charset else None


def parameter(name: str, value: str, parameter: str) -> str | tuple[str | None, ...] | None:
    """A header's parameter, as the standard library reads it.

    Args:
        name: The header's.
        value: The header's.
        parameter: Its name.

    Returns:
        Its value; charset, language and value if it is written in RFC 2231's extended form; None
        if there is none, or it can't be read.
    """
    message = Message()
    message[name] = value
    try:
        found: str | tuple[str | None, ...] | None = message.get_param(parameter, header=name)
    except ValueError:  # A number in the extended form that is no number.
        return None
    return found
