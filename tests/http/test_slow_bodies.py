"""Bodies that come slowly, or not at all: they end, and keep nobody waiting meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from service.errors import Overloaded, RequestCancelled
from service.http.jobs import MAX_UNFINISHED
from service.http.state import Bodies
from service.http.writing import MAX_WAITING

BASE = "/v1/collections/default/documents"
MULTIPART = "multipart/form-data; boundary=B"
TEXT = "The dam at Kajbar was opened in 1963."


def scope(method: str, path: str, content_type: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", content_type.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }


def request(pieces: Sequence[bytes], *, ends: str) -> Request:
    """A request whose body comes in pieces, and then `ends`, is `silent` or its client `gone`."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if ends == "ends":
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    elif ends == "gone":
        messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else await asyncio.Event().wait()  # type: ignore[return-value]

    return Request(scope("PUT", f"{BASE}/a.txt", "text/plain"), receive)


def test_body_is_read_whole() -> None:
    body = asyncio.run(Bodies(100).read(request([b"The ", b"dam."], ends="ends")))
    assert body == b"The dam."


def test_body_that_stops_coming_is_given_up() -> None:
    with pytest.raises(HTTPException, match="4 bytes") as raised:
        asyncio.run(Bodies(100, seconds=0.0).read(request([b"The "], ends="silent")))
    assert raised.value.status_code == 408


def test_client_that_goes_away_ends_its_body() -> None:
    with pytest.raises(RequestCancelled, match=r"a\.txt"):
        asyncio.run(Bodies(100).read(request([b"The "], ends="gone")))


def test_all_bodies_on_their_way_in_share_a_limit_that_each_gives_back() -> None:
    async def scenario() -> bytes:
        bodies = Bodies(8)
        first = bodies.pieces(request([b"12345"], ends="silent"))
        assert await anext(first) == b"12345"
        with pytest.raises(Overloaded, match=r"10 bytes .* limit is 8"):
            await bodies.read(request([b"12345"], ends="ends"))
        await first.aclose()
        return await bodies.read(request([b"12345678"], ends="ends"))

    assert asyncio.run(scenario()) == b"12345678"


class Silent:
    """Clients that send nothing.

    Attributes:
        awaited: How many bodies are waited for.
    """

    def __init__(self) -> None:
        self.awaited = asyncio.Semaphore(0)

    async def __call__(self) -> dict[str, Any]:
        self.awaited.release()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.parametrize(
    ("method", "path", "content_type"),
    [("PUT", f"{BASE}/a.txt", "text/plain"), ("POST", BASE, MULTIPART)],
)
def test_body_that_does_not_come_is_a_problem(
    client: TestClient, method: str, path: str, content_type: str
) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    given_up = Bodies(100, seconds=0.0)
    app.state.service = replace(app.state.service, bodies=given_up, uploads=given_up)
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope(method, path, content_type), Silent(), send))
    problem = json.loads(sent[1]["body"])
    assert (sent[0]["status"], problem["code"]) == (408, "request_timeout")
    assert (b"connection", b"close") in sent[0]["headers"]
    assert problem["detail"] == "The body came too slowly: 0 bytes in 0 s."
    assert problem["remedy"] == "Send it again, without pauses; what had come was thrown away."


def test_idle_clients_take_no_place(
    client: TestClient, upload: Callable[..., dict[str, Any]]
) -> None:
    app = client.app
    assert isinstance(app, FastAPI)

    async def idle() -> None:
        """Many clients begin to send; then one comes whose document is there at once."""

        async def send(message: Any) -> None:
            raise AssertionError(message)

        silent = Silent()
        begun = [
            asyncio.ensure_future(app(scope(*asked), silent, send))
            for asked in [("PUT", f"{BASE}/idle.txt", "text/plain")] * (MAX_WAITING + 1)
            + [("POST", BASE, MULTIPART)] * (MAX_UNFINISHED + 1)
        ]
        async with asyncio.timeout(60):
            for _ in begun:
                await silent.awaited.acquire()
        put = await asyncio.to_thread(client.put, f"{BASE}/a.txt", content=TEXT)
        job = await asyncio.to_thread(upload, client, {"b.txt": TEXT})
        assert (put.status_code, job["status"]) == (201, "done")
        for each in begun:
            each.cancel()
        ended = await asyncio.gather(*begun, return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError] * len(begun)

    asyncio.run(idle())
