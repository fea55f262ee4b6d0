"""Wire models of filters: which documents a question or a search is about."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt, model_validator

from index.filters import Filters
from service.http.wire import Day, Term, Wire


class DayRange(Wire):
    """A range of days of publication."""

    published_after: Day | None = Field(
        None, description="Published on this day (2020-01-13) or later; undated ones are not."
    )
    published_before: Day | None = Field(
        None, description="Published on this day or earlier; undated ones are not."
    )

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        after, before = self.published_after, self.published_before
        if after is not None and before is not None and after > before:
            raise ValueError(f"published_after {after} is later than published_before {before}")
        return self


def _some(terms: list[str]) -> list[str]:
    if not terms:
        raise ValueError("the list is empty; name one at least, or leave it out for all documents")
    return terms


_Some = Annotated[list[Term], AfterValidator(_some), Field(json_schema_extra={"minItems": 1})]
"""Terms, one at least: the empty list that a program computed isn't to mean all documents."""


class FiltersModel(DayRange):
    """Which documents may be found: those that meet all that is given."""

    document_ids: _Some | None = Field(
        None, max_length=1000, description="One of these documents; null for any."
    )
    sources: _Some | None = Field(
        None,
        max_length=100,
        description="Published at one of these host names, or at one below it; null for any.",
    )
    tags: _Some | None = Field(
        None, max_length=100, description="All of these tags; case doesn't matter."
    )
    metadata: dict[Term, Annotated[StrictBool | StrictInt | StrictFloat | Term, Field()]] = Field(
        {}, max_length=100, description="Each key has this value, or holds it in its list."
    )

    def filters(self) -> Filters:
        """The filters that it stands for."""
        return Filters(
            document_ids=_set(self.document_ids),
            sources=_set(self.sources),
            tags=_set(self.tags) or frozenset(),
            metadata=self.metadata,
            published_after=self.published_after,
            published_before=self.published_before,
        )


def _set(terms: list[str] | None) -> frozenset[str] | None:
    return None if terms is None else frozenset(terms)
