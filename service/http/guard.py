"""The guard at the door: whom the server answers for, who may ask, and how much they may send.

Checking `Host` defeats DNS rebinding, checking `Origin` keeps other sites' pages from using a
visitor's server, and the body limit holds for bodies of unknown length too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index.errors import PinciteError
from service.errors import ForbiddenHost, ForbiddenOrigin, RequestTooLarge

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """ASGI middleware that refuses a request before anything is done for it.

    Args:
        app: What it guards.
        allowed_hosts: Host names without port that the server answers for; `*` for any.
        allowed_origins: Origins other than the server's own that may send requests.
        limit_of: Gives the limit of a request's body in bytes, and the setting that
            says so, if one does.
        problem_of: Makes the response that tells of an error.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allowed_hosts: Collection[str],
        allowed_origins: Collection[str],
        limit_of: Callable[[Scope], tuple[int, str | None]],
        problem_of: Callable[[PinciteError], ASGIApp],
    ) -> None:
        self._app = app
        self._hosts = {host.lower() for host in allowed_hosts}
        self._origins = {origin.lower() for origin in allowed_origins}
        self._limit_of = limit_of
        self._problem_of = problem_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit, setting = self._limit_of(scope)

        def too_large(size: str) -> RequestTooLarge:
            return RequestTooLarge(
                f"The body has {size} bytes; the limit is {limit:,}.",
                f"Send less, or raise {setting}." if setting else "Send less.",
            )

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        try:
            self._check_host(headers)
            self._check_origin(headers)
            length = headers.get("content-length", "0")
            if length.isdecimal() and int(length) > limit:
                raise too_large(f"{int(length):,}")
        except PinciteError as error:
            await self._problem_of(error)(scope, receive, send_secured)
            return

        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise too_large(f"over {limit:,}")
            return message

        await self._app(scope, receive_bounded, send_secured)

    def _check_host(self, headers: Headers) -> None:
        host = headers.get("host", "").lower()
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if "*" not in self._hosts and name not in self._hosts:
            raise ForbiddenHost(
                f"This server doesn't answer for the host {host!r}.",
                "Use localhost with the same port, or name the host in PINCITE_ALLOWED_HOSTS.",
            )

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is None or origin.lower() in self._origins:
            return
        if origin.lower().partition("://")[2] != headers.get("host", "").lower():
            raise ForbiddenOrigin(
                f"Pages of {origin!r} may not use this server.",
                "Use the server's own page, or name the origin in PINCITE_ALLOWED_ORIGINS.",
            )
