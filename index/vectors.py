"""A view of the catalog's vectors that finds the nearest ones, live.

It is a *base* that is kept in a file, the *delta* of passages that came since, and which of both
still stand. All of it is one immutable object that each change replaces: a search takes what is
shown when it begins, and waits for nobody. The view is never trusted: what it finds is looked up
in the catalog.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.feed import Feed
from index.filters import Filters
from index.stopping import Check, go_on
from index.types import State
from index.vector_view.base import Base
from index.vector_view.delta import Delta
from index.vector_view.file import Made, read_view, write_view
from index.vector_view.reading import base_of, read_vectors
from index.vector_view.shown import Nearest, Part, Shown, whole

__all__ = ["EXACT_UP_TO", "Nearest", "VectorView"]

EXACT_UP_TO = 30_000
"""Vectors that are searched one by one, without lists."""

_MERGED_AT_SHARE = 0.1
_MERGED_AT_ROWS = 1_000
"""A base is made anew when more than this share of it, and more than so many rows, changed."""


class VectorView:
    """Nearest passages of a collection by inner product.

    Any number of threads may search while one catches up and one merges.

    Args:
        path: The view's own file; it need not exist.
        embedder: Model id of the vectors to use.
        dimension: Their length.
        exact_up_to: Up to how many vectors every search is exact.
    """

    def __init__(
        self, path: Path, *, embedder: str, dimension: int, exact_up_to: int = EXACT_UP_TO
    ) -> None:
        self._path = path
        self._made = Made(embedder, dimension)
        self._exact_up_to = exact_up_to
        self._changing = threading.Lock()
        self._merging = threading.Lock()
        self._shown: Shown | None = None
        self._delta = Delta(dimension)
        self._saved: State | None = None
        self._is_unsaved = False

    @property
    def state(self) -> State | None:
        """The state of the catalog that it shows; None before there is one."""
        shown = self._shown
        return None if shown is None else shown.state

    @property
    def is_ready(self) -> bool:
        """Whether it shows something, and as fast as it can be; a merge may be needed for that."""
        shown = self._shown
        return shown is not None and not (
            shown.is_made_anew and len(shown.base.segment.ids) > self._exact_up_to
        )

    @property
    def wants_merge(self) -> bool:
        """Whether a merge would make the next searches, or the next start, faster."""
        shown = self._shown
        if shown is None:
            return False
        if self._is_unsaved and shown.state != self._saved:
            return True
        if shown.is_made_anew and len(shown) >= _MERGED_AT_ROWS:
            return True
        rows = len(shown.base.alive)
        return shown.changed > max(_MERGED_AT_ROWS, rows * _MERGED_AT_SHARE)

    def __len__(self) -> int:
        shown = self._shown
        return 0 if shown is None else len(shown)

    def open(self, feed: Feed) -> None:
        """Take over what the file holds, if it can be used, and catch up.

        Args:
            feed: The catalog's present state.

        Raises:
            DamagedCatalog: See `Feed.vectors`.
        """
        with self._changing:
            read = read_view(self._path, self._made, feed.includes)
            if read is not None:
                state, sections = read
                # Else another version of FAISS wrote it.
                with suppress(RuntimeError, ValueError):
                    self._show(state, Base.from_sections(sections), is_made_anew=False)
                    self._saved = state
        self.catch_up(feed)

    def catch_up(self, feed: Feed, *, wait: bool = True, before: State | None = None) -> bool:
        """Show a later state of the catalog; a state that is earlier than what is shown is not.

        Args:
            feed: That state.
            wait: Wait while another thread is at it.
            before: What was shown before the feed was taken. The feed is not earlier than that;
                if it counts fewer writes, the catalog was replaced by an older copy.

        Returns:
            Whether the view shows that state, or a later one; false if it didn't wait.

        Raises:
            DamagedCatalog: See `Feed.vectors`; the view stays as it was.
        """
        state = feed.state()
        if self._is_at(state, before):
            return True
        if not self._changing.acquire(blocking=wait):
            return False
        try:
            if not self._is_at(state, before):
                self._follow(feed, state)
        finally:
            self._changing.release()
        return True

    def _is_at(self, state: State, before: State | None) -> bool:
        """Whether a state, or a later one, is shown."""
        shown = self.state
        return shown is not None and (
            shown == state
            or (
                shown.catalog_id == state.catalog_id
                and shown.generation > state.generation
                and shown != before
            )
        )

    def _follow(self, feed: Feed, state: State) -> None:
        shown = self._shown
        if shown is None or not feed.includes(shown.state):
            self._read_all(feed, state)
            return
        changes = feed.changes(shown.state.generation)
        added = [change.added for change in changes if change.added]
        # A change of no document is one of all of them: another embedder's passages were adopted.
        all_changed = any(not change.document_id for change in changes)
        # The delta takes twice the memory of a base.
        too_many = sum(ids.end - ids.first for ids in added) > max(len(shown), self._exact_up_to)
        if all_changed or too_many:
            self._read_all(feed, state)
            return
        fed = read_vectors(feed, added, self._made.dimension)
        removed = [change.removed for change in changes if change.removed]
        before = shown.delta.without(removed).alive
        for document, vectors in fed:
            self._delta.append(np.arange(*document.ids), document.facts, vectors)
        rows = self._delta.rows()
        alive = np.ones(len(rows.ids), dtype=np.bool_)
        alive[: len(before)] = before
        base = shown.base.without(removed) if removed else shown.base
        self._shown = Shown(state, base, Part(rows, alive), shown.is_made_anew)

    def _read_all(self, feed: Feed, state: State) -> None:
        """Show a base of one list with all that there is."""
        dimension = self._made.dimension
        base = base_of(read_vectors(feed, None, dimension), dimension)
        self._show(state, base, is_made_anew=True)

    def _show(self, state: State, base: Base, *, is_made_anew: bool) -> None:
        """Show a base and nothing else."""
        self._delta = Delta(self._made.dimension)
        self._shown = Shown(state, whole(base), whole(self._delta.rows()), is_made_anew)

    def search(
        self, query: npt.NDArray[np.float32], limit: int, filters: Filters | None = None
    ) -> Nearest:
        """The passages nearest to a query.

        Args:
            query: Shape (dimension,), of unit length.
            limit: How many at most; never fewer than there are. Equal ones are in order of id; if
                more than `MOST_TIED` equal the last, that may not be the one of the lowest id.
            filters: Which documents may be found.

        Raises:
            RuntimeError: The view shows nothing yet.
        """
        return self._showing().nearest(query, limit, filters)

    def similarities(
        self, query: npt.NDArray[np.float32], ids: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.float32]:
        """Inner products of a query with passages, as `search` gives them.

        Args:
            query: Shape (dimension,), of unit length.
            ids: Passage ids, shape (n,).

        Returns:
            Shape (n,); nan for passages that the view doesn't hold.

        Raises:
            RuntimeError: The view shows nothing yet.
        """
        return self._showing().similarities(query, ids)

    def vectors(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float16]]:
        """All that it shows: passage ids, ascending, and their vectors, a row each.

        Raises:
            RuntimeError: The view shows nothing yet.
        """
        return self._showing().vectors()

    def _showing(self) -> Shown:
        if self._shown is None:
            raise RuntimeError("The view shows nothing before its first catch_up.")
        return self._shown

    def merge(self, check: Check = go_on) -> bool:
        """Make a new base of all that is shown, and write the view's file.

        Searches and `catch_up` go on meanwhile; what changes meanwhile is in the delta afterwards.

        Args:
            check: Called between parts of the work; what it raises leaves all as it was.

        Returns:
            Whether the file was written: not if it shows the same already.

        Raises:
            UnwritableCatalog: The file can't be written; the new base is shown all the same.
        """
        with self._merging:
            shown = self._shown
            if shown is None or shown.state == self._saved:
                return False
            base = shown.merged(self._exact_up_to, check)
            check()
            with self._changing:
                if not self._replace_base(shown, base):
                    return False
            self._is_unsaved = True
            write_view(self._path, shown.state, self._made, base.to_sections())
            self._saved, self._is_unsaved = shown.state, False
            return True

    def _replace_base(self, merged: Shown, base: Base) -> bool:
        """Show a base that what was shown before was merged into; false if it was read anew."""
        current = self._shown
        if current is None or current.base.segment is not merged.base.segment:
            return False
        part, later = current.rebased(merged, base)
        self._delta = Delta(self._made.dimension)
        for document in current.delta.segment.by_document(later):
            self._delta.append(*document)
        rows = self._delta.rows()
        self._shown = Shown(current.state, part, whole(rows), is_made_anew=False)
        return True
