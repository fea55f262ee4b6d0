"""Explaining: what was read and weighed, told as records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from service.calibration import FEATURES
from service.candidates import Candidate
from service.reading import Reading
from service.types import Answer, ConsideredSpan, Explanation, SpanGroup
from service.weighing import Weighed


def explanation_of(
    weighed: Weighed,
    reading: Reading,
    told: Sequence[Answer],
    sides: Sequence[int],
    *,
    is_settled: bool,
) -> Explanation:
    """Why a question was answered as it was.

    Args:
        weighed: What was weighed.
        reading: What was read.
        told: What is answered.
        sides: Groups that differ from the best one.
        is_settled: Whether reading ended because a round changed nothing.
    """
    considered = weighed.considered
    places = {group: place for place, group in enumerate(weighed.ranked)}
    order = np.lexsort((np.arange(len(weighed.logits)), -weighed.probabilities))
    return Explanation(
        rounds=reading.rounds,
        is_settled=is_settled,
        is_foreign=considered.is_foreign,
        none_probability=max(0.0, 1.0 - float(weighed.probabilities.sum())),
        texts=tuple(reading.texts),
        spans=[
            ConsideredSpan(
                document_id=candidate.document_id,
                revision=candidate.hit.revision,
                start=candidate.start,
                end=candidate.end,
                quote=candidate.quote,
                features=dict(zip(FEATURES, map(float, considered.features[row]), strict=True)),
                probability=float(weighed.probabilities[row]),
                group=places[int(considered.groups[row])],
            )
            for row in order
            for candidate in (considered.candidates[row],)
        ],
        groups=[_group(weighed, group, told, sides) for group in weighed.ranked],
    )


def _group(weighed: Weighed, group: int, told: Sequence[Answer], sides: Sequence[int]) -> SpanGroup:
    lead = weighed.members(group)[0]
    answer = next((answer for answer in told if _is_cited(lead, answer)), None)
    if answer is None:
        why = "less probable than what is answered" if told else "not sure enough"
    elif group == weighed.ranked[0]:
        why = "the most probable"
    elif group in sides:
        why = "differs from the most probable"
    elif lead.quote == answer.answer:
        why = "another answer"
    else:
        why = "within an answer"
    return SpanGroup(
        answer=lead.quote,
        probability=float(weighed.masses[group]),
        confidence=float(weighed.confidences[group]),
        support=int(weighed.considered.support[group]),
        why=why,
    )


def _is_cited(candidate: Candidate, answer: Answer) -> bool:
    return any(
        candidate.document_id == c.document_id
        and c.start_char_index <= candidate.start
        and candidate.end <= c.end_char_index
        for c in answer.citations
    )
