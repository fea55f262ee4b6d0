"""Waiting for what another thread or process does, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 60.0
"""More than anything that is waited for takes, on a busy machine too."""


def until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Return once a condition holds; fail if it doesn't in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:g} s"
