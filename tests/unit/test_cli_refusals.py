"""Commands that can't do what they are told say why and what to do, with status 2."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from reference import contents
from samples import SEEDS

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, run_pincite: Run) -> Path:
    """A folder with data, a backup of them, and files that are no backups."""
    place = tmp_path_factory.mktemp("refusals")
    assert run_pincite("index", SEEDS, data_dir=place / "data").returncode == 0
    assert run_pincite("backup", place / "good.backup", data_dir=place / "data").returncode == 0
    (place / "text.backup").write_text("No database." * 999)
    (place / "cut.backup").write_bytes((place / "good.backup").read_bytes()[:20_000])
    (place / "empty").mkdir()
    return place


def catalog(place: Path) -> Path:
    return place / "data" / "default" / "catalog.sqlite"


@pytest.mark.parametrize(
    ("arguments", "message", "remedy"),
    [
        (
            ["restore", "none.backup", "--replace"],
            "There is no backup",
            "Check the name and the folder.",
        ),
        (["restore", "text.backup", "-c", "new"], "is damaged", "Restore another backup."),
        (["restore", "cut.backup", "-c", "new"], "is damaged", "Restore another backup."),
        (["restore", "cut.backup", "--replace"], "is damaged", "Restore another backup."),
        (["restore", "good.backup"], "'default' already", "--replace"),
        (["restore", "good.backup", "-c", "A b"], "can't be a collection's name", "Use 1 to 64"),
        (["backup", "good.backup"], "There is a file", "--force"),
        (["backup", "empty"], "is a folder", "Name a file in it."),
        (["backup", "data/default/b"], "folder of a collection", "somewhere else"),
        (["sync", "none"], "isn't there", "Check the name and the folder."),
        (["sync", "good.backup"], "isn't a folder", "pincite index"),
        (["sync", "empty"], "There is no document in", "--allow-empty"),
        (["sync", "empty", "--dry-run"], "There is no document in", "--allow-empty"),
        (["sync", "none", "--watch"], "isn't there", "Check the name and the folder."),
        (["sync", "empty", "--watch"], "There is no document in", "--allow-empty"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_changes(
    place: Path, run_pincite: Run, arguments: list[str], message: str, remedy: str
) -> None:
    before = contents(catalog(place))
    command, path, *options = arguments
    done = run_pincite(command, place / path, *options, data_dir=place / "data")
    assert (done.returncode, done.stdout) == (2, "")
    said, told = done.stderr.splitlines()
    assert said.startswith("Error: ")
    assert message in said
    assert remedy in told
    assert contents(catalog(place)) == before
    assert [path.name for path in (place / "data").iterdir()] == ["default"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["index", "note.txt"],
        ["sync", "folder"],
        ["remove", "rival-leaders-to-meet-in-moscow.txt"],
        ["restore", "good.backup", "--replace"],
    ],
)
def test_wait_for_another_process_that_writes_ends_as_it_is_set(
    place: Path, run_pincite: Run, arguments: list[str]
) -> None:
    (place / "note.txt").write_text("The ferry leaves at noon.")
    (place / "folder").mkdir(exist_ok=True)
    (place / "folder" / "note.txt").write_text("The ferry leaves at noon.")
    before = contents(catalog(place))
    command, name, *options = arguments
    named = name if command == "remove" else place / name
    with closing(sqlite3.connect(catalog(place), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = run_pincite(command, named, *options, data_dir=place / "data", busy_seconds=0.125)
        other.execute("ROLLBACK")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is being written by another process, and it takes longer than 0.125 s." in done.stderr
    assert "PINCITE_BUSY_SECONDS" in done.stderr
    assert contents(catalog(place)) == before
