"""How two quotes stand to each other."""

from __future__ import annotations

from typing import Literal

Comparison = Literal["same", "compatible", "incompatible", "unrelated"]
"""They say the same; one says more, or more precisely; they can't both be true; none is known."""
