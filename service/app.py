"""The HTTP application: routes, and what they need while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from index.collection import DEFAULT_COLLECTION
from service import problems
from service.answering import check_question
from service.errors import NotReady, UnsupportedRequest
from service.executor import ModelExecutor
from service.guard import Guard
from service.schemas import (
    EXAMPLES,
    AskRequest,
    AskResponse,
    CollectionList,
    CollectionModel,
    DocumentList,
    DocumentModel,
    DocumentText,
    Health,
    Problem,
    SearchResponse,
    ask_response,
    document_model,
    document_text,
    hit_model,
)
from service.settings import Settings
from service.wiring import Components

_PAGE = Path(__file__).parent / "page"
_REVALIDATE = {"Cache-Control": "no-cache"}

_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": description,
        "content": {
            problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
    for status, description in {
        400: "The body is not JSON.",
        403: "Another site's page sent it.",
        404: "No such collection, document or revision.",
        413: "The body is over the limit.",
        421: "The Host header names another server.",
        422: "A field is wrong; `errors` says which.",
        500: "Something on the server is broken; `remedy` says what to do.",
        503: "Too much is in flight; try again after `Retry-After` seconds.",
        504: "The deadline passed.",
    }.items()
}


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
        app.state.executor = executor
        app.state.components = await executor.load(loader)
        yield
        await asyncio.to_thread(executor.close)
        app.state.components.collections.close()

    app = FastAPI(
        title="Pincite",
        version=version("pincite"),
        summary="Answers questions with the documents' own words, and says where they stand.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=_RESPONSES,
    )
    problems.install(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Content-Type"],
    )
    app.add_middleware(
        Guard,
        allowed_hosts=settings.allowed_hosts,
        allowed_origins=settings.allowed_origins,
        max_bytes=settings.max_bytes,
    )
    _add_answering(app)
    _add_documents(app)
    _add_health(app)
    _add_page(app)
    _complete_openapi(app)
    return app


def _complete_openapi(app: FastAPI) -> None:
    """Add what the framework leaves out: the model of problems, and nulls in the examples."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema()
        for name, example in EXAMPLES.items():
            schemas[name]["example"] = example
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _add_answering(app: FastAPI) -> None:
    @app.post("/v1/ask", summary="Ask a question", tags=["answers"])
    async def ask(body: AskRequest, request: Request) -> AskResponse:
        """Quotes that answer the question, each with its place; or that there is no answer."""
        _refuse_unsupported(body)
        question = check_question(body.question)
        components: Components = request.app.state.components
        executor: ModelExecutor = request.app.state.executor
        answer_set = await executor.run(
            lambda check: components.answerer(body.collection).answer(
                question, top_k=body.top_k, max_passages=body.max_passages, check=check
            ),
            partial(_disconnected, request),
        )
        return ask_response(answer_set, body.collection, components.models())

    @app.get("/v1/search", summary="Find passages", tags=["answers"])
    async def search(
        request: Request,
        q: Annotated[str, Query(description="What to look for, up to 1,000 characters.")],
        collection: str = DEFAULT_COLLECTION,
        limit: Annotated[int, Query(ge=1, le=100, description="Most passages.")] = 10,
    ) -> SearchResponse:
        """The passages most like a query."""
        query = check_question(q)
        components: Components = request.app.state.components
        executor: ModelExecutor = request.app.state.executor
        found = await executor.run(
            lambda _: components.collection(collection).search(query, limit),
            partial(_disconnected, request),
        )
        return SearchResponse(
            hits=[hit_model(hit, collection) for hit in found.hits], generation=found.generation
        )


def _refuse_unsupported(body: AskRequest) -> None:
    for field in ("filters", "as_of", "min_confidence", "min_generation"):
        value = getattr(body, field)
        if value is not None and value != {}:
            raise UnsupportedRequest(
                f"{field!r} is given; this version can't do that yet.",
                f"Leave {field!r} out.",
            )


async def _disconnected(request: Request) -> None:
    """Return when the client is gone. The body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _add_documents(app: FastAPI) -> None:
    def components(request: Request) -> Components:
        found: Components = request.app.state.components
        return found

    documents = "/v1/collections/{collection}/documents"

    @app.get("/v1/collections", summary="List collections", tags=["documents"])
    def list_collections(request: Request) -> CollectionList:
        """All collections that can be read, with the number of documents in each."""
        store = components(request).collections
        faults = store.check()
        counted = []
        for name in store.names():
            if name in faults:
                continue
            with store.catalog(name).snapshot() as snapshot:
                counted.append(CollectionModel(name=name, documents=snapshot.count_documents()))
        return CollectionList(collections=counted)

    @app.get(documents, summary="List documents", tags=["documents"])
    def list_documents(
        request: Request,
        collection: str,
        after: Annotated[str, Query(description="`next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=1000, description="Most documents.")] = 100,
    ) -> DocumentList:
        """A page of a collection's documents, in order of id."""
        with components(request).collections.catalog(collection).snapshot() as snapshot:
            summaries = snapshot.summaries(after=after, limit=limit + 1)
            total = snapshot.count_documents()
        page = summaries[:limit]
        return DocumentList(
            documents=[document_model(summary) for summary in page],
            total=total,
            next=page[-1].document_id if len(summaries) > limit else None,
        )

    @app.get(documents + "/{document_id:path}/text", summary="Read a document", tags=["documents"])
    def get_text(
        request: Request,
        collection: str,
        document_id: str,
        revision: Annotated[
            str | None, Query(description="Which revision; the current one if left out.")
        ] = None,
    ) -> DocumentText:
        """The text of a document, in which the offsets of citations count."""
        with components(request).collections.catalog(collection).snapshot() as snapshot:
            return document_text(snapshot.stored_document(document_id, revision))

    @app.get(documents + "/{document_id:path}", summary="Describe a document", tags=["documents"])
    def get_document(request: Request, collection: str, document_id: str) -> DocumentModel:
        """A document's metadata."""
        with components(request).collections.catalog(collection).snapshot() as snapshot:
            return document_model(snapshot.summary(document_id))


def _add_health(app: FastAPI) -> None:
    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", summary="Alive?", tags=["health"])
    async def healthz() -> Health:
        """The process answers."""
        return Health(status="ok")

    @app.head("/readyz", include_in_schema=False)
    @app.get("/readyz", summary="Ready?", tags=["health"])
    def readyz(request: Request) -> Health:
        """The models are loaded and every collection's catalog can be read; loads nothing."""
        faults = request.app.state.components.collections.check()
        if faults:
            raise NotReady(
                " ".join(f"Collection {name!r}: {fault.message}" for name, fault in faults.items()),
                " ".join(sorted({fault.remedy for fault in faults.values()})),
            )
        return Health(status="ok")


class _Revalidated(StaticFiles):
    """Files that a browser asks after again, so that an upgrade never mixes old and new ones."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_REVALIDATE)
        return response


def _add_page(app: FastAPI) -> None:
    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(_PAGE / "index.html", headers=_REVALIDATE)

    @app.head("/view", include_in_schema=False)
    @app.get("/view", include_in_schema=False)
    def view() -> FileResponse:
        return FileResponse(_PAGE / "document.html", headers=_REVALIDATE)

    app.mount("/page", _Revalidated(directory=_PAGE))
