"""How the lexical view follows its catalog: in step with others, and whatever is killed."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_lexical import (
    EMBEDDER,
    PLAIN,
    catch_up,
    check_equal,
    child,
    corpus,
    deleted,
    folder_of,
    found,
    new_view,
    opened,
    put,
    refresh,
    state_of,
)

from index.catalog import Catalog
from index.feed import Feed
from index.lexical_view.files import index_folders, writing_alone
from index.stopping import Stopped


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    yield catalog
    catalog.close()


def test_an_empty_catalog_can_be_shown(catalog: Catalog) -> None:
    view = opened(catalog)
    assert view.state == state_of(catalog)
    assert found(view, "lamp") == []
    assert view.ids().tolist() == []


def test_replay_equals_a_rebuild_once_deletes_are_merged(catalog: Catalog) -> None:
    view = new_view(catalog, PLAIN)
    texts = iter(corpus(5, 200, 20))
    merged = 0
    # Tantivy merges when there are eight segments.
    for step in range(12):
        put(catalog, f"{step}", next(texts), next(texts))
        if step % 3 == 1:
            put(catalog, f"{step - 1}", next(texts))
            catalog.remove(f"{step}")
            put(catalog, f"x{step}", next(texts), next(texts), next(texts))
        assert catch_up(view, catalog)
        check_equal(view, catalog, scores=deleted(catalog) == 0)
        merged += step > 1 and deleted(catalog) == 0
    assert merged


def test_an_index_of_mostly_deleted_passages_is_made_anew(catalog: Catalog) -> None:
    put(catalog, "a", *["lamp river "] * 1_200)
    put(catalog, "b", "lamp")
    view = opened(catalog, PLAIN)
    catalog.remove("a")
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [1201]
    assert deleted(catalog) > 1_200
    put(catalog, "c", "river")
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [1201, 1202]
    assert deleted(catalog) == 0
    check_equal(view, catalog, scores=True)


def test_a_replay_is_one_commit_of_what_changed(catalog: Catalog) -> None:
    put(catalog, "a", "lamp ", "river")
    view = opened(catalog)
    [folder] = index_folders(folder_of(catalog))
    put(catalog, "a", "lamp ", "forest ", "garden")
    put(catalog, "b", "velvet")
    catalog.remove("b")
    put(catalog, "c", "copper")
    assert catch_up(view, catalog)
    assert index_folders(folder_of(catalog)) == [folder]
    assert view.ids().tolist() == [3, 4, 5, 7]
    assert found(view, "river velvet") == []
    assert found(view, "copper") == [7]
    assert view.state == state_of(catalog)


def test_what_is_shown_stays_until_another_is_adopted(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    one, two = opened(catalog), new_view(catalog)
    assert refresh(two, catalog)
    assert not refresh(two, catalog)
    put(catalog, "a", "river")
    assert catch_up(one, catalog)
    assert (found(one, "lamp"), found(one, "river")) == ([], [2])
    assert (found(two, "lamp"), found(two, "river")) == ([1], [])
    assert two.search("lamp", 5).generation == 1
    assert refresh(two, catalog)
    assert (found(two, "lamp"), found(two, "river")) == ([], [2])
    assert two.state == one.state == state_of(catalog)
    two.close()
    assert two.state is None
    assert found(two, "river") == []


def test_an_index_made_anew_elsewhere_is_adopted(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    one = opened(catalog)
    shutil.rmtree(folder_of(catalog))
    assert found(one, "lamp") == [1]
    put(catalog, "b", "lamp")
    two = opened(catalog)
    assert refresh(one, catalog)
    assert found(one, "lamp") == found(two, "lamp") == [1, 2]


def test_another_process_that_writes_is_not_waited_for(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = opened(catalog)
    put(catalog, "b", "lamp")
    code = "with writing_alone(folder) as alone:\n    print(alone, flush=True)\n    input()\n"
    with child(code, catalog) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        with writing_alone(folder_of(catalog)) as alone:
            assert not alone
        assert not catch_up(view, catalog)
        assert found(view, "lamp") == [1]
        other.kill()
    assert catch_up(view, catalog)
    assert found(view, "lamp") == [1, 2]


CATCH_UP = (
    "view = LexicalView(folder, embedder='toy@1')\n"
    "with Catalog(path).snapshot() as snapshot:\n"
    "    assert view.catch_up(Feed(snapshot, 'toy@1'))\n"
)


@pytest.mark.parametrize("anew", [False, True])
@pytest.mark.parametrize(
    ("point", "committed"),
    [("lexical.added", False), ("lexical.committed", True), ("lexical.merged", True)],
)
def test_a_kill_leaves_the_old_commit_or_the_new(
    catalog: Catalog, point: str, committed: bool, anew: bool
) -> None:
    put(catalog, "a", "lamp ", "river")
    before = state_of(catalog)
    if not anew:
        opened(catalog).close()
    put(catalog, "a", "river ", "forest")
    with child(CATCH_UP, catalog, PINCITE_FAULT=point) as other:
        assert other.wait() == -signal.SIGKILL
    view = new_view(catalog)
    assert refresh(view, catalog) == (committed or not anew)
    if committed:
        assert view.state == state_of(catalog)
    else:
        assert view.state == (None if anew else before)
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [3, 4]
    assert found(view, "river") == [3]
    assert len(index_folders(folder_of(catalog))) == 1


def test_a_feed_behind_the_index_changes_nothing(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = new_view(catalog)
    with catalog.snapshot() as snapshot:
        feed = Feed(snapshot, EMBEDDER)
        assert feed.state().generation == 1
        put(catalog, "b", "lamp")
        ahead = opened(catalog)
        assert not view.catch_up(feed)
    assert catch_up(view, catalog)
    assert view.state == ahead.state == state_of(catalog)
    assert len(index_folders(folder_of(catalog))) == 1


def test_an_index_of_what_a_restored_catalog_has_lost_is_made_anew(
    catalog: Catalog, tmp_path: Path
) -> None:
    put(catalog, "a", "lamp")
    saved = tmp_path / "saved"
    catalog.close()
    shutil.copytree(catalog.path.parent, saved)
    later = Catalog(catalog.path)
    put(later, "b", "lamp")
    opened(later).close()
    later.close()
    shutil.copytree(folder_of(catalog), saved / "lexical")
    restored = Catalog(saved / "catalog.sqlite")
    view = new_view(restored)
    assert not refresh(view, restored)
    # It could be behind another process; asked again, it is not.
    assert not catch_up(view, restored)
    assert catch_up(view, restored)
    assert view.ids().tolist() == [1]
    put(restored, "c", "lamp")
    assert catch_up(view, restored)
    assert found(view, "lamp") == [1, 2]
    restored.close()


@pytest.mark.parametrize("documents", [0, 1, 2])
@pytest.mark.parametrize("anew", [False, True])
def test_a_change_that_is_told_to_stop_leaves_no_trace(
    catalog: Catalog, documents: int, anew: bool
) -> None:
    put(catalog, "a", "lamp")
    view = new_view(catalog) if anew else opened(catalog)
    before, ids = view.state, view.ids().tolist()
    for name in "bcd":
        put(catalog, name, "river")
    checks = iter([None] * documents)

    def check() -> None:
        if next(checks, Stopped) is Stopped:
            raise Stopped

    folders = index_folders(folder_of(catalog))
    with catalog.snapshot() as snapshot, pytest.raises(Stopped):
        view.catch_up(Feed(snapshot, EMBEDDER, check))
    assert (view.state, view.ids().tolist()) == (before, ids)
    assert index_folders(folder_of(catalog)) == folders
    assert catch_up(view, catalog)
    assert view.ids().tolist() == [1, 2, 3, 4]
