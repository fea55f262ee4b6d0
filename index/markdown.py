"""Markdown → the prose that a reader sees (CommonMark, tables, strikethrough)."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from index.html_page import UNSEEN_TAGS, page_text


class MarkdownText(NamedTuple):
    """A Markdown document's text and its first level-1 heading, if it has one."""

    text: str
    title: str | None


def extractor_name() -> str:
    """Name and version of what makes the text, as it is stored with it."""
    return f"markdown-it-py/{version('markdown-it-py')}"


def markdown_text(source: str) -> MarkdownText:
    """Renders Markdown and keeps its text.

    Headings, paragraphs, list items and table rows stand on their own lines, code is verbatim,
    an image is its description. Emphasis, list markers and link targets are gone.

    Args:
        source: Markdown with `\\n` newlines, without front matter.
    """
    # The CommonMark preset drops what is nested more than 20 deep; Python's stack allows 100.
    parser = MarkdownIt("commonmark", {"maxNesting": 100}).enable(["table", "strikethrough"])
    tokens = parser.parse(source)
    markup = parser.renderer.render(tokens, parser.options, {})
    return MarkdownText(
        page_text(markup, without=UNSEEN_TAGS, image_text=True).text, _title(tokens)
    )


def _title(tokens: list[Token]) -> str | None:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.tag == "h1":
            words = (_visible(child) for child in inline.children or [])
            return " ".join("".join(words).split()) or None
    return None


def _visible(token: Token) -> str:
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return "" if token.type == "html_inline" else token.content
