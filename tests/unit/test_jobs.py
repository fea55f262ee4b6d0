"""Jobs: how far they have come, how they end, and how many are kept."""

from __future__ import annotations

import gc
import weakref

import pytest

from index.errors import EmptyDocument
from service.errors import Overloaded, RequestCancelled, UnknownJob
from service.http.jobs import Job, Jobs, Written

FILES = [("a.txt", 100), ("b.txt", 300), ("c.txt", 0)]
ERROR = EmptyDocument("'b.txt' holds no text.", "Take it away.")


def written(document_id: str, generation: int) -> Written:
    return Written(document_id, "sha256:0", "added", 1, [], generation)


def test_progress_counts_bytes_and_never_goes_back() -> None:
    job = Job("default", FILES)
    seen = [job.state.progress]
    assert job.begin()
    for place, fraction in [(0, 0.5), (0, 1.0), (0, 0.2), (1, 0.5)]:
        job.advance(place, fraction)
        seen.append(job.state.progress)
    assert seen == [0.0, 0.125, 0.25, 0.25, 0.625]


def test_progress_is_whole_only_at_the_end() -> None:
    job = Job("default", FILES)
    job.begin()
    for place, (document_id, _) in enumerate(FILES):
        job.settle(place, written(document_id, place + 5))
    assert (job.state.progress, job.state.generation) == (0.999, 7)
    job.finish("done", generation=9)
    assert (job.state.status, job.state.progress, job.state.generation) == ("done", 1.0, 9)


def test_job_of_empty_files_has_a_progress_too() -> None:
    job = Job("default", [("a.txt", 0)])
    job.begin()
    job.settle(0, ERROR)
    job.finish("done")
    assert (job.state.progress, job.state.generation) == (1.0, None)


def test_fate_of_each_document_is_kept() -> None:
    job = Job("default", FILES)
    job.begin()
    job.settle(0, written("a.txt", 3))
    job.settle(1, ERROR)
    items = job.state.items
    assert [(item.document_id, item.is_done) for item in items] == [
        ("a.txt", True),
        ("b.txt", True),
        ("c.txt", False),
    ]
    assert (items[0].written, items[1].error) == (written("a.txt", 3), ERROR)
    assert job.state.generation == 3


def test_state_does_not_change_under_whoever_reads_it() -> None:
    job = Job("default", FILES)
    before = job.state
    job.begin()
    job.settle(0, ERROR)
    assert (before.status, before.items[0].error) == ("queued", None)


def test_job_that_waits_is_cancelled_at_once_and_never_begins() -> None:
    discarded: list[str] = []
    job = Job("default", FILES, lambda: discarded.append("files"))
    job.cancel()
    job.cancel()
    assert (job.state.status, discarded) == ("cancelled", ["files"])
    assert not job.begin()


def test_job_that_runs_ends_when_it_notices() -> None:
    discarded: list[str] = []
    job = Job("default", FILES, lambda: discarded.append("files"))
    job.begin()
    job.cancel()
    assert (job.state.status, discarded) == ("running", [])
    with pytest.raises(RequestCancelled):
        job.ticket.check()
    job.finish("cancelled")
    assert (job.state.status, discarded) == ("cancelled", ["files"])


def test_job_that_has_ended_stays_as_it_is() -> None:
    discarded: list[str] = []
    job = Job("default", FILES, lambda: discarded.append("files"))
    job.begin()
    job.finish("failed", error=ERROR)
    state = job.state
    job.cancel()
    job.finish("done")
    assert (job.state, discarded) == (state, ["files"])


def test_jobs_are_listed_newest_first_and_the_oldest_ended_ones_forgotten() -> None:
    jobs = Jobs(max_finished=2)
    made = [Job("default", FILES) for _ in range(5)]
    for job in made[1:4]:
        job.cancel()
    for job in made:
        jobs.add(job)
    assert jobs.all() == [made[4], made[3], made[2], made[0]]
    assert jobs.get(made[0].state.job_id) is made[0]
    with pytest.raises(UnknownJob, match=made[1].state.job_id):
        jobs.get(made[1].state.job_id)


def test_names_of_jobs_differ() -> None:
    assert len({Job("default", FILES).state.job_id for _ in range(100)}) == 100


def test_places_are_taken_by_what_is_unfinished() -> None:
    discarded: list[str] = []
    jobs = Jobs(max_unfinished=2)
    first = Job("default", FILES)
    jobs.add(first)
    jobs.check_room()
    jobs.add(Job("default", FILES))
    with pytest.raises(Overloaded, match="2 uploads"):
        jobs.check_room()
    late = Job("default", FILES, lambda: discarded.append("files"))
    with pytest.raises(Overloaded):
        jobs.add(late)
    assert (late in jobs.all(), discarded) == (False, ["files"])
    first.cancel()
    jobs.add(Job("default", FILES))


class Held:
    """What a frame holds."""


def test_error_that_is_kept_keeps_nothing_else() -> None:
    def fail() -> weakref.ref[Held]:
        held = Held()
        try:
            try:
                raise ValueError(held)
            except ValueError as cause:
                raise EmptyDocument("'b.txt' holds no text.", "Take it away.") from cause
        except EmptyDocument as error:
            job.settle(1, error)
            job.finish("failed", error=error)
        return weakref.ref(held)

    job = Job("default", FILES)
    job.begin()
    held = fail()
    gc.collect()
    assert held() is None
    for error in (job.state.items[1].error, job.state.error):
        assert str(error) == "'b.txt' holds no text. Take it away."
