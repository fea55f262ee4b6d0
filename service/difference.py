"""Difference: answers of different documents that can't both be true.

An answer differs from the best one if both are what their documents answer, they are comparable
(one kind, one unit) with incompatible values, and are about as good: then it is another report of
the same thing. What stands in one sentence with the best answer is another part of one report.
Less is asked of one that stands in the same sentence but for the answer: a report that was edited.
Bounds are kept: "more than 120,000" doesn't contradict 146,000, but where each claims to be the
figure, they are reports that differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from index.lexical_view.words import split_words
from service.asking import expected_kind
from service.calibration import FEATURES
from service.candidates import Candidate
from service.values.claims import Claim, Kind, compare, differs_as_figure
from service.weighing import Weighed

GAP = 5.0
"""How far a side's log odds may lie below the best one's.

This and `BARS` were chosen on 1,000 reserved questions, so that fewer than 3 of 100 ordinary ones
get differing answers.
"""


class Bar(NamedTuple):
    """What another answer must reach to be a side.

    Attributes:
        margin: Least margin over "not answered here".
        level: The same for one that is hardly behind the best answer in anything.
        behind: How far its margin may lie below the largest one of the best answer's reports.
        coverage: Least coverage of the question by its sentence, as a share of the best answer's.
    """

    margin: float
    level: float
    behind: float
    coverage: float


_LEVEL = 2.0
_LEVEL_MARGIN = 1.5
"""Up to so far behind the best answer, in log odds and in margin, another one is level with it."""

BARS: Mapping[Kind, Bar] = {
    "number": Bar(margin=4.0, level=0.0, behind=3.5, coverage=0.3),
    "date": Bar(margin=2.0, level=1.5, behind=2.0, coverage=0.75),
    "name": Bar(margin=3.5, level=3.5, behind=2.0, coverage=0.75),
    "phrase": Bar(margin=4.0, level=4.0, behind=2.0, coverage=0.75),
}
"""By kind: names that answer something else are frequent, numbers that do are rarer."""

_LEAST_SHARED = 5
_SHARED = 0.8
"""Words, and share of the words, beside the answers that an edited sentence has in common."""


def sides(weighed: Weighed, question: str) -> list[int]:
    """Groups that differ from the best one, most probable first.

    Args:
        weighed: What was read and weighed.
        question: What was asked.
    """
    considered = weighed.considered
    if considered.asked != "quote" or not weighed.ranked:
        return []
    best = weighed.ranked[0]
    told = _strongest_of_documents(weighed)
    own = {document for document, group in told.items() if group == best}
    first = weighed.lead(best)
    found: list[int] = []
    for group in weighed.ranked[1:]:
        rows = [
            row
            for row in weighed.rows(group)
            if considered.candidates[row].document_id not in own
            and not _tells_both(considered.candidates[row], weighed.members(best))
        ]
        speak = [r for r in rows if told[considered.candidates[r].document_id] == group]
        if (speak and _is_rival(weighed, first, speak[0], question)) or any(
            _is_edited(weighed, first, row, question) for row in rows
        ):
            found.append(group)
    return found


def _tells_both(rival: Candidate, agreeing: Sequence[Candidate]) -> bool:
    """Whether a rival's sentence gives the best answer as well, so that both are true there."""
    return any(
        one.document_id == rival.document_id and one.sentence == rival.sentence for one in agreeing
    )


def _strongest_of_documents(weighed: Weighed) -> dict[str, int]:
    """The group that each document speaks for: that of its best candidate."""
    told: dict[str, tuple[float, int]] = {}
    candidates = weighed.considered.candidates
    for row, candidate in enumerate(candidates):
        logit, group = float(weighed.logits[row]), int(weighed.considered.groups[row])
        if candidate.document_id not in told or logit > told[candidate.document_id][0]:
            told[candidate.document_id] = logit, group
    return {document: group for document, (_, group) in told.items()}


def _is_rival(weighed: Weighed, best: int, rival: int, question: str) -> bool:
    considered = weighed.considered
    ours, theirs = considered.claims[best], considered.claims[rival]
    bar = BARS[ours.kind]
    behind = weighed.logits[best] - weighed.logits[rival]
    margin = considered.candidates[rival].margin
    group = int(considered.groups[best])
    margin_behind = max(one.margin for one in weighed.members(group)) - margin
    coverage = considered.features[:, FEATURES.index("coverage")]
    is_level = (
        behind <= _LEVEL and margin_behind <= _LEVEL_MARGIN and coverage[rival] >= coverage[best]
    )
    return (
        behind <= GAP
        and margin_behind <= bar.behind
        and margin >= (bar.level if is_level else bar.margin)
        and coverage[rival] >= bar.coverage * coverage[best]
        and _contradict(ours, theirs, question)
    )


def _is_edited(weighed: Weighed, best: int, rival: int, question: str) -> bool:
    """Whether a rival stands where the best answer does in an edited copy of its sentence."""
    considered = weighed.considered
    coverage = considered.features[:, FEATURES.index("coverage")]
    return (
        weighed.logits[best] - weighed.logits[rival] <= GAP
        and coverage[rival] >= coverage[best]
        and _contradict(considered.claims[best], considered.claims[rival], question)
        and _are_parallel(considered.candidates[best], considered.candidates[rival])
    )


def _contradict(ours: Claim, theirs: Claim, question: str) -> bool:
    return expected_kind(question) in {None, "place", ours.kind} and (
        compare(ours, theirs) == "incompatible" or differs_as_figure(ours, theirs)
    )


def _are_parallel(one: Candidate, other: Candidate) -> bool:
    """Whether two sentences are much the same beside their answers, and on one side of them."""
    (before, after), (others_before, others_after) = (
        (list(split_words(candidate.before)), list(split_words(candidate.after)))
        for candidate in (one, other)
    )
    if before[-1:] != others_before[-1:] and after[:1] != others_after[:1]:
        return False
    shared = (Counter(before + after) & Counter(others_before + others_after)).total()
    longer = max(len(before + after), len(others_before + others_after))
    return shared >= max(_LEAST_SHARED, _SHARED * longer)
