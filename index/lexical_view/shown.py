"""What a lexical view shows: one commit of its index, and searches of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tantivy import DocAddress, Occur, Query, Searcher

from index.filters import Filters
from index.lexical_view.files import Commit, Identity, identity
from index.lexical_view.index import Weights, among, within, words_query
from index.types import State

MOST_TIED = 300
"""Passages fetched beyond the limit at most, to see which of equal ones come first."""

_DIGITS = 4
"""Decimals of a score. A sum's last bits depend on the order that tantivy adds in."""

Ids = npt.NDArray[np.int64]
ScoreArray = npt.NDArray[np.float32]


class Ranked(NamedTuple):
    """What a search found, best first; equal scores in order of id.

    Attributes:
        ids: Passage ids, shape (n,).
        scores: Their BM25 with the query, shape (n,), above 0.
        generation: The catalog's generation whose passages were searched; -1 before there is one.
    """

    ids: Ids
    scores: ScoreArray
    generation: int

    @classmethod
    def empty(cls, generation: int) -> Ranked:
        """Nothing found."""
        return cls(np.empty(0, np.int64), np.empty(0, np.float32), generation)


@dataclass(frozen=True, slots=True)
class Shown:
    """One commit of the index, never changed; its methods are as `LexicalView`'s.

    Attributes:
        commit: Which.
        searcher: Holds its files mapped into memory.
        state: The catalog's state that it shows.
        files: The files, as they were when they were found whole.
    """

    commit: Commit
    searcher: Searcher
    state: State
    files: Mapping[Path, Identity]

    def is_intact(self) -> bool:
        """Whether none of the files was written to since; one that was removed is still mapped.

        Tantivy reads what is mapped without looking: past the end of a file that was cut short,
        the system kills the process; and a panic in one of tantivy's threads ends it, too.
        """
        for file, known in self.files.items():
            now = identity(file)
            if now is not None and now.inode == known.inode and now != known:
                return False
        return True

    def search(self, text: str, limit: int, filters: Filters | None, weights: Weights) -> Ranked:
        """Passages that share a word with a query."""
        query = words_query(text, self.searcher, weights)
        if query is None or limit < 1:
            return Ranked.empty(self.state.generation)
        if filters:
            clauses = [query, *within(filters)]
            query = Query.boolean_query([(Occur.Must, clause) for clause in clauses])
        most = max(1, min(limit + MOST_TIED, self.searcher.num_docs))
        asked = min(limit + 1, most)
        while True:
            hits = self.searcher.search(query, asked, count=False).hits
            ids, scores = self._resolve(hits)
            order = np.lexsort((ids, -scores))[:limit]
            # Tantivy may hold back passages that equal the last one and have lower ids.
            if len(hits) < asked or asked == most or scores[order[-1]] > scores.min():
                return Ranked(ids[order], scores[order], self.state.generation)
            asked = most

    def scores(self, text: str, ids: Ids, weights: Weights) -> ScoreArray:
        """BM25 of a query and certain passages."""
        query = words_query(text, self.searcher, weights)
        if query is None or not ids.size:
            return np.zeros(len(ids), dtype=np.float32)
        named = Query.boolean_query([(Occur.Must, query), (Occur.Must, among(ids.tolist()))])
        found, scores = self._resolve(self.searcher.search(named, len(ids), count=False).hits)
        by_id = dict(zip(found.tolist(), scores.tolist(), strict=True))
        return np.array([by_id.get(i, 0.0) for i in ids.tolist()], dtype=np.float32)

    def ids(self) -> Ids:
        """Ids of all passages, ascending."""
        most = max(1, self.searcher.num_docs)
        hits = self.searcher.search(Query.all_query(), most, count=False).hits
        values = self.searcher.fast_field_values("passage", [address for _, address in hits])
        # The state's document has none.
        return np.sort(np.array([v for v in values if v is not None], dtype=np.int64))

    def _resolve(self, hits: list[tuple[float, DocAddress]]) -> tuple[Ids, ScoreArray]:
        """Passage ids and scores of hits."""
        ids = self.searcher.fast_field_values("passage", [address for _, address in hits])
        return (
            np.array(ids, dtype=np.int64),
            np.array([score for score, _ in hits], dtype=np.float32).round(_DIGITS),
        )
