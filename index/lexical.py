"""A view of the catalog's passages that finds them by their words: BM25, by tantivy.

What the index shows, it says itself: a document with the catalog's state is replaced in each
commit, so that a process that dies at any moment leaves an index of an earlier state. What is shown
is one immutable object that each change replaces; a search takes it as it is when it begins, and
waits for nobody. The view is never trusted: what it finds is looked up in the catalog.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tantivy import IndexWriter

from index.errors import UnwritableCatalog
from index.faults import reach
from index.feed import Feed
from index.filters import Filters
from index.lexical_view.files import (
    Commit,
    new_index_folder,
    remove_leftovers,
    writing_alone,
)
from index.lexical_view.index import (
    FORMAT,
    STATE_TERM,
    Weights,
    open_index,
    passage_documents,
    state_document,
)
from index.lexical_view.opening import Opener
from index.lexical_view.shown import Ranked, Shown
from index.types import IdRange, State

__all__ = ["LexicalView", "Ranked", "Weights"]

_HEAP_BYTES = 50_000_000
"""What the writer gathers before it writes a segment."""

_WORN_AT = 1_000
"""Deleted documents above which an index that holds more of them than others is made anew.

Tantivy merges eight segments of like size; a large one may keep its deleted documents for long.
"""


class LexicalView:
    """Passages of a collection by the words that they share with a query.

    Any number of threads may search while one catches up, and so may other processes.

    Args:
        folder: The view's own folder; it need not exist.
        embedder: Model id of the embedder whose passages are searched.
        weights: What each kind of match counts.
    """

    def __init__(self, folder: Path, *, embedder: str, weights: Weights | None = None) -> None:
        self._folder = folder
        self._embedder = embedder
        self._weights = weights or Weights()
        self._changing = threading.RLock()
        self._shown: Shown | None = None
        self._opener = Opener(folder, embedder)
        self._doubted: State | None = None
        self._is_being_made = False

    @property
    def state(self) -> State | None:
        """The state of the catalog that it shows; None before there is one."""
        shown = self._shown
        return None if shown is None else shown.state

    @property
    def is_being_made(self) -> bool:
        """Whether an index is being made from nothing, whatever is shown meanwhile."""
        return self._is_being_made

    def search(self, query: str, limit: int, filters: Filters | None = None) -> Ranked:
        """Passages that share a word with a query, best first.

        Nothing is shown any more, and found, once a file of the index was changed in place.

        Args:
            query: Any text; nothing in it is query syntax.
            limit: How many passages at most. Equal ones are in order of id; if more than
                `MOST_TIED` equal the last, that may not be the one of the lowest id.
            filters: Which documents may be found; decided before the search, and never in a score.
        """
        shown = self._intact()
        if shown is None:
            return Ranked.empty(-1)
        return shown.search(query, limit, filters, self._weights)

    def scores(self, query: str, ids: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """BM25 of a query and each of certain passages, as `search` has it.

        Args:
            query: Any text.
            ids: Passage ids, shape (n,).

        Returns:
            Shape (n,); 0 for a passage that shares no word with the query, or that isn't shown.
        """
        shown = self._shown
        wanted = np.asarray(ids, dtype=np.int64)
        if shown is None:
            return np.zeros(len(wanted), dtype=np.float32)
        return shown.scores(query, wanted, self._weights)

    def ids(self) -> npt.NDArray[np.int64]:
        """Ids of all passages that are shown, ascending."""
        shown = self._shown
        return np.empty(0, dtype=np.int64) if shown is None else shown.ids()

    def _intact(self) -> Shown | None:
        """What is shown, which is nothing once its files were changed in place."""
        shown = self._shown
        if shown is None or shown.is_intact():
            return shown
        if self._shown is shown:
            self._shown = None
        return None

    def close(self) -> None:
        """Let go of the files; nothing is shown any more."""
        self._shown = None

    def refresh(self, feed: Feed) -> bool:
        """Show the newest commit on disk, whichever process made it, if the catalog includes it.

        Returns:
            Whether something else is shown than before.
        """
        with self._changing:
            on_disk = self._opener.on_disk(self._intact())
            known = [shown for shown in on_disk if feed.includes(shown.state)]
            if not known:
                return False
            before, self._shown = self._shown, max(known, key=lambda s: s.state.generation)
            return before is not self._shown

    def catch_up(self, feed: Feed) -> bool:
        """Bring the index to the feed's state, in one commit, and show it.

        Replays what changed since the commit on disk, or makes the index anew if that one is
        missing, damaged, foreign, or too old.

        Returns:
            False if nothing was done: another process is at it, or has brought the index further
            than the feed goes; a newer feed may include that.

        Raises:
            UnwritableCatalog: The folder is read-only, or the disk full; what was shown still is.
        """
        if not self._changing.acquire(blocking=False):
            return False
        try:
            with _clear_errors(self._folder), writing_alone(self._folder) as alone:
                return alone and self._catch_up(feed)
        finally:
            self._changing.release()

    def _catch_up(self, feed: Feed) -> bool:
        self.refresh(feed)
        state = feed.state()
        shown = self._shown
        on_disk = list(self._opener.on_disk(shown))
        if shown not in on_disk or not feed.includes(shown.state):
            for other in on_disk:
                if _is_ahead(other.state, state) and other.state != self._doubted:
                    # Asked again with a newer feed, it isn't ahead but of another history.
                    self._doubted = other.state
                    return False
            self._rebuild(feed, state)
        elif shown.state != state:
            if _is_worn(shown.commit):
                self._rebuild(feed, state)
            else:
                self._replay(feed, shown, state)
        if self._shown is not None:
            remove_leftovers(self._folder, but=self._shown.commit.folder)
        return True

    def _rebuild(self, feed: Feed, state: State) -> None:
        folder = new_index_folder(self._folder)
        self._is_being_made = True
        try:
            open_index(folder, create=True)
            self._write(feed, folder, state, (), None)
        except BaseException:
            # What was committed is shown, and whole, whatever came after.
            if self._shown is None or self._shown.commit.folder != folder:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        finally:
            self._is_being_made = False

    def _replay(self, feed: Feed, shown: Shown, state: State) -> None:
        changes = feed.changes(shown.state.generation)
        if not all(change.document_id for change in changes):
            # A change of no document is one of all of them: embedders were changed there and back.
            self._rebuild(feed, state)
            return
        removed = [change.removed for change in changes if change.removed is not None]
        added = [change.added for change in changes if change.added is not None]
        try:
            self._write(feed, shown.commit.folder, state, removed, added)
        except ValueError:
            # It may have been damaged since it was opened; else it will fail again.
            if not self._opener.is_damaged(shown.commit):
                raise
            self._rebuild(feed, state)

    def _write(
        self,
        feed: Feed,
        folder: Path,
        state: State,
        removed: Iterable[IdRange],
        added: list[IdRange] | None,
    ) -> None:
        with _writer(folder) as writer:
            for ids in removed:
                writer.delete_documents_by_term("range", ids.first)
            for fed in feed.documents(added):
                for document in passage_documents(fed):
                    writer.add_document(document)
            writer.delete_documents_by_term(*STATE_TERM)
            writer.add_document(
                state_document(
                    json.dumps({"format": FORMAT, "embedder": self._embedder, **asdict(state)})
                )
            )
            reach("lexical.added")
            writer.commit()
            reach("lexical.committed")
            # Shown before tantivy has merged segments, which may take long.
            self.refresh(feed)
        reach("lexical.merged")
        self.refresh(feed)


@contextmanager
def _writer(folder: Path) -> Iterator[IndexWriter]:
    """Lends the index's one writer; what isn't committed is dropped, and merges are waited for."""
    writer = open_index(folder).writer(_HEAP_BYTES, 1)
    try:
        yield writer
    except BaseException:
        # Not left to the garbage collector: the error's traceback would keep tantivy's lock.
        with suppress(ValueError):
            writer.rollback()
        with suppress(ValueError):
            writer.wait_merging_threads()
        raise
    writer.wait_merging_threads()


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    """Turn errors of tantivy, and of files, into designed ones."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise UnwritableCatalog(
            f"The lexical index {folder} can't be written: {error}.",
            "Make its folder writable and see that the disk has room; the catalog is not affected.",
        ) from error


def _is_ahead(state: State, of: State) -> bool:
    """Whether it may be a later state of the same catalog."""
    return state.catalog_id == of.catalog_id and state.generation > of.generation


def _is_worn(commit: Commit) -> bool:
    deleted, documents = commit.deleted()
    return deleted > _WORN_AT and 2 * deleted > documents
