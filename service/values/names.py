"""Names: spellings, titles, initials and surnames of what may be the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import regex

from index.lexical_view.words import phonetic_key, split_words
from service.values.abbreviations import WELL_KNOWN, fold_short

ALIKE = 0.7
"""Least share of letters that two spellings of one name have in common."""

_SHORTEST_KEY = 3

_ARTICLES = frozenset("al el ad an ar as ash at az the a de la le von van".split())
_TITLES = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord lady king queen prince princess emperor pope "
    "president vice prime minister chancellor secretary ambassador envoy senator governor mayor "
    "general marshal colonel major captain lieutenant admiral commander sergeant field foreign "
    "defence defense affairs interior former then late chief head leader spokesman judge justice "
    "saint st father rev reverend bishop archbishop cardinal strongman warlord rogue turkish "
    "russian libyan egyptian italian german french american british".split()
)
_COMMON_NOUNS = frozenset(
    "university army government war party city river church college school museum street park "
    "state states kingdom nations union league council ministry company band group club team "
    "island islands lake sea ocean mountain mountains bridge station airport hospital castle "
    "palace tower house hall center centre court act treaty agreement region province county "
    "district north south east west award prize cup series album song film movie day century "
    "empire republic dynasty people language force forces accord".split()
)
_WORD_OF_NAME = regex.compile(r"[\p{Lu}\p{N}]|(?:al|el|de|la|le|von|van|of|and|the|for|in|on)\b")
_LONGEST = 12


def name_words(name: str) -> tuple[str, ...]:
    """The words of a name, folded, without articles."""
    words = []
    for terms in split_words(name[:400]):
        # al-Sarraj gives sarraj and alsarraj, cease-fire gives cease, fire and ceasefire.
        term = terms[0] if len(terms) == 2 else terms[-1]
        if term not in _ARTICLES:
            words.append(term)
    return tuple(words[:_LONGEST])


def without_titles(words: Sequence[str]) -> tuple[str, ...]:
    """A name's words without the ranks and offices before it; all of them if nothing is left."""
    kept = list(words)
    while len(kept) > 1 and kept[0] in _TITLES:
        kept.pop(0)
    return tuple(kept)


def is_rank(words: Sequence[str]) -> bool:
    """Whether the words name an office or rank, and nobody."""
    return bool(words) and all(word in _TITLES for word in words)


def expanded(name: str, words: tuple[str, ...], expansions: Mapping[str, str]) -> tuple[str, ...]:
    """A name's words, or those that its abbreviation stands for."""
    bare = name.strip()
    is_short = len(words) == 1 and sum(c.isupper() for c in bare) >= 2 and len(bare) <= _LONGEST
    if not is_short:
        return words
    short = fold_short(bare)
    long = expansions.get(short) or WELL_KNOWN.get(short)
    return name_words(long) if long else words


def looks_like_name(quote: str) -> bool:
    """Whether all of its words are written as a name's are."""
    words = quote.split()
    if not words or len(words) > _LONGEST:
        return False
    bare = [word.strip("\"'\u201c\u201d\u2018\u2019()[],.;:") for word in words]
    bare = [word for word in bare if word]
    has_capital = any(any(c.isupper() for c in word) for word in bare)
    return has_capital and all(_WORD_OF_NAME.match(word) or "-" in word for word in bare)


@lru_cache(maxsize=1 << 14)
def are_alike(one: str, other: str) -> bool:
    """Whether two words may be spellings of one name."""
    if one == other:
        return True
    if len(one) == 1 or len(other) == 1:
        return False
    key = phonetic_key(one)
    if key is None or len(key) < _SHORTEST_KEY or key != phonetic_key(other):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= ALIKE


def is_same_name(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names are of the same one: spelled otherwise, or one by its surname alone.

    Args:
        one: Words without titles.
        other: Likewise.
    """
    if not one or not other:
        return False
    short, long = sorted((tuple(one), tuple(other)), key=lambda words: (len(words), words))
    if len(short) == len(long):
        *first, last = zip(short, long, strict=True)
        return are_alike(*last) and all(_fit(a, b) for a, b in first)
    if len(short) == 1:
        word = short[0]
        return (
            len(long) <= 4
            and word not in _COMMON_NOUNS
            and len(word) > 2
            and are_alike(word, long[-1])
        )
    # Middle names and initials may be left out.
    return (
        len(long) - len(short) == 1
        and not _COMMON_NOUNS.intersection(long)
        and _fit(short[0], long[0])
        and all(are_alike(a, b) for a, b in zip(short[1:], long[-len(short) + 1 :], strict=True))
    )


def _fit(one: str, other: str) -> bool:
    if 1 in (len(one), len(other)):
        return one[0] == other[0]
    return are_alike(one, other)


def shares_word(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether any word of one name may be one of the other."""
    return any(are_alike(a, b) for a in one for b in other)
