"""Indexing for the command line: a collection is made only when there is something to put in."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import DOCUMENTS, put_documents

from index.catalog import Catalog
from index.collection import CATALOG_FILE
from index.errors import DamagedCatalog, InvalidCollectionName, ModelNotFound
from service.commands.indexing import index_paths
from service.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with which no embedder can be loaded."""
    return Settings(data_dir=tmp_path / "data", embedder=str(tmp_path / "no-model"))


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "unreadable_document"), (b" \n", "empty_document"), (b"\0\1" * 99, "binary_document")],
    ids=["missing", "empty", "binary"],
)
def test_run_of_which_nothing_can_go_in_makes_no_collection_and_loads_no_model(
    settings: Settings, tmp_path: Path, content: bytes | None, code: str
) -> None:
    path = tmp_path / "typo.txt"
    if content is not None:
        path.write_bytes(content)
    report = index_paths(settings, [path], "default", show_progress=False)
    assert [(problem.name, problem.code) for problem in report.failed] == [(str(path), code)]
    assert (report.added, report.generation) == ([], None)
    assert not settings.data_dir.exists()


def test_model_that_cannot_be_loaded_leaves_no_collection(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "good.txt").write_text("The bridge opened in Oslo on Monday.")
    with pytest.raises(ModelNotFound, match="no-model"):
        index_paths(settings, [tmp_path / "good.txt"], "default", show_progress=False)
    assert not settings.data_dir.exists()


def test_collection_that_stands_is_as_it_was_and_closed(settings: Settings, tmp_path: Path) -> None:
    put_documents(settings.data_dir, DOCUMENTS)
    folder = settings.data_dir / "default"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (tmp_path / "good.txt").write_text("The bridge opened in Oslo on Monday.")
    with pytest.raises(ModelNotFound):
        index_paths(settings, [tmp_path / "good.txt"], "default", show_progress=False)
    # A connection that was left open would have left its log beside the catalog.
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert Catalog(folder / CATALOG_FILE).generation() == len(DOCUMENTS)


def test_collection_that_cannot_be_used_is_told_before_what_cannot_go_in(
    settings: Settings, tmp_path: Path
) -> None:
    damaged = settings.data_dir / "default"
    damaged.mkdir(parents=True)
    (damaged / CATALOG_FILE).write_bytes(b"\0no database" * 1000)
    missing = [tmp_path / "typo.txt"]
    with pytest.raises(DamagedCatalog):
        index_paths(settings, missing, "default", show_progress=False)
    with pytest.raises(InvalidCollectionName):
        index_paths(settings, missing, "../up", show_progress=False)
