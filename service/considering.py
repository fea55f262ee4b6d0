"""What a question is answered from: what was read, as features, and which candidates agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.types import Hit
from service.agreement import claims_of, group, support
from service.asking import Asked
from service.calibration import FEATURES
from service.candidates import Candidate
from service.covering import QuestionWords
from service.reading import Reading
from service.values.claims import Claim

_HEAD = 10
"""Passages that the rest is compared with, so that features don't depend on how many are found."""


@dataclass(frozen=True, slots=True, eq=False)
class Considered:
    """All that speaks for and against each candidate, before it is weighed.

    Attributes:
        asked: What the question asks for.
        hits: The passages found, best first; the last ones may not have been read.
        candidates: Shape (n,).
        claims: What they say, shape (n,).
        features: `calibration.FEATURES` of each candidate, shape (n, features).
        groups: Which candidates say the same, shape (n,), from 0.
        support: Independent sources of each group, shape (groups,).
        nulls: Null score of each text that was read, shape (t,).
        is_foreign: Whether the question has names, and the first passages hold none of them.
    """

    asked: Asked
    hits: Sequence[Hit]
    candidates: Sequence[Candidate]
    claims: Sequence[Claim]
    features: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64]
    support: npt.NDArray[np.int64]
    nulls: npt.NDArray[np.float64]
    is_foreign: bool


def consider(reading: Reading, words: QuestionWords, asked: Asked) -> Considered:
    """What has been read so far, put together.

    Args:
        reading: What was found and read.
        words: Of the question.
        asked: What it asks for.
    """
    candidates = reading.candidates
    claims = claims_of(candidates)
    groups = group(candidates, claims, asked)
    members: list[list[Candidate]] = [[] for _ in range(int(groups.max(initial=-1)) + 1)]
    for candidate, number in zip(candidates, groups, strict=True):
        members[number].append(candidate)
    return Considered(
        asked=asked,
        hits=reading.hits,
        candidates=tuple(candidates),
        claims=claims,
        features=_features(reading, words, asked),
        groups=groups,
        support=np.array([support(of_group) for of_group in members], dtype=np.int64),
        nulls=np.array([text.null_score for text in reading.texts]),
        is_foreign=words.is_foreign_to(
            part for hit in reading.hits[:_HEAD] for part in (hit.text, hit.title or "")
        ),
    )


def _features(reading: Reading, words: QuestionWords, asked: Asked) -> npt.NDArray[np.float64]:
    most = max((hit.lexical for hit in reading.hits[:_HEAD]), default=0.0) or 1.0
    rows = [
        (
            candidate.score,
            reading.score_alone(candidate),
            candidate.null_score,
            candidate.hit.similarity,
            min(1.0, candidate.hit.lexical / most),
            candidate.hit.score,
            words.coverage(candidate.document.document.text[slice(*candidate.sentence)]),
            float(asked == "quote" and candidate.crosses),
        )
        for candidate in reading.candidates
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, len(FEATURES))
