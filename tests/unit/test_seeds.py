"""The sample corpus says what it claims to say: bytes, dates, headlines and golden answers."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pathspec
import pytest

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
ARTICLES = {
    "expected-to-sign-in-moscow.txt": (
        "0cdad0828f6eeb4b2419cd3cc298deec31366ec239f0825e95c6e0a8a4737342"
    ),
    "rival-leaders-to-meet-in-moscow.txt": (
        "4d4d207301ac550b87104b0ddc30fde0b38d139f5de23b9846d62dd35137f156"
    ),
    "leaders-pushed-to-end-war.txt": (
        "92e672f1f03c6a77ecc900d465e9f37ef33960ec59b609778a52f8519a022a45"
    ),
    "foreign-ministry-confirms-contacts.txt": (
        "3fb6fb1ddeb9d74ad9299f30c7ea63d3d86086848bb53d8692868881984b95ae"
    ),
    "talks-fail-to-sign-ceasefire.txt": (
        "58715836d8e69bd71b9d286451a2e69748e3301f96c020980ae4fb17087b0487"
    ),
}
ANSWERABLE = {"answer", "differing", "yes_no"}
UNANSWERABLE = {"near_miss", "off_topic"}
# Over `[id, question, kind, [[document, quote], …]]` of the frozen questions, as they were given.
FROZEN_SHA256 = "3a498e3d9567a01b391c34b48a4909b636b5287e1159aedb8022cdb85736d662"


def article_text(name: str) -> str:
    return (SEEDS / name).read_bytes().decode("utf-8")


def sidecar(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SEEDS / f"{name}.meta.json").read_text("utf-8"))
    return loaded


def questions() -> list[dict[str, Any]]:
    lines = (SEEDS / "questions.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def sources_rows() -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for line in (SEEDS / "SOURCES.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].endswith(".txt`"):
            rows[cells[0].strip("`")] = cells[1:]
    return rows


def test_the_corpus_is_exactly_the_five_recorded_articles() -> None:
    hashes = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in SEEDS.glob("*.txt")}
    assert hashes == ARTICLES


@pytest.mark.parametrize("name", ARTICLES)
def test_an_articles_text_needs_no_normalising_so_offsets_count_in_the_file(name: str) -> None:
    text = article_text(name)
    assert unicodedata.normalize("NFC", text) == text
    assert "\r" not in text
    assert not text.startswith("\ufeff")


def test_sources_lists_each_articles_hash_headline_date_and_evidence() -> None:
    rows = sources_rows()
    assert {name: cells[1].strip("`") for name, cells in rows.items()} == ARTICLES
    for name, (_, _, _, headline, published_at, evidence) in rows.items():
        said = sidecar(name)
        assert headline == (said["title"] or "none")
        assert published_at == said["published_at"]
        assert evidence == said["published_at_evidence"]


@pytest.mark.parametrize("name", ARTICLES)
def test_a_sidecar_takes_its_title_and_date_from_the_text(name: str) -> None:
    said, text = sidecar(name), article_text(name)
    assert said.keys() <= {"title", "source_url", "published_at", "published_at_evidence", "tags"}
    assert said["source_url"] is None
    assert date.fromisoformat(said["published_at"]) == date(2020, 1, 13)
    quoted = re.findall("“([^”]+)”", said["published_at_evidence"])
    assert quoted
    assert [words for words in quoted if words not in text] == []
    if name == "leaders-pushed-to-end-war.txt":
        assert said["title"] is None
    else:
        assert said["title"] in text.splitlines()


def test_the_ignore_file_keeps_sources_out_and_the_articles_in() -> None:
    lines = (SEEDS / ".pinciteignore").read_text("utf-8").splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    assert ignored.match_file("SOURCES.md")
    assert [name for name in ARTICLES if ignored.match_file(name)] == []


def test_question_ids_are_unique_and_tell_given_from_own() -> None:
    asked = questions()
    assert [i for i, n in Counter(q["id"] for q in asked).items() if n > 1] == []
    assert [q["id"] for q in asked if q["frozen"]] == [f"s{n:02d}" for n in range(1, 67)]
    own = [q["id"] for q in asked if not q["frozen"]]
    assert len(own) >= 30
    assert [i for i in own if not re.fullmatch(r"p\d{2,}", i)] == []
    assert len({q["question"].casefold() for q in asked}) == len(asked)


def test_the_frozen_questions_are_as_given() -> None:
    given = [
        [q["id"], q["question"], q["kind"], [[g["document"], g["quote"]] for g in q["gold"]]]
        for q in questions()
        if q["frozen"]
    ]
    assert hashlib.sha256(json.dumps(given).encode()).hexdigest() == FROZEN_SHA256


def test_our_own_questions_cover_each_kind_and_each_article() -> None:
    own = [q for q in questions() if not q["frozen"]]
    assert {q["kind"] for q in own} == ANSWERABLE | UNANSWERABLE
    assert {g["document"] for q in own for g in q["gold"]} == set(ARTICLES)


@pytest.mark.parametrize("question", questions(), ids=lambda q: str(q["id"]))
def test_a_questions_gold_fits_its_kind_and_stands_where_it_says(question: dict[str, Any]) -> None:
    gold = question["gold"]
    assert question["kind"] in ANSWERABLE | UNANSWERABLE
    assert bool(gold) == (question["kind"] in ANSWERABLE)
    places = [(g["document"], g["start"], g["end"]) for g in gold]
    assert len(set(places)) == len(places)
    if question["kind"] == "differing":
        assert len({g["quote"].casefold() for g in gold}) > 1
    for g in gold:
        text, start, end = article_text(g["document"]), g["start"], g["end"]
        assert 0 <= start < end <= len(text)
        assert text[start:end] == g["quote"]
        assert g["quote"] == g["quote"].strip()
        cut_into = text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()
        assert not cut_into, "a quote begins and ends at a word's edge"
