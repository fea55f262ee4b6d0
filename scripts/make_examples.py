"""Write `service/examples.json`, the examples of OpenAPI, from a running server of seeds/."""

from __future__ import annotations

import json
from pathlib import Path

import click
import httpx2

_TARGET = Path(__file__).parents[1] / "service" / "examples.json"
_QUESTION = "Where will Germany host the summit?"
_ASK = {"question": _QUESTION, "top_k": 1}


@click.command()
@click.option("--server", default="http://127.0.0.1:8000", show_default=True)
def main(server: str) -> None:
    """Ask a fresh server of seeds/ (make serve) and keep its answers as the examples."""
    with httpx2.Client(base_url=server, timeout=120) as client:
        response = client.post("/v1/ask", json=_ASK).json()
        [citation] = response["answers"][0]["citations"]
        document = f"/v1/collections/default/documents/{citation['document_id']}"
        examples = {
            "AskRequest": _ASK,
            "AskResponse": response,
            "SearchResponse": client.get("/v1/search", params={"q": _QUESTION, "limit": 1}).json(),
            "DocumentModel": client.get(document).json(),
            "Problem": client.post("/v1/ask", json={"question": " "}).json(),
        }
    _TARGET.write_text(json.dumps(examples, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
