"""Span decoding: a reader's logits to the best answers of a text, at whole words.

A text longer than the reader's window is read in overlapping windows. A span's score is the sum of
its start and end logits, and the best over the windows that hold it; the text's null score is the
least over its windows, since one window that answers is enough (as the SQuAD v2.0 evaluation of
BERT does). There is no softmax within a passage, so scores compare across passages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import regex

from service.types import Reading, Span, WindowLogits

_Scalar = TypeVar("_Scalar", bound=np.generic)

# Scripts that don't put spaces between words: a span there snaps to graphemes only.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_\u200c\u200d]--[{_UNSPACED}]]"
_SEPARATOR = r"[.,:/'\u2019\u066b\u066c\u00a0\u2009\u202f]"
_WORD = regex.compile(
    r"(?:(?<!\p{L})\p{L}\.){2,}(?:\p{L}(?!\p{L}))?"  # U.N., e.g., U.S.A
    r"|(?:(?<![^\s\p{Ps}\p{Pi}\"'])[-+\u2212](?=\p{N}))?"  # the sign of -5, but not of 1-5, 4%-5%
    rf"{_LETTER}+(?:(?<=\p{{N}}){_SEPARATOR}(?=\p{{N}}){_LETTER}+)*",  # 146,000 or 10:30
    flags=regex.V1,
)
_GRAPHEME = regex.compile(r"\X")


def decode(
    windows: Sequence[WindowLogits], text: str, *, n_best: int, max_answer_tokens: int
) -> Reading:
    """The best answers that a text offers.

    Each is the best span of all windows that lies outside the ones before it, grown to whole words.
    Equal scores: the one that starts first, then the shorter one.

    Args:
        windows: The reader's logits; windows may overlap.
        text: The text that the windows' offsets count in.
        n_best: How many spans to return at most.
        max_answer_tokens: Most tokens of an answer, before it is grown.

    Returns:
        Spans at whole words and graphemes, none overlapping another.
    """
    places = boundaries(text)
    parts = [window for window in windows if len(window.start)]
    null_score = min((window.null for window in parts), default=float("inf"))
    spans: list[Span] = []
    while len(spans) < n_best:
        found = [best_span(part, max_answer_tokens=max_answer_tokens) for part in parts]
        best = min((span for span in found if span is not None), key=_rank, default=None)
        if best is None:
            break
        taken = snap(best, places)
        spans.append(taken)
        parts = [rest for part in parts for rest in _outside(part, taken)]
    return Reading(spans=spans, null_score=null_score)


def best_span(window: WindowLogits, *, max_answer_tokens: int) -> Span | None:
    """The best span of one window: start at or before end, at most `max_answer_tokens` long.

    Equal scores: the one that starts first, then the shorter one.

    Returns:
        None if the window has no token, or only such whose logits are minus infinity.
    """
    length = min(max_answer_tokens, len(window.start))
    if length <= 0:
        return None

    def ahead(values: npt.NDArray[_Scalar]) -> npt.NDArray[_Scalar]:
        """Shape (n, length); entry [i, k] is the value of token i + k, or 0 after the last."""
        return np.lib.stride_tricks.sliding_window_view(np.pad(values, (0, length - 1)), length)

    # scores[i, k] is the score of the span of tokens i to i + k. Past the last token, and for
    # tokens of no width, which some tokenizers make, there is no span.
    scores = np.where(
        ahead(window.offsets[:, 1]) > window.offsets[:, :1],
        window.start[:, None] + ahead(window.end),
        -np.inf,
    )
    first, extent = divmod(int(np.argmax(scores)), length)
    score = float(scores[first, extent])
    if score == -np.inf:
        return None
    return Span(int(window.offsets[first, 0]), int(window.offsets[first + extent, 1]), score)


def span_score(windows: Sequence[WindowLogits], start: int, end: int) -> float | None:
    """Score of a span: of the tokens that hold it, the best over the windows that have them.

    Args:
        windows: The reader's logits.
        start: Offset of the span.
        end: Offset after it.

    Returns:
        None if no window holds the span.
    """
    scores = []
    for window in windows:
        first = int(np.searchsorted(window.offsets[:, 0], start, side="right")) - 1
        last = int(np.searchsorted(window.offsets[:, 1], end, side="left"))
        if 0 <= first <= last < len(window.end):
            scores.append(float(window.start[first] + window.end[last]))
    return max(scores, default=None)


def _outside(window: WindowLogits, span: Span) -> Iterator[WindowLogits]:
    """What a window holds before a span and after it."""
    before = int(np.searchsorted(window.offsets[:, 1], span.start, side="right"))
    after = int(np.searchsorted(window.offsets[:, 0], span.end, side="left"))
    for kept in (slice(before), slice(after, None)):
        if len(window.start[kept]):
            yield WindowLogits(
                window.start[kept], window.end[kept], window.offsets[kept], window.null
            )


def _rank(span: Span) -> tuple[float, int, int]:
    return -span.score, span.start, span.end


def boundaries(text: str) -> npt.NDArray[np.int64]:
    """Offsets where an answer may begin or end, in order, both ends of the text among them.

    They are the places inside no word, number, abbreviation or grapheme cluster (Unicode UAX 29).
    """
    allowed = np.ones(len(text) + 1, dtype=np.bool_)
    for pattern in (_WORD,) if text.isascii() else (_WORD, _GRAPHEME):
        for match in pattern.finditer(text):
            allowed[match.start() + 1 : match.end()] = False
    return np.flatnonzero(allowed)


def snap(span: Span, places: npt.NDArray[np.int64]) -> Span:
    """A span grown to the nearest of the `boundaries` of its text."""
    start = places[np.searchsorted(places, span.start, side="right") - 1]
    end = places[np.searchsorted(places, span.end, side="left")]
    return Span(int(start), int(end), span.score)
