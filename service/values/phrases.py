"""Phrases: whether two say the same in the same words, one more than the other, or its opposite."""

from __future__ import annotations

from collections.abc import Iterator

import regex

from index.lexical_view.stemming import stems
from index.lexical_view.words import split_words
from service.values.comparison import Comparison

ARTICLES = frozenset(("a", "an", "the"))
_NEGATIONS = frozenset(
    "not no never none nor neither without cannot cant dont doesnt didnt wont couldnt wouldnt "
    "shouldnt isnt arent wasnt werent hasnt havent hadnt mustnt neednt refuse refused refuses "
    "refusing fail failed fails failing".split()
)
_AUXILIARIES = frozenset(
    "do does did will would shall should can could may might must be is are was were been am has "
    "have had to".split()
)
_LITTLE = ARTICLES | _AUXILIARIES | frozenset("of in on at by for from with and or as".split())
_PREFIXES = ("un", "non")
_NUMBER = regex.compile(r"\p{Nd}")


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, folded, without articles; joined ones as one, joined numbers apart."""
    return tuple(_words(text))


def _words(text: str) -> Iterator[str]:
    for terms in split_words(text):
        chosen = terms[-1:]
        if len(terms) > 1 and terms[0].isdecimal():
            # 2-1 and 35-year-old, the latter with all of it as one term at the end.
            chosen = terms if terms[-1].isdecimal() else terms[:-1]
        elif len(terms) > 1 and len(terms[0]) == 1 and not terms[0].isascii():
            # Characters of a script that doesn't divide words, and then the pairs of them.
            chosen = terms[: len(terms) // 2 + 1]
        yield from (term for term in chosen if term not in ARTICLES)


def stems_of(words: tuple[str, ...]) -> tuple[str, ...]:
    """The stem of each word."""
    return tuple(stems(words)) if words else ()


def is_negation(word: str) -> bool:
    """Whether a folded word denies what the others say."""
    return word in _NEGATIONS


def compare_phrases(
    our_words: tuple[str, ...],
    their_words: tuple[str, ...],
    our_stems: tuple[str, ...],
    their_stems: tuple[str, ...],
) -> Comparison:
    """How two phrases stand to each other.

    Args:
        our_words: Of `words_of`.
        their_words: Likewise.
        our_stems: Of `stems_of`, one for each word.
        their_stems: Likewise.
    """
    if our_words == their_words:
        return "same"
    ours, our_denials = _affirmed(our_words, our_stems)
    theirs, their_denials = _affirmed(their_words, their_stems)
    if our_denials % 2 != their_denials % 2:
        return "incompatible" if ours == theirs and ours else "unrelated"
    if our_stems == their_stems:
        return "same"
    if len(ours) == len(theirs):
        apart = [(a, b) for a, b in zip(ours, theirs, strict=True) if a != b]
        if len(apart) == 1 and _is_opposite(*apart[0]):
            return "incompatible"
        if (
            apart
            and all(_NUMBER.match(a) and _NUMBER.match(b) for a, b in apart)
            and any(_NUMBER.match(stem) is None for stem in ours)
        ):
            return "incompatible"
    inner, outer = sorted((set(ours) - _LITTLE, set(theirs) - _LITTLE), key=len)
    return "compatible" if inner and inner <= outer else "unrelated"


def _affirmed(words: tuple[str, ...], stemmed: tuple[str, ...]) -> tuple[list[str], int]:
    """Stems without negations and auxiliaries, and how many negations there were."""
    kept: list[str] = []
    denials = 0
    for word, stem, following in zip(words, stemmed, (*words[1:], ""), strict=True):
        if word in _NEGATIONS:
            # "No. 5" denies nothing.
            denials += word != "no" or _NUMBER.match(following) is None
        elif word not in _AUXILIARIES:
            kept.append(stem)
    return kept, denials


def _is_opposite(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) > 2 and any(long == prefix + short for prefix in _PREFIXES)
