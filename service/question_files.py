"""Question files: paragraphs with questions and gold answers, in SQuAD's JSON or as JSON lines.

What is wrong in a file is named with its place and left out; the rest is read. A file of which most
is wrong is refused.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, cast

from service.errors import QuestionFileError
from service.question_json import (
    SQUAD_DATA,
    Malformed,
    articles,
    as_gold,
    as_list,
    as_object,
    as_text,
    described,
    has_bad_bytes,
    shortened,
    text_if_given,
)
from service.questions import (
    Fault,
    FaultKind,
    GoldAnswer,
    Paragraph,
    Question,
    QuestionFile,
)

_ENOUGH = 1_000
"""Bad questions after which reading stops if they are the most so far."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_FAULTS = (EOFError, zlib.error, gzip.BadGzipFile)
_JSON_FAULTS = (ValueError, RecursionError)
_LINE_LAYOUT = re.compile(r'"(?:context|qas)"\s*:')

_Identity = tuple[str, str, int]
"""Id and words of a question, and its context's hash: what makes two questions the same."""


def read_question_file(path: Path) -> QuestionFile:
    """Read a file of questions with their paragraphs and gold answers.

    Args:
        path: SQuAD's JSON, v1.1 or v2.0, or JSON lines as `scripts/README.md` describes them;
            plain or gzip. The content decides which, not the name.

    Returns:
        All that is sound, in the file's order, and each fault. An answer that doesn't stand at its
        offset is left out, and its question too if no other answer is left. A question that comes
        again after a sound one is left out; another one that reuses an id is kept as `id#2`, since
        published data sets do so. A damaged gzip stream's readable part is kept.

    Raises:
        QuestionFileError: It can't be opened, holds no sound question, or more questions are bad
            than sound.
    """
    return _read(path, {})


def read_question_files(paths: Iterable[Path]) -> list[QuestionFile]:
    """Read files that are asked together: a question of several of them counts once.

    Args:
        paths: The files, each as `read_question_file` reads it.

    Returns:
        What each holds, in order. A question that an earlier file holds, with the same id and
        context, is left out of a later one and named there; it doesn't make that file bad.

    Raises:
        QuestionFileError: As of `read_question_file`.
    """
    known: dict[_Identity, Path] = {}
    return [_read(path, known) for path in paths]


def _read(path: Path, known: dict[_Identity, Path]) -> QuestionFile:
    """Read a file without the questions known from others, and add its own to them."""
    reading = _Reading(path, known)
    try:
        with path.open("rb") as plain:
            if plain.peek(2).startswith(_GZIP_MAGIC):
                with gzip.open(plain) as unpacked:
                    reading.read(cast("IO[bytes]", unpacked))
            else:
                reading.read(plain)
    except OSError as error:
        raise QuestionFileError(
            f"{path} can't be read: {error.strerror or error}.", "Give the path of a readable file."
        ) from error
    file = reading.finish()
    known.update(dict.fromkeys(reading.kept, path))
    return file


class _Reading:
    """Keeps what is sound and notes what isn't."""

    def __init__(self, path: Path, known: Mapping[_Identity, Path]) -> None:
        self.kept: list[_Identity] = []
        self._path = path
        self._known = known
        self._paragraphs: list[Paragraph] = []
        self._faults: list[Fault] = []
        self._uses: Counter[str] = Counter()
        self._asked: set[_Identity] = set()
        self._sound = 0
        self._bad = 0

    def read(self, file: IO[bytes]) -> None:
        """Read a file's content, unpacked."""
        try:
            first: bytes = file.peek(1 << 16)  # type: ignore[attr-defined]
        except _GZIP_FAULTS as error:
            self._note_cut(self._path.name, error)
            return
        encoding = json.detect_encoding(first[:4])
        if not encoding.startswith("utf-8"):
            raise QuestionFileError(
                f"{self._path} is in {encoding[:6].upper()}.", "Save it in UTF-8."
            )
        head = first.decode(errors="replace")
        if SQUAD_DATA.search(head) or not (
            _LINE_LAYOUT.search(head) or ".jsonl" in self._path.suffixes
        ):
            self._read_squad(file)
        else:
            self._read_lines(file)

    def finish(self) -> QuestionFile:
        """Everything that was read; raises if that is nothing, or less than what was bad."""
        if self._bad > self._sound:
            self._refuse(f"Most of {self._path} is wrong")
        if not self._sound:
            self._refuse(f"{self._path} holds no question")
        return QuestionFile(self._path, tuple(self._paragraphs), tuple(self._faults))

    def _refuse(self, what: str) -> None:
        counts = Counter(fault.kind for fault in self._faults).most_common()
        if [kind for kind, _ in counts] == ["truncated"]:
            raise QuestionFileError(
                f"{what}, since {self._faults[0].message}.", "Copy or download the file again."
            )
        listed = ", ".join(f"{number:,} {kind}" for kind, number in counts)
        told = f" ({listed}; the first: {self._faults[0]})" if self._faults else ""
        raise QuestionFileError(
            f"{what}{told}.",
            "Give SQuAD's JSON or JSON lines as scripts/README.md describes them, in UTF-8, with "
            "offsets in code points.",
        )

    def _note(self, kind: FaultKind, place: str, message: str, *, bad: int = 0) -> None:
        self._faults.append(Fault(kind, place, message))
        self._bad += bad
        if self._bad >= _ENOUGH and self._bad > self._sound:
            self._refuse(f"Most of {self._path} is wrong, as far as it was read")

    def _note_cut(self, place: str, error: Exception) -> None:
        self._note("truncated", place, f"the gzip stream is damaged: {error}")

    def _read_lines(self, file: IO[bytes]) -> None:
        number = 0
        try:
            for number, line in enumerate(file, 1):
                if not line.isspace():
                    place = f"{self._path.name}:{number}"
                    # Bytes that are no UTF-8 become lone surrogates, found where they stand.
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")
                    try:
                        row = as_object(json.loads(text))
                        source = text_if_given(row, "source") or self._source()
                        self._add(row, source, text_if_given(row, "title"), place)
                    except _JSON_FAULTS as error:
                        self._note("malformed", place, described(error), bad=1)
        except _GZIP_FAULTS as error:
            self._note_cut(f"{self._path.name}:{number + 1}", error)

    def _read_squad(self, file: IO[bytes]) -> None:
        parts: list[bytes] = []
        whole = True
        try:
            while part := file.read1(1 << 20):  # type: ignore[attr-defined]
                parts.append(part)
        except _GZIP_FAULTS as error:
            whole = False
            self._note_cut(self._path.name, error)
        text = b"".join(parts).decode("utf-8-sig", "surrogateescape")
        if not text.strip():
            return
        try:
            for number, article in enumerate(articles(text), 1):
                self._add_article(article, f"{self._path.name}, article {number}")
        except _JSON_FAULTS as error:
            if whole:
                line = getattr(error, "lineno", 1)
                message = f"{described(error)}; nothing after it is read"
                self._note("malformed", f"{self._path.name}:{line}", message, bad=1)

    def _add_article(self, article: object, place: str) -> None:
        try:
            row = as_object(article)
            title = text_if_given(row, "title")
            paragraphs = as_list(row, "paragraphs")
        except Malformed as error:
            self._note("malformed", place, described(error), bad=1)
            return
        if title:
            place = f"{self._path.name}, {title!r}"
        for number, paragraph in enumerate(paragraphs, 1):
            at = f"{place}, paragraph {number}"
            try:
                self._add(as_object(paragraph), self._source(), title, at)
            except Malformed as error:
                self._note("malformed", at, described(error), bad=1)

    def _add(self, row: dict[str, Any], source: str, title: str, place: str) -> None:
        """Take a paragraph; raises `Malformed` if it isn't one."""
        context, asked = as_text(row.get("context"), "context"), as_list(row, "qas")
        lost = max(1, len(asked))
        if has_bad_bytes(source + title + context):
            told = "the source, title or context is not valid UTF-8"
            self._note("encoding", place, told, bad=lost)
        elif not context.strip():
            self._note("empty_context", place, "the context is empty", bad=lost)
        else:
            questions = tuple(
                question
                for number, entry in enumerate(asked, 1)
                if (question := self._question(entry, context, f"{place}, question {number}"))
            )
            self._sound += len(questions)
            self._paragraphs.append(Paragraph(source, title, context, questions))

    def _question(self, entry: object, context: str, place: str) -> Question | None:
        try:
            row = as_object(entry)
            name = row.get("id")
            if not isinstance(name, str | int):
                raise Malformed(f"'id' is {shortened(name)}, no string")
            place = f"{place.rpartition(' ')[0]} {str(name)!r}"
            text = as_text(row.get("question"), "question")
            impossible = row.get("is_impossible")
            given = [] if impossible is True and "answers" not in row else as_list(row, "answers")
            question = Question(str(name), text, tuple(as_gold(answer) for answer in given))
        except Malformed as error:
            self._note("malformed", place, described(error), bad=1)
            return None
        fault: tuple[FaultKind, str] | None = None
        if has_bad_bytes("".join([question.id, text, *(a.text for a in question.answers)])):
            fault = "encoding", "the question or an answer is not valid UTF-8"
        elif not text.strip():
            fault = "empty_question", "the question is empty"
        elif impossible is not None and bool(impossible) == bool(given):
            holds = "answers" if given else "no answers"
            fault = "contradiction", f"'is_impossible' is {impossible}, but it has {holds}"
        elif (identity := (question.id, text, hash(context))) in self._asked:
            fault = "duplicate_id", "this question has come before"
        if fault is not None:
            self._note(fault[0], place, fault[1], bad=1)
            return None
        if identity in self._known:
            self._asked.add(identity)
            before = self._known[identity]
            self._note("duplicate_id", place, f"this question has come before, in {before}")
            # Nothing is wrong with it: a second copy of a file isn't a bad file.
            self._sound += 1
            return None
        kept = self._with_answers(question, context, place)
        if kept is None:
            # Not asked: a sound one that comes again is still to be kept.
            return None
        self._asked.add(identity)
        self.kept.append(identity)
        return self._with_own_id(kept, place)

    def _with_own_id(self, question: Question, place: str) -> Question:
        """The question, under another id if another question has its."""
        own = question.id
        while self._uses[own]:
            own = f"{question.id}#{self._uses[question.id] + 1}"
            self._uses[question.id] += 1
        if own != question.id:
            self._note("reused_id", place, f"another question has this id; kept as {own!r}")
        self._uses[own] += 1
        return Question(own, question.text, question.answers)

    def _with_answers(self, question: Question, context: str, place: str) -> Question | None:
        """The question with those answers that stand at their offsets; None if none of them do."""
        kept: list[GoldAnswer] = []
        wrong: list[tuple[FaultKind, str]] = []
        for gold in question.answers:
            found = context[gold.start : gold.start + len(gold.text)] if gold.start >= 0 else ""
            if not gold.text.strip():
                wrong.append(("empty_answer", "an answer is empty"))
            elif found != gold.text:
                wrong.append(
                    ("offset_mismatch", f"{found!r} stands at {gold.start}, not {gold.text!r}")
                )
            else:
                kept.append(gold)
        lost = bool(wrong) and not kept
        for number, (kind, message) in enumerate(wrong):
            self._note(kind, place, message, bad=int(lost and number == 0))
        return None if lost else Question(question.id, question.text, tuple(kept))

    def _source(self) -> str:
        return self._path.name.partition(".")[0]
