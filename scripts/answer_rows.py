"""Rows of `evaluate.py` on whole answers: right, sure, refused, differing, stable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import changed_copies
import numpy as np
from asked_collections import Limited, Planned, planned_squad, squad_collection
from golden_questions import ask_golden, golden_figures, print_golden
from planted_copies import ask_with_planted
from tqdm import tqdm

from index.collection import Collection
from service import metrics, wiring
from service.answering import MIN_CONFIDENCE, Answerer
from service.asking import asked_for
from service.calibration import baseline, load_calibration
from service.metrics import Figure, auroc, mean_figure
from service.observing import is_right, is_right_at
from service.selective import aurc, compared, coverage_at, ece, measured
from service.types import AnswerSet

if TYPE_CHECKING:
    from evaluate import Bench

WORK = Path(__file__).parents[1] / "training" / "search"
"""Where collections are kept for the next time; shared with `calibrate.py`."""

VERDICTS = 200
"""Questions of the row `verdicts`, each of which is asked many times."""

PAIRS = 200


@contextmanager
def _asking(bench: Bench, min_confidence: float) -> Iterator[tuple[Limited, Answerer]]:
    """An answerer of all of SQuAD's paragraphs, and what limits them."""
    settings = bench.settings(bench.reader_name)
    collection: Collection = squad_collection(bench.data, WORK, wiring.load_embedder(settings))
    library = Limited(collection)
    try:
        yield (
            library,
            Answerer(library, bench.reader, load_calibration(), min_confidence=min_confidence),
        )
    finally:
        collection.close()


def golden(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """The golden questions of the sample documents, asked as a user does."""
    judged = ask_golden(bench.settings(bench.reader_name))
    print_golden(judged, each=True)
    yield from golden_figures(judged)


def open_squad(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """SQuAD v1.1 dev asked of all 20,888 paragraphs, none refused; how many differ, as shipped."""
    scores, differ, read = [], [], []
    with _asking(bench, 0.0) as (_, answerer):
        for one in tqdm(_planned(bench, removed=False), "open-squad"):
            found = answerer.answer(one.question.text, top_k=1)
            answer = found.answers[0].answer if found.answers else ""
            scores.append(metrics.score(answer, one.golds))
            is_sure = 1 - found.no_answer_probability >= MIN_CONFIDENCE
            differ.append(found.status == "differing" and is_sure)
            read.append(found.passages_read)
    yield "SQuAD open-domain, EM", mean_figure([score.em for score in scores])
    yield "SQuAD open-domain, F1", mean_figure([score.f1 for score in scores])
    yield "ordinary questions said to differ", mean_figure(differ)
    print(f"\npassages read: {np.mean(read):.1f} on average")


def selective(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """The same, half of them without their own paragraph: how well and how truly one is sure."""
    ours, theirs = [], []
    calibration = load_calibration()
    with _asking(bench, 0.0) as (library, answerer):
        for one in tqdm(_planned(bench, removed=True), "selective"):
            one.limit(library)
            found = answerer.answer(one.question.text, top_k=1, explain=True)
            ours.append((1 - found.no_answer_probability, _is_right(found, one)))
            theirs.append(_by_baseline(library, found, one, calibration.temperature))
    a, b = _columns(ours), _columns(theirs)
    yield "AURC", measured(aurc, *a)
    yield "AURC, baseline", measured(aurc, *b)
    yield "AURC against the baseline", compared(aurc, a, b, relative=True)
    yield "coverage at 80% accuracy", measured(coverage_at, *a)
    yield "coverage at 80% accuracy against the baseline", compared(coverage_at, a, b)
    yield "AUROC of right against wrong", measured(auroc, *a)
    yield "ECE in domain", measured(ece, *a)


def verdicts(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """Whether a verdict stays the same however much may be read, and at every `top_k`."""
    depths, tops = [], []
    with _asking(bench, MIN_CONFIDENCE) as (library, answerer):
        for one in tqdm(_planned(bench, removed=True, number=VERDICTS), "verdicts"):
            one.limit(library)
            text = one.question.text
            found = [answerer.answer(text, max_passages=depth).status for depth in (10, 20, 40)]
            depths.append(len(set(found)) == 1)
            at_top = {answerer.answer(text, top_k=k).status for k in (1, 2, 5, 50)}
            tops.append(at_top == {found[1]})
    yield "verdict unchanged between 10, 20 and 40 passages", mean_figure(depths)
    yield "verdict unchanged for every top_k", mean_figure(tops)


def pairs(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """A number, date or name changed in a copy: how often both values are said to differ."""
    settings = bench.settings(bench.reader_name)
    components = changed_copies.Models(wiring.load_embedder(settings), bench.reader)
    found = changed_copies.ask_pairs(components, bench.dev("squad_dev_v1"), bench.sample or PAIRS)
    for kind in changed_copies.KINDS:
        of_kind = [is_found for pair, is_found in found if pair.kind == kind]
        if of_kind:
            yield f"changed {kind}s found", mean_figure(of_kind)
    yield "generated pairs found", mean_figure([is_found for _, is_found in found])


def support(bench: Bench) -> Iterator[tuple[str, Figure]]:
    """Copies and reports planted beside the sample documents: which raise an answer's support."""
    found = ask_with_planted(bench.settings(bench.reader_name))
    yield "support raised by a whole copy", mean_figure([one.by_copy for one in found])
    yield "support raised by two paragraphs", mean_figure([one.by_part for one in found])
    reports = [one.by_report for one in found if one.by_report is not None]
    yield "support raised by a report of its own", mean_figure(reports)


def _planned(bench: Bench, *, removed: bool, number: int | None = None) -> list[Planned]:
    bench.dev("squad_dev_v1")
    return planned_squad(bench.data, "dev", bench.sample or number, removed=removed)


def _is_right(found: AnswerSet, one: Planned) -> bool:
    if not found.answers:
        return False
    answer = found.answers[0]
    return is_right(answer.answer, one.golds, is_evidence=answer.form == "evidence")


def _by_baseline(
    library: Limited, found: AnswerSet, one: Planned, temperature: float
) -> tuple[float, bool]:
    """Share of the span that the baseline puts first, and whether that is right."""
    explained = found.explanation
    if explained is None or not explained.spans:
        return 0.0, False
    scores = np.array([span.features["span"] for span in explained.spans])
    nulls = np.array([text.null_score for text in explained.texts])
    shares = baseline(scores, nulls, temperature)
    first = int(np.argmax(shares))
    span = explained.spans[first]
    document = library.stored_document(span.document_id, span.revision)
    asked = asked_for(one.question.text)
    return float(shares[first]), is_right_at(document, span.start, span.end, asked, one.golds)


def _columns(found: Sequence[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [sure for sure, _ in found], [is_right for _, is_right in found]


ROWS: tuple[Callable[[Bench], Iterator[tuple[str, Figure]]], ...] = (
    golden,
    open_squad,
    selective,
    verdicts,
    pairs,
    support,
)

TARGETS = {
    "golden, top answer right": (80, ""),
    "golden, wrongly refused": ("at most 15", ""),
    "golden, near miss refused": (60, ""),
    "golden, off topic refused": (95, ""),
    "golden, differing: all sides cited": (75, ""),
    "golden, difference invented": ("none", ""),
    "SQuAD open-domain, EM": (56, 62),
    "SQuAD open-domain, F1": (63, 69),
    "ordinary questions said to differ": ("at most 3", ""),
    "AURC against the baseline": (-10, ""),
    "coverage at 80% accuracy against the baseline": (5, ""),
    "AUROC of right against wrong": (80, ""),
    "ECE in domain": ("at most 3", ""),
    "verdict unchanged between 10, 20 and 40 passages": (97, ""),
    "verdict unchanged for every top_k": (100, ""),
    "generated pairs found": (70, ""),
    "support raised by a whole copy": ("none", ""),
    "support raised by two paragraphs": ("none", ""),
}
"""What a figure must reach, in percent, and what is aimed at."""
