"""The one thread that writes: long work, and short work in between its steps.

A client that waits for one document doesn't wait for an upload of a thousand: its work is done
between two batches of theirs. Only work on the same document waits until that one is done.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from service.errors import ServerStopping
from service.executor import Ticket

T = TypeVar("T")

Key = tuple[str, str]
"""Collection and document."""

SHORT_IN_A_ROW = 16
"""Short works that are done before a long one that waits begins, or goes on."""


class Turn:
    """A piece of work's time in the thread.

    Args:
        turns: Whose thread it is.
        ticket: The work's permission to go on.
    """

    def __init__(self, turns: Turns, ticket: Ticket) -> None:
        self._turns = turns
        self._ticket = ticket

    def check(self) -> None:
        """Pass if the work still has a point.

        Raises:
            RequestCancelled: It was cancelled.
            ServerStopping: The server stops.
        """
        self._ticket.check()
        self._turns.check()

    def pause(self) -> None:
        """Let others go first: the next short work, and whoever needs the processor.

        Raises:
            RequestCancelled: As `check` does.
        """
        self.check()
        self._turns.let_others()
        self.check()

    @contextmanager
    def holding(self, key: Key) -> Iterator[None]:
        """Keep short work on a document waiting."""
        with self._turns.holding(key):
            yield

    @contextmanager
    def holding_all(self, collection: str) -> Iterator[None]:
        """Keep short work on all of a collection's documents waiting."""
        with self._turns.holding_all(collection):
            yield


@dataclass(slots=True)
class _Work(Generic[T]):
    run: Callable[[Turn], T]
    ticket: Ticket
    key: Key | None = None
    future: Future[T] = field(default_factory=Future)


class Turns:
    """Runs work in its one thread.

    Args:
        make_way: Called between steps; returns when the processor may be used again.
        begin: Called once, in the thread, before all work.
    """

    def __init__(
        self,
        make_way: Callable[[], None] = lambda: None,
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        self._begin = begin
        self._make_way = make_way
        self._changed = threading.Condition()
        self._short: deque[_Work[Any]] = deque()
        self._long: deque[_Work[Any]] = deque()
        self._held: set[Key] = set()
        self._held_collections: list[str] = []
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin; what was submitted before is done now."""
        self._thread.start()

    def short(self, key: Key, work: Callable[[Turn], T], ticket: Ticket) -> Future[T]:
        """Submit work on one document, that somebody waits for."""
        return self._submit(self._short, _Work(work, ticket, key))

    def long(self, work: Callable[[Turn], T], ticket: Ticket) -> Future[T]:
        """Submit work that pauses between its steps; begins when the long work before is done."""
        return self._submit(self._long, _Work(work, ticket))

    def _submit(self, queue: deque[_Work[Any]], work: _Work[T]) -> Future[T]:
        with self._changed:
            if self._closing:
                work.future.set_exception(_stopping())
            else:
                queue.append(work)
                self._changed.notify()
        return work.future

    def end(self) -> None:
        """Have the running work end at its next step, and take no more; waits for nothing."""
        with self._changed:
            self._closing = True
            waiting = (*self._short, *self._long)
            self._short.clear()
            self._long.clear()
            self._changed.notify()
        for work in waiting:
            if work.future.set_running_or_notify_cancel():
                work.future.set_exception(_stopping())

    def close(self) -> None:
        """End, and return when the running work has."""
        self.end()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Pass unless the thread is to end.

        Raises:
            ServerStopping: It is.
        """
        if self._closing:
            raise _stopping()

    def let_others(self) -> None:
        """Do one short work that waits, if there is one; then make way."""
        with self._changed:
            work = self._next_short()
        if work is not None:
            self._do(work)
        self._make_way()

    @contextmanager
    def holding(self, key: Key) -> Iterator[None]:
        """Keep short work of a key waiting; for the thread itself."""
        self._held.add(key)
        try:
            yield
        finally:
            self._held.remove(key)

    @contextmanager
    def holding_all(self, collection: str) -> Iterator[None]:
        """Keep short work of a collection waiting; for the thread itself."""
        self._held_collections.append(collection)
        try:
            yield
        finally:
            self._held_collections.remove(collection)

    def _run(self) -> None:
        self._begin()
        in_a_row = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or self._short or self._long)
                if self._closing:
                    return
                # Those who write all the time mustn't keep an upload waiting for ever.
                short = None
                if in_a_row < SHORT_IN_A_ROW or not self._long:
                    short = self._next_short()
                in_a_row = 0 if short is None else in_a_row + 1
                work = short or self._long.popleft()
            self._do(work)

    def _next_short(self) -> _Work[Any] | None:
        """Takes the first short work that isn't kept waiting out of the queue."""
        for place, work in enumerate(self._short):
            if work.key not in self._held and (
                work.key is None or work.key[0] not in self._held_collections
            ):
                del self._short[place]
                return work
        return None

    def _do(self, work: _Work[Any]) -> None:
        if not work.future.set_running_or_notify_cancel():
            return
        turn = Turn(self, work.ticket)
        try:
            turn.check()
            if work.key is None:
                result = work.run(turn)
            else:
                with self.holding(work.key):
                    result = work.run(turn)
        except BaseException as error:
            work.future.set_exception(error)
        else:
            work.future.set_result(result)


def _stopping() -> ServerStopping:
    return ServerStopping(
        "The server is stopping; this was not done.", "Send it again when the server is back."
    )
