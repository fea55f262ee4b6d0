"""How much of a question stands in a sentence, and whether its names stand anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from index.lexical_view.stemming import stems
from index.lexical_view.words import COMMON_WORDS, phonetic_key, split_words
from service.asking import asked_names


class QuestionWords:
    """The words of a question, looked for in texts.

    Args:
        question: What is asked.
    """

    def __init__(self, question: str) -> None:
        self._names = asked_names(question)
        words = [word for word in split_words(question) if word]
        wanted = [word for word in words if not COMMON_WORDS.intersection(word)] or words
        self._wanted = [
            frozenset(stems(word)) | _with_sounds(self._names.intersection(word)) for word in wanted
        ]
        self._covered: dict[str, float] = {}

    def coverage(self, text: str) -> float:
        """Share of the question's words that stand in a text, in [0, 1]; 0 if it has none.

        Words are compared by their stems, names by their sound as well; words that nearly every
        question has don't count.
        """
        if text not in self._covered:
            terms = _terms(text)
            held = _with_sounds(terms).union(stems(terms))
            hits = sum(not word.isdisjoint(held) for word in self._wanted)
            self._covered[text] = hits / len(self._wanted) if self._wanted else 0.0
        return self._covered[text]

    def is_foreign_to(self, texts: Iterable[str]) -> bool:
        """Whether the question has names, and none of them stands in any of the texts.

        Spellings that sound alike count as one.
        """
        if not self._names:
            return False
        return all(self._sought.isdisjoint(_with_sounds(_terms(text))) for text in texts)

    @cached_property
    def _sought(self) -> frozenset[str]:
        return _with_sounds(self._names)


def _terms(text: str) -> list[str]:
    return [term for word in split_words(text) for term in word]


def _with_sounds(terms: Iterable[str]) -> frozenset[str]:
    """Terms, and their phonetic keys, which begin with a mark that no term holds."""
    both: set[str] = set()
    for term in terms:
        both.add(term)
        key = phonetic_key(term)
        if key is not None and len(key) > 2:
            both.add(f"/{key}")
    return frozenset(both)
