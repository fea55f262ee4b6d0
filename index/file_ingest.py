"""Files put into a collection as often as somebody wants to, and read only if need be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from index.catalog import Catalog
from index.files import Source, read_document
from index.ingest import Ingester, Outcome
from index.marks import Marks, look_at, written_by

Progress = Callable[[Source, float], None]
"""Called with a file and the fraction of it that is done."""


class FilePut(NamedTuple):
    """What became of a file.

    Attributes:
        outcome: As of `Ingester.put`; or `changing`: it is left alone.
        warnings: For a person.
        generation: What wrote its document's current revision; None if there is no such one.
    """

    outcome: Outcome | Literal["changing"]
    warnings: list[str]
    generation: int | None


class FileIngester:
    """Puts files into a collection, which is made when the first has been read.

    Files that haven't changed since it put them in, nor have their documents, are not read again.

    Args:
        open_ingester: Makes what writes to the collection, and the collection if there is none.
        max_bytes: Limit of a file's size.
        catalog: The collection's catalog, if it is open.
    """

    def __init__(
        self,
        open_ingester: Callable[[], Ingester],
        *,
        max_bytes: int,
        catalog: Catalog | None = None,
    ) -> None:
        self.catalog = catalog
        self._open_ingester = open_ingester
        self._max_bytes = max_bytes
        self._ingester: Ingester | None = None
        self._marks = Marks()

    def begin(self) -> None:
        """Be ready for another run, also if the collection was deleted or replaced since."""
        if self.catalog is not None and not self.catalog.is_in_place():
            self._ingester = None
            self.ingester()

    def ingester(self) -> Ingester:
        """What writes to the collection."""
        if self._ingester is None:
            self._ingester = self._open_ingester()
            self.catalog = self._ingester.catalog
            self._marks.written(self.catalog)
        return self._ingester

    def written(self) -> dict[str, int]:
        """The collection's documents, each with the generation that wrote its current revision."""
        return self._marks.written(self.catalog)

    def written_by(self, document_id: str) -> int | None:
        """The generation that wrote a document's current revision; None if there is none."""
        return None if self.catalog is None else written_by(self.catalog, document_id)

    def put(
        self,
        source: Source,
        written: int | None,
        progress: Callable[[float], None],
        *,
        may_wait: bool,
    ) -> FilePut:
        """Put a file in, unless it and its document are as they were.

        Args:
            source: The file.
            written: What wrote its document's current revision, as from `written`.
            progress: Called with the fraction done.
            may_wait: Leave it alone if it was being changed when it was put in, and is still: a
                log that grows then costs a revision each time that it rests, and not each time
                that somebody looks.

        Raises:
            DocumentError: It can't go in.
            CatalogError: The collection can't be written.
            ModelError: The embedder can't be loaded, or fails.
        """
        # Looked at before the file is read: what changes afterwards is seen by the next look.
        look = look_at(source)
        if self._marks.hold(look, written):
            progress(1.0)
            return FilePut("unchanged", [], written)
        if may_wait and self._marks.is_changing(look):
            self._marks.note(look, written)
            progress(1.0)
            return FilePut("changing", [], written)
        document, warnings = read_document(source, max_bytes=self._max_bytes)
        outcome = self.ingester().put(document, progress)
        written = self.written_by(source.document_id)
        self._marks.note(look, written)
        return FilePut(outcome, warnings, written)

    def finish(self) -> bool:
        """Bring documents up to date that others' lines bear on; returns whether that was due."""
        if self._ingester is not None:
            self._ingester.refresh()
        return self._ingester is not None

    def generation(self) -> int | None:
        """The catalog's generation; None if there is no collection."""
        return None if self.catalog is None else self.catalog.generation()
