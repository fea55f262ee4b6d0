"""Upkeep: the views come to the catalog's very state, not only to one of its number."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fakes import FakeEmbedder

from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.feed import Feed
from index.ingest import Ingester
from index.search import Searcher
from index.types import State
from index.upkeep import catch_up

SHIPS = "Seven ships waited in the harbour for a calmer sea."
ZEBRAS = "A zebra played the xylophone in the old museum."
LEMONS = "The lemons of the orchard were sold on Monday."


def put(catalog: Catalog, document_id: str, text: str) -> None:
    document, _ = make_document(document_id, text.encode(), max_bytes=10_000)
    Ingester(catalog, FakeEmbedder()).put(document)


def copy(source: Path, target: Path) -> None:
    """Make a database, in its place, what another one is."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def state_of(catalog: Catalog) -> State:
    with catalog.snapshot() as snapshot:
        return Feed(snapshot, FakeEmbedder.model_id).state()


def found(searcher: Searcher, word: str) -> dict[str, bool]:
    """Documents that a search finds, and whether by a word."""
    return {hit.document_id: hit.lexical > 0 for hit in searcher.search(word, 10).hits}


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "data" / "catalog.sqlite", create=True)
    put(catalog, "ships.txt", SHIPS)
    yield catalog
    catalog.close()


@pytest.fixture
def searcher(catalog: Catalog) -> Iterator[Searcher]:
    searcher = Searcher(catalog, catalog.path.parent, FakeEmbedder())
    catch_up(catalog, searcher)
    yield searcher
    searcher.close()


def test_views_that_show_the_present_are_left_as_they_are(
    catalog: Catalog, searcher: Searcher
) -> None:
    put(catalog, "zebras.txt", ZEBRAS)
    assert searcher.states() != (state_of(catalog), state_of(catalog))
    catch_up(catalog, searcher)
    assert searcher.states() == (state_of(catalog), state_of(catalog))
    files = {path: path.stat().st_mtime_ns for path in catalog.path.parent.rglob("*")}
    catch_up(catalog, searcher)
    assert {path: path.stat().st_mtime_ns for path in catalog.path.parent.rglob("*")} == files


@pytest.mark.parametrize("later", [0, 1, 2])
def test_catalog_replaced_by_an_older_copy_and_written_again_is_seen(
    catalog: Catalog, searcher: Searcher, tmp_path: Path, later: int
) -> None:
    """Once written as often as before, it counts what it counted, and its ids are used again."""
    copy(catalog.path, tmp_path / "saved.sqlite")
    put(catalog, "zebras.txt", ZEBRAS)
    catch_up(catalog, searcher)
    before = state_of(catalog)
    copy(tmp_path / "saved.sqlite", catalog.path)
    for number in range(later):
        put(catalog, f"lemons-{number}.txt", LEMONS)
    present = state_of(catalog)
    assert (present.catalog_id, present.generation) == (before.catalog_id, 1 + later)
    assert present.token != before.token

    catch_up(catalog, searcher)
    assert searcher.states() == (present, present)
    fresh = {f"lemons-{number}.txt" for number in range(later)}
    assert found(searcher, "zebra") == dict.fromkeys(["ships.txt", *fresh], False)
    assert found(searcher, "lemons") == {"ships.txt": False} | dict.fromkeys(fresh, True)


def test_search_follows_an_older_copy_before_the_upkeep_does(
    catalog: Catalog, searcher: Searcher, tmp_path: Path
) -> None:
    copy(catalog.path, tmp_path / "saved.sqlite")
    put(catalog, "zebras.txt", ZEBRAS)
    catch_up(catalog, searcher)
    copy(tmp_path / "saved.sqlite", catalog.path)
    searcher.search("ships", 10)
    assert searcher.vectors.state == state_of(catalog)


def test_copied_catalog_with_views_that_are_ahead_of_it_is_searched_at_once(
    catalog: Catalog, tmp_path: Path
) -> None:
    saved = tmp_path / "saved" / "catalog.sqlite"
    saved.parent.mkdir()
    copy(catalog.path, saved)
    put(catalog, "zebras.txt", ZEBRAS)
    collection = Collection(catalog, FakeEmbedder())
    collection.save_views()
    collection.close()
    shutil.copytree(catalog.path.parent / "lexical", saved.parent / "lexical")
    shutil.copy(catalog.path.parent / "vectors.faiss", saved.parent)

    restored = Catalog(saved)
    collection = Collection(restored, FakeEmbedder())
    assert collection.is_ready
    result = collection.search("ships", 10)
    assert [(hit.document_id, hit.lexical > 0) for hit in result.hits] == [("ships.txt", True)]
    assert result.generation == 1
    collection.close()
    restored.close()
