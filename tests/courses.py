"""The runs that are killed, where each is, and how each goes if nothing disturbs it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fakes import FakeEmbedder
from fault_trace import Moment, OnDisk, on_disk, trace
from other_embedder import OtherEmbedder
from reference import Content, contents
from runs import (
    backup_path,
    catalog_path,
    index_folders,
    run_backup,
    run_index,
    run_open,
    run_reindex,
    run_restore,
    run_sync,
)
from stories import FOLDERS, write_folder
from view_files import copy_views, cut_in_half

OLD_FORMAT = Path(__file__).parent / "fixtures" / "catalog-format-1.sqlite"


@dataclass(frozen=True)
class Run:
    """A run that is killed.

    Attributes:
        do: The run; the same again completes it.
        points: Where it is killed.
        begins: With the `standing` collection, with `nothing`, or with one of the `old` format.
        ends: Folders that, indexed into a new collection, give what the run ends with; none if
            that is what the old format held.
        embedder: Of the end.
    """

    do: Callable[[Path], None]
    points: tuple[str, ...]
    begins: str = "standing"
    ends: tuple[str, ...] = ("early", "start")
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)


RUNS = {
    "create": Run(
        run_index,
        ("catalog.temporary_written", "catalog.linked"),
        begins="nothing",
        ends=("first", "second"),
    ),
    "index": Run(
        run_index,
        (
            "ingest.embedded",
            "catalog.begun",
            "catalog.revision_written",
            "catalog.passages_written",
            "catalog.vectors_written",
            "catalog.committed",
            "ingest.all_committed",
            "view.temporary_written",
            "view.renamed",
            "lexical.added",
            "lexical.committed",
            "lexical.merged",
        ),
        ends=("early", "start", "first", "second"),
    ),
    "sync": Run(
        run_sync,
        (
            "catalog.vectors_written",
            "catalog.committed",
            "catalog.document_erased",
            "catalog.removed",
            "sync.all_committed",
            "lexical.committed",
        ),
        ends=("synced",),
    ),
    "reindex": Run(
        run_reindex,
        (
            "ingest.embedded",
            "catalog.staged",
            "catalog.adopting",
            "catalog.adopted",
            "reindex.done",
            "view.renamed",
            "lexical.added",
            "lexical.committed",
        ),
        embedder=OtherEmbedder(),
    ),
    "backup": Run(run_backup, ("backup.written", "backup.in_place")),
    "restore": Run(
        run_restore,
        (
            "restore.prepared",
            "restore.copying",
            "restore.replaced",
            "view.temporary_written",
            "lexical.committed",
        ),
        ends=("early",),
    ),
    "restore anew": Run(
        run_restore, ("restore.prepared", "restore.in_place"), begins="nothing", ends=("early",)
    ),
    "open": Run(run_open, ("catalog.migrated",), begins="old", ends=()),
}


@dataclass(frozen=True)
class Course:
    """A run that nothing disturbed.

    Attributes:
        before: Its folder as it is at the beginning.
        views: What may be found there of views; None stands for nothing.
        moments: Where it could have died.
        after: What it ends with.
        rebuilt: What a new collection of the same documents holds.
    """

    before: Path
    views: list[Path | None]
    moments: list[Moment]
    after: OnDisk
    rebuilt: dict[str, Content]


def make_standing(root: Path, elsewhere: Path) -> None:
    """Make a folder with a collection, a backup of an earlier state of it, and all sorts of views.

    Args:
        root: The folder, empty.
        elsewhere: Where there is room for other collections; not there yet.
    """
    for name, files in FOLDERS.items():
        write_folder(root / name, files)
    index_folders(root, ["early"])
    copy_views(root / "collection", root / "views" / "older")
    backup_path(root).parent.mkdir()
    run_backup(root)
    index_folders(root, ["start"])
    copy_views(root / "collection", root / "views" / "present")
    cut_in_half(copy_views(root / "collection", root / "views" / "halved"))
    # The same catalog as it has gone on elsewhere, and another one.
    shutil.copytree(root, elsewhere)
    index_folders(elsewhere, ["second", "first"])
    copy_views(elsewhere / "collection", root / "views" / "ahead")
    shutil.rmtree(elsewhere / "collection")
    index_folders(elsewhere, ["foreign"])
    copy_views(elsewhere / "collection", root / "views" / "foreign")


def follow(run: Run, standing: Path, root: Path) -> Course:
    """Do a run that nothing disturbs, and index what it ends with into a new collection.

    Args:
        run: Which.
        standing: As `make_standing` left it.
        root: An empty folder.
    """
    before, undisturbed, new = (root / name for name in ("before", "undisturbed", "new"))
    shutil.copytree(standing, before)
    if run.begins != "standing":
        shutil.rmtree(before / "collection")
        (before / "collection").mkdir()
    if run.begins == "old":
        shutil.copy(OLD_FORMAT, catalog_path(before))
    shutil.copytree(before, undisturbed)
    moments = trace(run.do, undisturbed)
    rebuilt = contents(OLD_FORMAT)
    if run.ends:
        texts = {file: text for name in run.ends for file, text in FOLDERS[name].items()}
        write_folder(new / "all", texts)
        index_folders(new, ["all"], run.embedder)
        rebuilt = contents(catalog_path(new))
    views = [None, *sorted((before / "views").iterdir())]
    return Course(before, views, moments, on_disk(undisturbed), rebuilt)
