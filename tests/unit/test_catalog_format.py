"""A catalog written by format 1 is migrated, and reads the same for ever."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder
from reference import nearest

from index.catalog import Catalog
from index.documents import make_document
from index.feed import Feed
from index.ingest import Ingester
from index.storage.schema import APPLICATION_ID, CATALOG_FORMAT
from index.types import Document, Scores, TextRange
from index.vectors import VectorView

FIXTURE = Path(__file__).parents[1] / "fixtures" / "catalog-format-1.sqlite"
FIXTURE_SHA256 = "ecc50de0c1652fa078dd9871d8ce1365ea86dba3b9b2da2e93818615d66bb803"

EMBEDDER = "fake-embedder@1"
ADDED_AT = "2026-11-22T10:59:19+00:00"

FIRST, KOELN, HEBREW = "news/first.txt", "greetings/köln \U0001f600.txt", "עברית.txt"

FIRST_PASSAGES = (
    "The war displaced 146,000 people, the agency said on Monday in its yearly report. Most of "
    "them found shelter with relatives in towns along the coast, where schools have opened their "
    "halls and bakeries give away bread in the evening.",
    "The agency asked for tents, blankets and 30 water pumps before the winter. It also thanked "
    "the fishermen \U0001f6a3 who brought 212 people across the bay in a single night.",
)
KOELN_PASSAGE = "Grüße aus Köln: das Café „Zum Löwen“ öffnet am 3. Mai um 10:30 Uhr wieder."
HEBREW_PASSAGE = (
    "שלום עולם, אמרה הילדה \U0001f469\u200d\U0001f467 לפני שהלכה הביתה עם חבריה מבית הספר."
)
OLD_KOELN = "Only the first words of a greeting stand here."
BANNER = "Sign up for our newsletter today"

FIRST_TEXT = "\n\n".join((*FIRST_PASSAGES, BANNER))
KOELN_TEXT = f"{KOELN_PASSAGE}\n\n{BANNER}"
HEBREW_TEXT = f"{HEBREW_PASSAGE}\n\n{BANNER}"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    shutil.copy(FIXTURE, tmp_path / "catalog.sqlite")
    return Catalog(tmp_path / "catalog.sqlite")


def test_fixture_is_the_one_that_was_written_then() -> None:
    assert hashlib.sha256(FIXTURE.read_bytes()).hexdigest() == FIXTURE_SHA256


def test_catalog_has_its_name_and_generation(catalog: Catalog) -> None:
    with catalog.snapshot() as snapshot:
        assert snapshot.catalog_id() == "60393dd8de5846c09fa4eeafcc799bbd"
        assert snapshot.generation() == 6
    with closing(sqlite3.connect(catalog.path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert connection.execute("PRAGMA user_version").fetchone() == (CATALOG_FORMAT,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize(
    ("stored_as", "generation", "excluded", "sentences"),
    [
        (
            Document(
                document_id=FIRST,
                text=FIRST_TEXT,
                revision="sha256:f724fb8f1612e94fc4e30dd6be1b32aeb735ebad1a8fcd77c046e18b568cfa94",
                title="Displaced",
                source_url="https://example.org/1",
                published_at="2020-01-13",
                published_at_source="sidecar",
                media_type="text/plain",
                encoding="utf-8",
                extractor="plain/1",
                source=FIRST_TEXT.encode(),
            ),
            5,
            [(399, 431)],
            [(0, 81), (82, 232), (234, 308), (309, 397)],
        ),
        (
            Document(
                document_id=KOELN,
                text=KOELN_TEXT,
                revision="sha256:c36a523c8c7b8c13b0e801796e153962fa53f82d34d3a1ae0fbb3707d5cd1959",
                title=None,
                source_url=None,
                published_at=None,
                published_at_source=None,
                media_type="text/plain",
                encoding="utf-8",
                extractor="plain/1",
                source=KOELN_TEXT.encode(),
            ),
            4,
            [(76, 108)],
            [(0, 49), (50, 74)],
        ),
        (
            Document(
                document_id=HEBREW,
                text=HEBREW_TEXT,
                revision="sha256:6f83af8015ea9b84b005cc694e1959da603e400a89572e7f4cb85a40d23de0bf",
                title="שלום",
                source_url=None,
                published_at=None,
                published_at_source=None,
                media_type="text/plain",
                encoding="utf-8",
                extractor="plain/1",
                source=HEBREW_TEXT.encode(),
                metadata={"tags": ["a", "b"]},
            ),
            6,
            [(64, 96)],
            [(0, 62)],
        ),
    ],
    ids=["first", "köln", "hebrew"],
)
def test_documents_are_read_as_they_were_stored(
    catalog: Catalog,
    stored_as: Document,
    generation: int,
    excluded: list[tuple[int, int]],
    sentences: list[tuple[int, int]],
) -> None:
    with catalog.snapshot() as snapshot:
        stored = snapshot.stored_document(stored_as.document_id, with_source=True)
        again = snapshot.stored_document(
            stored_as.document_id, stored_as.revision, with_source=True
        )
        assert snapshot.is_unchanged(stored_as, EMBEDDER)
    assert stored == again
    assert stored.document == stored_as
    assert stored_as.revision == "sha256:" + hashlib.sha256(stored_as.text.encode()).hexdigest()
    assert stored.excluded == tuple(TextRange(*place) for place in excluded)
    assert [stored_as.text[start:end] for start, end in excluded] == [BANNER]
    assert stored.sentences == tuple(TextRange(*place) for place in sentences)
    assert (stored.generation, stored.added_at, stored.current) == (generation, ADDED_AT, True)


def test_replaced_revision_is_still_there(catalog: Catalog) -> None:
    revision = "sha256:f20e63f74f83998383eab1da80e73f0d34f092dbf51d6e58e8bf4f97bd78e022"
    with catalog.snapshot() as snapshot:
        old = snapshot.stored_document(KOELN, revision, with_source=True)
    assert (old.document.text, old.document.source) == (OLD_KOELN, OLD_KOELN.encode())
    assert (old.generation, old.added_at, old.current) == (2, ADDED_AT, False)
    assert (old.excluded, old.sentences) == ((), (TextRange(0, 46),))


def test_summaries(catalog: Catalog) -> None:
    with catalog.snapshot() as snapshot:
        summaries = snapshot.summaries()
        assert [snapshot.summary(s.document_id) for s in summaries] == summaries
        assert (snapshot.count_documents(), snapshot.embedder()) == (3, EMBEDDER)
    assert [
        (s.document_id, s.title, s.characters, s.passages, s.revisions, s.generation)
        for s in summaries
    ] == [
        (KOELN, None, 108, 1, 2, 4),
        (FIRST, "Displaced", 431, 2, 1, 5),
        (HEBREW, "שלום", 96, 1, 1, 6),
    ]
    assert [dict(s.metadata) for s in summaries] == [{}, {}, {"tags": ["a", "b"]}]
    assert {s.added_at for s in summaries} == {ADDED_AT}


def test_passages_and_vectors(catalog: Catalog) -> None:
    with catalog.snapshot() as snapshot:
        feed = Feed(snapshot, EMBEDDER)
        assert [i for d in feed.documents() for i in range(*d.ids)] == [5, 6, 7, 8]
        hits = snapshot.hits({i: Scores(i / 10, 0, 0) for i in (5, 6, 7, 8, 1)})
        found = list(feed.vectors())
    assert [(h.passage_id, h.document_id, h.start, h.end, h.text, h.score) for h in hits] == [
        (5, KOELN, 0, 74, KOELN_PASSAGE, 0.5),
        (6, FIRST, 0, 232, FIRST_PASSAGES[0], 0.6),
        (7, FIRST, 234, 397, FIRST_PASSAGES[1], 0.7),
        (8, HEBREW, 0, 62, HEBREW_PASSAGE, 0.8),
    ]
    with closing(sqlite3.connect(catalog.path)) as connection:
        tokens = connection.execute("SELECT tokens FROM passages ORDER BY passage_id").fetchall()
    assert tokens == [(26,), (53,), (39,), (19,)]
    assert {
        tuple(range(*ids)): hashlib.sha256(matrix.tobytes()).hexdigest() for ids, matrix in found
    } == {
        (5,): "5a22479e0567af3cd44fb237467d8c9a4348972c9a406e05afcd154688066f40",
        (6, 7): "db4435ccd699f16c9d372f12948d0d90d0ae8888d9afaaea26b0f1938c56e2b6",
        (8,): "6f1c93a039ebc28e3b913c961efaccf3ab221d563b066701409032f57c1764cb",
    }
    for _, matrix in found:
        assert (matrix.dtype, matrix.shape[1]) == (np.float16, 64)
        assert np.linalg.norm(matrix.astype(np.float32), axis=1) == pytest.approx(1.0, abs=1e-3)


def test_repeated_lines_are_remembered(catalog: Catalog) -> None:
    key = 9020453063254367439
    with catalog.snapshot() as snapshot:
        assert snapshot.repeated_lines({key, 1}, "new.txt", minimum=4) == {key}
        assert snapshot.repeated_lines({key}, FIRST, minimum=4) == set()
        assert snapshot.outdated_exclusions(minimum=3) == []
        assert snapshot.outdated_exclusions(minimum=4) == [KOELN, FIRST, HEBREW]


def test_search_finds_its_passages(catalog: Catalog) -> None:
    with catalog.snapshot() as snapshot:
        recorded = {
            i: row.astype(np.float32)
            for ids, matrix in Feed(snapshot, EMBEDDER).vectors()
            for i, row in zip(range(*ids), matrix, strict=True)
        }
    view = VectorView(catalog.path.with_name("vectors.faiss"), embedder=EMBEDDER, dimension=64)
    with catalog.snapshot() as snapshot:
        view.open(Feed(snapshot, EMBEDDER))
    for wanted, vector in recorded.items():
        found = view.search(vector, 4)
        assert found.generation == 6
        assert found.ids[0] == wanted
        best = nearest(catalog.path, vector, 4)
        assert found.ids.tolist() == [i for i, _ in best]
        assert found.scores == pytest.approx([score for _, score in best])


def test_catalog_can_be_written_on(catalog: Catalog) -> None:
    document, _ = make_document(KOELN, b"A third greeting, written much later.", max_bytes=1000)
    assert Ingester(catalog, FakeEmbedder()).put(document) == "replaced"
    assert catalog.generation() == 7
    with catalog.snapshot() as snapshot:
        assert snapshot.stored_document(KOELN, with_source=True).document == document
        assert snapshot.summary(KOELN).revisions == 3
        ids = [i for d in Feed(snapshot, EMBEDDER).documents() for i in range(*d.ids)]
        assert ids == [6, 7, 8, 9]


def test_migrated_catalogs_are_like_new_ones(catalog: Catalog, tmp_path: Path) -> None:
    Catalog(tmp_path / "new.sqlite", create=True).close()
    forms = []
    for path in (tmp_path / "new.sqlite", catalog.path):
        with closing(sqlite3.connect(path)) as connection:
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'index') ORDER BY name"
            ).fetchall()
            forms.append(
                [
                    (name, [c[1:4] for c in connection.execute(sql)])
                    for (name,) in tables
                    for sql in (f"PRAGMA table_info({name})", f"PRAGMA index_info({name})")
                ]
                + connection.execute("SELECT key FROM meta ORDER BY key").fetchall()
            )
    assert forms[0] == forms[1]
