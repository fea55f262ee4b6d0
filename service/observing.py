"""Observing: questions with known answers are asked, and what speaks for each candidate is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.types import StoredDocument
from service import metrics
from service.asking import Asked
from service.considering import Considered
from service.evidence import evidence_range
from service.fitting import AskedSample

RIGHT = 0.5
"""F1 from which a quote counts as right where only right and wrong are told apart."""

READ = 10
"""Passages that are read of each question: as many as most questions need until they settle."""


def observed(
    considered: Considered,
    golds: Sequence[str],
    *,
    source: str,
    cluster: str,
    weight: float = 1.0,
) -> AskedSample:
    """What a fit learns from a question that was asked.

    Args:
        considered: What it was answered from.
        golds: Its gold answers; none if it can't be answered.
        source: The set it comes from.
        cluster: What it shares with questions like it.
        weight: How much it counts.
    """
    right = [
        is_right_at(c.document, c.start, c.end, considered.asked, golds)
        for c in considered.candidates
    ]
    return AskedSample(
        features=considered.features,
        right=np.array(right, dtype=np.bool_),
        groups=considered.groups,
        support=considered.support,
        nulls=considered.nulls,
        is_foreign=considered.is_foreign,
        weight=weight,
        source=source,
        cluster=cluster,
    )


def is_right_at(
    document: StoredDocument, start: int, end: int, asked: Asked, golds: Sequence[str]
) -> bool:
    """Whether a span is right, or the evidence that is told for it.

    Args:
        document: Where it stands.
        start: Its offset.
        end: Offset after it.
        asked: What the question asks for.
        golds: Gold answers; none if it can't be answered.
    """
    text = document.document.text
    place = evidence_range(asked, text, document.sentences, start, end)
    if place is None:
        return is_right(text[start:end], golds, is_evidence=False)
    return is_right(text[place.start : place.end], golds, is_evidence=True)


def is_right(answer: str, golds: Sequence[str], *, is_evidence: bool) -> bool:
    """Whether a quote shares half its words with a gold answer, or evidence holds one.

    Args:
        answer: What is answered.
        golds: Gold answers; none if it can't be answered.
        is_evidence: Whether it is evidence.
    """
    if not golds:
        return False
    if not is_evidence:
        return metrics.score(answer, golds).f1 >= RIGHT
    held = f" {metrics.normalized(answer)} "
    return any(f" {words} " in held for gold in golds if (words := metrics.normalized(gold)))
