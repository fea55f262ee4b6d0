"""An embedder changed there and back: views of before name passages that are no more."""

from __future__ import annotations

from pathlib import Path

from equal_views import check_views
from fakes import FakeEmbedder
from other_embedder import OtherEmbedder

from index.catalog import Catalog
from index.checking import check_collection
from index.collection import Collection
from index.documents import make_document
from index.ingest import Ingester
from index.reindexing import reindex


def put(catalog: Catalog, document_id: str, text: str) -> None:
    document, _ = make_document(document_id, text.encode(), max_bytes=1_000)
    Ingester(catalog, FakeEmbedder()).put(document)


def test_views_of_the_first_time_are_not_taken_for_those_of_the_second(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, "a.txt", "The harbour was closed because of a storm.")
    put(catalog, "b.txt", "The xylophone was played by zebras all summer.")
    collection = Collection(catalog, FakeEmbedder())
    collection.save_views()
    # Nobody opens the collection in between.
    reindex(catalog, OtherEmbedder())
    reindex(catalog, FakeEmbedder())
    put(catalog, "a.txt", "Grain and timber came from the north.")
    assert check_collection(catalog).findings == []

    collection.catch_up()
    for query, document_id in (("xylophone", "b.txt"), ("timber", "a.txt")):
        [worded] = [hit for hit in collection.search(query, 10).hits if hit.lexical > 0]
        assert worded.document_id == document_id
    collection.close()
    check_views(catalog, ("the xylophone", "timber of the harbour"))
    assert check_collection(catalog).findings == []
