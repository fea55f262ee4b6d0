"""What a sync has done so far, and the report of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from index.errors import DocumentError
from index.files import Source, Survey
from index.ingest import IngestReport, Outcome, Problem
from index.text.reading import display_name


@dataclass(slots=True)
class SyncReport(IngestReport):
    """What became of the files of a folder and of the collection's documents.

    Attributes:
        removed: Documents that were erased.
        kept: Documents that stay as they were: their files are there, but can't go in.
        generation: The catalog's generation at the end; None if there is no collection.
    """

    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether the collection isn't what it was."""
        return bool(self.added or self.replaced or self.removed)


class SyncStopped(Exception):
    """The sync is to end; what is half done is not committed."""


class SyncCourse:
    """The course of one sync, over several passes.

    Args:
        held: Documents of the collection at the beginning, each with the generation that wrote its
            current revision.
        should_stop: Whether the sync is to end.
    """

    def __init__(self, held: dict[str, int], should_stop: Callable[[], bool]) -> None:
        self._held = held
        self._should_stop = should_stop
        self._outcomes: dict[str, Outcome | Literal["removed"]] = {}
        self._warnings: dict[str, None] = {}
        self._survey = Survey((), (), ())
        self._failed: list[Problem] = []
        self._unreadable: set[str] = set()
        self._changing: set[str] = set()

    def check(self) -> None:
        """Go on, unless the sync is to end.

        Raises:
            SyncStopped: It is.
        """
        if self._should_stop():
            raise SyncStopped

    def begin_pass(self, survey: Survey) -> None:
        """Forget what couldn't go in before: the files of this survey are tried anew."""
        self._survey = survey
        self._failed = [Problem.of(failure.name, failure.error) for failure in survey.failures]
        self._unreadable = {
            failure.place for failure in survey.failures if failure.place is not None
        }

    def warn(self, warnings: Iterable[str]) -> None:
        """Note warnings; each is told once."""
        self._warnings.update(dict.fromkeys(warnings))

    def fail(self, source: Source, error: DocumentError) -> None:
        """Note that a file can't go in."""
        self._failed.append(Problem.of(display_name(source.path), error))
        self._unreadable.add(source.document_id)

    def changing(self, document_ids: Iterable[str]) -> None:
        """Note that files go on changing: no more is done about them."""
        self._changing.update(document_ids)

    def is_changing(self, document_id: str) -> bool:
        """Whether that was noted of a document's file."""
        return document_id in self._changing

    def put(self, document_id: str, outcome: Outcome, generation: int | None) -> None:
        """Note what became of a document, and what wrote it if this sync did."""
        if generation is not None:
            self._held[document_id] = generation
        before = self._outcomes.get(document_id)
        if outcome == "unchanged":
            self._outcomes.setdefault(document_id, outcome)
        elif before == "removed":
            self._outcomes[document_id] = "replaced"
        elif before != "added":
            self._outcomes[document_id] = outcome

    def removed(self, document_id: str) -> None:
        """Note that a document was erased."""
        if self._outcomes.pop(document_id, None) != "added":
            self._outcomes[document_id] = "removed"

    def gone(self, present: dict[str, int]) -> list[str]:
        """Documents to erase, in order.

        Args:
            present: What the collection holds now, like `held`. What has been written by others
                since the beginning is not to be erased.
        """
        found = {source.document_id for source in self._survey.sources}
        return sorted(
            document_id
            for document_id, generation in present.items()
            if document_id not in found
            and generation == self._held.get(document_id)
            and not self._is_unreadable(document_id)
        )

    def written(self, document_id: str) -> int:
        """The generation that a document to erase was written by."""
        return self._held[document_id]

    def _is_unreadable(self, document_id: str) -> bool:
        # An id is a path; a folder that can't be read stands for all that was found in it.
        path = PurePosixPath(document_id)
        return any(str(place) in self._unreadable for place in (path, *path.parents))

    def report(self, present: dict[str, int], generation: int | None) -> SyncReport:
        """What was done.

        Args:
            present: What the collection holds at the end.
            generation: The catalog's generation.
        """
        return SyncReport(
            changing=sorted(self._changing),
            failed=self._failed,
            skipped=[f"{skipped.name}: {skipped.reason}" for skipped in self._survey.skipped],
            warnings=list(self._warnings),
            kept=sorted(filter(self._is_unreadable, present)),
            generation=generation,
            **{
                outcome: sorted(i for i, became in self._outcomes.items() if became == outcome)
                for outcome in ("added", "replaced", "unchanged", "removed")
            },
        )
