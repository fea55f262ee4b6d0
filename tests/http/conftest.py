"""The application in process, with fakes for models, and what uploads to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEmbedder, FakeReader
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from samples import DOCUMENTS, put_documents
from shelf import PLAIN
from starlette.routing import Match
from waiting import until

from index.collection import CollectionStore
from index.embedder import Embedder
from service.app import create_app
from service.reader import Reader
from service.settings import Settings
from service.wiring import Components

MakeClient = Callable[..., TestClient]
Json = dict[str, Any]
Upload = Callable[..., Json]


def check_documented(app: FastAPI, response: Any) -> None:
    """Fail if a route answers with a status that OpenAPI doesn't name for it."""
    method = response.request.method
    scope = {"type": "http", "path": response.request.url.path, "method": method, "headers": []}
    for route in app.routes:
        if isinstance(route, APIRoute) and route.matches(scope)[0] is Match.FULL:
            named = app.openapi()["paths"].get(route.path_format, {}).get(method.lower())
            if named is not None:
                assert str(response.status_code) in named["responses"], (method, route.path)
            return


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """Makes a client of an application with two documents; takes settings and models."""
    put_documents(tmp_path, DOCUMENTS)
    clients: list[TestClient] = []

    def make(
        reader: Reader | None = None, embedder: Embedder | None = None, **given: object
    ) -> TestClient:
        settings = Settings(data_dir=tmp_path, **given)  # type: ignore[arg-type]
        app = create_app(
            settings,
            lambda: Components(
                collections=CollectionStore(tmp_path, live=True),
                embedder=embedder or FakeEmbedder(),
                reader=reader or FakeReader(),
                calibration=PLAIN,
                min_confidence=0.1,
            ),
        )
        client = TestClient(app, base_url="http://localhost", raise_server_exceptions=False)
        client.event_hooks["response"].append(partial(check_documented, app))
        clients.append(client)
        return client.__enter__()

    yield make
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    """A client of an application with default settings."""
    return make_client()


@pytest.fixture
def finished() -> Upload:
    """Asks after a job until it has ended; gives how it ended."""

    def wait(client: TestClient, url: str) -> Json:
        jobs: list[Json] = []

        def has_ended() -> bool:
            jobs.append(client.get(url).json())
            return jobs[-1]["status"] not in {"queued", "running"}

        until(has_ended)
        return jobs[-1]

    return wait


@pytest.fixture
def upload(finished: Upload) -> Upload:
    """Uploads files by name; gives the job at its end."""

    def send(
        client: TestClient, files: Mapping[str, bytes | str], collection: str = "default"
    ) -> Json:
        response = client.post(
            f"/v1/collections/{collection}/documents",
            files=[("file", item) for item in files.items()],
        )
        assert response.status_code == 202, response.text
        assert response.headers["location"] == response.json()["url"]
        return finished(client, response.json()["url"])

    return send
