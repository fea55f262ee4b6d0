"""Measures of confidence, against their definitions by brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.metrics import auroc
from service.selective import aurc, compared, coverage_at, ece, measured

ANSWERS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.5001, 0.9, 1.0]), st.booleans()),
    min_size=1,
    max_size=6,
)


def columns(answers):
    return [sure for sure, _ in answers], [right for _, right in answers]


@given(ANSWERS)
def test_aurc_is_the_mean_error_over_all_orders_of_ties(answers):
    orders = [
        order
        for order in itertools.permutations(answers)
        if all(a[0] >= b[0] for a, b in itertools.pairwise(order))
    ]
    areas = [
        sum(sum(not right for _, right in order[:k]) / k for k in range(1, len(order) + 1))
        / len(order)
        for order in orders
    ]
    assert aurc(*columns(answers)) == pytest.approx(sum(areas) / len(areas))


@given(ANSWERS, st.sampled_from([0.5, 2 / 3, 0.8, 1.0]))
def test_coverage_is_that_of_the_best_threshold(answers, accuracy):
    best = 0.0
    for threshold in {sure for sure, _ in answers}:
        kept = [right for sure, right in answers if sure >= threshold]
        if sum(kept) >= accuracy * len(kept) - 1e-9:
            best = max(best, len(kept) / len(answers))
    assert coverage_at(*columns(answers), accuracy) == pytest.approx(best)


def test_a_true_confidence_has_no_calibration_error():
    sure = [0.25] * 4 + [0.75] * 4
    right = [True, False, False, False, True, True, True, False]
    assert ece(sure, right, bins=2) == 0
    assert ece([s + 0.1 for s in sure], right, bins=2) == pytest.approx(0.1)


@given(ANSWERS, st.integers(1, 8))
def test_calibration_error_is_the_mean_gap_of_bins(answers, bins):
    sure, right = columns(answers)
    order = sorted(range(len(sure)), key=lambda n: sure[n])
    parts = [part.tolist() for part in np.array_split(order, bins)]
    gap = sum(
        len(part)
        * abs(sum(sure[n] for n in part) / len(part) - sum(right[n] for n in part) / len(part))
        for part in parts
        if part
    )
    assert ece(sure, right, bins) == pytest.approx(gap / len(sure))


def test_an_interval_holds_the_figure_and_narrows_with_questions():
    rng = np.random.default_rng(0)
    sure = rng.random(400)
    right = rng.random(400) < sure
    few, many = (measured(auroc, sure[:n], right[:n]) for n in (100, 400))
    assert few.low < few.value < few.high
    assert many.high - many.low < few.high - few.low
    assert (few.n, many.n) == (100, 400)
    assert many.value == auroc(sure, right)


def test_a_comparison_is_paired():
    rng = np.random.default_rng(1)
    sure = rng.random(300)
    right = rng.random(300) < sure
    same = compared(aurc, (sure, right), (sure, right))
    assert (same.value, same.low, same.high) == (0, 0, 0)
    worse = compared(aurc, (sure, right), (1 - sure, right), relative=True)
    expected = (aurc(sure, right) - aurc(1 - sure, right)) / aurc(1 - sure, right)
    assert worse.value == pytest.approx(expected)
    assert worse.high < 0


def test_nothing_right_covers_nothing():
    assert coverage_at([0.5, 0.9], [False, False]) == 0
    assert aurc([0.5, 0.9], [False, False]) == 1
    assert math.isclose(aurc([0.5, 0.9], [True, True]), 0)


def test_where_there_is_no_figure_it_is_nan():
    sure, right, wrong = [0.5, 0.6, 0.7], [True] * 3, [True, False, True]
    of_none = measured(aurc, [], [])
    beside_none_wrong = compared(aurc, (sure, wrong), (sure, right), relative=True)
    for figure, n in ((of_none, 0), (beside_none_wrong, 3), (measured(auroc, sure, right), 3)):
        assert figure.n == n
        assert all(math.isnan(number) for number in (figure.value, figure.low, figure.high))
    assert compared(aurc, (sure, wrong), (sure, right)).value == pytest.approx(
        (0 + 1 / 2 + 1 / 3) / 3
    )
