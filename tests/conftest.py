"""What tests at all distances share: the sample documents indexed once, and a real server."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from import_reader import import_reader
from processes import PINCITE, environment
from reader_forms import onnx_form
from samples import SEEDS

# Models that tests load in this process share the machine with servers that they start.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# No test may depend on speed.
hypothesis_settings.register_profile("unhurried", deadline=None)
hypothesis_settings.load_profile("unhurried")

# Failures in modules that tests share are explained as those in tests are.
pytest.register_assert_rewrite(
    "answer_checks", "collection_model", "equal_views", "killable", "reference"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Sizes of the tests that can be made longer."""
    group = parser.getgroup("pincite")
    group.addoption(
        "--kills",
        type=int,
        default=1,
        help="how often a process is killed at each fault point, each time at another moment and "
        "beside other view files (tests/faults/test_kill.py)",
    )
    group.addoption(
        "--operations",
        type=int,
        default=1_000,
        help="how many random operations a collection and a model of it must agree on "
        "(tests/faults/test_operations.py)",
    )


RunPincite = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., AbstractContextManager[str]]


@pytest.fixture(scope="session")
def run_pincite() -> RunPincite:
    """Runs the command line in a process of its own."""

    def run(*arguments: object, **settings: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PINCITE, *map(str, arguments)],
            env=environment(**settings),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def seeds_data(tmp_path_factory: pytest.TempPathFactory, run_pincite: RunPincite) -> Path:
    """A data folder in which `pincite index seeds` put the sample documents; don't write to it."""
    data_dir = tmp_path_factory.mktemp("seeds-data")
    done = run_pincite("index", SEEDS, data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    return data_dir


@pytest.fixture(scope="session")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the shipped reader in ONNX."""
    return onnx_form(tmp_path_factory.mktemp("onnx") / "reader")


@pytest.fixture(scope="session")
def torch_folder(onnx_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the same reader for transformers: what `onnx_folder` stands for."""
    folder = tmp_path_factory.mktemp("torch-reader")
    import_reader(onnx_folder, folder)
    return folder


@pytest.fixture(scope="session")
def serve() -> Serve:
    """Runs a real server over TCP; gives its address without the final slash."""

    @contextmanager
    def run(**settings: object) -> Iterator[str]:
        with subprocess.Popen(
            [PINCITE, "serve", "--json"],
            env=environment(port=0, **settings),
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield json.loads(process.stdout.readline())["url"].rstrip("/")
            finally:
                process.terminate()
                assert process.wait(timeout=30) == 0

    return run


@pytest.fixture(scope="session")
def seeds_server(seeds_data: Path, serve: Serve) -> Iterator[str]:
    """A server of the sample documents."""
    with serve(data_dir=seeds_data, deadline_seconds=600) as url:
        yield url
