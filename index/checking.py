"""Whether a collection is whole: its catalog by its own rules, its views by the catalog.

Reads one state of the catalog, while others may write, and changes nothing unless it is asked to
make the views anew.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.catalog import Catalog
from index.errors import BusyCatalog, DamagedCatalog, UnwritableCatalog
from index.feed import Feed
from index.lexical import LexicalView
from index.search import LEXICAL_FOLDER, VECTOR_FILE
from index.snapshot import Snapshot
from index.storage.catalog_checks import Finding, check_changes, check_database, check_documents
from index.types import Change
from index.vector_view.file import Made, read_view
from index.vectors import VectorView

Ids = npt.NDArray[np.int64]

_REPAIR = "Make the views anew: pincite check --repair."


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was checked, and what is wrong.

    Attributes:
        documents: How many documents there are.
        passages: How many passages can be found.
        generation: The catalog's generation that was checked.
        findings: What is wrong, the catalog's first.
        unchecked: Parts that couldn't be checked, since the catalog is damaged.
    """

    documents: int
    passages: int
    generation: int
    findings: list[Finding]
    unchecked: list[str]


def check_collection(
    catalog: Catalog,
    *,
    on_start: Callable[[int], None] = lambda _: None,
    on_document: Callable[[], None] = lambda: None,
) -> CheckReport:
    """Check a collection's catalog and its views.

    Args:
        catalog: The collection's catalog.
        on_start: Called with the number of documents.
        on_document: Called after each document.

    Raises:
        CatalogError: The catalog is too damaged to be checked, or can't be opened.
    """
    with catalog.snapshot() as snapshot:
        documents = snapshot.count_documents()
        on_start(documents)
        findings = check_database(snapshot)
        findings += check_documents(snapshot, on_document)
        findings += check_changes(snapshot)
        made = _made(snapshot)
        passages = np.empty(0, dtype=np.int64)
        unchecked: list[str] = []
        if made is not None:
            feed = Feed(snapshot, made.embedder)
            try:
                passages, vectors = _truth(feed, made.dimension)
            except DamagedCatalog:
                unchecked = ["vectors", "lexical"]
            else:
                folder = catalog.path.parent
                findings += _check_vector_view(folder / VECTOR_FILE, feed, made, passages, vectors)
                findings += _check_lexical_view(folder / LEXICAL_FOLDER, feed, made, passages)
        return CheckReport(documents, len(passages), snapshot.generation(), findings, unchecked)


def rebuild_views(catalog: Catalog) -> None:
    """Make a collection's views anew from its catalog, and keep them for the next start.

    Needs no embedder: the vectors are in the catalog.

    Raises:
        CatalogError: The catalog is damaged, so that no view can be made of it; a view can't be
            deleted or written; or another process is making it.
    """
    folder = catalog.path.parent
    with catalog.snapshot() as snapshot:
        made = _made(snapshot)
        _delete_views(folder)
        if made is None:
            return
        feed = Feed(snapshot, made.embedder)
        vectors = VectorView(folder / VECTOR_FILE, **made._asdict())
        vectors.catch_up(feed)
        vectors.merge()
        lexical = LexicalView(folder / LEXICAL_FOLDER, embedder=made.embedder)
        try:
            if not lexical.catch_up(feed):
                raise BusyCatalog(
                    f"The lexical index {folder / LEXICAL_FOLDER} is being made by another "
                    "process.",
                    "Wait for it to finish, then check again.",
                )
        finally:
            lexical.close()


def _delete_views(folder: Path) -> None:
    """Delete a collection's views.

    Raises:
        UnwritableCatalog: One can't be deleted, or something else is in its place.
    """
    vectors, lexical = folder / VECTOR_FILE, folder / LEXICAL_FOLDER
    try:
        vectors.unlink(missing_ok=True)
        if lexical.exists():
            shutil.rmtree(lexical)
    except OSError as error:
        raise UnwritableCatalog(
            f"The views in {folder} can't be made anew: {error}.",
            f"Make the folder writable; {vectors.name} must be a file, and {lexical.name} a "
            "folder: move away what else has that name.",
        ) from error


def _made(snapshot: Snapshot) -> Made | None:
    """What the vectors that are searched are; None if there are none."""
    embedder = snapshot.embedder()
    rows = snapshot.rows("SELECT dimension FROM vectors WHERE embedder = ? LIMIT 1", (embedder,))
    return Made(embedder, rows[0]["dimension"]) if embedder and rows else None


def _truth(feed: Feed, dimension: int) -> tuple[Ids, npt.NDArray[np.float16]]:
    """Ids of all passages that can be found, ascending, and their vectors."""
    ids, matrices = [np.empty(0, np.int64)], [np.empty((0, dimension), np.float16)]
    for places, matrix in feed.vectors():
        if matrix.shape[1] != dimension:
            raise DamagedCatalog("The vectors have different lengths.", "Index again.")
        ids.append(np.arange(*places))
        matrices.append(matrix)
    return np.concatenate(ids), np.concatenate(matrices)


def _check_vector_view(
    path: Path, feed: Feed, made: Made, ids: Ids, vectors: npt.NDArray[np.float16]
) -> list[Finding]:
    if path.exists() and read_view(path, made, feed.includes) is None:
        return [
            Finding(
                "vectors",
                None,
                f"{path} is damaged, or of another catalog, embedder or format.",
                _REPAIR,
            )
        ]
    view = VectorView(path, **made._asdict())
    view.open(feed)
    shown, matrix = view.vectors()
    findings = _compare("vectors", shown, ids)
    _, rows, places = np.intersect1d(shown, ids, assume_unique=True, return_indices=True)
    # Bits, not numbers: 0 and -0 are equal, and nan isn't.
    differing = (matrix[rows].view(np.uint16) != vectors[places].view(np.uint16)).any(axis=1)
    if differing.any():
        findings.append(
            Finding(
                "vectors",
                None,
                f"The vector view has other vectors of {np.count_nonzero(differing)} passages, "
                f"{_some(shown[rows[differing]])}.",
                _REPAIR,
            )
        )
    return findings


def _check_lexical_view(folder: Path, feed: Feed, made: Made, ids: Ids) -> list[Finding]:
    if not folder.exists():
        return []
    view = LexicalView(folder, embedder=made.embedder)
    try:
        view.refresh(feed)
        if view.state is None or not feed.includes(view.state):
            return [
                Finding(
                    "lexical",
                    None,
                    f"{folder} is damaged, or of another catalog, embedder or format.",
                    _REPAIR,
                )
            ]
        changes = feed.changes(view.state.generation)
        if not all(change.document_id for change in changes):
            return []  # All passages were others then; the view will be made anew.
        return _compare("lexical", view.ids(), _before(ids, changes))
    finally:
        view.close()


def _before(ids: Ids, changes: list[Change]) -> Ids:
    """The passages that could be found before some changes; an id is never given twice."""
    added = [np.arange(*change.added) for change in changes if change.added is not None]
    removed = [np.arange(*change.removed) for change in changes if change.removed is not None]
    return np.setdiff1d(np.concatenate([ids, *removed]), np.concatenate([ids[:0], *added]))


def _compare(part: str, shown: Ids, ids: Ids) -> list[Finding]:
    findings = []
    for wrong, said in (
        (np.setdiff1d(ids, shown), "lacks"),
        (np.setdiff1d(shown, ids), "has, but the catalog hasn't,"),
    ):
        if wrong.size:
            findings.append(
                Finding(
                    part,
                    None,
                    f"The {part.removesuffix('s')} view {said} {wrong.size} passages, "
                    f"{_some(wrong)}.",
                    _REPAIR,
                )
            )
    if not findings and not np.array_equal(shown, ids):
        findings.append(
            Finding(part, None, f"The {part} view has passages out of order or twice.", _REPAIR)
        )
    return findings


def _some(ids: Ids) -> str:
    """Some ids, for a message."""
    return ", ".join(map(str, ids[:3])) + (" …" if len(ids) > 3 else "")
