"""What the routes work with while the server runs, and what they ask of every request."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from anyio import CapacityLimiter, move_on_after, sleep
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from index.collection import Collection
from index.errors import ViewsBehind
from service.errors import RequestCancelled
from service.executor import ModelExecutor
from service.http.jobs import Jobs
from service.http.writing import Writer
from service.settings import Settings
from service.wiring import Components

_POLL_SECONDS = 0.02
"""Between two looks at the generation that a search shows; the views are followed less often."""


@dataclass(frozen=True, slots=True)
class State:
    """What the routes work with.

    Attributes:
        openings: How many collections may be opened at once for questions that wait.
    """

    settings: Settings
    components: Components
    executor: ModelExecutor
    writer: Writer
    jobs: Jobs
    openings: CapacityLimiter

    async def wait_for(self, collection: str, generation: int | None, request: Request) -> None:
        """Return when a collection's searches show a generation; at once for None.

        Args:
            collection: The collection's name; it is opened if it isn't yet.
            generation: Which.
            request: Who waits. Its body must have been read.

        Raises:
            ViewsBehind: They don't in time.
            Overloaded: Too much is in flight already.
            RequestCancelled: The client is gone.
            UnknownCollection: There is no such collection.
        """
        if generation is None:
            return
        deadline = time.monotonic() + self.settings.wait_seconds
        found = self.components.collections.opened(collection)
        if found is not None and found.generation() >= generation:
            return
        with self.executor.waiting():
            if found is None:
                found = await self._opened(collection)
            while found is None or found.generation() < generation:
                if await request.is_disconnected():
                    raise RequestCancelled("The client went away.", "Ask again.")
                if found is None or time.monotonic() >= deadline:
                    shown = "nothing yet" if found is None else f"generation {found.generation()}"
                    raise ViewsBehind(
                        f"The search shows {shown}, not generation {generation}, "
                        f"after {self.settings.wait_seconds:g} s.",
                        "Ask again later, or without 'min_generation'.",
                    )
                await sleep(_POLL_SECONDS)

    async def _opened(self, collection: str) -> Collection | None:
        """A collection, opened in a thread; None if that takes too long."""
        with move_on_after(self.settings.wait_seconds):
            return await run_sync(
                self.components.collection,
                collection,
                abandon_on_cancel=True,
                limiter=self.openings,
            )
        return None


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
