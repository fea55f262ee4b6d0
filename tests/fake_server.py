"""Serves a data folder with fake models, as `pincite serve --json` does with real ones.

Run as `python fake_server.py DATA_DIR`, it can be killed at any of `index.faults.FAULT_POINTS`.
"""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fakes import FakeEmbedder, FakeReader

from index.collection import CollectionStore
from service.app import create_app
from service.settings import Settings
from service.wiring import Components


class AnnouncingServer(uvicorn.Server):
    """A server that calls back once it is ready."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


if __name__ == "__main__":
    data_dir = Path(sys.argv[1])
    app = create_app(
        Settings(data_dir=data_dir, port=0),
        lambda: Components(
            CollectionStore(data_dir, live=True), FakeEmbedder(), FakeReader(), threshold=0.0
        ),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    AnnouncingServer(
        uvicorn.Config(app, log_level="warning"),
        lambda: print(json.dumps({"url": url}), flush=True),
    ).run(sockets=[listener])
