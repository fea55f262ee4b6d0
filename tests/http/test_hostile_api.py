"""What is sent to do harm: names, archives, and documents that explode; in process with fakes."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from samples import DOCUMENTS

BASE = "/v1/collections/default/documents"
TEXT = "The dam at Kajbar was opened in 1963. Nora Holt built it."

Upload = Callable[..., dict[str, Any]]


def touched(data_dir: Path) -> list[Path]:
    """What there is in a data folder beside a collection, and names in the folder above it."""
    beside = [path for path in data_dir.iterdir() if path.name != "default"]
    return beside + list(data_dir.parent.glob("*escaped*"))


def stored(client: TestClient) -> list[str]:
    return [document["document_id"] for document in client.get(BASE).json()["documents"]]


NAMES = (
    "CON",
    "nul.txt",
    "aux/com1.txt",
    "a.txt.",
    "~/a.txt",
    "$HOME.txt",
    "..../a.txt",
    "catalog.sqlite",
    "lexical",
    ".hidden.txt",
    "-rf.txt",
    "'; DROP TABLE documents; --.txt",
    "x" * 508 + ".txt",
)
"""A file system might take them for something else; here they are ids, and nothing more."""


@pytest.mark.parametrize("name", NAMES)
def test_id_is_never_a_path(client: TestClient, tmp_path: Path, upload: Upload, name: str) -> None:
    address = f"{BASE}/{quote(name, safe='')}"
    put = client.put(address, content=TEXT, headers={"Content-Type": "text/plain"})
    assert (put.status_code, put.json()["document_id"]) == (201, name)
    assert client.get(f"{address}/text").json()["text"] == TEXT
    body = (
        b'--B\r\nContent-Disposition: form-data; name="f"; filename="' + name.encode() + b'"\r\n'
        b"Content-Type: text/plain\r\n\r\nAnother text.\r\n--B--\r\n"
    )
    posted = client.post(
        BASE, content=body, headers={"Content-Type": "multipart/form-data; boundary=B"}
    )
    assert posted.status_code == 202, posted.text
    # Long work is done in order, so that the other upload is in when this one is.
    assert upload(client, {"last.txt": "The end."})["status"] == "done"
    assert client.get(f"{address}/text").json()["text"] == "Another text."
    assert stored(client) == sorted([name, "last.txt", *DOCUMENTS])
    assert touched(tmp_path) == []
    assert client.delete(address).status_code == 200
    assert stored(client) == sorted(["last.txt", *DOCUMENTS])


def zipped(compression: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as archive:
        archive.writestr("../../escaped.txt", TEXT * 20)
    return packed.getvalue()


BOMB = gzip.compress(b"word " * 2_000_000)
ARCHIVES = {
    "zip": zipped(zipfile.ZIP_DEFLATED),
    "zip of bare text": zipped(zipfile.ZIP_STORED),
    "gzip": gzip.compress(TEXT.encode()),
    "gzip bomb": BOMB,
    "two gzips": gzip.compress(BOMB),
}


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.txt", "text/plain"),
        ("a.md", "text/markdown"),
        ("a.html", "text/html"),
        ("a.txt", "text/plain; charset=utf-8"),
        ("a.zip", "application/zip"),
        ("a.txt.gz", "application/gzip"),
        ("a.docx", ""),
    ],
)
def test_archive_is_refused_and_never_opened(
    client: TestClient, tmp_path: Path, finished: Upload, kind: str, name: str, content_type: str
) -> None:
    packed = ARCHIVES[kind]
    codes = {"binary_document", "undecodable_document", "unsupported_document"}
    headers = {"Content-Type": content_type} if content_type else {}
    put = client.put(f"{BASE}/{name}", content=packed, headers=headers)
    assert put.status_code == 415, put.text
    assert put.json()["code"] in codes
    assert put.json()["remedy"].endswith(".")
    part = (name, packed, content_type) if content_type else (name, packed)
    url = client.post(BASE, files=[("file", part)]).json()["url"]
    [document] = finished(client, url)["documents"]
    assert document["written"] is None
    assert document["error"]["code"] in codes
    assert stored(client) == sorted(DOCUMENTS)
    assert touched(tmp_path) == []


def test_body_that_is_said_to_be_compressed_is_not_decompressed(client: TestClient) -> None:
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    put = client.put(f"{BASE}/a.txt", content=gzip.compress(TEXT.encode()), headers=headers)
    assert (put.status_code, put.json()["code"]) == (415, "binary_document")
    assert stored(client) == sorted(DOCUMENTS)


WEIR = "The weir was built by Ada Lund in 1921."
DEEP = 20_000
EXPLODING = {
    "divisions": ("a.html", "<div>" * DEEP + WEIR + "</div>" * DEEP),
    "open marks": ("a.html", "<b>" * DEEP + WEIR),
    "tables": ("a.html", "<table><tr><td>" * DEEP + WEIR),
    "lists": ("a.html", "<ul><li>" * DEEP + WEIR),
    "quotations": ("a.md", "> " * DEEP + WEIR),
    "stars": ("a.md", "*a " * DEEP + "\n\n" + WEIR),
    "entities": (
        "a.html",
        "<!DOCTYPE html [<!ENTITY a '&b;&b;'><!ENTITY b '&c;&c;'><!ENTITY c 'bang'>"
        f"<!ENTITY x SYSTEM 'file:///etc/passwd'>]><p>&a;&x;</p><p>{WEIR}</p>",
    ),
}


@pytest.mark.parametrize("kind", EXPLODING)
def test_nested_document_goes_in_and_is_found(client: TestClient, kind: str) -> None:
    name, source = EXPLODING[kind]
    put = client.put(f"{BASE}/{name}", content=source)
    assert put.status_code == 201, put.text
    text = client.get(f"{BASE}/{name}/text").json()["text"]
    assert WEIR in text
    assert len(text) <= len(source)
    assert "root:" not in text
    asked = {"question": "Who built the weir?", "min_generation": put.json()["generation"]}
    answer = client.post("/v1/ask", json=asked).json()["answers"][0]
    assert answer["citations"][0]["document_id"] == name


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("---\na: " + "[" * 50_000 + "\n---\ntext", "invalid_metadata"),
        (
            "---\n"
            + "".join(f"k{n}: &k{n} [{f'*k{n - 1}, ' * 9}]\n" for n in range(1, 30))
            + "k0: 1\n---\ntext",
            "invalid_metadata",
        ),
    ],
    ids=["deep", "aliases"],
)
def test_front_matter_that_explodes_is_refused(client: TestClient, source: str, code: str) -> None:
    put = client.put(f"{BASE}/a.md", content=source)
    assert (put.status_code, put.json()["code"]) == (422, code)
    assert stored(client) == sorted(DOCUMENTS)


@pytest.mark.parametrize("piece", ["word ", "a", "It rained. ", "1.2.3,4 ", "\u0e01", "\U0001f600"])
def test_document_of_one_long_line_goes_in_by_passages(client: TestClient, piece: str) -> None:
    """A line of 50 MB takes as long as ten of 5 MB: the work grows with the length alone."""
    line = piece * (60_000 // len(piece))
    put = client.put(f"{BASE}/a.txt", content=line.encode())
    assert put.status_code == 201, put.text
    assert put.json()["passages"] > 1
    assert client.get(f"{BASE}/a.txt/text").json()["text"] == line
