"""Builds plain text, block by block, from the tags and the text of a marked-up document.

What a reader sees as a line or a paragraph is one here; what he doesn't see (list markers, link
targets, markup) is not there. Blocks are divided by a blank line, the items of a list and the
rows of a table by a newline, and the cells of a row by ` | `.
"""

from __future__ import annotations

import re
from enum import Enum

BLOCK_TAGS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset"
    " figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu"
    " nav ol option p pre section summary table tbody td tfoot th thead tr ul".split()
)
"""HTML tags that begin and end a block; every other tag is inside a line."""

CELL_SEPARATOR = " | "

# HTML's own white space: a no-break space is a character of the text.
# A single space is none that must be replaced, and most are.
_SPACE = re.compile(r"[\t\n\f\r][ \t\n\f\r]*| [ \t\n\f\r]+")
_SPACE_CHARACTERS = " \t\n\f\r"
_BREAK = "\x00"


class _Kind(Enum):
    PARAGRAPH = "paragraph"
    ITEM = "item"
    ROW = "row"


class BlockBuilder:
    """Takes a document's tags and text in order; gives its plain text at the end."""

    def __init__(self) -> None:
        self._blocks: list[tuple[_Kind, str]] = []
        self._buffer: list[str] = []
        self._row: list[list[str]] | None = None
        self._verbatim = 0
        self._list_depth = 0

    def open(self, tag: str) -> None:
        """A start tag, in lower case."""
        if tag == "br":
            self._buffer.append("\n" if self._verbatim else _BREAK)
            return
        if tag not in BLOCK_TAGS:
            return
        self._flush()
        if tag in ("table", "tr"):
            self._flush_row()
        elif tag in ("td", "th"):
            if self._row is None:
                self._row = []
            self._row.append([])
        elif tag in ("ul", "ol", "menu", "dl"):
            self._list_depth += 1
        elif tag == "pre":
            self._verbatim += 1

    def text(self, text: str) -> None:
        """Text as it stands between two tags, entities resolved."""
        self._buffer.append(text.replace(_BREAK, ""))

    def close(self, tag: str) -> None:
        """An end tag, in lower case; one that was never opened does no harm."""
        if tag not in BLOCK_TAGS:
            return
        self._flush()
        if tag in ("tr", "table"):
            self._flush_row()
        elif tag in ("ul", "ol", "menu", "dl"):
            self._list_depth = max(self._list_depth - 1, 0)
        elif tag == "pre":
            self._verbatim = max(self._verbatim - 1, 0)

    def build(self) -> str:
        """The text so far, without space around it."""
        self._flush()
        self._flush_row()
        parts: list[str] = []
        previous: _Kind | None = None
        for kind, text in self._blocks:
            if previous is not None:
                tight = kind is previous and kind is not _Kind.PARAGRAPH
                parts.append("\n" if tight else "\n\n")
            parts.append(text)
            previous = kind
        return "".join(parts)

    def _flush(self) -> None:
        raw = "".join(self._buffer)
        self._buffer.clear()
        if not raw.strip(_SPACE_CHARACTERS + _BREAK):
            return
        in_row = self._row is not None
        if self._verbatim and not in_row:
            text = raw.strip("\n").rstrip()
        else:
            lines = (_SPACE.sub(" ", line).strip(" ") for line in raw.split(_BREAK))
            text = "\n".join(lines).strip("\n")
            text = _SPACE.sub(" ", text) if in_row else re.sub(r"\n{3,}", "\n\n", text)
        if not text.strip():
            return
        if self._row:
            self._row[-1].append(text)
        else:
            self._blocks.append((_Kind.ITEM if self._list_depth else _Kind.PARAGRAPH, text))

    def _flush_row(self) -> None:
        row, self._row = self._row, None
        if not row:
            return
        if any(len(cell) > 1 for cell in row):
            # A table that lays out a page: its cells hold paragraphs, not values.
            self._blocks.extend((_Kind.PARAGRAPH, text) for cell in row for text in cell)
            return
        text = CELL_SEPARATOR.join("".join(cell) for cell in row).strip(CELL_SEPARATOR)
        if text:
            self._blocks.append((_Kind.ROW, text))
