"""Whether a catalog keeps its own rules: what is wrong in one of its states, rule by rule."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from index.snapshot import Snapshot
from index.storage.ranges import unpack
from index.types import TextRange

_NORM_ERROR = 2e-3
"""A unit vector's length differs from 1 by less once its components are rounded to half precision:
each by 2**-11 of itself at most, the smallest ones by 2**-25."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a collection.

    Attributes:
        part: `database`, `documents`, `changes`, `vectors` or `lexical`.
        document_id: The document that it concerns, if it is one.
        message: What is wrong, as a sentence.
        remedy: What to do, as a sentence.
    """

    part: str
    document_id: str | None
    message: str
    remedy: str


_RESTORE = "Restore the collection from a backup: pincite restore FILE --replace."

_NEW_LOG = (
    "Back the collection up and restore it, which begins a new log: pincite backup FILE, then "
    "pincite restore FILE --replace."
)


def check_database(snapshot: Snapshot) -> list[Finding]:
    """What SQLite finds wrong with the file: its pages, indexes and references."""
    found = [
        row[0] for row in snapshot.rows("PRAGMA integrity_check") if row[0] not in {"ok", None}
    ]
    found += [
        f"a row of {row['table']} refers to one of {row['parent']} that isn't there"
        for row in snapshot.rows("PRAGMA foreign_key_check")
    ]
    return [
        Finding("database", None, f"SQLite finds: {' '.join(each.split())}.", _RESTORE)
        for each in found
    ]


def check_documents(
    snapshot: Snapshot, on_document: Callable[[], None] = lambda: None
) -> list[Finding]:
    """What is wrong with current documents, their passages and vectors.

    Args:
        snapshot: The state to check.
        on_document: Called after each document.
    """
    embedder = snapshot.embedder()
    dimensions: set[int] = set()
    findings: list[Finding] = []
    for row in snapshot.rows("SELECT document_id, revision_id FROM documents ORDER BY document_id"):
        document_id: str = row["document_id"]
        wrong = [
            *_check_text(snapshot, row["revision_id"]),
            *_check_passages(snapshot, row["revision_id"], embedder or ""),
            *_check_vectors(snapshot, row["revision_id"], embedder or "", dimensions),
        ]
        # Putting the same text in again would change nothing.
        findings += [
            Finding(
                "documents",
                document_id,
                f"{document_id!r}: {each}.",
                "Remove the document and index it again: pincite remove ID, then pincite index; or "
                "restore the collection from a backup.",
            )
            for each in wrong
        ]
        on_document()
    findings += [
        Finding("documents", None, f"There are {what} of no document: {count}.", _RESTORE)
        for what, count in _orphans(snapshot)
    ]
    if len(dimensions) > 1:
        findings.append(
            Finding(
                "documents",
                None,
                f"The vectors of {embedder} have different lengths: {sorted(dimensions)}.",
                _RESTORE,
            )
        )
    return findings


def _check_text(snapshot: Snapshot, revision_id: int) -> Iterator[str]:
    rows = snapshot.rows(
        "SELECT documents.document_id = revisions.document_id AS named, text, revision, characters "
        "FROM revisions JOIN documents USING (revision_id) WHERE revision_id = ?",
        (revision_id,),
    )
    if not rows:
        yield "it has no current revision"
        return
    [row] = rows
    if not row["named"]:
        yield "its current revision is another document's"
    digest = hashlib.sha256(row["text"].encode("utf-8", "surrogatepass")).hexdigest()
    if row["revision"] != f"sha256:{digest}":
        yield "its text isn't the one that its revision is named after"
    if row["characters"] != len(row["text"]):
        yield f"its text has {len(row['text'])} characters, not {row['characters']}"


def _check_passages(snapshot: Snapshot, revision_id: int, embedder: str) -> Iterator[str]:
    rows = snapshot.rows(
        "SELECT text, excluded, sentences FROM revisions WHERE revision_id = ?", (revision_id,)
    )
    if not rows:
        return
    [row] = rows
    length = len(row["text"])
    try:
        excluded, sentences = unpack(row["excluded"]), unpack(row["sentences"])
    except ValueError:
        yield "its sentences or excluded ranges can't be read"
        return
    places = snapshot.rows(
        "SELECT passage_id, start, end FROM passages WHERE revision_id = ? AND embedder = ? "
        "ORDER BY passage_id",
        (revision_id, embedder),
    )
    passages = [TextRange(place["start"], place["end"]) for place in places]
    for name, ranges in (
        ("passages", passages),
        ("sentences", sentences),
        ("excluded ranges", excluded),
    ):
        if any(not 0 <= start < end <= length for start, end in ranges):
            yield f"not all of its {name} lie inside its text"
        if any(one.end > other.start for one, other in pairwise(ranges)):
            yield f"its {name} are out of order or overlap"
    for name, ranges in (("passages", passages), ("sentences", sentences)):
        if _overlaps(ranges, excluded):
            yield f"its {name} reach over excluded ranges"
    starts, ends = {start for start, _ in sentences}, {end for _, end in sentences}
    if any(start not in starts or end not in ends for start, end in passages):
        yield "its passages aren't runs of whole sentences"
    ids = [place["passage_id"] for place in places]
    if ids and ids[-1] - ids[0] + 1 != len(ids):
        yield "its passages' ids don't follow each other"


def _check_vectors(
    snapshot: Snapshot, revision_id: int, embedder: str, dimensions: set[int]
) -> Iterator[str]:
    [[count]] = snapshot.rows(
        "SELECT count(*) FROM passages WHERE revision_id = ? AND embedder = ?",
        (revision_id, embedder),
    )
    rows = snapshot.rows(
        "SELECT dimension, matrix FROM vectors WHERE revision_id = ? AND embedder = ?",
        (revision_id, embedder),
    )
    if not rows:
        yield f"it has no vectors of {embedder or 'any embedder'}"
        return
    [row] = rows
    if row["dimension"] < 1 or len(row["matrix"]) != count * row["dimension"] * 2:
        yield (
            f"its vectors take {len(row['matrix'])} bytes, not those of {count} passages and "
            f"{row['dimension']} dimensions"
        )
        return
    dimensions.add(row["dimension"])
    matrix = np.frombuffer(row["matrix"], dtype=np.float16).reshape(count, -1)
    lengths = np.linalg.norm(matrix.astype(np.float32), axis=1)
    if not np.isfinite(lengths).all():
        yield "its vectors aren't finite"
    elif not (np.abs(lengths - 1) < _NORM_ERROR).all():
        yield "its vectors aren't of unit length"


def _orphans(snapshot: Snapshot) -> Iterator[tuple[str, int]]:
    for table, column in (
        ("passages", "revision_id"),
        ("vectors", "revision_id"),
        ("staged", "revision_id"),
        ("lines", "document_id"),
    ):
        [[count]] = snapshot.rows(
            f"SELECT count(*) FROM {table} WHERE {column} NOT IN (SELECT {column} FROM documents)"
        )
        if count:
            yield table, count


def check_changes(snapshot: Snapshot) -> list[Finding]:
    """Where the log of changes contradicts itself, or the passages that there are."""
    rows = snapshot.rows("SELECT * FROM changes ORDER BY generation")
    generation = snapshot.generation()
    generations = [row["generation"] for row in rows]
    wrong: list[tuple[str | None, str]] = []
    if not rows or generations != list(range(generations[0], generation + 1)):
        wrong.append((None, f"its log of changes doesn't lead up to generation {generation}"))
    if len({row["token"] for row in rows}) != len(rows):
        wrong.append((None, "two of its changes have the same token"))
    # A change of no document is one of all of them: what came before it can't be followed.
    first = max((n for n, row in enumerate(rows) if not row["document_id"]), default=-1) + 1
    since = rows[first - 1]["generation"] if first else -1
    wrong += _contradictions(snapshot, rows[first:], since)
    return [
        Finding("changes", document_id, f"{_said(document_id)}{each}.", _NEW_LOG)
        for document_id, each in wrong
    ]


def _said(document_id: str | None) -> str:
    return "The catalog: " if document_id is None else f"{document_id!r}: "


def _contradictions(
    snapshot: Snapshot, rows: list[sqlite3.Row], since: int
) -> Iterator[tuple[str, str]]:
    """Where changes of documents don't follow each other, or don't end in what there is."""
    last: dict[str, tuple[int, tuple[int, int] | None]] = {}
    end = 0
    for row in rows:
        document_id: str = row["document_id"]
        removed, added = (
            None if row[f"{kind}_first"] is None else (row[f"{kind}_first"], row[f"{kind}_end"])
            for kind in ("removed", "added")
        )
        if document_id in last and last[document_id][1] != removed:
            yield document_id, f"generation {row['generation']} removed others than there were"
        if added is not None:
            if not end <= added[0] < added[1]:
                yield document_id, f"generation {row['generation']} gave ids that were used"
            end = max(end, added[1])
        last[document_id] = (row["generation"], added)
    present = {
        row["document_id"]: (
            row["generation"],
            None if row["first"] is None else (row["first"], row["last"] + 1),
        )
        for row in snapshot.rows(
            "SELECT documents.document_id, generation, min(passage_id) AS first, "
            "max(passage_id) AS last FROM documents JOIN revisions USING (revision_id) "
            "LEFT JOIN passages ON passages.revision_id = documents.revision_id "
            "AND embedder = (SELECT value FROM meta WHERE key = 'embedder') "
            "GROUP BY documents.document_id"
        )
    }
    for document_id in sorted({*last, *present}):
        logged, there = last.get(document_id), present.get(document_id)
        if logged is None:
            if there is not None and there[0] > since:
                yield document_id, f"generation {there[0]}, which wrote it, isn't logged"
        elif there is None:
            if logged[1] is not None:
                yield document_id, "it isn't there, but its removal isn't logged"
        elif logged != there:
            yield document_id, "its passages aren't those that were logged last"


def _overlaps(ranges: Sequence[TextRange], others: Sequence[TextRange]) -> bool:
    """Whether any of some ranges overlaps any of others; both in order."""
    position = 0
    for start, end in ranges:
        while position < len(others) and others[position].end <= start:
            position += 1
        if position < len(others) and others[position].start < end:
            return True
    return False
