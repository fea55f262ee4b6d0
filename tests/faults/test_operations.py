"""A collection does what a plain model of it does, whatever is asked of it in whatever order."""

from __future__ import annotations

import random
import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from answer_checks import check_fused, check_hits, check_ranked, check_words
from collection_model import Model, WordSearch
from fakes import FakeEmbedder
from other_embedder import OtherEmbedder
from random_documents import NAMES, random_document, random_filters, random_query
from view_files import copy_views, harm, is_written_at_once, move_in

from index.backup import back_up
from index.catalog import Catalog
from index.checking import check_collection
from index.collection import CATALOG_FILE, Collection
from index.errors import ModelMismatch, UnknownDocument, UnknownRevision
from index.filters import Filters
from index.ingest import Ingester
from index.reindexing import reindex
from index.restoring import restore
from index.search import LEXICAL_FOLDER, VECTOR_FILE, Searcher
from index.upkeep import catch_up

EVERYTHING = 10_000
COURSES = 4
ENOUGH = 200
"""Operations of a course among which scores by words have been compared exactly."""


class Reader:
    """A process that searches: it opens the catalog by itself, and may be behind."""

    def __init__(self, path: Path, embedder: FakeEmbedder) -> None:
        self.catalog = Catalog(path)
        self.collection = Collection(self.catalog, embedder)
        self.is_current = True

    def catch_up(self) -> None:
        self.collection.catch_up()
        self.is_current = True

    def close(self) -> None:
        self.collection.close()
        self.catalog.close()


class Operations:
    """Does random things to a collection and to a model of it, and compares the two.

    Two readers search it as two processes do; a third searches by vectors and by words alone.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.chosen = random.Random(seed)
        self.root = root
        self.path = root / "collection" / CATALOG_FILE
        self.log: deque[str] = deque(maxlen=25)
        self.exact = 0
        self.model = Model()
        self.saved: Model | None = None
        self.words: WordSearch | None = None
        self.writer = Catalog(self.path, create=True)
        self.open()

    def open(self) -> None:
        embedder = self.model.embedder
        self.ingester = Ingester(self.writer, embedder)
        self.readers = [Reader(self.path, embedder) for _ in range(2)]
        self.sides = Searcher(self.writer, self.path.parent, embedder)

    def close(self) -> None:
        for reader in self.readers:
            reader.close()
        self.sides.close()

    def run(self, count: int) -> None:
        operations: dict[Callable[[], None], int] = {
            self.put: 36,
            self.remove: 8,
            self.search: 24,
            self.search_one_side: 12,
            self.catch_up: 6,
            self.save_views: 4,
            self.reopen: 4,
            self.cite: 4,
            self.harm_views: 3,
            self.keep_views: 1,
            self.check: 1,
            self.reindex: 1,
            self.back_up: 2,
            self.restore: 2,
        }
        for operation in self.chosen.choices([*operations], [*operations.values()], k=count):
            self.log.append(operation.__name__)
            operation()

    def say(self, *words: object) -> None:
        self.log[-1] = " ".join([self.log[-1], *map(str, words)])

    def put(self) -> None:
        name = self.chosen.choice(NAMES)
        document = random_document(self.chosen, name)
        known = self.model.documents.get(name)
        way = self.chosen.choice(["new", "new", "new", "same", "said anew", "older"])
        if known is not None and way == "same":
            document = known
        elif known is not None and way != "new":
            texts = [known.text] if way == "said anew" else [*self.model.revisions[name].values()]
            document = random_document(self.chosen, name, self.chosen.choice(texts))
        expected = "added" if known is None else "unchanged" if known == document else "replaced"
        self.say(repr(name), expected, repr(document.text[:40]))
        before = self.writer.generation()
        assert self.ingester.put(document) == expected
        self.ingester.refresh()
        self.model.put(document)
        self.follow(before, changed=expected != "unchanged")

    def remove(self) -> None:
        name = self.chosen.choice(NAMES)
        known = name in self.model.documents
        self.say(repr(name), "known" if known else "unknown")
        before = self.writer.generation()
        assert self.ingester.remove(name) == known
        self.ingester.refresh()
        self.model.remove(name)
        self.follow(before, changed=known)

    def follow(self, before: int, *, changed: bool) -> None:
        """See that the collection holds what the model does, and was written only if it must be."""
        assert self.model.follow(self.path) == changed
        assert (self.writer.generation() > before) == changed
        if changed:
            self.fall_behind()

    def fall_behind(self) -> None:
        self.words = None
        for reader in self.readers:
            reader.is_current = False

    def worded(self, query: str, filters: Filters | None) -> dict[int, float]:
        """BM25 of what shares a word with a query; filters never change a score."""
        self.words = self.words or WordSearch(self.model)
        rows = self.model.rows(filters)
        return {i: score for i, score in self.words.scores(query).items() if i in rows}

    def is_exact(self) -> bool:
        """Whether scores by words are those of a new index."""
        exact = is_written_at_once(self.path.parent, len(self.model.rows()))
        self.exact += exact
        return exact

    def search(self) -> None:
        reader = self.chosen.choice(self.readers)
        if self.chosen.random() < 0.4:
            reader.catch_up()
        query, filters = random_query(self.chosen), random_filters(self.chosen)
        limit = self.chosen.choice([1, 3, 10, 120])
        self.say(self.readers.index(reader), reader.is_current, repr(query), limit, filters)
        everything = reader.collection.search(query, EVERYTHING, filters)
        rows, similarities = self.model.rows(filters), self.model.similarities(query, filters)
        assert {hit.passage_id for hit in everything.hits} == set(rows)
        check_hits(everything.hits, rows, similarities)
        check_fused(everything.hits, everything.hits, EVERYTHING)
        found = {hit.passage_id: hit.lexical for hit in everything.hits if hit.lexical > 0}
        if reader.is_current:
            assert everything.generation == self.writer.generation()
            check_words(found, self.worded(query, filters), exact=self.is_exact())
        else:
            # What it doesn't know yet isn't found by words; what it did know means the same still.
            assert set(found) <= set(self.worded(query, filters))
        few = reader.collection.search(query, limit, filters).hits
        check_hits(few, rows, similarities)
        if reader.is_current or len(rows) < 100:
            check_fused(few, everything.hits, limit)

    def search_one_side(self) -> None:
        query, filters = random_query(self.chosen), random_filters(self.chosen)
        limit = self.chosen.choice([1, 3, 10, 120])
        self.say(repr(query), limit, filters)
        catch_up(self.writer, self.sides)
        [vector] = self.model.embedder.embed([query])
        near = self.sides.vectors.search(vector, limit, filters)
        found = dict(zip(near.ids.tolist(), near.scores.tolist(), strict=True))
        check_ranked(found, self.model.similarities(query, filters), limit)
        worded = self.sides.lexical.search(query, EVERYTHING, filters)
        found = dict(zip(worded.ids.tolist(), worded.scores.tolist(), strict=True))
        check_words(found, self.worded(query, filters), exact=self.is_exact())
        few = self.sides.lexical.search(query, limit, filters)
        assert few.ids.tolist() == worded.ids[:limit].tolist()
        assert few.scores.tolist() == worded.scores[:limit].tolist()
        assert self.sides.lexical.scores(query, worded.ids).tolist() == worded.scores.tolist()

    def catch_up(self) -> None:
        self.chosen.choice(self.readers).catch_up()

    def save_views(self) -> None:
        reader = self.chosen.choice(self.readers)
        reader.collection.save_views()
        reader.is_current = True

    def reopen(self) -> None:
        place = self.chosen.randrange(2)
        self.readers[place].close()
        self.readers[place] = Reader(self.path, self.model.embedder)

    def cite(self) -> None:
        name = self.chosen.choice(NAMES)
        collection = self.chosen.choice(self.readers).collection
        texts = self.model.revisions.get(name, {})
        for revision, text in texts.items():
            assert collection.stored_document(name, revision).document.text == text
        with pytest.raises(UnknownRevision if texts else UnknownDocument):
            collection.stored_document(name, f"sha256:{'0' * 64}")

    def keep_views(self) -> None:
        self.save_views()
        shutil.rmtree(self.root / "kept", ignore_errors=True)
        copy_views(self.path.parent, self.root / "kept")

    def harm_views(self) -> None:
        """What others do to the files while nobody has them open."""
        self.close()
        files = [self.path.parent / VECTOR_FILE]
        files += sorted((self.path.parent / LEXICAL_FOLDER).glob("*/*"))
        way = self.chosen.choice(["remove", "cut", "flip", "older"])
        if way == "older" and (self.root / "kept").exists():
            self.say("older")
            move_in(self.root / "kept", self.path.parent)
        for file in self.chosen.sample(files, min(2, len(files))) if way != "older" else ():
            self.say(way, file.name)
            harm(file, way, self.chosen)
        self.open()

    def check(self) -> None:
        self.save_views()
        assert check_collection(self.writer).findings == []

    def reindex(self) -> None:
        other = isinstance(self.model.embedder, OtherEmbedder)
        embedder = FakeEmbedder() if other else OtherEmbedder()
        before = self.writer.generation()
        report = reindex(self.writer, embedder)
        assert report.documents == report.embedded == len(self.model.documents)
        self.model.reindex(embedder)
        self.model.follow(self.path)
        assert self.writer.generation() > before
        self.change_embedder()

    def change_embedder(self) -> None:
        self.fall_behind()
        for reader in self.readers:
            with pytest.raises(ModelMismatch):
                reader.collection.search("ships", 5)
        self.close()
        self.open()

    def back_up(self) -> None:
        if self.model.documents:
            back_up(self.writer, self.root / "backup.sqlite", replace=True)
            self.saved = self.model.copy()

    def restore(self) -> None:
        if self.saved is None:
            return
        before, embedder = self.writer.generation(), self.model.embedder
        restore(self.root / "backup.sqlite", self.path, replace=True)
        self.model = self.saved.copy()
        assert not self.model.follow(self.path), "it gave new ids"
        assert self.writer.generation() > before
        self.fall_behind()
        if embedder.model_id != self.model.embedder.model_id:
            self.change_embedder()


@pytest.mark.parametrize("seed", range(COURSES))
def test_collection_does_what_its_model_does(
    tmp_path: Path, pytestconfig: pytest.Config, seed: int
) -> None:
    count = pytestconfig.getoption("operations") // COURSES
    operations = Operations(tmp_path, seed)
    try:
        operations.run(count)
        assert operations.exact > 0 or count < ENOUGH
    except Exception as error:
        log = "\n".join(operations.log)
        raise AssertionError(f"Seed {seed}; the last operations:\n{log}\n{error!r}") from error
    finally:
        operations.close()
        operations.writer.close()
