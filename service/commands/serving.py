"""Runs the HTTP server."""

from __future__ import annotations

import errno
import json
import signal
import socket
from contextlib import suppress

import click
import uvicorn
from fastapi import FastAPI

from service import wiring
from service.app import create_app
from service.errors import AddressUnavailable
from service.http.state import State
from service.settings import Settings

_TRY_SECONDS = 0.1
"""Longest wait at once for another process that writes; the one thread that writes tries again."""


class Server(uvicorn.Server):
    """A server that says where it listens once it is ready, and ends its writing when told to stop.

    Args:
        app: What it serves.
        announcement: A line for standard output.
    """

    def __init__(self, app: FastAPI, announcement: str) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_level="warning", timeout_graceful_shutdown=5, server_header=False
            )
        )
        self._app = app
        self._announcement = announcement

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until interrupted or terminated."""
        # Once it has shut down, it raises the signal that stopped it again; that is no failure.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with suppress(KeyboardInterrupt):
            super().run(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, and say so."""
        await super().startup(sockets)
        if self.started:
            click.echo(self._announcement)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is in flight: writes, that may take long, with a problem; then end."""
        service: State = self._app.state.service
        service.writer.end()
        await super().shutdown(sockets)


def serve(settings: Settings, *, as_json: bool) -> None:
    """Load the models and serve until interrupted.

    Args:
        settings: What to serve, and where.
        as_json: Announce readiness as a line of JSON, `{"url": …}`.

    Raises:
        AddressUnavailable: The port is taken or the address isn't this machine's.
        ModelError: A model can't be used.
    """
    listener = _listen(settings)
    host, port = listener.getsockname()[:2]
    shown = "localhost" if host in {"0.0.0.0", "::"} else f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}/"
    if not as_json:
        click.echo("Loading models…", err=True)
    tries = settings.model_copy(update={"busy_seconds": min(settings.busy_seconds, _TRY_SECONDS)})
    components = wiring.load(settings, wiring.open_collections(tries, live=True))
    announcement = json.dumps({"url": url}) if as_json else f"Pincite answers at {url}"
    Server(create_app(settings, lambda: components), announcement).run(sockets=[listener])
    if not as_json:
        click.echo("Stopped.", err=True)


def _listen(settings: Settings) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family)
        # Inherited by its connections; asyncio sees to it only where it made the listener. Without
        # it every response waits 40 ms for the client's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except (OSError, UnicodeError) as error:
        remedy = (
            "Stop what uses the port, or choose another: pincite serve --port 8001, "
            "PINCITE_PORT=8001."
            if isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            else "Choose an address of this machine: pincite serve --host 127.0.0.1."
        )
        reason = getattr(error, "strerror", None) or error
        raise AddressUnavailable(
            f"Can't listen on {settings.host!r} port {settings.port}: {reason}.", remedy
        ) from error
