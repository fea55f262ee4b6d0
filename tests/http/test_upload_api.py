"""Uploads of many files, and the jobs that put them in; in process with fakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import FakeEmbedder, FakeReader, GatedEmbedder
from fastapi.testclient import TestClient
from reference import contents
from samples import DOCUMENTS
from shelf import PLAIN

from index.collection import CollectionStore
from index.sidecars import MAX_SIDECAR_BYTES
from service.app import create_app
from service.http.jobs import MAX_UNFINISHED
from service.settings import Settings
from service.wiring import Components

BASE = "/v1/collections/default/documents"
TEXT = "The dam at Kajbar was opened in 1963. Nora Holt built it."

Upload = Callable[..., dict[str, Any]]
MakeClient = Callable[..., TestClient]


def tree(folder: Path) -> list[str]:
    """Files of a folder, without SQLite's own beside the catalogs and the views."""
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in {".sqlite", ".txt", ""}
        if "lexical" not in path.parts
    )


def test_files_go_in_with_their_sidecars(client: TestClient, upload: Upload) -> None:
    job = upload(
        client,
        {
            "dams/high.txt.meta.json": json.dumps({"title": "High", "tags": ["water"]}),
            "dams/high.txt": TEXT,
            "dams/low.md": "# Low\n\nThe low dam is *older*.",
            "news/first.txt": DOCUMENTS["news/first.txt"],
            "page.html": "<title>Weir</title><p>The weir was built by Ada Lund in 1921.</p>",
            "page.html.meta.yaml": "published_at: 2020-01-13\n",
        },
    )
    outcomes = {d["document_id"]: d["written"]["outcome"] for d in job["documents"]}
    assert outcomes == {
        "dams/high.txt": "added",
        "dams/low.md": "added",
        "news/first.txt": "unchanged",
        "page.html": "added",
    }
    assert {name: job[name] for name in ("status", "progress", "collection", "error")} == {
        "status": "done",
        "progress": 1.0,
        "collection": "default",
        "error": None,
    }
    counts = [job[f"documents_{name}"] for name in ("total", "done", "failed")]
    assert (counts, job["generation"]) == ([4, 4, 0], 5)
    high = client.get(f"{BASE}/dams/high.txt").json()
    assert (high["title"], high["metadata"]) == ("High", {"tags": ["water"]})
    assert client.get(f"{BASE}/dams/low.md").json()["media_type"] == "text/markdown"
    assert client.get(f"{BASE}/page.html").json()["published_at"] == "2020-01-13"
    asked = client.post(
        "/v1/ask", json={"question": "Who built the dam at Kajbar?", "min_generation": 5}
    ).json()
    assert asked["answers"][0]["citations"][0]["document_id"] == "dams/high.txt"


def test_charset_of_a_part_counts_and_its_type_only_where_the_name_says_nothing(
    client: TestClient, finished: Upload
) -> None:
    files = [
        ("file", ("a.txt", "Café".encode("latin-1"), "text/html; charset=latin-1")),
        ("file", ("b", b"# Title", "text/markdown")),
        ("file", ("cafe\u0301.txt", b"Text", "application/octet-stream")),
    ]
    job = finished(client, client.post(BASE, files=files).json()["url"])
    assert [d["document_id"] for d in job["documents"]] == ["a.txt", "b", "café.txt"]
    assert client.get(f"{BASE}/a.txt/text").json()["text"] == "Café"
    assert client.get(f"{BASE}/a.txt").json()["media_type"] == "text/plain"
    assert client.get(f"{BASE}/b/text").json()["text"] == "Title"


def test_what_cannot_go_in_is_told_and_the_rest_goes_in(client: TestClient, upload: Upload) -> None:
    job = upload(
        client,
        {
            "photo.png": b"\x89PNG",
            "empty.txt": b"",
            "binary.txt": b"\x00\x01\xff" * 300,
            "two.txt": "Text.",
            "two.txt.meta.json": "{}",
            "two.txt.meta.yml": "{}",
            "bad.txt": "Text.",
            "bad.txt.meta.json": "[1]",
            "huge.txt": "Text.",
            "huge.txt.meta.json": json.dumps({"x": "y" * MAX_SIDECAR_BYTES}),
            "alone.txt.meta.json": "{}",
            "good.txt": TEXT,
        },
    )
    fates = {d["document_id"]: (d["error"] or d["written"]) for d in job["documents"]}
    assert fates.pop("good.txt")["outcome"] == "added"
    assert {name: error["code"] for name, error in fates.items()} == {
        "photo.png": "unsupported_document",
        "empty.txt": "empty_document",
        "binary.txt": "binary_document",
        "two.txt": "invalid_metadata",
        "bad.txt": "invalid_metadata",
        "huge.txt": "invalid_metadata",
        "alone.txt.meta.json": "unsupported_document",
    }
    for name, error in fates.items():
        assert name.removesuffix(".meta.json") in error["detail"]
        assert error["remedy"].endswith(".")
    assert (job["status"], job["documents_failed"], job["generation"]) == ("done", 7, 3)
    assert client.get(BASE).json()["total"] == 3


def test_upload_of_which_nothing_can_go_in_makes_no_collection(
    client: TestClient, upload: Upload, tmp_path: Path
) -> None:
    job = upload(client, {"photo.png": b"\x89PNG"}, collection="photos")
    assert (job["status"], job["generation"]) == ("done", None)
    assert tree(tmp_path) == ["default/catalog.sqlite"]


@pytest.mark.parametrize(
    "name",
    [
        "../escaped.txt",
        "a/../../escaped.txt",
        "/etc/escaped.txt",
        "..\\escaped.txt",
        "C:\\escaped.txt",
        "C:escaped.txt",
        "\\\\server\\share\\escaped.txt",
        "a/./escaped.txt",
        "a\x00escaped.txt",
        "a\x1bescaped.txt",
        "escaped" * 100,
    ],
)
def test_upload_with_a_name_that_is_a_trick_is_refused_whole(
    client: TestClient, tmp_path: Path, name: str
) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="good.txt"\r\n\r\nGood.\r\n'
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="' + name.encode() + b'"\r\n'
        b"\r\nBad.\r\n--B--\r\n"
    )
    response = client.post(
        BASE, content=body, headers={"Content-Type": "multipart/form-data; boundary=B"}
    )
    assert (response.status_code, response.json()["code"]) == (422, "invalid_document_id")
    assert client.get("/v1/jobs").json() == {"jobs": []}
    assert client.get(BASE).json()["total"] == 2
    assert tree(tmp_path) == ["default/catalog.sqlite"]
    assert list(tmp_path.parent.glob("**/*escaped*")) == []


@pytest.mark.parametrize(
    ("limits", "code", "setting"),
    [
        ({"max_bytes": 30}, "document_too_large", "30"),
        ({"max_upload_files": 2}, "too_many_files", "PINCITE_MAX_UPLOAD_FILES"),
        ({"max_upload_bytes": 300}, "request_too_large", "PINCITE_MAX_UPLOAD_BYTES"),
    ],
)
def test_upload_over_a_limit_is_refused_whole(
    make_client: MakeClient, tmp_path: Path, limits: dict[str, int], code: str, setting: str
) -> None:
    client = make_client(**limits)
    files = [("file", (f"{number}.txt", TEXT)) for number in range(3)]
    response = client.post(BASE, files=files)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (413, code)
    assert setting in problem["detail"] + problem["remedy"]
    assert client.get("/v1/jobs").json() == {"jobs": []}
    assert client.get(BASE).json()["total"] == 2
    assert tree(tmp_path) == ["default/catalog.sqlite"]


def test_upload_within_the_limits_may_be_larger_than_a_document(
    make_client: MakeClient, upload: Upload
) -> None:
    client = make_client(max_bytes=60, max_upload_files=3)
    job = upload(client, {f"{number}.txt": TEXT for number in range(3)})
    assert (job["status"], job["documents_failed"]) == ("done", 0)


PART = b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nText\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("", PART + b"--B--\r\n"),
        ("multipart/form-data", PART + b"--B--\r\n"),
        ("multipart/form-data; boundary=", PART),
        ("multipart/form-data; boundary=B", b""),
        ("multipart/form-data; boundary=B", b"nonsense"),
        ("multipart/form-data; boundary=B", b"--B--\r\n"),
        ("multipart/form-data; boundary=B", PART),
        ("multipart/form-data; boundary=B", PART[:-8]),
        ("multipart/form-data; boundary=B", PART + PART + b"--B--\r\n"),
        ("multipart/form-data; boundary=C", PART + b"--B--\r\n"),
        ("multipart/form-data; boundary=" + "B" * 5000, PART),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n--B--\r\n',
        ),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; filename=""\r\n\r\n\r\n--B--\r\n',
        ),
        (
            "multipart/form-data; boundary=B",
            b'--B\r\nContent-Disposition: form-data; filename="\xe9.txt"\r\n\r\nx\r\n--B--\r\n',
        ),
        ("multipart/form-data; boundary=B", b"--B\r\n: \r\n\r\nx\r\n--B--\r\n"),
        ("multipart/form-data; boundary*" + "9" * 5000 + "*=B", PART + b"--B--\r\n"),
        ("multipart/form-data; boundary=B", b"--B\r\nX: " + b"y" * 50_000 + b"\r\n\r\n"),
    ],
)
def test_body_that_is_no_upload(
    client: TestClient, tmp_path: Path, content_type: str, body: bytes
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.post(BASE, content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_upload")
    assert response.json()["remedy"].endswith(".")
    assert client.get("/v1/jobs").json() == {"jobs": []}
    assert tree(tmp_path) == ["default/catalog.sqlite"]


def named(parameter: bytes) -> bytes:
    """An upload of one file, named by a parameter of its part's Content-Disposition."""
    return b"--B\r\nContent-Disposition: form-data; " + parameter + b"\r\n\r\nThe dam.\r\n--B--\r\n"


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        (b"filename*=nope''%41.txt", "invalid_upload"),
        (b"filename*=hex''41.txt", "invalid_upload"),
        (b"filename*=idna''%ff.txt", "invalid_upload"),
        (b"filename*=undefined''a.txt", "invalid_upload"),
        (b"filename*=utf-16''%ff", "invalid_upload"),
        (b"filename*=utf-8''%ff.txt", "invalid_upload"),
        (b"filename*=utf-8''%ed%a0%80.txt", "invalid_upload"),
        (b"filename*=%00''a.txt", "invalid_upload"),
        (b"filename*=utf-8''a%00.txt", "invalid_document_id"),
        (b"filename*=utf-8''%ef%bf%bd.txt", "invalid_document_id"),
        (b"filename*=utf-8''..%2fa.txt", "invalid_document_id"),
        ('filename="\ufffd.txt"'.encode(), "invalid_document_id"),
    ],
)
def test_file_name_that_cannot_be_read_is_refused(
    client: TestClient, parameter: bytes, code: str
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    response = client.post(BASE, content=named(parameter), headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, code), response.text
    assert response.json()["remedy"].endswith(".")


@pytest.mark.parametrize(
    ("parameter", "document_id"),
    [
        (b"filename*=utf-8''%e2%82%ac.txt", "\u20ac.txt"),
        (b"filename*=UTF-8'en'caf%c3%a9.txt", "caf\u00e9.txt"),
        (b"filename*=iso-8859-1''caf%e9.txt", "caf\u00e9.txt"),
        (b'filename="a;b.txt"', "a;b.txt"),
        (b"filename=bare.txt", "bare.txt"),
    ],
)
def test_file_name_is_read_as_it_is_written(
    client: TestClient, finished: Upload, parameter: bytes, document_id: str
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    accepted = client.post(BASE, content=named(parameter), headers=headers)
    assert accepted.status_code == 202, accepted.text
    [document] = finished(client, accepted.json()["url"])["documents"]
    assert (document["document_id"], document["written"]["outcome"]) == (document_id, "added")


@pytest.mark.parametrize("name", ["A b", "..%2fx"])
def test_collection_that_cannot_be_is_told_before_the_upload_is_read(
    make_client: MakeClient, name: str
) -> None:
    response = make_client().post(
        f"/v1/collections/{name}/documents", content=b"", headers={"Content-Type": "text/plain"}
    )
    assert response.json()["code"] in {"invalid_collection_name", "not_found"}


def test_data_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    components = Components(
        CollectionStore(blocked, live=True), FakeEmbedder(), FakeReader(), PLAIN, 0.0
    )
    app = create_app(Settings(data_dir=blocked), lambda: components)
    with TestClient(app, base_url="http://localhost") as client:
        response = client.post(BASE, files={"file": ("a.txt", TEXT)})
    assert (response.status_code, response.json()["code"]) == (507, "unwritable_catalog")
    assert blocked.read_text() == "not a folder"


def test_job_is_shown_while_it_runs_and_cancelled_between_batches(
    make_client: MakeClient, upload: Upload, finished: Upload, tmp_path: Path
) -> None:
    embedder = GatedEmbedder("endless")
    client = make_client(embedder=embedder)
    upload(client, {"before.txt": "Something that went in before."})
    files = [
        ("file", ("a.txt", TEXT)),
        ("file", ("b.txt", "The endless tale.\n\n" + "A passage of its own. " * 900)),
        ("file", ("c.txt", "Never reached.")),
    ]
    accepted = client.post(BASE, files=files).json()
    assert embedder.reached.wait(timeout=60)
    running = client.get(accepted["url"]).json()
    assert (running["status"], running["documents_done"]) == ("running", 1)
    assert 0 < running["progress"] < 1
    assert running["documents"][0]["written"]["outcome"] == "added"
    assert [d["written"] or d["error"] for d in running["documents"][1:]] == [None, None]
    listed = client.get("/v1/jobs").json()["jobs"]
    assert [job["status"] for job in listed] == ["running", "done"]
    assert listed[0] == {name: value for name, value in running.items() if name != "documents"}
    # The upload has no name in the data folder.
    assert tree(tmp_path) == ["default/catalog.sqlite"]

    assert client.delete(accepted["url"]).status_code == 200
    embedder.release.set()
    ended = finished(client, accepted["url"])
    assert (ended["status"], ended["documents_done"], ended["error"]) == ("cancelled", 1, None)
    assert ended["progress"] < 1
    assert sorted(contents(tmp_path / "default" / "catalog.sqlite")) == sorted(
        ["a.txt", "before.txt", *DOCUMENTS]
    )
    assert client.delete(accepted["url"]).json() == ended


def test_waiting_job_is_cancelled_at_once_and_uploads_have_a_bound(
    make_client: MakeClient, finished: Upload
) -> None:
    embedder = GatedEmbedder("endless")
    client = make_client(embedder=embedder)
    urls = []
    for number in range(MAX_UNFINISHED):
        files = {"file": (f"{number}.txt", f"The endless tale, part {number}.")}
        urls.append(client.post(BASE, files=files).json()["url"])
    assert embedder.reached.wait(timeout=60)
    refused = client.post(BASE, files={"file": ("late.txt", TEXT)})
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "2"
    assert client.delete(urls[1]).json()["status"] == "cancelled"
    accepted = client.post(BASE, files={"file": ("late.txt", TEXT)})
    assert accepted.status_code == 202
    embedder.release.set()
    ended = [finished(client, url)["status"] for url in [*urls, accepted.json()["url"]]]
    assert ended == ["done", "cancelled"] + ["done"] * (MAX_UNFINISHED - 1)
    assert client.get(f"{BASE}/1.txt").status_code == 404


def test_job_that_nobody_knows(client: TestClient) -> None:
    for response in (client.get("/v1/jobs/none"), client.delete("/v1/jobs/none")):
        assert (response.status_code, response.json()["code"]) == (404, "unknown_job")


def test_job_of_a_server_that_was_started_again_leads_to_what_was_stored(
    make_client: MakeClient, upload: Upload
) -> None:
    files = {"a.txt": TEXT, "photo.png": b"\x89PNG"}
    job = upload(make_client(), files)
    restarted = make_client()
    told = restarted.get(f"/v1/jobs/{job['job_id']}")
    assert (told.status_code, told.json()["code"]) == (404, "unknown_job")
    assert job["job_id"] in told.json()["detail"]
    remedy = told.json()["remedy"]
    assert "started again" in remedy
    address = BASE.replace("default", "{collection}")
    assert f"GET {address} " in remedy
    stored = {document["document_id"] for document in restarted.get(BASE).json()["documents"]}
    assert stored == {"a.txt", *DOCUMENTS}
    again = upload(restarted, files)["documents"]
    assert [d["written"] and d["written"]["outcome"] for d in again] == ["unchanged", None]


class OtherEmbedder(FakeEmbedder):
    """Its vectors don't go with the fake one's."""

    model_id = "other-embedder@1"


class BrokenEmbedder(FakeEmbedder):
    """Fails as only a defect could."""

    def embed(self, *_: object) -> Any:
        raise ValueError("secret")


@pytest.mark.parametrize(
    ("embedder", "code"), [(OtherEmbedder(), "model_mismatch"), (BrokenEmbedder(), "error")]
)
def test_job_that_fails_says_why(
    make_client: MakeClient, upload: Upload, embedder: FakeEmbedder, code: str
) -> None:
    client = make_client(embedder=embedder)
    job = upload(client, {"a.txt": TEXT, "b.txt": TEXT})
    assert (job["status"], job["error"]["code"], job["generation"]) == ("failed", code, None)
    assert "secret" not in json.dumps(job)
    assert client.get(BASE).json()["total"] == 2
