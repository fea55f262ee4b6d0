"""`.pinciteignore`: which files of a folder stay out, in gitignore's syntax."""

from __future__ import annotations

from pathlib import Path

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore import GitIgnorePatternError

from index.errors import InvalidMetadata
from index.text.reading import display_name, read_bounded

IGNORE_FILE = ".pinciteignore"

_MAX_BYTES = 1_048_576


class IgnoreRules:
    """The rules that hold in a folder: its own and those of the folders above it."""

    def __init__(self, layers: tuple[tuple[str, GitIgnoreSpec], ...] = ()) -> None:
        self._layers = layers

    def within(self, folder: Path, relative: str) -> IgnoreRules:
        """These rules and those of the ignore file in `folder`.

        Args:
            folder: Holds an ignore file.
            relative: The folder's path from the top with a `/` at its end, or the empty string.

        Raises:
            InvalidMetadata: If the file can't be understood. Nothing of the folder may go in
                then, since what was to stay out isn't known.
            UnreadableDocument: If it can't be read.
        """
        path = folder / IGNORE_FILE
        try:
            lines = read_bounded(path, _MAX_BYTES).decode("utf-8-sig").splitlines()
            spec = GitIgnoreSpec.from_lines(lines)
        except (UnicodeDecodeError, GitIgnorePatternError) as error:
            raise InvalidMetadata(
                f"{display_name(path)!r} can't be understood: {error}.",
                "Correct it; until then nothing of its folder goes in.",
            ) from error
        return IgnoreRules((*self._layers, (relative, spec)))

    def ignores(self, relative: str, *, is_folder: bool) -> bool:
        """Whether a path stays out; the nearest folder's last matching rule decides.

        Args:
            relative: Path from the top, without a `/` at its end.
            is_folder: Whether rules that end in `/` apply.
        """
        for prefix, spec in reversed(self._layers):
            inside = relative.removeprefix(prefix) + ("/" if is_folder else "")
            verdict = spec.check_file(inside).include
            if verdict is not None:
                return verdict
        return False
