"""Span decoding: a reader's logits to the best answers of a text, at whole words.

A text longer than the reader's window is read in overlapping windows. A span's score is the sum of
its start and end logits, and the best over the windows that hold it; the text's null score is the
least over its windows, since one window that answers is enough (as the SQuAD v2.0 evaluation of
BERT does). Logits are never normalised by passage, so scores compare across passages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import regex

from service.types import Reading, Span, WindowLogits

# Scripts that don't put spaces between words: a span there snaps to graphemes only.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_LETTER = rf"[[\p{{L}}\p{{M}}\p{{N}}_\u200c\u200d]--[{_UNSPACED}]]"
_WORD = regex.compile(
    r"(?:(?<!\p{L})\p{L}\.){2,}"  # U.N., e.g.
    r"|(?<![\p{L}\p{N}])[-+\u2212]?\p{N}+(?:[.,:/'\u2019\u00a0\u202f]\p{N}+)+\p{L}*"  # 146,000
    rf"|{_LETTER}+",
    flags=regex.V1,
)
_GRAPHEME = regex.compile(r"\X")


def decode(
    windows: Sequence[WindowLogits], text: str, *, n_best: int, max_answer_tokens: int
) -> Reading:
    """The best answers that a text offers.

    Args:
        windows: The reader's logits; windows may overlap.
        text: The text that the windows' offsets count in.
        n_best: How many spans to take from each window.
        max_answer_tokens: Most tokens of an answer.

    Returns:
        At most `n_best` spans at whole words and graphemes, none overlapping another.
    """
    spans = [
        span
        for window in windows
        for span in best_spans(window, n_best=n_best, max_answer_tokens=max_answer_tokens)
    ]
    return Reading(
        spans=drop_overlapping(snap(spans, text))[:n_best],
        null_score=min((window.null for window in windows), default=float("inf")),
    )


def best_spans(window: WindowLogits, *, n_best: int, max_answer_tokens: int) -> list[Span]:
    """The best spans of one window that share no token, best first.

    Each is the best of all that remain: start at or before end, at most `max_answer_tokens` long.
    Equal scores: the one that starts first, then the shorter one.
    """
    tokens = len(window.start)
    length = min(max_answer_tokens, tokens)
    if length <= 0:
        return []
    padded = np.concatenate([window.end, np.full(length - 1, -np.inf, dtype=window.end.dtype)])
    # scores[i, k] is the score of the span of tokens i to i + k.
    scores = window.start[:, None] + np.lib.stride_tricks.sliding_window_view(padded, length)
    spans = []
    for _ in range(n_best):
        first, extent = divmod(int(np.argmax(scores)), length)
        score = float(scores[first, extent])
        if score == -np.inf:
            break
        last = first + extent
        spans.append(Span(int(window.offsets[first, 0]), int(window.offsets[last, 1]), score))
        scores[first : last + 1] = -np.inf
        for start in range(max(0, first - length + 1), first):
            scores[start, first - start :] = -np.inf
    return spans


def drop_overlapping(spans: Iterable[Span]) -> list[Span]:
    """Spans best first, each that overlaps a better one left out.

    Equal scores: the one that starts first, then the shorter one.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (-s.score, s.start, s.end)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return kept


def snap(spans: Iterable[Span], text: str) -> list[Span]:
    """Spans grown to whole words, numbers, abbreviations and graphemes; empty ones left out."""
    edges = [match.span() for match in _WORD.finditer(text)]
    starts = np.array([start for start, _ in edges], dtype=np.int64)
    ends = np.array([end for _, end in edges], dtype=np.int64)
    grown = []
    for span in spans:
        start, end = span.start, span.end
        if start >= end:
            continue
        word = int(np.searchsorted(ends, start, side="right"))
        if word < len(edges):
            start = min(start, int(starts[word]))
        word = int(np.searchsorted(starts, end, side="left")) - 1
        if word >= 0:
            end = max(end, int(ends[word]))
        grown.append(Span(*_whole_graphemes(text, start, end), span.score))
    return grown


def _whole_graphemes(text: str, start: int, end: int) -> tuple[int, int]:
    # A grapheme cluster can't begin before a line break, so the line is context enough.
    line = text.rfind("\n", 0, start) + 1
    for match in _GRAPHEME.finditer(text, line):
        if match.start() <= start < match.end():
            start = match.start()
        if match.end() >= end:
            return start, match.end()
    return start, end
