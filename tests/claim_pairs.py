"""Pairs of quotes, and how the claims that they make compare."""

from service.values.claims import compare


def both_ways(one, other):
    """How two claims compare, which is the same from either side."""
    there, back = compare(one, other), compare(other, one)
    assert there == back
    return there


def cases(**pairs):
    """Rows of one, other and verdict, of pairs by their verdict."""
    return [(*pair, verdict) for verdict, of_verdict in pairs.items() for pair in of_verdict]
