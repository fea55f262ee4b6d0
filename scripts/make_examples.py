"""Write `service/examples.json`, the examples of OpenAPI, from a running server of seeds/."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import httpx2

_TARGET = Path(__file__).parents[1] / "service" / "examples.json"
_QUESTION = "Where will Germany host the summit?"
_ASK = {"question": _QUESTION, "top_k": 1}
_SEARCH = {
    "query": _QUESTION,
    "limit": 1,
    "filters": {"tags": ["Libya"], "published_after": "2020-01-01"},
}
_POLL_SECONDS = 0.1


_SEED = Path(__file__).parents[1] / "seeds" / "rival-leaders-to-meet-in-moscow.txt"
_BODY = {
    "text": "The dam at Kajbar was opened in 1963.",
    "title": "The dam at Kajbar",
    "source_url": "https://example.org/kajbar",
    "published_at": "2020-01-13",
    "tags": ["dams"],
}


@click.command()
@click.option("--server", default="http://127.0.0.1:8000", show_default=True)
def main(server: str) -> None:
    """Ask a fresh server of seeds/ (make serve) and keep its answers as the examples.

    What shows writing is written to a collection of its own, "examples".
    """
    with httpx2.Client(base_url=server, timeout=120) as client:
        response = client.post("/v1/ask", json=_ASK).json()
        [citation] = response["answers"][0]["citations"]
        document = f"/v1/collections/default/documents/{citation['document_id']}"
        examples = {
            "AskRequest": _ASK,
            "AskResponse": response,
            "SearchRequest": _SEARCH,
            "SearchResponse": client.get("/v1/search", params={"q": _QUESTION, "limit": 1}).json(),
            "DocumentModel": client.get(document).json(),
            "Problem": client.post("/v1/ask", json={"question": " "}).json(),
            "Readiness": client.get("/readyz").json(),
            "DocumentBody": _BODY,
            **_written(client),
        }
    _TARGET.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _written(client: httpx2.Client) -> dict[str, Any]:
    """Examples of a document put in, uploaded and removed."""
    documents = "/v1/collections/examples/documents"
    written = client.put(f"{documents}/{_SEED.name}", content=_SEED.read_bytes()).json()
    client.put(f"{documents}/note", json=_BODY).raise_for_status()
    files = {"file": (_SEED.name, _SEED.read_bytes())}
    accepted = client.post(documents, files=files).json()
    while (job := client.get(accepted["url"]).json())["status"] != "done":
        time.sleep(_POLL_SECONDS)
    return {
        "DocumentWritten": written,
        "JobAccepted": accepted,
        "JobModel": job,
        "DocumentRemoved": client.delete(f"{documents}/{_SEED.name}").json(),
    }


if __name__ == "__main__":
    main()
