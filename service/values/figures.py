"""Figures: whether two amounts are the same, may both be true, or contradict each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from service.values.amounts import Amount, Bound
from service.values.comparison import Comparison
from service.values.units import DEFINITE, PEOPLE, POUNDS, SCORE, is_people

ROUNDING = 0.025
"""Share of a figure by which another one of fewer digits may stand for it."""

ABOUT = 0.1
"""The same, if it is said to be about so much."""

_EQUAL = 1e-9


def have_same_unit(one: Amount, other: Amount) -> bool:
    """Whether two amounts can be of the same; of a count, one may leave out what it counts."""
    if one.unit and other.unit:
        return one.unit == other.unit or any(
            (one.unit, other.unit) in {("pound", unit), (unit, "pound")} for unit in POUNDS
        )
    return (one.unit or other.unit) not in DEFINITE


def _is_part(one: Amount, other: Amount) -> bool:
    """Whether one counts persons in general, and the other some in particular."""
    return (one.unit == PEOPLE) != (other.unit == PEOPLE) and all(
        is_people(amount.unit) for amount in (one, other)
    )


def compare_amounts(ours: Sequence[Amount], theirs: Sequence[Amount]) -> Comparison:
    """How the amounts of two quotes stand to each other."""
    pairs = [pair for pair in product(ours, theirs) if have_same_unit(*pair) or _is_part(*pair)]
    if not pairs:
        return "unrelated"
    if len(ours) == len(theirs):
        aligned = list(zip(ours, theirs, strict=True))
        if all(have_same_unit(*pair) for pair in aligned):
            return _least_of([_relation(*pair) for pair in aligned])
    pairs += _sums(ours, theirs)
    may_be = any(_relation(*pair) != "incompatible" for pair in pairs)
    return "compatible" if may_be else "incompatible"


def _least_of(relations: Sequence[Comparison]) -> Comparison:
    order: tuple[Comparison, ...] = ("incompatible", "compatible", "same")
    return next(relation for relation in order if relation in relations)


def _relation(one: Amount, other: Amount) -> Comparison:
    a, b = _in_one_unit(one, other)
    if have_same_unit(one, other):
        if one.bound == other.bound and all(map(_is_equal, a, b)):
            return "same"
        return "compatible" if _can_both_be(one, other) else "incompatible"
    whole, part = (a, b) if one.unit == PEOPLE else (b, a)
    contains = part[0] <= whole[1] * (1 + ROUNDING) or _can_both_be(one, other)
    return "compatible" if contains else "incompatible"


def differ_as_figures(ours: Sequence[Amount], theirs: Sequence[Amount]) -> bool:
    """Whether two quotes give different figures of the same, more than rounding; bounds aside.

    A part that is more than the figure of the whole makes the whole another one: 2,000 fighters of
    1,000 people.
    """
    pairs = [pair for pair in product(ours, theirs) if have_same_unit(*pair)]
    pairs += _sums(ours, theirs)
    if pairs:
        return not any(is_same_figure(*pair) for pair in pairs)
    return any(_exceeds(*pair) for pair in product(ours, theirs) if _is_part(*pair))


def _exceeds(one: Amount, other: Amount) -> bool:
    """Whether of a whole and a part the part has the larger figure."""
    a, b = _in_one_unit(one, other)
    whole, part = (a, b) if one.unit == PEOPLE else (b, a)
    return part[0] > whole[1] + _slack(one, other)


def _sums(ours: Sequence[Amount], theirs: Sequence[Amount]) -> list[tuple[Amount, Amount]]:
    """Pairs of the sum of several counts of persons, and the only amount of the other quote."""
    pairs = []
    for several, single in ((ours, theirs), (theirs, ours)):
        if len(several) > 1 and len(single) == 1 and single[0].unit in {PEOPLE, ""}:
            summed = total(several)
            if summed is not None:
                pairs.append((summed, single[0]))
    return pairs


def total(amounts: Sequence[Amount]) -> Amount | None:
    """The sum of several counts of persons; None for anything else."""
    if len(amounts) < 2 or not all(is_people(amount.unit) for amount in amounts):
        return None
    bounds = {amount.bound for amount in amounts} - {"exact"}
    bound: Bound = "least" if "least" in bounds else "about" if bounds else "exact"
    return Amount(
        value=sum(amount.value for amount in amounts),
        high=sum(amount.high for amount in amounts),
        bound=bound,
        unit=PEOPLE,
        factor=1.0,
        grain=max(amount.grain for amount in amounts),
        start=amounts[0].start,
        end=amounts[-1].end,
        number=(amounts[0].number[0], amounts[-1].number[1]),
    )


def is_same_figure(one: Amount, other: Amount) -> bool:
    """Whether the figures of two amounts are the same up to rounding; bounds aside.

    Ranges are the same figure if they overlap: "5 to 10" and 7.
    """
    (low_1, high_1), (low_2, high_2) = a, b = _in_one_unit(one, other)
    if SCORE in {one.unit, other.unit}:
        return a == b
    slack = _slack(one, other)
    return low_1 <= high_2 + slack and low_2 <= high_1 + slack


def _slack(one: Amount, other: Amount) -> float:
    """By how much two figures may differ and still be the same."""
    largest = max(abs(end) for ends in _in_one_unit(one, other) for end in ends)
    if "about" in {one.bound, other.bound}:
        return ABOUT * largest
    if one.is_range or other.is_range:
        return _EQUAL * largest
    factors = _factors(one, other)
    grain = max(one.grain * factors[0], other.grain * factors[1])
    return max(min(grain / 2, ROUNDING * largest), _EQUAL * largest)


def _can_both_be(one: Amount, other: Amount) -> bool:
    """Whether one number can be what both say of it."""
    if is_same_figure(one, other):
        return True
    if SCORE in {one.unit, other.unit}:
        return False
    (low_1, high_1), (low_2, high_2) = (
        _bounded(amount, ends)
        for amount, ends in zip((one, other), _in_one_unit(one, other), strict=True)
    )
    return low_1 <= high_2 and low_2 <= high_1


def _bounded(amount: Amount, ends: tuple[float, float]) -> tuple[float, float]:
    if amount.bound == "least":
        return ends[0], math.inf
    if amount.bound == "most":
        return -math.inf, ends[1]
    return ends


def _in_one_unit(one: Amount, other: Amount) -> tuple[tuple[float, float], tuple[float, float]]:
    """Both ends of both, in base units; as they are written, if one tells no unit."""
    first, second = _factors(one, other)
    return (
        (one.value * first, one.high * first),
        (other.value * second, other.high * second),
    )


def _factors(one: Amount, other: Amount) -> tuple[float, float]:
    if not (one.unit and other.unit):
        return 1.0, 1.0
    return (
        POUNDS.get(other.unit, 1.0) if one.unit == "pound" else one.factor,
        POUNDS.get(one.unit, 1.0) if other.unit == "pound" else other.factor,
    )


def _is_equal(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_EQUAL)
