"""Serves a data folder with fake models, as `pincite serve --json` does with real ones.

Run as `python fake_server.py DATA_DIR`, it can be killed at any of `index.faults.FAULT_POINTS`.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from fakes import FakeEmbedder, FakeReader
from shelf import PLAIN

from index.collection import CollectionStore
from service.app import create_app
from service.commands.serving import Server
from service.settings import Settings
from service.wiring import Components


class GatedEmbedder(FakeEmbedder):
    """Says when it begins, in a file, and goes on when that is removed."""

    def __init__(self, gate: Path) -> None:
        super().__init__()
        self._gate = gate

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self._gate.touch()
        while self._gate.exists():
            time.sleep(0.01)
        return super().embed(texts)


if __name__ == "__main__":
    data_dir = Path(sys.argv[1])
    gate = os.environ.get("FAKE_SERVER_GATE")
    embedder = GatedEmbedder(Path(gate)) if gate else FakeEmbedder()
    app = create_app(
        Settings(data_dir=data_dir, port=0),
        lambda: Components(
            CollectionStore(data_dir, live=True), embedder, FakeReader(), PLAIN, 0.1
        ),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    Server(app, json.dumps({"url": url})).run(sockets=[listener])
