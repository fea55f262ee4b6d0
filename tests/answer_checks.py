"""Whether what a search answers is what a model of the collection gives, passage by passage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from collection_model import Row
from reference import TOLERANCE

from index.fusion import LEXICAL_WEIGHT
from index.types import Hit

_DEPTH = 100
"""How many of each side are fused at least; see `index.search`."""


def check_ranked(found: Mapping[int, float], truth: Mapping[int, float], limit: int) -> None:
    """See that these are the best passages, best first, equal ones in order of id.

    Args:
        found: Scores by id, in the order found.
        truth: Scores of all that may be found; they may differ by rounding.
        limit: How many were asked for.
    """
    assert len(found) == min(limit, len(truth))
    assert list(found.items()) == sorted(found.items(), key=lambda item: (-item[1], item[0]))
    for passage_id, score in found.items():
        assert abs(score - truth[passage_id]) < TOLERANCE, passage_id
    worst = min(found.values(), default=2.0)
    assert [i for i, s in truth.items() if s > worst + TOLERANCE and i not in found] == []


def check_hits(hits: Sequence[Hit], rows: Mapping[int, Row], truth: Mapping[int, float]) -> None:
    """See that hits are passages as they are now, with their similarities."""
    assert len({hit.passage_id for hit in hits}) == len(hits)
    for hit in hits:
        row = rows[hit.passage_id]
        assert (hit.document_id, hit.revision, hit.title, hit.start, hit.end, hit.text) == (
            row.document.document_id,
            row.document.revision,
            row.document.title,
            row.start,
            row.end,
            row.document.text[row.start : row.end],
        )
        assert abs(hit.similarity - truth[hit.passage_id]) < TOLERANCE


def check_fused(hits: Sequence[Hit], everything: Sequence[Hit], limit: int) -> None:
    """See that hits are ranked by the mean of both scores, each scaled to [0, 1].

    Args:
        hits: What was found.
        everything: All that may be found, with the scores of both sides.
        limit: How many were asked for.
    """
    depth = max(limit, _DEPTH)
    while True:
        near = sorted(everything, key=lambda hit: (-hit.similarity, hit.passage_id))[:depth]
        worded = [hit for hit in everything if hit.lexical > 0]
        worded = sorted(worded, key=lambda hit: (-hit.lexical, hit.passage_id))[:depth]
        among = {hit.passage_id: hit for hit in (*near, *worded)}
        if len(among) >= min(limit, len(everything)):
            break
        depth *= 4
    similarity = _scaled([hit.similarity for hit in among.values()])
    lexical = _scaled([hit.lexical for hit in among.values()])
    fused = {
        i: (1 - LEXICAL_WEIGHT) * near + LEXICAL_WEIGHT * word
        for i, near, word in zip(among, similarity, lexical, strict=True)
    }
    check_ranked({hit.passage_id: hit.score for hit in hits}, fused, limit)


def _scaled(scores: Sequence[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    return [(score - low) / (high - low) if high > low else 0.0 for score in scores]


def check_words(found: Mapping[int, float], truth: Mapping[int, float], *, exact: bool) -> None:
    """See that these are the passages that share a word with the query, if `exact` scored alike."""
    assert set(found) == set(truth)
    if exact:
        assert found == {i: np.float32(score) for i, score in truth.items()}
