"""Upkeep of a collection's views while it is served, in threads of its own.

One thread keeps the vectors at the catalog's state, one the words, and one merges: what takes one
of them long, or makes it fail, keeps none of the others waiting.
"""

from __future__ import annotations

from index.catalog import Catalog
from index.chore import Chore
from index.errors import PinciteError
from index.search import Searcher
from index.stopping import Check, go_on
from index.vector_view.base import work_alone

_ATTEMPTS = 3
"""How often the view of words is brought to the catalog's state in one go."""


class Upkeep:
    """Keeps the views of a collection near its catalog.

    Searches never wait for it: a view that is behind finds what it knows, and each hit is looked
    up in the catalog.

    Args:
        catalog: The truth.
        searcher: Holds the views.
    """

    def __init__(self, catalog: Catalog, searcher: Searcher) -> None:
        self._catalog = catalog
        self._searcher = searcher
        subject = f"Views of {catalog.path}"
        self._following = (
            Chore("vectors", subject, self._follow_vectors),
            Chore("words", subject, self._follow_words),
        )
        self._chores = (*self._following, Chore("merge", subject, self._merge))

    def start(self) -> None:
        """Begin; the threads end when `end` or `stop` is called."""
        for chore in self._chores:
            chore.start()

    def end(self) -> None:
        """Have the threads end soon, without waiting for that."""
        for chore in self._chores:
            chore.end()

    def stop(self) -> None:
        """End; what is half done is dropped."""
        self.end()
        for chore in self._chores:
            chore.join()

    @property
    def is_following(self) -> bool:
        """Whether nothing keeps the views from following the catalog."""
        return all(chore.problem is None for chore in self._following)

    @property
    def problem(self) -> PinciteError | None:
        """Why the views don't follow the catalog, or can't be kept; None if they are."""
        problems = (chore.problem for chore in self._chores)
        return next((problem for problem in problems if problem is not None), None)

    def _follow_vectors(self, check: Check) -> None:
        _follow_vectors(self._catalog, self._searcher, check)

    def _follow_words(self, check: Check) -> None:
        # The vectors' thread asks the catalog; this one needs to only if it is behind that.
        vectors, words = self._searcher.states()
        if words != vectors:
            _follow_words(self._catalog, self._searcher, check)

    def _merge(self, check: Check) -> None:
        work_alone()
        if self._searcher.vectors.wants_merge:
            self._searcher.vectors.merge(check)


def catch_up(catalog: Catalog, searcher: Searcher) -> None:
    """Bring both views to the catalog's present state.

    What another process is writing to the lexical one is taken over the next time.
    """
    _follow_vectors(catalog, searcher, go_on)
    _follow_words(catalog, searcher, go_on)


def _follow_vectors(catalog: Catalog, searcher: Searcher, check: Check) -> None:
    before = searcher.vectors.state
    with catalog.snapshot() as snapshot:
        searcher.vectors.catch_up(searcher.feed(snapshot, check), before=before)


def _follow_words(catalog: Catalog, searcher: Searcher, check: Check) -> None:
    words = searcher.lexical
    for _ in range(_ATTEMPTS):
        with catalog.snapshot() as snapshot:
            feed = searcher.feed(snapshot, check)
            present = feed.state()
            if words.state == present:
                return
            words.refresh(feed)
            if words.state != present:
                # What is ahead of this feed may be of another history: the next one tells.
                words.catch_up(feed)
        if words.state == present:
            return
