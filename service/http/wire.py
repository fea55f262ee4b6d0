"""What all wire models share: their base, their examples, and the model of problems."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from importlib import resources
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import StringConstraints as Constraints

from index.text.dates import parse_date
from index.text.metadata import clean_title, clean_url

EXAMPLES: dict[str, Any] = json.loads(
    resources.files("service").joinpath("examples.json").read_text(encoding="utf-8")
)
"""By wire model, a request or the true answer to it from the sample documents."""


class Wire(BaseModel):
    """A wire model; fields that it doesn't name are refused."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`urn:pincite:problem:` and the code.")
    title: str
    status: int
    detail: str = Field(description="What happened, with the value.")
    code: str = Field(description="Stable name of the error.")
    remedy: str = Field(description="What to do next.")
    errors: Annotated[
        list[dict[str, str]] | None, Field(description="The fields at fault, if any.")
    ] = None


def _iso_date(value: object) -> object:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and len(value) == len("2020-01-13"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError("write it as YYYY-MM-DD")


def _cleaned(clean: Callable[[object], str | None], kind: str) -> AfterValidator:
    def check(value: str) -> str:
        cleaned = clean(value)
        if cleaned is None:
            raise ValueError(f"this is no {kind}")
        return cleaned

    return AfterValidator(check)


Day = Annotated[date, BeforeValidator(_iso_date)]
"""A date as `2020-01-13`."""

Term = Annotated[str, Constraints(strict=True, min_length=1, max_length=512)]
"""A short text, not empty, in valid Unicode."""

Title = Annotated[Term, _cleaned(clean_title, "title")]
SourceUrl = Annotated[
    str,
    Constraints(strict=True, min_length=1, max_length=4096),
    _cleaned(clean_url, "absolute http or https URL"),
]
PublishedAtSource = Annotated[
    str | None,
    Field(
        description="Where the date was found: `request` (said by whoever put the document in over "
        "HTTP), `sidecar`, `front_matter`, `html_metadata` or `dateline`; null when undated."
    ),
]
PublishedAt = Annotated[Term, _cleaned(parse_date, "date; write it as YYYY-MM-DD")]


def view_url(collection: str, document_id: str, revision: str, start: int, end: int) -> str:
    """Address of the page that shows a document with a range marked."""
    return "/view?" + urlencode(
        {
            "collection": collection,
            "document_id": document_id,
            "revision": revision,
            "start": start,
            "end": end,
        }
    )
