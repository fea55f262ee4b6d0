"""What the routes work with while the server runs, and what they ask of every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from service.errors import RequestCancelled
from service.executor import ModelExecutor
from service.http.jobs import Jobs
from service.http.writing import Writer
from service.settings import Settings
from service.wiring import Components


@dataclass(frozen=True, slots=True)
class State:
    """What the routes work with.

    Attributes:
        waits: How many questions may wait for a generation at once.
    """

    settings: Settings
    components: Components
    executor: ModelExecutor
    writer: Writer
    jobs: Jobs
    waits: CapacityLimiter

    async def wait_for(self, collection: str, generation: int | None) -> None:
        """Return when a collection's searches show a generation; at once for None.

        Raises:
            ViewsBehind: They don't in time.
            UnknownCollection: There is no such collection.
        """
        if generation is not None:
            seconds = self.settings.wait_seconds
            await run_sync(
                lambda: self.components.collection(collection).wait(generation, seconds),
                limiter=self.waits,
            )


async def _state(request: Request) -> State:
    state: State = request.app.state.service
    return state


Service = Annotated[State, Depends(_state)]
"""Parameter of a route: what it works with."""


async def disconnected(request: Request) -> None:
    """Return when the client is gone. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[None]:
    """Where a body is read.

    Raises:
        RequestCancelled: The client goes away meanwhile.
    """
    try:
        yield
    except ClientDisconnect as error:
        raise RequestCancelled(
            f"The client went away while it sent {request.url.path}.", "Send it again."
        ) from error
