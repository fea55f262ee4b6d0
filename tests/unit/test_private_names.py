"""What a module keeps to itself, no other one uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in ("index", "service", "scripts")
    for path in (ROOT / folder).rglob("*.py")
)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def reached_for(code: str) -> Iterator[str]:
    """Underscore names that code takes from a module that it imports."""
    modules: set[str] = set()
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            modules.update(alias.asname or alias.name for alias in node.names)
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Import):
            modules.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if isinstance(root, ast.Name) and root.id in modules:
                yield node.attr


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from index.sidecars import _MAX, SUFFIXES", ["_MAX"]),
        ("import index.sidecars\nprint(index.sidecars._MAX)", ["_MAX"]),
        ("from index import sidecars as s\ns._read()", ["_read"]),
        ("from index.errors import PinciteError\nPinciteError._code", ["_code"]),
        ("from __future__ import annotations\nclass A:\n    def b(self):\n        self._c", []),
        ("import a\nprint(a.__doc__)", []),
    ],
)
def test_names_that_are_reached_for_are_seen(code: str, names: list[str]) -> None:
    assert list(reached_for(code)) == names


@pytest.mark.parametrize("file", FILES)
def test_no_module_reaches_for_what_another_keeps_to_itself(file: str) -> None:
    # Torch has no public name for it yet.
    allowed = {"_foreach_lerp_"} if file == "scripts/reader_training.py" else set()
    assert set(reached_for((ROOT / file).read_text(encoding="utf-8"))) <= allowed
