"""`pincite index --watch`, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from processes import PINCITE, environment
from reference import contents

from service.commands.priority import LOW

Run = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def pincite(*arguments: object, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """A command that stays."""
    with subprocess.Popen(
        [PINCITE, *map(str, arguments)],
        env=environment(**settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line: dict[str, Any] = json.loads(process.stdout.readline())
    return line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_index_follows_files_until_it_is_told_to_end(
    run_pincite: Run, tmp_path: Path, number: signal.Signals
) -> None:
    data, folder, note = tmp_path / "data", tmp_path / "folder", tmp_path / "note.txt"
    folder.mkdir()
    (folder / "a.txt").write_text("The bridge of Oslo was closed on Monday.")
    note.write_text("The ferry leaves at noon.")
    with pincite(
        "index", folder, note, "--watch", "--json", data_dir=data, busy_seconds=0.2
    ) as process:
        assert process.stderr is not None

        def heard() -> dict[str, list[str]]:
            report = line_of(process)
            kinds = ("added", "replaced", "failed")
            return {kind: report[kind] for kind in kinds if report[kind]}

        assert heard() == {"added": ["a.txt", "note.txt"]}
        # Questions that are asked of a server meanwhile go first.
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= LOW
        (folder / "b.txt").write_text("The museum opens in May.")
        assert heard() == {"added": ["b.txt"]}
        (folder / "a.txt").unlink()
        note.write_text("The ferry leaves at one.")
        assert heard() == {"replaced": ["note.txt"]}

        with closing(
            sqlite3.connect(data / "default" / "catalog.sqlite", isolation_level=None)
        ) as other:
            other.execute("BEGIN IMMEDIATE")
            (folder / "c.txt").write_text("The library was painted in 1963.")
            assert "is being written by another process" in process.stderr.readline()
            assert process.stderr.readline().endswith("It is tried again.\n")
            other.execute("ROLLBACK")
        assert heard() == {"added": ["c.txt"]}

        folder.rename(tmp_path / "away")
        [problem] = heard()["failed"]
        assert f"{str(folder)!r} isn't there any more" in problem["message"]
        (tmp_path / "away").rename(folder)
        assert heard() == {}

        process.send_signal(number)
        assert process.wait(timeout=120) == 0
        assert line_of(process) == {
            "ended": {"added": 4, "replaced": 1, "failed": 0, "generation": 5}
        }
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert "Traceback" not in process.stderr.read()
    assert sorted(contents(data / "default" / "catalog.sqlite")) == [
        "a.txt",
        "b.txt",
        "c.txt",
        "note.txt",
    ]
    found = run_pincite("search", "When does the ferry leave?", "--json", "-n", 1, data_dir=data)
    assert [hit["text"] for hit in json.loads(found.stdout)["hits"]] == ["The ferry leaves at one."]
    assert run_pincite("check", data_dir=data).returncode == 0


def test_what_was_followed_is_summed_up(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("The bridge of Oslo was closed on Monday.")
    (tmp_path / "bad.txt").write_bytes(b"\0\1\2" * 99)
    with pincite("index", tmp_path, "-w", data_dir=tmp_path / "data") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "1 added, 0 replaced, 0 unchanged, 1 failed.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
        assert process.stdout.read() == "Ended: 1 added, 0 replaced in all, 1 failed.\n"


def test_what_is_not_there_at_the_beginning_is_not_waited_for(
    run_pincite: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("The bridge of Oslo was closed on Monday.")
    done = run_pincite("index", "-w", tmp_path, tmp_path / "typo", data_dir=tmp_path / "data")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{str(tmp_path / 'typo')!r} isn't there." in done.stderr
    assert not (tmp_path / "data").exists()
