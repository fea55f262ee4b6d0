"""Routes that put documents in and remove them: one at a time, or many in an upload."""

from __future__ import annotations

from contextlib import aclosing, suppress
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from anyio.to_thread import run_sync
from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from index.collection import CollectionStore
from index.documents import make_document
from index.errors import InvalidDocumentId, UnknownCollection
from service.executor import Ticket, result_of
from service.http.document_routes import DOCUMENT, DOCUMENTS
from service.http.document_schemas import (
    DocumentBody,
    DocumentQuery,
    DocumentRemoved,
    DocumentWritten,
    written_model,
)
from service.http.job_schemas import JobAccepted, job_url
from service.http.jobs import Job
from service.http.multipart import receive_upload
from service.http.problems import responses
from service.http.state import Service, disconnected
from service.http.uploads import charset_of, check_portable_id
from service.http.writing import Make

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_ONE_DOCUMENT = {
    "requestBody": {
        "required": True,
        "content": {
            "text/plain": _BYTES,
            "text/markdown": _BYTES,
            "text/html": _BYTES,
            "application/json": {"schema": {"$ref": "#/components/schemas/DocumentBody"}},
        },
    }
}
_MANY_DOCUMENTS = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "A part for each file, of whatever name. The file name "
                            "is the document's id and may hold folders; `NAME.meta.json` says "
                            "more about `NAME`.",
                        }
                    },
                }
            }
        },
    }
}


def add_write_routes(app: FastAPI) -> None:
    """Let an app's documents be written."""

    @app.put(
        DOCUMENT,
        summary="Put a document in",
        tags=["writing"],
        status_code=201,
        responses=responses(400, 404, 408, 415, 422, 503, 507)
        | {200: {"model": DocumentWritten, "description": "Replaced, or not changed at all."}},
        openapi_extra=_ONE_DOCUMENT,
    )
    async def put_document(
        collection: str,
        document_id: str,
        said: Annotated[DocumentQuery, Query()],
        request: Request,
        response: Response,
        service: Service,
    ) -> DocumentWritten:
        """Put a document in, or replace the one of the same id; makes the collection if need be.

        The body is the document's file, of the media type and charset that `Content-Type` says
        (without one, or with `application/octet-stream`, the id's suffix tells), or JSON. What the
        query says about it goes before what the body says.
        """
        _check_id(document_id)
        # Refused before its body is received for nothing; the place is taken once it is there.
        service.writer.check_room()
        body = await service.bodies.read(request)
        with service.writer.waiting():
            make = await run_sync(
                _maker,
                document_id,
                body,
                request.headers.get("content-type", ""),
                said.said(),
                service.settings.max_bytes,
            )
            ticket = Ticket()
            written = await result_of(
                service.writer.put(collection, document_id, make, ticket),
                ticket,
                partial(disconnected, request),
            )
        if written.outcome == "added":
            response.headers["Location"] = quote(
                DOCUMENT.replace(":path", "").format(collection=collection, document_id=document_id)
            )
        else:
            response.status_code = 200
        return written_model(written)

    @app.delete(
        DOCUMENT,
        summary="Remove a document",
        tags=["writing"],
        responses=responses(404, 422, 503, 507),
    )
    async def delete_document(
        collection: str, document_id: str, service: Service
    ) -> DocumentRemoved:
        """Erase a document with all its revisions: citations of it can't be shown any more."""
        with service.writer.waiting():
            ticket = Ticket()
            generation = await result_of(
                service.writer.remove(collection, document_id, ticket), ticket
            )
        return DocumentRemoved(generation=generation)

    @app.post(
        DOCUMENTS,
        summary="Upload documents",
        tags=["writing"],
        status_code=202,
        responses=responses(408, 422, 503, 507),
        openapi_extra=_MANY_DOCUMENTS,
    )
    async def upload_documents(
        collection: str, request: Request, response: Response, service: Service
    ) -> JobAccepted:
        """Put many files in, as a job: they are kept at once, and go in one after the other.

        An upload with a file that is too large, or whose name can't be a document's, is refused
        whole. What is wrong with a document otherwise is told in the job; the others go in.
        """
        settings = service.settings
        # What is wrong with the collection is told before an upload is received for nothing.
        await run_sync(_check_collection, service.components.collections, collection)
        service.jobs.check_room()
        async with aclosing(service.uploads.pieces(request)) as pieces:
            upload = await receive_upload(
                pieces,
                request.headers.get("content-type", ""),
                settings.data_dir,
                max_bytes=settings.max_bytes,
                max_files=settings.max_upload_files,
            )
        documents = upload.documents()
        job = Job(collection, [(d.document_id, d.file.size) for d in documents], upload.close)
        service.jobs.add(job)
        service.writer.run(job, documents)
        state = job.state
        url = job_url(state.job_id)
        response.headers["Location"] = url
        return JobAccepted(job_id=state.job_id, status=state.status, url=url)


def _check_collection(store: CollectionStore, name: str) -> None:
    with suppress(UnknownCollection):
        store.catalog(name)


def _check_id(document_id: str) -> None:
    check_portable_id(document_id)
    if document_id.endswith("/text"):
        raise InvalidDocumentId(
            f"The document id {document_id!r} ends in '/text', as the address of a text does.",
            "Choose another name.",
        )


def _maker(
    document_id: str, body: bytes, content_type: str, said: dict[str, Any], max_bytes: int
) -> Make:
    """How a request's document is made.

    Raises:
        RequestValidationError: The body is JSON, but not as it should be.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        try:
            given = DocumentBody.model_validate_json(body)
        except ValidationError as error:
            raise RequestValidationError(
                [fault | {"loc": ("body", *fault["loc"])} for fault in error.errors()]
            ) from error
        return lambda: make_document(
            document_id,
            given.text.encode(),
            media_type=given.media_type,
            encoding="utf-8",
            sidecar=given.said() | said,
            said_in="request",
            max_bytes=max_bytes,
        )
    return lambda: make_document(
        document_id,
        body,
        media_type=None if kind in {"", "application/octet-stream"} else content_type,
        encoding=charset_of(content_type),
        sidecar=said,
        said_in="request",
        max_bytes=max_bytes,
    )
