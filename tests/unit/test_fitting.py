"""A fit finds the numbers that questions were made with, and says when it can't."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize
from shelf import PLAIN

from service.calibration import FEATURES
from service.errors import TooFewQuestions
from service.fitting import LEAST_QUESTIONS, AskedSample, cross_validated, fit, fit_line, verdicts

TRUE = dataclasses.replace(
    PLAIN,
    weights=dict(zip(FEATURES, (0.5, 0.3, -0.2, 3.0, 2.0, 1.0, 1.5, -1.0), strict=True)),
    none=4.0,
)
HARD = dataclasses.replace(TRUE, none=12.0)
"""Most of its questions have no right candidate."""


def asked(features, **others):
    """A question of candidates that each say something else, all of them wrong."""
    size = len(features)
    plain = {
        "right": np.zeros(size, dtype=np.bool_),
        "groups": np.arange(size),
        "support": np.ones(size, dtype=np.int64),
        "nulls": np.zeros(1),
        "is_foreign": False,
        "weight": 1.0,
        "source": "made",
        "cluster": "a",
    }
    return AskedSample(features=features, **(plain | others))


def made(number, seed=0, truth=TRUE):
    """Questions whose right candidate is drawn with the true probabilities; each its own group."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(number):
        size = int(rng.integers(2, 7))
        features = rng.normal(size=(size, len(FEATURES))) * (6, 5, 3, 0.3, 0.4, 0.3, 0.3, 0.5)
        features += (8, 6, 4, 0.4, 0.5, 0.5, 0.5, 0)
        shares = truth.probabilities(truth.logits(features))
        drawn = rng.choice(size + 1, p=[*shares, 1 - shares.sum()])
        right = np.arange(size) == drawn
        samples.append(
            asked(features, right=right, nulls=rng.normal(size=2), cluster=f"{n % 25:02d}")
        )
    return samples


def likelihood(samples, calibration):
    total = 0.0
    for sample in samples:
        shares = calibration.probabilities(calibration.logits(sample.features))
        wanted = shares[sample.right].sum() if sample.right.any() else 1 - shares.sum()
        total += math.log(wanted)
    return total / len(samples)


def test_a_fit_finds_the_weights_that_questions_were_made_with():
    samples = made(6000)
    found = fit(samples)
    for name in FEATURES:
        assert found.weights[name] == pytest.approx(TRUE.weights[name], abs=0.35), name
    assert likelihood(samples, found) >= likelihood(samples, TRUE) - 1e-4
    # What the softmax gives is then the probability already: the line changes hardly anything.
    assert (found.slope, found.intercept) == pytest.approx((1, 0), abs=0.1)


def test_no_other_weights_are_more_likely():
    samples = made(300, seed=3)
    found = fit(samples)

    def loss(parameters):
        other = dataclasses.replace(
            found, weights=dict(zip(FEATURES, parameters[:-1], strict=True)), none=parameters[-1]
        )
        return -likelihood(samples, other)

    best = np.array([*found.weights.values(), found.none])
    assert np.abs(approx_fprime(best, loss, 1e-6)).max() < 2e-3
    free = minimize(loss, best, method="L-BFGS-B").fun
    assert loss(best) == pytest.approx(free, abs=1e-3)


def line_samples(number, seed=1):
    """Questions with one candidate of a share between 0 and 1; sources and names matter."""
    rng = np.random.default_rng(seed)
    samples = []
    for n in range(number):
        logit = rng.normal() * 2
        support, is_foreign = int(rng.integers(1, 5)), bool(rng.random() < 0.3)
        odds = 1.4 * logit - 0.5 + 0.6 * math.log(support) - 0.9 * is_foreign
        features = np.zeros((1, len(FEATURES)))
        features[0, 0] = logit + 1
        samples.append(
            asked(
                features,
                right=np.array([rng.random() < 1 / (1 + math.exp(-odds))]),
                support=np.array([support]),
                is_foreign=is_foreign,
                cluster=f"{n % 10}",
            )
        )
    return samples


def test_a_line_finds_what_counts_besides_the_share():
    found = fit_line(line_samples(20_000), PLAIN)
    assert found.weights == PLAIN.weights
    assert found.slope == pytest.approx(1.4, abs=0.1)
    assert found.intercept == pytest.approx(-0.5, abs=0.1)
    assert found.for_support == pytest.approx(0.6, abs=0.1)
    assert found.for_foreign == pytest.approx(-0.9, abs=0.15)


def test_what_speaks_the_wrong_way_counts_nothing():
    turned = [
        dataclasses.replace(s, support=5 - s.support, is_foreign=not s.is_foreign)
        for s in line_samples(4_000)
    ]
    found = fit_line(turned, PLAIN)
    assert (found.for_support, found.for_foreign) == (0, 0)


def test_a_weight_counts_as_so_many_questions():
    samples = made(120, seed=5)
    twice = [dataclasses.replace(s, weight=2.0) for s in samples[:60]] + samples[60:]
    repeated = [*samples[:60], *samples[:60], *samples[60:]]
    one, other = fit(twice), fit(repeated)
    for name in FEATURES:
        assert one.weights[name] == pytest.approx(other.weights[name], rel=0.02, abs=0.02)


def test_a_verdict_is_on_the_group_of_the_largest_share():
    features = np.zeros((3, len(FEATURES)))
    features[:, 0] = (3.0, 2.5, 2.5)
    sample = asked(
        features,
        right=np.array([False, True, False]),
        groups=np.array([0, 1, 1]),
        support=np.array([1, 2]),
        nulls=np.array([1.0]),
    )
    (found,) = verdicts([sample], PLAIN)
    odds = [math.exp(2.0), math.exp(1.5), math.exp(1.5)]
    share = (odds[1] + odds[2]) / (1 + sum(odds))
    assert found.confidence == pytest.approx(share)
    assert found.is_right
    scores = [math.exp(3.0), math.exp(2.5), math.exp(2.5), math.exp(1.0)]
    assert found.baseline_confidence == pytest.approx(scores[0] / sum(scores))
    assert not found.baseline_is_right


def test_a_question_without_candidates_is_wrong_for_certain():
    nothing = asked(np.zeros((0, len(FEATURES))), nulls=np.zeros(0))
    (found,) = verdicts([nothing], PLAIN)
    assert (found.confidence, found.is_right, found.baseline_is_right) == (0, False, False)
    assert fit([*made(60), nothing]).slope > 0


def test_no_question_is_judged_by_a_fit_that_saw_its_cluster():
    samples = made(200, seed=7)
    found = cross_validated(samples, folds=5)
    names = sorted({sample.cluster for sample in samples})
    held = {name for place, name in enumerate(names) if place % 5 == 2}
    kept = [sample for sample in samples if sample.cluster not in held]
    rows = [n for n, sample in enumerate(samples) if sample.cluster in held]
    expected = verdicts([samples[n] for n in rows], fit(kept))
    assert [found[n] for n in rows] == expected
    assert len(found) == len(samples)


def line_sample(logit, cluster, *, is_right):
    """A question with one candidate of these log odds."""
    features = np.zeros((1, len(FEATURES)))
    features[0, 0] = logit + 1
    return asked(features, right=np.array([is_right]), cluster=cluster)


def test_a_slope_stays_moderate_where_shares_tell_right_from_wrong():
    samples = [
        line_sample(logit, f"{n}", is_right=logit > 0)
        for n, logit in enumerate(np.linspace(-3, 3, 60))
    ]
    found = fit_line(samples, PLAIN)
    assert 1 < found.slope < 6
    # The best one: moving the slope either way makes loss and distance from the first slope larger.
    losses = []
    for slope in (found.slope - 0.01, found.slope, found.slope + 0.01):
        moved = dataclasses.replace(found, slope=slope)
        told = verdicts(samples, moved)
        loss = -sum(math.log(v.confidence if v.is_right else 1 - v.confidence) for v in told)
        losses.append(loss + (slope - PLAIN.slope) ** 2 / 2)
    assert losses[1] == min(losses)


@pytest.mark.parametrize("line_from", [None, PLAIN])
def test_the_fewest_questions_that_can_be_fitted_can_be_judged(line_from):
    samples = made(LEAST_QUESTIONS, seed=11, truth=HARD)
    assert len(cross_validated(samples, line_from=line_from)) == LEAST_QUESTIONS


def test_questions_of_one_document_are_held_out_one_by_one():
    book = [dataclasses.replace(s, cluster="book") for s in made(80, seed=12, truth=HARD)]
    found = cross_validated(book)
    for fold in range(5):
        kept = [sample for n, sample in enumerate(book) if n % 5 != fold]
        assert found[fold::5] == verdicts(book[fold::5], fit(kept))


def test_one_cluster_with_all_that_is_wrong_is_told_of():
    samples = [line_sample(1.0 + n / 99, "right", is_right=True) for n in range(20)]
    samples += [line_sample(n / 99, f"{n}", is_right=True) for n in range(72)]
    samples += [line_sample(-2.0, "wrong", is_right=False) for n in range(8)]
    assert fit_line(samples, PLAIN).slope > 0
    with pytest.raises(TooFewQuestions, match=r"100 questions .* one of 5 parts"):
        cross_validated(samples, line_from=PLAIN)


def test_too_few_questions_are_refused():
    with pytest.raises(TooFewQuestions, match=f"at least {LEAST_QUESTIONS}"):
        fit(made(LEAST_QUESTIONS - 1))
    wrong = [dataclasses.replace(s, right=np.zeros_like(s.right)) for s in made(60)]
    for fitted in (fit, lambda samples: fit_line(samples, PLAIN)):
        with pytest.raises(TooFewQuestions, match="or none"):
            fitted(wrong)
