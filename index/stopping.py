"""Long work that can be told to end before it is done."""

from __future__ import annotations

from collections.abc import Callable

Check = Callable[[], None]
"""Called between the parts of long work; raises what is to end it."""


class Stopped(Exception):
    """Work was told to end; not an error, and seen only by who told it."""


def go_on() -> None:
    """A check that ends nothing."""
