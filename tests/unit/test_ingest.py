"""Ingestion: what goes in, what is left as it is, and that order and interruptions don't matter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fakes import FakeEmbedder
from reference import Content, contents

from index.catalog import Catalog
from index.documents import make_document
from index.files import Source
from index.ingest import Ingester, IngestReport
from index.intake import ingest_paths
from index.passages import passage_input
from index.types import Document

MAX_BYTES = 100_000

BANNER = "Sign up for our newsletter today"
FOOTER = "The Daily Example and its partners"

RARE = "Printed on paper from the old mill"

PROSE = (
    "The bridge over the river was closed on Monday, because its cables had rusted through.\n\n"
    "Engineers expect that it will take two years until the first train crosses again.",
    "A library in the old town lends out seeds, tools and musical instruments to everyone.\n\n"
    "Its readers brought back all but three of the eight hundred things that they borrowed.",
    "Farmers on the northern plain sow their wheat three weeks later than their parents did.\n\n"
    "The rains begin late, they say, and end with storms that flatten the ripe fields.",
    "Two divers found the bell of a ship that sank in the bay a hundred and ten years ago.\n\n"
    "It weighs 146 kilograms \U0001f514 and will be shown in the museum from May onwards.",
)


def page(number: int, *lines: str) -> str:
    return "\n\n".join((PROSE[number], *lines))


PAGES = {
    "0.txt": page(0, BANNER),
    "1.txt": page(1, BANNER, RARE, FOOTER),
    "2.txt": page(2, FOOTER, BANNER),
    "3.txt": page(3, RARE, FOOTER),
}


class CountingEmbedder(FakeEmbedder):
    """Counts the texts that it embeds."""

    def __init__(self) -> None:
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.embedded += len(texts)
        return super().embed(texts)


class MeddlingEmbedder(FakeEmbedder):
    """Does something before it embeds the texts that hold a word."""

    def __init__(self, word: str, meddle: Callable[[], object]) -> None:
        self._word = word
        self._meddle = meddle

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        if any(self._word in text for text in texts):
            self._meddle()
        return super().embed(texts)


def make(document_id: str, text: str) -> Document:
    return make_document(document_id, text.encode(), max_bytes=MAX_BYTES)[0]


def index_files(
    catalog: Catalog, *paths: Path, embedder: FakeEmbedder | None = None
) -> IngestReport:
    return ingest_paths(
        lambda: Ingester(catalog, embedder or FakeEmbedder()), paths, max_bytes=MAX_BYTES
    )


def excluded_texts(catalog: Catalog) -> dict[str, list[str]]:
    return {
        document_id: [content.text[start:end] for start, end in content.excluded]
        for document_id, content in contents(catalog.path).items()
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def from_scratch(folder: Path, documents: Iterable[Document]) -> dict[str, Content]:
    """What a new catalog holds after these documents were put in."""
    catalog = Catalog(folder / "catalog.sqlite", create=True)
    ingester = Ingester(catalog, FakeEmbedder())
    for document in documents:
        ingester.put(document)
    ingester.refresh()
    catalog.close()
    return contents(catalog.path)


def test_what_is_stored_is_the_text_its_passages_and_their_vectors(catalog: Catalog) -> None:
    document = make("ships.txt", page(3, BANNER))
    assert Ingester(catalog, FakeEmbedder()).put(document) == "added"
    stored = contents(catalog.path)["ships.txt"]
    assert (stored.text, stored.source) == (document.text, document.source)
    assert stored.passages
    inputs = [
        passage_input(document.title, document.text[start:end], FakeEmbedder())
        for start, end, _ in stored.passages
    ]
    wanted = FakeEmbedder().embed(inputs).astype(np.float16)
    assert stored.vectors == wanted.tobytes()


def test_same_content_again_changes_and_embeds_nothing(catalog: Catalog, tmp_path: Path) -> None:
    files = write(tmp_path / "files", PAGES)
    embedder = CountingEmbedder()
    first = index_files(catalog, files, embedder=embedder)
    assert (len(first.added), first.unchanged) == (4, [])
    generation, embedded = catalog.generation(), embedder.embedded
    assert embedded > 0
    again = index_files(catalog, files, embedder=embedder)
    assert again.unchanged == ["0.txt", "1.txt", "2.txt", "3.txt"]
    assert (again.added, again.replaced, again.failed) == ([], [], [])
    assert (catalog.generation(), embedder.embedded) == (generation, embedded)


def test_report_tells_added_replaced_and_unchanged_apart(catalog: Catalog, tmp_path: Path) -> None:
    files = write(tmp_path / "files", {"a.txt": "One old text.", "b.txt": "Another old text."})
    index_files(catalog, files)
    write(files, {"b.txt": "A new text.", "c.txt": "One more text."})
    report = index_files(catalog, files)
    assert (report.added, report.replaced, report.unchanged) == (["c.txt"], ["b.txt"], ["a.txt"])
    assert catalog.generation() == 4
    assert {i: c.text for i, c in contents(catalog.path).items()} == {
        "a.txt": "One old text.",
        "b.txt": "A new text.",
        "c.txt": "One more text.",
    }


def test_bad_files_are_named_and_the_others_go_in(catalog: Catalog, tmp_path: Path) -> None:
    files = write(tmp_path / "files", {"a.txt": "Good text.", "d.txt": "More good text."})
    (files / "b.txt").write_bytes(b"\x00\x01\x02\x03 binary \x00" * 50)
    (files / "c.txt").write_text(" \n\n ")
    (files / "e.txt").write_text("x" * (MAX_BYTES + 1))
    (files / "picture.png").write_bytes(b"no text")
    missing = tmp_path / "missing.txt"
    report = index_files(catalog, files, missing)
    assert report.added == ["a.txt", "d.txt"]
    assert {(problem.name, problem.code) for problem in report.failed} == {
        (str(files / "b.txt"), "binary_document"),
        (str(files / "c.txt"), "empty_document"),
        (str(files / "e.txt"), "document_too_large"),
        (str(missing), "unreadable_document"),
    }
    for problem in report.failed:
        assert Path(problem.name).name in problem.message
        assert problem.remedy.endswith(".")
    assert [name.rpartition("/")[2] for name in report.skipped] == [
        "picture.png: not a kind of file that Pincite reads"
    ]
    assert sorted(contents(catalog.path)) == ["a.txt", "d.txt"]


def test_nothing_is_opened_for_files_that_cannot_go_in(tmp_path: Path) -> None:
    files = write(tmp_path / "files", {"a.txt": " \n", "b.txt": ""})
    opened: list[Ingester] = []

    def open_ingester() -> Ingester:
        opened.append(Ingester(Catalog(tmp_path / "catalog.sqlite", create=True), FakeEmbedder()))
        return opened[-1]

    report = ingest_paths(open_ingester, [files], max_bytes=MAX_BYTES)
    assert [problem.code for problem in report.failed] == ["empty_document"] * 2
    assert (opened, report.generation) == ([], None)
    write(files, {"b.txt": "Good text.", "c.txt": "More good text."})
    report = ingest_paths(open_ingester, [files], max_bytes=MAX_BYTES)
    assert (report.added, report.generation, len(opened)) == (["b.txt", "c.txt"], 2, 1)


def test_progress_of_every_file_rises_to_one(catalog: Catalog, tmp_path: Path) -> None:
    long = "\n\n".join(
        f"Sentence number {n} of a long report on harbours, ships, fish and the wind at sea."
        for n in range(1500)
    )
    files = write(tmp_path / "files", {"a.txt": long, "b.txt": "", "c.txt": "Short text."})
    index_files(catalog, write(tmp_path / "more", {"same.txt": "Text that stays."}))
    seen: dict[str, list[float]] = {}
    totals: list[int] = []

    def note(source: Source, fraction: float) -> None:
        seen.setdefault(source.document_id, []).append(fraction)

    report = ingest_paths(
        lambda: Ingester(catalog, FakeEmbedder()),
        [files, tmp_path / "more"],
        max_bytes=1_000_000,
        on_start=totals.append,
        on_progress=note,
    )
    assert [problem.code for problem in report.failed] == ["empty_document"]
    assert sorted(seen) == ["a.txt", "b.txt", "c.txt", "same.txt"]
    assert totals == [len(long) + len("Short text.") + len("Text that stays.")]
    for fractions in seen.values():
        assert fractions == sorted(set(fractions))
        assert fractions[0] > 0
        assert fractions[-1] == 1.0
    assert len(seen["a.txt"]) > 2


def test_lines_of_three_documents_are_left_out_and_of_two_are_not(
    catalog: Catalog, tmp_path: Path
) -> None:
    files = write(tmp_path / "files", {**PAGES, "2.txt": page(2, BANNER)})
    index_files(catalog, files)
    assert excluded_texts(catalog) == {
        "0.txt": [BANNER],
        "1.txt": [BANNER],
        "2.txt": [BANNER],
        "3.txt": [],
    }
    write(files, {"2.txt": page(2, FOOTER)})
    assert index_files(catalog, files).replaced == ["2.txt"]
    assert excluded_texts(catalog) == {
        "0.txt": [],
        "1.txt": [FOOTER],
        "2.txt": [FOOTER],
        "3.txt": [FOOTER],
    }


def test_order_of_ingestion_does_not_matter(tmp_path: Path) -> None:
    documents = [make(name, text) for name, text in PAGES.items()]
    orders = list(permutations(documents))
    assert len(orders) == 24
    first = from_scratch(tmp_path / "first", documents)
    assert {name: [c.text[s:e] for s, e in c.excluded] for name, c in first.items()} == {
        "0.txt": [BANNER],
        "1.txt": [BANNER, FOOTER],
        "2.txt": [f"{FOOTER}\n\n{BANNER}"],
        "3.txt": [FOOTER],
    }
    for number, order in enumerate(orders):
        assert from_scratch(tmp_path / f"{number}", order) == first, [d.document_id for d in order]


def test_replacing_documents_equals_a_rebuild(catalog: Catalog, tmp_path: Path) -> None:
    ingester = Ingester(catalog, FakeEmbedder())
    last = dict(PAGES)
    for step in range(12):
        name = f"{step * 3 % 4}.txt"
        lines = [line for bit, line in enumerate((BANNER, FOOTER, RARE)) if step >> bit & 1]
        last[name] = page(int(name[0]), *lines)
        ingester.put(make(name, last[name]))
        ingester.refresh()
        assert ingester.refresh() == 0
        known = {name: last[name] for name in contents(catalog.path)}
        wanted = from_scratch(tmp_path / f"{step}", [make(*item) for item in known.items()])
        assert contents(catalog.path) == wanted, step


@pytest.mark.parametrize("passes", [0, 1, 2])
def test_interrupted_refresh_is_completed_by_the_next_run(
    catalog: Catalog, tmp_path: Path, passes: int
) -> None:
    files = write(tmp_path / "files", PAGES)
    seen: list[bool] = []

    def interrupt() -> None:
        # Each document is embedded once as it goes in; any further time is the refresh.
        seen.append(True)
        if len(seen) > len(PAGES) + passes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_files(catalog, files, embedder=MeddlingEmbedder("", interrupt))
    wanted = from_scratch(tmp_path / "all", [make(name, text) for name, text in PAGES.items()])
    assert catalog.generation() == len(PAGES) + passes
    assert contents(catalog.path) != wanted
    report = index_files(catalog, files)
    assert report.unchanged == list(PAGES)
    assert contents(catalog.path) == wanted


def test_refresh_does_not_undo_what_another_process_wrote_meanwhile(
    catalog: Catalog, tmp_path: Path
) -> None:
    documents = {name: make(name, text) for name, text in PAGES.items()}
    new = make("0.txt", page(0, BANNER, "A line that the old text has not"))

    def replace() -> None:
        Ingester(Catalog(catalog.path), FakeEmbedder()).put(new)

    first = Ingester(catalog, FakeEmbedder())
    for document in documents.values():
        first.put(document)
    # The refresh has read the bridge's document, and is about to write it, divided anew.
    Ingester(catalog, MeddlingEmbedder("bridge", replace)).refresh()
    assert contents(catalog.path)["0.txt"].text == new.text
    Ingester(catalog, FakeEmbedder()).refresh()
    wanted = from_scratch(tmp_path / "all", [*documents.values(), new])
    assert contents(catalog.path) == wanted


def test_refresh_sees_to_what_another_process_makes_outdated_meanwhile(
    catalog: Catalog, tmp_path: Path
) -> None:
    documents = {name: make(name, text) for name, text in PAGES.items()}
    unlike = make("2.txt", page(2))

    def replace() -> None:
        # Two documents are left with the banner: it is debris no longer, once these are committed.
        Ingester(Catalog(catalog.path), FakeEmbedder()).put(unlike)

    first = Ingester(catalog, FakeEmbedder())
    for document in documents.values():
        first.put(document)
    Ingester(catalog, MeddlingEmbedder("library", replace)).refresh()
    wanted = from_scratch(tmp_path / "all", [*documents.values(), unlike])
    assert contents(catalog.path) == wanted
    assert excluded_texts(catalog)["0.txt"] == []


def test_document_that_another_process_erases_stays_erased(
    catalog: Catalog, tmp_path: Path
) -> None:
    documents = {name: make(name, text) for name, text in PAGES.items()}

    def erase() -> None:
        Ingester(Catalog(catalog.path), FakeEmbedder()).remove("0.txt")
        Ingester(Catalog(catalog.path), FakeEmbedder()).remove("1.txt")

    first = Ingester(catalog, FakeEmbedder())
    for document in documents.values():
        first.put(document)
    # The refresh has read the first of these, and knows that the second is outdated too.
    Ingester(catalog, MeddlingEmbedder("bridge", erase)).refresh()
    left = [documents[name] for name in ("2.txt", "3.txt")]
    assert contents(catalog.path) == from_scratch(tmp_path / "all", left)


def test_removed_document_leaves_nothing_and_what_is_left_equals_a_rebuild(
    catalog: Catalog, tmp_path: Path
) -> None:
    ingester = Ingester(catalog, FakeEmbedder())
    for name, text in PAGES.items():
        ingester.put(make(name, text))
    ingester.put(make("1.txt", page(1, "Its second revision")))
    assert ingester.remove("1.txt")
    assert not ingester.remove("1.txt")
    ingester.refresh()
    left = [make(name, PAGES[name]) for name in ("0.txt", "2.txt", "3.txt")]
    assert contents(catalog.path) == from_scratch(tmp_path / "all", left)
    catalog.close()
    assert b"A library in the old town" not in catalog.path.read_bytes()


def test_new_title_in_the_sidecar_embeds_the_same_revision_anew(
    catalog: Catalog, tmp_path: Path
) -> None:
    files = write(tmp_path / "files", {"a.txt": PROSE[0]})
    index_files(catalog, files)
    before = contents(catalog.path)["a.txt"]
    (files / "a.txt.meta.json").write_text(json.dumps({"title": "Zebras, Xylophones"}))
    report = index_files(catalog, files)
    after = contents(catalog.path)["a.txt"]
    assert (report.added, report.replaced) == ([], ["a.txt"])
    assert (after.revision, after.text) == (before.revision, before.text)
    assert after.title == "Zebras, Xylophones" != before.title
    wanted = FakeEmbedder().embed(
        [f"Zebras, Xylophones\n{after.text[start:end]}" for start, end, _ in after.passages]
    )
    assert after.vectors == wanted.astype(np.float16).tobytes() != before.vectors
    with catalog.snapshot() as snapshot:
        assert snapshot.summary("a.txt").revisions == 1
    assert index_files(catalog, files).unchanged == ["a.txt"]


def test_failing_embedder_stops_the_run_and_keeps_what_was_committed(
    catalog: Catalog, tmp_path: Path
) -> None:
    def fail() -> None:
        raise MemoryError("no room for a batch")

    files = write(tmp_path / "files", PAGES)
    with pytest.raises(MemoryError):
        index_files(catalog, files, embedder=MeddlingEmbedder("Farmers", fail))
    assert sorted(contents(catalog.path)) == ["0.txt", "1.txt"]
    assert index_files(catalog, files).unchanged == ["0.txt", "1.txt"]
    assert sorted(contents(catalog.path)) == sorted(PAGES)
