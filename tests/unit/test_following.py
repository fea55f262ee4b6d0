"""Following: done at the beginning and at each change, told what goes wrong, and tried again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from index.errors import BusyCatalog, EmptyFolder, ModelError, PinciteError, UnwritableCatalog
from service.commands.following import follow, open_followed, stopping
from service.settings import Settings

BUSY = BusyCatalog("Another process writes.", "Wait.")
FULL = UnwritableCatalog("The disk is full.", "Make room.")
EMPTY = EmptyFolder("The folder is empty.", "Look.")


class Runs:
    """Fails as it is told, one run after the other; then goes well.

    Args:
        errors: What each run fails with.
        left: How many of the first runs leave files alone that are being changed.

    Attributes:
        recovered: What each run was called with.
        told: What was told to be wrong.
    """

    def __init__(self, *errors: PinciteError | None, left: int = 0) -> None:
        self._errors = list(errors)
        self._left = left
        self.recovered: list[bool] = []
        self.told: list[PinciteError] = []

    def __call__(self, recovered: bool) -> bool:
        self.recovered.append(recovered)
        if self._errors and (error := self._errors.pop(0)) is not None:
            raise error
        return len(self.recovered) <= self._left


def test_runs_follow_changes_alone() -> None:
    runs = Runs()
    follow([True, False, False, True, False], runs, runs.told.append)
    assert (runs.recovered, runs.told) == ([False, False], [])


def test_failure_is_told_once_and_the_run_after_it_knows() -> None:
    runs = Runs(None, EMPTY, EMPTY, FULL, None, EMPTY)
    follow([True] * 7, runs, runs.told.append)
    assert runs.told == [EMPTY, FULL, EMPTY]
    assert runs.recovered == [False, False, True, True, True, False, True]


def test_failed_run_is_tried_again_though_nothing_changes() -> None:
    runs = Runs(None, EMPTY)

    def words() -> Iterator[bool]:
        yield from (True, True)
        while len(runs.recovered) < 3:
            yield False

    follow(words(), runs, runs.told.append)
    assert runs.recovered == [False, False, True]


def test_files_that_were_left_are_seen_to_though_nothing_changes() -> None:
    runs = Runs(left=2)

    def words() -> Iterator[bool]:
        yield True
        while len(runs.recovered) < 3:
            yield False
        yield from [False] * 9

    follow(words(), runs, runs.told.append)
    assert (runs.recovered, runs.told) == ([False] * 3, [])


@pytest.mark.parametrize("error", [EMPTY, FULL])
def test_what_is_wrong_at_the_beginning_ends_it(error: PinciteError) -> None:
    runs = Runs(error)
    with pytest.raises(type(error)):
        follow([True, True], runs, runs.told.append)
    assert (runs.recovered, runs.told) == ([False], [])


def test_another_process_that_writes_is_waited_for_at_the_beginning_too() -> None:
    runs = Runs(BUSY, BUSY, None, FULL)
    follow([True] * 5, runs, runs.told.append)
    assert (runs.recovered, runs.told) == ([False, True, True, False, True], [BUSY, FULL])


def test_embedder_that_fails_ends_it() -> None:
    runs = Runs(None, ModelError("The model is broken.", "Take another one."))
    with pytest.raises(ModelError):
        follow([True, True, True], runs, runs.told.append)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_first_signal_asks_and_the_second_one_ends(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stopping() as should_stop:
        assert not should_stop()
        os.kill(os.getpid(), number)
        assert should_stop()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("busy_seconds", "waits"), [(0.25, 0.25), (600.0, 5.0)])
def test_writes_wait_no_longer_than_until_they_are_retried(
    tmp_path: os.PathLike[str], busy_seconds: float, waits: float
) -> None:
    settings = Settings(data_dir=tmp_path, busy_seconds=busy_seconds)  # type: ignore[arg-type]
    with open_followed(settings) as store:
        assert store.busy_seconds == waits
