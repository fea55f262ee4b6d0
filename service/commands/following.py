"""`pincite index --watch`, and what commands that stay have in common.

They follow files until they are told to end.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from index.collection import CollectionStore
from index.errors import BusyCatalog, CatalogError, DocumentError, PinciteError, SyncError
from index.ingest import IngestReport
from index.intake import Intake
from index.text.reading import SETTLED_SECONDS, real_path
from index.watching import watch_paths
from service import wiring
from service.commands.indexing import FileBar, WritingTo
from service.settings import Settings

_RETRY_SECONDS = 5.0
"""How soon what failed is tried again, if nothing changes."""


@dataclass(slots=True)
class Followed:
    """What came of following files, in all.

    Attributes:
        added: How often a document was added.
        replaced: How often one was replaced.
        failed: How many files can't go in, at the end.
        generation: The catalog's generation at the end; None if nothing could go in.
    """

    added: int = 0
    replaced: int = 0
    failed: int = 0
    generation: int | None = None

    def count(self, report: IngestReport) -> None:
        """Count what came of one run."""
        self.added += len(report.added)
        self.replaced += len(report.replaced)
        self.failed = len(report.failed)
        self.generation = report.generation


def follow_paths(
    settings: Settings,
    paths: Sequence[Path],
    collection: str,
    *,
    show_progress: bool,
    on_report: Callable[[IngestReport], None],
    on_error: Callable[[PinciteError], None],
) -> Followed:
    """Put files and folders into a collection, again whenever they change; removes nothing.

    Ends at SIGINT and SIGTERM, after the batch of passages that is being embedded; a second one
    ends it at once. What goes wrong is told and tried again; see `follow`.

    Args:
        settings: Where the collections are, which embedder, how large a file may be.
        paths: Files and folders; they must be there at the beginning.
        collection: The collection's name.
        show_progress: Draw a progress bar of the first run on standard error.
        on_report: Called after the first run, and after each that changed or found something.
        on_error: Called when a run fails, unless it failed in the same way before.

    Raises:
        PinciteError: A path isn't there; the first run failed, and not since another process
            writes; or the embedder does.
    """
    for path in paths:
        real_path(path)
    followed = Followed()
    with open_followed(settings) as store, stopping() as should_stop:
        target = WritingTo(settings, store, collection)
        intake = Intake(target.open_ingester, paths, max_bytes=settings.max_bytes)
        last: IngestReport | None = None

        def index(recovered: bool) -> bool:
            nonlocal last
            with FileBar("indexing", show=show_progress and last is None) as bar:
                report = intake.run(
                    should_stop=should_stop, on_start=bar.start, on_progress=bar.advance
                )
            target.open_views()
            followed.count(report)
            changed = bool(report.added or report.replaced)
            if last is None or recovered or changed or report.failed != last.failed:
                on_report(report)
            last = report
            return bool(report.changing)

        follow(watch_paths(paths, should_stop, ignored=settings.data_dir), index, on_error)
        target.save_views()
    return followed


def follow(
    words: Iterable[bool],
    run: Callable[[bool], bool],
    on_error: Callable[[PinciteError], None],
) -> None:
    """Do something at the beginning and whenever files may have changed.

    What goes wrong is told and tried again, so that a folder may vanish and come back, and another
    process may write for long.

    Args:
        words: Says whether something may have changed; often, also while nothing does. What
            changes while something is done is told by the next word.
        run: What to do; called with whether it failed the last time. Returns whether it has left
            files alone that are being changed: it is done again once they may have settled.
        on_error: Called when it fails, unless it failed in the same way before.

    Raises:
        PinciteError: It failed the first time, and not since another process writes; or the
            embedder does.
    """
    began = False
    failed: str | None = None
    again_at = math.inf
    for changed in words:
        if not changed and time.monotonic() < again_at:
            continue
        try:
            left = run(failed is not None)
        except (DocumentError, SyncError, CatalogError) as error:
            if not began and not isinstance(error, BusyCatalog):
                raise
            if str(error) != failed:
                on_error(error)
            failed, again_at = str(error), time.monotonic() + _RETRY_SECONDS
        else:
            began, failed = True, None
            again_at = time.monotonic() + SETTLED_SECONDS if left else math.inf


def open_followed(settings: Settings) -> CollectionStore:
    """Collections whose writes wait for other processes no longer than until they are retried."""
    seconds = min(settings.busy_seconds, _RETRY_SECONDS)
    return wiring.open_collections(settings.model_copy(update={"busy_seconds": seconds}), live=True)


@contextmanager
def stopping() -> Iterator[Callable[[], bool]]:
    """Gives a question that is answered with yes once SIGINT or SIGTERM asks the process to end.

    A second one ends it at once.
    """
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    before = {each: signal.signal(each, ask) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
