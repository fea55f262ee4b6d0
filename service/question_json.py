"""The JSON of question files: its articles one by one, and values of the shape they should have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from service.questions import GoldAnswer

SQUAD_DATA = re.compile(r'"data"\s*:\s*\[')
"""Where the list of articles begins in SQuAD's JSON."""

_SPACE = re.compile(r"\s*")


class Malformed(ValueError):
    """A value that isn't of the shape it should have."""


def articles(text: str) -> Iterator[object]:
    """Articles of SQuAD's JSON, one by one, so that what precedes a damaged one is kept."""
    decoder = json.JSONDecoder()
    opening = SQUAD_DATA.search(text)
    if opening is None:
        json.loads(text)  # Says where it stops being JSON, if that is what is wrong.
        raise Malformed("there is no list of articles named 'data'")
    at = opening.end()
    while True:
        at = _after_space(text, at)
        if text.startswith("]", at):
            return
        article, at = decoder.raw_decode(text, at)
        yield article
        at = _after_space(text, at)
        if text.startswith(",", at):
            at += 1
        elif not text.startswith("]", at):
            raise json.JSONDecodeError("Expecting ',' or ']' after an article", text, at)


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def as_object(value: object) -> dict[str, Any]:
    """The value if it is an object; raises `Malformed` otherwise."""
    if not isinstance(value, dict):
        raise Malformed(f"{shortened(value)} is no object")
    return value


def as_text(value: object, name: str) -> str:
    """The value of a name if it is a string; raises `Malformed` otherwise."""
    if not isinstance(value, str):
        raise Malformed(f"{name!r} is {shortened(value)}, no string")
    return value


def text_if_given(row: dict[str, Any], name: str) -> str:
    """A text that may be missing, or null; empty then."""
    value = row.get(name)
    return "" if value is None else as_text(value, name)


def as_list(row: dict[str, Any], name: str) -> list[object]:
    """The value of a name if it is a list; raises `Malformed` otherwise."""
    value = row.get(name)
    if not isinstance(value, list):
        raise Malformed(f"{name!r} is {shortened(value)}, no list")
    return value


def as_gold(answer: object) -> GoldAnswer:
    """The value as a gold answer; raises `Malformed` if it is none."""
    row = as_object(answer)
    start = row.get("answer_start")
    if not isinstance(start, int) or isinstance(start, bool):
        raise Malformed(f"'answer_start' is {shortened(start)}, no whole number")
    return GoldAnswer(as_text(row.get("text"), "text"), start)


def has_bad_bytes(text: str) -> bool:
    """Whether a text can't be encoded: it has half of a UTF-16 pair, or was no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def described(error: Exception) -> str:
    """What is wrong with JSON, in words."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON: {error.msg}, at column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def shortened(value: object) -> str:
    """A value as Python writes it, in at most 60 characters."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
