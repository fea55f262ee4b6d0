"""A process that dies at any moment leaves whole documents, and the next run completes its work."""

from __future__ import annotations

import ast
import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from courses import RUNS, Course, follow, make_standing
from equal_views import check_views, embedder_of
from fakes import FakeEmbedder
from fault_trace import on_disk
from killable import run_faulty, run_killed
from reference import Content, Names, check_names, contents, names
from runs import catalog_path, run_index
from stories import BANNER, FOOTER, QUERIES
from view_files import move_in

import index.faults
from index.catalog import Catalog
from index.checking import check_collection
from index.faults import FAULT_POINTS
from index.passages import passage_input

CODE = """
import sys
from pathlib import Path
import runs
getattr(runs, sys.argv[1])(Path(sys.argv[2]))
"""
"""Does a run in a process of its own."""

CourseOf = Callable[[str], Course]


@pytest.fixture(scope="module")
def course_of(tmp_path_factory: pytest.TempPathFactory) -> CourseOf:
    """The undisturbed course of a run, followed when it is first asked for."""
    standing = tmp_path_factory.mktemp("standing")
    make_standing(standing, tmp_path_factory.mktemp("elsewhere") / "root")
    courses: dict[str, Course] = {}

    def course_of(name: str) -> Course:
        if name not in courses:
            courses[name] = follow(RUNS[name], standing, tmp_path_factory.mktemp("course"))
        return courses[name]

    return course_of


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each point of each run, as often as `--kills` says."""
    if "kill" in metafunc.fixturenames:
        kills = range(metafunc.config.getoption("kills"))
        pairs = [(name, point) for name, run in RUNS.items() for point in run.points]
        metafunc.parametrize(
            ("name", "point", "kill"),
            [
                pytest.param(*pair, number + kill, id=f"{pair[0]}-{pair[1]}-{kill}")
                for number, pair in enumerate(pairs)
                for kill in kills
            ],
        )


def test_killed_run_leaves_whole_documents_and_the_next_completes_it(
    course_of: CourseOf, tmp_path: Path, name: str, point: str, kill: int
) -> None:
    course, run = course_of(name), RUNS[name]
    passed = [moment for moment in course.moments if moment.point == point]
    assert passed, f"{name} doesn't reach {point}"
    nth = kill % len(passed)
    # Each time that a point is passed meets other views, however often that is.
    views = course.views[(kill + kill // len(passed)) % len(course.views)]
    root = tmp_path / "root"
    shutil.copytree(course.before, root)
    move_in(views, root / "collection")
    earlier = names(catalog_path(root)) if catalog_path(root).exists() else None

    run_killed(CODE, run.do.__name__, root, fault=f"{point}:{nth + 1}")
    assert on_disk(root) == passed[nth].on_disk
    if catalog_path(root).exists():
        # Another process opens what the killed one left; the rerun finds it untouched.
        shutil.copytree(root, tmp_path / "opened")
        left = check_catalog(catalog_path(tmp_path / "opened"))
        check_names(earlier or left, left)
        earlier = left

    run.do(root)
    done = on_disk(root)
    assert done.collection is not None and course.after.collection is not None
    assert done.collection.contents == course.after.collection.contents == course.rebuilt
    assert done.backup == course.after.backup
    finished = check_catalog(catalog_path(root))
    check_names(earlier or finished, finished)
    with closing(Catalog(catalog_path(root))) as catalog:
        assert check_collection(catalog).findings == []
    assert list(root.glob("**/*.tmp*")) == []
    assert sorted(file.name for file in (root / "collection").iterdir()) == [
        "catalog.sqlite",
        "lexical",
        "vectors.faiss",
    ]


def check_whole(held: dict[str, Content], embedder: FakeEmbedder) -> None:
    """See that all that is made of a document's text is of that text."""
    for content in held.values():
        assert content.source.decode() == content.text
        assert content.revision == f"sha256:{hashlib.sha256(content.source).hexdigest()}"
        inputs = [
            passage_input(content.title, content.text[start:end], embedder)
            for start, end, _ in content.passages
        ]
        assert content.vectors == embedder.embed(inputs).astype(np.float16).tobytes()


def check_catalog(path: Path) -> Names:
    """See that a catalog is whole, and that search finds what is in it; returns its names."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(Catalog(path)) as catalog:
        check_whole(contents(path), embedder_of(catalog))
        check_views(catalog, QUERIES)
    return names(path)


def test_undisturbed_runs_end_like_new_collections(course_of: CourseOf) -> None:
    for name in RUNS:
        course = course_of(name)
        assert course.after.collection is not None
        assert course.after.collection.contents == course.rebuilt


def test_runs_replace_remove_and_refresh(course_of: CourseOf) -> None:
    def excluded(of: dict[str, Content]) -> dict[str, list[str]]:
        return {
            name: found
            for name, content in of.items()
            if (found := [content.text[start:end] for start, end in content.excluded])
        }

    course = course_of("index")
    ended = [moment.on_disk for moment in course.moments if moment.point == "view.renamed"]
    first, last = (each.collection for each in ended)
    assert first is not None and last is not None
    assert excluded(first.contents) == {f"{name}.txt": [BANNER] for name in "bde"}
    assert excluded(last.contents) == {f"{name}.txt": [FOOTER] for name in "cde"}
    # Six documents are put in; what is more was divided anew because a line's repetition changed.
    committed = [moment for moment in course.moments if moment.point == "catalog.committed"]
    assert len(committed) > 6
    synced = course_of("sync").rebuilt
    assert excluded(synced) == {f"{name}.txt": [BANNER] for name in "bcg"}
    before = course_of("backup").rebuilt
    assert sorted(before) == ["a.txt", "b.txt", "c.txt", "z.txt"]
    assert [name for name in before if name in synced and before[name] == synced[name]] == []


def test_run_that_reaches_no_such_point_is_not_disturbed(
    course_of: CourseOf, tmp_path: Path
) -> None:
    course = course_of("index")
    shutil.copytree(course.before, tmp_path / "root")
    fault = "catalog.committed:1000"
    assert run_faulty(CODE, run_index.__name__, tmp_path / "root", fault=fault) == 0
    assert on_disk(tmp_path / "root") == course.after


def test_every_fault_point_is_killed_and_stands_in_the_code_once() -> None:
    assert {point for run in RUNS.values() for point in run.points} == set(FAULT_POINTS)
    named = [
        ast.literal_eval(node.args[0])
        for file in sorted(Path(index.faults.__file__).parent.glob("**/*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "reach"
    ]
    assert sorted(named) == sorted(FAULT_POINTS)
