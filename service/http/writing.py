"""Writing: documents put into collections and removed, in one thread, while questions are answered.

What a write has done to other documents (a line that is repeated now, or no longer) is mended
after it, in the same thread, so that nobody waits for that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from index.collection import CATALOG_FILE, CollectionStore
from index.embedder import Embedder
from index.errors import BusyCatalog, DocumentError, PinciteError
from index.ingest import Ingester
from index.storage.connections import BUSY_SECONDS, busy
from index.types import Document
from service.errors import Overloaded, RequestCancelled
from service.executor import Ticket
from service.http.jobs import Job, Written
from service.http.pacing import PacedEmbedder
from service.http.turns import Turn, Turns
from service.http.uploads import UploadedDocument

T = TypeVar("T")

Make = Callable[[], tuple[Document, list[str]]]
"""Makes a document, with warnings for a person."""

MAX_WAITING = 16
"""Single writes taken at once: the body of each is held in memory."""

_log = logging.getLogger("pincite")


class Writer:
    """Puts documents into collections and removes them.

    Args:
        collections: The collections.
        embedder: Makes the vectors; called from the writer's thread too.
        max_bytes: Limit of a document's size.
        begin: Called once, in the writer's thread, before all work.
        make_way: Called between batches of embedding; returns when the processor may be used.
        prepare: Called with a collection that has been written, to make it ready for searches.
        busy_seconds: How long a write waits for another process that writes to its collection,
            the time that it waits behind other writes for the same reason included. Others go on
            meanwhile, but for one try: that takes as long as `collections` wait.
    """

    def __init__(
        self,
        collections: CollectionStore,
        embedder: Embedder,
        *,
        max_bytes: int,
        begin: Callable[[], None] = lambda: None,
        make_way: Callable[[], None] = lambda: None,
        prepare: Callable[[str], object] = lambda _: None,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self._collections = collections
        self._embedder = embedder
        self._max_bytes = max_bytes
        self._prepare = prepare
        self._turns = Turns(make_way, begin)
        self._busy_seconds = busy_seconds
        self._busy_since: dict[str, float] = {}
        self._to_refresh: set[str] = set()
        self._problems: dict[str, PinciteError] = {}
        self._waiting = 0

    def start(self) -> None:
        """Begin, with all collections that there are: a killed run may have left one outdated."""
        for name in self._collections.names():
            self.refresh_later(name)
        self._turns.start()

    def end(self) -> None:
        """Have it end after the step that is being done, without waiting for that."""
        self._turns.end()

    def close(self) -> None:
        """End after the step that is being done; what is committed stays."""
        self._turns.close()

    def check_room(self) -> None:
        """Pass if there is a place for a single write; for the event loop.

        Raises:
            Overloaded: There is none.
        """
        if self._waiting >= MAX_WAITING:
            raise Overloaded(
                f"{self._waiting} documents are being written; that is the limit.",
                "Try again in a few seconds, or upload many at once.",
            )

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep a place for a single write; for the event loop. Raises what `check_room` does."""
        self.check_room()
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def put(self, collection: str, document_id: str, make: Make, ticket: Ticket) -> Future[Written]:
        """Put a document in, or replace the one of the same id; makes the collection.

        The result raises DocumentError, InvalidCollectionName, CatalogError or ModelMismatch;
        then nothing was written.
        """

        arrived = time.monotonic()

        def put(turn: Turn) -> Written:
            written = self._put(turn, collection, make, arrived=arrived)
            if written.outcome != "unchanged":
                self.refresh_later(collection)
            return written

        return self._turns.short((collection, document_id), put, ticket)

    def remove(self, collection: str, document_id: str, ticket: Ticket) -> Future[int]:
        """Erase a document with all its revisions; the result is the catalog's generation.

        The result raises UnknownCollection, UnknownDocument or CatalogError.
        """

        arrived = time.monotonic()

        def remove(turn: Turn) -> int:
            catalog = self._attempt(
                turn, collection, arrived, lambda: self._collections.catalog(collection)
            )
            with catalog.snapshot() as snapshot:
                snapshot.summary(document_id)
            generation = self._commit(
                turn, collection, arrived, lambda: catalog.remove(document_id)
            )
            self.refresh_later(collection)
            return generation

        return self._turns.short((collection, document_id), remove, ticket)

    def run(self, job: Job, documents: Sequence[UploadedDocument]) -> None:
        """Put a job's documents in, one after the other."""
        self._turns.long(lambda turn: self._run(turn, job, documents), job.ticket)

    def _put(
        self,
        turn: Turn,
        collection: str,
        make: Make,
        progress: Callable[[float], None] = lambda _: None,
        *,
        arrived: float,
    ) -> Written:
        document, warnings = make()
        turn.check()
        catalog = self._attempt(
            turn, collection, arrived, lambda: self._collections.catalog(collection, create=True)
        )
        embedder = PacedEmbedder(self._embedder, turn)
        commit = partial(self._commit, turn, collection, arrived)
        outcome = Ingester(catalog, embedder, attempt=commit).put(document, progress)
        with catalog.snapshot() as snapshot:
            summary = snapshot.summary(document.document_id)
        return Written(
            document_id=document.document_id,
            revision=document.revision,
            outcome=outcome,
            passages=summary.passages,
            warnings=warnings,
            generation=summary.generation,
        )

    def _run(self, turn: Turn, job: Job, documents: Sequence[UploadedDocument]) -> None:
        if not job.begin():
            return
        collection = job.state.collection
        try:
            for place, document in enumerate(documents):
                turn.pause()
                with turn.holding((collection, document.document_id)):
                    try:
                        written = self._put(
                            turn,
                            collection,
                            partial(document.make, self._max_bytes),
                            partial(job.advance, place),
                            arrived=time.monotonic(),
                        )
                    except DocumentError as error:
                        job.settle(place, error)
                    else:
                        job.settle(place, written)
            generation = None
            if job.state.generation is not None:
                generation = self._refresh(turn, collection)
            job.finish("done", generation=generation)
        except RequestCancelled:
            job.finish("cancelled")
        except PinciteError as error:
            _log.warning("job %s: %s", job.state.job_id, error)
            job.finish("failed", error=error)
        except Exception as error:
            _log.exception("job %s", job.state.job_id)
            job.finish(
                "failed",
                error=PinciteError(
                    f"{type(error).__name__} while the upload was put in.",
                    "Please report it with the server's log; what was put in stays.",
                ),
            )
        finally:
            if job.state.status != "done" and job.state.generation is not None:
                self.refresh_later(collection)

    def refresh_later(self, collection: str) -> None:
        """Open a collection, and mend what writes have left outdated in it, when there is time."""
        if collection not in self._to_refresh:
            self._to_refresh.add(collection)
            self._turns.long(lambda turn: self._refresh_quietly(turn, collection), Ticket())

    def _refresh_quietly(self, turn: Turn, collection: str) -> None:
        self._to_refresh.discard(collection)
        try:
            self._refresh(turn, collection)
        except RequestCancelled:
            return
        except PinciteError as error:
            _log.warning("Collection %r can't be refreshed: %s", collection, error)
            self._problems[collection] = error.with_traceback(None)
        except Exception as error:
            _log.exception("Collection %r can't be refreshed", collection)
            self._problems[collection] = PinciteError(
                f"{type(error).__name__} while collection {collection!r} was refreshed.",
                "This is likely a defect of Pincite: please report it with the server's log.",
            )

    def problem(self, collection: str) -> PinciteError | None:
        """Why documents that writes have left outdated weren't mended; None if they were."""
        return self._problems.get(collection)

    def _attempt(self, turn: Turn, collection: str, arrived: float, step: Callable[[], T]) -> T:
        """Does a step on a collection; if another process writes to it, again and again.

        Others take their turn in between, but those that write to the same collection: each of
        them would have to wait as well.

        Raises:
            BusyCatalog: It was busy for too long, counted from its first refusal or from when the
                work arrived, whichever was later.
        """
        is_held = False
        with ExitStack() as stack:
            while True:
                try:
                    return step()
                except BusyCatalog as error:
                    now = time.monotonic()
                    since = max(arrived, self._busy_since.setdefault(collection, now))
                    if now - since >= self._busy_seconds:
                        raise busy(Path(collection, CATALOG_FILE), self._busy_seconds) from error
                    if not is_held:
                        stack.enter_context(turn.holding_all(collection))
                        is_held = True
                    turn.pause()

    def _commit(self, turn: Turn, collection: str, arrived: float, step: Callable[[], T]) -> T:
        """Does a step that writes to a collection, which tells that it isn't busy any more."""
        result = self._attempt(turn, collection, arrived, step)
        self._busy_since.pop(collection, None)
        return result

    def _refresh(self, turn: Turn, collection: str) -> int:
        """Bring documents up to date that others' lines bear on; returns the generation."""
        arrived = time.monotonic()
        self._attempt(turn, collection, arrived, lambda: self._prepare(collection))
        catalog = self._collections.catalog(collection)
        commit = partial(self._commit, turn, collection, arrived)
        ingester = Ingester(catalog, PacedEmbedder(self._embedder, turn), attempt=commit)
        ingester.refresh()
        self._problems.pop(collection, None)
        return ingester.generation()
