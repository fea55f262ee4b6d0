"""Chores: one that fails is tried again less and less often, and one that is ended ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from index.chore import Chore
from index.errors import CatalogError, UnwritableCatalog
from index.stopping import Check, Stopped

FULL = UnwritableCatalog("The disk is full.", "Make room.")


class Outcomes:
    """A step that fails in certain ways, one after the other; None is success."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self._outcomes = list(outcomes)

    def __call__(self, check: Check) -> None:
        check()
        outcome = self._outcomes.pop(0)
        if outcome is not None:
            raise outcome


def test_failures_double_the_pause_up_to_a_minute_and_success_ends_it() -> None:
    chore = Chore("words", "Views", Outcomes(*[FULL] * 8, None, None, FULL, FULL))
    assert [chore.step() for _ in range(12)] == [1, 2, 4, 8, 16, 32, 60, 60, 0.1, 0.1, 1, 2]


def test_what_failed_is_told_until_it_succeeds_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chore = Chore("words", "Views of x", Outcomes(FULL, FULL, None, FULL))
    told = [chore.problem]
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            chore.step()
            told.append(chore.problem)
    assert told == [None, FULL, FULL, None, FULL]
    assert caplog.messages == ["Views of x: The disk is full. Make room."] * 2


def test_a_defect_is_logged_with_its_place_and_does_not_end_the_chore(
    caplog: pytest.LogCaptureFixture,
) -> None:
    chore = Chore("words", "Views of x", Outcomes(ValueError("odd"), ValueError("odd"), None))
    assert [chore.step(), chore.step()] == [1, 2]
    assert isinstance(chore.problem, CatalogError)
    assert chore.problem.message == "Views of x: ValueError('odd')."
    [record] = caplog.records
    assert record.exc_info is not None
    assert chore.step() == 0.1
    assert chore.problem is None


def test_a_chore_that_was_ended_does_not_go_on() -> None:
    chore = Chore("words", "Views", Outcomes(None, None))
    chore.step()
    chore.end()
    with pytest.raises(Stopped):
        chore.step()
    assert chore.problem is None
    chore.start()
    chore.join()


@pytest.mark.parametrize("wait", [lambda check: check(), lambda _: None])
def test_a_thread_ends_in_the_middle_of_a_step_or_after_it(wait: Callable[[Check], None]) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def do(check: Check) -> None:
        reached.set()
        assert go_on.wait(60)
        wait(check)

    chore = Chore("words", "Views", do)
    chore.join()  # Never begun, it has ended.
    chore.start()
    assert reached.wait(60)
    chore.end()
    go_on.set()
    chore.join()
    assert "words" not in {thread.name for thread in threading.enumerate()}
