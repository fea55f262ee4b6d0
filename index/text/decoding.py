"""Bytes → text, without guessing where something is said, and saying so where it is guessed.

The order is: byte order mark, declared encoding, strict UTF-8, detection (charset-normalizer).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from index.errors import BinaryDocument, UndecodableDocument


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text and how it was got.

    Attributes:
        text: Not yet normalised; without byte order mark.
        encoding: Python's name of the encoding, such as `utf-8` or `cp1251`.
        warning: What a person should check, as a sentence; `None` where nothing was guessed.
    """

    text: str
    encoding: str
    warning: str | None = None


# UTF-32's little-endian mark begins with UTF-16's, so it is tried first.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_MAGIC = (
    (b"%PDF-", "a PDF file"),
    (b"PK\x03\x04", "a ZIP archive or an office document (DOCX, ODT, EPUB)"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old office document (DOC, XLS, PPT)"),
    (b"{\\rtf", "a rich text (RTF) file"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\x7fELF", "a program"),
)

# What a page that declares the left one is written in, as browsers read it
# (https://encoding.spec.whatwg.org/#names-and-labels).
_WEB_NAMES = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    # The declaration was readable as ASCII, so the page can't be in UTF-16.
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}

_DECLARATION = re.compile(
    rb"""<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]+)|<\?xml\s[^>]*?encoding\s*=\s*["']([\w.:-]+)""",
    re.IGNORECASE,
)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
# The HTML standard reads 1,024 bytes; real pages put more before their declaration.
_DECLARATION_WITHIN = 4096

_SAMPLE = 65_536
# Share of control and unassigned characters from which something isn't text.
# Random bytes have about 0.11 of the former; a terminal's log with escapes, about 0.03.
_BINARY_SHARE = 0.08
_TEXT_CONTROLS = frozenset("\t\n\v\f\r\x1b\x85")

# Windows-1252 and its neighbours (1250, 1257, ISO 8859-3…) differ in a few letters, and the
# detector picks among them by chance. Browsers fall back to this one.
_WESTERN = "cp1252"
# Differences of charset-normalizer's two scores (0 to 1) that tell nothing.
_CHAOS_TIE = 0.05
_COHERENCE_TIE = 0.1

_EXPORT = "Export it as plain text, Markdown or HTML, and put that in instead."


def declared_encoding(source: bytes) -> str | None:
    """What an HTML page's `<meta charset>` or XML declaration names, as browsers understand it.

    Returns:
        A Python encoding name, the name as written where Python knows none, or `None`.
    """
    head = _COMMENT.sub(b"", source[:_DECLARATION_WITHIN])
    found = _DECLARATION.search(head)
    if found is None:
        return None
    written = (found[1] or found[2]).decode("ascii", "replace")
    known = _codec_name(written)
    return written if known is None else _WEB_NAMES.get(known, known)


def decode(source: bytes, *, name: str, declared: str | None = None) -> Decoded:
    """Decodes a document's bytes.

    Args:
        source: The bytes as they came.
        name: What to call the document in errors and warnings.
        declared: Encoding that the document or the person declares. One that is unknown or that
            doesn't fit is passed over with a warning.

    Raises:
        BinaryDocument: If the bytes aren't text: a known format, NUL bytes in no encoding that is
            said, a NUL character in any, or too many control characters.
        UndecodableDocument: If no encoding explains the bytes. UTF-8 with a few bad bytes is such
            a case: any other reading would garble the whole document.
    """
    for magic, kind in _MAGIC:
        if source.startswith(magic):
            raise BinaryDocument(f"{name!r} is {kind}.", _EXPORT)
    marked = _by_mark(source, name)
    if marked is not None:
        return _checked(marked, name)
    passed_over: str | None = None
    if declared is not None:
        decoded, passed_over = _by_declaration(source, declared, name)
        if decoded is not None:
            return _checked(decoded, name)
    if b"\x00" in source:
        raise BinaryDocument(
            f"{name!r} contains NUL bytes, the first at byte {source.index(0)}, so it isn't text.",
            f"{_EXPORT} If it is UTF-16, save it as UTF-8, or with a byte order mark.",
        )
    decoded = _as_utf8(source, name) or _detected(source, name)
    warnings = [w for w in (passed_over, decoded.warning) if w is not None]
    return _checked(Decoded(decoded.text, decoded.encoding, " ".join(warnings) or None), name)


def normalise(text: str) -> str:
    """Gives text the form in which it is stored and offsets count.

    NFC; CRLF, CR, LINE SEPARATOR (U+2028) and PARAGRAPH SEPARATOR (U+2029) become `\\n`; no byte
    order mark (U+FEFF) anywhere; a lone surrogate and NUL (U+0000) become U+FFFD, as HTML and
    CommonMark have it: SQLite ends strings at a NUL. The two separators end a line wherever lines
    are shown, so they may not hide in one. NEXT LINE (U+0085) stays: in practice it is a misread
    ellipsis of Windows-1252, inside a sentence. Idempotent.
    """
    if not text.isascii():
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = text.replace("\ufeff", "").replace("\u2028", "\n").replace("\u2029", "\n")
        text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")


def _codec_name(label: str) -> str | None:
    try:
        return codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return None


def _by_mark(source: bytes, name: str) -> Decoded | None:
    for mark, encoding in _BOMS:
        if not source.startswith(mark):
            continue
        body = source[len(mark) :]
        try:
            return Decoded(body.decode(encoding), encoding)
        except UnicodeDecodeError as error:
            whole = _without_cut_end(body, encoding, error, name)
            if whole is not None:
                return whole
            raise UndecodableDocument(
                f"{name!r} starts with the byte order mark of {encoding.upper()}, but isn't"
                f" {encoding.upper()} at byte {error.start + len(mark)}.",
                "Save it again as UTF-8 from the program that wrote it.",
            ) from error
    return None


def _by_declaration(source: bytes, declared: str, name: str) -> tuple[Decoded | None, str | None]:
    encoding = _codec_name(declared)
    if encoding is None:
        return None, f"{name!r} declares the encoding {declared!r}, which is unknown; passed over."
    try:
        text = source.decode(encoding)
        # Codecs such as unicode_escape can make lone surrogates, which no text has.
        text.encode("utf-8")
    except (LookupError, UnicodeError) as error:
        place = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        return None, f"{name!r} declares {declared!r}, which doesn't fit{place}; passed over."
    if "\x00" in text:
        return None, f"{name!r} declares {declared!r}, which gives NUL characters; passed over."
    return Decoded(text.removeprefix("\ufeff"), encoding), None


def _as_utf8(source: bytes, name: str) -> Decoded | None:
    """Strict UTF-8; `None` if the bytes are of another encoding."""
    try:
        return Decoded(source.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        first = error
    whole = _without_cut_end(source, "utf-8", first, name)
    if whole is not None and not whole.text.isascii():
        return whole
    repaired = source.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    good = sum(1 for character in repaired if character > "\x7f") - bad
    # Multi-byte sequences don't come about by chance in single-byte encodings: this is UTF-8,
    # damaged, and detection would garble every good character to explain the bad ones.
    if good >= 4 * bad:
        raise UndecodableDocument(
            f"{name!r} is UTF-8, but damaged in {bad} place{'s' if bad > 1 else ''}, the first at"
            f" byte {first.start}.",
            "Repair those bytes or save it again as UTF-8 from the program that wrote it.",
        )
    return None


def _without_cut_end(
    source: bytes, encoding: str, error: UnicodeDecodeError, name: str
) -> Decoded | None:
    """The text before a last character that was cut in two, if that is all that is wrong."""
    missing = len(source) - error.start
    if missing > 3 or error.reason not in ("unexpected end of data", "truncated data"):
        return None
    return Decoded(
        source[: error.start].decode(encoding),
        encoding,
        f"{name!r} ends in the middle of a character; its last {missing}"
        f" byte{'s' if missing > 1 else ''} are left out.",
    )


def _detected(source: bytes, name: str) -> Decoded:
    from charset_normalizer import from_bytes

    matches = from_bytes(source)
    best = matches.best()
    if best is None:
        if _binary_share(source.decode("latin-1")) > _BINARY_SHARE:
            raise BinaryDocument(f"{name!r} isn't text.", _EXPORT)
        raise UndecodableDocument(
            f"{name!r} isn't UTF-8, and no other encoding explains its bytes.",
            "Save it as UTF-8 from the program that wrote it, or name its encoding.",
        )
    encoding = codecs.lookup(best.encoding).name
    if any(
        _WESTERN in match.could_be_from_charset
        and match.chaos <= best.chaos + _CHAOS_TIE
        and match.coherence >= best.coherence - _COHERENCE_TIE
        for match in matches
    ):
        encoding = _WESTERN
    return Decoded(
        source.decode(encoding),
        encoding,
        f"{name!r} declares no encoding that fits and isn't UTF-8; it was read as {encoding},"
        " which is a guess: save it as UTF-8 if its text looks wrong.",
    )


def _binary_share(text: str) -> float:
    sample = text[:_SAMPLE]
    strange = sum(
        1 for c in sample if c not in _TEXT_CONTROLS and unicodedata.category(c) in ("Cc", "Cn")
    )
    return strange / max(len(sample), 1)


def _checked(decoded: Decoded, name: str) -> Decoded:
    """What was decoded, by whatever route, if it is text."""
    if "\x00" in decoded.text:
        raise BinaryDocument(
            f"{name!r} has NUL characters, read as {decoded.encoding}, so it isn't text.", _EXPORT
        )
    share = _binary_share(decoded.text)
    if share > _BINARY_SHARE:
        raise BinaryDocument(
            f"{name!r} isn't text: read as {decoded.encoding}, {share:.0%} of its characters are"
            " control characters or none at all.",
            _EXPORT,
        )
    return decoded
