"""The only place that names concrete classes: settings to what the service runs on."""

from __future__ import annotations

from dataclasses import dataclass

from index.collection import Collection, CollectionStore
from index.embedder import Embedder, SentenceTransformerEmbedder
from service.answering import Answerer
from service.executor import limit_threads
from service.reader import Reader, TransformersReader
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Components:
    """What the service runs on."""

    collections: CollectionStore
    embedder: Embedder
    reader: Reader
    null_threshold: float

    def collection(self, name: str) -> Collection:
        """A collection, ready to be searched.

        Raises:
            UnknownCollection: There is none of that name.
            CatalogError: It can't be opened.
            ModelMismatch: Its vectors come from another embedder.
        """
        return self.collections.collection(name, self.embedder)

    def answerer(self, collection: str) -> Answerer:
        """What answers questions from a collection; raises what `collection` does."""
        return Answerer(
            self.collection(collection),
            self.reader,
            null_threshold=self.null_threshold,
        )

    def models(self) -> dict[str, str]:
        """Ids of the models in use."""
        return {"embedder": self.embedder.model_id, "reader": self.reader.model_id}


def load_embedder(settings: Settings) -> Embedder:
    """The configured embedder, loaded.

    Raises:
        ModelError: It can't be used.
    """
    limit_threads(settings.threads)
    return SentenceTransformerEmbedder(settings.embedder)


def load(settings: Settings) -> Components:
    """Everything, loaded.

    Raises:
        ModelError: A model can't be used.
    """
    return Components(
        collections=CollectionStore(settings.data_dir),
        embedder=load_embedder(settings),
        reader=TransformersReader(settings.reader),
        null_threshold=settings.null_threshold,
    )
