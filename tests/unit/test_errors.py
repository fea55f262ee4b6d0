"""The trees of errors: each has a code of its own, a status and a place in the drawing."""

from __future__ import annotations

import index.errors
import service.errors
from index.errors import PinciteError
from service.http.problems import STATUS


def walk(error: type[PinciteError]) -> list[type[PinciteError]]:
    return [error, *(below for child in error.__subclasses__() for below in walk(child))]


ALL = walk(PinciteError)


def test_every_error_has_a_status() -> None:
    ours = [e for e in ALL if e.__module__.startswith(("index.", "service."))]
    assert sorted(e.__name__ for e in ours if e not in STATUS) == []
    assert all(400 <= STATUS[e] <= 599 for e in ours)


def test_every_error_has_a_code_of_its_own() -> None:
    assert len({e.code for e in ALL}) == len(ALL)


def test_every_error_is_drawn() -> None:
    drawing = f"{index.errors.__doc__}{service.errors.__doc__}"
    assert [e.__name__ for e in ALL if e.__name__ not in drawing] == []


def test_message_and_remedy_are_both_said() -> None:
    assert str(PinciteError("The cup fell.", "Pick it up.")) == "The cup fell. Pick it up."
