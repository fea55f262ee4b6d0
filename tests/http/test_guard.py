"""Hosts, origins and body limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient

from service.http.guard import SECURITY_HEADERS

ASK = {"question": "How many people were displaced?"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:1", "[::1]:8000", "[::1]"]
)
def test_own_host_is_answered(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:8000"])
def test_foreign_host_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/healthz", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (421, "forbidden_host")


def test_more_hosts_can_be_allowed(make_client: Callable[..., TestClient]) -> None:
    client = make_client(allowed_hosts="pincite.example, localhost")
    assert client.get("/healthz", headers={"Host": "pincite.example"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "127.0.0.1"}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:9999", "http://localhost.evil"]
)
def test_other_sites_pages_are_refused(client: TestClient, origin: str) -> None:
    response = client.post("/v1/ask", json=ASK, headers={"Origin": origin})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden_origin")


def test_own_page_is_answered(client: TestClient) -> None:
    response = client.post("/v1/ask", json=ASK, headers={"Origin": "http://localhost"})
    assert response.json()["status"] == "answered"


def test_pages_of_allowed_origins_may_ask(make_client: Callable[..., TestClient]) -> None:
    client = make_client(allowed_origins="https://wiki.example")
    origin = {"Origin": "https://wiki.example"}
    preflight = client.options(
        "/v1/ask",
        headers=origin
        | {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    response = client.post("/v1/ask", json=ASK, headers=origin)
    assert response.json()["status"] == "answered"
    for answered in (preflight, response):
        assert answered.headers["access-control-allow-origin"] == "https://wiki.example"


DOCUMENT = "/v1/collections/default/documents/a.txt"


def test_body_over_the_limit_is_refused_by_its_length(
    make_client: Callable[..., TestClient],
) -> None:
    client = make_client(max_bytes=100)
    response = client.put(DOCUMENT, content=b"x" * 101)
    assert (response.status_code, response.json()["code"]) == (413, "request_too_large")
    assert response.json()["detail"] == "The body has 101 bytes; the limit is 100."
    assert response.json()["remedy"] == "Send less, or raise PINCITE_MAX_BYTES."


def test_question_has_a_limit_of_its_own(client: TestClient) -> None:
    response = client.post("/v1/ask", content=b"x" * 1_000_001)
    assert (response.status_code, response.json()["code"]) == (413, "request_too_large")
    assert response.json()["detail"] == "The body has 1,000,001 bytes; the limit is 1,000,000."
    assert response.json()["remedy"] == "Send less."


def test_body_of_unknown_length_is_refused_while_it_comes(
    make_client: Callable[..., TestClient],
) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"x" * 10

    response = make_client(max_bytes=100).put(DOCUMENT, content=pieces())
    assert (response.status_code, response.json()["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("address", ["/", "/view", "/healthz", "/page/app.js", "/nothing"])
def test_security_headers_are_always_sent(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
