"""What a person says about a document beside its text: its title, URL and date, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from index.errors import InvalidMetadata
from index.text.dates import parse_date
from index.text.metadata import DATE_KEYS, TITLE_KEYS, URL_KEYS, clean_title, clean_url

_KEYS = {"title": "title", "source_url": "URL", "published_at": "date"}


class Known(NamedTuple):
    """What one source says about a document; `None` for what it doesn't say."""

    origin: str
    title: str | None = None
    source_url: str | None = None
    published_at: str | None = None


class Said(NamedTuple):
    """What one source says, and the values of it that mean nothing to Pincite.

    Attributes:
        rest: The other values, by their keys.
        warning: What a person should correct, as a sentence; `None` where nothing is wrong.
    """

    known: Known
    rest: dict[str, Any]
    warning: str | None = None


def said_beside(document_id: str, stated: Mapping[str, Any], origin: str) -> Said:
    """Reads a sidecar, or the request that brings a document.

    Args:
        document_id: What to call the document in errors.
        stated: What it says, as JSON values.
        origin: What to call it itself.

    Raises:
        InvalidMetadata: If a title, URL or date is none.
    """
    cleaners = {"title": clean_title, "source_url": clean_url, "published_at": parse_date}
    remedies = {
        "title": "Write it as a string.",
        "source_url": "Write it as an absolute http or https URL.",
        "published_at": "Write it as YYYY-MM-DD.",
    }
    values: dict[str, str | None] = {}
    for key, clean in cleaners.items():
        value = stated.get(key)
        values[key] = None if value is None else clean(value)
        if value is not None and values[key] is None:
            raise InvalidMetadata(
                f"The {origin} of {document_id!r} gives {key} as {value!r}, which is no"
                f" {_KEYS[key]}.",
                remedies[key],
            )
    rest = {key: value for key, value in stated.items() if key not in _KEYS}
    return Said(Known(origin, **values), rest)


def said_by_front_matter(document_id: str, front: Mapping[str, Any]) -> Said:
    """Reads front matter. It is written for other programs too: what isn't understood only warns.

    Args:
        document_id: What to call the document in the warning.
        front: What it says, as JSON values.
    """
    rest = dict(front)

    def take(keys: tuple[str, ...], clean: Callable[[object], str | None]) -> str | None:
        for key in keys:
            if (value := clean(front.get(key))) is not None:
                del rest[key]
                return value
        return None

    known = Known(
        "front_matter",
        take(TITLE_KEYS, clean_title),
        take(URL_KEYS, clean_url),
        take(DATE_KEYS, parse_date),
    )
    given = [front[key] for key in DATE_KEYS if front.get(key) is not None]
    if known.published_at is not None or not given:
        return Said(known, rest)
    warning = (
        f"The front matter of {document_id!r} gives {given[0]!r} as its date, which can't be read;"
        " write it as YYYY-MM-DD."
    )
    return Said(known, rest, warning)
