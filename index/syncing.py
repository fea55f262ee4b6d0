"""A collection made to hold exactly a folder's documents.

A pass surveys the folder, puts in what is new or has changed, and erases what isn't there any more.
Passes follow each other until one changes nothing, so the last look at the folder comes after the
last write: a file that changed while it was put in, or that came back while its document was
erased, ends as it is in the folder, also when several processes do the same at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from index.catalog import Catalog
from index.errors import DocumentError, EmptyFolder, UnusableFolder
from index.faults import reach
from index.files import Source, Survey, find_sources, read_document
from index.ingest import Ingester, Outcome
from index.marks import Marks, source_times, written_by
from index.sync_report import SyncCourse, SyncReport, SyncStopped
from index.text.reading import display_name, real_path

Progress = Callable[[Source, float], None]


class Syncer:
    """Makes a collection hold exactly a folder's documents, as often as it is asked to.

    Files that haven't changed since they were put in by the same syncer are not read again.

    Args:
        folder: The folder.
        catalog: The collection's catalog; None if there is no such collection yet.
        open_ingester: Makes what writes to the collection, and the collection if there is none;
            called when the first document has been read, or is to be erased.
        max_bytes: Limit of a file's size.
        allow_empty: Take a folder without documents for what is meant, not for a disk that isn't
            there.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Catalog | None,
        open_ingester: Callable[[], Ingester],
        *,
        max_bytes: int,
        allow_empty: bool = False,
    ) -> None:
        self._folder = folder
        self._catalog = catalog
        self._open_ingester = open_ingester
        self._max_bytes = max_bytes
        self._allow_empty = allow_empty
        self._ingester: Ingester | None = None
        self._marks = Marks()

    def run(
        self,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        on_start: Callable[[int], None] = lambda _: None,
        on_progress: Progress = lambda *_: None,
    ) -> SyncReport:
        """Bring the collection to what the folder holds.

        A document that another process writes meanwhile, and of which the folder has no file, is
        left for the next run.

        Args:
            should_stop: Asked often; if true, the run ends soon. What was committed stays, and the
                next run completes it.
            on_start: Called with the number of bytes to read.
            on_progress: Called with a file and the fraction of it that is done.

        Raises:
            SyncError: The folder is missing, is none, or can't be read; or it is empty, and that
                isn't allowed.
            CatalogError: The collection can't be written; what was committed stays.
            ModelError: The embedder can't be loaded, or fails.
        """
        if self._ingester is not None and not self._ingester.catalog.is_in_place():
            # Deleted or replaced since the last run.
            self._ingester = None
            self._opened()
        course = SyncCourse(self._folder, self._present(), should_stop)
        try:
            survey = self._survey()
            on_start(sum(source.size for source in survey.sources))
            while self._pass(course, survey, on_progress):
                survey = self._survey()
                on_progress = _unheard
            if self._ingester is not None:
                self._ingester.refresh()
                reach("sync.all_committed")
        except SyncStopped:
            pass
        return self._report(course)

    def plan(self) -> SyncReport:
        """What `run` would do now; writes nothing and needs no embedder.

        Raises:
            SyncError: As from `run`.
            CatalogError: The collection can't be read.
        """
        present = self._present()
        course = SyncCourse(self._folder, dict(present), lambda: False)
        survey = self._survey()
        course.begin_pass(survey)
        for source in survey.sources:
            try:
                document, warnings = read_document(source, max_bytes=self._max_bytes)
            except DocumentError as error:
                course.fail(source, error)
                continue
            course.warn(warnings)
            outcome: Outcome = "replaced" if document.document_id in present else "added"
            if self._catalog is not None:
                with self._catalog.snapshot() as snapshot:
                    if snapshot.is_unchanged(document, snapshot.embedder() or ""):
                        outcome = "unchanged"
            course.put(document.document_id, outcome, None)
        for document_id in course.gone(present):
            course.removed(document_id)
        return self._report(course)

    def _survey(self) -> Survey:
        """What the folder holds, if it can be looked through and isn't suspiciously empty."""
        shown = display_name(self._folder)
        try:
            is_folder = real_path(self._folder).is_dir()
        except DocumentError as error:
            raise UnusableFolder(error.message, error.remedy) from error
        if not is_folder:
            raise UnusableFolder(
                f"{shown!r} isn't a folder.", "Name a folder; put a file in with pincite index."
            )
        survey = find_sources([self._folder], max_bytes=self._max_bytes)
        for failure in survey.failures:
            if failure.name == shown:
                raise UnusableFolder(failure.error.message, failure.error.remedy)
        if not survey.sources and not self._allow_empty:
            raise EmptyFolder(
                f"There is no document in {shown!r}, so the collection would lose all of its own.",
                "See that the folder is the right one and its disk is there; if it is to be empty, "
                "say --allow-empty.",
            )
        return survey

    def _pass(self, course: SyncCourse, survey: Survey, on_progress: Progress) -> bool:
        """Bring the collection to what a survey saw; returns whether that changed anything."""
        present = self._present()
        course.begin_pass(survey)
        changed = False
        for source in survey.sources:
            course.check()
            try:
                outcome = self._put(course, source, present.get(source.document_id), on_progress)
            except DocumentError as error:
                course.fail(source, error)
                outcome = "unchanged"
            on_progress(source, 1.0)
            changed |= outcome != "unchanged"
        for document_id in course.gone(present):
            course.check()
            self._opened().catalog.remove(document_id, written=course.written(document_id))
            if self._written(document_id) is None:
                course.removed(document_id)
                changed = True
        return changed

    def _put(
        self, course: SyncCourse, source: Source, written: int | None, on_progress: Progress
    ) -> Outcome:
        """Put a file in, unless it and its document are as they were.

        Args:
            course: Of the sync.
            source: The file.
            written: The generation that wrote its document; None if there is no such one.
            on_progress: As for `run`.
        """
        document_id = source.document_id
        # Looked at before the file is read: what changes afterwards is seen by the next pass.
        times = source_times(source)
        if self._marks.hold(source, times, written):
            course.put(document_id, "unchanged", None)
            return "unchanged"
        document, warnings = read_document(source, max_bytes=self._max_bytes)
        course.warn(warnings)

        def advance(fraction: float) -> None:
            course.check()
            on_progress(source, fraction)

        outcome = self._opened().put(document, advance)
        if outcome != "unchanged":
            written = self._written(document_id)
        course.put(document_id, outcome, None if outcome == "unchanged" else written)
        self._marks.note(source, times, written)
        return outcome

    def _opened(self) -> Ingester:
        if self._ingester is None:
            self._ingester = self._open_ingester()
            self._catalog = self._ingester.catalog
            self._marks.written(self._catalog)
        return self._ingester

    def _present(self) -> dict[str, int]:
        """The collection's documents, each with the generation that wrote its current revision."""
        return self._marks.written(self._catalog)

    def _written(self, document_id: str) -> int | None:
        """The generation that wrote a document's current revision; None if there is none."""
        return None if self._catalog is None else written_by(self._catalog, document_id)

    def _report(self, course: SyncCourse) -> SyncReport:
        generation = None if self._catalog is None else self._catalog.generation()
        return course.report(self._present(), generation)


def _unheard(_source: Source, _fraction: float) -> None:
    """Progress of the passes that see to it that nothing is left to do."""
