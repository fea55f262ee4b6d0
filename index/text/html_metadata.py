"""When an HTML page says that it was published: in its metadata, not in its text or address.

Only elements that are there to say so count: JSON-LD's `datePublished`, the usual `<meta>` names,
and elements marked `itemprop="datePublished"` or `<time pubdate>`. Modification dates, copyright
years and plain `<time>` elements don't.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from index.text.dates import parse_date

_META_PUBLISHED = frozenset(
    "article:published article:published_date article:published_time article.published"
    " bt:pubdate citation_publication_date datepublished date_published dc.date.issued"
    " dc.date.publication dcterms.issued og:article:published_time og:pubdate og:published_time"
    " og:publish_date originalpublicationdate parsely-pub-date pubdate publication_date"
    " publish-date publish_date publish_time publishdate published-date published_date"
    " published_time sailthru.date".split()
)
# These often give the publication's date, but are also set to that of the page's last build.
_META_LOOSE = frozenset("citation_date date dc.date dcterms.date displaydate".split())

_ARTICLE_TYPES = ("article", "posting", "report", "review")
_JSON_DEPTH = 8


def published_date(tree: Any) -> str | None:
    """The date that a page's metadata gives for its publication.

    The most explicit kind of statement wins. Where one kind gives several dates, as on a page
    that lists articles, it says nothing about the page and is passed over.

    Args:
        tree: The page, as an lxml element.

    Returns:
        ISO 8601 date as written, in the publisher's own time zone, or `None`.
    """
    strict: list[object] = []
    loose: list[object] = []
    for element in tree.iter("meta"):
        names = {
            (element.get(attribute) or "").strip().lower()
            for attribute in ("property", "name", "itemprop", "http-equiv")
        }
        if names & _META_PUBLISHED:
            strict.append(element.get("content"))
        elif names & _META_LOOSE:
            loose.append(element.get("content"))
    marked: list[object] = [
        element.get("datetime") or element.get("content") or "".join(element.itertext())
        for element in tree.iter()
        if _is_marked(element)
    ]
    articles: list[object] = []
    others: list[object] = []
    for node in _json_ld(tree):
        (articles if _is_article(node) else others).append(node.get("datePublished"))
    for values in (strict, articles, others, marked, loose):
        dates = {date for value in values if (date := parse_date(value)) is not None}
        if len(dates) == 1:
            return dates.pop()
    return None


def _is_marked(element: Any) -> bool:
    if not isinstance(element.tag, str) or element.tag == "meta":
        return False
    properties = (element.get("itemprop") or "").lower().split()
    return "datepublished" in properties or (
        element.tag == "time" and element.get("pubdate") is not None
    )


def _json_ld(tree: Any) -> Iterator[dict[str, Any]]:
    for script in tree.iter("script"):
        if (script.get("type") or "").split(";")[0].strip().lower() != "application/ld+json":
            continue
        try:
            # Pages put raw newlines into their strings.
            parsed = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        yield from _nodes(parsed, _JSON_DEPTH)


def _nodes(value: Any, depth: int) -> Iterator[dict[str, Any]]:
    """The things that a page is about: what it lists or comments on is not among them."""
    if depth == 0:
        return
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth - 1)
    elif isinstance(value, dict):
        if "datePublished" in value:
            yield value
        for key in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _nodes(value.get(key), depth - 1)


def _is_article(node: dict[str, Any]) -> bool:
    types = node.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(str(name).lower().endswith(_ARTICLE_TYPES) for name in names)
