"""`POST /v1/ask` and `GET /v1/search`, in process with fakes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from fakes import FakeReader
from fastapi.testclient import TestClient
from samples import DOCUMENTS
from shelf import PLAIN

from index.errors import PinciteError
from service.types import WindowLogits


def test_answer_cites_the_exact_place(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": "How many people were displaced?"})
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "answered"
    assert body["generation"] == 2
    assert body["models"] == {
        "embedder": "fake-embedder@1",
        "reader": "fake-reader@1",
        "calibration": PLAIN.calibration_id,
    }
    answer = body["answers"][0]
    citation = answer["citations"][0]
    text = DOCUMENTS["news/first.txt"]
    start = text.index("146,000")
    assert answer["id"] == "a1"
    assert answer["answer"] == citation["cited_text"] == "146,000"
    assert (citation["start_char_index"], citation["end_char_index"]) == (start, start + 7)
    assert citation["before"] == "The war displaced "
    assert citation["after"] == " people."
    assert citation["document_id"] == "news/first.txt"
    assert answer["confidence"] > 0.9
    assert (answer["form"], answer["support"], answer["side"]) == ("quote", 1, False)
    assert body["no_answer"]["probability"] == pytest.approx(1 - answer["confidence"], abs=2e-4)
    assert (body["no_answer"]["reason"], body["no_answer"]["closest"]) == (None, [])


def test_citation_url_names_document_revision_and_range(client: TestClient) -> None:
    body = client.post("/v1/ask", json={"question": "Who directed the film?"}).json()
    citation = body["answers"][0]["citations"][0]
    query = parse_qs(urlsplit(citation["url"]).query)
    assert query == {
        "collection": ["default"],
        "document_id": ["news/\U0001f600 second.txt"],
        "revision": [citation["revision"]],
        "start": [str(citation["start_char_index"])],
        "end": [str(citation["end_char_index"])],
    }


def test_offsets_count_code_points_of_the_text_that_the_api_returns(client: TestClient) -> None:
    body = client.post("/v1/ask", json={"question": "Who directed the film?"}).json()
    for answer in body["answers"]:
        for citation in answer["citations"]:
            document = client.get(
                f"/v1/collections/default/documents/{citation['document_id']}/text",
                params={"revision": citation["revision"]},
            ).json()
            start, end = citation["start_char_index"], citation["end_char_index"]
            assert document["text"][start:end] == citation["cited_text"]


def test_unanswerable_question_is_answered_so(client: TestClient) -> None:
    response = client.post("/v1/ask", json={"question": "Why is the sky blue?"})
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "no_answer"
    assert body["answers"] == []
    assert body["no_answer"]["score"] > 0
    assert body["no_answer"]["probability"] > 0.5
    assert body["no_answer"]["reason"] in {"nothing_relevant", "low_confidence"}
    assert all(c["cited_text"] for c in body["no_answer"]["closest"])


@pytest.mark.parametrize("top_k", [1, 2, 5, 50])
def test_verdict_does_not_depend_on_top_k(client: TestClient, top_k: int) -> None:
    reference = client.post(
        "/v1/ask", json={"question": "Who directed the film?", "top_k": 50}
    ).json()
    body = client.post(
        "/v1/ask", json={"question": "Who directed the film?", "top_k": top_k}
    ).json()
    assert body["status"] == reference["status"] == "answered"
    assert body["answers"] == reference["answers"][:top_k]
    assert body["no_answer"] == reference["no_answer"]


def test_the_least_confidence_of_a_request_counts(client: TestClient) -> None:
    question = {"question": "Who directed the film?"}
    best = client.post("/v1/ask", json=question).json()["answers"][0]["confidence"]
    assert 0.1 <= best <= 1
    asked = [client.post("/v1/ask", json=question | {"min_confidence": c}).json() for c in (0, 1)]
    assert [body["status"] for body in asked] == ["answered", "no_answer"]


def test_as_of_asks_no_later_document(client: TestClient) -> None:
    question = {"question": "Who directed the film?"}
    body = client.post("/v1/ask", json=question | {"as_of": "1900-01-01"}).json()
    assert (body["status"], body["passages_read"]) == ("no_answer", 0)
    assert body["no_answer"]["reason"] == "nothing_relevant"


def test_an_explanation_comes_if_it_is_asked_for(client: TestClient) -> None:
    question = {"question": "Who directed the film?"}
    plain = client.post("/v1/ask", json=question).json()
    body = client.post("/v1/ask", json=question | {"explain": True}).json()
    assert plain["explanation"] is None
    assert body["answers"] == plain["answers"]
    explained = body["explanation"]
    assert len(explained["texts"]) == body["passages_read"]
    (best,) = [group for group in explained["groups"] if group["why"] == "the most probable"]
    assert best["confidence"] == body["answers"][0]["confidence"]
    total = explained["none_probability"] + sum(s["probability"] for s in explained["spans"])
    assert total == pytest.approx(1, abs=0.01)
    for span in explained["spans"]:
        document = client.get(
            f"/v1/collections/default/documents/{span['document_id']}/text"
        ).json()
        place = slice(span["start_char_index"], span["end_char_index"])
        assert document["text"][place] == span["quote"]


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"question": ""}, "empty_question", 422),
        ({"question": " \n\t\u00a0"}, "empty_question", 422),
        ({"question": "x" * 10_000}, "question_too_long", 422),
        ({"question": "\ud800 Who?"}, "invalid_question", 422),
        ({"question": 5}, "invalid_request", 422),
        ({"question": None}, "invalid_request", 422),
        ({}, "invalid_request", 422),
        ([], "invalid_request", 422),
        ({"question": "Who?", "colour": "red"}, "invalid_request", 422),
        ({"question": "Who?", "top_k": 0}, "invalid_request", 422),
        ({"question": "Who?", "top_k": "3"}, "invalid_request", 422),
        ({"question": "Who?", "top_k": True}, "invalid_request", 422),
        ({"question": "Who?", "max_passages": 101}, "invalid_request", 422),
        ({"question": "Who?", "as_of": "2020-1-13"}, "invalid_request", 422),
        ({"question": "Who?", "as_of": 20200113}, "invalid_request", 422),
        ({"question": "Who?", "min_confidence": 1.01}, "invalid_request", 422),
        ({"question": "Who?", "min_confidence": "0.5"}, "invalid_request", 422),
        ({"question": "Who?", "min_confidence": True}, "invalid_request", 422),
        ({"question": "Who?", "min_confidence": float("nan")}, "invalid_request", 422),
        ({"question": "Who?", "explain": 1}, "invalid_request", 422),
        ({"question": "Who?", "min_generation": -1}, "invalid_request", 422),
        ({"question": "Who?", "min_generation": "1"}, "invalid_request", 422),
        ({"question": "Who?", "collection": "other"}, "unknown_collection", 404),
        ({"question": "Who?", "collection": "../x"}, "invalid_collection_name", 422),
    ],
)
def test_bad_request_says_what_to_do(
    client: TestClient, body: object, code: str, status: int
) -> None:
    response = client.post(
        "/v1/ask", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"urn:pincite:problem:{code}"
    assert problem["detail"].endswith(".")
    assert problem["remedy"].endswith(".")


def test_wrong_field_is_named(client: TestClient) -> None:
    problem = client.post("/v1/ask", json={"question": "Who?", "colour": "red"}).json()
    assert [error["field"] for error in problem["errors"]] == ["body.colour"]


@pytest.mark.parametrize(
    "body",
    [b"{", b"question=Who", b"\xff\xfe", b'{"question": "Who', b"[" * 100_000, b"9" * 5_000],
    ids=["cut", "form", "not UTF-8", "no end", "deep", "large number"],
)
def test_body_that_is_not_json(client: TestClient, body: bytes) -> None:
    response = client.post("/v1/ask", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")


def test_json_that_is_not_said_to_be_json(client: TestClient) -> None:
    response = client.post(
        "/v1/ask",
        content=b'{"question": "Who?"}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")
    assert "Content-Type: application/json" in response.json()["remedy"]


def test_search_finds_the_passage_by_its_words(client: TestClient) -> None:
    body = client.get("/v1/search", params={"q": "war displaced people", "limit": 1}).json()
    [hit] = body["hits"]
    assert hit["document_id"] == "news/first.txt"
    text = DOCUMENTS["news/first.txt"]
    assert text[hit["start_char_index"] : hit["end_char_index"]] == hit["text"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "invalid_request"),
        ({"q": ""}, "empty_question"),
        ({"q": "x", "limit": "0"}, "invalid_request"),
        ({"q": "x", "collection": "other"}, "unknown_collection"),
        ({"q": "x", "colour": "red"}, "invalid_request"),
    ],
)
def test_bad_search(client: TestClient, parameters: dict[str, str], code: str) -> None:
    assert client.get("/v1/search", params=parameters).json()["code"] == code


class BlockingReader(FakeReader):
    """Reads only once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started = threading.Event()
        self.release = threading.Event()

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        self.started.set()
        while not self.release.wait(timeout=0.01):
            check()
        return super().read(question, texts, check)


def test_health_answers_and_a_second_question_is_refused_while_one_is_read(
    make_client: Callable[..., TestClient],
) -> None:
    reader = BlockingReader()
    client = make_client(reader, max_in_flight=1)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(client.post, "/v1/ask", json={"question": "Who directed it?"})
        assert reader.started.wait(timeout=30)
        assert client.get("/healthz").json() == {"status": "ok"}
        refused = client.post("/v1/ask", json={"question": "Who directed it?"})
        reader.release.set()
        answered = first.result(timeout=30)
    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert refused.headers["retry-after"] == "2"
    assert answered.json()["status"] == "answered"


def test_deadline_ends_the_work(make_client: Callable[..., TestClient]) -> None:
    reader = BlockingReader()
    client = make_client(reader, deadline_seconds=0.2)
    late = client.post("/v1/ask", json={"question": "Who directed it?"})
    assert (late.status_code, late.json()["code"]) == (504, "deadline_exceeded")
    # The reader was not let go, so that only the deadline can have made the one thread free.
    executor = client.app.state.service.executor  # type: ignore[attr-defined]
    assert client.portal is not None
    try:
        client.portal.start_task_soon(executor.load, lambda: None).result(timeout=30)
        assert executor.in_flight == 0
    finally:
        reader.release.set()


class BrokenReader(FakeReader):
    """Fails as only a defect could."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, *_: object) -> list[list[WindowLogits]]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "code"),
    [(ValueError("secret"), "internal_error"), (PinciteError("It broke.", "Mend it."), "error")],
)
def test_defect_is_a_problem_too(
    make_client: Callable[..., TestClient], error: Exception, code: str
) -> None:
    response = make_client(BrokenReader(error)).post("/v1/ask", json={"question": "Who?"})
    assert (response.status_code, response.json()["code"]) == (500, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text
