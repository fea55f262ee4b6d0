"""Routes of jobs: what becomes of uploads."""

from __future__ import annotations

from fastapi import FastAPI

from service.http.job_schemas import JobList, JobModel, job_model, job_summary
from service.http.problems import responses
from service.http.state import Service


def add_job_routes(app: FastAPI) -> None:
    """Let an app's jobs be asked after, and cancelled."""

    @app.get("/v1/jobs", summary="List uploads", tags=["writing"])
    async def list_jobs(service: Service) -> JobList:
        """The uploads that are remembered, the newest first; a restart forgets them all."""
        data_dir = service.settings.data_dir
        return JobList(jobs=[job_summary(job.state, data_dir) for job in service.jobs.all()])

    @app.get(
        "/v1/jobs/{job_id}",
        summary="Ask after an upload",
        tags=["writing"],
        responses=responses(404),
    )
    async def get_job(job_id: str, service: Service) -> JobModel:
        """How far an upload has come, and what became of each of its documents."""
        return job_model(service.jobs.get(job_id).state, service.settings.data_dir)

    @app.delete(
        "/v1/jobs/{job_id}",
        summary="Cancel an upload",
        tags=["writing"],
        responses=responses(404),
    )
    async def cancel_job(job_id: str, service: Service) -> JobModel:
        """End an upload before its next step; what is in stays in.

        A running job may still say so; it ends soon. Nothing happens to one that has ended.
        """
        job = service.jobs.get(job_id)
        job.cancel()
        return job_model(job.state, service.settings.data_dir)
