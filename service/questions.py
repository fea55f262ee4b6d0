"""Questions with gold answers: the records that question files are read into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FaultKind = Literal[
    "malformed",
    "truncated",
    "encoding",
    "empty_context",
    "empty_question",
    "empty_answer",
    "duplicate_id",
    "reused_id",
    "offset_mismatch",
    "contradiction",
]
"""What can be wrong in a question file."""


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """An answer that people gave, and where it stands.

    Attributes:
        text: Its words, `context[start:start + len(text)]`, always.
        start: Offset in the context, in Unicode code points.
    """

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question and all its gold answers.

    Attributes:
        id: Unique within its file.
        answers: Empty if the context doesn't answer it.
    """

    id: str
    text: str
    answers: tuple[GoldAnswer, ...]

    @property
    def is_impossible(self) -> bool:
        """Whether the context doesn't answer it."""
        return not self.answers


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A context and what is asked of it.

    Attributes:
        source: The data set it comes from; the file's name if the file doesn't say.
        title: Its article's title; empty if there is none.
        questions: May be empty.
    """

    source: str
    title: str
    context: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in a question file, left out.

    Attributes:
        place: `file:line`, or the article's title and the paragraph's number, and the question.
        message: What is wrong, with the value.
    """

    kind: FaultKind
    place: str
    message: str

    def __str__(self) -> str:
        told = f"{self.place}: {self.message}"
        return f"{told}; copy or download the file again" if self.kind == "truncated" else told


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """What a file holds, and what was left out of it."""

    path: Path
    paragraphs: tuple[Paragraph, ...]
    faults: tuple[Fault, ...]

    @property
    def questions(self) -> Iterator[tuple[Paragraph, Question]]:
        """Every question with its paragraph, in the file's order."""
        return ((p, question) for p in self.paragraphs for question in p.questions)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out; a question kept under another id wasn't."""
        return all(fault.kind == "reused_id" for fault in self.faults)

    @property
    def fault_counts(self) -> dict[FaultKind, int]:
        """How many faults there are of each kind, most frequent first."""
        return dict(Counter(fault.kind for fault in self.faults).most_common())
