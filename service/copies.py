"""Copies: how many independent sources say something.

Reports that are copied from each other, whole or in part, count once. Two places are copies if the
words around one quote stand in the other text as well, in the same order but for light editing;
what else their documents hold has no part in it. Spellings of a name that sound alike are one word.

The search is that of sequence alignment: runs of three words that both texts have, each extended
both ways as long as that pays (Altschul et al., "Basic Local Alignment Search Tool", 1990).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from index.lexical_view.words import phonetic_key, split_words

ENOUGH = 16
"""Words in common, less those edited, that make copies of passages which hold the quotes."""

_ENOUGH_BESIDE = 2 * ENOUGH
"""The same of passages next to a quote: its own sentence may be all that was written anew."""

_EDITED_ONCE = 10
"""Words of a short text that hold one edit at most; otherwise all of it must be the same."""

_AROUND = 60
"""Words on either side of a run that are compared."""

_NEAR = 12
"""Words on either side of a quote where runs begin."""

_SEED = 3
_MOST_SEEDS = 8
"""Runs that are extended, of one pair of places."""

_DROP = 6
"""How far below its best an extension may fall before it ends."""

_EDITED = 4
"""Words in a row that an edit may add, leave out or change."""

_REACH = 3000
"""Characters on either side of a quote that are looked at."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document says something.

    Attributes:
        text: All of the document.
        start: Offset of the quote.
        end: Offset after it.
    """

    text: str
    document_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """A quote's words and those around it, folded.

    Attributes:
        first: Number of the quote's first word.
        last: Number of the word after its last one.
        seeds: Where each run of `_SEED` words begins.
    """

    words: Sequence[str]
    first: int
    last: int
    seeds: dict[tuple[str, ...], list[int]]


def independent_sources(places: Sequence[Place]) -> int:
    """How many of the places are of sources of their own.

    Places in one document are one source, and so are copies, and copies of copies.
    """
    numbers: dict[str, int] = {}
    document = [numbers.setdefault(place.document_id, len(numbers)) for place in places]
    if len(numbers) < 2:
        return len(numbers)
    source = list(range(len(numbers)))

    def find(n: int) -> int:
        while source[n] != n:
            n = source[n]
        return n

    around = [_surroundings(place) for place in places]
    for one, other in combinations(range(len(places)), 2):
        ours, theirs = find(document[one]), find(document[other])
        if ours != theirs and _are_copies(around[one], around[other]):
            source[theirs] = ours
    return len({find(n) for n in range(len(numbers))})


def _are_copies(one: _Surroundings, other: _Surroundings) -> bool:
    fewer = min(len(one.words), len(other.words))
    if fewer < _SEED:
        return fewer > 0 and one.words == other.words
    least = min(ENOUGH, fewer - 2 * (fewer // _EDITED_ONCE))
    return _holds(other, one, least) or _holds(one, other, least)


def _holds(other: _Surroundings, one: _Surroundings, least: int) -> bool:
    """Whether the words around one place's quote stand anywhere near the other place."""
    tried: list[tuple[int, int, int]] = []
    for i, j in _shared_seeds(one, other):
        if any(begin <= i < stop and abs(j - i - shift) <= _EDITED for begin, stop, shift in tried):
            continue
        if len(tried) == _MOST_SEEDS:
            return False
        ahead, right = _extend(one.words, other.words, i, j, 1)
        behind, left = _extend(one.words, other.words, i - 1, j - 1, -1)
        tried.append((i - left, i + right, j - i))
        has_quote = i - left <= one.last + 1 and i + right >= one.first - 1
        if ahead + behind >= (least if has_quote else _ENOUGH_BESIDE):
            return True
    return False


def _shared_seeds(one: _Surroundings, other: _Surroundings) -> Iterator[tuple[int, int]]:
    """Where runs near one quote stand in both texts, runs that stand there once first."""
    begin = max(0, one.first - _NEAR - _SEED + 1)
    stop = min(len(one.words) - _SEED + 1, one.last + _NEAR)
    found = []
    for i in range(begin, stop):
        where = other.seeds.get(tuple(one.words[i : i + _SEED]))
        if where is not None:
            found.append((len(where), abs(i - one.first), i, where))
    for _, _, i, where in sorted(found):
        for j in where[:_MOST_SEEDS]:
            yield i, j


def _extend(one: Sequence[str], other: Sequence[str], i: int, j: int, step: int) -> tuple[int, int]:
    """Goes on in both texts as long as they are much the same.

    Args:
        i: Number of the first word in one text.
        j: The same in the other text.
        step: 1 to go forwards, -1 to go backwards.

    Returns:
        The highest number of words in common, less those edited, and how many words of the first
        text it took.
    """
    score = best = reached = 0
    begin = i
    while 0 <= i < len(one) and 0 <= j < len(other) and abs(i - begin) < _AROUND:
        if one[i] == other[j]:
            i, j, score = i + step, j + step, score + 1
            if score > best:
                best, reached = score, abs(i - begin)
            continue
        edit = _edit(one, other, i, j, step)
        if edit is None or score - max(edit) <= best - _DROP:
            break
        i, j, score = i + edit[0] * step, j + edit[1] * step, score - max(edit)
    return best, reached


_EDITS = sorted(
    ((a, b) for a in range(_EDITED + 1) for b in range(_EDITED + 1) if a or b),
    key=lambda edit: (max(edit), sum(edit)),
)


def _edit(
    one: Sequence[str], other: Sequence[str], i: int, j: int, step: int
) -> tuple[int, int] | None:
    """The fewest words to pass in each text until two words in a row are the same again."""
    for edit in _EDITS:
        a, b = i + edit[0] * step, j + edit[1] * step
        c, d = a + step, b + step
        if (
            min(a, b, c, d) >= 0
            and max(a, c) < len(one)
            and max(b, d) < len(other)
            and one[a] == other[b]
            and one[c] == other[d]
        ):
            return edit
    return None


def _surroundings(place: Place) -> _Surroundings:
    before = _folded(place.text[max(0, place.start - _REACH) : place.start])
    within = _folded(place.text[place.start : min(place.end, place.start + _REACH)])
    after = _folded(place.text[place.end : place.end + _REACH])
    words = [*before, *within, *after]
    seeds: dict[tuple[str, ...], list[int]] = {}
    for n, run in enumerate(zip(*(words[n:] for n in range(_SEED)), strict=False)):
        seeds.setdefault(run, []).append(n)
    return _Surroundings(words, len(before), len(before) + len(within), seeds)


def _folded(text: str) -> list[str]:
    """Words as they are compared; characters where writing doesn't divide words."""
    words: list[str] = []
    for terms in split_words(text):
        if len(terms[0]) == 1 and not terms[0].isascii():
            words.extend(term for term in terms if len(term) == 1)
            continue
        word = terms[0] if len(terms) == 2 else terms[-1]
        key = phonetic_key(word)
        words.append(word if key is None or len(key) <= 2 else f"/{key}")
    return words
