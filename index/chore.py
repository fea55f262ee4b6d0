"""A step that is done again and again in a thread of its own, less often while it fails."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from index.errors import CatalogError, PinciteError
from index.stopping import Check, Stopped

_LOG = logging.getLogger(__name__)

POLL_SECONDS = 0.1
"""From the end of a step to the next one."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds from a step that failed to the next: the first; twice as many each time; at most."""


class Chore:
    """Does a step again and again until it is ended.

    Args:
        name: What the thread is called.
        subject: What the step is for, as the log is to name it.
        do: The step. It gets a check, to be called between its parts.
    """

    def __init__(self, name: str, subject: object, do: Callable[[Check], None]) -> None:
        self._subject = subject
        self._do = do
        self._ending = threading.Event()
        self._pause = FIRST_PAUSE
        self._problem: PinciteError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def problem(self) -> PinciteError | None:
        """Why the last step failed; None if it didn't."""
        return self._problem

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def end(self) -> None:
        """Have it end at its step's next check; returns at once."""
        self._ending.set()

    def join(self) -> None:
        """Return when it has ended, or if it never began."""
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._ending.wait(self.step())
        except Stopped:
            pass

    def step(self) -> float:
        """Do the step once.

        Returns:
            Seconds until it is to be done again.

        Raises:
            Stopped: It was ended.
        """
        try:
            self._do(self._check)
        except Stopped:
            raise
        except PinciteError as error:
            if self._problem is None:
                # The log needs it once.
                _LOG.warning("%s: %s", self._subject, error)
            self._problem = error
        except Exception as error:
            if self._problem is None:
                _LOG.exception("%s", self._subject)
            self._problem = CatalogError(
                f"{self._subject}: {error!r}.",
                "This is likely a defect of Pincite: please report it.",
            )
        else:
            self._problem, self._pause = None, FIRST_PAUSE
            return POLL_SECONDS
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        return pause

    def _check(self) -> None:
        if self._ending.is_set():
            raise Stopped
