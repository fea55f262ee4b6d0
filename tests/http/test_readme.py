"""What the README says is so: settings, routes, commands and its opening example."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import httpx2
import pytest

from service.cli import main
from service.settings import Settings

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., AbstractContextManager[str]]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
]


def setting_row(name: str) -> str:
    field = Settings.model_fields[name]
    default = field.default
    if field.default_factory is not None:
        default = "–"  # The description says what is worked out.
    elif isinstance(default, tuple):
        default = ",".join(default) or "none"
    return f"| `PINCITE_{name.upper()}` | {default} | {field.description} |"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name: str) -> None:
    assert setting_row(name) in README


def test_no_setting_is_invented() -> None:
    named = set(re.findall(r"PINCITE_[A-Z_]+", README))
    assert named == {f"PINCITE_{name.upper()}" for name in Settings.model_fields}


def test_every_route_is_described(seeds_server: str) -> None:
    paths = httpx2.get(f"{seeds_server}/openapi.json").json()["paths"]
    routes = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert [r for r in routes if f"`{r[0]} {r[1].removesuffix(':path')}" not in README] == []


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    used = {shlex.split(line)[1] for line in COMMANDS if line.startswith("make ")}
    assert {"serve", "test"} <= used <= targets


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("pincite ")])
def test_every_command_parses(line: str) -> None:
    name, *arguments = shlex.split(line, comments=True)[1:]
    command = main.get_command(click.Context(main), name)
    assert command is not None
    with command.make_context(name, arguments) as context:
        assert context.params


def test_curl_example_is_answered(seeds_server: str) -> None:
    line = next(line for line in COMMANDS if line.startswith("curl "))
    words = shlex.split(line)
    body = json.loads(words[words.index("-d") + 1])
    address = next(word for word in words if word.startswith("http://"))
    path = address.removeprefix("http://127.0.0.1:8000")
    answered = httpx2.post(seeds_server + path, json=body, timeout=120).json()
    assert [answer["answer"] for answer in answered["answers"]] == ["Berlin"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_writing_examples_do_what_they_say(serve: Serve, tmp_path: Path) -> None:
    start = next(i for i, line in enumerate(COMMANDS) if line.startswith("at="))
    put, ask, upload, jobs, delete = COMMANDS[start + 1 : start + 6]

    with serve(data_dir=tmp_path, deadline_seconds=600) as url:

        def run(line: str) -> Any:
            script = f"{COMMANDS[start].replace('http://127.0.0.1:8000', url)}\n{line}"
            done = subprocess.run(
                ["bash", "-c", script], cwd=ROOT, capture_output=True, check=True, timeout=600
            )
            return json.loads(done.stdout)

        written = run(put)
        assert (written["outcome"], written["generation"]) == ("added", 1)
        document = httpx2.get(f"{url}/v1/collections/news/documents/leaders.txt").json()
        assert (document["published_at"], document["metadata"]) == (
            "2020-01-13",
            {"tags": ["libya"]},
        )
        assert run(ask)["answers"][0]["answer"] == "Haftar"
        address = url + run(upload)["url"]
        for _ in range(600):
            if (httpx2.get(address).json()["status"]) == "done":
                break
            time.sleep(0.1)
        [job] = run(jobs)["jobs"]
        assert (job["status"], job["documents_done"], job["generation"]) == ("done", 2, 3)
        assert run(delete)["generation"] == 4
        listed = httpx2.get(f"{url}/v1/collections/news/documents").json()["documents"]
        assert [entry["document_id"] for entry in listed] == [
            "expected-to-sign-in-moscow.txt",
            "talks-fail-to-sign-ceasefire.txt",
        ]


def test_opening_example_is_what_the_command_prints(run_pincite: Run, seeds_data: Path) -> None:
    example = re.search(r"```console\n\$ pincite ask \"(.*?)\"\n(.*?)```", README, flags=re.DOTALL)
    assert example is not None
    question, printed = example.groups()
    done = run_pincite("ask", question, data_dir=seeds_data)
    assert (done.returncode, done.stdout.rstrip("\n")) == (0, printed.rstrip("\n")), done.stderr


@pytest.mark.parametrize(
    "name", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "scripts/README.md"]
)
def test_no_placeholder_is_left(name: str) -> None:
    assert "@@" not in (ROOT / name).read_text(encoding="utf-8")
