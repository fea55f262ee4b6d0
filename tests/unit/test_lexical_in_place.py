"""Files of the lexical index that are changed in place while tantivy has them mapped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toy_lexical import (
    catch_up,
    check_equal,
    child,
    corpus,
    found,
    index_folder,
    opened,
    put,
)

from index.catalog import Catalog

SUFFIXES = (".fast", ".fieldnorm", ".idx", ".pos", ".store", ".term")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, "a", *(f"{text} " for text in corpus(2, 40, 30)))
    yield catalog
    catalog.close()


def later(file: Path) -> None:
    """Make a change be one of the next second, however coarse the file system's clock is."""
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


def flip(file: Path) -> None:
    with file.open("r+b") as stream:
        content = bytearray(stream.read())
        content[len(content) // 4] ^= 0x55
        stream.seek(0)
        stream.write(content)
    later(file)


CUT_AND_SEARCH = (
    "import os\n"
    "view = LexicalView(folder, embedder='toy@1')\n"
    "with Catalog(path).snapshot() as snapshot:\n"
    "    feed = Feed(snapshot, 'toy@1')\n"
    "    assert view.refresh(feed) and len(view.search('bridge river', 50).ids) > 10\n"
    "    for file in folder.glob('*/*'):\n"
    "        os.truncate(file, 0)\n"
    "    print(view.search('bridge river', 50).ids.tolist(), view.state, flush=True)\n"
    "    print(view.scores('bridge river', [1, 2]).tolist(), flush=True)\n"
    "    assert view.catch_up(feed)\n"
    "    print(len(view.ids()))\n"
)


def test_files_cut_short_do_not_kill_who_searches(catalog: Catalog) -> None:
    opened(catalog).close()
    with child(CUT_AND_SEARCH, catalog) as other:
        said, _ = other.communicate()
    assert (other.returncode, said) == (0, "[] None\n[0.0, 0.0]\n40\n")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_damaged_in_place_is_made_anew_before_it_is_written_to(
    catalog: Catalog, suffix: str
) -> None:
    view = opened(catalog)
    before = index_folder(catalog)
    for file in before.glob(f"*{suffix}"):
        flip(file)
    put(catalog, "a", *(f"{text} " for text in corpus(3, 40, 30)))
    assert catch_up(view, catalog)
    assert index_folder(catalog) != before
    check_equal(view, catalog, scores=False)


@pytest.mark.parametrize("act", [later, lambda file: file.write_bytes(file.read_bytes())])
def test_what_is_whole_after_all_is_shown_again(
    catalog: Catalog, act: Callable[[Path], None]
) -> None:
    view = opened(catalog)
    expected = found(view, "bridge")
    before = index_folder(catalog)
    for file in before.glob("*.idx"):
        act(file)
        later(file)
    assert expected
    assert (found(view, "bridge"), view.state) == ([], None)
    assert catch_up(view, catalog)
    assert found(view, "bridge") == expected
    assert index_folder(catalog) == before


def test_files_that_are_removed_or_replaced_can_be_searched_still(catalog: Catalog) -> None:
    view = opened(catalog)
    expected = found(view, "bridge river")
    for number, file in enumerate(sorted(index_folder(catalog).iterdir())):
        file.rename(file.with_suffix(".old"))
        if number % 2:
            file.write_bytes(b"another")
    assert expected
    assert found(view, "bridge river") == expected
