"""The application in process, with fakes for models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes import FakeEmbedder, FakeReader
from fastapi.testclient import TestClient
from samples import DOCUMENTS, put_documents

from index.collection import CollectionStore
from service.app import create_app
from service.reader import Reader
from service.settings import Settings
from service.wiring import Components

MakeClient = Callable[..., TestClient]


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """Makes a client of an application with two documents; takes settings and a reader."""
    put_documents(tmp_path, DOCUMENTS)
    clients: list[TestClient] = []

    def make(reader: Reader | None = None, **given: object) -> TestClient:
        settings = Settings(data_dir=tmp_path, **given)  # type: ignore[arg-type]
        app = create_app(
            settings,
            lambda: Components(
                collections=CollectionStore(tmp_path),
                embedder=FakeEmbedder(),
                reader=reader or FakeReader(),
                threshold=0.0,
            ),
        )
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        clients.append(client)
        return client.__enter__()

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    """A client of an application with default settings."""
    return make_client()
