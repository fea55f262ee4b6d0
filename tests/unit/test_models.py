"""Where models are looked for, and what is said if they can't be had."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from index.errors import ModelNotFound
from index.models import find_model

FIND = """
import sys
from index.errors import ModelNotFound
from index.models import find_model
try:
    find_model(sys.argv[1])
except ModelNotFound as error:
    print(error)
"""


class NoSuchModel(BaseHTTPRequestHandler):
    """A hub without models."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def empty_hub() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), NoSuchModel) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def said_of(name: str, cache: Path, **settings: str) -> str:
    """What is said of a hub model that isn't there, by a process with an empty cache."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    done = subprocess.run(
        [sys.executable, "-c", FIND, name],
        env=inherited | {"HF_HOME": str(cache)} | settings,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    return done.stdout


REMEDY = "Check its name and the network, or give the path of a local folder.\n"
MISSING = "The hub model 'owner/none' is not in the local cache and can't be downloaded: "


def test_a_model_that_the_hub_has_not_is_said_so_once(tmp_path: Path, empty_hub: str) -> None:
    said = said_of("owner/none", tmp_path, HF_ENDPOINT=empty_hub)
    assert said == f"{MISSING}the hub has no such model, or doesn't show it to you. {REMEDY}"


def test_a_hub_that_is_not_reached_gives_its_reason_without_its_advice(tmp_path: Path) -> None:
    said = said_of("owner/none", tmp_path, HF_HUB_OFFLINE="1")
    reason = said.removeprefix(MISSING).removesuffix(f". {REMEDY}")
    assert said == f"{MISSING}{reason}. {REMEDY}"
    assert "offline mode" in reason
    assert "HF_HUB_OFFLINE" not in reason
    assert not reason.endswith(".")
    assert "\n" not in reason


@pytest.mark.parametrize("name", ["no such/model", "owner/-none", "own--er/none"])
def test_a_name_that_is_no_hub_id_is_not_asked_for(name: str) -> None:
    with pytest.raises(ModelNotFound) as raised:
        find_model(name)
    assert f"There is no model folder {name!r}" in raised.value.message
    assert "owner/name" in raised.value.remedy


def test_a_folder_is_found_by_its_path(tmp_path: Path) -> None:
    assert find_model(str(tmp_path)) == tmp_path
    with pytest.raises(ModelNotFound, match="There is no model folder"):
        find_model(str(tmp_path / "none"))
