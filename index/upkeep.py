"""Upkeep of a collection's views while it is served, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time

from index.catalog import Catalog
from index.errors import PinciteError, ViewsBehind
from index.search import Searcher

_LOG = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
"""How soon what another process wrote is noticed."""

_ATTEMPTS = 3
"""How often the views are brought to the catalog's state in one go."""


class Upkeep:
    """Keeps the views of a collection near its catalog.

    Searches never wait for it: a view that is behind finds what it knows, and each hit is looked
    up in the catalog.

    Args:
        catalog: The truth.
        searcher: Holds the views.
    """

    def __init__(self, catalog: Catalog, searcher: Searcher) -> None:
        self._catalog = catalog
        self._searcher = searcher
        self._stopping = threading.Event()
        self._caught_up = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="views", daemon=True)

    def start(self) -> None:
        """Begin; the thread ends when `stop` is called."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the step that is being done."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        failed = False
        while not self._stopping.is_set():
            try:
                catch_up(self._catalog, self._searcher)
                with self._caught_up:
                    self._caught_up.notify_all()
                if self._searcher.vectors.wants_merge:
                    self._searcher.vectors.merge()
                failed = False
            except PinciteError as error:
                # The same is told to whoever searches; the log needs it once.
                if not failed:
                    _LOG.warning("Views of %s: %s", self._catalog.path, error)
                failed = True
            self._stopping.wait(_POLL_SECONDS)

    def wait(self, generation: int, seconds: float) -> None:
        """Return when the views show a generation.

        Args:
            generation: Which.
            seconds: How long to wait at most.

        Raises:
            ViewsBehind: They don't show it in time.
        """
        deadline = time.monotonic() + seconds
        with self._caught_up:
            while self._searcher.generation() < generation:
                left = deadline - time.monotonic()
                if left <= 0 or not self._caught_up.wait(left):
                    raise ViewsBehind(
                        f"The search shows generation {self._searcher.generation()}, not "
                        f"{generation}, after {seconds:g} s.",
                        "Ask again later, or without 'min_generation'.",
                    )


def catch_up(catalog: Catalog, searcher: Searcher) -> None:
    """Bring both views to the catalog's present state.

    What another process is writing to the lexical one is taken over the next time.
    """
    for _ in range(_ATTEMPTS):
        before = searcher.states()
        with catalog.snapshot() as snapshot:
            feed = searcher.feed(snapshot)
            present = (feed.state(), feed.state())
            if before == present:
                return
            searcher.vectors.catch_up(feed, before=before[0])
            searcher.lexical.refresh(feed)
            if searcher.lexical.state != feed.state():
                # What is ahead of this feed may be of another history: the next one tells.
                searcher.lexical.catch_up(feed)
        if searcher.states() == present:
            return
