"""The vector view: exactly what NumPy finds, and never anything that the catalog doesn't say."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from reference import check_nearest, nearest

from index.catalog import Catalog
from index.snapshot import Snapshot
from index.types import Document, Passage, Segmentation
from index.vectors import VectorView

EMBEDDER = "toy@1"
DIMENSION = 8
QUERY = np.array([1, -2, 0.5, 0, 3, -1, 0.25, 2], dtype=np.float32)


def coarse(seed: int, rows: int) -> npt.NDArray[np.float16]:
    """Vectors of eighths: products with QUERY have no rounding error, and many are equal."""
    return (np.random.default_rng(seed).integers(-2, 3, (rows, DIMENSION)) / 8).astype(np.float16)


def put(
    catalog: Catalog, name: str, matrix: npt.NDArray[np.float16], text: str | None = None
) -> None:
    text = text or f"{name} {hashlib.sha256(matrix.tobytes()).hexdigest()}"
    document = Document(
        document_id=name,
        text=text,
        revision="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        title=None,
        source_url=None,
        published_at=None,
        published_at_source=None,
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=text.encode(),
    )
    passages = tuple(Passage(row, row + 1, 1) for row in range(len(matrix)))
    catalog.put(document, Segmentation((), (), passages), matrix, embedder=EMBEDDER, lines={})


def found(
    view: VectorView, limit: int, query: npt.NDArray[np.float32] = QUERY
) -> list[tuple[int, float]]:
    ids, scores, generation = view.search(query, limit)
    assert (ids.dtype, scores.dtype) == (np.int64, np.float32)
    assert generation == view.generation
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def view_path(catalog: Catalog) -> Path:
    return catalog.path.with_name("vectors.faiss")


def open_view(catalog: Catalog, embedder: str = EMBEDDER, dimension: int = DIMENSION) -> VectorView:
    return VectorView(catalog, view_path(catalog), embedder=embedder, dimension=dimension)


def rebuilt(catalog: Catalog) -> VectorView:
    """A view made from nothing but the catalog."""
    missing = catalog.path.with_name("none")
    assert not missing.exists()
    return VectorView(catalog, missing, embedder=EMBEDDER, dimension=DIMENSION)


@pytest.mark.parametrize("limit", [1, 2, 7, 40, 149, 150, 1000])
def test_search_equals_numpy_with_equal_scores_in_order_of_id(catalog: Catalog, limit: int) -> None:
    for n in range(30):
        put(catalog, f"{n}", coarse(n, 5))
    view = open_view(catalog)
    assert len(view) == 150
    truth = nearest(catalog.path, QUERY, limit)
    assert len({score for _, score in nearest(catalog.path, QUERY, 150)}) < 75
    assert found(view, limit) == truth


def test_search_equals_numpy_in_many_dimensions(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    rng = np.random.default_rng(5)
    matrix = rng.standard_normal((600, 384))
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    for n in range(6):
        put(catalog, f"{n}", matrix[n * 100 : n * 100 + 100].astype(np.float16))
    view = open_view(catalog, dimension=384)
    for row in (0, 250, 599):
        query = matrix[row].astype(np.float32)
        result = found(view, 50, query)
        check_nearest(result, catalog.path, query, 50)
        assert result[0][0] == row + 1


def test_nothing_is_found_where_there_is_nothing(catalog: Catalog) -> None:
    view = open_view(catalog)
    assert (found(view, 5), len(view), view.generation) == ([], 0, 0)
    put(catalog, "a", coarse(1, 3))
    put(catalog, "empty", coarse(1, 0))
    view.catch_up()
    assert found(view, 0) == []
    assert len(found(view, 5)) == 3


def test_equal_scores_at_the_limit_are_the_first_ids(catalog: Catalog) -> None:
    same = np.full((3, DIMENSION), 0.25, dtype=np.float16)
    put(catalog, "a", same, text="old words")
    put(catalog, "b", same)
    put(catalog, "a", same, text="new words")
    # The old revision comes back: it was written first and its passages have the last ids.
    put(catalog, "a", same, text="old words")
    for view in (open_view(catalog), rebuilt(catalog)):
        assert [i for i, _ in found(view, 2)] == [4, 5]
        assert found(view, 4) == nearest(catalog.path, QUERY, 4)


def test_search_says_which_generation_it_searched(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    put(catalog, "b", coarse(2, 3))
    assert [view.search(QUERY, limit).generation for limit in (0, 9)] == [1, 1]
    assert len(view.search(QUERY, 9).ids) == 3
    view.catch_up()
    assert view.search(QUERY, 9).generation == 2


def test_catching_up_asks_no_more_of_a_larger_catalog(tmp_path: Path) -> None:
    asked = []
    for size in (3, 30):
        catalog = Catalog(tmp_path / f"{size}" / "catalog.sqlite", create=True)
        for n in range(size):
            put(catalog, f"{n}", coarse(n, 4))
        with closing(sqlite3.connect(catalog.path)) as connection:
            connection.row_factory = sqlite3.Row
            statements: list[str] = []
            connection.set_trace_callback(statements.append)
            # The last passage of the second document.
            [(ids, matrix)] = Snapshot(connection).vectors(EMBEDDER, {8})
        assert ids.tolist() == [5, 6, 7, 8]
        assert np.array_equal(matrix, coarse(1, 4))
        asked.append(len(statements))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("seed", range(6))
def test_catching_up_equals_a_rebuild(catalog: Catalog, seed: int) -> None:
    chosen = random.Random(seed)
    view = open_view(catalog)
    for step in range(25):
        # Few texts, so that older revisions come back too.
        name, version = chosen.choice("abcdef"), chosen.randrange(3)
        put(catalog, name, coarse(version, chosen.randrange(5)), text=f"{name} {version}")
        if chosen.random() < 0.4:
            assert view.catch_up() == step + 1
    view.catch_up()
    fresh = rebuilt(catalog)
    assert view.generation == fresh.generation == 25
    for limit in (1, 3, 10, 100):
        assert found(view, limit) == found(fresh, limit) == nearest(catalog.path, QUERY, limit)


def test_saved_view_is_used_again(catalog: Catalog) -> None:
    for n in range(4):
        put(catalog, f"{n}", coarse(n, 4))
    view = open_view(catalog)
    assert view.save()
    assert not view.save()
    again = open_view(catalog)
    assert not again.save(), "it was rebuilt"
    assert again.generation == 4
    assert found(again, 10) == found(view, 10) == nearest(catalog.path, QUERY, 10)


def test_view_that_is_behind_is_caught_up(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    put(catalog, "b", coarse(2, 4))
    open_view(catalog).save()
    put(catalog, "a", coarse(3, 6))
    put(catalog, "c", coarse(4, 2))
    view = open_view(catalog)
    assert view.generation == 4
    assert len(view) == 12
    assert found(view, 12) == nearest(catalog.path, QUERY, 12)
    assert view.save()
    assert not open_view(catalog).save()


def stamped(path: Path, **changes: object) -> None:
    """Change a view's stamp, its digest with it, so that nothing but the change is wrong."""
    line, _, payload = path.read_bytes().partition(b"\n")
    stamp = json.loads(line) | changes
    del stamp["sha256"]
    stamp["sha256"] = hashlib.sha256(json.dumps(stamp).encode() + b"\n" + payload).hexdigest()
    path.write_bytes(json.dumps(stamp).encode() + b"\n" + payload)


def test_stamp_changed_to_the_same_is_still_good(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    open_view(catalog).save()
    stamped(view_path(catalog))
    assert not open_view(catalog).save()


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "half of the stamp": lambda path: path.write_bytes(path.read_bytes()[:60]),
    "without the last byte": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "with a byte more": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "bit flipped": flipped,
    "no JSON": lambda path: path.write_bytes(b"\xff\xfe not a view\n" * 50),
    "deep JSON": lambda path: path.write_bytes(b"[" * 5000),
    "other JSON": lambda path: path.write_bytes(b"[1, 2]\n"),
    "other catalog": lambda path: stamped(path, catalog_id="0" * 32),
    "other embedder": lambda path: stamped(path, embedder="other@1"),
    "other dimension": lambda path: stamped(path, dimension=16),
    "older format": lambda path: stamped(path, format=0),
    "newer format": lambda path: stamped(path, format=1_000_000),
    "newer than the catalog": lambda path: stamped(path, generation=4),
    "generation that is no number": lambda path: stamped(path, generation="3"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_view_that_cannot_be_used_is_rebuilt(catalog: Catalog, damage: str) -> None:
    for n in range(3):
        put(catalog, f"{n}", coarse(n, 4))
    open_view(catalog).save()
    good = view_path(catalog).read_bytes()
    DAMAGE[damage](view_path(catalog))
    view = open_view(catalog)
    assert view.generation == 3
    assert found(view, 20) == nearest(catalog.path, QUERY, 20)
    assert view.save(), "it was used"
    assert view_path(catalog).read_bytes() == good


def test_no_flipped_byte_of_the_stamp_is_believed(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    put(catalog, "b", coarse(2, 3))
    open_view(catalog).save()
    # The view is one generation behind: one bit makes 2 of it 3, and it would look up to date.
    put(catalog, "c", coarse(3, 3))
    good = view_path(catalog).read_bytes()
    truth = nearest(catalog.path, QUERY, 9)
    for at in range(good.index(b"\n") + 1):
        content = bytearray(good)
        content[at] ^= 1
        view_path(catalog).write_bytes(content)
        assert found(open_view(catalog), 9) == truth, at


def test_view_of_another_catalog_is_rebuilt(catalog: Catalog, tmp_path: Path) -> None:
    other = Catalog(tmp_path / "other" / "catalog.sqlite", create=True)
    put(catalog, "a", coarse(1, 4))
    put(other, "a", coarse(2, 4))
    open_view(other).save()
    shutil.copy(view_path(other), view_path(catalog))
    assert found(open_view(catalog), 4) == nearest(catalog.path, QUERY, 4)


def test_view_of_another_embedder_or_dimension_is_not_mixed_in(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    put(catalog, "a", coarse(1, 4))
    open_view(catalog).save()
    assert len(open_view(catalog, embedder="other@1")) == 0
    assert len(open_view(catalog)) == 4
    assert found(open_view(catalog), 4) == nearest(catalog.path, QUERY, 4)


def restore(catalog: Catalog, backup: bytes) -> Catalog:
    """Put a catalog back as it was, as a person does with a backup; the view stays as it is."""
    catalog.close()
    for file in catalog.path.parent.glob(f"{catalog.path.name}*"):
        file.unlink()
    catalog.path.write_bytes(backup)
    return Catalog(catalog.path)


@pytest.mark.parametrize("written_since", [0, 1])
def test_view_of_a_catalog_restored_from_a_backup_is_rebuilt(
    catalog: Catalog, written_since: int
) -> None:
    put(catalog, "a", coarse(1, 4))
    catalog.close()
    backup = catalog.path.read_bytes()
    catalog = Catalog(catalog.path)
    for n in range(2, 5):
        put(catalog, f"{n}", coarse(n, 4))
    open_view(catalog).save()
    restored = restore(catalog, backup)
    # What is written now gets the passage ids that the view knows with other vectors.
    for n in range(written_since):
        put(restored, f"new {n}", coarse(9 + n, 4))
    view = open_view(restored)
    assert (view.generation, len(view)) == (1 + written_since, 4 + 4 * written_since)
    assert found(view, 20) == nearest(catalog.path, QUERY, 20)


def folder_in_the_way(path: Path) -> Path:
    path.mkdir()
    return path


def file_as_parent(path: Path) -> Path:
    path.write_bytes(b"")
    return path / "vectors.faiss"


def parent_missing(path: Path) -> Path:
    return path / "none" / "vectors.faiss"


@pytest.mark.parametrize("make", [folder_in_the_way, file_as_parent, parent_missing])
def test_place_that_cannot_be_written_is_no_error(
    catalog: Catalog, make: Callable[[Path], Path]
) -> None:
    put(catalog, "a", coarse(1, 4))
    path = make(view_path(catalog))
    view = VectorView(catalog, path, embedder=EMBEDDER, dimension=DIMENSION)
    before = sorted(catalog.path.parent.rglob("*"))
    assert not view.save()
    assert sorted(catalog.path.parent.rglob("*")) == before
    assert found(view, 4) == nearest(catalog.path, QUERY, 4)


def test_temporary_files_do_not_accumulate(catalog: Catalog) -> None:
    # Left by processes that were killed between writing and renaming.
    for process in (1, 22, 333):
        view_path(catalog).with_name(f"vectors.faiss.{process}.tmp").write_bytes(b"half a view")
    neighbour = catalog.path.with_name("notes.tmp")
    neighbour.write_bytes(b"not a view's")
    view = open_view(catalog)
    for n in range(3):
        put(catalog, f"{n}", coarse(n, 4))
        view.catch_up()
        assert view.save()
    assert list(catalog.path.parent.glob("*.tmp")) == [neighbour]
