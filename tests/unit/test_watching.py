"""Watching a folder: changes are told, those of another folder aren't, and it may come and go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from index.text.reading import file_times
from index.watching import watch_paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder" / "data").mkdir(parents=True)
    return tmp_path / "folder"


@pytest.fixture
def words(folder: Path) -> Iterator[bool]:
    """What is said of the folder, from when its watch has begun."""
    words = watch_paths([folder], lambda: False, ignored=folder / "data")
    assert list(islice(words, 2)) == [True, True]
    return words


def quiet(words: Iterator[bool], *files: Path) -> None:
    """Listen until files have been left alone, and nothing has changed for some words."""
    silent = 0
    for word in words:
        settled = all(file_times(file).settled for file in files if file.exists())
        silent = silent + 1 if settled and not word else 0
        if silent == 3:
            return


def test_changes_are_told(folder: Path, words: Iterator[bool]) -> None:
    for change in (
        lambda: (folder / "a.txt").write_text("A text."),
        lambda: (folder / "a.txt").write_text("Another one."),
        lambda: (folder / "node_modules").mkdir(),
        lambda: (folder / "node_modules" / "b.md").write_text("A text that tools ignore."),
        lambda: (folder / "a.txt").rename(folder / "c.txt"),
        lambda: (folder / "c.txt").unlink(),
    ):
        quiet(words)
        change()
        # The next word that isn't "nothing": there is one, or this waits for ever.
        assert True in words


def test_changes_of_the_ignored_folder_are_not(folder: Path, words: Iterator[bool]) -> None:
    quiet(words)
    for number in range(3):
        (folder / "data" / f"{number}.txt").write_text("A text.")
        assert list(islice(words, 2)) == [False, False]
    (folder / "database.txt").write_text("Not in that folder.")
    assert True in words


def test_folder_may_vanish_come_back_and_be_replaced(folder: Path, words: Iterator[bool]) -> None:
    quiet(words)
    shutil.rmtree(folder)
    assert True in words
    quiet(words)
    folder.mkdir()
    assert True in words
    quiet(words)
    (folder / "a.txt").write_text("A text.")
    assert True in words
    quiet(words)
    folder.rename(folder.with_name("old"))
    folder.mkdir()
    assert True in words
    quiet(words)
    (folder / "b.txt").write_text("A text.")
    assert True in words


def test_named_files_are_looked_at_and_their_folders_are_not(folder: Path) -> None:
    file, sidecar = folder / "a.txt", folder / "a.txt.meta.json"
    file.write_text("A text.")
    words = watch_paths([file], lambda: False, ignored=folder / "data")
    assert next(words)
    quiet(words, file)
    (folder / "b.txt").write_text("Another file.")
    assert list(islice(words, 3)) == [False, False, False]
    for change in (
        lambda: file.write_text("Another text."),
        lambda: sidecar.write_text("{}"),
        lambda: file.unlink(),
        lambda: file.write_text("It is back."),
        lambda: (folder / "b.txt").replace(file),
    ):
        change()
        assert True in words
        quiet(words, file, sidecar)


def test_folders_and_files_are_watched_together(folder: Path, tmp_path: Path) -> None:
    other, file = tmp_path / "other", tmp_path / "a.txt"
    other.mkdir()
    file.write_text("A text.")
    words = watch_paths([folder, file, other], lambda: False, ignored=folder / "data")
    for change in (
        lambda: (folder / "b.txt").write_text("A text."),
        lambda: (other / "b.txt").write_text("A text."),
        lambda: file.write_text("Another text."),
        lambda: shutil.rmtree(other),
        lambda: (folder / "b.txt").write_text("A text, while the other folder is away."),
        lambda: other.mkdir(),
        lambda: (other / "b.txt").write_text("A text."),
        lambda: shutil.rmtree(folder),
        lambda: (other / "b.txt").unlink(),
    ):
        quiet(words, file)
        change()
        assert True in words


@pytest.mark.parametrize("there", [True, False])
def test_watch_ends_when_it_is_to(folder: Path, there: bool) -> None:
    place = folder if there else folder / "missing"
    heard: list[bool] = []
    for word in watch_paths([place], lambda: len(heard) == 3, ignored=folder / "data"):
        heard.append(word)
    assert len(heard) == 3
    assert heard[0]
