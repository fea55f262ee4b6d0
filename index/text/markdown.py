"""Markdown → the prose that a reader sees (CommonMark, tables, strikethrough)."""

from __future__ import annotations

import re
from importlib.metadata import version
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from index.text.html_page import UNSEEN_TAGS, page_text

MAX_DEPTH = 98
"""Levels of nesting that are rendered; a quotation is one, an item of a list two."""

MAX_LAZY_DEPTH = 10
"""Levels of nesting down to which a quotation takes in lines without their `>`.

The parser reads such a line once for each level. After a deeper one it begins a paragraph."""

MAX_OPEN_BRACKETS = 16
"""Most square brackets that are open in a paragraph that is rendered, on average over its length.

From each of them the parser looks for its end, through all that follows."""

MAX_DEFINITION_LINES = 100
"""Most lines of a link's definition; one that goes on after them is none.

The parser copies all that it has read of it at every line."""

# markdown-it drops what stands at this level, and Python's stack doesn't allow many more.
# One step of nesting leads at most two levels down: from below `MAX_DEPTH` never to here.
_DROPPED_FROM = MAX_DEPTH + 2
_AS_WRITTEN = "as_written"

_TOO_DEEP = f"nests quotations or lists over {MAX_DEPTH} levels deep"
_TOO_OPEN = f"leaves over {MAX_OPEN_BRACKETS} square brackets open"
_BRACKET = re.compile(r"[\[\]]")


class MarkdownText(NamedTuple):
    """What a Markdown document says.

    Attributes:
        title: Its first level-1 heading, if it has one.
        as_written: Why parts of it stand in `text` as they are written, if any do: "nests
            quotations or lists over 98 levels deep", say, after the document's name.
    """

    text: str
    title: str | None
    as_written: str | None


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
    # Where links lead is not text; to encode it takes time that is quadratic in its length.
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    parser.block.ruler.before("table", _AS_WRITTEN, _keep_as_written)
    parser.block.ruler.before("table", "not_lazy", _is_too_lazy, {"alt": ["blockquote"]})
    parser.block.ruler.at("reference", _short_reference)
    parser.core.ruler.before("inline", _AS_WRITTEN, _keep_open_brackets)
    tokens = parser.parse(source)
    markup = parser.renderer.render(tokens, parser.options, {})
    reasons = {token.meta[_AS_WRITTEN] for token in tokens if _AS_WRITTEN in token.meta}
    return MarkdownText(
        page_text(markup, without=UNSEEN_TAGS, image_text=True).text,
        _title(tokens),
        " and ".join(sorted(reasons, reverse=True)) or None,
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
    token.meta[_AS_WRITTEN] = _TOO_DEEP
    token.content = state.getLines(start, line, state.blkIndent, False)
    return True


def _is_too_lazy(state: StateBlock, _start: int, _end: int, silent: bool) -> bool:
    """A block rule: ends a quotation before a line without `>`, if it is nested too deeply."""
    return silent and state.parentType == "blockquote" and state.level >= MAX_LAZY_DEPTH


def _short_reference(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: the definition of a link, over a limited number of lines."""
    last = state.lineMax
    state.lineMax = min(last, start + MAX_DEFINITION_LINES)
    try:
        return reference(state, start, end, silent)
    finally:
        state.lineMax = last


def _keep_open_brackets(state: StateCore) -> None:
    """A rule for the whole document: takes paragraphs with too many open brackets as text."""
    for token in state.tokens:
        if token.type == "inline" and _leaves_brackets_open(token.content):
            token.type = "text"
            token.meta[_AS_WRITTEN] = _TOO_OPEN


def _leaves_brackets_open(text: str) -> bool:
    opened = steps = last = 0
    for found in _BRACKET.finditer(text):
        steps += opened * (found.start() - last)
        last = found.start()
        opened = opened + 1 if found[0] == "[" else max(opened - 1, 0)
    return steps + opened * (len(text) - last) > MAX_OPEN_BRACKETS * len(text)


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
