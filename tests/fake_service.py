"""A stand-in for the service, which serves the real page.

It is for what only the page does: errors, cancelling, offsets, words of several scripts.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Json: TypeAlias = dict[str, Any]

PAGE = Path(__file__).resolve().parents[1] / "service" / "page"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
NO_ANSWER: Json = {
    "status": "no_answer",
    "answers": [],
    "no_answer": {"score": 4.2, "probability": 0.98, "reason": "low_confidence", "closest": []},
    "passages_read": 10,
    "explanation": None,
    "timings_ms": {"total": 212.0},
    "models": {},
    "generation": 1,
}


@dataclass
class FakeService:
    """What the stand-in answers, and what it was asked.

    Attributes:
        answers: Response to each question; any other question has no answer.
        failures: Path to status and body, sent instead of a response; a str is sent as HTML.
        collections: Documents of each collection, as `GET …/documents/{id}/text` gives them.
        revisions: Texts that are not current, by document and revision.
        asked: Bodies of `POST /v1/ask`, in order.
        gate: Answers to questions wait for it; open unless a test clears it.
        page_size: Documents in one page of the list.
    """

    answers: dict[str, Json] = field(default_factory=dict)
    failures: dict[str, tuple[int, Any]] = field(default_factory=dict)
    collections: dict[str, list[Json]] = field(default_factory=lambda: {"default": []})
    revisions: dict[tuple[str, str], Json] = field(default_factory=dict)
    asked: list[Json] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    page_size: int = 50
    url: str = ""

    def add(
        self, document_id: str, text: str, *, collection: str = "default", **other: Any
    ) -> Json:
        """Put a document into a collection.

        Returns:
            The document, as `GET …/documents/{id}/text` gives it.
        """
        document = {
            "document_id": document_id,
            "title": None,
            "revision": f"sha256:{'ab' * 32}",
            "current": True,
            "published_at": None,
            "published_at_source": None,
            "source_url": None,
            "media_type": "text/plain",
            "characters": len(text),
            "text": text,
            "excluded": [],
        } | other
        self.collections.setdefault(collection, []).append(document)
        return document

    def cite(self, document: Json, quote: str) -> Json:
        """The citation of the first place where a document says `quote`, in its sentence."""
        text = document["text"]
        start = text.index(quote)
        end = start + len(quote)
        first = text.rfind(". ", 0, start)
        last = text.find(".", end)
        place = {"document_id": document["document_id"], "revision": document["revision"]}
        query = urlencode({"collection": "default"} | place | {"start": start, "end": end})
        return place | {
            "type": "char_location",
            "document_title": document["title"],
            "source_url": document["source_url"],
            "published_at": document["published_at"],
            "published_at_source": document["published_at_source"],
            "start_char_index": start,
            "end_char_index": end,
            "cited_text": quote,
            "before": text[first + 2 if first >= 0 else 0 : start],
            "after": text[end : last + 1],
            "page_number": None,
            "passage_id": "1",
            "url": f"/view?{query}",
        }

    def answer(self, question: str, *answers: list[Json], status: str = "answered") -> None:
        """Let a question have answers, each given by its citations."""
        made = [
            {
                "id": f"a{i}",
                "answer": citations[0]["cited_text"],
                "score": 9.1 - i,
                "form": "quote",
                "confidence": 0.9 - i / 10,
                "support": len(citations),
                "side": status == "differing",
                "relation": None,
                "citations": citations,
            }
            for i, citations in enumerate(answers, start=1)
        ]
        self.answers[question] = NO_ANSWER | {"status": status, "answers": made}

    def get(self, path: str, query: dict[str, list[str]]) -> tuple[int, Json]:
        """Answer a GET under /v1."""
        if path == "/v1/collections":
            found = [{"name": n, "documents": len(d)} for n, d in self.collections.items()]
            return 200, {"collections": found}
        _, _, _, collection, _, *segments = path.split("/")
        documents = self.collections.get(unquote(collection))
        if documents is None:
            return 404, problem(404, "unknown_collection", f"No collection {collection!r}.")
        if not segments:
            start = int(query.get("after", ["0"])[0])
            end = start + self.page_size
            later = str(end) if end < len(documents) else None
            return 200, {
                "documents": documents[start:end],
                "next": later,
                "total": len(documents),
            }
        document_id = "/".join(unquote(segment) for segment in segments[:-1])
        current = next((d for d in documents if d["document_id"] == document_id), None)
        wanted = query.get("revision", [None])[0]
        if current is not None and wanted not in (None, current["revision"]):
            current = self.revisions.get((document_id, str(wanted)))
        if current is None:
            return 404, problem(404, "unknown_revision", "No such document or revision.")
        return 200, current

    def ask(self, body: Json) -> tuple[int, Json]:
        """Answer a question, once the gate is open."""
        self.asked.append(body)
        self.gate.wait(60)
        return 200, self.answers.get(body["question"], NO_ANSWER)


def problem(status: int, code: str, title: str, detail: str = "", remedy: str = "") -> Json:
    """An RFC 9457 body."""
    return {
        "type": f"https://pincite.invalid/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy,
    }


class Handler(BaseHTTPRequestHandler):
    """The routes that the page uses."""

    def __init__(self, service: FakeService, *args: Any) -> None:
        self.service = service
        super().__init__(*args)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path in self.service.failures:
            self.send(*self.service.failures[parts.path])
        elif parts.path.startswith("/v1/"):
            self.send(*self.service.get(parts.path, parse_qs(parts.query)))
        else:
            name = {"/": "index.html", "/view": "document.html"}.get(parts.path)
            name = name or parts.path.removeprefix("/page/")
            self.send_file(PAGE / name)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path in self.service.failures:
            self.send(*self.service.failures[self.path])
        else:
            self.send(*self.service.ask(body))

    def send(self, status: int, body: Any) -> None:
        if isinstance(body, str):
            self.respond(status, "text/html", body.encode())
        else:
            media_type = "application/json" if status == 200 else "application/problem+json"
            self.respond(status, media_type, json.dumps(body).encode())

    def send_file(self, path: Path) -> None:
        if path.parent == PAGE and path.is_file():
            self.respond(200, MEDIA_TYPES[path.suffix], path.read_bytes())
        else:
            self.respond(404, "text/plain", b"")

    def respond(self, status: int, media_type: str, body: bytes) -> None:
        # A cancelled request leaves nobody to write to.
        try:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in SECURITY_HEADERS.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except ConnectionError:
            return

    def log_message(self, *args: Any) -> None:
        """Stay quiet."""


@contextmanager
def serving(fake: FakeService) -> Iterator[ThreadingHTTPServer]:
    """Serve on a free port, which is noted in `fake.url`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, fake))
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        fake.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
