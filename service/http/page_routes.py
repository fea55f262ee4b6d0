"""Routes of the chat page and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

_PAGE = Path(__file__).parents[1] / "page"
_REVALIDATE = {"Cache-Control": "no-cache"}


class _Revalidated(StaticFiles):
    """Files that a browser asks after again, so that an upgrade never mixes old and new ones."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers.update(_REVALIDATE)
        return response


def add_page_routes(app: FastAPI) -> None:
    """Let an app show the page."""

    @app.head("/", include_in_schema=False)
    @app.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(_PAGE / "index.html", headers=_REVALIDATE)

    @app.head("/view", include_in_schema=False)
    @app.get("/view", include_in_schema=False)
    def view() -> FileResponse:
        return FileResponse(_PAGE / "document.html", headers=_REVALIDATE)

    app.mount("/page", _Revalidated(directory=_PAGE))
