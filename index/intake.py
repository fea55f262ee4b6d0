"""Files and folders put into a collection, once or whenever they change; nothing is removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from index.errors import DocumentError, UnreadableDocument
from index.faults import reach
from index.file_ingest import FileIngester, Progress
from index.files import Failure, Source, find_sources
from index.ingest import Ingester, IngestReport, Problem
from index.text.reading import display_name


class _Stopped(Exception):
    """The run is to end; what is half done is not committed."""


class Intake:
    """Puts files, and folders with all they hold, into a collection, as often as it is asked to.

    A file that can't go in is reported; the others still go in. Files that haven't changed since
    they were put in by the same intake, nor have their documents, are not read again. A file that
    was being changed when it was put in, and is still, is left for a later run. Nothing is
    removed.

    Args:
        open_ingester: Makes what puts them in; called when the first document has been read, so
            that a run of which nothing can go in makes no collection.
        paths: Files and folders.
        max_bytes: Limit of a file's size.
    """

    def __init__(
        self, open_ingester: Callable[[], Ingester], paths: Sequence[Path], *, max_bytes: int
    ) -> None:
        self._files = FileIngester(open_ingester, max_bytes=max_bytes)
        self._paths = paths
        self._max_bytes = max_bytes
        self._met: set[Path] = set()

    def run(
        self,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        on_start: Callable[[int], None] = lambda _: None,
        on_progress: Progress = lambda *_: None,
    ) -> IngestReport:
        """Put in what is new or has changed.

        Args:
            should_stop: Asked often; if true, the run ends soon. What was committed stays, and the
                next run completes it.
            on_start: Called with the number of bytes to read.
            on_progress: Called with a file and the fraction of it that is done.

        Raises:
            CatalogError: The collection can't be written; what was committed stays.
            ModelError: The embedder can't be loaded, or fails.
        """
        survey = find_sources(self._paths, max_bytes=self._max_bytes)
        report = IngestReport(
            failed=self._missing_or(survey.failures),
            skipped=[f"{skipped.name}: {skipped.reason}" for skipped in survey.skipped],
        )
        self._files.begin()
        written = self._files.written()
        on_start(sum(source.size for source in survey.sources))

        def check() -> None:
            if should_stop():
                raise _Stopped

        def advance(source: Source, fraction: float) -> None:
            check()
            on_progress(source, fraction)

        with suppress(_Stopped):
            for source in survey.sources:
                check()
                try:
                    self._put(source, written.get(source.document_id), report, advance)
                except DocumentError as error:
                    report.failed.append(Problem.of(display_name(source.path), error))
                    on_progress(source, 1.0)
            if self._files.finish():
                reach("ingest.all_committed")
        report.generation = self._files.generation()
        return report

    def _put(
        self, source: Source, written: int | None, report: IngestReport, advance: Progress
    ) -> None:
        """Put a file in, unless it and its document are as they were."""
        put = self._files.put(source, written, partial(advance, source), may_wait=True)
        report.warnings += put.warnings
        {
            "added": report.added,
            "replaced": report.replaced,
            "unchanged": report.unchanged,
            "changing": report.changing,
        }[put.outcome].append(source.document_id)

    def _missing_or(self, failures: Sequence[Failure]) -> list[Problem]:
        """Failures as they are told: what was there in an earlier run has vanished."""
        there = {path for path in self._paths if path.exists()}
        vanished = {display_name(path) for path in self._met - there}
        self._met |= there
        return [
            Problem.of(failure.name, _gone(failure.name))
            if failure.name in vanished
            else Problem.of(failure.name, failure.error)
            for failure in failures
        ]


def _gone(name: str) -> UnreadableDocument:
    return UnreadableDocument(
        f"{name!r} isn't there any more; its documents stay in the collection.",
        "Put it back, or take its documents out: pincite remove.",
    )


def ingest_paths(
    open_ingester: Callable[[], Ingester],
    paths: Sequence[Path],
    *,
    max_bytes: int,
    on_start: Callable[[int], None] = lambda _: None,
    on_progress: Progress = lambda *_: None,
) -> IngestReport:
    """Put files, and folders with all they hold, into a collection, once; see `Intake`."""
    intake = Intake(open_ingester, paths, max_bytes=max_bytes)
    return intake.run(on_start=on_start, on_progress=on_progress)
