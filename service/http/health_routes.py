"""Routes of the server's health."""

from __future__ import annotations

from fastapi import FastAPI

from index.errors import PinciteError, UnknownCollection
from service.errors import NotReady
from service.http.health_schemas import CollectionReadiness, Health, Readiness
from service.http.state import Service


def add_health_routes(app: FastAPI) -> None:
    """Let an app say how it is."""

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", summary="Alive?", tags=["health"])
    async def healthz() -> Health:
        """The process answers."""
        return Health()

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", summary="Ready?", tags=["health"])
    def readyz(service: Service) -> Readiness:
        """The models are loaded and every collection's catalog can be read; loads nothing.

        A collection whose search is being built is no reason for 503: it is answered from
        meanwhile, and turning questions away would help nobody.
        """
        components = service.components
        faults: dict[str, PinciteError] = {}
        collections: dict[str, CollectionReadiness] = {}
        for name in components.collections.names():
            try:
                generation = components.collections.catalog(name).generation()
                opened = components.collections.opened(name)
                is_ready = opened is not None and opened.is_ready
            except UnknownCollection:
                continue  # Deleted since it was listed.
            except PinciteError as fault:
                faults[name] = fault
                continue
            problem = None if opened is None else opened.problem
            collections[name] = CollectionReadiness(
                ready=is_ready, generation=generation, problem=str(problem) if problem else None
            )
        if faults:
            raise NotReady(
                " ".join(f"Collection {name!r}: {fault.message}" for name, fault in faults.items()),
                " ".join(sorted({fault.remedy for fault in faults.values()})),
            )
        return Readiness(collections=collections)
