"""The command line, in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import PINCITE, environment
from reference import contents
from samples import DOCUMENTS, SEEDS, put_documents

Run = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = (
    "index",
    "sync",
    "remove",
    "check",
    "backup",
    "restore",
    "reindex",
    "ask",
    "search",
    "serve",
    "eval",
)


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
    assert done.returncode == 0
    verdict, reason, _, heading, _, *closest = done.stdout.splitlines()
    assert (verdict, reason) == ("Not in these documents.", "Nothing in them is about it.")
    assert heading == "Closest, but not an answer:"
    assert len([line for line in closest if line]) == 6


def test_ask_tells_how_sure_and_why(run_pincite: Run, seeds_data: Path) -> None:
    question = "How many people have been displaced by the conflict?"
    done = run_pincite("ask", question, "--explain", data_dir=seeds_data)
    lines = done.stdout.splitlines()
    assert lines[0] == "The documents differ."
    assert {"120,000", "146,000"} <= set(lines)
    assert any(re.fullmatch(r"  confidence \d+%", line) for line in lines)
    assert any(re.fullmatch(r"Read \d+ passages in \d rounds .*", line) for line in lines)
    assert any(line.endswith("120,000 (the most probable)") for line in lines)


def test_ask_as_of_a_day_asks_no_later_document(run_pincite: Run, seeds_data: Path) -> None:
    question = "Where will Germany host the summit?"
    early = run_pincite("ask", question, "--as-of", "2020-01-01", data_dir=seeds_data)
    assert early.stdout.splitlines()[0] == "Not in these documents."
    late = run_pincite("ask", question, "--as-of", "2020-01-13", data_dir=seeds_data)
    assert late.stdout.splitlines()[0] == "Berlin"


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
        (["ask", "Who?"], {"min_confidence": "nan"}, "PINCITE_MIN_CONFIDENCE"),
        (["serve", "--host", "a..b"], {}, "Can't listen on 'a..b'"),
        (["index", SEEDS], {"embedder": "/no/such/folder"}, "/no/such/folder"),
        (["sync", "/no/such/folder"], {}, "'/no/such/folder' isn't there"),
        (["sync", SEEDS / "SOURCES.md"], {}, "isn't a folder"),
        (["sync", SEEDS, "--watch", "--dry-run"], {}, "exclude each other"),
        (["remove", "a.txt"], {}, "There is no collection 'default'"),
        (["check", "-c", "none"], {}, "There is no collection 'none'"),
        (["backup", "b.sqlite"], {}, "There is no collection 'default'"),
        (["restore", "/no/such/file"], {}, "There is no backup /no/such/file"),
        (["restore", "/no/such/file", "-c", "../up"], {}, "can't be a collection's name"),
        (["reindex"], {}, "There is no collection 'default'"),
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


def catalog_of(data: Path, collection: str = "default") -> Path:
    return data / collection / "catalog.sqlite"


def test_sync_adds_replaces_and_removes(run_pincite: Run, tmp_path: Path) -> None:
    data, folder = tmp_path / "data", tmp_path / "folder"
    folder.mkdir()
    (folder / "old.txt").write_text("The old bridge of Oslo was closed on Monday.")
    (folder / "same.txt").write_text("A ferry brought 146 passengers to the other shore.")
    (folder / "new.txt").write_text("The museum opens in May.")
    planned = run_pincite("sync", folder, "--dry-run", data_dir=data)
    assert (planned.returncode, planned.stdout) == (
        0,
        "Dry run: 3 added, 0 replaced, 0 unchanged, 0 removed, 0 failed.\n",
    )
    assert not data.exists()
    assert run_pincite("index", folder, data_dir=data).returncode == 0

    (folder / "old.txt").unlink()
    (folder / "new.txt").write_text("The museum opens in June.")
    (folder / "bad.txt").write_bytes(b"\0\1\2" * 99)
    planned = run_pincite("sync", folder, "-n", data_dir=data)
    assert planned.returncode == 1
    assert "Would be removed: old.txt" in planned.stderr
    assert sorted(contents(catalog_of(data))) == ["new.txt", "old.txt", "same.txt"]
    done = run_pincite("sync", folder, "--json", data_dir=data)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["replaced"], report["unchanged"], report["removed"]) == (
        ["new.txt"],
        ["same.txt"],
        ["old.txt"],
    )
    assert [problem["code"] for problem in report["failed"]] == ["binary_document"]
    assert report["generation"] == 5
    assert run_pincite("index", folder, "-c", "new", data_dir=data).returncode == 1
    assert contents(catalog_of(data)) == contents(catalog_of(data, "new"))

    for path in folder.iterdir():
        path.unlink()
    empty = run_pincite("sync", folder, data_dir=data)
    assert empty.returncode == 2
    assert "--allow-empty" in empty.stderr
    assert sorted(contents(catalog_of(data))) == ["new.txt", "same.txt"]
    emptied = run_pincite("sync", folder, "--allow-empty", data_dir=data)
    assert emptied.stdout == "0 added, 0 replaced, 0 unchanged, 2 removed, 0 failed.\n"
    assert contents(catalog_of(data)) == {}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sync_watches_until_it_is_told_to_end(
    run_pincite: Run, tmp_path: Path, number: signal.Signals
) -> None:
    # The data may lie in the folder itself.
    folder = tmp_path / "folder"
    data = folder / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("The bridge of Oslo was closed on Monday.")
    with subprocess.Popen(
        [PINCITE, "sync", folder, "--watch", "--json"],
        env=environment(data_dir=data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None

        def heard() -> dict[str, list[str]]:
            assert process.stdout is not None
            report = json.loads(process.stdout.readline())
            kinds = ("added", "replaced", "removed")
            return {kind: report[kind] for kind in kinds if report[kind]}

        assert heard() == {"added": ["a.txt"]}
        (folder / "b.txt").write_text("The museum opens in May.")
        assert heard() == {"added": ["b.txt"]}
        (folder / "b.txt").write_text("The museum opens in June.")
        assert heard() == {"replaced": ["b.txt"]}
        (folder / "a.txt").unlink()
        assert heard() == {"removed": ["a.txt"]}
        # It vanishes (the data with it, or there would be nothing to sync to), and comes back.
        (folder / "b.txt").rename(tmp_path / "b.txt")
        assert "There is no document in" in process.stderr.readline()
        (tmp_path / "b.txt").rename(folder / "b.txt")
        assert heard() == {}
        process.send_signal(number)
        assert process.wait(timeout=120) == 0
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()
    found = run_pincite("search", "When does the museum open?", "--json", data_dir=data)
    assert [hit["document_id"] for hit in json.loads(found.stdout)["hits"]] == ["b.txt"]
    assert run_pincite("check", data_dir=data).returncode == 0


def test_remove_erases_what_is_named_or_nothing(run_pincite: Run, tmp_path: Path) -> None:
    folder, data = tmp_path / "folder", tmp_path / "data"
    (folder / "news").mkdir(parents=True)
    for name in ("harbour.txt", "museum.txt", "news/ferry.txt"):
        (folder / name).write_text(f"What is known of {name}.")
    run_pincite("index", folder, data_dir=data)
    before = contents(catalog_of(data))
    for wrong, near in (("harbor.txt", "'harbour.txt'"), ("news", "'news/ferry.txt'")):
        refused = run_pincite("remove", "museum.txt", wrong, data_dir=data)
        assert refused.returncode == 2
        assert f"There is no document {wrong!r}" in refused.stderr
        assert near in refused.stderr
    assert contents(catalog_of(data)) == before
    done = run_pincite("remove", "museum.txt", "news/ferry.txt", "--json", data_dir=data)
    assert json.loads(done.stdout) == {
        "removed": ["museum.txt", "news/ferry.txt"],
        "generation": 5,
    }
    assert sorted(contents(catalog_of(data))) == ["harbour.txt"]
    found = run_pincite("search", "What is known?", "--json", data_dir=data)
    assert [hit["document_id"] for hit in json.loads(found.stdout)["hits"]] == ["harbour.txt"]
    plain = run_pincite("remove", "harbour.txt", data_dir=data)
    assert (plain.returncode, plain.stdout) == (0, "1 removed.\n")


def test_backup_restore_and_check(run_pincite: Run, tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "seeds.backup"
    nothing = run_pincite("check", data_dir=data)
    assert (nothing.returncode, nothing.stdout) == (0, f"There are no collections in {data}.\n")
    run_pincite("index", SEEDS, data_dir=data)
    backed_up = json.loads(run_pincite("backup", file, "--json", data_dir=data).stdout)
    assert backed_up == {"documents": 5, "generation": 5, "bytes": file.stat().st_size}
    again = run_pincite("backup", file, data_dir=data)
    assert again.returncode == 2
    assert "--force" in again.stderr
    assert run_pincite("backup", file, "--force", data_dir=data).returncode == 0

    restored = run_pincite("restore", file, "-c", "copy", data_dir=data)
    assert (restored.returncode, restored.stdout) == (0, "copy: 5 documents, generation 6.\n")
    assert contents(catalog_of(data, "copy")) == contents(catalog_of(data))
    refused = run_pincite("restore", file, "-c", "copy", data_dir=data)
    assert refused.returncode == 2
    assert "--replace" in refused.stderr
    question = "Where will Germany host the summit?"
    asked = json.loads(run_pincite("ask", question, "-c", "copy", "--json", data_dir=data).stdout)
    assert asked["answers"][0]["answer"] == "Berlin"
    run_pincite("remove", "rival-leaders-to-meet-in-moscow.txt", "-c", "copy", data_dir=data)
    replaced = run_pincite("restore", file, "-c", "copy", "--replace", "--json", data_dir=data)
    assert json.loads(replaced.stdout)["generation"] == 8
    assert contents(catalog_of(data, "copy")) == contents(catalog_of(data))

    checked = run_pincite("check", "--json", data_dir=data)
    assert checked.returncode == 0
    reports = json.loads(checked.stdout)
    assert sorted(reports) == ["copy", "default"]
    assert [report["findings"] for report in reports.values()] == [[], []]
    assert [report["documents"] for report in reports.values()] == [5, 5]

    (data / "copy" / "vectors.faiss").write_bytes(b"damaged")
    wrong = run_pincite("check", data_dir=data)
    assert wrong.returncode == 1
    assert "copy: 5 documents" in wrong.stdout
    assert "1 fault." in wrong.stdout
    assert "default: 5 documents" in wrong.stdout
    assert "pincite check --repair" in wrong.stderr
    assert run_pincite("check", "-c", "default", data_dir=data).returncode == 0
    assert run_pincite("check", "--repair", data_dir=data).returncode == 0
    assert run_pincite("check", data_dir=data).returncode == 0

    catalog_of(data, "copy").write_bytes(b"no database at all" * 999)
    damaged = run_pincite("check", data_dir=data)
    assert damaged.returncode == 1
    assert "not a readable database" in damaged.stderr
    assert run_pincite("restore", file, "-c", "copy", "--replace", data_dir=data).returncode == 0
    assert run_pincite("check", data_dir=data).returncode == 0


def test_reindex_changes_the_embedder(run_pincite: Run, tmp_path: Path) -> None:
    put_documents(tmp_path, DOCUMENTS)
    refused = run_pincite("search", "Who directed it?", data_dir=tmp_path)
    assert refused.returncode == 2
    assert "pincite reindex" in refused.stderr
    done = json.loads(run_pincite("reindex", "--json", data_dir=tmp_path).stdout)
    assert done["before"] == "fake-embedder@1"
    assert done["embedder"].startswith("all-MiniLM-L6-v2")
    assert (done["documents"], done["resumed"], done["embedded"], done["generation"]) == (
        2,
        0,
        2,
        3,
    )
    found = run_pincite("search", "Who directed the film?", "--json", data_dir=tmp_path)
    assert json.loads(found.stdout)["hits"][0]["document_id"].endswith("second.txt")
    again = run_pincite("reindex", data_dir=tmp_path)
    assert again.stdout.startswith("Nothing to do: the vectors are those of all-MiniLM-L6-v2")
    assert run_pincite("check", data_dir=tmp_path).returncode == 0


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
