"""Probabilities are a softmax with "none of these"; a file is a calibration, or refused."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import PLAIN

from service.calibration import (
    FEATURES,
    SHIPPED,
    baseline,
    load_calibration,
    log_odds,
)
from service.errors import UnusableCalibration

_LOGITS = st.lists(st.floats(-50, 50), max_size=8)


@given(_LOGITS)
def test_shares_are_a_softmax_with_none_of_these(logits):
    shares = PLAIN.probabilities(np.array(logits, dtype=np.float64))
    whole = 1 + sum(math.exp(logit) for logit in logits)
    assert shares == pytest.approx([math.exp(logit) / whole for logit in logits])


def test_shares_of_huge_logits_are_finite():
    shares = PLAIN.probabilities(np.array([2000.0, 1999.0, -2000.0]))
    assert shares == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e), 0])


def test_logits_are_weighted_sums():
    weights = dict(zip(FEATURES, (2.0, 6.0, -1.0, 0.5, 0.25, 4.0, 3.0, -7.0), strict=True))
    weighed = dataclasses.replace(PLAIN, weights=weights, none=1.5)
    rows = np.array([[1.0, 0.5, 2, 3, 4, 5, 6, 7], [0] * 8])
    assert weighed.logits(rows).tolist() == [2 + 3 - 2 + 1.5 + 1 + 20 + 18 - 49 - 1.5, -1.5]


@pytest.mark.parametrize(
    ("share", "support", "is_foreign", "line"),
    [
        (0.5, 1, False, -0.5),
        (0.8, 1, False, -0.5 + 2 * math.log(4)),
        (0.5, 3, False, -0.5 + 0.7 * math.log(3)),
        (0.5, 1, True, -0.5 - 1.1),
        (0.5, 0, False, -0.5),
    ],
)
def test_a_confidence_is_the_logistic_line_s(share, support, is_foreign, line):
    made = dataclasses.replace(PLAIN, slope=2.0, intercept=-0.5, for_support=0.7, for_foreign=-1.1)
    confidence = made.confidence(share, support=support, is_foreign=is_foreign)
    assert confidence == pytest.approx(1 / (1 + math.exp(-line)))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_is_never_less_sure(one, other):
    low, high = sorted((one, other))
    sure = [PLAIN.confidence(share, support=1, is_foreign=False) for share in (low, high)]
    assert 0 <= sure[0] <= sure[1] <= 1


def test_log_odds_are_finite_at_both_ends():
    assert log_odds(0.75) == pytest.approx(math.log(3))
    assert -math.inf < log_odds(0) < -20
    assert 20 < log_odds(1) < math.inf


@given(_LOGITS, st.lists(st.floats(-50, 50), max_size=4), st.floats(0.5, 5))
def test_the_baseline_is_a_softmax_over_spans_and_nulls(spans, nulls, temperature):
    shares = baseline(np.array(spans), np.array(nulls), temperature)
    whole = sum(math.exp(score / temperature) for score in [*spans, *nulls])
    assert shares == pytest.approx([math.exp(s / temperature) / whole for s in spans])


def test_what_is_saved_is_loaded(tmp_path):
    path = tmp_path / "new" / "calibration.json"
    PLAIN.save(path)
    assert load_calibration(path) == PLAIN
    assert [file.name for file in path.parent.iterdir()] == ["calibration.json"]


def test_an_id_changes_with_the_numbers_alone():
    other = dataclasses.replace(PLAIN, slope=2.0)
    assert other.calibration_id != PLAIN.calibration_id
    noted = dataclasses.replace(PLAIN, fit={"questions": 7})
    assert noted.calibration_id == PLAIN.calibration_id


def test_the_shipped_one_is_sound():
    shipped = load_calibration(SHIPPED)
    assert shipped.weights["span"] > 0
    assert shipped.for_support >= 0 >= shipped.for_foreign
    assert shipped.fit["questions"]


def changed(**fields):
    return json.dumps(dataclasses.asdict(PLAIN) | fields)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "can't be read"),
        ("{", "can't be read"),
        pytest.param("[" * 100_000, "can't be read", id="brackets"),
        ("[]", "other things"),
        ("{}", "other things"),
        (changed(more=1), "other things"),
        (changed(weights={"span": 1.0}), "other features"),
        (changed(weights=[1, 2]), "other features"),
        (changed(slope="2"), "no number for slope"),
        (changed(none=True), "no number for none"),
        (changed(intercept=float("nan")), "no number for intercept"),
        pytest.param(changed(none=10**400), "no number for none", id="huge"),
        (changed(fit=3), "how it was fitted"),
        (changed(slope=0), "must be positive"),
        (changed(temperature=-1), "must be positive"),
    ],
)
def test_what_is_no_calibration_is_refused(tmp_path, text, said):
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(UnusableCalibration, match=said) as raised:
        load_calibration(path)
    assert "pincite calibrate" in raised.value.remedy


def test_a_missing_one_is_refused(tmp_path):
    with pytest.raises(UnusableCalibration, match=r"none\.json"):
        load_calibration(tmp_path / "none.json")
