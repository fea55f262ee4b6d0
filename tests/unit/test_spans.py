"""Span decoding finds what a loop over all spans finds, and quotes whole words."""

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from service.spans import best_span, boundaries, decode, snap, span_score
from service.types import Span, WindowLogits

# Few different values, so that ties are common; their sums are exact in float32.
LOGITS = st.sampled_from([-np.inf, -2.0, -0.5, 0.0, 1.0, 1.5, 4.0])


def window_of(start, end, offsets, null=0.0):
    return WindowLogits(
        start=np.array(start, dtype=np.float32),
        end=np.array(end, dtype=np.float32),
        offsets=np.array(offsets, dtype=np.int64).reshape(-1, 2),
        null=null,
    )


@st.composite
def logits_for(draw, offsets):
    size = len(offsets)
    start, end = (draw(st.lists(LOGITS, min_size=size, max_size=size)) for _ in range(2))
    return window_of(start, end, offsets, null=draw(st.integers(-9, 9)))


@st.composite
def token_offsets(draw, max_tokens=12, min_width=1):
    """Tokens in order, with and without space between them."""
    at, offsets = 0, []
    for gap, width in draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(min_width, 3)), max_size=max_tokens)
    ):
        offsets.append((at + gap, at + gap + width))
        at += gap + width
    return offsets


@st.composite
def texts_in_pieces(draw):
    """A text of words of letters, hyphens between some, and where it is cut into tokens."""
    text, offsets = "", []
    words = st.lists(st.integers(1, 2), min_size=1, max_size=3)
    for pieces, hyphen in draw(st.lists(st.tuples(words, st.booleans()), min_size=1, max_size=6)):
        for width in pieces:
            offsets.append((len(text), len(text) + width))
            text += "w" * width
        if hyphen:
            offsets.append((len(text), len(text) + 1))
        text += "-" if hyphen else " "
    return text.rstrip(), offsets


@st.composite
def texts_in_windows(draw):
    """A text and windows that overlap by any number of tokens and together hold all of them."""
    text, offsets = draw(texts_in_pieces())
    cuts = sorted(draw(st.lists(st.integers(0, len(offsets)), max_size=3)))
    slices = [
        (max(0, begin - draw(st.integers(0, 4))), end)
        for begin, end in zip([0, *cuts], [*cuts, len(offsets)], strict=True)
    ]
    return text, [draw(logits_for(offsets[begin:end])) for begin, end in slices]


def every_span(window, max_answer_tokens):
    """All spans of a window, by one loop within another, the best first."""
    found = []
    for first in range(len(window.start)):
        for last in range(first, min(first + max_answer_tokens, len(window.start))):
            score = float(window.start[first] + window.end[last])
            place = int(window.offsets[first, 0]), int(window.offsets[last, 1])
            if score > -np.inf and place[0] < place[1]:
                found.append((-score, first, last, Span(*place, score)))
    return [span for *_, span in sorted(found, key=lambda f: f[:3])]


def whole_words(span, text):
    """A span grown over letters to the next space or hyphen on either side."""
    start, end = span.start, span.end
    while text[max(0, start - 1) : start + 1] == "ww":
        start -= 1
    while text[end - 1 : end + 1] == "ww":
        end += 1
    return Span(start, end, span.score)


def apart(span, others):
    return not any(
        set(range(span.start, span.end)) & set(range(other.start, other.end)) for other in others
    )


@given(token_offsets(min_width=0).flatmap(logits_for), st.integers(0, 14))
def test_the_best_span_is_what_a_loop_over_all_spans_finds(window, max_answer_tokens):
    every = every_span(window, max_answer_tokens)
    assert best_span(window, max_answer_tokens=max_answer_tokens) == (every[0] if every else None)


def test_equal_scores_go_to_the_first_and_then_the_shortest_span():
    window = window_of([1, 5, 5, 1], [1, 2, 2, 2], [(0, 1), (2, 3), (4, 5), (6, 7)])
    assert best_span(window, max_answer_tokens=4) == Span(2, 3, 7.0)


def test_an_answer_has_no_more_tokens_than_allowed():
    window = window_of([9, 0, 0, 0], [0, 0, 1, 9], [(0, 1), (2, 3), (4, 5), (6, 7)])
    assert best_span(window, max_answer_tokens=4) == Span(0, 7, 18.0)
    assert best_span(window, max_answer_tokens=3) == Span(0, 5, 10.0)
    assert best_span(window, max_answer_tokens=1) == Span(0, 1, 9.0)
    assert best_span(window, max_answer_tokens=0) is None


def test_a_window_without_tokens_has_no_span():
    assert best_span(window_of([], [], []), max_answer_tokens=30) is None


def test_a_window_of_one_token_has_that_span():
    assert best_span(window_of([1], [2], [(3, 8)]), max_answer_tokens=30) == Span(3, 8, 3.0)


def test_logits_of_minus_infinity_are_no_answer():
    forbidden = window_of([-np.inf, -np.inf], [3, 3], [(0, 1), (2, 3)])
    assert best_span(forbidden, max_answer_tokens=30) is None
    backwards = window_of([-np.inf, 1], [1, -np.inf], [(0, 1), (2, 3)])
    assert best_span(backwards, max_answer_tokens=30) is None


@given(texts_in_windows(), st.integers(0, 8), st.integers(1, 8))
def test_decoding_is_greedy_over_the_spans_of_all_windows(case, n_best, max_answer_tokens):
    text, windows = case
    every = [span for window in windows for span in every_span(window, max_answer_tokens)]
    expected = []
    for span in sorted(every, key=lambda s: (-s.score, s.start, s.end)):
        grown = whole_words(span, text)
        if len(expected) < n_best and apart(grown, expected):
            expected.append(grown)
    reading = decode(windows, text, n_best=n_best, max_answer_tokens=max_answer_tokens)
    assert list(reading.spans) == expected


def test_a_span_that_loses_to_another_windows_span_blocks_nothing():
    offsets = [(0, 1), (2, 3), (4, 5), (6, 7)]
    one = window_of([-9, 5, -9], [-9, -9, 5], offsets[:3])
    other = window_of([4.5, -9, 4], [-9, 4.5, 4], [(4, 5), (6, 7), (8, 9)])
    spans = decode([one, other], "a b c d e", n_best=3, max_answer_tokens=30).spans
    assert [(s.start, s.end, s.score) for s in spans[:2]] == [(2, 5, 10.0), (8, 9, 8.0)]
    assert (spans[2].start, spans[2].end) == (6, 7)


def test_pieces_of_one_word_count_once_among_the_best():
    number = window_of([9, 8, 7, 0], [9, 8, 7, 0], [(0, 3), (3, 4), (4, 7), (8, 14)])
    spans = decode([number], "146,000 people", n_best=2, max_answer_tokens=1).spans
    assert spans == [Span(0, 7, 18.0), Span(8, 14, 0.0)]


@given(texts_in_windows())
def test_the_null_score_is_the_least_over_the_windows_with_tokens(case):
    text, windows = case
    reading = decode(windows, text, n_best=1, max_answer_tokens=30)
    assert reading.null_score == min(w.null for w in windows if len(w.start))


@pytest.mark.parametrize("windows", [[], [window_of([], [], [], null=-3.0)]])
def test_where_there_is_nothing_to_read_the_null_score_is_infinite(windows):
    reading = decode(windows, " ", n_best=5, max_answer_tokens=30)
    assert (list(reading.spans), reading.null_score) == ([], np.inf)


@given(texts_in_windows(), texts_in_windows())
def test_what_else_is_read_changes_no_score(one, other):
    text, windows = one
    more, added = other
    shifted = [WindowLogits(w.start, w.end, w.offsets + len(text) + 1, w.null) for w in added]
    limits = {"n_best": 99, "max_answer_tokens": 30}
    alone = decode(windows, text, **limits).spans
    together = decode([*windows, *shifted], f"{text} {more}", **limits).spans
    assert [span for span in together if span.end <= len(text)] == alone


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
LIBYA, RUSSIA = "\U0001f1f1\U0001f1fe", "\U0001f1f7\U0001f1fa"
PRAYERS = "\U0001f64f\U0001f3fd"


@pytest.mark.parametrize(
    ("text", "piece", "whole"),
    [
        ("It displaced 146,000 people", "000", "146,000"),
        ("It displaced 146,000 people", ",", "146,000"),
        ("It displaced 146,000 people", "46,000 peo", "146,000 people"),
        ("environ 146\u202f000 personnes", "000", "146\u202f000"),
        (
            "\u0661\u0664\u066c\u0660\u0660\u0660 x",
            "\u0664",
            "\u0661\u0664\u066c\u0660\u0660\u0660",
        ),
        ("a fine of Rs1,000 or more", "000", "Rs1,000"),
        ("the U.N. said", "N", "U.N."),
        ("the U.N. said", "U", "U.N."),
        ("the U.S.A is", "S", "U.S.A"),
        ("at 10:30 sharp", "30", "10:30"),
        ("at 10:30am sharp", "10", "10:30am"),
        ("season 2019/20 ended", "20 ", "2019/20 "),
        ("some 2.5 km", "2", "2.5"),
        ("fell to -5.5 at night", "5.5", "-5.5"),
        ("fell to -5 at night", "5", "-5"),
        ("fell to \u22125 at night", "5", "\u22125"),
        ("(-5 at night)", "5", "-5"),
        ("pages 1-5", "5", "5"),
        ("from 4%-5% to 6%", "5", "5"),
        ("won 2-1.", "1", "1"),
        ("it ended. 5 died", "5", "5"),
        ("about 5,", "5", "5"),
        ("Haftar's men", "aft", "Haftar"),
        ("cafe\u0301s", "e", "cafe\u0301s"),
        ("x e\u0301 y", "e", "e\u0301"),
        (f"a {FAMILY} b", "\U0001f469", FAMILY),
        (f"{LIBYA}{RUSSIA}", RUSSIA[0], RUSSIA),
        (f"{LIBYA}{RUSSIA}", LIBYA[1], LIBYA),
        (f"Amen {PRAYERS}!", PRAYERS[1], PRAYERS),
        ("1\ufe0f\u20e3.", "\u20e3", "1\ufe0f\u20e3"),
        ("\u1112\u1161\u11ab \u1100\u1173", "\u1161", "\u1112\u1161\u11ab"),
        ("\ud55c\uad6d\uc5b4 \ub9d0", "\uad6d", "\ud55c\uad6d\uc5b4"),
        ("\u6771\u4eac\u90fd", "\u4eac", "\u4eac"),
        ("\u57282020\u5e74", "02", "2020"),
        ("\u304b\u306a", "\u304b", "\u304b"),
        ("\u0e01\u0e33\u0e41\u0e1e\u0e07", "\u0e01", "\u0e01\u0e33"),
        (
            "\u0642\u0627\u0644 \u0645\u064f\u062d\u064e\u0645",
            "\u062d",
            "\u0645\u064f\u062d\u064e\u0645",
        ),
        ("\u0600123 x", "\u0600", "\u0600123"),
    ],
)
def test_a_span_grows_to_the_whole_word(text, piece, whole):
    start = text.index(piece)
    grown = snap(Span(start, start + len(piece), 1.0), boundaries(text))
    assert text[grown.start : grown.end] == whole
    assert grown.start == text.index(whole)


SPACED = ["146,000", "U.N.", "2.5", "-5", "10:30", "a", "B", "7", " ", "\n", ".", "-", "'"]
CLUSTERS = ["e\u0301", FAMILY, LIBYA, RUSSIA[0], PRAYERS[1], "\u200d", "\uff9e", "\U000e0067"]
SCRIPTS = ["\u1112", "\u1161", "\u11ab", "\u6771", "\u304b", "\u0e33", "\u0645\u064f", "\u0600"]
PIECES = st.sampled_from([*SPACED, *CLUSTERS, *SCRIPTS, "\u0915\u094d", "\u0937"])
TEXTS = st.one_of(
    st.lists(PIECES, min_size=1, max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1),
)


@st.composite
def spans_of_texts(draw):
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text) - 1))
    return text, Span(start, draw(st.integers(start + 1, len(text))), 0.5)


def grapheme_ends(text):
    at, ends = 0, [0]
    for cluster in regex.findall(r"\X", text):
        at += len(cluster)
        ends.append(at)
    return ends


@given(spans_of_texts())
def test_growing_keeps_the_span_cuts_no_grapheme_and_is_done_once(case):
    text, span = case
    places = boundaries(text)
    grown = snap(span, places)
    assert grown.start <= span.start < span.end <= grown.end
    assert grown.score == span.score
    assert {grown.start, grown.end} <= set(grapheme_ends(text))
    assert snap(grown, places) == grown


@given(spans_of_texts())
def test_no_grown_span_begins_or_ends_between_letters_or_digits(case):
    text, span = case
    grown = snap(span, boundaries(text))
    for place in (grown.start, grown.end):
        around = text[max(0, place - 1) : place + 1] if 0 < place < len(text) else ""
        # Below Thai, every script puts something between its words.
        spaced = [c.isalnum() and c < "\u0e00" for c in around]
        assert spaced != [True, True]


@given(st.text(st.sampled_from("ab 1.,-:'"), min_size=1), st.data())
def test_a_span_grows_by_no_space(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))), 0.0)
    grown = snap(span, boundaries(text))
    added = text[grown.start : span.start] + text[span.end : grown.end]
    assert " " not in added


@given(texts_in_windows(), st.data())
def test_a_span_scores_as_the_tokens_that_hold_it_do(text_in_windows, data):
    text, windows = text_in_windows
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    scores = []
    for window in windows:
        places = window.offsets.tolist()
        before = [n for n, place in enumerate(places) if place[0] <= start]
        behind = [n for n, place in enumerate(places) if place[1] >= end]
        if before and behind and before[-1] <= behind[0]:
            scores.append(window.start[before[-1]] + window.end[behind[0]])
    assert span_score(windows, start, end) == (max(scores) if scores else None)


@given(texts_in_windows())
def test_the_best_span_keeps_its_score(text_in_windows):
    _, windows = text_in_windows
    for window in windows:
        found = best_span(window, max_answer_tokens=30)
        if found is not None:
            assert span_score([window], found.start, found.end) == found.score


def test_no_tokens_hold_a_span_of_nothing_read():
    assert span_score([], 0, 3) is None
    assert span_score([window_of([], [], [])], 0, 3) is None
    assert span_score([window_of([1], [1], [(4, 6)])], 0, 3) is None
    assert span_score([window_of([1], [1], [(4, 6)])], 4, 9) is None
