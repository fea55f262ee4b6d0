"""Random documents, queries and filters of few words, so that they meet each other often."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from index.documents import make_document
from index.filters import Filters
from index.types import Document

NAMES = [f"{folder}{number}.txt" for folder in ("", "news/", "שלום/") for number in range(8)]

_WORDS = (
    "harbour ships storm grain timber the and of in to for with bridge river closed opened "
    "sailors ceasefire cease-fire Sarraj Serraj al-Saraj U.S. élan elan 146,000 17 lamp market "
    "talks president minister leader of Tripoli Libya said on Monday waited weather news"
).split()
_LINES = (
    "Sign up for our newsletter today",
    "The Daily Example and its partners",
    "Follow us \U0001f426 everywhere",
)
_TAGS = ("libya", "Sea", "rare")
_URLS = ("https://example.org/a", "https://www.example.org/b", "http://news.example.org/c")
_DAYS = ("2020-01-12", "2020-01-13", "2020-02-01")


def random_text(chosen: random.Random) -> str:
    """A few paragraphs, and sometimes lines that many documents share; seldom a long text."""
    count = 60 if chosen.random() < 0.02 else chosen.randint(1, 6)
    paragraphs = [
        " ".join(_sentence(chosen) for _ in range(chosen.randint(1, 3))) for _ in range(count)
    ]
    lines = [line for line in _LINES if chosen.random() < 0.12]
    return "\n\n".join(paragraphs + lines)


def _sentence(chosen: random.Random) -> str:
    words = chosen.choices(_WORDS, k=chosen.randint(4, 14))
    return " ".join([*words, *_rare(chosen)]).capitalize() + "."


def _rare(chosen: random.Random) -> list[str]:
    """Sometimes a word that few documents have."""
    return [f"quay{chosen.randrange(60)}"] if chosen.random() < 0.3 else []


def random_document(chosen: random.Random, name: str, text: str | None = None) -> Document:
    """A document of a text, with what a sidecar may say."""
    sidecar: dict[str, Any] = {"tags": [tag for tag in _TAGS if chosen.random() < 0.3]}
    for key, values in (("source_url", _URLS), ("published_at", _DAYS), ("title", _WORDS)):
        if chosen.random() < 0.6:
            sidecar[key] = chosen.choice(values)
    if chosen.random() < 0.3:
        sidecar["desk"] = chosen.choice([1, "world"])
    content = (text or random_text(chosen)).encode()
    document, _ = make_document(name, content, sidecar=sidecar, max_bytes=100_000)
    return document


def random_query(chosen: random.Random) -> str:
    """A few words; seldom none that any document has."""
    if chosen.random() < 0.05:
        return chosen.choice(["", "?!", "xylophone", "\U0001f426"])
    rare = _rare(chosen)
    words = chosen.choices(_WORDS, k=chosen.randint(1 - len(rare), 6 - 4 * len(rare)))
    return " ".join([*words, *rare])


def random_filters(chosen: random.Random) -> Filters | None:
    """Filters of each kind, alone or together; often none."""
    if chosen.random() < 0.4:
        return None

    def maybe() -> bool:
        return chosen.random() < 0.3

    first, last = (date.fromisoformat(chosen.choice(_DAYS)) for _ in range(2))
    return Filters(
        document_ids=frozenset(chosen.sample(NAMES, chosen.randint(1, 9))) if maybe() else None,
        sources=(
            frozenset([chosen.choice(["example.org", "news.example.org"])]) if maybe() else None
        ),
        tags=frozenset([chosen.choice(["Libya", "sea", "none"])] if maybe() else []),
        metadata={"desk": chosen.choice([1, "world"])} if chosen.random() < 0.1 else {},
        published_after=first if maybe() else None,
        published_before=last if maybe() else None,
    )
