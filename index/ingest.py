"""The one write path: documents into a collection's catalog.

A document is segmented and embedded first, then committed in one transaction. Whether a short line
is debris can depend on how many documents hold it; documents that this changes are brought up to
date at the end, so that a collection's passages depend on its documents alone, not on their order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Self

from index.catalog import Catalog
from index.embedder import Embedder
from index.errors import DocumentError, PinciteError, UnreadableDocument
from index.faults import reach
from index.files import Failure, Source, find_sources, read_document
from index.marks import Marks, source_times, written_by
from index.preparing import prepare
from index.search import check_embedder
from index.snapshot import Snapshot
from index.text.debris import REPEATED_IN, candidate_lines
from index.text.reading import display_name
from index.types import Document

Outcome = Literal["added", "replaced", "unchanged"]

Progress = Callable[[Source, float], None]
"""Called with a file and the fraction of it that is done."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that didn't go in, and why."""

    name: str
    code: str
    message: str
    remedy: str

    @classmethod
    def of(cls, name: str, error: PinciteError) -> Self:
        """What an error says of a file."""
        return cls(name, error.code, error.message, error.remedy)


@dataclass(slots=True)
class IngestReport:
    """What became of the files of one run; each list holds document ids or file names.

    Attributes:
        generation: The catalog's generation at the end; None if there was nothing to put in, and
            so the collection was left alone.
    """

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    generation: int | None = None


class Ingester:
    """Puts documents into a catalog, and erases them from it.

    Args:
        catalog: Which.
        embedder: Makes the vectors.

    Raises:
        ModelMismatch: The catalog's vectors come from another embedder.
    """

    def __init__(self, catalog: Catalog, embedder: Embedder) -> None:
        check_embedder(catalog, embedder)
        self.catalog = catalog
        self._embedder = embedder

    def put(
        self, document: Document, progress: Callable[[float], None] = lambda _: None
    ) -> Outcome:
        """Put a document in, or replace the one of the same id; the same content is a no-op.

        Args:
            document: What to put in.
            progress: Called with the fraction done, up to 1.
        """
        with self.catalog.snapshot() as snapshot:
            unchanged = snapshot.is_unchanged(document, self._embedder.model_id)
            known = snapshot.has_document(document.document_id)
            lines = {} if unchanged else _lines(snapshot, document)
        if unchanged:
            progress(1.0)
            return "unchanged"
        self._write(document, lines, progress)
        return "replaced" if known else "added"

    def _write(
        self,
        document: Document,
        lines: Mapping[int, bool],
        progress: Callable[[float], None],
        *,
        replacing: int | None = None,
    ) -> None:
        repeated = {key for key, is_repeated in lines.items() if is_repeated}
        segmentation, vectors = prepare(document, repeated, self._embedder, progress)
        self.catalog.put(
            document,
            segmentation,
            vectors,
            embedder=self._embedder.model_id,
            lines=lines,
            replacing=replacing,
        )

    def remove(self, document_id: str) -> bool:
        """Erase a document with all its revisions; returns whether there was one."""
        with self.catalog.snapshot() as snapshot:
            known = snapshot.has_document(document_id)
        self.catalog.remove(document_id)
        return known

    def generation(self) -> int:
        """The catalog's generation."""
        return self.catalog.generation()

    def refresh(self) -> int:
        """Segment anew the documents whose repeated lines have changed, until there are none.

        Returns:
            How often one was.
        """
        count = 0
        # Other processes that write meanwhile can make documents outdated that weren't.
        while outdated := self._outdated():
            for document_id in outdated:
                self._refresh(document_id)
            count += len(outdated)
        return count

    def _outdated(self) -> list[str]:
        with self.catalog.snapshot() as snapshot:
            return snapshot.outdated_exclusions(minimum=REPEATED_IN)

    def _refresh(self, document_id: str) -> None:
        with self.catalog.snapshot() as snapshot:
            if not snapshot.has_document(document_id):
                return
            stored = snapshot.stored_document(document_id, with_source=True)
            lines = _lines(snapshot, stored.document)
        # Another process may have put a newer text in by the time this one is embedded.
        self._write(stored.document, lines, lambda _: None, replacing=stored.generation)


def _lines(snapshot: Snapshot, document: Document) -> dict[int, bool]:
    """Key of each short line of a document, and whether it is repeated across documents."""
    keys = candidate_lines(document.text)
    repeated = snapshot.repeated_lines(keys, document.document_id, minimum=REPEATED_IN)
    return {key: key in repeated for key in keys}


class _Stopped(Exception):
    """The run is to end; what is half done is not committed."""


class Intake:
    """Puts files, and folders with all they hold, into a collection, as often as it is asked to.

    A file that can't go in is reported; the others still go in. Files that haven't changed since
    they were put in by the same intake, nor have their documents, are not read again. Nothing is
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
        self._open_ingester = open_ingester
        self._paths = paths
        self._max_bytes = max_bytes
        self._ingester: Ingester | None = None
        self._marks = Marks()
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
        if self._ingester is not None and not self._ingester.catalog.is_in_place():
            self._ingester = None
        written = self._marks.written(None if self._ingester is None else self._ingester.catalog)
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
            if self._ingester is not None:
                self._ingester.refresh()
                reach("ingest.all_committed")
        if self._ingester is not None:
            report.generation = self._ingester.generation()
        return report

    def _put(
        self, source: Source, written: int | None, report: IngestReport, advance: Progress
    ) -> None:
        """Put a file in, unless it and its document are as they were."""
        times = source_times(source)
        if self._marks.hold(source, times, written):
            report.unchanged.append(source.document_id)
            advance(source, 1.0)
            return
        document, warnings = read_document(source, max_bytes=self._max_bytes)
        report.warnings += warnings
        if self._ingester is None:
            self._ingester = self._open_ingester()
            self._marks.written(self._ingester.catalog)
        outcome = self._ingester.put(document, partial(advance, source))
        listed: dict[Outcome, list[str]] = {
            "added": report.added,
            "replaced": report.replaced,
            "unchanged": report.unchanged,
        }
        listed[outcome].append(source.document_id)
        generation = written_by(self._ingester.catalog, source.document_id)
        self._marks.note(source, times, generation)

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
