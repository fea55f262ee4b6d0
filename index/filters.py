"""Filters: which documents a search may find; decided before the search, never after it.

What can be filtered on is reduced to *facts*: terms such as `tag:libya`, and a day. A filter asks
for one term at least of each of its groups, and for a range of days. Every view decides that in
its own way, over its own form of the same facts; `Filters.accept` says what each must decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a document that can be filtered on.

    Attributes:
        terms: `id:`, `source:`, `tag:` and `meta:` with their values.
        day: Proleptic Gregorian ordinal of the date of publication (`date.toordinal`), if known.
    """

    terms: frozenset[str]
    day: int | None


def facts_of(
    document_id: str, source_url: str | None, published_at: str | None, metadata: Mapping[str, Any]
) -> Facts:
    """The facts of a document; see `index.types.Document` for what is given.

    A source is a host name; a document's host and every domain above it are its sources. A key of
    the metadata gives a term for each of its values that is a string, number or truth value.
    """
    terms = {f"id:{document_id}"}
    labels = _host(source_url).split(".")
    terms.update(f"source:{'.'.join(labels[n:])}" for n in range(len(labels)) if labels[n])
    for key, value in metadata.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int | float | bool):
                terms.add(_meta_term(key, one))
                if key == "tags":
                    terms.add(_tag_term(str(one)))
    day = None if published_at is None else date.fromisoformat(published_at).toordinal()
    return Facts(frozenset(terms), day)


def _host(url: str | None) -> str:
    try:
        return (urlsplit(url or "").hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _tag_term(tag: str) -> str:
    return f"tag:{tag.strip().casefold()}"


def _meta_term(key: str, value: str | int | float | bool) -> str:
    # Numbers are equal that JSON writes differently, 4 and 4.0; JavaScript writes the first only.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"meta:{key}={json.dumps(value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents a search may find: those that meet all that is given.

    Attributes:
        document_ids: One of these ids, so nothing is met if there are none; None for any.
        sources: Published at one of these host names, or at one below it; likewise.
        tags: All of these tags; case doesn't matter.
        metadata: Each key has this value, or holds it in its list; 4 and 4.0 are one value, and 1
            and true are two.
        published_after: Published on this day or later; a document without a date is not.
        published_before: Published on this day or earlier; a document without a date is not.
    """

    document_ids: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    tags: frozenset[str] = frozenset()
    metadata: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    published_after: date | None = None
    published_before: date | None = None

    def groups(self) -> Iterator[frozenset[str]]:
        """Groups of terms; a document meets a group that it has one term of."""
        if self.document_ids is not None:
            yield frozenset(f"id:{document_id}" for document_id in self.document_ids)
        if self.sources is not None:
            yield frozenset(
                f"source:{source.strip().lower().removeprefix('www.')}" for source in self.sources
            )
        for tag in sorted(self.tags):
            yield frozenset({_tag_term(tag)})
        for key, value in sorted(self.metadata.items()):
            yield frozenset({_meta_term(key, value)})

    @property
    def days(self) -> tuple[int, int] | None:
        """First and last day asked for, as ordinals; None if any day will do, and none too."""
        if self.published_after is None and self.published_before is None:
            return None
        return (
            (self.published_after or date.min).toordinal(),
            (self.published_before or date.max).toordinal(),
        )

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return self != Filters()

    def accept(self, facts: Facts) -> bool:
        """Whether a document of these facts may be found."""
        if self.days is not None:
            first, last = self.days
            if facts.day is None or not first <= facts.day <= last:
                return False
        return all(group & facts.terms for group in self.groups())
