"""Markdown → the prose that a reader sees (CommonMark, tables, strikethrough)."""

from __future__ import annotations

from importlib.metadata import version
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from index.text.html_page import UNSEEN_TAGS, page_text

MAX_DEPTH = 98
"""Levels of nesting that are rendered; a quotation is one, an item of a list two."""

# markdown-it drops what stands at this level, and Python's stack doesn't allow many more.
# One step of nesting leads at most two levels down: from below `MAX_DEPTH` never to here.
_DROPPED_FROM = MAX_DEPTH + 2
_AS_WRITTEN = "as_written"


class MarkdownText(NamedTuple):
    """What a Markdown document says.

    Attributes:
        title: Its first level-1 heading, if it has one.
        too_deep: Whether quotations or lists are nested over `MAX_DEPTH` deep; what they hold
            there stands in `text` as it is written.
    """

    text: str
    title: str | None
    too_deep: bool


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
    parser = MarkdownIt("commonmark", {"maxNesting": _DROPPED_FROM})
    parser.enable(["table", "strikethrough"])
    parser.block.ruler.before("table", _AS_WRITTEN, _keep_as_written)
    tokens = parser.parse(source)
    markup = parser.renderer.render(tokens, parser.options, {})
    return MarkdownText(
        page_text(markup, without=UNSEEN_TAGS, image_text=True).text,
        _title(tokens),
        any(_AS_WRITTEN in token.meta for token in tokens),
    )


def _keep_as_written(state: StateBlock, start: int, end: int, _silent: bool) -> bool:
    """A block rule: takes the rest of a container that is nested too deeply as a code block."""
    if state.level < MAX_DEPTH:
        return False
    line = start
    # A negative indent is that of a line which a quotation takes in without its `>`.
    while line < end and (state.isEmpty(line) or not 0 <= state.sCount[line] < state.blkIndent):
        line += 1
    state.line = line
    token = state.push("code_block", "code", 0)
    token.meta[_AS_WRITTEN] = True
    token.content = state.getLines(start, line, state.blkIndent, False)
    return True


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
