"""Wire models of the server's health."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from service.http.wire import Wire


class Health(Wire):
    """That the server is alive."""

    status: Literal["ok"] = "ok"


class CollectionReadiness(Wire):
    """How a collection can be searched."""

    ready: bool = Field(
        description="False while its search is being opened or built: it is slower then, or finds "
        "less."
    )
    generation: int = Field(description="How many times it has been written.")
    problem: str | None = Field(
        description="What keeps its search from following what is written, or from being kept for "
        "the next start, or documents from being brought up to date, and what to do; null if "
        "nothing does."
    )


class Readiness(Wire):
    """That the server answers, and how well it searches."""

    status: Literal["ok"] = "ok"
    collections: dict[str, CollectionReadiness]
