"""The vector view's file: used where it can be, never believed where it can't."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reference import nearest
from toy_vectors import (
    DIMENSION,
    EMBEDDER,
    QUERY,
    catch_up,
    coarse,
    found,
    open_view,
    put,
    rebuilt,
    same,
    view_path,
)

from index.catalog import Catalog
from index.errors import UnwritableCatalog
from index.feed import Feed
from index.filters import Filters
from index.storage.placing import name_beside
from index.vectors import VectorView


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def test_saved_view_is_used_again(catalog: Catalog) -> None:
    for n in range(4):
        put(catalog, f"{n}", coarse(n, 4), metadata={"tags": [f"t{n % 2}"]})
    view = open_view(catalog)
    assert view.merge()
    assert not view.merge()
    again = open_view(catalog)
    assert not again.merge(), "it was rebuilt"
    same(again, view)
    assert found(again, 10) == nearest(catalog.path, QUERY, 10)
    tag = Filters(tags=frozenset({"T1"}))
    assert found(again, 20, filters=tag) == found(view, 20, filters=tag)
    assert {i for i, _ in found(again, 20, filters=tag)} == {5, 6, 7, 8, 13, 14, 15, 16}


def test_view_that_is_behind_is_caught_up(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    put(catalog, "b", coarse(2, 4))
    open_view(catalog).merge()
    put(catalog, "a", coarse(3, 6))
    put(catalog, "c", coarse(4, 2))
    view = open_view(catalog)
    assert len(view) == 12
    assert found(view, 12) == nearest(catalog.path, QUERY, 12)
    assert view.merge()
    assert not open_view(catalog).merge()


def test_a_merged_view_and_a_rebuilt_one_write_the_same_file(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4), metadata={"tags": ["x"]})
    put(catalog, "b", coarse(2, 4), metadata={"tags": ["y"]}, published_at="2020-01-02")
    view = open_view(catalog)
    view.merge()
    put(catalog, "c", coarse(3, 6), metadata={"tags": ["x", "y"]})
    put(catalog, "d", coarse(3, 6), metadata={"tags": ["w"]})
    catalog.remove("d")
    catch_up(view, catalog)
    assert view.merge()
    merged = view_path(catalog).read_bytes()
    view_path(catalog).unlink()
    assert open_view(catalog).merge()
    assert view_path(catalog).read_bytes() == merged


def test_a_change_without_passages_is_kept_too(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    view = open_view(catalog)
    view.merge()
    put(catalog, "empty", coarse(1, 0))
    catch_up(view, catalog)
    assert view.merge()
    assert not open_view(catalog).merge()


def stamped(path: Path, **changes: object) -> None:
    """Change a view's stamp, its digest with it, so that nothing but the change is wrong."""
    line, _, payload = path.read_bytes().partition(b"\n")
    stamp = json.loads(line) | changes
    del stamp["sha256"]
    stamp["sha256"] = hashlib.sha256(json.dumps(stamp).encode() + b"\n" + payload).hexdigest()
    path.write_bytes(json.dumps(stamp).encode() + b"\n" + payload)


def test_stamp_changed_to_the_same_is_still_good(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    open_view(catalog).merge()
    stamped(view_path(catalog))
    assert not open_view(catalog).merge()


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)


def as_of_another_faiss(path: Path) -> None:
    """An index that FAISS doesn't know, with a digest that is right."""
    content = path.read_bytes()
    at = content.index(b"\n") + 1
    path.write_bytes(content[:at] + b"None" + content[at + 4 :])
    stamped(path)


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
    "older format": lambda path: stamped(path, format=1),
    "newer format": lambda path: stamped(path, format=1_000_000),
    "newer than the catalog": lambda path: stamped(path, generation=4),
    "other token": lambda path: stamped(path, token="0" * 32),
    "earlier generation": lambda path: stamped(path, generation=2),
    "generation that is no number": lambda path: stamped(path, generation="3"),
    "generation beyond all numbers": lambda path: stamped(path, generation=10**30),
    "no lengths": lambda path: stamped(path, lengths=None),
    "other lengths": lambda path: stamped(path, lengths=[5, 5]),
    "another FAISS": as_of_another_faiss,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_view_that_cannot_be_used_is_rebuilt(catalog: Catalog, damage: str) -> None:
    for n in range(3):
        put(catalog, f"{n}", coarse(n, 4))
    open_view(catalog).merge()
    good = view_path(catalog).read_bytes()
    DAMAGE[damage](view_path(catalog))
    view = open_view(catalog)
    assert view.search(QUERY, 1).generation == 3
    assert found(view, 20) == nearest(catalog.path, QUERY, 20)
    assert view.merge(), "it was used"
    assert view_path(catalog).read_bytes() == good


def test_no_flipped_byte_of_the_stamp_is_believed(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    put(catalog, "b", coarse(2, 3))
    open_view(catalog).merge()
    # The view is one generation behind: one bit makes 2 of it 3, and it would look up to date.
    put(catalog, "c", coarse(3, 3))
    good = view_path(catalog).read_bytes()
    truth = nearest(catalog.path, QUERY, 9)
    for at in range(good.index(b"\n") + 1):
        content = bytearray(good)
        content[at] ^= 1
        view_path(catalog).write_bytes(content)
        view = open_view(catalog)
        assert found(view, 9) == truth, at


def test_view_of_another_catalog_is_rebuilt(catalog: Catalog, tmp_path: Path) -> None:
    other = Catalog(tmp_path / "other" / "catalog.sqlite", create=True)
    put(catalog, "a", coarse(1, 4))
    put(other, "a", coarse(2, 4))
    open_view(other).merge()
    shutil.copy(view_path(other), view_path(catalog))
    assert found(open_view(catalog), 4) == nearest(catalog.path, QUERY, 4)


def test_view_of_another_embedder_or_dimension_is_not_mixed_in(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    open_view(catalog).merge()
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


@pytest.mark.parametrize("written_since", [0, 1, 3])
def test_view_of_a_catalog_restored_from_a_backup_is_rebuilt(
    catalog: Catalog, written_since: int
) -> None:
    put(catalog, "a", coarse(1, 4))
    catalog.close()
    backup = catalog.path.read_bytes()
    catalog = Catalog(catalog.path)
    for n in range(2, 5):
        put(catalog, f"{n}", coarse(n, 4))
    open_view(catalog).merge()
    restored = restore(catalog, backup)
    # What is written now gets the passage ids, and generations, that the view knows otherwise.
    for n in range(written_since):
        put(restored, f"new {n}", coarse(9 + n, 4))
    view = open_view(restored)
    assert len(view) == 4 + 4 * written_since
    assert found(view, 20) == nearest(catalog.path, QUERY, 20)


def folder_in_the_way(path: Path) -> Path:
    path.mkdir()
    return path


def file_as_parent(path: Path) -> Path:
    path.write_bytes(b"")
    return path / "vectors.faiss"


def parent_missing(path: Path) -> Path:
    return path / "none" / "vectors.faiss"


def beside(catalog: Catalog) -> list[Path]:
    """All files but the database's own: SQLite makes and removes its logs as it likes."""
    found = catalog.path.parent.rglob("*")
    return sorted(path for path in found if not path.name.startswith(catalog.path.name))


@pytest.mark.parametrize("make", [folder_in_the_way, file_as_parent, parent_missing])
def test_place_that_cannot_be_written_is_told_and_tried_again(
    catalog: Catalog, make: Callable[[Path], Path]
) -> None:
    put(catalog, "a", coarse(1, 1200))
    view = open_view(catalog, make(view_path(catalog)))
    assert view.wants_merge
    before = beside(catalog)
    for _ in range(2):
        with pytest.raises(UnwritableCatalog, match=r"vector index .* can't be written: .*\. Make"):
            view.merge()
        assert beside(catalog) == before
        assert view.wants_merge
        assert found(view, 4) == nearest(catalog.path, QUERY, 4)


def test_view_is_kept_once_its_place_is_free(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 3))
    view = open_view(catalog)
    view_path(catalog).mkdir()
    with pytest.raises(UnwritableCatalog, match=r"written: there is a folder in its place\."):
        view.merge()
    view_path(catalog).rmdir()
    assert view.wants_merge
    assert view.merge()
    assert not view.wants_merge
    assert not open_view(catalog).merge(), "it was not used"


def test_temporary_files_do_not_accumulate(catalog: Catalog) -> None:
    # Left by processes that were killed between writing and renaming.
    for _ in range(3):
        name_beside(view_path(catalog)).write_bytes(b"half a view")
    neighbour = catalog.path.with_name("notes.tmp")
    neighbour.write_bytes(b"not a view's")
    view = open_view(catalog)
    for n in range(3):
        put(catalog, f"{n}", coarse(n, 4))
        catch_up(view, catalog)
        assert view.merge()
    assert list(catalog.path.parent.glob("*.tmp")) == [neighbour]


def test_a_view_that_was_not_opened_replaces_the_file_that_is_there(catalog: Catalog) -> None:
    put(catalog, "a", coarse(1, 4))
    open_view(catalog).merge()
    put(catalog, "b", coarse(2, 4))
    view = VectorView(view_path(catalog), embedder=EMBEDDER, dimension=DIMENSION)
    with catalog.snapshot() as snapshot:
        view.catch_up(Feed(snapshot, EMBEDDER))
    assert view.merge()
    again = open_view(catalog)
    assert not again.merge()
    same(again, rebuilt(catalog))
    assert np.array_equal(again.vectors()[1], np.concatenate((coarse(1, 4), coarse(2, 4))))
