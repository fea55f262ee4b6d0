"""Checking: a sound collection has no faults, and each way of spoiling one is found and named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder
from other_embedder import OtherEmbedder
from reference import contents

from index.catalog import Catalog
from index.checking import CheckReport, check_collection, rebuild_views
from index.collection import Collection
from index.documents import make_document
from index.errors import UnwritableCatalog
from index.feed import Feed
from index.ingest import Ingester
from index.lexical import LexicalView
from index.reindexing import reindex
from index.search import LEXICAL_FOLDER, VECTOR_FILE
from index.types import State
from index.vectors import VectorView

BANNER = "Sign up for our newsletter today"

DOCUMENTS = {
    f"{town.lower()}.txt": "\n\n".join(
        [
            *(
                f"The harbour of {town} \U0001f6a2 was closed on day {day} because of the storm, "
                f"and {day * 7} ships with fish and timber waited outside for a calmer sea."
                for day in range(1, 6)
            ),
            BANNER,
        ]
    )
    for town in ("Accra", "Bergen", "Cádiz", "Dover")
}


def put(catalog: Catalog, documents: dict[str, str], embedder: FakeEmbedder | None = None) -> None:
    ingester = Ingester(catalog, embedder or FakeEmbedder())
    for document_id, text in documents.items():
        document, _ = make_document(document_id, text.encode(), max_bytes=100_000)
        ingester.put(document)
    ingester.refresh()


def save_views(catalog: Catalog) -> None:
    collection = Collection(catalog, FakeEmbedder())
    collection.save_views()
    collection.close()


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, DOCUMENTS)
    put(catalog, {"accra.txt": "Accra is calm.", "empty.txt": f"{BANNER}"})
    Ingester(catalog, FakeEmbedder()).remove("bergen.txt")
    save_views(catalog)
    yield catalog
    catalog.close()


def rewrite(catalog: Catalog, *statements: str | tuple[str, tuple[object, ...]]) -> None:
    """Change a catalog behind its back."""
    with closing(sqlite3.connect(catalog.path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(*((statement,) if isinstance(statement, str) else statement))


def said(report: CheckReport) -> list[tuple[str, str | None, str]]:
    return [(each.part, each.document_id, each.message) for each in report.findings]


def test_sound_collection_has_no_faults(catalog: Catalog) -> None:
    started: list[int] = []
    done: list[None] = []
    report = check_collection(
        catalog, on_start=started.append, on_document=lambda: done.append(None)
    )
    assert report.findings == []
    assert report.unchecked == []
    passages = sum(len(content.passages) for content in contents(catalog.path).values())
    assert (report.documents, report.passages, report.generation) == (
        len(contents(catalog.path)),
        passages,
        catalog.generation(),
    )
    assert passages > 5
    assert (started, len(done)) == ([report.documents], report.documents)


def test_checking_writes_nothing(catalog: Catalog) -> None:
    put(catalog, {"late.txt": "A text that the saved views don't show yet."})
    folder = catalog.path.parent
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("catalog")
    }
    assert len(before) > 2
    check_collection(catalog)
    after = {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith("catalog")
    }
    assert after == before


def test_views_that_lag_behind_are_right_for_their_state(catalog: Catalog) -> None:
    put(catalog, {"late.txt": "A late text.", "dover.txt": "Dover is calm."})
    Ingester(catalog, FakeEmbedder()).remove("accra.txt")
    assert said(check_collection(catalog)) == []
    # What was removed since is left out of what a lagging view must have: so is what came since.
    rewrite(
        catalog, "UPDATE changes SET removed_end = removed_end + 1 WHERE document_id='dover.txt'"
    )
    parts = {finding.part for finding in check_collection(catalog).findings}
    assert parts == {"changes", "lexical"}


@pytest.mark.parametrize("steps", ["empty", "no views", "staged", "adopted", "migrated"])
def test_collections_in_other_states_have_no_faults(
    catalog: Catalog, tmp_path: Path, steps: str
) -> None:
    if steps == "empty":
        catalog = Catalog(tmp_path / "e" / "catalog.sqlite", create=True)
    elif steps == "no views":
        catalog = Catalog(tmp_path / "n" / "catalog.sqlite", create=True)
        put(catalog, DOCUMENTS)
    elif steps == "staged":
        seen: list[int] = []

        def stop(left: int, _all: int) -> None:
            seen.append(left)
            if len(seen) == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            reindex(catalog, OtherEmbedder(), on_progress=stop)
    elif steps == "adopted":
        reindex(catalog, OtherEmbedder())
        rebuild_views(catalog)
        put(catalog, {"late.txt": "A late text."}, OtherEmbedder())
    else:
        old = Path(__file__).parents[1] / "fixtures" / "catalog-format-1.sqlite"
        (tmp_path / "m").mkdir()
        (tmp_path / "m" / "catalog.sqlite").write_bytes(old.read_bytes())
        catalog = Catalog(tmp_path / "m" / "catalog.sqlite")
        save_views(catalog)
        put(catalog, {"late.txt": "A late text."})
    assert said(check_collection(catalog)) == []


def scaled(catalog: Catalog, document_id: str, factor: float) -> tuple[str, tuple[object, ...]]:
    """A statement that multiplies a document's vectors."""
    matrix = np.frombuffer(contents(catalog.path)[document_id].vectors, dtype=np.float16)
    with np.errstate(invalid="ignore"):
        changed = (matrix * np.float16(factor)).astype(np.float16)
    return (
        f"UPDATE vectors SET matrix = ? WHERE {OF_DOVER}",
        (changed.tobytes(),),
    )


OF_DOVER = "revision_id = (SELECT revision_id FROM documents WHERE document_id = 'dover.txt')"
FIRST = f"passage_id = (SELECT min(passage_id) FROM passages WHERE {OF_DOVER})"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (f"UPDATE revisions SET text = text || ' ' WHERE {OF_DOVER}", "isn't the one that"),
        (f"UPDATE revisions SET characters = 7 WHERE {OF_DOVER}", "characters, not 7"),
        (f"UPDATE passages SET end = 100000 WHERE {FIRST}", "passages lie inside its text"),
        (f"UPDATE passages SET start = end WHERE {FIRST}", "passages lie inside its text"),
        (f"UPDATE passages SET start = start + 1 WHERE {FIRST}", "runs of whole sentences"),
        (f"UPDATE passages SET start = 300, end = 310 WHERE {FIRST}", "out of order or overlap"),
        (
            f"UPDATE revisions SET excluded = x'0500000009000000' WHERE {OF_DOVER}",
            "passages reach over excluded ranges",
        ),
        (f"UPDATE revisions SET sentences = x'0102' WHERE {OF_DOVER}", "can't be read"),
        (f"DELETE FROM passages WHERE {FIRST}", "vectors take"),
        (f"UPDATE vectors SET dimension = 32 WHERE {OF_DOVER}", "vectors take"),
        (f"DELETE FROM vectors WHERE {OF_DOVER}", "no vectors of fake-embedder@1"),
        (0.9, "unit length"),
        (float("nan"), "aren't finite"),
        (float("inf"), "aren't finite"),
    ],
    ids=str,
)
def test_faults_of_a_document_are_found(
    catalog: Catalog, statement: str | float, fault: str
) -> None:
    rewrite(
        catalog,
        scaled(catalog, "dover.txt", statement) if isinstance(statement, float) else statement,
    )
    findings = [each for each in check_collection(catalog).findings if each.part == "documents"]
    assert {each.document_id for each in findings} == {"dover.txt"}
    assert any(fault in each.message for each in findings), findings
    assert all("'dover.txt'" in each.message for each in findings)
    assert all("pincite remove" in each.remedy for each in findings)


@pytest.mark.parametrize(
    ("statement", "part", "fault"),
    [
        (
            "INSERT INTO passages (revision_id, start, end, tokens, embedder) "
            "SELECT revision_id, 0, 1, 3, 'other' FROM revisions WHERE revision_id NOT IN "
            "(SELECT revision_id FROM documents) LIMIT 1",
            "documents",
            "passages of no document: 1",
        ),
        (
            "UPDATE vectors SET dimension = 128, "
            "matrix = CAST(matrix || zeroblob(128) AS BLOB) WHERE length(matrix) = 128",
            "documents",
            "have different lengths: [64, 128]",
        ),
        ("INSERT INTO lines VALUES (1, 'nobody.txt', 0)", "documents", "lines of no document: 1"),
        ("INSERT INTO documents VALUES ('x.txt', 9999)", "database", "refers to one of revisions"),
        ("DELETE FROM changes WHERE generation = 3", "changes", "lead up to generation"),
        ("DELETE FROM changes WHERE generation > 3", "changes", "lead up to generation"),
        ("UPDATE changes SET token = 'same'", "changes", "the same token"),
        (
            "UPDATE changes SET added_end = added_end + 1 WHERE generation = "
            "(SELECT max(generation) FROM changes WHERE document_id = 'dover.txt')",
            "changes",
            "aren't those that were logged last",
        ),
        (
            "UPDATE changes SET removed_first = removed_first - 1 WHERE generation = "
            "(SELECT max(generation) FROM changes WHERE document_id = 'accra.txt')",
            "changes",
            "removed others than there were",
        ),
        (
            "DELETE FROM documents WHERE document_id = 'dover.txt'",
            "changes",
            "its removal isn't logged",
        ),
        (
            "UPDATE changes SET added_first = 1, added_end = 3 WHERE generation = "
            "(SELECT max(generation) FROM changes WHERE document_id = 'accra.txt')",
            "changes",
            "ids that were used",
        ),
    ],
)
def test_other_faults_of_the_catalog_are_found(
    catalog: Catalog, statement: str, part: str, fault: str
) -> None:
    rewrite(catalog, "PRAGMA foreign_keys = OFF", statement)
    findings = check_collection(catalog).findings
    assert any(each.part == part and fault in each.message for each in findings), findings
    assert all(each.remedy.endswith(".") for each in findings)


def test_damaged_index_of_the_database_is_found(catalog: Catalog) -> None:
    with closing(sqlite3.connect(catalog.path)) as connection:
        [(page,)] = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'lines_by_document'"
        ).fetchall()
        [(size,)] = connection.execute("PRAGMA page_size").fetchall()
    catalog.close()
    with catalog.path.open("r+b") as file:
        file.seek((page - 1) * size + size - 40)
        file.write(b"\x55" * 20)
    findings = check_collection(Catalog(catalog.path)).findings
    assert {each.part for each in findings} == {"database"}
    assert "pincite restore" in findings[0].remedy


def spoil_vector_file(catalog: Catalog) -> None:
    path = catalog.path.parent / VECTOR_FILE
    path.write_bytes(path.read_bytes()[:-10])


def spoil_lexical_files(catalog: Catalog) -> None:
    for path in (catalog.path.parent / LEXICAL_FOLDER).rglob("*.idx"):
        path.write_bytes(path.read_bytes()[:-10])


def of_another_catalog(catalog: Catalog) -> None:
    rewrite(catalog, "UPDATE meta SET value = 'another' WHERE key = 'catalog_id'")


class Lying(Feed):
    """A feed that keeps a document's passages back, and gives another's vectors turned round."""

    def documents(self, wanted=None, *, with_texts=True):  # type: ignore[no-untyped-def]
        yield from list(super().documents(wanted, with_texts=with_texts))[1:]

    def vectors(self, wanted=None):  # type: ignore[no-untyped-def]
        (_, _), (ids, matrix), *rest = super().vectors(wanted)
        yield ids, -matrix
        yield from rest


def of_other_passages(catalog: Catalog) -> None:
    folder = catalog.path.parent
    (folder / VECTOR_FILE).unlink()
    for place in sorted((folder / LEXICAL_FOLDER).rglob("*"), reverse=True):
        place.rmdir() if place.is_dir() else place.unlink()
    with catalog.snapshot() as snapshot:
        feed = Lying(snapshot, FakeEmbedder.model_id)
        vectors = VectorView(
            folder / VECTOR_FILE, embedder=FakeEmbedder.model_id, dimension=FakeEmbedder.dimension
        )
        vectors.catch_up(feed)
        assert vectors.merge()
        lexical = LexicalView(folder / LEXICAL_FOLDER, embedder=FakeEmbedder.model_id)
        assert lexical.catch_up(feed)
        lexical.close()


@pytest.mark.parametrize(
    ("spoil", "faults"),
    [
        (spoil_vector_file, [("vectors", "is damaged, or of another")]),
        (spoil_lexical_files, [("lexical", "is damaged, or of another")]),
        (of_another_catalog, [("vectors", "is damaged, or"), ("lexical", "is damaged, or")]),
        (
            of_other_passages,
            [("vectors", "lacks"), ("vectors", "other vectors of"), ("lexical", "lacks")],
        ),
    ],
)
def test_views_that_are_wrong_are_found_and_made_anew(
    catalog: Catalog, spoil: Callable[[Catalog], None], faults: list[tuple[str, str]]
) -> None:
    before = contents(catalog.path)
    spoil(catalog)
    findings = check_collection(catalog).findings
    assert [each.part for each in findings] == [part for part, _ in faults], findings
    for finding, (_, fault) in zip(findings, faults, strict=True):
        assert fault in finding.message
        assert "pincite check --repair" in finding.remedy
    rebuild_views(catalog)
    assert check_collection(catalog).findings == []
    assert contents(catalog.path) == before
    # They are on disk, and need not be made again.
    with catalog.snapshot() as snapshot:
        feed = Feed(snapshot, FakeEmbedder.model_id)
        lexical = LexicalView(catalog.path.parent / LEXICAL_FOLDER, embedder=FakeEmbedder.model_id)
        lexical.refresh(feed)
        assert lexical.state == feed.state()
        stamp = json.loads((catalog.path.parent / VECTOR_FILE).read_bytes().split(b"\n", 1)[0])
        assert State(stamp["catalog_id"], stamp["generation"], stamp["token"]) == feed.state()


def test_views_of_a_catalog_whose_vectors_do_not_fit_are_not_checked(catalog: Catalog) -> None:
    rewrite(catalog, f"DELETE FROM passages WHERE {FIRST}")
    report = check_collection(catalog)
    assert report.unchecked == ["vectors", "lexical"]
    assert {each.part for each in report.findings} == {"documents", "changes"}


@pytest.mark.parametrize("name", [VECTOR_FILE, LEXICAL_FOLDER])
def test_what_is_in_the_place_of_a_view_is_told_and_stays(catalog: Catalog, name: str) -> None:
    rebuild_views(catalog)
    place = catalog.path.parent / name
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("a person's")
    else:
        place.unlink()
        place.mkdir()
    with pytest.raises(UnwritableCatalog, match=r"views in .* can't be made anew: .*\.") as raised:
        rebuild_views(catalog)
    assert "vectors.faiss must be a file" in raised.value.remedy
    assert place.is_dir() == (name == VECTOR_FILE)
