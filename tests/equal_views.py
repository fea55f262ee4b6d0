"""Whether a collection's search finds what its catalog holds: all of it, and nothing else.

The catalog is read without the code under test; by words, the truth is a view made from nothing.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from fakes import FakeEmbedder
from other_embedder import OtherEmbedder
from reference import TOLERANCE, check_nearest, contents, scores, vectors
from view_files import is_written_at_once

from index.catalog import Catalog
from index.feed import Feed
from index.filters import Filters
from index.lexical import LexicalView
from index.search import Searcher
from index.upkeep import catch_up

EVERYTHING = 1_000


def embedder_of(catalog: Catalog) -> FakeEmbedder:
    """The fake embedder that a catalog's vectors were made with."""
    with catalog.snapshot() as snapshot:
        model_id = snapshot.embedder()
    return OtherEmbedder() if model_id == OtherEmbedder.model_id else FakeEmbedder()


def check_views(catalog: Catalog, queries: tuple[str, ...]) -> None:
    """See that search, opened now and brought up to date, equals the catalog; save its views."""
    embedder = embedder_of(catalog)
    searcher = Searcher(catalog, catalog.path.parent, embedder)
    catch_up(catalog, searcher)
    # Tantivy's threads may still be tidying up when it is removed.
    scratch_folder = TemporaryDirectory(ignore_cleanup_errors=True)
    with catalog.snapshot() as snapshot, scratch_folder as scratch:
        feed = Feed(snapshot, embedder.model_id)
        assert searcher.vectors.state == searcher.lexical.state == feed.state()
        fresh = LexicalView(Path(scratch), embedder=embedder.model_id)
        assert fresh.catch_up(feed)
        _check_words(searcher, fresh, catalog, queries)
        fresh.close()
    _check_vectors(searcher, catalog, embedder, queries)
    for query in queries:
        _check_hits(searcher, catalog, embedder, query)
    searcher.vectors.merge()
    searcher.close()


def _check_vectors(
    searcher: Searcher, catalog: Catalog, embedder: FakeEmbedder, queries: tuple[str, ...]
) -> None:
    truth = vectors(catalog.path)
    ids, matrix = searcher.vectors.vectors()
    assert ids.tolist() == list(truth)
    assert matrix.tobytes() == b"".join(vector.tobytes() for vector in truth.values())
    some = frozenset(sorted(contents(catalog.path))[::2])
    for vector in embedder.embed(queries):
        for limit in (1, 5, EVERYTHING):
            found = searcher.vectors.search(vector, limit)
            check_nearest(_pairs(found.ids, found.scores), catalog.path, vector, limit)
            if some:
                found = searcher.vectors.search(vector, limit, Filters(document_ids=some))
                check_nearest(_pairs(found.ids, found.scores), catalog.path, vector, limit, some)


def _check_words(
    searcher: Searcher, fresh: LexicalView, catalog: Catalog, queries: tuple[str, ...]
) -> None:
    assert searcher.lexical.ids().tolist() == fresh.ids().tolist() == list(vectors(catalog.path))
    at_once = is_written_at_once(catalog.path.parent, len(fresh.ids()))
    for query in queries:
        one, other = (view.search(query, EVERYTHING) for view in (searcher.lexical, fresh))
        assert set(one.ids.tolist()) == set(other.ids.tolist())
        if at_once:
            assert _pairs(one.ids, one.scores) == _pairs(other.ids, other.scores)


def _check_hits(searcher: Searcher, catalog: Catalog, embedder: FakeEmbedder, query: str) -> None:
    held = contents(catalog.path)
    similarities = scores(catalog.path, embedder.embed([query])[0])
    hits = searcher.search(query, EVERYTHING).hits
    assert sorted(hit.passage_id for hit in hits) == list(similarities)
    for hit in hits:
        content = held[hit.document_id]
        assert (hit.revision, hit.title) == (content.revision, content.title)
        assert hit.text == content.text[hit.start : hit.end]
        assert (hit.start, hit.end) in {(start, end) for start, end, _ in content.passages}
        assert abs(hit.similarity - similarities[hit.passage_id]) < TOLERANCE


def _pairs(ids: np.ndarray, found: np.ndarray) -> list[tuple[int, float]]:
    return list(zip(ids.tolist(), found.tolist(), strict=True))
