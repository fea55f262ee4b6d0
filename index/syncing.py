"""A collection made to hold exactly a folder's documents.

A pass surveys the folder, puts in what is new or has changed, and erases what isn't there any more.
Passes follow each other until one changes nothing, so the last look at the folder comes after the
last write: a file that changed while it was put in, or that came back while its document was
erased, ends as it is in the folder, also when several processes do the same at once. A file that
changes in every pass, such as a log, is left after a few of them, and reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from index.catalog import Catalog
from index.errors import DocumentError, EmptyFolder, UnusableFolder
from index.faults import reach
from index.file_ingest import FileIngester, Progress
from index.files import Source, Survey, find_sources, read_document
from index.ingest import Ingester, Outcome
from index.sync_report import SyncCourse, SyncReport, SyncStopped
from index.text.reading import display_name, real_path

_MOST_PASSES = 3
"""What the last pass has written is reported as changing: each pass can keep one more revision of
a file, and nobody would look at it after the last one."""


class Syncer:
    """Makes a collection hold exactly a folder's documents, as often as it is asked to.

    Files that haven't changed since they were put in by the same syncer are not read again. One
    that an earlier run has put in while it was being changed, and that is still, is left for a
    later run.

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
        self._files = FileIngester(open_ingester, max_bytes=max_bytes, catalog=catalog)
        self._max_bytes = max_bytes
        self._allow_empty = allow_empty

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
        self._files.begin()
        course = SyncCourse(self._files.written(), should_stop)
        try:
            survey = self._survey()
            on_start(sum(source.size for source in survey.sources))
            changed = self._pass(course, survey, on_progress, may_wait=True)
            for _ in range(_MOST_PASSES - 1):
                if not changed:
                    break
                changed = self._pass(course, self._survey(), _unheard, may_wait=False)
            course.changing(changed)
            if self._files.finish():
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
        present = self._files.written()
        course = SyncCourse(dict(present), lambda: False)
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
            if self._files.catalog is not None:
                with self._files.catalog.snapshot() as snapshot:
                    if snapshot.is_unchanged(document, snapshot.embedder() or ""):
                        outcome = "unchanged"
            course.put(document.document_id, outcome, None)
        for document_id in course.gone(present):
            course.removed(document_id)
        return self._report(course)

    def _survey(self) -> Survey:
        """What the folder holds, if it can be looked through and isn't suspiciously empty."""
        try:
            is_folder = real_path(self._folder).is_dir()
        except DocumentError as error:
            raise UnusableFolder(error.message, error.remedy) from error
        if not is_folder:
            raise UnusableFolder(
                f"{display_name(self._folder)!r} isn't a folder.",
                "Name a folder; put a file in with pincite index.",
            )
        survey = find_sources([self._folder], max_bytes=self._max_bytes)
        for failure in survey.failures:
            if failure.place == "":
                raise UnusableFolder(failure.error.message, failure.error.remedy)
        if not survey.sources and not self._allow_empty:
            raise EmptyFolder(
                f"There is no document in {display_name(self._folder)!r}, so the collection would "
                "lose all of its own.",
                "See that the folder is the right one and its disk is there; if it is to be empty, "
                "say --allow-empty.",
            )
        return survey

    def _pass(
        self, course: SyncCourse, survey: Survey, on_progress: Progress, *, may_wait: bool
    ) -> set[str]:
        """Bring the collection to what a survey saw; returns which documents that changed."""
        present = self._files.written()
        course.begin_pass(survey)
        changed = set()
        for source in survey.sources:
            course.check()
            try:
                if self._put(course, source, present, on_progress, may_wait=may_wait):
                    changed.add(source.document_id)
            except DocumentError as error:
                course.fail(source, error)
            on_progress(source, 1.0)
        for document_id in course.gone(present):
            course.check()
            catalog = self._files.ingester().catalog
            catalog.remove(document_id, written=course.written(document_id))
            if self._files.written_by(document_id) is None:
                course.removed(document_id)
                changed.add(document_id)
        return changed

    def _put(
        self,
        course: SyncCourse,
        source: Source,
        present: Mapping[str, int],
        on_progress: Progress,
        *,
        may_wait: bool,
    ) -> bool:
        """Put a file in, unless it and its document are as they were; returns whether it was."""
        document_id = source.document_id
        if course.is_changing(document_id):
            return False

        def advance(fraction: float) -> None:
            course.check()
            on_progress(source, fraction)

        put = self._files.put(source, present.get(document_id), advance, may_wait=may_wait)
        course.warn(put.warnings)
        if put.outcome == "changing":
            course.changing([document_id])
            return False
        written = put.outcome != "unchanged"
        course.put(document_id, put.outcome, put.generation if written else None)
        return written

    def _report(self, course: SyncCourse) -> SyncReport:
        return course.report(self._files.written(), self._files.generation())


def _unheard(_source: Source, _fraction: float) -> None:
    """Progress of the passes that see to it that nothing is left to do."""
