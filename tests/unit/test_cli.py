"""The command line, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from samples import SEEDS

Run = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = ("index", "ask", "search", "serve", "eval")


@pytest.mark.parametrize("arguments", [[], *([command] for command in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from service.cli import main; "
        f"main({[*arguments, '--help']!r}, standalone_mode=False); "
        "print(sorted({'torch', 'transformers', 'faiss', 'numpy', 'fastapi'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Usage:" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_ask_quotes_and_names_the_place(run_pincite: Run, seeds_data: Path) -> None:
    done = run_pincite("ask", "Where", "will", "Germany", "host the summit?", data_dir=seeds_data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Berlin"
    start = (SEEDS / "rival-leaders-to-meet-in-moscow.txt").read_text().index("Berlin")
    assert f"rival-leaders-to-meet-in-moscow.txt [{start}, {start + 6})" in done.stdout


def test_ask_says_so_when_the_documents_do_not_answer(run_pincite: Run, seeds_data: Path) -> None:
    done = run_pincite("ask", "What is the boiling point of water?", data_dir=seeds_data)
    assert (done.returncode, done.stdout) == (0, "Not in these documents.\n")


def test_ask_and_search_as_json(run_pincite: Run, seeds_data: Path) -> None:
    question = "Where will Germany host the summit?"
    asked = json.loads(run_pincite("ask", question, "--json", data_dir=seeds_data).stdout)
    assert asked["answers"][0]["answer"] == "Berlin"
    found = json.loads(run_pincite("search", question, "--json", data_dir=seeds_data).stdout)
    assert len(found["hits"]) == 5
    assert "Germany plans to host a summit in Berlin" in found["hits"][0]["text"]


def test_index_again_changes_nothing(run_pincite: Run, tmp_path: Path) -> None:
    first = json.loads(run_pincite("index", SEEDS, "--json", data_dir=tmp_path).stdout)
    again = json.loads(run_pincite("index", SEEDS, "--json", data_dir=tmp_path).stdout)
    assert len(first["added"]) == 5
    assert (again["added"], again["replaced"]) == ([], [])
    assert again["unchanged"] == first["added"]
    assert again["generation"] == first["generation"] == 5


def test_bad_files_are_named_and_the_others_go_in(run_pincite: Run, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "good.txt").write_text("The bridge opened in Oslo on Monday.", encoding="utf-8")
    (folder / "empty.txt").write_text(" \n")
    (folder / "binary.txt").write_bytes(b"\x7fELF\x00\x01" * 100)
    (folder / "large.txt").write_text("word " * 1000)
    (folder / "loop").symlink_to(folder)
    (folder / "dangling.txt").symlink_to(folder / "nowhere.txt")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8")
    data = tmp_path / "data"
    done = run_pincite("index", folder, "--json", data_dir=data, max_bytes=4000)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["added"] == ["good.txt"]
    assert sorted(
        (Path(problem["name"]).name, problem["code"]) for problem in report["failed"]
    ) == [
        ("binary.txt", "binary_document"),
        ("dangling.txt", "unreadable_document"),
        ("empty.txt", "empty_document"),
        ("large.txt", "document_too_large"),
        ("loop", "link_loop"),
    ]
    assert all(problem["remedy"].endswith(".") for problem in report["failed"])
    assert ["photo.jpg" in skipped for skipped in report["skipped"]] == [True]
    plain = run_pincite("index", folder, data_dir=data, max_bytes=4000)
    assert plain.returncode == 1
    assert plain.stdout == "0 added, 0 replaced, 1 unchanged, 5 failed.\n"
    assert "binary.txt" in plain.stderr


@pytest.mark.parametrize(
    ("arguments", "settings", "said"),
    [
        (["ask", " "], {}, "The question or query is empty."),
        (["ask", "x" * 1001], {}, "the limit is 1,000"),
        (["search", ""], {}, "empty"),
        (["ask", "Who?", "-c", "../up"], {}, "can't be a collection's name"),
        (["search", "x", "-c", "none"], {}, "There is no collection 'none'"),
        (["ask", os.fsdecode(b"Who \xff?")], {}, "valid Unicode"),
        (["ask", "Who?"], {"port": "many"}, "PINCITE_PORT"),
        (["ask", "Who?"], {"threshold": "nan"}, "PINCITE_THRESHOLD"),
        (["serve", "--host", "a..b"], {}, "Can't listen on 'a..b'"),
        (["index", SEEDS], {"embedder": "/no/such/folder"}, "/no/such/folder"),
    ],
)
def test_errors_say_what_to_do(
    run_pincite: Run, tmp_path: Path, arguments: list[str], settings: dict[str, str], said: str
) -> None:
    done = run_pincite(*arguments, data_dir=tmp_path, **settings)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_file_is_named(run_pincite: Run, tmp_path: Path) -> None:
    done = run_pincite("index", tmp_path / "missing.txt", data_dir=tmp_path)
    assert done.returncode == 1
    assert "missing.txt" in done.stderr


def test_unusable_models_are_named(run_pincite: Run, seeds_data: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    (tmp_path / "config.json").write_text("{")
    for setting in ("reader", "embedder"):
        for folder in (tmp_path, tmp_path / "missing"):
            done = run_pincite("ask", "Who?", data_dir=seeds_data, **{setting: folder})
            assert done.returncode == 2
            assert str(folder) in done.stderr
            assert "Traceback" not in done.stderr


def test_control_characters_of_documents_do_not_reach_the_terminal(
    run_pincite: Run, tmp_path: Path
) -> None:
    page = tmp_path / "page.txt"
    page.write_text("The bridge \x1b]0;owned\x07 of Oslo was opened by Anna Berg on Monday.")
    assert run_pincite("index", page, data_dir=tmp_path / "data").returncode == 0
    found = run_pincite("search", "Who opened the bridge?", data_dir=tmp_path / "data")
    assert "Anna Berg" in found.stdout
    assert "\x1b" not in found.stdout
    assert "\x07" not in found.stdout


def write_questions(path: Path) -> Path:
    context = "Germany plans to host a summit in Berlin in January."
    berlin = {"text": "Berlin", "answer_start": context.index("Berlin")}
    asked = [
        {"id": "1", "question": "Where will Germany host the summit?", "answers": [berlin]},
        {"id": "2", "question": "What is the boiling point of water?", "answers": []},
    ]
    lines = [{"context": context, "qas": asked}, {"context": "", "qas": []}]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_eval_measures_a_file_and_names_its_faults(run_pincite: Run, tmp_path: Path) -> None:
    path = write_questions(tmp_path / "mine.jsonl")
    done = run_pincite("eval", path, "--json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert report["asked"] == 2
    [file] = report["files"]
    assert (file["paragraphs"], file["questions"], file["unanswerable"]) == (1, 2, 1)
    assert [(fault["kind"], fault["place"]) for fault in file["faults"]] == [
        ("empty_context", "mine.jsonl:2")
    ]
    assert report["figures"]["EM, null not allowed"] == {"value": 1, "low": 1, "high": 1, "n": 1}
    assert report["figures"]["offset-EM"]["value"] == 1
    assert report["figures"]["F1, best threshold"]["value"] == 1
    plain = run_pincite("eval", path)
    assert "EM, null not allowed" in plain.stdout
    assert "mine.jsonl:2: the context is empty" in plain.stderr


def test_eval_open_domain_asks_the_whole_service(run_pincite: Run, tmp_path: Path) -> None:
    path = write_questions(tmp_path / "mine.jsonl")
    data = tmp_path / "data"
    done = run_pincite("eval", path, "--open-domain", "--json", "--sample", 9, data_dir=data)
    figures = json.loads(done.stdout)["figures"]
    assert {
        name: figures[name]["value"] for name in ("recall@1", "MRR@20", "EM, never refusing")
    } == {
        "recall@1": 1,
        "MRR@20": 1,
        "EM, never refusing": 1,
    }
    assert figures["refused, of the unanswerable"] == {"value": 1, "low": 1, "high": 1, "n": 1}
    assert not data.exists()


def test_eval_of_an_unusable_file_says_what_to_do(run_pincite: Run, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Nothing but notes.")
    for given, said in ((path, "Most of"), (tmp_path / "missing.json", "can't be read")):
        done = run_pincite("eval", given)
        assert done.returncode == 2
        assert said in done.stderr
        assert str(given) in done.stderr
        assert "Traceback" not in done.stderr
