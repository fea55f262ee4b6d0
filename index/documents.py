"""Bytes → `Document`: decoded, normalised and extracted once, with what is known about it. Pure."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from index.errors import (
    DocumentTooLarge,
    EmptyDocument,
    InvalidDocumentId,
    UnsupportedDocument,
)
from index.text import extraction, markdown
from index.text.dateline import find_dateline
from index.text.decoding import declared_encoding, decode, normalise
from index.text.headline import find_headline
from index.text.known import Known, said_beside, said_by_front_matter
from index.text.metadata import clean_title, clean_url, json_mapping, split_front_matter
from index.types import Document

MEDIA_TYPES: Mapping[str, str] = {
    ".txt": "text/plain",
    ".text": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
}
"""Suffix in lower case → media type."""

MAX_ID_LENGTH = 512
"""In code points."""

PLAIN_EXTRACTOR = "plain/1"

Origin = Literal["sidecar", "request"]
"""Where what a person says about a document comes from."""


class _Extracted(NamedTuple):
    text: str
    extractor: str
    known: Known
    warning: str | None = None


def make_document(
    document_id: str,
    source: bytes,
    *,
    media_type: str | None = None,
    encoding: str | None = None,
    sidecar: Mapping[str, Any] | None = None,
    said_in: Origin = "sidecar",
    max_bytes: int,
) -> tuple[Document, list[str]]:
    """Makes a document out of its bytes.

    Title, URL and date each come from the first that says them: the sidecar, front matter, the
    page's metadata or heading, and last the text itself (its dateline; its headline, if plain).

    Args:
        document_id: Collection-relative POSIX path.
        source: The bytes as they came.
        media_type: Of the source, with or without `; charset=`; told by the id's suffix if `None`.
        encoding: Name of the encoding, if a person says it; otherwise the document's own
            declaration counts.
        sidecar: What the sidecar file says, if there is one; or the request that brings the
            document.
        said_in: Which of them says it.
        max_bytes: Size limit of `source`.

    Returns:
        The document, and warnings for a person, each a sentence.

    Raises:
        DocumentError: The kind tells what is wrong; every one names the document.
    """
    check_document_id(document_id)
    check_size(document_id, len(source), max_bytes)
    kind, charset = _media_type(document_id, media_type)
    declared = encoding or charset
    if declared is None and kind == "text/html":
        declared = declared_encoding(source)
    decoded = decode(source, name=document_id, declared=declared)
    warnings = [] if decoded.warning is None else [decoded.warning]
    text = normalise(decoded.text)

    sidecar = json_mapping(sidecar or {}, name=f"{said_in} of {document_id}")
    said = said_beside(document_id, sidecar, said_in)
    front: dict[str, Any] = {}
    if kind != "text/html":
        strict = kind == "text/markdown"
        front, text = split_front_matter(text, name=document_id, strict=strict)
    front_matter = said_by_front_matter(document_id, front)
    if front_matter.warning is not None:
        warnings.append(front_matter.warning)
    extracted = _extract(kind, text, document_id)
    if extracted.warning is not None:
        warnings.append(extracted.warning)
    text = extracted.text
    if not any(unicodedata.category(character)[0] not in "ZC" for character in text):
        remedy = "Take it away, or put in a file with text."
        if kind == "text/html":
            remedy = "If scripts draw the page's text, save it from a browser after they have run."
        raise EmptyDocument(f"{document_id!r} holds no text.", remedy)
    text_said = Known(
        "dateline",
        title=clean_title(find_headline(text)) if kind == "text/plain" else None,
        published_at=find_dateline(text),
    )

    sources = (said.known, front_matter.known, extracted.known, text_said)
    dated = next((known for known in sources if known.published_at is not None), None)
    title = next((known.title for known in sources if known.title is not None), None)
    document = Document(
        document_id=document_id,
        text=text,
        revision=revision_of(text),
        title=None if title is None else normalise(title),
        source_url=next((known.source_url for known in sources if known.source_url), None),
        published_at=None if dated is None else dated.published_at,
        published_at_source=None if dated is None else dated.origin,
        media_type=kind,
        encoding=decoded.encoding,
        extractor=extracted.extractor,
        source=source,
        metadata={**front_matter.rest, **said.rest},
    )
    return document, warnings


def revision_of(text: str) -> str:
    """The revision of a stored text: it depends on the text alone."""
    return f"sha256:{hashlib.sha256(text.encode('utf-8')).hexdigest()}"


def check_document_id(document_id: str) -> None:
    """Raises unless an id is a relative POSIX path in NFC that could name a file in a collection.

    Raises:
        InvalidDocumentId: If it is empty, over 512 characters, absolute, not in NFC, or has an
            empty, `.` or `..` part or control characters.
    """
    problem = None
    if not document_id:
        problem = "is empty"
    elif len(document_id) > MAX_ID_LENGTH:
        problem = f"has {len(document_id):,} characters, over the limit of {MAX_ID_LENGTH}"
    elif any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in document_id):
        problem = "contains control characters or half characters"
    elif document_id.startswith("/"):
        problem = "is an absolute path"
    elif any(part in ("", ".", "..") for part in document_id.split("/")):
        problem = "has an empty part, '.' or '..'"
    elif not unicodedata.is_normalized("NFC", document_id):
        problem = "isn't in Unicode's normal form C"
    if problem is not None:
        shown = document_id if len(document_id) <= 80 else f"{document_id[:80]}…"
        shown = repr(shown) if shown.isprintable() else ascii(shown)
        raise InvalidDocumentId(
            f"The document id {shown} {problem}.",
            "Use a relative path such as 'reports/2020/summary.txt'.",
        )


def check_size(name: str, size: int, max_bytes: int) -> None:
    """Raises if a document of `size` bytes is over the limit.

    Raises:
        DocumentTooLarge: With both sizes.
    """
    if size > max_bytes:
        raise DocumentTooLarge(
            f"{name!r} has {size:,} bytes or more, over the limit of {max_bytes:,}.",
            "Divide it, or raise the limit.",
        )


def media_type_of(document_id: str) -> str | None:
    """The media type that an id's suffix tells, or `None` if Pincite doesn't read such files."""
    name = document_id.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return MEDIA_TYPES.get(f".{suffix.lower()}") if stem and dot else None


def _media_type(document_id: str, given: str | None) -> tuple[str, str | None]:
    if given is None:
        told = media_type_of(document_id)
        if told is None:
            raise UnsupportedDocument(
                f"{document_id!r} isn't a kind of file that Pincite reads.",
                f"Save it as one of {', '.join(MEDIA_TYPES)}.",
            )
        return told, None
    essence, *parameters = (part.strip() for part in given.split(";"))
    kind = essence.lower().replace("application/xhtml+xml", "text/html")
    if kind not in MEDIA_TYPES.values():
        raise UnsupportedDocument(
            f"{document_id!r} has the media type {given!r}, which Pincite doesn't read.",
            f"Give one of {', '.join(sorted(set(MEDIA_TYPES.values())))}.",
        )
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value:
            return kind, value.strip().strip('"')
    return kind, None


def _extract(kind: str, text: str, document_id: str) -> _Extracted:
    if kind == "text/html":
        page = extraction.extract_html(text)
        known = Known(
            "html_metadata", clean_title(page.title), clean_url(page.source_url), page.published_at
        )
        return _Extracted(normalise(page.text), extraction.extractor_name(), known)
    if kind == "text/markdown":
        rendered = markdown.markdown_text(text)
        known = Known("markdown", title=clean_title(rendered.title))
        warning = None
        if rendered.as_written is not None:
            kept = "what they hold is kept as it is written, with its marks"
            warning = f"{document_id!r} {rendered.as_written}; {kept}."
        return _Extracted(normalise(rendered.text), markdown.extractor_name(), known, warning)
    return _Extracted(text, PLAIN_EXTRACTOR, Known("plain"))
