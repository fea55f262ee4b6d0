"""Long work of the command line gives way to the questions that a server is asked meanwhile."""

from __future__ import annotations

import os

LOW = 10
"""Niceness: beside questions it gets a tenth of a core that both want."""


def give_way() -> None:
    """Lower the priority of this thread and of those that it starts; to be called first of all.

    Does nothing on systems without niceness.
    """
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(LOW, os.getpriority(os.PRIO_PROCESS, 0)))
