"""Wire models of jobs: uploads that take long."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from index.errors import PinciteError
from service.http.document_schemas import DocumentWritten, written_model
from service.http.jobs import Item, JobState, Status
from service.http.problems import describe
from service.http.wire import Problem, Wire


class JobAccepted(Wire):
    """That an upload was received; its documents go in one after the other."""

    job_id: str
    status: Status
    url: str = Field(description="Where to ask after it.")


class JobSummary(Wire):
    """An upload, and how far it has come."""

    job_id: str
    collection: str
    status: Status
    created_at: str
    progress: float = Field(description="From 0 to 1; 1 only when all is done.")
    documents_total: int
    documents_done: int = Field(description="Put in, or found not to be fit for that.")
    documents_failed: int
    generation: int | None = Field(
        description="Pass it as `min_generation` to search what has been put in so far."
    )
    error: Problem | None = Field(description="What ended it; null unless it has failed.")
    url: str


class JobDocument(Wire):
    """A document of an upload: neither written nor at fault yet, or one of both."""

    document_id: str
    written: DocumentWritten | None
    error: Problem | None = Field(description="Why it didn't go in; the others still did.")


class JobModel(JobSummary):
    """An upload with all its documents."""

    documents: list[JobDocument]


class JobList(Wire):
    """All uploads that are remembered, the newest first."""

    jobs: list[JobSummary]


def job_url(job_id: str) -> str:
    """Where to ask after a job."""
    return f"/v1/jobs/{job_id}"


def job_summary(state: JobState, data_dir: Path) -> JobSummary:
    """The wire form of a job; see `describe`."""
    return JobSummary(
        job_id=state.job_id,
        collection=state.collection,
        status=state.status,
        created_at=state.created_at,
        progress=round(state.progress, 4),
        documents_total=len(state.items),
        documents_done=sum(item.is_done for item in state.items),
        documents_failed=sum(item.error is not None for item in state.items),
        generation=state.generation,
        error=_problem(state.error, data_dir),
        url=job_url(state.job_id),
    )


def job_model(state: JobState, data_dir: Path) -> JobModel:
    """The wire form of a job with its documents; see `describe`."""
    return JobModel(
        **dict(job_summary(state, data_dir)),
        documents=[_job_document(item, data_dir) for item in state.items],
    )


def _job_document(item: Item, data_dir: Path) -> JobDocument:
    return JobDocument(
        document_id=item.document_id,
        written=None if item.written is None else written_model(item.written),
        error=_problem(item.error, data_dir),
    )


def _problem(error: PinciteError | None, data_dir: Path) -> Problem | None:
    return None if error is None else Problem.model_validate(describe(error, data_dir))
