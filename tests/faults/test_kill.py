"""A process that dies at any moment leaves whole documents, and the next run completes its work."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from fake_indexer import index_folders
from fakes import FakeEmbedder
from reference import Content, check_nearest, contents

import index.faults
from index.catalog import Catalog
from index.collection import Collection
from index.faults import FAULT_POINTS
from index.types import Hit

CREATION_POINTS = ("catalog.temporary_written", "catalog.linked")
"""Those that only a run without a catalog reaches, once."""

TESTS = Path(__file__).parents[1]
# The process is to run the very code that is imported here, wherever another may be installed.
CODE = Path(index.faults.__file__).parents[1]

BANNER = "Sign up for our newsletter today"
FOOTER = "The Daily Example and its partners"


def story(town: str, ships: int, *lines: str) -> str:
    paragraphs = [
        f"The harbour of {town} \U0001f6a2 was closed on day {day} because of the storm, and "
        f"{ships + day} ships with fish, grain and timber waited outside for a calmer sea."
        for day in range(1, 6)
    ]
    return "\n\n".join([*paragraphs, *lines])


FOLDERS = {
    "start": {
        "a.txt": story("Accra", 10, BANNER),
        "b.txt": story("Bergen", 20, BANNER),
        "c.txt": story("Cádiz", 30),
    },
    # One document replaced, two added; the banner becomes a repeated line.
    "first": {
        "a.txt": story("Accra", 100),
        "d.txt": story("Dover", 40, BANNER, FOOTER),
        "e.txt": story("Esbjerg", 50, BANNER, FOOTER),
    },
    # Two replaced, one added; the footer becomes a repeated line, the banner is one no longer.
    "second": {
        "b.txt": story("Bergen", 200),
        "c.txt": story("Cádiz", 300, FOOTER),
        "f.txt": story("Faro", 60),
    },
}


class RecordingCatalog(Catalog):
    """Remembers what it held at each generation."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.states: dict[int, dict[str, Content]] = {}

    def put(self, *arguments: object, **named: object) -> int:
        generation = super().put(*arguments, **named)  # type: ignore[arg-type]
        self.states[generation] = contents(self.path)
        return generation


@dataclass(frozen=True)
class Course:
    """A run that nothing disturbs.

    Attributes:
        root: Holds the folders of documents, and `collection` as it is before the run.
        begin: The catalog's generation before the run.
        states: What the catalog holds at each generation.
        ends: The generation after each folder.
    """

    root: Path
    begin: int
    states: dict[int, dict[str, Content]]
    ends: list[int]

    @property
    def folders(self) -> list[Path]:
        return [self.root / "first", self.root / "second"]


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    root = tmp_path_factory.mktemp("course")
    for name, files in FOLDERS.items():
        (root / name).mkdir()
        for file, text in files.items():
            (root / name / file).write_text(text, encoding="utf-8")
    catalog = Catalog(root / "collection" / "catalog.sqlite", create=True)
    [begin] = index_folders(catalog, [root / "start"])
    catalog.close()
    assert sorted(path.name for path in (root / "collection").iterdir()) == [
        "catalog.sqlite",
        "vectors.faiss",
    ]
    shutil.copytree(root / "collection", root / "undisturbed")
    recording = RecordingCatalog(root / "undisturbed" / "catalog.sqlite")
    before = {begin: contents(recording.path)}
    ends = index_folders(recording, [root / "first", root / "second"])
    recording.close()
    return Course(root, begin, before | recording.states, ends)


@pytest.fixture
def catalog_path(course: Course, tmp_path: Path) -> Path:
    shutil.copytree(course.root / "collection", tmp_path / "collection")
    return tmp_path / "collection" / "catalog.sqlite"


def run_indexer(catalog: Path, folders: list[Path], fault: str) -> int:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PINCITE_")}
    done = subprocess.run(
        [sys.executable, TESTS / "fake_indexer.py", catalog, *folders],
        env=inherited | {"PYTHONPATH": f"{TESTS}{os.pathsep}{CODE}", "PINCITE_FAULT": fault},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == b""
    return done.returncode


def expected_generation(course: Course, point: str, nth: int) -> int:
    """How far a run has come that died when it reached a point for the nth time."""
    if point in {"ingest.all_committed", "view.temporary_written", "view.renamed"}:
        return course.ends[nth - 1]
    return course.begin + nth - (point != "catalog.committed")


def check_search(catalog: Catalog) -> list[Hit]:
    collection = Collection(catalog, FakeEmbedder())
    hits: list[Hit] = []
    for query in ("How many ships waited at Accra?", "day 3 of the storm in Faro", BANNER):
        for limit in (1, 5, 1000):
            hits = list(collection.search(query, limit).hits)
            check_nearest(
                [(hit.passage_id, hit.score) for hit in hits],
                catalog.path,
                FakeEmbedder().embed([query])[0],
                limit,
            )
    return hits


def rebuilt(folder: Path) -> dict[str, Content]:
    """What a new catalog holds of the documents as they are at the end."""
    (folder / "all").mkdir(parents=True)
    for name, text in (FOLDERS["start"] | FOLDERS["first"] | FOLDERS["second"]).items():
        (folder / "all" / name).write_text(text, encoding="utf-8")
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    index_folders(catalog, [folder / "all"])
    catalog.close()
    return contents(catalog.path)


def test_the_course_replaces_adds_and_refreshes(course: Course, tmp_path: Path) -> None:
    assert sorted(course.states) == list(range(course.begin, course.ends[1] + 1))
    # Six documents are put in; what is more was divided anew because a line's repetition changed.
    assert course.ends[0] - course.begin > 3
    assert course.ends[1] - course.ends[0] > 3
    assert course.states[course.ends[1]] == rebuilt(tmp_path)
    first, last = course.states[course.ends[0]], course.states[course.ends[1]]
    excluded = {
        name: [[c.text[start:end] for start, end in c.excluded] for c in state.values()]
        for name, state in (("first", first), ("last", last))
    }
    assert excluded["first"] == [[], [BANNER], [], [BANNER], [BANNER]]
    assert excluded["last"] == [[], [], [FOOTER], [FOOTER], [FOOTER], []]


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", sorted({*FAULT_POINTS} - {*CREATION_POINTS}))
def test_killed_run_leaves_whole_documents_and_the_next_completes_it(
    course: Course, catalog_path: Path, tmp_path: Path, point: str, nth: int
) -> None:
    code = run_indexer(catalog_path, course.folders, f"{point}:{nth}")
    assert code == -signal.SIGKILL, f"{point} is not reached {nth} times"
    left = list(catalog_path.parent.glob("*.tmp"))
    assert len(left) == (point == "view.temporary_written")

    catalog = Catalog(catalog_path)
    with closing(sqlite3.connect(catalog_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert catalog.generation() == expected_generation(course, point, nth)
    assert contents(catalog_path) == course.states[catalog.generation()]
    hits = check_search(catalog)
    assert {hit.document_id for hit in hits} == set(contents(catalog_path))

    index_folders(catalog, course.folders)
    assert contents(catalog_path) == course.states[course.ends[1]] == rebuilt(tmp_path / "new")
    check_search(catalog)
    assert list(catalog_path.parent.glob("*.tmp")) == []
    catalog.close()


@pytest.mark.parametrize("point", CREATION_POINTS)
def test_killed_creation_leaves_a_whole_catalog_or_none_and_the_next_run_completes_it(
    course: Course, tmp_path: Path, point: str
) -> None:
    path = tmp_path / "collection" / "catalog.sqlite"
    folders = [course.root / "start", *course.folders]
    assert run_indexer(path, folders, point) == -signal.SIGKILL
    [left] = path.parent.glob("*.tmp")
    if point == "catalog.linked":
        assert left.samefile(path)
        catalog = Catalog(path)
        assert (catalog.generation(), contents(path)) == (0, {})
        catalog.close()
    else:
        assert list(path.parent.iterdir()) == [left]

    catalog = Catalog(path, create=True)
    assert index_folders(catalog, folders) == [course.begin, *course.ends]
    check_search(catalog)
    catalog.close()
    assert contents(path) == course.states[course.ends[1]]
    assert sorted(file.name for file in path.parent.iterdir()) == [
        "catalog.sqlite",
        "vectors.faiss",
    ]


def test_run_that_reaches_no_such_point_is_not_disturbed(
    course: Course, catalog_path: Path
) -> None:
    assert run_indexer(catalog_path, course.folders, "catalog.committed:1000") == 0
    assert contents(catalog_path) == course.states[course.ends[1]]


def test_every_fault_point_stands_in_the_code_once() -> None:
    named = [
        ast.literal_eval(node.args[0])
        for file in sorted(Path(index.faults.__file__).parent.glob("**/*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "reach"
    ]
    assert sorted(named) == sorted(FAULT_POINTS)
