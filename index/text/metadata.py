"""What a person says about a document: its sidecar file, or the front matter in its text.

Both are mappings of JSON values. `title`, `source_url` and `published_at` mean something to
Pincite; everything else is kept as it is.
"""

from __future__ import annotations

import datetime
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import yaml

from index.errors import InvalidMetadata

TITLE_KEYS = ("title",)
URL_KEYS = ("source_url", "canonical_url", "url")
DATE_KEYS = ("published_at", "published", "date")
"""Front matter's usual names for them, best first; a sidecar has only the first of each."""

_OPENING = re.compile(r"---[ \t]*\n")
_CLOSING = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)
_MAX_LENGTH = 65_536
_MAX_VALUES = 10_000
_MAX_DEPTH = 32
# Python writes an int in decimal digits only up to a limit, which can't be set below 640 of them.
_MAX_INTEGER_BITS = 2000
_REMEDY = "Correct it, or take it away."
# Terminal escapes, and marks that reorder the text around a title too. Joiners and the marks of
# a single letter's direction stay: emoji, Persian and Hebrew are written with them.
_UNTITLED = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# PyYAML lets through what its parsers of numbers, dates and truth values run into:
# `!!bool maybe`, `!!int ''`, `!!timestamp soon`, a number of 5,000 digits.
_YAML_LEAKS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
_URL_BREAKERS = re.compile(r"[\s\x00-\x1f\x7f<>\"\ud800-\udfff]")


def parse_sidecar(source: bytes, *, name: str, is_json: bool) -> dict[str, Any]:
    """Reads a sidecar's bytes.

    Args:
        source: UTF-8 JSON or YAML.
        name: What to call the sidecar in errors.
        is_json: Whether it is JSON; YAML otherwise.

    Raises:
        InvalidMetadata: If it isn't UTF-8, doesn't parse, isn't a mapping, or holds something
            that JSON has no value for.
    """
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(name, f"isn't UTF-8 at byte {error.start}", error)
    if not is_json:
        parsed = _parse_yaml(text, name)
    else:
        try:
            parsed = json.loads(text)
        except ValueError as error:
            _refuse(name, f"isn't JSON: {error}", error)
        except RecursionError as error:
            _refuse(name, "is nested too deeply", error)
    if not isinstance(parsed, dict):
        _refuse(name, f"holds {_kind(parsed)}, not a mapping of names to values")
    return json_mapping(parsed, name=name)


def split_front_matter(text: str, *, name: str, strict: bool) -> tuple[dict[str, Any], str]:
    """Divides a text into its YAML front matter and the rest, which stays as it is.

    Front matter begins with a `---` line at the very start and ends with the next one (or `...`).
    What stands between is content after all if it isn't a mapping (a Markdown rule, say).

    Args:
        text: Normalised.
        name: What to call the document in errors.
        strict: Whether YAML that doesn't parse is an error; otherwise it is content.

    Returns:
        The mapping, empty if there is none, and the text after it.

    Raises:
        InvalidMetadata: If it can't be understood and `strict`, or holds what JSON can't.
    """
    opening = _OPENING.match(text)
    closing = None if opening is None else _CLOSING.search(text, opening.end())
    if opening is None or closing is None:
        return {}, text
    label = f"front matter of {name}"
    try:
        parsed = _parse_yaml(text[opening.end() : closing.start()], label)
    except InvalidMetadata:
        if strict:
            raise
        return {}, text
    if not isinstance(parsed, dict):
        return {}, text
    return json_mapping(parsed, name=label), text[closing.end() :]


def json_mapping(mapping: Mapping[Any, Any], *, name: str) -> dict[str, Any]:
    """A copy with JSON values only: dates become ISO 8601 strings, keys become strings.

    `json.dumps` writes it, with `allow_nan=False` too.

    Raises:
        InvalidMetadata: For a value that JSON doesn't have (a number that isn't finite, bytes, a
            set), an integer of over 2,000 bits, lone surrogates, or too many values. It names the
            top-level key.
    """
    count = 0
    place = "a key"

    def convert_key(key: Any, depth: int) -> str:
        if isinstance(key, Mapping | list | tuple):
            _refuse(name, f"has {_kind(key)} as a key, which JSON can't hold")
        return str(convert(key, depth))

    def convert(value: Any, depth: int) -> Any:
        nonlocal count
        count += 1
        # YAML's aliases can make a few bytes into billions of values, or into an endless one.
        if count > _MAX_VALUES or depth > _MAX_DEPTH:
            _refuse(name, f"has over {_MAX_VALUES:,} values or is over {_MAX_DEPTH} levels deep")
        if isinstance(value, str):
            if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
                _refuse(name, f"has half a character in {place}: {value!a}")
            return value
        if value is None or (isinstance(value, int | float) and _is_writable(value)):
            return value
        if isinstance(value, datetime.date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return {
                convert_key(key, depth + 1): convert(item, depth + 1) for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [convert(item, depth + 1) for item in value]
        _refuse(name, f"has {_kind(value)} in {place}, which JSON can't hold")

    converted: dict[str, Any] = {}
    for key, value in mapping.items():
        place = "a key"
        written = convert_key(key, 1)
        place = repr(written)
        converted[written] = convert(value, 1)
    return converted


def clean_title(value: object) -> str | None:
    """A title on one line, or `None` if the value is none (a number is one: 1984).

    Control characters are dropped, and the characters that embed, override or isolate a direction
    of writing (Unicode UAX 9): a title shows itself only, on a page and in a terminal.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not (isinstance(value, str) or _is_writable(value)):
        return None
    return " ".join(_UNTITLED.sub("", str(value)).split()) or None


def clean_url(value: object) -> str | None:
    """An absolute http or https URL, or `None`: citations link to nothing else."""
    if not isinstance(value, str):
        return None
    url = value.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
    return url if absolute and not _URL_BREAKERS.search(url) else None


def _parse_yaml(text: str, name: str) -> Any:
    if len(text) > _MAX_LENGTH:
        _refuse(name, f"is over {_MAX_LENGTH:,} characters long")
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        _refuse(name, f"isn't YAML: {reason}", error)
    except _YAML_LEAKS as error:
        _refuse(name, f"has a value that can't be understood: {error}", error)


def _is_writable(number: int | float) -> bool:
    """Whether JSON can write a number, and Python does."""
    if isinstance(number, float):
        return math.isfinite(number)
    return number.bit_length() <= _MAX_INTEGER_BITS


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, float):
        return f"the number {value}"
    if isinstance(value, int) and not _is_writable(value):
        return f"an integer of {value.bit_length():,} bits"
    kinds = {list: "a list", str: "a string", bool: "a truth value", int: "a number"}
    kinds |= {bytes: "bytes", dict: "a mapping"}
    return kinds.get(type(value), f"a {type(value).__name__}")


def _refuse(name: str, problem: str, cause: Exception | None = None) -> NoReturn:
    raise InvalidMetadata(f"{name!r} {problem}.", _REMEDY) from cause
