"""The command line as a process of its own, whatever the tester's settings are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PINCITE = Path(sys.executable).with_name("pincite")


def environment(**settings: object) -> dict[str, str]:
    """The environment without the tester's own settings, and these PINCITE_* ones."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PINCITE_")}
    return inherited | {f"PINCITE_{k.upper()}": str(v) for k, v in settings.items()}
