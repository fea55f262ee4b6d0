"""One table from errors to HTTP statuses, and one shape for all of them (RFC 9457)."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index import errors as index_errors
from index.errors import PinciteError
from service import errors

MEDIA_TYPE = "application/problem+json"

STATUS: Mapping[type[PinciteError], int] = {
    PinciteError: 500,
    index_errors.DocumentError: 422,
    index_errors.EmptyDocument: 422,
    index_errors.BinaryDocument: 415,
    index_errors.UndecodableDocument: 415,
    index_errors.DocumentTooLarge: 413,
    index_errors.UnreadableDocument: 422,
    index_errors.UnsupportedDocument: 415,
    index_errors.LinkLoop: 422,
    index_errors.InvalidMetadata: 422,
    index_errors.InvalidDocumentId: 422,
    index_errors.NotFound: 404,
    index_errors.UnknownCollection: 404,
    index_errors.UnknownDocument: 404,
    index_errors.UnknownRevision: 404,
    index_errors.InvalidCollectionName: 422,
    index_errors.SyncError: 422,
    index_errors.UnusableFolder: 422,
    index_errors.EmptyFolder: 422,
    index_errors.CatalogError: 500,
    index_errors.ForeignCatalog: 500,
    index_errors.NewerCatalog: 500,
    index_errors.DamagedCatalog: 500,
    index_errors.BusyCatalog: 503,
    index_errors.ViewsBehind: 503,
    index_errors.UnwritableCatalog: 507,
    index_errors.BackupError: 500,
    index_errors.MissingBackup: 404,
    index_errors.UnusableBackup: 422,
    index_errors.UnfitBackupPlace: 409,
    index_errors.CollectionExists: 409,
    index_errors.ModelError: 500,
    index_errors.ModelNotFound: 500,
    index_errors.CorruptModel: 500,
    index_errors.UnusableModel: 500,
    index_errors.ModelMismatch: 500,
    errors.QuestionError: 422,
    errors.InvalidQuestion: 422,
    errors.EmptyQuestion: 422,
    errors.QuestionTooLong: 422,
    errors.NotReady: 503,
    errors.Overloaded: 503,
    errors.DeadlineExceeded: 504,
    errors.RequestCancelled: 499,
    errors.ServerStopping: 503,
    errors.FalseCitation: 500,
    errors.UnusableCalibration: 500,
    errors.TooFewQuestions: 422,
    errors.RequestTooLarge: 413,
    errors.InvalidJSON: 400,
    errors.InvalidUpload: 422,
    errors.TooManyFiles: 413,
    errors.UnknownJob: 404,
    errors.ForbiddenHost: 421,
    errors.ForbiddenOrigin: 403,
    errors.AddressUnavailable: 500,
    errors.QuestionFileError: 422,
}


_DESCRIBED: Mapping[int, str] = {
    400: "The body is not JSON.",
    403: "Another site's page sent it.",
    404: "No such collection, document, revision or job.",
    408: "The body came too slowly.",
    413: "The body, or a file of it, is over the limit.",
    415: "A kind of document that Pincite doesn't read.",
    421: "The Host header names another server.",
    422: "A field is wrong; `errors` says which.",
    500: "Something on the server is broken; `remedy` says what to do.",
    503: "Too much is in flight, or what is asked for isn't there yet; try again after "
    "`Retry-After` seconds.",
    504: "The deadline passed.",
    507: "The data folder is read-only, or the disk is full.",
}


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the problems that a route may answer with."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": _DESCRIBED[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


RESPONSES = responses(403, 413, 421, 500)
"""Of those that any route may: the guard's, and of what is broken."""

_log = logging.getLogger("pincite")

_RETRY_AFTER = {"Retry-After": "2"}

_REMEDY = {408: "Send it again, without pauses; what had come was thrown away."}
"""By status of the framework's own errors, where it isn't that an address or method is wrong."""


def problem_body(
    status: int, code: str, title: str, detail: str, remedy: str, **more: Any
) -> dict[str, Any]:
    """What a problem document says."""
    return {
        "type": f"urn:pincite:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "remedy": remedy,
        **more,
    }


def problem(body: Mapping[str, Any]) -> JSONResponse:
    """A problem document."""
    status = body["status"]
    return JSONResponse(
        body,
        status_code=status,
        headers=_RETRY_AFTER if status == HTTPStatus.SERVICE_UNAVAILABLE else None,
        media_type=MEDIA_TYPE,
    )


def without_paths(text: str, data_dir: Path) -> str:
    """A text for a client: where the data folder is on this machine is left out of it."""
    for folder in {data_dir.absolute(), data_dir.resolve()} - {Path(data_dir.anchor)}:
        text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), "the data folder")
    return text


def describe(error: PinciteError, data_dir: Path) -> dict[str, Any]:
    """What the problem document of a designed error says.

    Args:
        error: The error.
        data_dir: The data folder, whose place is nothing for a client.
    """
    title = (type(error).__doc__ or error.code).partition("\n")[0].rstrip(".")
    detail, remedy = (without_paths(said, data_dir) for said in (error.message, error.remedy))
    return problem_body(STATUS[type(error)], error.code, title, detail, remedy)


def problem_of(error: PinciteError, data_dir: Path) -> JSONResponse:
    """The problem document of a designed error, which is logged if the server is at fault."""
    if STATUS[type(error)] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s: %s", error.code, error)
    return problem(describe(error, data_dir))


def _on_designed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, PinciteError)
    return problem_of(error, request.app.state.data_dir)


def _invalid_json(reason: str) -> errors.InvalidJSON:
    return errors.InvalidJSON(
        f"The body is not JSON that can be read: {reason}.",
        "Send a JSON object in UTF-8, with Content-Type: application/json.",
    )


def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    faults = error.errors()
    data_dir = request.app.state.data_dir
    sent_as = request.headers.get("content-type", "")
    if faults[0]["loc"] == ("body",) and "json" not in sent_as:
        reason = f"it was sent as {sent_as or 'nothing in particular'}"
        return problem_of(_invalid_json(reason), data_dir)
    if any(fault["type"] == "json_invalid" for fault in faults):
        reason = faults[0].get("ctx", {}).get("error", "unreadable")
        return problem_of(_invalid_json(reason), data_dir)
    named = [
        {"field": ".".join(str(part) for part in fault["loc"]), "message": fault["msg"]}
        for fault in faults
    ]
    return problem(
        problem_body(
            422,
            "invalid_request",
            "A field of the request is wrong",
            "; ".join(f"{fault['field']}: {fault['message']}" for fault in named) + ".",
            "Correct the fields named; /openapi.json describes them.",
            errors=named,
        )
    )


def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, PinciteError):
        return problem_of(error.__cause__, request.app.state.data_dir)
    if error.status_code == HTTPStatus.BAD_REQUEST:
        # The only one that the framework makes: a body that its JSON parser gives up on.
        reason = str(error.__cause__ or error.detail)
        return problem_of(_invalid_json(reason), request.app.state.data_dir)
    phrase = HTTPStatus(error.status_code).phrase
    response = problem(
        problem_body(
            error.status_code,
            phrase.lower().replace(" ", "_"),
            phrase,
            f"{error.detail}.",
            _REMEDY.get(
                error.status_code,
                "See /openapi.json for the addresses and methods that there are.",
            ),
        )
    )
    response.headers.update(error.headers or {})
    return response


def _on_defect(_: Request, error: Exception) -> JSONResponse:
    return problem(
        problem_body(
            500,
            "internal_error",
            "A defect of Pincite",
            f"{type(error).__name__} while answering the request.",
            "Please report it with the server's log.",
        )
    )


def install(app: FastAPI, data_dir: Path) -> None:
    """Let an app answer every error as a problem document; see `describe`."""
    app.state.data_dir = data_dir
    app.add_exception_handler(PinciteError, _on_designed)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_defect)
