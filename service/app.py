"""The HTTP application: what it is made of, and what it starts and stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import Scope

from service.executor import ModelExecutor, limit_threads
from service.http import problems
from service.http.answer_routes import add_answer_routes
from service.http.document_routes import add_document_routes
from service.http.document_schemas import DocumentBody
from service.http.guard import Guard
from service.http.health_routes import add_health_routes
from service.http.job_routes import add_job_routes
from service.http.jobs import MAX_UNFINISHED, Jobs
from service.http.page_routes import add_page_routes
from service.http.state import Bodies, State
from service.http.wire import EXAMPLES, Problem
from service.http.write_routes import add_write_routes
from service.http.writing import MAX_WAITING, Writer
from service.settings import Settings
from service.wiring import Components

_MAKE_WAY_SECONDS = 0.5
"""Longest time that writing stands still for questions, between two batches of passages."""


_OPENINGS = 4
"""Collections opened at once for questions that wait for a generation."""

_MAX_QUESTION_BYTES = 1_000_000
"""Of a body that holds no document."""


def create_app(settings: Settings, loader: Callable[[], Components]) -> FastAPI:
    """The application.

    Args:
        settings: Limits, hosts and origins.
        loader: Makes what the service runs on; called once, when the server starts.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        executor = ModelExecutor(
            threads=settings.threads,
            max_in_flight=settings.max_in_flight,
            deadline_seconds=settings.deadline_seconds,
        )
        components = await executor.load(loader)
        writer = Writer(
            components.collections,
            components.embedder,
            max_bytes=settings.max_bytes,
            begin=partial(limit_threads, settings.threads),
            make_way=partial(executor.make_way, _MAKE_WAY_SECONDS),
            prepare=components.collection,
            busy_seconds=settings.busy_seconds,
        )
        app.state.service = State(
            settings=settings,
            components=components,
            executor=executor,
            writer=writer,
            jobs=Jobs(),
            openings=CapacityLimiter(_OPENINGS),
            bodies=Bodies(MAX_WAITING * settings.max_bytes),
            uploads=Bodies(MAX_UNFINISHED * settings.max_upload_bytes),
        )
        writer.start()
        yield
        await asyncio.to_thread(writer.close)
        await asyncio.to_thread(executor.close)
        await asyncio.to_thread(components.collections.close)

    app = FastAPI(
        title="Pincite",
        version=version("pincite"),
        summary="Answers questions with the documents' own words, and says where they stand.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=problems.RESPONSES,
    )
    problems.install(app, settings.data_dir)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["Content-Type"],
        expose_headers=["Location", "Retry-After"],
    )
    app.add_middleware(
        Guard,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
        limit_of=partial(_body_limit, settings),
        problem_of=partial(problems.problem_of, data_dir=settings.data_dir),
    )
    add_answer_routes(app)
    add_document_routes(app)
    add_write_routes(app)
    add_job_routes(app)
    add_health_routes(app)
    add_page_routes(app)
    _complete_openapi(app)
    return app


def _body_limit(settings: Settings, scope: Scope) -> tuple[int, str | None]:
    """Most bytes of a request's body, and the setting that says so, if one does."""
    if scope["method"] == "POST" and scope["path"].endswith("/documents"):
        return settings.max_upload_bytes, "PINCITE_MAX_UPLOAD_BYTES"
    if scope["method"] == "PUT":
        return settings.max_bytes, "PINCITE_MAX_BYTES"
    return _MAX_QUESTION_BYTES, None


def _complete_openapi(app: FastAPI) -> None:
    """Add what the framework leaves out: models of problems and raw bodies, nulls in examples."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document["components"]["schemas"]
        for model in (Problem, DocumentBody):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        # The framework adds its own 422 where a route has none: of text, nothing can be wrong.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for operations in document["paths"].values():
            for operation in operations.values():
                if "422" in operation["responses"] and not _is_problem(operation, "422"):
                    del operation["responses"]["422"]
        for name, example in EXAMPLES.items():
            schemas[name]["example"] = example
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _is_problem(operation: Mapping[str, Any], status: str) -> bool:
    return problems.MEDIA_TYPE in operation["responses"][status]["content"]
