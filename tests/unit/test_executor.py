"""Model work runs in one thread, in order, and stops when it has lost its point."""

import asyncio
import os
import threading
import time

import pytest

from service.errors import DeadlineExceeded, Overloaded, RequestCancelled
from service.executor import ModelExecutor, Ticket


class Work:
    """A piece of work that goes on until it is released or its check raises.

    Attributes:
        started: Set when it runs.
        stopped_by: What its check raised.
    """

    def __init__(self):
        self.started = threading.Event()
        self.released = threading.Event()
        self.stopped_by = None

    def __call__(self, check):
        self.started.set()
        while not self.released.wait(0.001):
            try:
                check()
            except Exception as error:
                self.stopped_by = error
                raise
        return "done"

    async def wait_for_start(self):
        assert await asyncio.to_thread(self.started.wait, 60)


class Executor:
    """A ModelExecutor that is closed in the end, its thread released first."""

    def __init__(self, *, max_in_flight=8, deadline_seconds=600):
        self.models = ModelExecutor(
            threads=1, max_in_flight=max_in_flight, deadline_seconds=deadline_seconds
        )
        self.released = threading.Event()

    async def __aenter__(self):
        return self

    async def occupy(self):
        """Keeps the thread busy, without a deadline, until `release`."""
        busy = threading.Event()

        def wait():
            busy.set()
            return self.released.wait(60)

        self._occupied = asyncio.ensure_future(self.models.load(wait))
        assert await asyncio.to_thread(busy.wait, 60)

    async def release(self):
        self.released.set()
        assert await self._occupied

    async def __aexit__(self, *_):
        self.released.set()
        await asyncio.to_thread(self.models.close)


async def idle(models):
    """Waits until nothing is in flight."""
    async with asyncio.timeout(60):
        while models.in_flight:
            await asyncio.sleep(0)


def test_a_result_comes_back():
    async def scenario():
        async with Executor() as executor:
            assert await executor.models.run(lambda check: check() or 42) == 42

    asyncio.run(scenario())


def test_work_runs_in_order_of_arrival_in_one_thread_that_is_not_the_loops():
    ran = []

    def work(number):
        ran.append((number, threading.get_ident()))
        return number

    async def scenario():
        async with Executor() as executor:
            await executor.occupy()
            running = [
                asyncio.ensure_future(executor.models.run(lambda _, n=n: work(n))) for n in range(5)
            ]
            await asyncio.sleep(0)
            assert executor.models.in_flight == 5
            await executor.release()
            assert await asyncio.gather(*running) == [0, 1, 2, 3, 4]

    asyncio.run(scenario())
    assert [number for number, _ in ran] == [0, 1, 2, 3, 4]
    assert len({thread for _, thread in ran} | {threading.get_ident()}) == 2


def test_the_loop_is_free_while_work_runs():
    async def scenario():
        async with Executor() as executor:
            work = Work()
            running = asyncio.ensure_future(executor.models.run(work))
            await work.wait_for_start()
            # Only this loop can end the work, so it is not blocked by it.
            work.released.set()
            assert await running == "done"

    asyncio.run(scenario())


def test_more_work_than_the_limit_is_refused_and_not_run():
    async def scenario():
        async with Executor(max_in_flight=2) as executor:
            first, second, refused = Work(), Work(), Work()
            running = [
                asyncio.ensure_future(executor.models.run(first)),
                asyncio.ensure_future(executor.models.run(second)),
            ]
            await first.wait_for_start()
            with pytest.raises(Overloaded, match="2 questions"):
                await executor.models.run(refused)
            assert executor.models.in_flight == 2
            first.released.set()
            second.released.set()
            assert await asyncio.gather(*running) == ["done", "done"]
            await idle(executor.models)
            assert await executor.models.run(lambda _: "again") == "again"
        assert not refused.started.is_set()

    asyncio.run(scenario())


def test_refused_work_is_not_watched():
    async def scenario():
        async with Executor(max_in_flight=0) as executor:
            watched = []
            with pytest.raises(Overloaded):
                await executor.models.run(Work(), lambda: watched.append(1))
            assert watched == []

    asyncio.run(scenario())


def test_work_that_takes_too_long_is_stopped():
    async def scenario():
        work = Work()
        async with Executor(deadline_seconds=0.02) as executor:
            with pytest.raises(DeadlineExceeded, match=r"0\.02 s"):
                await executor.models.run(work)
            await idle(executor.models)
        # It may stop by its own check, before the loop has seen that it is late, or not have begun.
        assert not work.started.is_set() or isinstance(
            work.stopped_by, DeadlineExceeded | RequestCancelled
        )

    asyncio.run(scenario())


def test_a_check_raises_after_the_deadline_and_not_before():
    Ticket(time.monotonic() + 600, 600).check()
    with pytest.raises(DeadlineExceeded, match=r"2\.5 s"):
        Ticket(time.monotonic() - 1, 2.5).check()


def test_a_check_raises_once_cancelled():
    ticket = Ticket(time.monotonic() + 600, 600)
    ticket.cancel()
    with pytest.raises(RequestCancelled):
        ticket.check()


def test_waiting_in_the_queue_counts_towards_the_deadline():
    async def scenario():
        work = Work()
        async with Executor(deadline_seconds=0.02) as executor:
            await executor.occupy()
            with pytest.raises(DeadlineExceeded):
                await executor.models.run(work)
            await idle(executor.models)
            await executor.release()
        assert not work.started.is_set()

    asyncio.run(scenario())


def test_work_that_is_late_when_its_turn_comes_is_not_begun():
    async def scenario():
        work, passed = Work(), threading.Event()
        async with Executor(deadline_seconds=0) as executor:
            await executor.occupy()
            running = asyncio.ensure_future(executor.models.run(work))
            following = asyncio.ensure_future(executor.models.load(passed.set))
            await asyncio.sleep(0)
            # The loop stands still, so that only the thread can see that the work is late.
            executor.released.set()
            assert passed.wait(60)
            with pytest.raises(DeadlineExceeded):
                await running
            await following
        assert not work.started.is_set()

    asyncio.run(scenario())


def test_abandoned_work_is_stopped():
    async def scenario():
        work, left = Work(), asyncio.Event()
        async with Executor() as executor:
            running = asyncio.ensure_future(executor.models.run(work, left.wait))
            await work.wait_for_start()
            assert not running.done()
            left.set()
            with pytest.raises(RequestCancelled):
                await running
            await idle(executor.models)
        assert isinstance(work.stopped_by, RequestCancelled)

    asyncio.run(scenario())


def test_abandoned_work_holds_its_place_until_it_has_stopped():
    async def scenario():
        work, left = Work(), asyncio.Event()
        async with Executor(max_in_flight=1) as executor:
            held = threading.Event()

            def stubborn(check):
                work.started.set()
                assert held.wait(60)
                check()

            running = asyncio.ensure_future(executor.models.run(stubborn, left.wait))
            await work.wait_for_start()
            left.set()
            with pytest.raises(RequestCancelled):
                await running
            with pytest.raises(Overloaded):
                await executor.models.run(Work())
            held.set()
            await idle(executor.models)

    asyncio.run(scenario())


def test_abandoned_work_in_the_queue_never_runs_and_leaves_it_at_once():
    async def scenario():
        work, left = Work(), asyncio.Event()
        async with Executor(max_in_flight=1) as executor:
            await executor.occupy()
            running = asyncio.ensure_future(executor.models.run(work, left.wait))
            await asyncio.sleep(0)
            assert executor.models.in_flight == 1
            left.set()
            with pytest.raises(RequestCancelled):
                await running
            await idle(executor.models)
            following = asyncio.ensure_future(executor.models.run(lambda _: "next"))
            await asyncio.sleep(0)
            await executor.release()
            assert await following == "next"
        assert not work.started.is_set()

    asyncio.run(scenario())


def test_work_of_a_cancelled_task_is_stopped():
    async def scenario():
        work = Work()
        async with Executor() as executor:
            running = asyncio.ensure_future(executor.models.run(work))
            await work.wait_for_start()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await idle(executor.models)
        assert isinstance(work.stopped_by, RequestCancelled)

    asyncio.run(scenario())


def test_an_exception_of_the_work_is_the_callers():
    failure = ZeroDivisionError("of the work")

    def fail(_):
        raise failure

    async def scenario():
        async with Executor() as executor:
            with pytest.raises(ZeroDivisionError) as caught:
                await executor.models.run(fail)
            assert caught.value is failure
            await idle(executor.models)
            assert await executor.models.run(lambda _: "still here") == "still here"

    asyncio.run(scenario())


def test_the_watch_for_abandonment_ends_with_the_work():
    async def scenario():
        async with Executor() as executor:
            watch = asyncio.ensure_future(asyncio.Event().wait())
            assert await executor.models.run(lambda _: 1, lambda: watch) == 1
            with pytest.raises(asyncio.CancelledError):
                await watch

    asyncio.run(scenario())


def test_a_loader_runs_in_the_models_thread_and_its_exception_passes():
    async def scenario():
        async with Executor(max_in_flight=0, deadline_seconds=0) as executor:
            name = await executor.models.load(lambda: threading.current_thread().name)
            assert name.startswith("models")
            with pytest.raises(ZeroDivisionError):
                await executor.models.load(lambda: 1 // 0)

    asyncio.run(scenario())


def test_closing_waits_for_the_work_and_drops_what_waits():
    async def scenario():
        executor, work = Executor(), Work()
        await executor.occupy()
        running = asyncio.ensure_future(executor.models.run(work))
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(asyncio.to_thread(executor.models.close))
        with pytest.raises((asyncio.CancelledError, RequestCancelled)):
            await running
        assert not closing.done()
        await executor.release()
        await closing
        assert not work.started.is_set()

    asyncio.run(scenario())


def test_thread_counts_hold_in_the_thread_that_runs_models():
    import faiss
    import torch

    async def scenario():
        for threads in (1, 2):
            executor = ModelExecutor(threads=threads, max_in_flight=1, deadline_seconds=60)
            counts = await executor.load(
                lambda: (torch.get_num_threads(), faiss.omp_get_max_threads())
            )
            executor.close()
            assert counts == (threads, threads)
            assert os.environ["TOKENIZERS_PARALLELISM"] == "false"

    asyncio.run(scenario())


def test_others_make_way_while_work_is_in_flight():
    async def scenario():
        async with Executor() as executor:
            models = executor.models
            models.make_way(60)  # Returns at once, as nothing is in flight.
            work = Work()
            running = asyncio.ensure_future(models.run(work))
            await work.wait_for_start()
            await asyncio.to_thread(models.make_way, 0.01)  # Doesn't wait for ever.
            waiting = asyncio.ensure_future(asyncio.to_thread(models.make_way, 3600))
            await asyncio.sleep(0)
            assert not waiting.done()
            work.released.set()
            assert await running == "done"
            await asyncio.wait_for(waiting, 60)

    asyncio.run(scenario())
