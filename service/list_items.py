"""Items of a list, told by their shape: names, amounts, or short phrases.

An item ends where its words end, or where words that go on with the sentence begin: "Egypt, France
and Russia have said" has "Russia" for its last item. Its words are told from case, digits and
function words alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import regex

from index.lexical_view.words import COMMON_WORDS

_WORD = regex.compile(r"\([^()\n]{0,60}\)\p{P}?|(?P<note>\[[^\[\]\n]{0,60}\])|[^\s(\[]+|[(\[]")
"""A word with the marks on it; words in brackets are as one. References are no words."""

_EDGES = "\"'“”‘’«».,:;!?…"
_CAPITAL = regex.compile(r"[\"'“‘«]?(?:\p{Lu}|\p{Lt}|\p{Ll}{1,3}['’-]?\p{Lu})")
_DIGIT = regex.compile(r"[$£€¥#]?\p{N}")
_POSSESSIVE = regex.compile(r"(?:['’]s|s['’])$")

_WITHIN_NAMES = frozenset("of the de del da di du la le al el bin ibn von van der den for".split())
_ARTICLES = frozenset("the a an".split())
_ABOUT = frozenset(
    "more less fewer at about around some nearly almost over under roughly approximately".split()
)
_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "sixty seventy eighty ninety hundred thousand million billion dozens hundreds".split()
)
_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december".split()
)
_NO_ITEM = (COMMON_WORDS - _ARTICLES) | frozenset(
    "because while although though whereas since until unless before after during between against "
    "through under over without within upon including namely both either neither however said "
    "says must might were toward towards despite among per via yet nor not like "
    "currently recently today later finally meanwhile e.g i.e etc example instance".split()
)
"""Words that don't begin a name or a phrase, and that end a phrase."""

_MOST_WORDS = 5
_MOST_UNITS = 3
_MOST_NUMBER = 9
"""Words of an amount: what it is about, number, and unit."""


class Word(NamedTuple):
    """A word as it stands in a text.

    Attributes:
        folded: In small letters, without marks around it.
        start: Offset in the text.
        end: Offset after it.
    """

    text: str
    folded: str
    start: int
    end: int


def words_of(text: str, start: int, end: int) -> list[Word]:
    """The words of a range of a text, with the marks on them."""
    return [
        Word(match[0], match[0].strip(_EDGES).lower(), *match.span())
        for match in _WORD.finditer(text, start, end)
        if match["note"] is None
    ]


@dataclass(frozen=True, slots=True)
class Shape:
    """How items of one kind begin and end.

    Attributes:
        head: Number of the word after an item that begins with the first word.
        tail: Number of the first word of an item that ends with the last one; which is about as
            long as a number of words says, where its shape doesn't.
        least: Items of a list at least.
        is_plain: Whether the shape alone tells where an item begins.
    """

    head: Callable[[Sequence[Word]], int | None]
    tail: Callable[[Sequence[Word], int], int | None]
    least: int
    is_plain: bool = False


def is_dated(words: Sequence[Word]) -> bool:
    """Whether an item is of the calendar: "Monday", "January 13"."""
    return any(word.folded in _CALENDAR for word in words[:2])


def is_bracketed(word: Word) -> bool:
    """Whether a word is one in brackets."""
    return word.text.startswith("(") and ")" in word.text


def is_capitalised(word: Word) -> bool:
    """Whether a word begins as names do: "Egypt", "al-Sarraj", "eBay"."""
    return _CAPITAL.match(word.text) is not None


def _ends(word: Word) -> bool:
    return word.text.endswith((":", "–", "—"))


def _name_head(words: Sequence[Word]) -> int | None:
    at = 1 if words and words[0].folded in _ARTICLES else 0
    if at >= len(words) or not is_capitalised(words[at]) or words[at].folded in _NO_ITEM:
        return None
    reached = at
    while at < len(words):
        word = words[at]
        if is_capitalised(word) or is_bracketed(word) or _DIGIT.match(word.text):
            at += 1
            reached = at
            if _ends(word):
                break
        elif word.folded in _WITHIN_NAMES and word.text == word.folded:
            at += 1
        else:
            break
    is_owner = reached < len(words) and _POSSESSIVE.search(words[reached - 1].text)
    return None if is_owner else reached


def _name_tail(words: Sequence[Word], width: int) -> int | None:
    del width
    at = len(words)
    while at > 0 and not (at < len(words) and _ends(words[at - 1])):
        word = words[at - 1]
        if not (
            is_capitalised(word)
            or is_bracketed(word)
            or _DIGIT.match(word.text)
            or (word.folded in _WITHIN_NAMES and at < len(words))
        ):
            break
        at -= 1
    while at < len(words) and (
        not is_capitalised(words[at]) or words[at].folded in _NO_ITEM - _ARTICLES
    ):
        at += 1
    if at == len(words) or (at + 1 == len(words) and words[at].folded in _ARTICLES):
        return None
    return at - 1 if at > 0 and words[at - 1].folded == "the" else at


def _number_head(words: Sequence[Word]) -> int | None:
    at = 0
    while at < len(words) and words[at].folded in _ABOUT | {"than", "least", "most"}:
        at += 1
    number = at
    while at < len(words) and _is_number(words[at]):
        at += 1
    if at == number or (number > 0 and words[0].folded not in _ABOUT):
        return None
    unit = at
    while (
        at < len(words)
        and at - unit < _MOST_UNITS
        and words[at].folded not in _NO_ITEM
        and not _is_number(words[at])
    ):
        at += 1
    return at


def _number_tail(words: Sequence[Word], width: int) -> int | None:
    del width
    first = max(0, len(words) - _MOST_NUMBER)
    fits = (at for at in range(first, len(words)) if _number_head(words[at:]) == len(words) - at)
    return next(fits, None)


def _is_number(word: Word) -> bool:
    return _DIGIT.match(word.text) is not None or word.folded in _NUMBERS


def _phrase_head(words: Sequence[Word]) -> int | None:
    at = 0
    while at < len(words) and (
        not _ends_phrase(words[at]) or (0 < at < len(words) - 1 and words[at].folded == "of")
    ):
        at += 1
    return at if at <= _MOST_WORDS and _has_small(words[:at]) else None


def _phrase_tail(words: Sequence[Word], width: int) -> int | None:
    at = len(words)
    while at > 0 and not _ends_phrase(words[at - 1]) and not _ends(words[at - 1]):
        at -= 1
    if len(words) - at > min(width + 1, _MOST_WORDS):
        at = len(words) - width
    return at if _has_small(words[at:]) or (at == 0 and words) else None


def _ends_phrase(word: Word) -> bool:
    return word.folded in _NO_ITEM or not word.folded


def _has_small(words: Sequence[Word]) -> bool:
    return any(w.text[:1].islower() and w.folded not in _ARTICLES for w in words)


SHAPES = (
    Shape(_name_head, _name_tail, 2, is_plain=True),
    Shape(_number_head, _number_tail, 2),
    Shape(_phrase_head, _phrase_tail, 3),
)
"""Names, amounts, phrases: in order of how plain they are."""
