"""Takes uploads in: `multipart/form-data` to files, refused as soon as something is wrong."""

from __future__ import annotations

import asyncio
import tempfile
import unicodedata
from collections.abc import AsyncIterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError

from index.documents import check_size
from index.errors import UnwritableCatalog
from service.errors import InvalidUpload, TooManyFiles
from service.http.uploads import Upload, UploadedFile, check_portable_id, parameter

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_REMEDY = "Send multipart/form-data with a part for each file: curl -F file=@report.txt URL."


async def receive_upload(
    stream: AsyncIterable[bytes],
    content_type: str,
    folder: Path,
    *,
    max_bytes: int,
    max_files: int,
) -> Upload:
    """Take an upload in as it comes.

    Args:
        stream: The body of the request.
        content_type: Its header, with the boundary.
        folder: Where its files are kept meanwhile; made if need be.
        max_bytes: Limit of a file.
        max_files: Limit of their number, sidecars included.

    Raises:
        InvalidUpload: It isn't multipart/form-data with files, each of a name of its own.
        InvalidDocumentId: A file's name can't be a document's id; nothing is kept.
        DocumentTooLarge: A file is over the limit.
        TooManyFiles: There are more than the limit.
        UnwritableCatalog: The folder can't be written.
    """
    parts = _Parts(max_bytes=max_bytes, max_files=max_files)
    kind = content_type.partition(";")[0].strip().lower()
    boundary = parameter("Content-Type", content_type, "boundary")
    if kind != "multipart/form-data" or not (isinstance(boundary, str) and boundary):
        raise InvalidUpload(
            f"The body is said to be {content_type!r}, not multipart/form-data with a boundary.",
            _REMEDY,
        )
    try:
        parser = MultipartParser(boundary.encode("latin-1", "replace"), parts.callbacks())
        folder.mkdir(parents=True, exist_ok=True)
        spool: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
    except FormParserError as error:
        raise _malformed(str(error)) from error
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        async for chunk in stream:
            parser.write(chunk)
            if parts.received:
                await asyncio.to_thread(spool.write, bytes(parts.received))
                parts.received.clear()
        await asyncio.to_thread(spool.flush)
        return Upload(spool, parts.finished())
    except BaseException as error:
        spool.close()
        if isinstance(error, FormParserError):
            raise _malformed(str(error)) from error
        if isinstance(error, OSError):
            raise _unwritable(folder, error) from error
        raise


class _Parts:
    """What the parser finds, piece by piece.

    Attributes:
        received: Bytes of files that haven't been written yet.
    """

    def __init__(self, *, max_bytes: int, max_files: int) -> None:
        self.received = bytearray()
        self._max_bytes = max_bytes
        self._max_files = max_files
        self._files: dict[str, UploadedFile] = {}
        self._end = 0
        self._complete = False
        self._field, self._value = bytearray(), bytearray()
        self._headers: dict[str, str] = {}
        self._name = ""
        self._start = 0

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._name_file,
            "on_part_data": self._take,
            "on_part_end": self._finish_file,
            "on_end": self._finish,
        }

    def finished(self) -> list[UploadedFile]:
        if not self._complete:
            raise _malformed("it ends before its closing boundary")
        if not self._files:
            raise InvalidUpload("There is no file in the upload.", _REMEDY)
        return list(self._files.values())

    def _begin(self) -> None:
        self._headers = {}
        self._start = self._end

    def _end_header(self) -> None:
        try:
            self._headers[self._field.decode("ascii").lower()] = self._value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidUpload(
                f"A part's header isn't UTF-8: {bytes(self._value)!r}.",
                "Send file names in UTF-8.",
            ) from error
        self._field.clear()
        self._value.clear()

    def _name_file(self) -> None:
        name = _file_name(self._headers.get("content-disposition", ""))
        if not name:
            raise InvalidUpload("A part of the upload is no file with a name.", _REMEDY)
        if len(self._files) >= self._max_files:
            raise TooManyFiles(
                f"There are more than {self._max_files:,} files in the upload.",
                "Send them in several uploads, or raise PINCITE_MAX_UPLOAD_FILES.",
            )
        self._name = unicodedata.normalize("NFC", name)
        check_portable_id(self._name)
        if self._name in self._files:
            raise InvalidUpload(
                f"Two files of the upload are called {self._name!r}.",
                "Name each with its folder, or send them in two uploads.",
            )

    def _take(self, data: bytes, start: int, end: int) -> None:
        self.received += data[start:end]
        self._end += end - start
        check_size(self._name, self._end - self._start, self._max_bytes)

    def _finish_file(self) -> None:
        self._files[self._name] = UploadedFile(
            self._name, self._start, self._end - self._start, self._headers.get("content-type")
        )

    def _finish(self) -> None:
        self._complete = True


def _file_name(disposition: str) -> str | None:
    """The file name of a part's Content-Disposition; None if it has none.

    Raises:
        InvalidUpload: It is written in a way that can't be read (RFC 8187).
    """
    given = parameter("Content-Disposition", disposition, "filename")
    if not isinstance(given, tuple):
        return given
    charset, _, name = given
    try:
        # The standard library has put a code point for each byte.
        return str(name).encode("latin-1").decode(charset or "utf-8")
    except (LookupError, ValueError) as error:
        raise InvalidUpload(
            f"The file name {name!r} can't be read as {charset or 'utf-8'!r}: {error}.",
            "Send file names in UTF-8, as filename*=UTF-8''NAME with its bytes percent-encoded.",
        ) from error


def _malformed(reason: str) -> InvalidUpload:
    return InvalidUpload(f"The upload can't be read: {reason.rstrip('.')}.", _REMEDY)


def _unwritable(folder: Path, error: OSError) -> UnwritableCatalog:
    return UnwritableCatalog(
        f"The upload can't be kept in {folder}: {error.strerror or error}.",
        "Make the folder writable and see that the disk has room.",
    )
