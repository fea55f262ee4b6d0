"""A damaged lexical index is made anew, never trusted; errors are clear."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tantivy import Index, SchemaBuilder
from toy_lexical import (
    EMBEDDER,
    catch_up,
    check_equal,
    child,
    corpus,
    folder_of,
    found,
    index_folder,
    new_view,
    opened,
    put,
    refresh,
)

from index.catalog import Catalog
from index.errors import DamagedCatalog, UnwritableCatalog
from index.feed import FedDocument, Feed
from index.lexical import LexicalView
from index.lexical_view.files import index_folders
from index.lexical_view.index import FORMAT, open_index, state_document


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    yield catalog
    catalog.close()


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content[: len(content) // 2])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 4] ^= 0x55
    file.unlink()
    file.write_bytes(content)


def each_file(harm: Callable[[Path], None], suffix: str) -> Callable[[Catalog], None]:
    def damage(catalog: Catalog) -> None:
        files = list(index_folder(catalog).glob(f"*{suffix}"))
        assert files
        for file in files:
            harm(file)

    return damage


def write_meta(text: str) -> Callable[[Catalog], None]:
    return lambda catalog: (index_folder(catalog) / "meta.json").write_text(text) and None


def change_meta(key: str, value: object) -> Callable[[Catalog], None]:
    def damage(catalog: Catalog) -> None:
        path = index_folder(catalog) / "meta.json"
        meta = json.loads(path.read_text())
        for segment in meta["segments"]:
            segment[key] = value
        path.write_text(json.dumps(meta))

    return damage


def foreign_index(catalog: Catalog) -> None:
    folder = index_folder(catalog)
    shutil.rmtree(folder)
    folder.mkdir()
    schema = SchemaBuilder().add_text_field("body", stored=True).build()
    writer = Index(schema, str(folder)).writer(15_000_000, 1)
    writer.commit()
    writer.wait_merging_threads()


def states(*said: object) -> Callable[[Catalog], None]:
    """An index that says this of itself."""

    def damage(catalog: Catalog) -> None:
        writer = open_index(index_folder(catalog)).writer(15_000_000, 1)
        writer.delete_documents_by_term("fact", "state")
        for one in said:
            writer.add_document(state_document(one if isinstance(one, str) else json.dumps(one)))
        writer.commit()
        writer.wait_merging_threads()

    return damage


def file_in_place(catalog: Catalog) -> None:
    shutil.rmtree(folder_of(catalog))
    folder_of(catalog).write_text("not a folder")


def file_as_index(catalog: Catalog) -> None:
    folder = index_folder(catalog)
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def link_out(catalog: Catalog) -> None:
    outside = folder_of(catalog).with_name("outside")
    index_folder(catalog).rename(outside)
    (outside / "meta.json").write_text("{}")
    folder_of(catalog).joinpath("0" * 32).symlink_to(outside)


STATE = {"catalog_id": "c", "generation": 1, "token": "t"}
SUFFIXES = (".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term", ".del")
DAMAGES: dict[str, Callable[[Catalog], None]] = {
    **{f"cut {suffix}": each_file(cut, suffix) for suffix in (*SUFFIXES, "meta.json")},
    **{f"flipped {suffix}": each_file(flip, suffix) for suffix in SUFFIXES},
    **{f"removed {suffix}": each_file(Path.unlink, suffix) for suffix in (*SUFFIXES, "meta.json")},
    **{f"meta {text!r}": write_meta(text) for text in ("", "{}", "[]", '{"segments": [1]}', "\0")},
    "meta without documents": change_meta("max_doc", 0),
    "meta of other segments": change_meta("segment_id", "572930dc-3c81-4936-858e-b3cb283f126b"),
    "meta of odd segments": change_meta("segment_id", 7),
    "foreign index": foreign_index,
    "no state": states(),
    "two states": states({**STATE}, {**STATE}),
    "state of another catalog": states({"format": FORMAT, "embedder": EMBEDDER, **STATE}),
    "state of another format": states({"format": 0, "embedder": EMBEDDER, **STATE}),
    "state of another embedder": states({"format": FORMAT, "embedder": "other@1", **STATE}),
    "state of another kind": states({"format": FORMAT, "embedder": EMBEDDER, "catalog_id": "c"}),
    "state that is no object": states("[]"),
    "state that is no JSON": states("{"),
    "file in its place": file_in_place,
    "file as an index": file_as_index,
    "link to elsewhere": link_out,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_index_is_made_anew(catalog: Catalog, damage: Callable[[Catalog], None]) -> None:
    put(catalog, "a", "lamp ", "river ", "forest")
    view = opened(catalog)
    put(catalog, "b", "lamp")
    catalog.remove("b")
    put(catalog, "b", "velvet")
    assert catch_up(view, catalog)
    put(catalog, "b", "lamp")
    assert catch_up(view, catalog)
    view.close()
    damage(catalog)
    view = new_view(catalog)
    assert not refresh(view, catalog)
    assert view.state is None
    assert catch_up(view, catalog)
    check_equal(view, catalog, scores=False)
    assert found(view, "lamp") == [1, 6]
    assert len(index_folders(folder_of(catalog))) == 1
    assert refresh(new_view(catalog), catalog)


def test_nothing_outside_its_folder_is_removed(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    opened(catalog).close()
    link_out(catalog)
    (folder_of(catalog) / "notes.txt").write_text("mine")
    opened(catalog).close()
    assert (folder_of(catalog).with_name("outside") / "meta.json").read_text() == "{}"
    assert (folder_of(catalog) / "notes.txt").read_text() == "mine"


def test_what_a_killed_writer_left_is_removed_by_the_next_change(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    opened(catalog).close()
    left = index_folder(catalog) / ".tmpSfqCPR"
    left.write_bytes(b"half of meta.json")
    put(catalog, "b", "river")
    view = opened(catalog)
    assert not left.exists()
    assert view.ids().tolist() == [1, 2]


@pytest.mark.parametrize("suffix", [".store", ".term", "meta.json", ".managed.json"])
def test_damage_while_it_is_shown_is_mended_by_the_next_change(
    catalog: Catalog, suffix: str
) -> None:
    put(catalog, "a", "lamp ", "river")
    view = opened(catalog)
    each_file(cut, suffix)(catalog)
    assert found(view, "lamp") == [1]
    put(catalog, "a", "river ", "lamp")
    assert catch_up(view, catalog)
    assert found(view, "lamp") == [4]
    view.close()
    put(catalog, "b", "lamp")
    again = new_view(catalog)
    assert catch_up(again, catalog)
    assert found(again, "lamp") in ([5, 4], [4, 5])


def test_a_folder_that_cannot_be_written_is_a_clear_error(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    folder_of(catalog).write_text("a file")
    view = LexicalView(folder_of(catalog) / "lexical", embedder=EMBEDDER)
    with pytest.raises(UnwritableCatalog, match=r"lexical index .* can't be written: .*\. Make"):
        catch_up(view, catalog)
    assert view.state is None


def test_a_failed_change_leaves_what_was_shown(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = opened(catalog)
    folder = index_folder(catalog)
    put(catalog, "b", "river")
    writer = open_index(folder).writer(15_000_000, 1)
    with pytest.raises(UnwritableCatalog, match="LockBusy"):
        catch_up(view, catalog)
    writer.wait_merging_threads()
    assert found(view, "lamp") == [1]
    assert catch_up(view, catalog)
    assert found(view, "river") == [2]
    assert index_folder(catalog) == folder


class FailingFeed(Feed):
    """Of a catalog that turns out damaged."""

    def documents(self, *args: Any, **options: Any) -> Iterator[FedDocument]:
        yield from super().documents(*args, **options)
        raise DamagedCatalog("Revision 7 is gone.", "Restore it.")


def test_an_error_of_the_catalog_passes_and_leaves_no_lock(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = opened(catalog)
    put(catalog, "b", "river")
    with catalog.snapshot() as snapshot, pytest.raises(DamagedCatalog) as raised:
        view.catch_up(FailingFeed(snapshot, EMBEDDER))
    assert found(view, "river") == []
    assert catch_up(view, catalog)
    assert found(view, "river") == [2]
    assert raised.value.remedy == "Restore it."


@pytest.mark.parametrize("shown", [False, True])
def test_an_index_that_fails_to_be_made_leaves_nothing(catalog: Catalog, shown: bool) -> None:
    put(catalog, "a", *["lamp "] * 1_200)
    put(catalog, "a", "river")
    view = opened(catalog) if shown else new_view(catalog)
    before = index_folders(folder_of(catalog))
    # Another generation of the same number makes the index unusable.
    with closing(sqlite3.connect(catalog.path)) as connection, connection:
        connection.execute("UPDATE changes SET token = 'another' WHERE generation = 2")
    for _ in range(3):
        with catalog.snapshot() as snapshot, pytest.raises(DamagedCatalog):
            view.catch_up(FailingFeed(snapshot, EMBEDDER))
        assert index_folders(folder_of(catalog)) == before
        assert not view.is_being_made
        assert view.ids().tolist() == ([1201] if shown else [])
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [1201]
    assert set(index_folders(folder_of(catalog))).isdisjoint(before)


def test_a_full_disk_is_a_clear_error_and_the_old_index_stays(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = opened(catalog)
    put(catalog, "b", *corpus(9, 300, 400))
    code = (
        "import resource, signal\n"
        "from index.errors import UnwritableCatalog\n"
        "view = LexicalView(folder, embedder='toy@1')\n"
        "with Catalog(path).snapshot() as snapshot:\n"
        "    feed = Feed(snapshot, 'toy@1')\n"
        "    feed.state()\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "    try:\n"
        "        view.catch_up(feed)\n"
        "    except UnwritableCatalog as error:\n"
        "        print(error.message[:17], view.ids().tolist())\n"
    )
    with child(code, catalog) as other:
        said, _ = other.communicate()
    assert (other.returncode, said) == (0, "The lexical index [1]\n")
    assert not refresh(view, catalog)
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [*range(1, 302)]
    assert len(index_folders(folder_of(catalog))) == 1
