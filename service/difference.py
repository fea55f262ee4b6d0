"""Difference: answers of different documents that can't both be true.

An answer differs from the best one if both are what their documents answer, they are comparable
(one kind, one unit) with incompatible values, and are about as good: then it is another report of
the same thing, and not an answer to something else. Bounds are kept: "more than 120,000" doesn't
contradict 146,000, but where each claims to be the figure, they are reports that differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from service.asking import expected_kind
from service.calibration import FEATURES
from service.values.claims import Kind, compare, differs_as_figure
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
        behind: How far its margin may lie below the best answer's.
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
            if told[considered.candidates[row].document_id] == group
            and considered.candidates[row].document_id not in own
        ]
        if rows and _is_rival(weighed, first, rows[0], question):
            found.append(group)
    return found


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
    margin_behind = considered.candidates[best].margin - margin
    coverage = considered.features[:, FEATURES.index("coverage")]
    is_level = (
        behind <= _LEVEL and margin_behind <= _LEVEL_MARGIN and coverage[rival] >= coverage[best]
    )
    return (
        behind <= GAP
        and margin_behind <= bar.behind
        and margin >= (bar.level if is_level else bar.margin)
        and coverage[rival] >= bar.coverage * coverage[best]
        and expected_kind(question) in {None, "place", ours.kind}
        and (compare(ours, theirs) == "incompatible" or differs_as_figure(ours, theirs))
    )
