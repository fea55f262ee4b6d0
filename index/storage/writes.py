"""What a write does to the catalog's tables, step by step, inside its transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.errors import ModelMismatch
from index.snapshot import Snapshot, fingerprint
from index.storage.ranges import pack
from index.text.debris import REPEATED_IN
from index.types import Document, IdRange, Segmentation


def written_by(connection: sqlite3.Connection, document_id: str) -> int | None:
    """The generation that wrote a document's current revision; None if there is no such one."""
    row = connection.execute(
        "SELECT generation FROM documents JOIN revisions USING (revision_id) "
        "WHERE documents.document_id = ?",
        (document_id,),
    ).fetchone()
    return None if row is None else int(row["generation"])


def write_revision(
    connection: sqlite3.Connection,
    document: Document,
    segmentation: Segmentation,
    generation: int,
) -> int:
    """Write a document as a revision, new or as it was once before; returns its row id."""
    values = {
        "document_id": document.document_id,
        "revision": document.revision,
        "fingerprint": fingerprint(document),
        "text": document.text,
        "characters": len(document.text),
        "title": document.title,
        "source_url": document.source_url,
        "published_at": document.published_at,
        "published_at_source": document.published_at_source,
        "media_type": document.media_type,
        "encoding": document.encoding,
        "extractor": document.extractor,
        "metadata": json.dumps(dict(document.metadata), sort_keys=True),
        "source": document.source,
        "excluded": pack(segmentation.excluded),
        "sentences": pack(segmentation.sentences),
        "generation": generation,
        "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    row = connection.execute(
        f"INSERT INTO revisions ({', '.join(values)}) VALUES ({', '.join('?' * len(values))}) "
        "ON CONFLICT (document_id, revision) DO UPDATE SET "
        + ", ".join(f"{name} = excluded.{name}" for name in values)
        + " RETURNING revision_id",
        list(values.values()),
    ).fetchone()
    return int(row["revision_id"])


def claim(connection: sqlite3.Connection, embedder: str, path: Path) -> None:
    """See that a catalog's vectors are this embedder's; the first to write decides whose.

    Raises:
        ModelMismatch: They are another one's.
    """
    current = Snapshot(connection).embedder()
    if current is None:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'embedder'", (embedder,))
    elif current != embedder:
        raise model_mismatch(path, current, embedder)


def model_mismatch(path: Path, current: str, configured: str) -> ModelMismatch:
    """The error that a catalog's vectors are another embedder's."""
    return ModelMismatch(
        f"{path} has vectors of {current}; the configured embedder is {configured}.",
        "Configure that embedder (PINCITE_EMBEDDER), or embed the documents anew with yours: "
        "pincite reindex.",
    )


def drop_passages(connection: sqlite3.Connection, document_id: str) -> IdRange | None:
    """Remove what was made of a document's current revision; returns the passages searched."""
    row = connection.execute(
        "SELECT revision_id FROM documents WHERE document_id = ?", (document_id,)
    ).fetchone()
    if row is None:
        return None
    revision_id = row["revision_id"]
    first, end = connection.execute(
        "SELECT min(passage_id), max(passage_id) + 1 FROM passages "
        "WHERE revision_id = ? AND embedder = ?",
        (revision_id, Snapshot(connection).embedder()),
    ).fetchone()
    connection.execute("DELETE FROM documents WHERE document_id = ?", (document_id,))
    for table in ("passages", "vectors", "staged"):
        connection.execute(f"DELETE FROM {table} WHERE revision_id = ?", (revision_id,))
    return None if first is None else IdRange(first, end)


def drop_others(connection: sqlite3.Connection, embedder: str) -> None:
    """Remove the passages and vectors of all embedders but one."""
    for table in ("passages", "vectors", "staged"):
        connection.execute(f"DELETE FROM {table} WHERE embedder != ?", (embedder,))


def add_passages(
    connection: sqlite3.Connection,
    revision_id: int,
    segmentation: Segmentation,
    vectors: npt.NDArray[np.float16],
    embedder: str,
) -> IdRange | None:
    """Add a revision's passages with their vectors; returns their ids, if there are any."""
    connection.executemany(
        "INSERT INTO passages (revision_id, start, end, tokens, embedder) VALUES (?, ?, ?, ?, ?)",
        [(revision_id, p.start, p.end, p.tokens, embedder) for p in segmentation.passages],
    )
    connection.execute(
        "INSERT INTO vectors VALUES (?, ?, ?, ?)",
        (revision_id, embedder, vectors.shape[1], vectors.tobytes()),
    )
    if not segmentation.passages:
        return None
    # Ids follow each other: nothing else writes meanwhile.
    end = connection.execute("SELECT max(passage_id) + 1 FROM passages").fetchone()[0]
    return IdRange(end - len(segmentation.passages), end)


def write_lines(
    connection: sqlite3.Connection, document_id: str, lines: Mapping[int, bool]
) -> set[int]:
    """Write a document's short lines in place of those that it had.

    Args:
        connection: In the transaction that writes the document.
        document_id: Which.
        lines: As for `Catalog.put`.

    Returns:
        Those of the old and the new lines that documents may be divided wrongly by now: that have
        just become repeated, or are no longer, or aren't what they were taken for.
    """
    rows = connection.execute("SELECT line_key FROM lines WHERE document_id = ?", (document_id,))
    keys = lines.keys() | {row["line_key"] for row in rows}
    connection.execute("DELETE FROM lines WHERE document_id = ?", (document_id,))
    connection.executemany(
        "INSERT INTO lines VALUES (?, ?, ?)",
        [(key, document_id, repeated) for key, repeated in lines.items()],
    )
    # One document more or less: a count that has passed the limit is at it, or one below.
    counts = Snapshot(connection).count_lines(keys, REPEATED_IN + 1)
    return {
        key
        for key, count in counts.items()
        if count in (REPEATED_IN - 1, REPEATED_IN)
        or (key in lines and lines[key] != (count >= REPEATED_IN))
    }


def log_change(
    connection: sqlite3.Connection,
    document_id: str,
    removed: IdRange | None,
    added: IdRange | None,
) -> int:
    """Raise the generation by one and log what it changed; returns it."""
    generation = Snapshot(connection).generation() + 1
    connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
    connection.execute(
        "INSERT INTO changes VALUES (?, lower(hex(randomblob(16))), ?, ?, ?, ?, ?)",
        (generation, document_id, *(removed or (None, None)), *(added or (None, None))),
    )
    return generation
