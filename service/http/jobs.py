"""Jobs: uploads that take long, with what has become of them so far; kept in memory."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from index.errors import PinciteError
from index.ingest import Outcome
from service.errors import Overloaded, UnknownJob
from service.executor import Ticket

Status = Literal["queued", "running", "done", "cancelled", "failed"]

MAX_UNFINISHED = 8
"""Uploads kept on the disk at once; the place is taken when one has been received."""

MAX_FINISHED = 100
"""Finished jobs that can still be asked after."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a document that was put in.

    Attributes:
        passages: How many of its passages can be found.
        warnings: For a person, each a sentence.
        generation: The catalog's generation that shows it.
    """

    document_id: str
    revision: str
    outcome: Outcome
    passages: int
    warnings: Sequence[str]
    generation: int


@dataclass(frozen=True, slots=True)
class Item:
    """A document of a job, as far as it has come.

    Attributes:
        size: Of its file, in bytes.
        written: What became of it; None before, and if it didn't go in.
        error: Why it didn't go in.
    """

    document_id: str
    size: int
    written: Written | None = None
    error: PinciteError | None = None

    @property
    def is_done(self) -> bool:
        """Whether its fate is known."""
        return self.written is not None or self.error is not None


@dataclass(frozen=True, slots=True)
class JobState:
    """A job at one moment.

    Attributes:
        created_at: ISO 8601 in UTC.
        progress: Fraction of the bytes that are done, in [0, 1]; 1 only when the job is done.
        items: Its documents, in the order in which they came.
        generation: The catalog's generation that shows all that has been put in so far; None if
            that is nothing.
        error: What ended it, if it failed.
    """

    job_id: str
    collection: str
    status: Status
    created_at: str
    progress: float
    items: tuple[Item, ...]
    generation: int | None
    error: PinciteError | None

    @property
    def is_finished(self) -> bool:
        """Whether nothing will change any more."""
        return self.status not in {"queued", "running"}


class Job:
    """A job; told by the thread that does it, and asked by others.

    Args:
        collection: Where its documents go.
        documents: Id and size in bytes of each.
        discard: Throws away what it was made from; called once, when it has finished.
    """

    def __init__(
        self,
        collection: str,
        documents: Sequence[tuple[str, int]],
        discard: Callable[[], None] = lambda: None,
    ) -> None:
        self.ticket = Ticket()
        self._discard = discard
        self._lock = threading.Lock()
        self._sizes = [size for _, size in documents]
        self._state = JobState(
            job_id=secrets.token_hex(8),
            collection=collection,
            status="queued",
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            progress=0.0,
            items=tuple(Item(document_id, size) for document_id, size in documents),
            generation=None,
            error=None,
        )

    @property
    def state(self) -> JobState:
        """The job now."""
        return self._state

    def begin(self) -> bool:
        """Start it; returns whether it may: not if it has been cancelled."""
        with self._lock:
            if self._state.is_finished:
                return False
            self._state = replace(self._state, status="running")
            return True

    def advance(self, place: int, fraction: float) -> None:
        """Note that a fraction of a document is done, and all documents before it."""
        done = sum(self._sizes[:place]) + fraction * self._sizes[place]
        # Not 1 before the end: whoever waits for that may ask at once.
        progress = min(0.999, done / max(1, sum(self._sizes)))
        with self._lock:
            self._state = replace(self._state, progress=max(self._state.progress, progress))

    def settle(self, place: int, fate: Written | PinciteError) -> None:
        """Note what became of a document; of an error, only what it says is kept."""
        with self._lock:
            items = list(self._state.items)
            if isinstance(fate, Written):
                items[place] = replace(items[place], written=fate)
                self._state = replace(self._state, generation=fate.generation)
            else:
                items[place] = replace(items[place], error=_without_frames(fate))
            self._state = replace(self._state, items=tuple(items))
        self.advance(place, 1.0)

    def finish(
        self, status: Status, *, generation: int | None = None, error: PinciteError | None = None
    ) -> None:
        """End it.

        Args:
            status: How.
            generation: The catalog's generation at the end; None for that of the last document.
            error: Why it failed; only what it says is kept.
        """
        with self._lock:
            if self._state.is_finished:
                return
            state = self._state
            self._state = replace(
                state,
                status=status,
                progress=1.0 if status == "done" else state.progress,
                generation=state.generation if generation is None else generation,
                error=None if error is None else _without_frames(error),
            )
        self._discard()

    def cancel(self) -> None:
        """End it before its next step; nothing happens if it has finished."""
        self.ticket.cancel()
        with self._lock:
            if self._state.status != "queued":
                return
            self._state = replace(self._state, status="cancelled")
        self._discard()


class Jobs:
    """All jobs that are known; for the event loop alone.

    Args:
        max_unfinished: Most jobs that wait or run.
        max_finished: Most finished ones that are remembered; older ones are forgotten.
    """

    def __init__(
        self, *, max_unfinished: int = MAX_UNFINISHED, max_finished: int = MAX_FINISHED
    ) -> None:
        self._jobs: dict[str, Job] = {}
        self._max_unfinished = max_unfinished
        self._max_finished = max_finished

    def check_room(self) -> None:
        """Pass if one more job may be added now.

        Raises:
            Overloaded: It may not.
        """
        unfinished = sum(not job.state.is_finished for job in self._jobs.values())
        if unfinished >= self._max_unfinished:
            raise Overloaded(
                f"{unfinished} uploads are being worked on; that is the limit.",
                "Wait for one of GET /v1/jobs to finish, or DELETE one.",
            )

    def add(self, job: Job) -> None:
        """Remember a job, and forget the oldest of too many finished ones.

        Raises:
            Overloaded: There is no place for it; it is cancelled.
        """
        try:
            self.check_room()
        except Overloaded:
            job.cancel()
            raise
        self._jobs[job.state.job_id] = job
        finished = [name for name, known in self._jobs.items() if known.state.is_finished]
        for name in finished[: max(0, len(finished) - self._max_finished)]:
            del self._jobs[name]

    def get(self, job_id: str) -> Job:
        """A job.

        Raises:
            UnknownJob: There is none of that name, any more.
        """
        if job_id not in self._jobs:
            raise UnknownJob(
                f"There is no job {job_id!r}, or not any more.",
                "GET /v1/jobs lists those that there are. A server forgets the oldest ended ones, "
                "and all when it is started again: GET "
                "/v1/collections/{collection}/documents shows what was stored, and to upload the "
                "same files once more stores only those that are missing.",
            )
        return self._jobs[job_id]

    def all(self) -> list[Job]:
        """All of them, the newest first."""
        return list(reversed(self._jobs.values()))


def _without_frames(error: PinciteError) -> PinciteError:
    """An error without the frames that it went through: their variables hold whole files."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
