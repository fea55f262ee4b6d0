"""Which files need not be read again: neither they nor their documents have changed since."""

from __future__ import annotations

from typing import NamedTuple

from index.catalog import Catalog
from index.files import Source
from index.text.reading import file_times


class _Mark(NamedTuple):
    """What a document was made of, and its state since.

    Attributes:
        source: Where the file was found, with its sidecar.
        times: Of the file and of its sidecar.
        generation: What wrote the document's current revision.
    """

    source: Source
    times: tuple[int, ...]
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

    def hold(self, source: Source, times: tuple[int, ...], generation: int | None) -> bool:
        """Whether a file and its document are as they were noted.

        Args:
            source: The file.
            times: From `source_times`.
            generation: What wrote the document's current revision; None if there is no such one.
        """
        return bool(times) and self._marks.get(source.document_id) == (source, times, generation)

    def note(self, source: Source, times: tuple[int, ...], generation: int | None) -> None:
        """Note that a file was put in; the arguments are those of `hold`.

        The times are to be taken before the file is read: what changes afterwards is seen then.
        """
        self._marks[source.document_id] = _Mark(source, times, generation)


def written_by(catalog: Catalog, document_id: str) -> int | None:
    """The generation that wrote a document's current revision; None if there is no such one."""
    with catalog.snapshot() as snapshot:
        rows = snapshot.rows(
            "SELECT generation FROM documents JOIN revisions USING (revision_id) "
            "WHERE documents.document_id = ?",
            (document_id,),
        )
        return rows[0]["generation"] if rows else None


def source_times(source: Source) -> tuple[int, ...]:
    """What changes with a file or its sidecar; empty if it can't be relied on yet."""
    values: list[int] = []
    try:
        for path in (source.path, source.sidecar):
            if path is not None:
                times = file_times(path)
                if not times:
                    return ()
                values += times
    except OSError:
        return ()
    return tuple(values)
