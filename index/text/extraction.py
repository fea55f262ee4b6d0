"""HTML → the page's own text and metadata. The only trafilatura import, made when first needed."""

from __future__ import annotations

import logging
import re
from importlib.metadata import version
from itertools import islice
from typing import Any, NamedTuple

from index.text.blocks import BlockBuilder
from index.text.html_metadata import published_date
from index.text.html_page import UNSEEN_TAGS, page_text, visible_size


class Extraction(NamedTuple):
    """What an HTML page says, and says of itself.

    Attributes:
        text: Empty if the page holds none.
        published_at: ISO 8601 date from the page's metadata, never guessed from text or URL.
    """

    text: str
    title: str | None
    source_url: str | None
    published_at: str | None


MAX_ELEMENTS = 100_000
"""Most elements of a page from which trafilatura selects: it takes time that is quadratic in the
cells of a row."""

# Below this trafilatura itself dumps the page instead of selecting from it
# (its MIN_EXTRACTED_SIZE); our dump keeps lines, rows and headings.
_MIN_SELECTED = 250
# A selection with less of the page's prose than this has lost it, not cleaned it.
_MIN_SHARE = 0.5

# trafilatura's body → HTML. Tags not named (`hi`, `ref`, `del`, `graphic`) are inside a line.
_TAGS = {"head": "h2", "item": "li", "list": "ul", "row": "tr", "cell": "td", "lb": "br"}
_TAGS |= {"quote": "blockquote", "p": "p", "table": "table"}

_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")

_PREAMBLE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*(?:<!doctype[^>]*>)?\s*", re.IGNORECASE | re.DOTALL
)


def extractor_name() -> str:
    """Name and version of what makes the text, as it is stored with it."""
    return f"trafilatura/{version('trafilatura')}"


def extract_html(markup: str) -> Extraction:
    """Finds a page's own text (headings, captions, lists and tables with it) and its metadata.

    Where the selection is tiny or has lost most of the page's prose, or there are too many elements
    to select from, the text is all of the page but its navigation, asides and footer; where that
    is nothing either, all that is visible.

    Args:
        markup: A page or a fragment, malformed or not.
    """
    page = page_text(markup)
    tree = _parse(markup)
    if tree is None:
        metadata, selected = _Metadata(None, None, None), ""
    else:
        metadata, selected = _metadata(tree), _selected_text(tree)
    size = visible_size(selected)
    if size >= _MIN_SELECTED and size >= _MIN_SHARE * page.prose_size:
        text = selected
    else:
        text = page.text or page_text(markup, without=UNSEEN_TAGS).text
    return Extraction(text, *metadata)


def _trafilatura() -> Any:
    import trafilatura
    import trafilatura.metadata

    # A page without text is an error of ours, with a remedy; not a line on standard error.
    for name in ("trafilatura", "htmldate"):
        logger = logging.getLogger(name)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())
    return trafilatura


def _parse(markup: str) -> Any:
    """An lxml tree of the page, or `None`."""
    body = markup[found.end() :] if (found := _PREAMBLE.match(markup)) else markup
    # trafilatura takes a lone block for something that isn't HTML, and refuses it.
    page = body if body[:5].lower() == "<html" else f"<html>{body}"
    tree = _trafilatura().load_html(page)
    for element in () if tree is None else tree.iter():
        # A reference such as `&#0;` parses, but lxml then refuses to move the text.
        if element.text is not None and _NOT_XML.search(element.text):
            element.text = _NOT_XML.sub("", element.text)
        if element.tail is not None and _NOT_XML.search(element.tail):
            element.tail = _NOT_XML.sub("", element.tail)
    return tree


class _Metadata(NamedTuple):
    title: str | None
    source_url: str | None
    published_at: str | None


def _metadata(tree: Any) -> _Metadata:
    # Its date is left alone: htmldate also takes one from the URL, the text or a copyright line.
    found = _trafilatura().metadata.extract_metadata(tree, extensive=False)
    return _Metadata(found.title, found.url, published_date(tree))


def _selected_text(tree: Any) -> str:
    """What trafilatura selects; changes the tree."""
    if next(islice(tree.iter(), MAX_ELEMENTS, None), None) is not None:
        return ""
    _keep_what_selection_drops(tree)
    found = _trafilatura().bare_extraction(tree, include_comments=False, favor_recall=True)
    if found is None:
        return ""
    blocks = BlockBuilder()
    _walk(found.body, blocks)
    return blocks.build()


def _keep_what_selection_drops(tree: Any) -> None:
    """Renames elements that trafilatura deletes although they are part of the story."""
    for figure in list(tree.iter("figure")):
        captions = list(figure.iter("figcaption"))
        if captions:
            figure.tag = "div"
        for caption in captions:
            caption.tag = "p" if caption.find(".//p") is None else "div"
    # A date inside a sentence, and a quotation inside a paragraph.
    for element in list(tree.iter("time", "q")):
        element.tag = "span"
    for element in list(tree.iter("pre")):
        if element.find(".//code") is None:
            element.tag = "code"


def _walk(element: Any, blocks: BlockBuilder) -> None:
    tag = _TAGS.get(element.tag, "span")
    # trafilatura has one tag for code in a line and for a listing.
    if element.tag == "code" and "\n" in "".join(element.itertext()):
        tag = "pre"
    blocks.open(tag)
    blocks.text(element.text or "")
    for child in element:
        _walk(child, blocks)
    blocks.close(tag)
    blocks.text(element.tail or "")
