"""The golden questions of the sample documents: asked, and judged by kind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tqdm import tqdm

from index.collection import CollectionStore
from service import wiring
from service.commands.indexing import index_paths
from service.metrics import Figure, mean_figure, score
from service.observing import RIGHT
from service.settings import Settings
from service.types import Answer, AnswerSet, Citation
from service.values.claims import Claim, compare, read_claim

SEEDS = Path(__file__).parents[1] / "seeds"

ANSWERABLE = ("answer", "differing", "yes_no")
KINDS = (*ANSWERABLE, "near_miss", "off_topic")

_AROUND = 60
"""Characters beside a gold quote in which its unit or bound is looked for."""


@dataclass(frozen=True)
class Judged:
    """A golden question, and what was answered.

    Attributes:
        question: One of `golden_questions`.
    """

    question: dict[str, Any]
    answers: AnswerSet

    @property
    def kind(self) -> str:
        """Kind of question."""
        return str(self.question["kind"])

    @property
    def is_refused(self) -> bool:
        """Whether it wasn't answered."""
        return self.answers.status == "no_answer"

    @property
    def rank(self) -> int | None:
        """Place of the first right answer, from 0."""
        return next((n for n, a in enumerate(self.answers.answers) if self.is_right(a)), None)

    def is_right(self, answer: Answer) -> bool:
        """Whether an answer shares half its words with a gold one, or as evidence holds one."""
        if score(answer.answer, [gold["quote"] for gold in self.question["gold"]]).f1 >= RIGHT:
            return True
        return answer.form == "evidence" and any(
            _holds(citation, gold)
            for citation in answer.citations
            for gold in self.question["gold"]
        )

    @property
    def are_all_sides_cited(self) -> bool:
        """Whether each of the gold answers' values is cited, and the difference said."""
        cited = [citation for answer in self.answers.answers for citation in answer.citations]
        return self.answers.status == "differing" and all(
            any(_overlap(citation, gold) for citation in cited for gold in side)
            for side in self.sides
        )

    @cached_property
    def sides(self) -> list[list[dict[str, Any]]]:
        """The gold answers, those that say the same together."""
        sides: list[tuple[Claim, list[dict[str, Any]]]] = []
        for gold in self.question["gold"]:
            claim = _claim(gold)
            for first, side in sides:
                if compare(first, claim) == "same":
                    side.append(gold)
                    break
            else:
                sides.append((claim, [gold]))
        return [side for _, side in sides]


def _claim(gold: dict[str, Any]) -> Claim:
    path = SEEDS / gold["document"]
    text = path.read_text(encoding="utf-8")
    about = json.loads(path.with_name(f"{path.name}.meta.json").read_text(encoding="utf-8"))
    return read_claim(
        gold["quote"],
        before=text[max(0, gold["start"] - _AROUND) : gold["start"]],
        after=text[gold["end"] : gold["end"] + _AROUND],
        published_at=about.get("published_at"),
        expansions={},
    )


def _overlap(citation: Citation, gold: dict[str, Any]) -> bool:
    return bool(
        citation.document_id == gold["document"]
        and citation.start_char_index < gold["end"]
        and gold["start"] < citation.end_char_index
    )


def _holds(citation: Citation, gold: dict[str, Any]) -> bool:
    return bool(
        citation.document_id == gold["document"]
        and citation.start_char_index <= gold["start"]
        and gold["end"] <= citation.end_char_index
    )


def golden_questions() -> list[dict[str, Any]]:
    """The golden questions as their file has them: `id`, `question`, `kind`, `frozen`, `gold`."""
    lines = (SEEDS / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def ask_golden(settings: Settings, *, top_k: int = 3) -> list[Judged]:
    """Ask the golden questions of the sample documents, as a user does.

    Args:
        settings: Which models; its data folder isn't used.
        top_k: Most answers to each.
    """
    with tempfile.TemporaryDirectory() as folder, CollectionStore(Path(folder)) as store:
        placed = settings.model_copy(update={"data_dir": Path(folder)})
        index_paths(placed, [SEEDS], "default", show_progress=False)
        answerer = wiring.load(placed, store).answerer("default")
        return [
            Judged(question, answerer.answer(question["question"], top_k=top_k))
            for question in tqdm(golden_questions(), "golden questions")
        ]


def golden_figures(judged: Sequence[Judged]) -> Iterator[tuple[str, Figure]]:
    """What is reported of the golden questions."""
    answerable = [one for one in judged if one.kind in ANSWERABLE]
    frozen = [one for one in answerable if one.question["frozen"]]
    differing = [one for one in judged if one.kind == "differing"]
    ordinary = [one for one in judged if one.kind == "answer"]
    yield "golden, top answer right", mean_figure([one.rank == 0 for one in answerable])
    yield "golden, top answer right, frozen", mean_figure([one.rank == 0 for one in frozen])
    yield "golden, wrongly refused", mean_figure([one.is_refused for one in answerable])
    for kind, name in (("near_miss", "near miss"), ("off_topic", "off topic")):
        refused = [one.is_refused for one in judged if one.kind == kind]
        yield f"golden, {name} refused", mean_figure(refused)
    yield (
        "golden, differing: all sides cited",
        mean_figure([one.are_all_sides_cited for one in differing]),
    )
    yield (
        "golden, difference invented",
        mean_figure([one.answers.status == "differing" for one in ordinary]),
    )


def print_golden(judged: Sequence[Judged], *, each: bool) -> None:
    """Print a table by kind.

    Args:
        judged: All of them.
        each: Print each question before it, with its first answers.
    """
    if each:
        for one in judged:
            _print_one(one)
    print("\n| kind | asked | answered | differing | right first | right in three |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        group = [one for one in judged if one.kind == kind]
        ranks = [one.rank for one in group]
        statuses = [one.answers.status for one in group]
        print(
            f"| {kind} | {len(group)} | {len(group) - statuses.count('no_answer')} | "
            f"{statuses.count('differing')} | {ranks.count(0)} | "
            f"{sum(rank is not None for rank in ranks)} |"
        )


def _print_one(one: Judged) -> None:
    if one.kind in ANSWERABLE:
        mark = {0: "+", None: "-"}.get(one.rank, "~")
    else:
        mark = "+" if one.is_refused else "-"
    sure = 1 - one.answers.no_answer_probability
    print(f"{mark} {one.question['id']} {one.kind} {one.answers.status} {sure:.2f}", end=" ")
    print(one.question["question"])
    for answer in one.answers.answers:
        print(f"      {answer.confidence:.2f} x{answer.support} {answer.answer[:100]!r}")
