"""Which files need not be read again: neither they nor their documents have changed since."""

from __future__ import annotations

from typing import NamedTuple

from index.catalog import Catalog
from index.files import Source
from index.text.reading import file_times


class Look(NamedTuple):
    """How a file was found.

    Attributes:
        source: Where, with its sidecar.
        times: What changes with the two, if they are settled; empty if that couldn't be told.
        settled: Both have been left alone for a while.
    """

    source: Source
    times: tuple[int, ...]
    settled: bool


class _Mark(NamedTuple):
    """How a file was when it was put in, and what wrote its document's current revision."""

    look: Look
    generation: int | None


class Marks:
    """What the documents of one catalog were made of; of no other one."""

    def __init__(self) -> None:
        self._catalog_id: str | None = None
        self._marks: dict[str, _Mark] = {}

    def written(self, catalog: Catalog | None) -> dict[str, int]:
        """A catalog's documents, each with the generation that wrote its current revision.

        Forgets everything if it isn't the catalog that was asked about before.
        """
        if catalog is None:
            return {}
        with catalog.snapshot() as snapshot:
            catalog_id = snapshot.catalog_id()
            if catalog_id != self._catalog_id:
                self._catalog_id, self._marks = catalog_id, {}
            return {
                row["document_id"]: row["generation"]
                for row in snapshot.rows(
                    "SELECT documents.document_id, generation "
                    "FROM documents JOIN revisions USING (revision_id)"
                )
            }

    def hold(self, look: Look, generation: int | None) -> bool:
        """Whether a file and its document are as they were noted.

        Args:
            look: How the file is now.
            generation: What wrote the document's current revision; None if there is no such one.
        """
        mark = self._marks.get(look.source.document_id)
        return look.settled and mark == (look, generation)

    def is_changing(self, look: Look) -> bool:
        """Whether a file was being changed when it was noted, and is still."""
        mark = self._marks.get(look.source.document_id)
        return (
            mark is not None
            and not mark.look.settled
            and not look.settled
            and mark.look.times != look.times
        )

    def note(self, look: Look, generation: int | None) -> None:
        """Note how a file is; the arguments are those of `hold`.

        It is to be looked at before it is read: what changes afterwards is seen then.
        """
        self._marks[look.source.document_id] = _Mark(look, generation)


def written_by(catalog: Catalog, document_id: str) -> int | None:
    """The generation that wrote a document's current revision; None if there is no such one."""
    with catalog.snapshot() as snapshot:
        rows = snapshot.rows(
            "SELECT generation FROM documents JOIN revisions USING (revision_id) "
            "WHERE documents.document_id = ?",
            (document_id,),
        )
        return rows[0]["generation"] if rows else None


def look_at(source: Source) -> Look:
    """How a file and its sidecar are now."""
    paths = [source.path] if source.sidecar is None else [source.path, source.sidecar]
    try:
        found = [file_times(path) for path in paths]
    except OSError:
        return Look(source, (), settled=False)
    return Look(
        source,
        tuple(value for times in found for value in times.values),
        all(times.settled for times in found),
    )
