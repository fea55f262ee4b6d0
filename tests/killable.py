"""Runs code in a process of its own that a named fault point may kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import index.faults

TESTS = Path(__file__).parent
# The process is to run the very code that is imported here, wherever another may be installed.
CODE = Path(index.faults.__file__).parents[1]


def run_killed(code: str, *arguments: object, fault: str) -> None:
    """Run Python code that dies at a fault point, `name` or `name:N`."""
    assert run_faulty(code, *arguments, fault=fault) == -signal.SIGKILL, f"{fault} is not reached"


def run_faulty(code: str, *arguments: object, fault: str) -> int:
    """Run Python code that dies at a fault point, if it gets there; returns the exit status."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PINCITE_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=inherited | {"PYTHONPATH": f"{TESTS}{os.pathsep}{CODE}", "PINCITE_FAULT": fault},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.stderr == "", done.stderr
    return done.returncode
