"""A search beside a restore or a reindex: what was replaced names nothing any more."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from fakes import FakeEmbedder
from other_embedder import OtherEmbedder

from index.backup import back_up
from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.ingest import Ingester
from index.reindexing import reindex
from index.restoring import restore


def put(catalog: Catalog, document_id: str, text: str) -> None:
    document, _ = make_document(document_id, text.encode(), max_bytes=1_000)
    Ingester(catalog, FakeEmbedder()).put(document)


def found(collection: Collection, query: str) -> list[tuple[int, str, bool]]:
    """Id, document, and whether it is found by its words."""
    hits = collection.search(query, 10).hits
    return sorted((hit.passage_id, hit.document_id, hit.lexical > 0) for hit in hits)


def test_words_of_the_replaced_catalog_find_no_passage_of_the_restored_one(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, "a.txt", "The harbour was closed because of a storm.")
    back_up(catalog, tmp_path / "backup.sqlite")
    put(catalog, "b.txt", "The xylophone was played by zebras all summer.")
    reader = Collection(Catalog(catalog.path), FakeEmbedder())
    assert found(reader, "xylophone") == [(1, "a.txt", False), (2, "b.txt", True)]

    restore(tmp_path / "backup.sqlite", catalog.path, replace=True)
    # As if the replaced catalog couldn't have been read: its ids are given again.
    with closing(sqlite3.connect(catalog.path)) as other, other:
        other.execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'passages'")
    put(catalog, "c.txt", "Grain and timber came from the north.")
    # The id of the xylophone is that of the grain now; the view of words doesn't know it yet.
    assert found(reader, "xylophone") == [(1, "a.txt", False), (2, "c.txt", False)]
    reader.catch_up()
    assert found(reader, "xylophone") == [(1, "a.txt", False), (2, "c.txt", False)]
    assert found(reader, "grain") == [(1, "a.txt", False), (2, "c.txt", True)]
    reader.close()


def test_a_collection_is_not_ready_before_both_views_show_the_restored_catalog(
    tmp_path: Path,
) -> None:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, "a.txt", "The harbour was closed because of a storm.")
    back_up(catalog, tmp_path / "backup.sqlite")
    reader = Collection(Catalog(catalog.path), FakeEmbedder())
    assert reader.is_ready
    restore(tmp_path / "backup.sqlite", catalog.path, replace=True)
    assert not reader.is_ready
    # It is found by meaning, but not by words.
    assert found(reader, "harbour") == [(1, "a.txt", False)]
    assert not reader.is_ready
    reader.catch_up()
    assert reader.is_ready
    assert found(reader, "harbour") == [(1, "a.txt", True)]
    reader.close()


def test_a_collection_of_another_embedders_vectors_is_not_ready(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, "a.txt", "The harbour was closed because of a storm.")
    reader = Collection(Catalog(catalog.path), FakeEmbedder())
    assert reader.is_ready
    reindex(catalog, OtherEmbedder())
    assert not reader.is_ready
    reader.close()
