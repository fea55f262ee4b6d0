"""Short lines that have to be counted again, in how many documents each stands."""

from __future__ import annotations

import threading
from collections.abc import Set


class Recount:
    """The lines that a catalog's writes have made worth counting, as long as nobody else writes.

    Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: set[int] = set()
        self._generation: int | None = None

    def add(self, keys: Set[int], generation: int) -> None:
        """Count these too.

        Args:
            keys: Of the lines.
            generation: The catalog's, which the write has raised by one.
        """
        with self._lock:
            if self._generation == generation - 1:
                self._keys.update(keys)
                self._generation = generation
            else:
                self._generation = None

    def pending(self, generation: int) -> Set[int] | None:
        """Keys of the lines to count.

        Args:
            generation: The catalog's, when they are counted.

        Returns:
            None for all lines: it isn't known what others have written.
        """
        with self._lock:
            return frozenset(self._keys) if self._generation == generation else None

    def settle(self, generation: int) -> None:
        """Take note that they were counted, and nothing was wrong, in this generation."""
        with self._lock:
            # Else there are lines that were written since.
            if self._generation is None or self._generation <= generation:
                self._keys, self._generation = set(), generation
