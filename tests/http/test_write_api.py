"""`PUT` and `DELETE` of a document, in process with fakes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fakes import FakeEmbedder, FakeReader, GatedEmbedder
from fastapi.testclient import TestClient
from reference import contents
from samples import DOCUMENTS, put_documents
from shelf import PLAIN as CALIBRATION

from index.catalog import Catalog
from index.documents import make_document
from index.ingest import Ingester
from service.app import create_app
from service.settings import Settings
from service.wiring import Components, open_collections

BASE = "/v1/collections/default/documents"
TEXT = "The dam at Kajbar was opened in 1963. Nora Holt built it."
PLAIN = {"Content-Type": "text/plain"}

Upload = Callable[..., dict[str, Any]]
MakeClient = Callable[..., TestClient]


def put(client: TestClient, document_id: str, text: str, **query: Any) -> dict[str, Any]:
    response = client.put(f"{BASE}/{document_id}", content=text, headers=PLAIN, params=query)
    assert response.status_code in {200, 201}, response.text
    body: dict[str, Any] = response.json()
    return body


def test_new_document_is_added_and_answers_at_once(client: TestClient) -> None:
    response = client.put(f"{BASE}/dams/high dam.txt", content=TEXT, headers=PLAIN)
    assert response.status_code == 201
    assert response.headers["location"] == f"{BASE}/dams/high%20dam.txt"
    assert response.json() == {
        "document_id": "dams/high dam.txt",
        "revision": f"sha256:{hashlib.sha256(TEXT.encode()).hexdigest()}",
        "outcome": "added",
        "passages": 1,
        "warnings": [],
        "generation": 3,
    }
    assert client.get(response.headers["location"] + "/text").json()["text"] == TEXT
    asked = client.post(
        "/v1/ask", json={"question": "Who built the dam at Kajbar?", "min_generation": 3}
    ).json()
    assert asked["generation"] >= 3
    cited = asked["answers"][0]["citations"][0]
    assert (cited["document_id"], cited["revision"]) == (
        "dams/high dam.txt",
        response.json()["revision"],
    )
    assert TEXT[cited["start_char_index"] : cited["end_char_index"]] == cited["cited_text"]


def test_same_document_again_changes_nothing(client: TestClient) -> None:
    first = put(client, "a.txt", TEXT)
    again = client.put(f"{BASE}/a.txt", content=TEXT, headers=PLAIN)
    assert again.status_code == 200
    assert "location" not in again.headers
    assert again.json() == first | {"outcome": "unchanged"}


def test_document_is_replaced_and_its_old_revision_stays(client: TestClient) -> None:
    first = put(client, "a.txt", TEXT)
    second = put(client, "a.txt", TEXT.replace("1963", "1964"))
    assert (second["outcome"], second["generation"]) == ("replaced", 4)
    old = client.get(f"{BASE}/a.txt/text", params={"revision": first["revision"]}).json()
    assert (old["text"], old["current"]) == (TEXT, False)
    found = client.get("/v1/search", params={"q": "dam", "min_generation": 4}).json()
    texts = [hit["text"] for hit in found["hits"] if hit["document_id"] == "a.txt"]
    assert texts == [TEXT.replace("1963", "1964")]


def test_collection_is_made_for_its_first_document(client: TestClient) -> None:
    response = client.put("/v1/collections/new_one/documents/a.txt", content=TEXT, headers=PLAIN)
    assert (response.status_code, response.json()["generation"]) == (201, 1)
    listed = client.get("/v1/collections").json()["collections"]
    assert listed == [{"name": "default", "documents": 2}, {"name": "new_one", "documents": 1}]
    asked = client.post(
        "/v1/ask",
        json={"question": "Who built it?", "collection": "new_one", "min_generation": 1},
    ).json()
    assert asked["status"] == "answered"


@pytest.mark.parametrize(
    ("document_id", "content", "content_type", "media_type", "text"),
    [
        ("a.md", b"# Dams\n\nThey *hold*.", "", "text/markdown", "Dams\n\nThey hold."),
        ("a.md", b"# Dams", "application/octet-stream", "text/markdown", "Dams"),
        ("a.md", b"# Dams", "text/plain", "text/plain", "# Dams"),
        ("wiki/17", b"# Dams", "Text/Markdown", "text/markdown", "Dams"),
        ("a", "Café".encode("latin-1"), 'text/plain; charset="iso-8859-1"', "text/plain", "Café"),
        ("a", "Café".encode("utf-16"), "text/plain;charset=utf-16", "text/plain", "Café"),
        ("a", b"<p>Dams</p>", "text/html", "text/html", "Dams"),
        ("a", b"<p>Dams</p>", "application/xhtml+xml", "text/html", "Dams"),
        ("a", b'{"text": "Caf\\u00e9"}', "application/json", "text/plain", "Café"),
        (
            "a",
            b'{"text": "# Dams", "media_type": "text/markdown"}',
            "application/json; charset=utf-8",
            "text/markdown",
            "Dams",
        ),
    ],
)
def test_body_is_read_as_its_type_says(
    client: TestClient,
    document_id: str,
    content: bytes,
    content_type: str,
    media_type: str,
    text: str,
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.put(f"{BASE}/{document_id}", content=content, headers=headers)
    assert response.status_code == 201, response.text
    assert client.get(f"{BASE}/{document_id}").json()["media_type"] == media_type
    assert client.get(f"{BASE}/{document_id}/text").json()["text"] == text


KNOWN = {
    "title": "The high dam",
    "source_url": "https://dams.example/kajbar",
    "published_at": "2020-01-13",
}


def test_metadata_comes_with_the_address(client: TestClient) -> None:
    put(client, "a.txt", TEXT, tag=["water", "Sudan"], **KNOWN)
    described = client.get(f"{BASE}/a.txt").json()
    assert {name: described[name] for name in KNOWN} == KNOWN
    assert described["published_at_source"] == "request"
    assert described["metadata"] == {"tags": ["water", "Sudan"]}


def test_metadata_comes_with_json_and_the_address_goes_before_it(client: TestClient) -> None:
    body = {"text": TEXT, **KNOWN, "tags": ["water"], "metadata": {"pages": 3, "tags": "lost"}}
    response = client.put(f"{BASE}/a.txt", json=body, params={"title": "Another"})
    assert response.status_code == 201
    described = client.get(f"{BASE}/a.txt").json()
    assert {name: described[name] for name in KNOWN} == KNOWN | {"title": "Another"}
    assert described["published_at_source"] == "request"
    assert described["metadata"] == {"pages": 3, "tags": ["water"]}


@pytest.mark.parametrize(
    ("content", "query", "published_at", "source"),
    [
        ("---\ndate: 2020-02-02\n---\n" + TEXT, {}, "2020-02-02", "front_matter"),
        (
            "---\ndate: 2020-02-02\n---\n" + TEXT,
            {"published_at": "2020-03-03"},
            "2020-03-03",
            "request",
        ),
        (f"Published 13 January 2020\n\n{TEXT}", {"title": "T"}, "2020-01-13", "dateline"),
        (TEXT, {"title": "T"}, None, None),
    ],
)
def test_source_of_the_date_is_where_it_was_found(
    client: TestClient,
    content: str,
    query: dict[str, str],
    published_at: str | None,
    source: str | None,
) -> None:
    put(client, "a.txt", content, **query)
    for found in (client.get(f"{BASE}/a.txt").json(), client.get(f"{BASE}/a.txt/text").json()):
        assert (found["published_at"], found["published_at_source"]) == (published_at, source)
    asked = client.post(
        "/v1/ask", json={"question": "Who built the dam at Kajbar?", "min_generation": 3}
    ).json()
    sources = {c["document_id"]: c["published_at_source"] for c in asked["answers"][0]["citations"]}
    assert sources["a.txt"] == source


def test_every_source_of_a_date_is_described(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    described = [
        schemas[name]["properties"]["published_at_source"]["description"]
        for name in ("CitationModel", "DocumentModel", "DocumentText")
    ]
    for source in ("request", "sidecar", "front_matter", "html_metadata", "dateline"):
        assert all(f"`{source}`" in description for description in described)


def test_warnings_are_passed_on(client: TestClient) -> None:
    source = "---\ndate: soon\n---\nThe dam was opened."
    [warning] = put(client, "a.md", source)["warnings"]
    assert "'soon'" in warning


@pytest.mark.parametrize(
    ("document_id", "content", "content_type", "query", "status", "code"),
    [
        ("a.txt", b" \n ", "text/plain", "", 422, "empty_document"),
        ("a.txt", b"\x00\x01\x02\xff" * 200, "text/plain", "", 415, "binary_document"),
        ("a.png", b"text", "", "", 415, "unsupported_document"),
        ("a", b"text", "", "", 415, "unsupported_document"),
        ("a.txt", b"text", "image/png", "", 415, "unsupported_document"),
        ("a.txt", b"x=1", "application/x-www-form-urlencoded", "", 415, "unsupported_document"),
        ("a.md", b"---\na: [\n---\ntext", "text/markdown", "", 422, "invalid_metadata"),
        ("a.txt", b"x" * 5000, "text/plain", "", 413, "request_too_large"),
        ("a.txt", b"{", "application/json", "", 400, "invalid_json"),
        ("a.txt", b'{"text": "\\ud800"}', "application/json", "", 400, "invalid_json"),
        ("a.txt", b"[]", "application/json", "", 422, "invalid_request"),
        ("a.txt", b"{}", "application/json", "", 422, "invalid_request"),
        ("a.txt", b'{"text": 5}', "application/json", "", 422, "invalid_request"),
        ("a.txt", b'{"text": "x", "colour": 1}', "application/json", "", 422, "invalid_request"),
        ("a.txt", b'{"text": ""}', "application/json", "", 422, "empty_document"),
        ("a.txt", b"text", "text/plain", "?published_at=soon", 422, "invalid_request"),
        ("a.txt", b"text", "text/plain", "?source_url=javascript:x", 422, "invalid_request"),
        ("a.txt", b"text", "text/plain", "?title=", 422, "invalid_request"),
        ("a.txt", b"text", "text/plain", "?colour=red", 422, "invalid_request"),
    ],
)
def test_what_cannot_go_in_is_said_and_leaves_nothing(
    make_client: MakeClient,
    tmp_path: Path,
    document_id: str,
    content: bytes,
    content_type: str,
    query: str,
    status: int,
    code: str,
) -> None:
    client = make_client(max_bytes=4096)
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.put(
        f"/v1/collections/other/documents/{document_id}{query}", content=content, headers=headers
    )
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["remedy"].endswith(".")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["default"]


@pytest.mark.parametrize(
    "address",
    [
        "../escaped.txt",
        "a/../../escaped.txt",
        "./a.txt",
        "/etc/escaped.txt",
        "a//b.txt",
        "a/",
        "..\\escaped.txt",
        "C:escaped.txt",
        "c:\\escaped.txt",
        "a\x00.txt",
        "x" * 513,
        "cafe\u0301.txt",
        "a/text",
        "a\ufffd.txt",
    ],
)
@pytest.mark.parametrize("collection", ["default", "other"])
def test_id_that_is_no_plain_relative_path_is_refused(
    client: TestClient, tmp_path: Path, address: str, collection: str
) -> None:
    before = contents(tmp_path / "default" / "catalog.sqlite")
    response = client.put(
        f"/v1/collections/{collection}/documents/{quote(address, safe='')}".replace(".", "%2E"),
        content=TEXT,
        headers=PLAIN,
    )
    assert (response.status_code, response.json()["code"]) == (422, "invalid_document_id")
    assert contents(tmp_path / "default" / "catalog.sqlite") == before
    assert [path.name for path in tmp_path.iterdir()] == ["default"]
    assert list(tmp_path.parent.glob("**/*escaped*")) == []


@pytest.mark.parametrize("raw", ["%ff.txt", "%ed%a0%80.txt", "a%c3.txt"])
def test_id_that_is_not_utf_8_is_refused(client: TestClient, raw: str) -> None:
    response = client.put(f"{BASE}/{raw}", content=TEXT, headers=PLAIN)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_document_id")
    assert "UTF-8" in response.json()["remedy"]
    for method in ("GET", "DELETE"):
        assert client.request(method, f"{BASE}/{raw}").json()["code"] == "unknown_document"


@pytest.mark.parametrize("name", ["..", "A", "a b", "x" * 65, ".hidden", "a\x00"])
def test_collection_name_that_is_none_is_refused(
    client: TestClient, tmp_path: Path, name: str
) -> None:
    address = f"/v1/collections/{quote(name, safe='').replace('.', '%2E')}/documents/a.txt"
    response = client.put(address, content=TEXT, headers=PLAIN)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_collection_name")
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_document_is_removed_with_its_revisions_and_found_no_more(client: TestClient) -> None:
    revision = put(client, "a.txt", TEXT)["revision"]
    response = client.delete(f"{BASE}/a.txt")
    assert (response.status_code, response.json()) == (200, {"removed": True, "generation": 4})
    for address in (
        f"{BASE}/a.txt",
        f"{BASE}/a.txt/text",
        f"{BASE}/a.txt/text?revision={revision}",
    ):
        assert client.get(address).json()["code"] == "unknown_document"
    found = client.get("/v1/search", params={"q": "dam at Kajbar", "min_generation": 4}).json()
    assert found["generation"] >= 4
    assert "a.txt" not in [hit["document_id"] for hit in found["hits"]]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        (f"{BASE}/none.txt", "unknown_document"),
        (f"{BASE}/..%2fx", "unknown_document"),
        ("/v1/collections/other/documents/a.txt", "unknown_collection"),
    ],
)
def test_removing_what_is_not_there(
    client: TestClient, tmp_path: Path, address: str, code: str
) -> None:
    response = client.delete(address)
    assert (response.status_code, response.json()["code"]) == (404, code)
    assert [path.name for path in tmp_path.iterdir()] == ["default"]


def test_pages_of_other_sites_can_neither_write_nor_remove(client: TestClient) -> None:
    evil = {"Origin": "http://evil.example"}
    for response in (
        client.put(f"{BASE}/evil.txt", content=TEXT, headers=PLAIN | evil),
        client.delete(f"{BASE}/news/first.txt", headers=evil),
        client.post(BASE, files={"file": ("evil.txt", TEXT)}, headers=evil),
        client.put(f"{BASE}/evil.txt", content=TEXT, headers=PLAIN | {"Host": "evil.example"}),
    ):
        assert response.json()["code"] in {"forbidden_origin", "forbidden_host"}
    listed = client.get(BASE).json()["documents"]
    assert [document["document_id"] for document in listed] == sorted(DOCUMENTS)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_pages_of_allowed_origins_may_write(make_client: MakeClient, method: str) -> None:
    client = make_client(allowed_origins="https://wiki.example")
    preflight = client.options(
        f"{BASE}/a.txt",
        headers={
            "Origin": "https://wiki.example",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    assert method in preflight.headers["access-control-allow-methods"]


def test_while_another_process_writes_for_long_a_write_is_put_off(tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    catalog = tmp_path / "default" / "catalog.sqlite"
    before = contents(catalog)
    settings = Settings(data_dir=tmp_path, busy_seconds=0.125)
    components = Components(
        open_collections(settings, live=True), FakeEmbedder(), FakeReader(), CALIBRATION, 0.0
    )
    app = create_app(settings, lambda: components)
    with (
        TestClient(app, base_url="http://localhost") as client,
        closing(sqlite3.connect(catalog, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        for response in (
            client.put(f"{BASE}/a.txt", content=TEXT, headers=PLAIN),
            client.delete(f"{BASE}/news/first.txt"),
        ):
            assert (response.status_code, response.json()["code"]) == (503, "busy_catalog")
            assert response.headers["retry-after"] == "2"
            assert "longer than 0.125 s" in response.json()["detail"]
            assert "PINCITE_BUSY_SECONDS" in response.json()["remedy"]
        asked = client.get("/v1/search", params={"q": "war"})
        assert asked.status_code == 200
        other.execute("ROLLBACK")
        assert contents(catalog) == before
        assert client.put(f"{BASE}/a.txt", content=TEXT, headers=PLAIN).status_code == 201


def test_later_write_of_an_uploaded_document_wins(
    make_client: MakeClient, finished: Upload
) -> None:
    embedder = GatedEmbedder("endless")
    client = make_client(embedder=embedder)
    files = {"file": ("long.txt", "The endless tale begins here and goes on.")}
    job = client.post(BASE, files=files).json()
    assert embedder.reached.wait(timeout=60)
    with ThreadPoolExecutor() as pool:
        later = pool.submit(put, client, "long.txt", TEXT)
        embedder.release.set()
        after = later.result(timeout=60)
    [document] = finished(client, job["url"])["documents"]
    assert (document["written"]["outcome"], after["outcome"]) == ("added", "replaced")
    assert after["generation"] > document["written"]["generation"]
    assert client.get(f"{BASE}/long.txt/text").json()["text"] == TEXT


def test_questions_are_answered_while_a_document_is_embedded(make_client: MakeClient) -> None:
    embedder = GatedEmbedder("endless")
    client = make_client(embedder=embedder)
    with ThreadPoolExecutor() as pool:
        written = pool.submit(put, client, "long.txt", "The endless tale begins here.")
        assert embedder.reached.wait(timeout=60)
        asked = client.post("/v1/ask", json={"question": "How many people were displaced?"}).json()
        listed = client.get(BASE).json()
        embedder.release.set()
        assert written.result(timeout=60)["outcome"] == "added"
    assert asked["answers"][0]["answer"] == "146,000"
    assert (asked["generation"], listed["total"]) == (2, 2)


BANNER = "Sign up for our newsletter today"


def test_what_a_write_does_to_other_documents_is_mended(
    client: TestClient, tmp_path: Path, upload: Upload
) -> None:
    pages = {
        f"{name}.txt": f"The {name} of the old town was painted in 1963.\n\n{BANNER}"
        for name in ("bridge", "library", "museum", "school")
    }
    for document_id, text in pages.items():
        put(client, document_id, text)
    client.delete(f"{BASE}/museum.txt")
    # Long work is done in order, so that the mending is over when this is.
    assert upload(client, {"last.txt": "Nothing else."})["status"] == "done"
    rebuilt = Catalog(tmp_path / "rebuilt.sqlite", create=True)
    ingester = Ingester(rebuilt, FakeEmbedder())
    kept = {**DOCUMENTS, **pages, "last.txt": "Nothing else."}
    del kept["museum.txt"]
    for document_id, text in kept.items():
        ingester.put(make_document(document_id, text.encode(), max_bytes=10_000)[0])
    ingester.refresh()
    expected = contents(rebuilt.path)
    assert [bool(expected[name].excluded) for name in ("bridge.txt", "last.txt")] == [True, False]
    served = contents(tmp_path / "default" / "catalog.sqlite")
    for document_id, content in expected.items():
        assert served[document_id]._replace(fingerprint="") == content._replace(fingerprint="")
    assert served.keys() == expected.keys()
