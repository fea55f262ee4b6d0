"""Names: spellings, surnames and abbreviations of what may be the same one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import regex

from index.lexical_view.words import phonetic_key, split_words
from service.values.abbreviations import WELL_KNOWN, fold_short
from service.values.comparison import Comparison
from service.values.numerals import read_number_of_name
from service.values.titles import NOT_PERSONS, is_rank, without_titles

ALIKE = 0.7
"""Least share of letters that two spellings of one name have in common."""

SKETCH_ALIKE = 0.85
"""The same of their consonants and places of vowels, whichever vowels they are."""

_SHORTEST_KEY = 3
_LONGEST = 12
"""Words of a name that are compared."""

_ARTICLES = frozenset("al el ad an ar as ash at az the a".split())
_SMALL = frozenset("of and the for in on at to by de la le du".split())
_SYNONYMS = {
    ("united", "states", "of", "america"): ("united", "states"),
    ("great", "britain"): ("united", "kingdom"),
    ("britain",): ("united", "kingdom"),
    ("holland",): ("netherlands",),
}
_OPPOSITES = (
    frozenset("north south east west central".split()),
    frozenset("northern southern eastern western central".split()),
    frozenset("old new".split()),
    frozenset("upper lower".split()),
)
_WORD_OF_NAME = regex.compile(
    r"[\p{Lu}\p{Lt}\p{N}]|\p{Ll}{1,3}[-'\u2019]\p{Lu}"
    r"|(?:al|el|de|la|le|von|van|bin|ibn|of|and|the|for|in|on|at|to|du|da|dos|del|der)\Z|[&/-]+\Z"
)
_EDGES = "\"'\u201c\u201d\u2018\u2019()[]{},.;:!?\u2026"
_SHORT = regex.compile(
    r"(?<![\p{L}\p{N}])(?:(?:\p{Lu}\.){2,8}|(?:\p{Lu}\.){1,7}\p{Lu}(?![\p{L}\p{N}])|\p{Lu}[\p{Lu}\p{N}&]{1,9}(?![\p{L}\p{N}]))"
)
_ADJECTIVE = regex.compile(r"(?:ish|ians?|ans?|is?|ese|ic)\Z")
_SHORTEST_STEM = 4
_VOWEL = "a"
_VOWELS = regex.compile("[aeiouy]+")
_HARD, _SOFT = regex.compile("[cgqx]"), regex.compile("ph|v|w")
_TWICE = regex.compile(r"(.)\1+")


def read_name(text: str, expansions: Mapping[str, str]) -> tuple[str, ...]:
    """The words of a name, folded: abbreviations written out, articles and titles left out.

    Args:
        text: The name as it is written.
        expansions: What abbreviations stand for, both in lower case.
    """

    def long_form(match: regex.Match[str]) -> str:
        short = fold_short(match[0])
        return expansions.get(short) or WELL_KNOWN.get(short) or short

    words = name_words(_SHORT.sub(long_form, text))
    words = _SYNONYMS.get(words, words)
    if len(words) > 1 and words[0] == "st":
        words = ("saint", *words[1:])
    return without_titles(words)


def name_words(text: str) -> tuple[str, ...]:
    """The words of a name, folded, without articles."""
    words: list[str] = []
    for terms in split_words(text):
        # al-Sarraj gives sarraj and alsarraj; cease-fire gives cease, fire and ceasefire.
        chosen = terms[:1] if len(terms) == 2 else terms[-1:]
        if len(terms) > 2 and terms[-2].isdecimal():
            chosen = terms[:-1]
        words.extend(term for term in chosen if term not in _ARTICLES)
        if len(words) >= _LONGEST:
            break
    return tuple(words[:_LONGEST])


def looks_like_name(quote: str) -> bool:
    """Whether all words of a quote are written as a name's are."""
    words = [bare for word in quote.split() if (bare := word.strip(_EDGES))]
    if not words or len(words) > 2 * _LONGEST:
        return False
    has_capital = any(word[0].isupper() or _WORD_OF_NAME.match(word) for word in words[:1])
    has_capital = has_capital and any(any(c.isupper() for c in word) for word in words)
    return has_capital and all(_WORD_OF_NAME.match(word) for word in words)


@lru_cache(maxsize=1 << 14)
def are_alike(one: str, other: str) -> bool:
    """Whether two words may be spellings of one name.

    They sound the same, share most of their letters, and have their vowels at the same places: so
    Sarraj and Serraj, but not Berlin and Brolin.
    """
    return one == other or _sounds_alike(one, other, _SHORTEST_KEY)


def _sounds_alike(one: str, other: str, shortest: int) -> bool:
    key = phonetic_key(one)
    return (
        key is not None
        and len(key) >= shortest
        and key == phonetic_key(other)
        and _likeness(one, other) >= ALIKE
        and _sketch(one).count(_VOWEL) == _sketch(other).count(_VOWEL)
        and _likeness(_sketch(one), _sketch(other)) >= SKETCH_ALIKE
    )


def _likeness(one: str, other: str) -> float:
    first, second = sorted((one, other))
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


@lru_cache(maxsize=1 << 14)
def _sketch(word: str) -> str:
    """A word's consonants, and where its vowels stand."""
    heard = _HARD.sub("k", _SOFT.sub("f", word)).replace("z", "s")
    heard = heard[:1] + heard[1:].replace("h", "")
    return _TWICE.sub(r"\1", _VOWELS.sub(_VOWEL, heard))


@lru_cache(maxsize=1 << 12)
def _are_first_names_alike(one: str, other: str) -> bool:
    """The same of first names, where an initial may stand for one; less is asked of them."""
    if 1 in {len(one), len(other)}:
        return one[0] == other[0]
    return are_alike(one, other) or (
        min(len(one), len(other)) >= 4 and _sounds_alike(one, other, 2)
    )


def compare_names(one: Sequence[str], other: Sequence[str]) -> Comparison:
    """How two names, as `read_name` gives them, stand to each other."""
    ranks = is_rank(one), is_rank(other)
    if ranks[0] != ranks[1]:
        return "compatible" if shares_word(one, other) else "unrelated"
    if is_same_name(one, other):
        return "same"
    if _are_numbered_apart(one, other) or _are_opposite(one, other):
        return "incompatible"
    return "compatible" if shares_word(one, other) else "incompatible"


def compare_names_or_lists(
    one: Sequence[str],
    our_items: Sequence[Sequence[str]],
    other: Sequence[str],
    their_items: Sequence[Sequence[str]],
) -> Comparison:
    """The same of what may be lists of names; the items of what is none are empty."""
    if not (our_items or their_items):
        return compare_names(one, other)
    ours, theirs = our_items or (one,), their_items or (other,)
    met = [any(is_same_name(a, b) for b in theirs) for a in ours]
    met_back = [any(is_same_name(a, b) for a in ours) for b in theirs]
    if all(met) and all(met_back) and len(ours) == len(theirs):
        return "same"
    return "compatible" if any(met) or shares_word(one, other) else "incompatible"


def is_same_name(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names are of the same one: spelled otherwise, or one by its surname alone.

    Args:
        one: As `read_name` gives it.
        other: Likewise.
    """
    short, long = sorted((tuple(one), tuple(other)), key=lambda words: (len(words), words))
    if not short:
        return False
    if short == long:
        return True
    if _are_numbered_apart(short, long):
        return False
    if len(short) == len(long):
        if NOT_PERSONS.intersection(short) or is_rank(short):
            return all(_is_same_word(a, b) for a, b in zip(short, long, strict=True))
        *first, last = zip(short, long, strict=True)
        return _is_same_word(*last) and all(
            _is_same_word(a, b) or (last[0].isalpha() and _are_first_names_alike(a, b))
            for a, b in first
        )
    if len(long) > 4 or NOT_PERSONS.intersection(long) or long[-1].isdecimal():
        return False
    if len(short) == 1:
        return len(short[0]) > 2 and are_alike(short[0], long[-1])
    # Middle names and initials may be left out.
    return (
        are_alike(short[-1], long[-1])
        and _are_first_names_alike(short[0], long[0])
        and _is_within(short[1:-1], long[1:-1])
    )


def _is_same_word(one: str, other: str) -> bool:
    if are_alike(one, other):
        return True
    number = _number(one)
    return number is not None and number == _number(other)


def _is_within(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether the words of one stand in the other, in the same order."""
    rest = iter(long)
    return all(any(_are_first_names_alike(a, b) for b in rest) for a in short)


def _number(word: str) -> str | None:
    """The number that a word of a name is; of single letters only `i` is one."""
    if len(word) == 1 and not word.isdecimal() and word != "i":
        return None
    return read_number_of_name(word.upper()) or read_number_of_name(word)


def _are_numbered_apart(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names are one but for a number: World War I and II."""
    if len(one) != len(other):
        return False
    apart = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    numbers = [(_number(a), _number(b)) for a, b in apart]
    return (
        len(apart) < len(one)
        and bool(apart)
        and all(None not in pair and pair[0] != pair[1] for pair in numbers)
    )


def _are_opposite(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two names are one but for north and south or the like."""
    if len(one) != len(other):
        return False
    apart = [{a, b} for a, b in zip(one, other, strict=True) if a != b]
    return len(apart) == 1 and any(apart[0] <= words for words in _OPPOSITES)


def shares_word(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether a telling word of one name may be one of the other, or one name holds the other."""
    if set(one) <= set(other) or set(other) <= set(one):
        return True
    telling = [
        [word for word in words if word not in NOT_PERSONS and word not in _SMALL]
        for words in (one, other)
    ]
    return any(are_alike(a, b) or _is_derived(a, b) for a in telling[0] for b in telling[1])


def _is_derived(one: str, other: str) -> bool:
    """Whether one word is the adjective of the other, as Turkish is of Turkey."""
    for adjective, noun in ((one, other), (other, one)):
        ending = _ADJECTIVE.search(adjective)
        if ending is not None and len(noun) >= _SHORTEST_STEM:
            stem = max(_SHORTEST_STEM, min(len(noun) - 2, ending.start()))
            if adjective[:stem] == noun[:stem]:
                return True
    return False
