"""The default models need no torch: it is imported by no command, nor by the server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment
from samples import SEEDS

HEAVY = "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))"

SERVE = """
from fastapi.testclient import TestClient
from index.collection import CollectionStore
from service import wiring
from service.commands import serving
from service.app import create_app
from service.settings import Settings
settings = Settings()
components = wiring.load(settings, CollectionStore(settings.data_dir))
with TestClient(create_app(settings, lambda: components), base_url="http://localhost") as client:
    asked = client.post("/v1/ask", json={"question": "Where will Germany host the summit?"})
    print(asked.json()["answers"][0]["answer"])
"""


def command(*arguments: str) -> str:
    return f"from service.cli import main; main({list(arguments)!r}, standalone_mode=False)"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (command("ask", "Where will Germany host the summit?"), "Berlin"),
        (command("search", "summit"), "Berlin"),
        (command("index", str(SEEDS)), "5 unchanged"),
        (SERVE, "Berlin"),
    ],
    ids=["ask", "search", "index", "serve"],
)
def test_nothing_imports_torch(code: str, said: str, seeds_data: Path, onnx_folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{HEAVY}"],
        env=environment(data_dir=seeds_data, reader=onnx_folder),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_limiting_threads_imports_no_torch() -> None:
    code = f"import sys\nfrom service.executor import limit_threads\nlimit_threads(1)\n{HEAVY}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"
