"""Agreement: candidates that say the same become one answer with several citations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from service.asking import Asked
from service.candidates import Candidate
from service.copies import Place, independent_sources
from service.values.abbreviations import expansions_in
from service.values.claims import Claim, compare, read_claim

MARGIN = 5.0
"""How far below the best margin of its answer a source's may lie that is below 0: a hundredth of
the odds.

What says the same words, but hardly as an answer to the question, is no source of it. One whose own
text answers rather than doesn't always is, however much better another one answers.
"""

_LONGEST_WHOLE = 200_000
"""Characters of a document up to which all of it is searched for abbreviations."""


def claims_of(candidates: Sequence[Candidate]) -> list[Claim]:
    """What each candidate says; abbreviations mean what any of the documents says they do."""
    expansions = _expansions(candidates)
    return [
        read_claim(
            candidate.quote,
            before=candidate.before,
            after=candidate.after,
            published_at=candidate.document.document.published_at,
            expansions=expansions,
        )
        for candidate in candidates
    ]


def _expansions(candidates: Sequence[Candidate]) -> Mapping[str, str]:
    """Abbreviations of the documents that hold candidates; not those that are used for two."""
    texts = {c.document_id: c.document.document.text for c in candidates}
    found: dict[str, str] = {}
    ambiguous: set[str] = set()
    for text in texts.values():
        for short, long in _expansions_in(text[:_LONGEST_WHOLE]).items():
            if found.setdefault(short, long) != long:
                ambiguous.add(short)
    return {short: long for short, long in found.items() if short not in ambiguous}


@lru_cache(maxsize=256)
def _expansions_in(text: str) -> Mapping[str, str]:
    return expansions_in(text)


def group(
    candidates: Sequence[Candidate], claims: Sequence[Claim], asked: Asked
) -> npt.NDArray[np.int64]:
    """Which candidates say the same.

    The candidate of the largest margin leads a group; each further one joins the first leader that
    says the same, or leads one of its own. Evidence is one where its sentence is, that which holds
    most of it.

    Args:
        candidates: Shape (n,).
        claims: What they say, shape (n,).
        asked: What the question asks for.

    Returns:
        Number of each candidate's group, shape (n,), counted from 0.
    """
    by_sentence = asked in {"yes_no", "why", "how"}
    groups = np.full(len(candidates), -1, dtype=np.int64)
    leaders: list[int] = []
    places: dict[tuple[str, int], int] = {}
    order = sorted(range(len(candidates)), key=lambda row: (-candidates[row].margin, row))
    for row in order:
        if by_sentence:
            candidate = candidates[row]
            place = (candidate.document_id, candidate.main_sentence.start)
            groups[row] = places.setdefault(place, len(places))
            continue
        same = (n for n, lead in enumerate(leaders) if compare(claims[lead], claims[row]) == "same")
        groups[row] = next(same, len(leaders))
        if groups[row] == len(leaders):
            leaders.append(row)
    return groups


def sources(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The candidates of one group that answer the question themselves, best margin first."""
    ranked = sorted(candidates, key=lambda c: (-c.margin, c.document_id, c.start))
    least = min(0.0, ranked[0].margin - MARGIN)
    return [c for c in ranked if c.margin >= least]


def support(candidates: Sequence[Candidate]) -> int:
    """How many independent sources a group has; copies of a text count once."""
    places = [
        Place(c.document.document.text, c.document_id, c.start, c.end) for c in sources(candidates)
    ]
    return independent_sources(places)
