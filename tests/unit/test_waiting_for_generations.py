"""Questions that wait for a generation: how many, how long, and for whom."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from anyio import CapacityLimiter
from starlette.requests import Request

from index.errors import UnknownCollection, ViewsBehind
from service.errors import Overloaded, RequestCancelled
from service.executor import ModelExecutor
from service.http.state import State


class Collection:
    """Shows one generation more each time it is looked at."""

    def __init__(self, shown: int) -> None:
        self.shown = shown

    def generation(self) -> int:
        self.shown += 1
        return self.shown - 1


class Components:
    """Has one collection, that must be opened first."""

    def __init__(self, shown: int) -> None:
        self._collection = Collection(shown)
        self.is_opened = False
        self.collections = self

    def opened(self, name: str) -> Collection | None:
        return self._collection if self.is_opened and name == "one" else None

    def collection(self, name: str) -> Collection:
        if name != "one":
            raise UnknownCollection("There is none.", "Make it.")
        self.is_opened = True
        return self._collection


def client(*, gone: bool = False) -> Request:
    async def receive() -> dict[str, Any]:
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


def state(components: Components, *, wait_seconds: float = 60) -> State:
    return State(
        settings=cast(Any, SimpleNamespace(wait_seconds=wait_seconds)),
        components=cast(Any, components),
        executor=ModelExecutor(threads=1, max_in_flight=1, deadline_seconds=60),
        writer=cast(Any, None),
        jobs=cast(Any, None),
        openings=CapacityLimiter(1),
        bodies=cast(Any, None),
        uploads=cast(Any, None),
    )


def test_what_is_there_already_takes_no_place() -> None:
    async def ask() -> None:
        components = Components(7)
        components.is_opened = True
        service = state(components)
        with service.executor.waiting():
            await service.wait_for("one", 7, client())
            with pytest.raises(Overloaded, match=r"^1 questions are being worked on"):
                await service.wait_for("one", 100, client())

    asyncio.run(ask())


def test_collection_is_opened_and_waited_for() -> None:
    async def ask() -> None:
        components = Components(0)
        service = state(components)
        await service.wait_for("one", 3, client())
        assert components.is_opened
        assert components.collection("one").shown == 4
        with pytest.raises(UnknownCollection):
            await service.wait_for("other", 3, client())

    asyncio.run(ask())


@pytest.mark.parametrize("is_opened", [False, True])
def test_deadline_is_told_and_gives_the_place_back(is_opened: bool) -> None:
    async def ask() -> None:
        components = Components(0)
        components.is_opened = is_opened
        service = state(components, wait_seconds=0)
        for _ in range(2):
            with pytest.raises(ViewsBehind, match=r"not generation 1000, after 0 s\."):
                await service.wait_for("one", 1000, client())

    asyncio.run(ask())


def test_client_that_is_gone_is_not_waited_for() -> None:
    async def ask() -> None:
        service = state(Components(0))
        for _ in range(2):
            with pytest.raises(RequestCancelled):
                await service.wait_for("one", 1000, client(gone=True))

    asyncio.run(ask())
