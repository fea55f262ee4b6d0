"""The executor of questions: one thread, a bounded queue, a deadline for each piece of work.

Its thread makes the model calls of questions and searches, one after the other; the cores are used
inside a call. The embedder alone is also called by the thread that writes, at the same time. The
event loop stays free.
"""

from __future__ import annotations

import asyncio
import math
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from service.errors import DeadlineExceeded, Overloaded, RequestCancelled

T = TypeVar("T")


def limit_threads(threads: int) -> None:
    """Let FAISS, the tokenizers and torch use so many threads for work of the calling thread.

    To be called before any of them is first imported: OpenMP reads its policy when it is loaded.
    Idle threads that sleep rather than spin leave the cores to others; on a busy machine of two
    cores reading was four times as fast for it. Models on onnxruntime, and those that import torch
    only later, are told the number when they are made.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"

    import faiss

    faiss.omp_set_num_threads(threads)
    if "torch" in sys.modules:
        import torch

        torch.set_num_threads(threads)


class Ticket:
    """One piece of work's permission to go on.

    Args:
        deadline: Value of `time.monotonic()` after which the work is pointless.
        seconds: How long that was from its start, for the message.
    """

    def __init__(self, deadline: float = math.inf, seconds: float = math.inf) -> None:
        self._deadline = deadline
        self._seconds = seconds
        self._cancelled = False

    def cancel(self) -> None:
        """Withdraw the permission."""
        self._cancelled = True

    def check(self) -> None:
        """Pass if the work still has a point.

        Raises:
            RequestCancelled: Nobody waits for it.
            DeadlineExceeded: Its time is over.
        """
        if self._cancelled:
            raise _cancelled()
        if time.monotonic() > self._deadline:
            raise _late(self._seconds)


class ModelExecutor:
    """Runs model work in its one thread, in order of arrival.

    Args:
        threads: How many threads the models may use.
        max_in_flight: Most pieces of work taken at once, the running one counted.
        deadline_seconds: Longest time from arrival to result.
    """

    def __init__(self, *, threads: int, max_in_flight: int, deadline_seconds: float) -> None:
        self._pool = ThreadPoolExecutor(
            max_workers=1,
            thread_name_prefix="models",
            # OpenMP keeps the number for each thread that asks.
            initializer=limit_threads,
            initargs=(threads,),
        )
        self._max_in_flight = max_in_flight
        self._deadline_seconds = deadline_seconds
        self.in_flight = 0
        self._waiting = 0
        self._idle = threading.Event()
        self._idle.set()

    async def run(
        self,
        work: Callable[[Callable[[], None]], T],
        abandoned: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Run a piece of work; call this from the event loop.

        Args:
            work: Called in the executor's thread with a `check` to be called between steps, which
                raises when the work has lost its point.
            abandoned: What it returns is done when nobody waits for the result any more.

        Raises:
            Overloaded: Too much is in flight already; nothing was started.
            DeadlineExceeded: It took too long, waiting included.
            RequestCancelled: It was abandoned.
        """
        self._check_room()
        seconds = self._deadline_seconds
        ticket = Ticket(time.monotonic() + seconds, seconds)

        def checked() -> T:
            ticket.check()
            return work(ticket.check)

        loop = asyncio.get_running_loop()
        running = self._pool.submit(checked)
        self.in_flight += 1
        self._idle.clear()
        running.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await result_of(running, ticket, abandoned, seconds=seconds)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep a place for work that can't begin yet; for the event loop.

        It counts against the limit, but nothing makes way for it: it needs no processor.

        Raises:
            Overloaded: There is none.
        """
        self._check_room()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def _check_room(self) -> None:
        taken = self.in_flight + self._waiting
        if taken >= self._max_in_flight:
            raise Overloaded(
                f"{taken} questions are being worked on; that is the limit.",
                "Try again in a few seconds.",
            )

    def _done(self) -> None:
        self.in_flight -= 1
        if not self.in_flight:
            self._idle.set()

    def make_way(self, seconds: float) -> None:
        """Return when no model work is in flight, or after some seconds; for other threads."""
        self._idle.wait(seconds)

    async def load(self, loader: Callable[[], T]) -> T:
        """Run a loader in the models' thread, for as long as it takes."""
        return await asyncio.wrap_future(self._pool.submit(loader))

    def close(self) -> None:
        """Wait for the running work and take no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


async def result_of(
    running: Future[T],
    ticket: Ticket,
    abandoned: Callable[[], Awaitable[None]] | None = None,
    *,
    seconds: float = math.inf,
) -> T:
    """The result of work that another thread does; call this from the event loop.

    Args:
        running: What will be the result.
        ticket: The work's permission to go on; cancelled at the end, whatever it is.
        abandoned: What it returns is done when nobody waits for the result any more.
        seconds: How long to wait.

    Raises:
        DeadlineExceeded: It took longer.
        RequestCancelled: It was abandoned, or the thread took it no more.
    """
    result = asyncio.wrap_future(running)
    gone = asyncio.ensure_future(abandoned()) if abandoned is not None else None
    try:
        awaited: set[asyncio.Future[Any]] = {result} if gone is None else {result, gone}
        await asyncio.wait(
            awaited,
            timeout=None if seconds == math.inf else seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if result.cancelled() or (gone is not None and gone.done() and not result.done()):
            raise _cancelled()
        if result.done():
            return result.result()
        raise _late(seconds)
    finally:
        ticket.cancel()
        result.cancel()
        if gone is not None:
            gone.cancel()


def _cancelled() -> RequestCancelled:
    return RequestCancelled("The request was cancelled.", "Ask again if you still want to.")


def _late(seconds: float) -> DeadlineExceeded:
    return DeadlineExceeded(
        f"No answer within {seconds:g} s.",
        "Try again later, read fewer passages, or raise PINCITE_DEADLINE_SECONDS.",
    )
