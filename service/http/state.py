"""What the routes work with while the server runs, and what they ask of every request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from anyio import CapacityLimiter, move_on_after, sleep
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from index.collection import Collection
from index.errors import ViewsBehind
from service.errors import Overloaded, RequestCancelled
from service.executor import ModelExecutor
from service.http.jobs import Jobs
from service.http.writing import Writer
from service.settings import Settings
from service.wiring import Components

_POLL_SECONDS = 0.02
"""Between two looks at the generation that a search shows; the views are followed less often."""

_READ_SECONDS = 30.0
"""Longest wait for the next piece of a body."""

_SLOWEST = 10_000
"""Bytes in a second that a body must bring on the whole, after those seconds."""


class Bodies:
    """Bodies of documents on their way in; for the event loop.

    They come before a place among the writes is taken, so that a client that sends its own slowly,
    or not at all, keeps no other one waiting.

    Args:
        max_bytes: Most bytes of all bodies that have come in part.
        seconds: Longest wait for the next piece of a body.
    """

    def __init__(self, max_bytes: int, seconds: float = _READ_SECONDS) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._received = 0

    async def pieces(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Yields a body as it comes; to be closed, also when it isn't read to its end.

        Raises:
            HTTPException: 408: it comes too slowly.
            Overloaded: Too much is on its way in.
            RequestCancelled: The client is gone.
        """
        received = 0
        began = time.monotonic()
        try:
            async with aclosing(request.stream()) as stream:
                while True:
                    left = self._seconds + received / _SLOWEST - (time.monotonic() - began)
                    async with asyncio.timeout(min(self._seconds, left)):
                        piece = await anext(stream, None)
                    if piece is None:
                        return
                    received += len(piece)
                    self._received += len(piece)
                    if self._received > self._max_bytes:
                        raise Overloaded(
                            f"{self._received:,} bytes of documents are on their way in; the limit "
                            f"is {self._max_bytes:,}.",
                            "Try again in a few seconds.",
                        )
                    yield piece
        except TimeoutError as error:
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT,
                f"The body came too slowly: {received:,} bytes in {time.monotonic() - began:.0f} s",
                {"Connection": "close"},
            ) from error
        except ClientDisconnect as error:
            raise RequestCancelled(
                f"The client went away while it sent {request.url.path}.", "Send it again."
            ) from error
        finally:
            self._received -= received

    async def read(self, request: Request) -> bytes:
        """A whole body; raises what `pieces` does."""
        async with aclosing(self.pieces(request)) as pieces:
            return b"".join([piece async for piece in pieces])


@dataclass(frozen=True, slots=True)
class State:
    """What the routes work with.

    Attributes:
        bodies: Of single documents, held in memory.
        uploads: Bodies of uploads, kept on the disk.
        openings: How many collections may be opened at once for questions that wait.
    """

    settings: Settings
    components: Components
    executor: ModelExecutor
    writer: Writer
    jobs: Jobs
    openings: CapacityLimiter
    bodies: Bodies
    uploads: Bodies

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
