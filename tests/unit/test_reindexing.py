"""Reindexing: resumable, beside documents that change; ends like a new collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from killable import run_killed
from other_embedder import OtherEmbedder
from reference import Content, contents

from index.catalog import Catalog
from index.checking import check_collection, rebuild_views
from index.collection import Collection
from index.documents import make_document
from index.errors import ModelMismatch
from index.ingest import Ingester
from index.reindexing import reindex

BANNER = "Sign up for our newsletter today"

STORIES = {
    f"{town.lower()}.txt": "\n\n".join(
        [
            *(
                f"The harbour of {town} \U0001f6a2 was closed on day {day} because of the storm, "
                f"and {day * 7} ships with fish and timber waited outside for a calmer sea."
                for day in range(1, 4)
            ),
            BANNER,
        ]
    )
    for town in ("Accra", "Bergen", "Cádiz", "Dover")
}


class Counting(OtherEmbedder):
    """Counts calls, and does something at one of them."""

    def __init__(self, at: int = -1, meddle: Callable[[], object] = lambda: None) -> None:
        self.calls = 0
        self._at = at
        self._meddle = meddle

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls += 1
        if self.calls == self._at:
            self._meddle()
        return super().embed(texts)


def put(catalog: Catalog, documents: dict[str, str], embedder: FakeEmbedder | None = None) -> None:
    ingester = Ingester(catalog, embedder or FakeEmbedder())
    for document_id, text in documents.items():
        document, _ = make_document(document_id, text.encode(), max_bytes=100_000)
        ingester.put(document)
    ingester.refresh()


def made_new(folder: Path, documents: dict[str, str], embedder: FakeEmbedder) -> dict[str, Content]:
    """What a new catalog holds of these documents."""
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    put(catalog, documents, embedder)
    catalog.close()
    return contents(catalog.path)


def served(catalog: Catalog) -> str | None:
    with catalog.snapshot() as snapshot:
        return snapshot.embedder()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    put(catalog, STORIES)
    return catalog


def test_reindexed_collection_equals_a_new_one_of_the_new_embedder(
    catalog: Catalog, tmp_path: Path
) -> None:
    started: list[tuple[int, int]] = []
    steps: list[tuple[int, int]] = []
    report = reindex(
        catalog,
        OtherEmbedder(),
        on_start=lambda *start: started.append(start),
        on_progress=lambda *step: steps.append(step),
    )
    assert (report.before, report.embedder) == ("fake-embedder@1", "other-embedder@1")
    assert (report.documents, report.resumed, report.embedded) == (4, 0, 4)
    assert report.generation == catalog.generation()
    assert (started, steps) == ([(0, 4)], [(3, 4), (2, 4), (1, 4), (0, 4)])
    wanted = made_new(tmp_path / "new", STORIES, OtherEmbedder())
    assert contents(catalog.path) == wanted
    assert any(
        len(content.passages) != len(old.passages)
        for content, old in zip(
            wanted.values(), made_new(tmp_path / "o", STORIES, FakeEmbedder()).values(), strict=True
        )
    )
    rebuild_views(catalog)
    assert check_collection(catalog).findings == []
    with pytest.raises(ModelMismatch, match="other-embedder@1"):
        Ingester(catalog, FakeEmbedder())
    put(catalog, {"essen.txt": "Essen has no harbour."}, OtherEmbedder())
    assert contents(catalog.path) == made_new(
        tmp_path / "more", STORIES | {"essen.txt": "Essen has no harbour."}, OtherEmbedder()
    )


def test_same_embedder_has_nothing_to_do(catalog: Catalog) -> None:
    before, generation = contents(catalog.path), catalog.generation()
    report = reindex(catalog, FakeEmbedder())
    assert (report.before, report.resumed, report.embedded) == ("fake-embedder@1", 0, 0)
    assert (contents(catalog.path), catalog.generation()) == (before, generation)


def test_empty_collection_takes_the_new_embedder(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    assert reindex(catalog, OtherEmbedder()).before is None
    put(catalog, STORIES, OtherEmbedder())
    assert contents(catalog.path) == made_new(tmp_path / "new", STORIES, OtherEmbedder())


def test_old_vectors_are_searched_until_all_are_new(catalog: Catalog) -> None:
    collection = Collection(catalog, FakeEmbedder())
    query = "How many ships waited at Accra?"
    before = collection.search(query, 5)
    seen: list[object] = []

    def search(left: int, _all: int) -> None:
        seen.append(collection.search(query, 5))
        if left == 1:
            put(catalog, {"essen.txt": "Essen has no harbour and no ships that waited."})

    reindex(catalog, OtherEmbedder(), on_progress=search)
    assert seen[:3] == [before] * 3
    collection.close()
    with pytest.raises(ModelMismatch) as raised:
        Collection(catalog, FakeEmbedder())
    assert "pincite reindex" in raised.value.remedy
    found = Collection(catalog, OtherEmbedder()).search("Essen has no harbour", 1)
    assert [hit.document_id for hit in found.hits] == ["essen.txt"]


@pytest.mark.parametrize("at", [1, 2, 4])
def test_documents_may_change_meanwhile(catalog: Catalog, tmp_path: Path, at: int) -> None:
    after = STORIES | {
        "accra.txt": "Accra is calm.",
        "dover.txt": f"Dover is calm.\n\n{BANNER}",
        "essen.txt": f"Essen has no harbour.\n\n{BANNER}",
    }
    del after["bergen.txt"]
    del after["cádiz.txt"]

    def meddle() -> None:
        put(catalog, {name: text for name, text in after.items() if text != STORIES.get(name)})
        for name in ("bergen.txt", "cádiz.txt"):
            Ingester(catalog, FakeEmbedder()).remove(name)
        Ingester(catalog, FakeEmbedder()).refresh()

    embedder = Counting(at, meddle)
    report = reindex(catalog, embedder)
    assert contents(catalog.path) == made_new(tmp_path / "new", after, OtherEmbedder())
    # The banner stands in two documents now: debris when some were embedded, text in the end.
    assert contents(catalog.path)["dover.txt"].excluded == []
    assert report.documents == 3
    assert embedder.calls <= at + 3


def test_lines_that_another_run_left_to_be_seen_to_are(catalog: Catalog, tmp_path: Path) -> None:
    # A process was killed before it brought the other documents up to date.
    for name in ("bergen.txt", "cádiz.txt"):
        catalog.remove(name)
    reindex(catalog, OtherEmbedder())
    left = {name: STORIES[name] for name in ("accra.txt", "dover.txt")}
    assert contents(catalog.path) == made_new(tmp_path / "new", left, OtherEmbedder())


def test_lines_that_are_repeated_again_in_the_end_are_debris(
    catalog: Catalog, tmp_path: Path
) -> None:
    # A process was killed before it saw that the banner stands in two documents only; by the time
    # that the second of these is embedded it stands in three again, and nobody has to see to it.
    for name in ("bergen.txt", "cádiz.txt"):
        catalog.remove(name)
    essen = {"essen.txt": f"Essen has no harbour.\n\n{BANNER}"}
    reindex(catalog, Counting(2, lambda: put(catalog, essen)))
    left = {name: STORIES[name] for name in ("accra.txt", "dover.txt")} | essen
    assert contents(catalog.path) == made_new(tmp_path / "new", left, OtherEmbedder())


def test_interrupted_run_is_resumed(catalog: Catalog, tmp_path: Path) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindex(catalog, Counting(3, interrupt))
    assert served(catalog) == "fake-embedder@1"
    put(catalog, {"accra.txt": STORIES["accra.txt"]})
    again = Counting()
    started: list[tuple[int, int]] = []
    report = reindex(catalog, again, on_start=lambda *start: started.append(start))
    assert (report.resumed, report.embedded, again.calls, started) == (2, 2, 2, [(2, 4)])
    assert contents(catalog.path) == made_new(tmp_path / "new", STORIES, OtherEmbedder())


REINDEX = """
import sys
from pathlib import Path
from other_embedder import OtherEmbedder
from index.catalog import Catalog
from index.reindexing import reindex
reindex(Catalog(Path(sys.argv[1])), OtherEmbedder())
"""


@pytest.mark.parametrize(
    ("fault", "staged", "is_done"),
    [
        ("ingest.embedded:1", 0, False),
        ("catalog.staged:1", 0, False),
        ("catalog.staged:3", 2, False),
        ("ingest.embedded:4", 3, False),
        ("catalog.adopting", 4, False),
        ("catalog.adopted", 4, True),
        ("reindex.done", 4, True),
    ],
)
def test_killed_run_is_resumed(
    catalog: Catalog, tmp_path: Path, fault: str, staged: int, is_done: bool
) -> None:
    wanted = made_new(tmp_path / "new", STORIES, OtherEmbedder())
    run_killed(REINDEX, catalog.path, fault=fault)
    assert served(catalog) == ("other-embedder@1" if is_done else "fake-embedder@1")
    report = reindex(catalog, OtherEmbedder())
    if is_done:
        assert (report.before, report.embedded) == ("other-embedder@1", 0)
    else:
        assert (report.resumed, report.embedded) == (staged, 4 - staged)
    assert contents(catalog.path) == wanted


def test_what_a_given_up_run_staged_is_removed_by_the_next(catalog: Catalog) -> None:
    def give_up() -> None:
        raise KeyboardInterrupt

    before = contents(catalog.path)
    with pytest.raises(KeyboardInterrupt):
        reindex(catalog, Counting(3, give_up))
    assert others(catalog) == {"passages": 2, "vectors": 2, "staged": 2}
    generation = catalog.generation()
    reindex(catalog, FakeEmbedder())
    assert others(catalog) == {"passages": 0, "vectors": 0, "staged": 0}
    assert catalog.generation() == generation
    assert contents(catalog.path) == before


def others(catalog: Catalog) -> dict[str, int]:
    """How many revisions have rows of another embedder than the one that is searched."""
    with catalog.snapshot() as snapshot:
        return {
            table: snapshot.rows(
                f"SELECT count(DISTINCT revision_id) AS n FROM {table} WHERE embedder != ?",
                (FakeEmbedder.model_id,),
            )[0]["n"]
            for table in ("passages", "vectors", "staged")
        }
