"""Filters and `min_generation` of questions and searches, in process with fakes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from samples import put_documents

from index.filters import Filters, facts_of

BASE = "/v1/collections/default/documents"

KNOWN: dict[str, dict[str, Any]] = {
    "dams/high.txt": {
        "source_url": "https://www.water.example/high",
        "published_at": "2020-01-13",
        "tags": ["Water", "Sudan"],
        "metadata": {"pages": 3, "draft": False},
    },
    "dams/low.txt": {
        "source_url": "https://news.water.example/low",
        "published_at": "2020-02-01",
        "tags": ["water"],
        "metadata": {"pages": [3, 4]},
    },
    "weir.txt": {"source_url": "https://rivers.example/", "published_at": "2019-12-31"},
    "undated.txt": {"tags": ["sudan"], "metadata": {"draft": True}},
}

FILTERS: list[dict[str, Any]] = [
    {},
    {"document_ids": ["weir.txt", "dams/low.txt", "none.txt"]},
    {"sources": ["water.example"]},
    {"sources": ["news.water.example", "rivers.example"]},
    {"tags": ["WATER"]},
    {"tags": ["water", "sudan"]},
    {"metadata": {"pages": 3}},
    {"metadata": {"pages": 3.0}},
    {"document_ids": None, "sources": None, "tags": None},
    {"metadata": {"draft": True}},
    {"published_after": "2020-01-13"},
    {"published_before": "2020-01-13"},
    {"published_after": "2020-01-01", "published_before": "2020-01-31", "tags": ["water"]},
    {"tags": ["none"]},
]


def facts(document_id: str) -> Any:
    known = KNOWN[document_id]
    metadata = known.get("metadata", {}) | {"tags": known.get("tags", [])}
    return facts_of(document_id, known.get("source_url"), known.get("published_at"), metadata)


def expected(filters: dict[str, Any]) -> set[str]:
    days = {key: date.fromisoformat(filters[key]) for key in filters if key.startswith("publ")}
    sets = {
        key: frozenset(filters[key])
        for key in ("document_ids", "sources", "tags")
        if filters.get(key) is not None
    }
    truth = Filters(**sets, **days, metadata=filters.get("metadata", {}))
    return {document_id for document_id in KNOWN if truth.accept(facts(document_id))}


@pytest.fixture
def dams(client: TestClient) -> TestClient:
    """A client of a collection with four documents of the same words, beside the default one."""
    for number, (document_id, known) in enumerate(KNOWN.items()):
        text = f"The dam was built by {number + 7} people from the villages."
        response = client.put(
            f"/v1/collections/dams/documents/{document_id}", json={"text": text, **known}
        )
        assert response.status_code == 201, response.text
    return client


@pytest.mark.parametrize("filters", FILTERS)
def test_only_what_the_filters_accept_is_found(dams: TestClient, filters: dict[str, Any]) -> None:
    asked = {"collection": "dams", "filters": filters, "min_generation": 4}
    found = dams.post("/v1/search", json={"query": "dam villages", **asked}).json()
    assert {hit["document_id"] for hit in found["hits"]} == expected(filters)
    question = {"question": "How many people built the dam?", "top_k": 50, **asked}
    answered = dams.post("/v1/ask", json=question).json()
    cited = {
        citation["document_id"]
        for answer in answered["answers"]
        for citation in answer["citations"]
    }
    assert cited == expected(filters)
    # Two of them differ in the number.
    assert (answered["status"] == "no_answer") == (not cited)


@pytest.mark.parametrize(
    "filters", [f for f in FILTERS if "metadata" not in f and None not in f.values()]
)
def test_address_filters_as_json_does(dams: TestClient, filters: dict[str, Any]) -> None:
    names = {"document_ids": "document_id", "sources": "source", "tags": "tag"}
    query = {names.get(key, key): value for key, value in filters.items()}
    by_address = dams.get(
        "/v1/search",
        params={"q": "dam villages", "collection": "dams", "min_generation": 4, **query},
    ).json()
    by_body = dams.post(
        "/v1/search",
        json={
            "query": "dam villages",
            "collection": "dams",
            "filters": filters,
            "min_generation": 4,
        },
    ).json()
    assert by_address == by_body


@pytest.mark.parametrize(
    ("filters", "field"),
    [
        ({"tag": "x"}, "body.filters.tag"),
        ({"tags": "x"}, "body.filters.tags"),
        ({"tags": [5]}, "body.filters.tags.0"),
        ({"tags": [""]}, "body.filters.tags.0"),
        ({"tags": ["x"] * 101}, "body.filters.tags"),
        ({"sources": ["x" * 513]}, "body.filters.sources.0"),
        ({"document_ids": ["\ud800"]}, "body.filters.document_ids.0"),
        ({"document_ids": []}, "body.filters.document_ids"),
        ({"sources": []}, "body.filters.sources"),
        ({"tags": []}, "body.filters.tags"),
        ({"metadata": {"x": None}}, None),
        ({"metadata": {"x": [1]}}, None),
        ({"published_after": "13.1.2020"}, "body.filters.published_after"),
        ({"published_after": "2020-02-30"}, "body.filters.published_after"),
        ({"published_after": "2020-01-13T00:00:00"}, "body.filters.published_after"),
        ({"published_after": 20200113}, "body.filters.published_after"),
        ({"published_after": "20200113"}, "body.filters.published_after"),
        ({"published_after": "2020-02-01", "published_before": "2020-01-31"}, "body.filters"),
        (["x"], "body.filters"),
        ("x", "body.filters"),
    ],
)
@pytest.mark.parametrize("address", ["/v1/ask", "/v1/search"])
def test_filter_that_makes_no_sense_is_named(
    client: TestClient, address: str, filters: object, field: str | None
) -> None:
    body = {"question" if address == "/v1/ask" else "query": "Who?", "filters": filters}
    response = client.post(
        address, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "invalid_request"), problem
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "query",
    [
        "published_after=soon",
        "published_after=2020-02-01&published_before=2020-01-31",
        "tag=",
        "filters=x",
        "min_generation=-1",
        "min_generation=x",
    ],
)
def test_address_that_makes_no_sense_is_refused(client: TestClient, query: str) -> None:
    response = client.get(f"/v1/search?q=x&{query}")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")


def test_order_of_days_is_explained(client: TestClient) -> None:
    query = {"q": "x", "published_after": "2020-02-01", "published_before": "2020-01-31"}
    detail = client.get("/v1/search", params=query).json()["detail"]
    assert "2020-02-01 is later than published_before 2020-01-31" in detail


def test_empty_list_does_not_mean_all_documents(client: TestClient) -> None:
    body = {"question": "Who directed it?", "filters": {"document_ids": []}}
    problem = client.post("/v1/ask", json=body).json()
    assert "the list is empty; name one at least, or leave it out for all" in problem["detail"]
    assert problem["remedy"].startswith("Correct the fields named")


def test_search_waits_for_what_is_being_written(
    make_client: Callable[..., TestClient], tmp_path: Path
) -> None:
    client = make_client(wait_seconds=60)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(
            client.get, "/v1/search", params={"q": "weir by Ada Lund", "min_generation": 3}
        )
        put_documents(tmp_path, {"weir.txt": "The weir was built by Ada Lund."})
        found = waiting.result(timeout=60).json()
    assert found["generation"] == 3
    assert found["hits"][0]["document_id"] == "weir.txt"


@pytest.mark.parametrize("address", ["ask", "search"])
def test_generation_that_does_not_come_is_said_and_blocks_nobody(
    make_client: Callable[..., TestClient], address: str
) -> None:
    client = make_client(wait_seconds=0.2)
    body = {"question" if address == "ask" else "query": "Who directed it?"}
    late = client.post(f"/v1/{address}", json=body | {"min_generation": 1000})
    assert (late.status_code, late.json()["code"]) == (503, "views_behind")
    assert late.headers["retry-after"] == "2"
    assert "1000" in late.json()["detail"]


def test_questions_are_answered_while_one_waits(make_client: Callable[..., TestClient]) -> None:
    client = make_client(wait_seconds=60)
    answered = threading.Event()

    def wait() -> Any:
        body = {"question": "Who directed it?", "min_generation": 3}
        response = client.post("/v1/ask", json=body)
        assert answered.is_set()
        return response.json()

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(wait)
        asked = client.post("/v1/ask", json={"question": "How many people were displaced?"})
        assert asked.json()["answers"][0]["answer"] == "146,000"
        answered.set()
        client.put(f"{BASE}/a.txt", content="Text.", headers={"Content-Type": "text/plain"})
        assert waiting.result(timeout=60)["generation"] == 3


def test_generation_of_an_unknown_collection(client: TestClient) -> None:
    body = {"question": "Who?", "collection": "other", "min_generation": 1}
    assert client.post("/v1/ask", json=body).json()["code"] == "unknown_collection"
