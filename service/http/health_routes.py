"""Routes of the server's health."""

from __future__ import annotations

from fastapi import FastAPI

from index.catalog import Catalog
from index.search import check_embedder
from service.errors import NotReady
from service.http.health_schemas import CollectionReadiness, Health, Readiness
from service.http.problems import responses, without_paths
from service.http.state import Service


def add_health_routes(app: FastAPI) -> None:
    """Let an app say how it is."""

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", summary="Alive?", tags=["health"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", summary="Ready?", tags=["health"], responses=responses(503))
    def readyz(service: Service) -> Readiness:
        """The models are loaded and every collection can be searched; loads nothing.

        A collection whose search is being built is no reason for 503: it is answered from
        meanwhile, and turning questions away would help nobody. One that another process has made
        is opened soon after, by the thread that writes.
        """
        components = service.components
        data_dir = service.settings.data_dir

        def readiness(name: str, catalog: Catalog) -> CollectionReadiness:
            check_embedder(catalog, components.embedder)
            opened = components.collections.opened(name)
            if opened is None:
                service.writer.refresh_later(name)
            problem = None if opened is None else opened.problem
            problem = problem or service.writer.problem(name)
            return CollectionReadiness(
                ready=opened is not None and opened.is_ready,
                generation=catalog.generation(),
                problem=without_paths(str(problem), data_dir) if problem else None,
            )

        collections, faults = components.collections.read_each(readiness)
        if faults:
            raise NotReady(
                " ".join(f"Collection {name!r}: {fault.message}" for name, fault in faults.items()),
                " ".join(sorted({fault.remedy for fault in faults.values()})),
            )
        return Readiness(collections=collections)
