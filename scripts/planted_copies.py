"""Copies and reports planted beside the sample documents: which of them raise an answer's support.

Each golden question that is answered rightly is asked of the articles alone; with a copy of each
article under another headline; with every two paragraphs of each inside another text; and with a
report that says the same in words of its own, if the question asks who did something. A copy must
not raise the answer's support, a report must.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import regex
from golden_questions import SEEDS, Judged, golden_questions
from tqdm import tqdm

from index.collection import CollectionStore
from index.filters import Filters
from service import wiring
from service.commands.indexing import index_paths
from service.settings import Settings
from service.types import Answer, AnswerSet

_COPY = "Another headline altogether\n\n{}"
_PART = """The harbour of Ostwick was enlarged between 1881 and 1894, when its eastern mole was
built of granite from the quarries at Hele. Fishing had declined by then, and most of the ships
that called there carried coal, timber and slate for the growing towns inland.

{}

The lighthouse keeper, a former sailor, kept a diary of the weather for thirty years. It is shown
in the museum beside the customs house, which opened in 1962 and has been free since 2004."""
_REPORT = """What our reporter was told

It took a week of calls before anybody would speak of it. {} {}. Three people, who asked not to be
named, say so."""

_WHO = regex.compile(r"Who (?!did|do|does)(?P<did>.*)\?")
"""Questions that become statements once the answer takes the place of "who"."""


class Raised(NamedTuple):
    """What raised the support of an answer; None if that wasn't planted."""

    by_copy: bool
    by_part: bool
    by_report: bool | None


def ask_with_planted(settings: Settings) -> list[Raised]:
    """Ask the golden questions of the sample documents, with and without what is planted.

    Args:
        settings: Which models; its data folder isn't used.
    """
    asked = [one for one in golden_questions() if one["kind"] == "answer"]
    with tempfile.TemporaryDirectory() as folder:
        placed = settings.model_copy(update={"data_dir": Path(folder) / "data"})
        articles = [path.name for path in sorted(SEEDS.glob("*.txt"))]
        texts = {name: (SEEDS / name).read_text(encoding="utf-8") for name in articles}
        copies = {f"copy of {name}": _COPY.format(text) for name, text in texts.items()}
        parts = {
            f"part {n} of {name}": _PART.format(part)
            for name, text in texts.items()
            for n, part in enumerate(two_by_two(text))
        }
        _index(placed, [SEEDS, _written(Path(folder) / "copies", copies | parts)])
        alone = _ask(placed, [(one["question"], articles) for one in asked])
        told = [
            (one, found.answers[0])
            for one, found in zip(asked, alone, strict=True)
            if found.answers and Judged(one, found).is_right(found.answers[0])
        ]
        reports = {
            f"report {one['id']}.txt": _REPORT.format(answer.answer, who["did"])
            for one, answer in told
            if (who := _WHO.fullmatch(one["question"]))
        }
        _index(placed, [_written(Path(folder) / "reports", reports)])
        own = [f"report {one['id']}.txt" for one, _ in told]
        raised = [
            [is_raised(found, answer) for found, (_, answer) in zip(answers, told, strict=True)]
            for answers in (
                _ask(placed, [(one["question"], [*articles, *copies]) for one, _ in told]),
                _ask(placed, [(one["question"], [*articles, *parts]) for one, _ in told]),
                _ask(
                    placed,
                    [
                        (one["question"], [*articles, report])
                        for (one, _), report in zip(told, own, strict=True)
                    ],
                ),
            )
        ]
    return [
        Raised(by_copy, by_part, by_report if report in reports else None)
        for by_copy, by_part, by_report, report in zip(*raised, own, strict=True)
    ]


def two_by_two(text: str) -> list[str]:
    """A text's paragraphs, two at a time, each with the one before it and the one after it."""
    paragraphs = [line for line in text.split("\n") if line.strip()]
    return ["\n\n".join(two) for two in pairwise(paragraphs)]


def _written(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _index(settings: Settings, paths: Sequence[Path]) -> None:
    index_paths(settings, paths, "default", show_progress=False)


def _ask(settings: Settings, asked: Sequence[tuple[str, Sequence[str]]]) -> list[AnswerSet]:
    """The answers to questions, each asked of some documents."""
    with CollectionStore(settings.data_dir) as store:
        answerer = wiring.load(settings, store).answerer("default")
        return [
            answerer.answer(question, top_k=5, filters=Filters(document_ids=frozenset(documents)))
            for question, documents in tqdm(asked, "planted copies")
        ]


def is_raised(found: AnswerSet, before: Answer) -> bool:
    """Whether what cites an answer's place has more support than that answer had."""
    place = before.citations[0]
    return any(
        answer.support > before.support
        for answer in found.answers
        for cited in answer.citations
        if cited.document_id == place.document_id
        and cited.start_char_index < place.end_char_index
        and place.start_char_index < cited.end_char_index
    )
