"""Opens the lexical indexes of a view's folder, those that are whole and can be used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from index.lexical_view.files import Commit, Identity, commits, identity, is_whole
from index.lexical_view.index import FORMAT, open_index, read_state
from index.lexical_view.shown import Shown
from index.types import State


class Opener:
    """Opens what is on disk; one thread at a time.

    Args:
        folder: The view's folder; it need not exist.
        embedder: Model id of the embedder whose passages must be in an index.
    """

    def __init__(self, folder: Path, embedder: str) -> None:
        self._folder = folder
        self._embedder = embedder
        self._whole: dict[Path, Identity] = {}

    def on_disk(self, shown: Shown | None) -> Iterator[Shown]:
        """What each usable index shows.

        Args:
            shown: What is open already; given again if it is what is on disk.
        """
        for commit in commits(self._folder):
            opened = self._open(commit, shown)
            if opened is not None:
                yield opened

    def is_damaged(self, commit: Commit) -> bool:
        """Whether a commit's files, all of them read again, can't be used."""
        self._whole.clear()
        return self._open(commit, None) is None

    def _open(self, commit: Commit, shown: Shown | None) -> Shown | None:
        """An index as it is now, if it can be read."""
        try:
            files = self._whole_files(commit)
            if files is None:
                return None
            if shown is not None and (shown.commit, shown.files) == (commit, files):
                return shown
            searcher = open_index(commit.folder).searcher()
            said = json.loads(read_state(searcher) or "{}")
            if (said.pop("format", None), said.pop("embedder", None)) != (FORMAT, self._embedder):
                return None
            return Shown(commit, searcher, State(**said), files)
        except (ValueError, TypeError, AttributeError, OSError):
            return None
        except BaseException as error:
            # What `meta.json` says of the files isn't covered by checksums.
            if type(error).__name__ == "PanicException":
                return None
            raise

    def _whole_files(self, commit: Commit) -> dict[Path, Identity] | None:
        """A commit's files, if all are whole; one is read if it isn't as it was found whole."""
        files: dict[Path, Identity] = {}
        for file in commit.files():
            now = identity(file)
            if now is None or (self._whole.get(file) != now and not is_whole(file)):
                return None
            files[file] = now
        others = {file: of for file, of in self._whole.items() if file.parent != commit.folder}
        self._whole = others | files
        return files
