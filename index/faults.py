"""Named points between durable steps, where a test may kill the process.

Set `PINCITE_FAULT` to one of `FAULT_POINTS`, and the process dies there as if its power were cut:
no cleanup runs, nothing is flushed. `name:N` dies at the N-th time that the point is reached.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

FAULT_POINTS = (
    "catalog.temporary_written",
    "catalog.linked",
    "catalog.migrated",
    "ingest.embedded",
    "catalog.begun",
    "catalog.revision_written",
    "catalog.passages_written",
    "catalog.vectors_written",
    "catalog.committed",
    "catalog.document_erased",
    "catalog.removed",
    "catalog.staged",
    "catalog.adopting",
    "catalog.adopted",
    "ingest.all_committed",
    "sync.all_committed",
    "reindex.done",
    "backup.written",
    "backup.in_place",
    "restore.prepared",
    "restore.copying",
    "restore.in_place",
    "restore.replaced",
    "view.temporary_written",
    "view.renamed",
    "lexical.added",
    "lexical.committed",
    "lexical.merged",
)

_reached: Counter[str] = Counter()


def reach(point: str) -> None:
    """Pass a fault point; doesn't return if the environment asks for the process to die here."""
    wanted = os.environ.get("PINCITE_FAULT")
    if wanted is None:
        return
    name, _, nth = wanted.partition(":")
    if name == point:
        _reached[point] += 1
        if _reached[point] == int(nth or 1):
            os.kill(os.getpid(), signal.SIGKILL)
