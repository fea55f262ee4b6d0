"""Documents, collections and health, in process with fakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fakes import FakeEmbedder, FakeReader
from fastapi.testclient import TestClient
from other_embedder import OtherEmbedder
from samples import DOCUMENTS, put_documents
from shelf import PLAIN
from waiting import until

from index.catalog import Catalog
from index.collection import Collection, CollectionStore
from index.reindexing import reindex
from service.app import create_app
from service.http.problems import STATUS
from service.settings import Settings
from service.wiring import Components

BASE = "/v1/collections/default/documents"


def test_collections_are_counted(client: TestClient) -> None:
    assert client.get("/v1/collections").json() == {
        "collections": [{"name": "default", "documents": 2}]
    }


def test_documents_are_listed_in_order_page_by_page(client: TestClient) -> None:
    whole = client.get(BASE).json()
    ids = [document["document_id"] for document in whole["documents"]]
    assert ids == sorted(DOCUMENTS)
    assert (whole["total"], whole["next"]) == (2, None)
    first = client.get(BASE, params={"limit": 1}).json()
    second = client.get(BASE, params={"limit": 1, "after": first["next"]}).json()
    assert first["documents"] + second["documents"] == whole["documents"]
    assert second["next"] is None


def test_document_is_described(client: TestClient) -> None:
    body = client.get(f"{BASE}/news/first.txt").json()
    assert body["characters"] == len(DOCUMENTS["news/first.txt"])
    assert body["passages"] == 1
    assert body["revisions"] == 1
    assert body["media_type"] == "text/plain"
    assert body["published_at"] is None


@pytest.mark.parametrize("document_id", sorted(DOCUMENTS))
def test_text_is_returned_as_stored(client: TestClient, document_id: str) -> None:
    body = client.get(f"{BASE}/{quote(document_id)}/text").json()
    assert body["text"] == DOCUMENTS[document_id]
    assert body["current"] is True
    assert body["excluded"] == []


def test_replaced_revision_can_still_be_read(client: TestClient, tmp_path: Path) -> None:
    before = client.get(f"{BASE}/news/first.txt").json()["revision"]
    put_documents(tmp_path, {"news/first.txt": "The war displaced 150,000 people."})
    old = client.get(f"{BASE}/news/first.txt/text", params={"revision": before}).json()
    new = client.get(f"{BASE}/news/first.txt/text").json()
    assert (old["text"], old["current"]) == (DOCUMENTS["news/first.txt"], False)
    assert (new["text"], new["current"]) == ("The war displaced 150,000 people.", True)
    assert client.get(f"{BASE}/news/first.txt").json()["revisions"] == 2


def test_running_server_answers_from_what_another_process_put_in(
    client: TestClient, tmp_path: Path
) -> None:
    put_documents(tmp_path, {"news/first.txt": "The war displaced 150,000 people."})
    asked = {"question": "How many people were displaced?", "min_generation": 3}
    body = client.post("/v1/ask", json=asked).json()
    assert body["answers"][0]["answer"] == "150,000"
    assert "146,000" not in [answer["answer"] for answer in body["answers"]]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("/v1/collections/other/documents", "unknown_collection"),
        ("/v1/collections/other/documents/a.txt", "unknown_collection"),
        (f"{BASE}/none.txt", "unknown_document"),
        (f"{BASE}/none.txt/text", "unknown_document"),
        (f"{BASE}/news/first.txt/text?revision=sha256:0", "unknown_revision"),
        ("/nothing", "not_found"),
        ("/page/nothing.js", "not_found"),
    ],
)
def test_what_is_not_there_is_a_404_problem(client: TestClient, address: str, code: str) -> None:
    response = client.get(address)
    assert (response.status_code, response.json()["code"]) == (404, code)
    assert response.headers["content-type"] == "application/problem+json"


def test_wrong_method_is_a_problem(client: TestClient) -> None:
    response = client.delete("/v1/ask")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_each_collection_becomes_ready_unasked(client: TestClient, tmp_path: Path) -> None:
    def collections() -> dict[str, object]:
        body = client.get("/readyz").json()
        assert body["status"] == "ok"
        found: dict[str, object] = body["collections"]
        return found

    ready = {"ready": True, "generation": 2, "problem": None}
    until(lambda: collections() == {"default": ready})
    # Another process makes one, which nobody asks.
    put_documents(tmp_path, {"a.txt": "Text."}, "another")
    until(lambda: collections() == {"another": ready | {"generation": 1}, "default": ready})


def test_readiness_tells_what_keeps_a_search_from_following(
    client: TestClient, tmp_path: Path
) -> None:
    put_documents(tmp_path, {"a.txt": "Text."}, "another")
    (tmp_path / "another" / "lexical" / "lock").mkdir(parents=True)
    client.post("/v1/ask", json={"question": "Who?", "collection": "another"})

    def readiness() -> dict[str, Any]:
        found: dict[str, Any] = client.get("/readyz").json()["collections"]["another"]
        return found

    until(lambda: readiness()["problem"] is not None)
    another = readiness()
    problem = another["problem"]
    assert not another["ready"]
    assert problem.startswith("The lexical index another/lexical can't be ")
    assert problem.endswith(
        "Make its folder writable and see that the disk has room; the catalog is not affected."
    )


def test_not_ready_when_the_vectors_have_become_another_embedders(
    client: TestClient, tmp_path: Path
) -> None:
    assert client.get("/readyz").status_code == 200
    with CollectionStore(tmp_path) as store:
        reindex(store.catalog("default"), OtherEmbedder())
    asked = client.get("/v1/search", params={"q": "Who?"})
    assert (asked.status_code, asked.json()["code"]) == (500, "model_mismatch")
    body = client.get("/readyz").json()
    assert (body["status"], body["code"]) == (503, "not_ready")
    assert body["detail"] == f"Collection 'default': {asked.json()['detail']}"
    assert body["remedy"] == asked.json()["remedy"]


def test_not_ready_when_a_catalog_is_damaged(
    make_client: Callable[..., TestClient], tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "catalog.sqlite").write_bytes(b"not a database, though long enough" * 100)
    client = make_client()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert "'broken'" in response.json()["detail"]
    listed = client.get("/v1/collections").json()["collections"]
    assert listed == [{"name": "default", "documents": 2}]
    asked = client.get("/v1/collections/broken/documents")
    assert (asked.status_code, asked.json()["code"]) == (500, "damaged_catalog")


def test_empty_collection(client: TestClient, tmp_path: Path) -> None:
    Catalog(tmp_path / "empty" / "catalog.sqlite", create=True).close()
    listed = client.get("/v1/collections/empty/documents").json()
    assert listed == {"documents": [], "total": 0, "next": None}
    asked = client.post("/v1/ask", json={"question": "Who?", "collection": "empty"}).json()
    assert (asked["status"], asked["no_answer"]["score"]) == ("no_answer", None)


DOCUMENTS_PATH = "/v1/collections/{collection}/documents"
SENT: dict[tuple[str, str], set[int]] = {
    ("get", "/healthz"): set(),
    ("get", "/readyz"): {503},
    ("post", "/v1/ask"): {400, 404, 422, 503, 504},
    ("get", "/v1/search"): {404, 422, 503, 504},
    ("post", "/v1/search"): {400, 404, 422, 503, 504},
    ("get", "/v1/collections"): set(),
    ("get", DOCUMENTS_PATH): {404, 422, 503},
    ("post", DOCUMENTS_PATH): {408, 422, 503, 507},
    ("get", DOCUMENTS_PATH + "/{document_id}"): {404, 422, 503},
    ("get", DOCUMENTS_PATH + "/{document_id}/text"): {404, 422, 503},
    ("put", DOCUMENTS_PATH + "/{document_id}"): {400, 404, 408, 415, 422, 503, 507},
    ("delete", DOCUMENTS_PATH + "/{document_id}"): {404, 422, 503, 507},
    ("get", "/v1/jobs"): set(),
    ("get", "/v1/jobs/{job_id}"): {404},
    ("delete", "/v1/jobs/{job_id}"): {404},
}
"""What each route may answer beside what any may; the client of all these tests checks it."""


def test_openapi_names_every_problem_that_a_client_can_meet(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert {
        (method, path) for path, methods in document["paths"].items() for method in methods
    } == SENT.keys()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            declared = {
                int(status)
                for status, response in operation["responses"].items()
                if "application/problem+json" in response.get("content", {})
            }
            assert declared == {403, 413, 421, 500} | SENT[method, path], (method, path)
            assert declared <= {*STATUS.values(), 408}
            for status in declared:
                [content] = operation["responses"][str(status)]["content"].values()
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert document["components"]["schemas"]["Problem"]["example"]["code"] == "empty_question"


@pytest.mark.parametrize("address", ["/", "/view", "/healthz", "/readyz", "/page/app.js"])
def test_head_answers_as_get_without_a_body(client: TestClient, address: str) -> None:
    response = client.head(address)
    assert (response.status_code, response.content) == (200, b"")


def test_where_the_data_is_stands_in_the_log_alone(
    client: TestClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = tmp_path / "damaged" / "catalog.sqlite"
    damaged.parent.mkdir()
    damaged.write_bytes(b"This is no database." * 100)
    broken = client.get("/v1/collections/damaged/documents")
    assert broken.json()["detail"].startswith("damaged/catalog.sqlite is not a readable database")
    assert str(damaged) in caplog.text
    missing = client.get("/v1/collections/none/documents").json()
    assert missing["detail"] == "There is no collection 'none' in the data folder."
    for response in (broken, client.get("/readyz"), client.get("/v1/collections")):
        assert str(tmp_path) not in response.text


class DefectiveStore(CollectionStore):
    """Its collections can't be opened, for a reason that nobody has thought of."""

    def collection(self, *_: object) -> Collection:
        raise RuntimeError("a defect")


def test_defect_in_opening_a_collection_is_told_by_readiness(tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    components = Components(DefectiveStore(tmp_path), FakeEmbedder(), FakeReader(), PLAIN, 0.0)
    app = create_app(Settings(data_dir=tmp_path), lambda: components)
    with TestClient(app, base_url="http://localhost") as client:

        def readiness() -> dict[str, Any]:
            found: dict[str, Any] = client.get("/readyz").json()["collections"]["default"]
            return found

        until(lambda: readiness()["problem"])
        assert readiness() == {
            "ready": False,
            "generation": 2,
            "problem": "RuntimeError while collection 'default' was refreshed. "
            "This is likely a defect of Pincite: please report it with the server's log.",
        }
