"""A real server, in a process of its own or on a thread, over TCP."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import httpx2
import pytest
import uvicorn
from fakes import FakeEmbedder, FakeReader
from processes import PINCITE, environment
from samples import DOCUMENTS, SEEDS, put_documents
from shelf import PLAIN

from index.collection import CollectionStore
from index.errors import PinciteError
from service.app import create_app
from service.settings import Settings
from service.wiring import Components

QUESTION = "How many people have been displaced by the conflict?"


def test_golden_question_is_answered_over_tcp(seeds_server: str) -> None:
    body = httpx2.post(f"{seeds_server}/v1/ask", json={"question": QUESTION}, timeout=120).json()
    assert body["status"] == "differing"
    sides = {answer["answer"] for answer in body["answers"] if answer["side"]}
    assert sides == {"120,000", "146,000"}
    for answer in body["answers"]:
        for citation in answer["citations"]:
            address = f"/v1/collections/default/documents/{citation['document_id']}/text"
            document = httpx2.get(
                seeds_server + address, params={"revision": citation["revision"]}
            ).json()
            start, end = citation["start_char_index"], citation["end_char_index"]
            assert document["text"][start:end] == citation["cited_text"]
            assert (SEEDS / citation["document_id"]).read_bytes().decode() == document["text"]


def test_32_questions_at_once_are_all_answered_and_health_meanwhile(seeds_server: str) -> None:
    lines = (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines[:32]]

    async def ask_all() -> tuple[list[httpx2.Response], list[httpx2.Response]]:
        async with httpx2.AsyncClient(base_url=seeds_server, timeout=600) as client:
            asked = [
                asyncio.ensure_future(client.post("/v1/ask", json={"question": question}))
                for question in questions
            ]
            healthy = []
            while not all(one.done() for one in asked):
                healthy.append(await client.get("/healthz"))
                await asyncio.wait(asked, timeout=0.05)
            return [one.result() for one in asked], healthy

    answered, healthy = asyncio.run(ask_all())
    assert [response.status_code for response in answered] == [200] * 32
    assert {response.json()["status"] for response in answered} <= {"answered", "no_answer"}
    assert len(healthy) > 1
    assert all(response.json() == {"status": "ok"} for response in healthy)
    alone = httpx2.post(
        f"{seeds_server}/v1/ask", json={"question": questions[7]}, timeout=120
    ).json()
    assert answered[7].json()["answers"] == alone["answers"]


def test_examples_of_openapi_are_true(seeds_server: str) -> None:
    schemas = httpx2.get(f"{seeds_server}/openapi.json").json()["components"]["schemas"]
    example = {name: schema.get("example") for name, schema in schemas.items()}
    asked = httpx2.post(f"{seeds_server}/v1/ask", json=example["AskRequest"], timeout=120).json()
    expected = example["AskResponse"]
    assert set(asked.pop("timings_ms")) == set(expected.pop("timings_ms"))
    assert _rounded(asked) == _rounded(expected)
    hit = example["SearchResponse"]["hits"][0]
    found = httpx2.get(
        f"{seeds_server}/v1/search", params={"q": example["AskRequest"]["question"], "limit": 1}
    ).json()
    assert _rounded(found["hits"][0]) == _rounded(hit)
    document = example["DocumentModel"]
    described = httpx2.get(
        f"{seeds_server}/v1/collections/default/documents/{document['document_id']}"
    ).json()
    assert described.pop("added_at")
    document.pop("added_at")
    assert described == document
    problem = httpx2.post(f"{seeds_server}/v1/ask", json={"question": " "}).json()
    assert problem == example["Problem"]


def _rounded(value: object) -> object:
    """Scores to one decimal: processors round the last bits differently."""
    if isinstance(value, float):
        return round(value, 1)
    if isinstance(value, dict):
        return {key: _rounded(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_rounded(below) for below in value]
    return value


def test_server_listens_on_loopback_alone(seeds_server: str) -> None:
    assert seeds_server.startswith("http://127.0.0.1:")


def test_port_in_use_is_said(seeds_server: str, run_pincite: Callable, seeds_data: Path) -> None:  # type: ignore[type-arg]
    port = seeds_server.rpartition(":")[2]
    done = run_pincite("serve", "--port", port, data_dir=seeds_data)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "PINCITE_PORT" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_server_stops_cleanly_when_asked_to(seeds_data: Path, stop: signal.Signals) -> None:
    with subprocess.Popen(
        [PINCITE, "serve", "--json"],
        env=environment(port=0, data_dir=seeds_data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        assert httpx2.get(f"{url}healthz").json() == {"status": "ok"}
        process.send_signal(stop)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


class WatchedReader(FakeReader):
    """Reads until it is told that the work has become pointless."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Event()
        self.stopped = threading.Event()

    def read(self, _: str, __: Sequence[str], check: Callable[[], None]) -> NoReturn:
        self.started.set()
        try:
            while True:
                check()
                self.stopped.wait(timeout=0.01)
        except PinciteError:
            self.stopped.set()
            raise


@contextmanager
def on_a_thread(components: Components, settings: Settings) -> Iterator[tuple[str, int]]:
    """Serve an application on a thread; gives its host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings, lambda: components), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(timeout=30)


def test_work_stops_when_the_client_goes_away(tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    reader = WatchedReader()
    components = Components(CollectionStore(tmp_path), FakeEmbedder(), reader, PLAIN, 0.0)
    body = json.dumps({"question": "Who directed it?"}).encode()
    with on_a_thread(components, Settings(data_dir=tmp_path)) as address:
        with socket.create_connection(address) as connection:
            connection.sendall(
                b"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            assert reader.started.wait(timeout=30)
            assert not reader.stopped.is_set()
        assert reader.stopped.wait(timeout=30)
