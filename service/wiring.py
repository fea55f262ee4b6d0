"""The only place that names concrete classes: settings to what the service runs on."""

from __future__ import annotations

from dataclasses import dataclass

from index.collection import Collection, CollectionStore
from index.embedder import DEFAULT_EMBEDDER, Embedder
from index.onnx_embedder import OnnxEmbedder
from index.torch_embedder import SentenceTransformerEmbedder
from service.answering import Answerer
from service.calibration import SHIPPED, Calibration, load_calibration
from service.executor import limit_threads
from service.onnx_reader import MODEL, OnnxReader
from service.reader import Reader, find_reader
from service.settings import Settings
from service.torch_reader import TransformersReader


@dataclass(frozen=True, slots=True)
class Components:
    """What the service runs on."""

    collections: CollectionStore
    embedder: Embedder
    reader: Reader
    calibration: Calibration
    min_confidence: float

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
            self.calibration,
            min_confidence=self.min_confidence,
        )

    def models(self) -> dict[str, str]:
        """Ids of the models in use."""
        return {
            "embedder": self.embedder.model_id,
            "reader": self.reader.model_id,
            "calibration": self.calibration.calibration_id,
        }


def open_collections(settings: Settings, *, live: bool = False) -> CollectionStore:
    """The configured data folder's collections.

    Args:
        settings: Where they are, and how long to wait for another process that writes.
        live: As for `CollectionStore`.
    """
    return CollectionStore(settings.data_dir, live=live, busy_seconds=settings.busy_seconds)


def load_embedder(settings: Settings) -> Embedder:
    """The configured embedder, loaded: the installed one without torch, another one with it.

    Raises:
        ModelError: It can't be used.
    """
    limit_threads(settings.threads)
    if settings.embedder == DEFAULT_EMBEDDER:
        return OnnxEmbedder(threads=settings.threads)
    return SentenceTransformerEmbedder(settings.embedder, threads=settings.threads)


def load_reader(settings: Settings) -> Reader:
    """The configured reader, loaded: without torch if its folder holds an ONNX model.

    Raises:
        ModelError: It can't be used.
    """
    limit_threads(settings.threads)
    is_onnx = (find_reader(settings.reader) / MODEL).is_file()
    kind = OnnxReader if is_onnx else TransformersReader
    return kind(settings.reader, threads=settings.threads)


def load(settings: Settings, collections: CollectionStore) -> Components:
    """Everything, loaded.

    Args:
        settings: Which models, how many threads.
        collections: The collections to answer from.

    Raises:
        ModelError: A model can't be used.
        UnusableCalibration: The calibration can't.
    """
    return Components(
        collections=collections,
        embedder=load_embedder(settings),
        reader=load_reader(settings),
        calibration=load_calibration(settings.calibration or SHIPPED),
        min_confidence=settings.min_confidence,
    )
