"""All the text of an HTML page, however odd the page.

Built on the standard library's parser, which keeps no tree: no depth of nesting, missing end tag
or missing body loses text. Extraction measures itself against this and falls back to it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

from index.text.blocks import BlockBuilder

UNSEEN_TAGS = frozenset(
    "audio button canvas datalist iframe noscript object script select style svg template"
    " textarea title video".split()
)
"""Elements whose content no reader sees as text of the page."""

FURNITURE_TAGS = frozenset({"aside", "footer", "nav"})
"""Elements that HTML sets aside for what isn't the page's own content."""

_READ_AT_ONCE = 65_536

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BOGUS_COMMENT = re.compile(r"<!\[[^>]*>")


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text.

    Attributes:
        text: Block by block, as `index.text.blocks` builds it.
        prose_size: Characters outside links, white space not counted. Menus and teasers are
            links, prose is not (Kohlschütter et al. 2010, Boilerplate Detection using Shallow
            Text Features).
    """

    text: str
    prose_size: int


def page_text(
    markup: str,
    *,
    without: Collection[str] = UNSEEN_TAGS | FURNITURE_TAGS,
    image_text: bool = False,
) -> PageText:
    """Reads the text of a page or fragment.

    Args:
        markup: HTML.
        without: Tags of the elements to leave out. One that is never closed hides nothing.
        image_text: Whether an image's `alt` stands for it.
    """
    # The parser looks for a comment's end again at every unfinished one, which is quadratic.
    markup = _COMMENT.sub("", markup)
    hidden = set(without)
    while True:
        parser = _PageParser(hidden, image_text=image_text)
        parser.read(markup)
        unclosed = parser.unclosed
        if unclosed is None:
            return PageText(parser.blocks.build(), parser.prose_size)
        hidden.discard(unclosed)


def visible_size(text: str) -> int:
    """Number of characters that aren't white space."""
    pieces = (text[at : at + _READ_AT_ONCE] for at in range(0, len(text), _READ_AT_ONCE))
    return sum(len(word) for piece in pieces for word in piece.split())


class _PageParser(HTMLParser):
    def __init__(self, hidden: Collection[str], *, image_text: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = BlockBuilder()
        self.prose_size = 0
        self.unclosed: str | None = None
        self._hidden = hidden
        self._image_text = image_text
        self._depth = 0
        self._links = 0
        self.CDATA_CONTENT_ELEMENTS = tuple(  # type: ignore[misc]
            tag for tag in HTMLParser.CDATA_CONTENT_ELEMENTS if tag in hidden
        )

    def read(self, markup: str) -> None:
        """Parses all of it; sets `unclosed` to a hidden element that never ends."""
        # Nothing after the last `>` can be a tag, and the parser would search it again and again.
        end = markup.rfind(">") + 1
        # Nor can `<![…>`, outside SVG and MathML; the parser stops at those that it can't read.
        self.feed(_BOGUS_COMMENT.sub("", markup[:end]))
        self.close()
        if self.unclosed is None:
            self.handle_data(unescape(markup[end:]))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.unclosed is not None:
            self._depth += tag == self.unclosed
            return
        if tag in self._hidden:
            self.unclosed, self._depth = tag, 1
            self.blocks.open(tag)
            return
        self._links += tag == "a"
        self.blocks.open(tag)
        if tag == "img" and self._image_text:
            self.blocks.text(dict(attrs).get("alt") or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<div/>` opens a div in HTML; only foreign and hidden elements can close themselves.
        if tag not in self._hidden:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.unclosed is not None:
            self._depth -= tag == self.unclosed
            if self._depth == 0:
                self.unclosed = None
            return
        if tag == "a":
            self._links = max(self._links - 1, 0)
        self.blocks.close(tag)

    def handle_data(self, data: str) -> None:
        if self.unclosed is not None:
            return
        self.blocks.text(data)
        if not self._links:
            self.prose_size += visible_size(data)
