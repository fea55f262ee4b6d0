"""Writing to a real server over TCP: while it answers, and until it is killed."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from fakes import FakeEmbedder
from processes import environment
from reference import Content, contents
from samples import DOCUMENTS, SEEDS, put_documents
from waiting import until

from index.catalog import Catalog
from index.documents import make_document
from index.ingest import Ingester

FAKE_SERVER = Path(__file__).parents[1] / "fake_server.py"
BASE = "/v1/collections/default/documents"
BANNER = "Sign up for our newsletter today"
FILES = {
    f"part-{number}.txt": f"Part {number} of the tale, told by {number + 20} people.\n\n{BANNER}"
    for number in range(6)
}

Serve = Callable[..., AbstractContextManager[str]]


@contextmanager
def fake_server(data_dir: Path, **more: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server with fake models in a process of its own; gives its address and the process."""
    with subprocess.Popen(
        [sys.executable, FAKE_SERVER, data_dir],
        env=environment() | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.terminate()


def upload(url: str, files: dict[str, str]) -> str:
    """Uploads files; gives the job's address."""
    sent = [("file", (name, text, "text/plain")) for name, text in files.items()]
    response = httpx2.post(url + BASE, files=sent, timeout=60)
    assert response.status_code == 202, response.text
    return url + response.json()["url"]


def finished(address: str) -> dict[str, object]:
    jobs: list[dict[str, object]] = []

    def has_ended() -> bool:
        jobs.append(httpx2.get(address, timeout=60).json())
        return jobs[-1]["status"] not in {"queued", "running"}

    until(has_ended)
    return jobs[-1]


def rebuilt(path: Path, documents: dict[str, str]) -> dict[str, Content]:
    """What a catalog holds into which the documents were put in one undisturbed run."""
    catalog = Catalog(path, create=True)
    ingester = Ingester(catalog, FakeEmbedder())
    for document_id, text in documents.items():
        ingester.put(make_document(document_id, text.encode(), max_bytes=100_000)[0])
    ingester.refresh()
    catalog.close()
    return contents(path)


@pytest.mark.parametrize(
    ("fault", "committed"),
    [
        ("ingest.embedded:4", 3),
        ("catalog.vectors_written:4", 3),
        ("catalog.committed:4", 4),
    ],
)
def test_killed_in_the_middle_of_an_upload(tmp_path: Path, fault: str, committed: int) -> None:
    data_dir = tmp_path / "data"
    put_documents(data_dir, DOCUMENTS)
    with fake_server(data_dir, PINCITE_FAULT=fault) as (url, process):
        upload(url, FILES)
        assert process.wait(timeout=120) == -signal.SIGKILL
    names = list(FILES)
    kept = contents(data_dir / "default" / "catalog.sqlite")
    assert set(kept) == {*DOCUMENTS, *names[:committed]}
    for name in names[:committed]:
        assert (kept[name].text, len(kept[name].passages)) == (FILES[name], 1)
    # Of what had been uploaded but not put in, nothing is left on the disk.
    assert [path.name for path in data_dir.iterdir()] == ["default"]

    with fake_server(data_dir) as (url, _):
        asked = {"query": "tale", "limit": 100, "min_generation": 2 + committed}
        found = httpx2.post(f"{url}/v1/search", json=asked, timeout=60).json()["hits"]
        assert {hit["document_id"] for hit in found} == set(kept)
        job = finished(upload(url, FILES))
        outcomes = [document["written"]["outcome"] for document in job["documents"]]  # type: ignore[attr-defined]
    assert outcomes == ["unchanged"] * committed + ["added"] * (len(FILES) - committed)
    served = contents(data_dir / "default" / "catalog.sqlite")
    assert served == rebuilt(tmp_path / "rebuilt.sqlite", DOCUMENTS | FILES)


def test_restart_mends_what_a_killed_server_left(tmp_path: Path) -> None:
    put_documents(tmp_path / "data", DOCUMENTS)
    with fake_server(tmp_path / "data", PINCITE_FAULT="catalog.committed:6") as (url, process):
        upload(url, FILES)
        assert process.wait(timeout=120) == -signal.SIGKILL
    catalog = tmp_path / "data" / "default" / "catalog.sqlite"
    expected = rebuilt(tmp_path / "rebuilt.sqlite", DOCUMENTS | FILES)
    assert contents(catalog) != expected
    with fake_server(tmp_path / "data") as (url, _):
        # Long work is done in order, so that the mending is over when this is.
        finished(upload(url, {"part-0.txt": FILES["part-0.txt"]}))
        assert contents(catalog) == expected


def test_questions_are_answered_during_a_long_upload_and_a_stop_is_clean(tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    files = {f"{n}.txt": f"Tale {n}. " + "The river rose again. " * 60 for n in range(100)}
    with fake_server(tmp_path) as (url, process):
        address = upload(url, files)
        seen = set()
        deadline = time.monotonic() + 300
        while (job := httpx2.get(address, timeout=60).json())["status"] in {"queued", "running"}:
            assert time.monotonic() < deadline
            asked = {"question": "How many people were displaced?"}
            answered = httpx2.post(f"{url}/v1/ask", json=asked, timeout=60).json()
            assert answered["answers"][0]["answer"] == "146,000"
            seen.add(job["documents_done"])
        assert (job["status"], job["documents_failed"]) == ("done", 0)
        assert len(seen) > 1
        again = {name: text + "And again." for name, text in files.items()}
        upload(url, again)
        process.terminate()
        process.wait(timeout=60)
    kept = contents(tmp_path / "default" / "catalog.sqlite")
    assert set(kept) == {*DOCUMENTS, *files}
    assert all(kept[name].text in {files[name], again[name]} for name in files)


def test_stop_answers_a_write_that_is_being_done(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    data_dir = tmp_path / "data"
    with (
        ThreadPoolExecutor() as pool,
        fake_server(data_dir, FAKE_SERVER_GATE=str(gate)) as (url, process),
    ):
        # Of more passages than are embedded at once, so that it can be stopped between.
        text = "\n\n".join(f"Tale {number}. " + "It rained. " * 100 for number in range(60))
        put = pool.submit(httpx2.put, f"{url}{BASE}/a.txt", json={"text": text}, timeout=60)
        until(gate.exists)
        process.terminate()
        parts = urlsplit(url)

        def is_closed() -> bool:
            try:
                socket.create_connection((str(parts.hostname), parts.port or 0), 60).close()
            except OSError:
                return True
            return False

        until(is_closed)  # It takes no connections any more once it has begun to stop.
        gate.unlink()
        answered = put.result(timeout=60)
        _, said = process.communicate(timeout=60)
    assert (answered.status_code, answered.json()["code"]) == (503, "server_stopping")
    assert answered.json()["remedy"] == "Send it again when the server is back."
    assert answered.headers["content-type"] == "application/problem+json"
    assert process.returncode == 0
    assert said == (
        "server_stopping: The server is stopping; this was not done. "
        "Send it again when the server is back.\n"
    )
    assert set(contents(data_dir / "default" / "catalog.sqlite")) == set()


@pytest.mark.parametrize(
    "path", ["../../../escaped.txt", "%2e%2e/escaped.txt", "..%2fescaped.txt", "%2fescaped.txt"]
)
def test_raw_paths_lead_nowhere(tmp_path: Path, path: str) -> None:
    data_dir = tmp_path / "data"
    with fake_server(data_dir) as (url, _):
        parts = urlsplit(url)
        connection = HTTPConnection(str(parts.hostname), parts.port, timeout=60)
        connection.request("PUT", f"{BASE}/{path}", b"Text.", {"Content-Type": "text/plain"})
        response = connection.getresponse()
        assert response.status in {404, 405, 422}
        assert response.getheader("content-type") == "application/problem+json"
        response.read()
        connection.close()
    assert list(tmp_path.rglob("*escaped*")) == []
    assert not data_dir.exists()


def test_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with fake_server(tmp_path) as (url, _):
        address = urlsplit(url)
        with socket.create_connection((str(address.hostname), address.port or 0)) as connection:
            connection.sendall(
                f"POST {BASE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
                "Content-Type: multipart/form-data; boundary=B\r\n\r\n--B\r\n"
                'Content-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nText'.encode()
            )
        assert finished(upload(url, {"whole.txt": "Whole."}))["status"] == "done"
        assert len(httpx2.get(f"{url}/v1/jobs").json()["jobs"]) == 1
        assert httpx2.get(url + BASE).json()["total"] == 1


def test_two_servers_of_one_folder_see_what_the_other_writes(tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    with fake_server(tmp_path) as (one, _), fake_server(tmp_path) as (other, _):
        written = httpx2.put(f"{one}{BASE}/a.txt", json={"text": "Ada Lund built it."}).json()
        asked = {"question": "Who built it?", "min_generation": written["generation"]}
        answered = httpx2.post(f"{other}/v1/ask", json=asked, timeout=60).json()
        assert answered["answers"][0]["citations"][0]["document_id"] == "a.txt"
        removed = httpx2.delete(f"{other}{BASE}/a.txt").json()
        found = httpx2.get(
            f"{one}/v1/search", params={"q": "Ada Lund", "min_generation": removed["generation"]}
        ).json()
        assert "a.txt" not in [hit["document_id"] for hit in found["hits"]]


def test_examples_of_writing_are_true(serve: Serve, tmp_path: Path) -> None:
    with serve(data_dir=tmp_path) as url:
        documents = f"{url}/v1/collections/examples/documents"
        schemas = httpx2.get(f"{url}/openapi.json").json()["components"]["schemas"]
        example = {name: schema.get("example") for name, schema in schemas.items()}
        name = example["DocumentWritten"]["document_id"]
        written = httpx2.put(
            f"{documents}/{name}", content=(SEEDS / name).read_bytes(), timeout=120
        )
        assert (written.status_code, written.json()) == (201, example["DocumentWritten"])
        posted = httpx2.put(f"{documents}/note", json=example["DocumentBody"], timeout=120)
        assert posted.json()["outcome"] == "added"
        sent = {"file": (name, (SEEDS / name).read_bytes())}
        accepted = httpx2.post(documents, files=sent, timeout=120).json()
        assert accepted.keys() == example["JobAccepted"].keys()
        job = finished(url + accepted["url"])
        for varying in ("job_id", "url", "created_at"):
            assert job.pop(varying)
            del example["JobModel"][varying]
        assert job == example["JobModel"]
        query = {**example["SearchRequest"], "collection": "examples"}
        found = httpx2.post(f"{url}/v1/search", json=query, timeout=120)
        assert found.status_code == 200
        removed = httpx2.delete(f"{documents}/{name}", timeout=120).json()
        assert removed.keys() == example["DocumentRemoved"].keys()
        ready = httpx2.get(f"{url}/readyz").json()
        [shown] = example["Readiness"]["collections"].values()
        assert ready["collections"]["examples"].keys() == shown.keys()
