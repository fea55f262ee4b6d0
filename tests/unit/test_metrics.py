"""Measures against SQuAD's official functions, brute force, and cases worked out by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import official_squad as official
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import metrics
from service.metrics import Figure, Score

# Words that the rules treat specially, among any text at all.
WORDS = st.sampled_from(
    ["the", "The", "a", "an", "AN", "cat", "cats", "U.S.", "us", "-", "'s", "…", "“cat”", "1,000"]
    + ["İ", "ß", "SS", "e\u0301", "theme", "the-cat", "\u00a0", "\t", "\u2028", "1000", "_", "東京"]
)
TEXTS = st.lists(WORDS, max_size=6).map(" ".join) | st.text(max_size=12)
NULLS = st.floats(-20, 20) | st.sampled_from([-1.0, 0.0, 1.0])


@given(TEXTS)
def test_normalized_is_the_official_one(text: str) -> None:
    assert metrics.normalized(text) == official.normalize_answer(text)


@given(TEXTS, st.lists(TEXTS, max_size=4))
def test_score_is_v2s(answer: str, golds: list[str]) -> None:
    exact, f1 = official.get_raw_scores({"q": golds}, {"q": answer})
    assert metrics.score(answer, golds) == Score(exact["q"], f1["q"])


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_score_v1_is_v1s(answer: str, golds: list[str]) -> None:
    def exact(prediction: str, gold: str) -> bool:
        return official.normalize_answer(prediction) == official.normalize_answer(gold)

    assert metrics.score_v1(answer, golds) == Score(
        official.metric_max_over_ground_truths(exact, answer, golds),
        official.metric_max_over_ground_truths(official.f1_score, answer, golds),
    )


@pytest.mark.parametrize(
    ("answer", "golds", "em", "f1"),
    [
        ("The cat!", ["a cat"], 1, 1),
        ("black cat", ["cat", "dog"], 0, 2 / 3),
        ("cat cat", ["cat"], 0, 2 / 3),
        ("", [], 1, 1),
        ("cat", [], 0, 0),
        ("", ["cat"], 0, 0),
        ("the", ["the", "cat"], 0, 0),
        ("the", ["the"], 1, 1),
        ("1000", ["1,000"], 1, 1),
    ],
)
def test_score_by_hand(answer: str, golds: list[str], em: float, f1: float) -> None:
    assert metrics.score(answer, golds) == (em, pytest.approx(f1))


def test_v1_gives_an_answer_without_words_no_f1() -> None:
    assert metrics.score_v1("the", ["the"]) == (1, 0)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), NULLS), min_size=1, max_size=30))
def test_best_threshold_is_the_official_one(rows: list[tuple[bool, float, float]]) -> None:
    has = {str(i): answerable for i, (answerable, _, _) in enumerate(rows)}
    scores = {str(i): f1 if answerable else 0.0 for i, (answerable, f1, _) in enumerate(rows)}
    null = {str(i): value for i, (_, _, value) in enumerate(rows)}
    preds = dict.fromkeys(has, "an answer")
    expected, threshold = official.find_best_thresh(preds, scores, null, has)
    answerable, nulls, kept = list(has.values()), list(null.values()), list(scores.values())
    best = metrics.best_threshold(kept, nulls, answerable)
    assert 100.0 * best.value == pytest.approx(expected)
    if best.threshold != float("-inf"):
        assert best.threshold == threshold
    else:
        assert (best.value, threshold) == (answerable.count(False) / len(rows), 0.0)
    for at in (threshold, 0.0, -1.0):
        applied = official.apply_no_ans_threshold(scores, null, has, at)
        assert metrics.apply_threshold(kept, nulls, answerable, at).tolist() == list(
            applied.values()
        )


def test_best_threshold_by_hand() -> None:
    # Refusing the two at 3 and 4 loses one answer and wins one refusal.
    best = metrics.best_threshold([1, 0, 1, 0], [1, 2, 3, 4], [True, False, True, False])
    assert best == (3 / 4, 1)
    assert metrics.best_threshold([0, 0], [-3.0, -5.0], [False, False]) == (1, float("-inf"))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
        lambda rows: 0 < sum(positive for _, positive in rows) < len(rows)
    )
)
def test_auroc_is_the_share_of_pairs(rows: list[tuple[int, bool]]) -> None:
    ours = [score for score, positive in rows if positive]
    theirs = [score for score, positive in rows if not positive]
    wins = [(a > b) + (a == b) / 2 for a, b in product(ours, theirs)]
    scores, positive = zip(*rows, strict=True)
    assert metrics.auroc(scores, positive) == pytest.approx(sum(wins) / len(wins))


def test_auroc_of_one_kind_is_undefined() -> None:
    assert math.isnan(metrics.auroc([1, 2], [True, True]))
    assert math.isnan(metrics.auroc([1, 2], [False, False]))


def test_interval_of_a_mean_is_nearly_the_normal_ones() -> None:
    values = np.random.default_rng(1).random(4000) < 0.3
    figure = metrics.mean_figure(values)
    spread = 1.96 * np.sqrt(values.mean() * (1 - values.mean()) / len(values))
    assert (figure.value, figure.n) == (values.mean(), 4000)
    assert figure.value - figure.low == pytest.approx(spread, rel=0.1)
    assert figure.high - figure.value == pytest.approx(spread, rel=0.1)


def test_interval_of_small_samples_is_that_of_all_resamples() -> None:
    values = [0.0, 0.0, 1.0]
    means = [np.mean(drawn) for drawn in product(values, repeat=3)]
    figure = metrics.mean_figure(values)
    expected = np.percentile(means, [2.5, 97.5], method="inverted_cdf")
    assert (figure.low, figure.high) == tuple(expected)


def test_intervals_are_the_same_each_time_and_draw_in_pieces() -> None:
    values = np.random.default_rng(2).random(1500)
    assert metrics.mean_figure(values) == metrics.mean_figure(values)
    means = metrics.resampled_means([values, 1 - values], resamples=900)
    assert means.shape == (2, 900)
    assert means[0] == pytest.approx(1 - means[1])


def test_pairing_takes_out_what_both_share() -> None:
    rng = np.random.default_rng(3)
    theirs = rng.random(500)
    ours = theirs - 0.01
    figure = metrics.difference_figure(ours, theirs)
    assert (figure.value, figure.low, figure.high) == pytest.approx((-0.01, -0.01, -0.01))
    assert metrics.is_loss(ours, theirs)
    assert not metrics.is_loss(theirs, ours)
    assert not metrics.is_loss(theirs, theirs)


def test_a_few_worse_answers_are_noise_and_many_are_a_loss() -> None:
    stored = np.ones(100)
    for worse, lost in ((2, False), (20, True)):
        now = stored.copy()
        now[:worse] = 0
        assert metrics.is_loss(now, stored) is lost


def test_ratio_shares_its_draws() -> None:
    whole = np.random.default_rng(4).random(300) + 0.5
    figure = metrics.ratio_figure(0.8 * whole, whole)
    assert (figure.value, figure.low, figure.high) == pytest.approx((0.8, 0.8, 0.8))


def test_macro_counts_each_group_the_same() -> None:
    figure = metrics.macro_figure([[1.0] * 90, [0.0] * 10])
    assert figure == Figure(0.5, 0.5, 0.5, 100)
    rng = np.random.default_rng(5)
    groups = [rng.random(400) < share for share in (0.2, 0.5)]
    spread = 1.96 * np.sqrt(sum(g.mean() * (1 - g.mean()) / len(g) for g in groups)) / 2
    figure = metrics.macro_figure(groups)
    assert figure.high - figure.low == pytest.approx(2 * spread, rel=0.1)
