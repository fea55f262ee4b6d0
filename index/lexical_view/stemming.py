"""Stems of words: what `searches`, `searched` and `search` have in common."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer


@cache
def stemmer() -> TextAnalyzer:
    """English stems of terms with spaces between."""
    return TextAnalyzerBuilder(Tokenizer.whitespace()).filter(Filter.stemmer("english")).build()


def stems(terms: Iterable[str]) -> list[str]:
    """The stem of each term, in order.

    Args:
        terms: Of `split_words`; without space, so that each has one stem.
    """
    return list(stemmer().analyze(" ".join(terms)))
