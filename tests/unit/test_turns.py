"""The thread that writes: what goes before what, and how it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from service.errors import RequestCancelled, ServerStopping
from service.executor import Ticket
from service.http.turns import SHORT_IN_A_ROW, Turn, Turns


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns()
    yield made
    made.close()


def test_short_work_goes_before_long_work(turns: Turns) -> None:
    order: list[str] = []
    futures = [
        turns.long(lambda _: order.append("long 1"), Ticket()),
        turns.long(lambda _: order.append("long 2"), Ticket()),
        turns.short(("c", "a"), lambda _: order.append("short 1"), Ticket()),
        turns.short(("c", "b"), lambda _: order.append("short 2"), Ticket()),
    ]
    turns.start()
    for future in futures:
        future.result(timeout=60)
    assert order == ["short 1", "short 2", "long 1", "long 2"]


def test_short_work_is_done_in_between_one_piece_at_a_step(turns: Turns) -> None:
    order: list[str] = []

    def long(turn: Turn) -> None:
        for name in ("a", "b"):
            turns.short(("c", name), lambda _, name=name: order.append(name), Ticket())
        for step in (1, 2, 3):
            turn.pause()
            order.append(f"step {step}")

    turns.start()
    turns.long(long, Ticket()).result(timeout=60)
    assert order == ["a", "step 1", "b", "step 2", "step 3"]


def test_work_on_the_same_document_waits_and_keeps_its_order(turns: Turns) -> None:
    order: list[str] = []

    def long(turn: Turn) -> None:
        with turn.holding(("c", "a")):
            for name in ("a", "a", "b"):
                number = len(futures)
                futures.append(
                    turns.short(
                        ("c", name),
                        lambda _, name=name, n=number: order.append(f"{name}{n}"),
                        Ticket(),
                    )
                )
            turn.pause()
            turn.pause()
            order.append("held")
        turn.pause()
        order.append("end")

    futures: list = []  # type: ignore[type-arg]
    turns.start()
    turns.long(long, Ticket()).result(timeout=60)
    for future in futures:
        future.result(timeout=60)
    assert order == ["b2", "held", "a0", "end", "a1"]


def test_short_work_pauses_for_short_work_too(turns: Turns) -> None:
    order: list[str] = []

    def big(turn: Turn) -> None:
        turns.short(("c", "big"), lambda _: order.append("same"), Ticket())
        turns.short(("c", "small"), lambda _: order.append("small"), Ticket())
        turn.pause()
        order.append("big")

    turns.start()
    turns.short(("c", "big"), big, Ticket()).result(timeout=60)
    turns.short(("c", "last"), lambda _: None, Ticket()).result(timeout=60)
    assert order == ["small", "big", "same"]


def test_failure_is_told_to_whoever_submitted_it_alone(turns: Turns) -> None:
    failed = []

    def long(turn: Turn) -> str:
        failed.append(turns.short(("c", "a"), lambda _: 1 / 0, Ticket()))
        turn.pause()
        return "done"

    turns.start()
    assert turns.long(long, Ticket()).result(timeout=60) == "done"
    with pytest.raises(ZeroDivisionError):
        failed[0].result(timeout=60)


def test_cancelled_work_ends_at_its_next_step(turns: Turns) -> None:
    ticket = Ticket()

    def long(turn: Turn) -> None:
        turn.pause()
        ticket.cancel()
        turn.pause()
        raise AssertionError("It went on.")

    turns.start()
    with pytest.raises(RequestCancelled):
        turns.long(long, ticket).result(timeout=60)
    waiting = turns.long(long, ticket)
    with pytest.raises(RequestCancelled):
        waiting.result(timeout=60)


def test_way_is_made_after_others_at_each_step() -> None:
    order: list[str] = []
    turns = Turns(lambda: order.append("way"))

    def long(turn: Turn) -> None:
        turns.short(("c", "a"), lambda _: order.append("short"), Ticket())
        turn.pause()
        turn.pause()

    turns.start()
    turns.long(long, Ticket()).result(timeout=60)
    turns.close()
    assert order == ["short", "way", "way"]


def test_thread_begins_before_its_first_work() -> None:
    order: list[tuple[str, int]] = []
    turns = Turns(begin=lambda: order.append(("begin", threading.get_ident())))
    first = turns.long(lambda _: order.append(("work", threading.get_ident())), Ticket())
    turns.start()
    first.result(timeout=60)
    turns.close()
    [(begun, in_thread), (done, same_thread)] = order
    assert (begun, done) == ("begin", "work")
    assert in_thread == same_thread != threading.get_ident()


def test_closing_ends_what_runs_and_what_waits() -> None:
    turns = Turns()
    started = threading.Event()

    def endless(turn: Turn) -> None:
        started.set()
        while True:
            turn.check()

    turns.start()
    running = turns.long(endless, Ticket())
    waiting = turns.long(lambda _: None, Ticket())
    assert started.wait(timeout=60)
    turns.close()
    for future in (running, waiting, turns.short(("c", "a"), lambda _: None, Ticket())):
        with pytest.raises(ServerStopping):
            future.result(timeout=60)


def test_those_who_write_all_the_time_keep_no_upload_waiting(turns: Turns) -> None:
    done: list[str] = []

    def again(_: Turn) -> None:
        done.append("short")
        if "long" not in done:
            turns.short(("c", "a"), again, Ticket())

    turns.short(("c", "a"), again, Ticket())
    long = turns.long(lambda _: done.append("long"), Ticket())
    turns.start()
    long.result(timeout=60)
    assert done[: SHORT_IN_A_ROW + 1] == ["short"] * SHORT_IN_A_ROW + ["long"]


def test_work_on_a_collection_that_is_held_waits_and_others_do_not(turns: Turns) -> None:
    order: list[str] = []

    def hold(turn: Turn) -> None:
        with turn.holding_all("c"):
            for name in ("c", "d"):
                futures.append(
                    turns.short((name, "a"), lambda _, name=name: order.append(name), Ticket())
                )
            turn.pause()
            turn.pause()
            order.append("held")

    futures: list = []  # type: ignore[type-arg]
    turns.start()
    turns.long(hold, Ticket()).result(timeout=60)
    for future in futures:
        future.result(timeout=60)
    assert order == ["d", "held", "c"]
