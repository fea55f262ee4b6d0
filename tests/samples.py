"""The sample documents, and small collections made with the fake embedder."""

from __future__ import annotations

from pathlib import Path

from fakes import FakeEmbedder

from index.collection import CollectionStore
from index.documents import make_document
from index.ingest import Ingester

SEEDS = Path(__file__).parents[1] / "seeds"

DOCUMENTS = {
    "news/first.txt": "Aid agencies report from the city.\n\nThe war displaced 146,000 people.",
    "news/\U0001f600 second.txt": "\U0001f600 A film opened. Anna Berg directed it in Oslo.",
}


def put_documents(data_dir: Path, documents: dict[str, str], collection: str = "default") -> None:
    """Put texts into a collection with the fake embedder."""
    store = CollectionStore(data_dir)
    ingester = Ingester(store.catalog(collection, create=True), FakeEmbedder())
    for document_id, text in documents.items():
        document, _ = make_document(document_id, text.encode(), max_bytes=1_000_000)
        ingester.put(document)
    store.close()
