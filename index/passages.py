"""Divides a document into passages: whole sentences, sized in the embedder's tokens; pure.

Nothing is truncated silently: what is embedded for a passage fits the embedder, and a title is
clipped to a stated size. A passage is a slice of the document, `text[start:end]`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import Protocol

from index.errors import ModelError
from index.text.debris import find_debris
from index.text.pieces import cut_before, cut_into_pieces, halve
from index.text.sentences import SENTENCE_END, paragraphs, split_paragraph
from index.types import Passage, Segmentation, TextRange

TARGET_TOKENS = 160
"""Tokens of text that passages are filled up to."""

ENOUGH = 0.6
"""Share of the target after which a passage ends at the next end of a paragraph."""

TINY_TOKENS = 20
"""A last passage with fewer tokens of text joins the one before it."""

TITLE_TOKENS = 32
"""Most tokens of a title that goes in front of its passages; the rest is clipped."""

MAX_LENGTH = 4000
"""Most code points of a passage: one token may stand for a word of any length, spaces for none."""

HEADING_LENGTH = 120
"""Most code points of a heading, which stays with the paragraph after it."""

TOKENIZED_AT_ONCE = 20_000
"""Most code points that are tokenized at once: other threads wait meanwhile."""

LEAST_TOKENS = 32
"""Fewest tokens that an embedder must take."""

_CUT_WITHIN = 2_000
"""Code points before the end of what is tokenized at once, in which a place to cut is sought."""


class TokenCounter(Protocol):
    """Knows how many tokens an embedder makes of a text; every embedder is one."""

    @property
    def max_tokens(self) -> int:
        """Most tokens of one input, special ones included."""

    @property
    def special_tokens(self) -> int:
        """How many tokens are added around a text."""

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        """Offsets in code points, `(start, end)`, of a text's tokens without the special ones."""


def clip_title(title: str, tokenizer: TokenCounter) -> str:
    """Returns a title on one line, of at most `TITLE_TOKENS` tokens and a quarter of an input.

    Args:
        title: The title; white space in it doesn't matter.
        tokenizer: Counts the tokens.
    """
    # A thousand code points hold the tokens kept; a title of any length then costs no time.
    clipped = " ".join(title[:1000].split())
    limit = min(TITLE_TOKENS, tokenizer.max_tokens // 4)
    while len(offsets := tokenizer.token_offsets(clipped)) > limit:
        # Cut before the first token that is too much: in front of its word, if it isn't alone.
        stop = min(offsets[limit][0], len(clipped) - 1)
        clipped = clipped[: clipped.rfind(" ", 0, stop + 1) if " " in clipped[:stop] else stop]
        clipped = clipped.rstrip()
    return clipped


def passage_input(title: str | None, text: str, tokenizer: TokenCounter) -> str:
    """Returns what is embedded for a passage: its document's clipped title, a newline, its text.

    Args:
        title: The document's title, if one is known.
        text: The passage's text.
        tokenizer: Counts the title's tokens.
    """
    clipped = clip_title(title, tokenizer) if title else ""
    return f"{clipped}\n{text}" if clipped else text


def segment(
    text: str,
    *,
    title: str | None,
    tokenizer: TokenCounter,
    target_tokens: int = TARGET_TOKENS,
    repeated: Set[int] = frozenset(),
    from_page: bool = True,
    progress: Callable[[float], None] = lambda _: None,
) -> Segmentation:
    """Divides a document's text into debris, sentences and passages.

    Args:
        text: The document's text.
        title: Its title, if one is known.
        tokenizer: The embedder, or what counts tokens as it does.
        target_tokens: Tokens of text that passages are filled up to; the embedder's limit holds
            in any case.
        repeated: Keys of the lines that stand in many documents, see `index.text.debris`.
        from_page: Whether the text may hold page debris; what a person wrote as Markdown doesn't.
        progress: Called after each passage with the fraction of the text that is divided.

    Returns:
        The division. Every sentence outside debris is in exactly one passage.

    Raises:
        ModelError: The embedder takes too few tokens for a passage.
    """
    packer = _Packer(text, clip_title(title, tokenizer) if title else "", tokenizer, target_tokens)
    excluded = find_debris(text, title=title, repeated=repeated) if from_page else ()
    sentences: list[TextRange] = []
    passages: list[Passage] = []
    start = 0
    for stop, resume in [*excluded, TextRange(len(text), len(text))]:
        for members, passage in packer.pack(start, stop):
            sentences += members
            passages.append(passage)
            progress(passage.end / len(text))
        start = resume
    return Segmentation(excluded, tuple(sentences), tuple(passages))


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of an endless one.

    Attributes:
        place: Where it is in the text.
        tokens: Its tokens, or about that many if it shares one with its neighbour.
        heading: Whether it is a heading of what follows.
        last: Whether it ends a paragraph.
    """

    place: TextRange
    tokens: int
    heading: bool
    last: bool


class _Packer:
    """Fills passages with sentences.

    Args:
        text: The document's text.
        title: Its clipped title, or nothing.
        tokenizer: Counts tokens.
        target: Tokens of text that passages are filled up to.
    """

    def __init__(self, text: str, title: str, tokenizer: TokenCounter, target: int) -> None:
        self._text = text
        self._title = f"{title}\n" if title else ""
        self._tokenizer = tokenizer
        self._limit = tokenizer.max_tokens
        if self._limit < LEAST_TOKENS:
            raise ModelError(
                f"The embedder takes inputs of {self._limit} tokens, too few for a passage.",
                f"Configure an embedder that takes at least {LEAST_TOKENS}.",
            )
        self._room = self._limit - self._count(self._title)
        self._target = min(target, self._room)

    def pack(self, start: int, stop: int) -> Iterator[tuple[list[TextRange], Passage]]:
        """Yields the passages of `text[start:stop]`, each with its sentences, in order."""
        for group in self._groups(self._units(start, stop)):
            yield from self._fit(group)

    def _fit(self, group: list[_Unit]) -> Iterator[tuple[list[TextRange], Passage]]:
        """Yields the passages of a group: one, or more if it doesn't fit the embedder."""
        groups = deque([group])
        while groups:
            group = groups.popleft()
            first, last = group[0].place.start, group[-1].place.end
            tokens = self._size(first, last)
            if tokens <= self._limit and last - first <= MAX_LENGTH:
                yield [unit.place for unit in group], Passage(first, last, tokens)
            elif len(group) > 1:
                # Tokens of sentences don't add up where no space stands between them.
                groups.extendleft([group[len(group) // 2 :], group[: len(group) // 2]])
            elif last - first > 1:
                pieces = halve(self._text, group[0].place)
                groups.extendleft([_Unit(piece, 0, False, False)] for piece in reversed(pieces))
            else:
                raise ModelError(
                    f"The embedder makes {tokens} tokens of one character, "
                    f"{self._text[first]!r}, its title and the special tokens.",
                    "Configure an embedder that takes longer inputs.",
                )

    def _size(self, start: int, end: int) -> int:
        return self._count(self._title + self._text[start:end])

    def _count(self, text: str) -> int:
        return len(self._tokenizer.token_offsets(text)) + self._tokenizer.special_tokens

    def _units(self, start: int, stop: int) -> Iterator[_Unit]:
        """Yields the sentences of `text[start:stop]`, endless ones in pieces."""
        text = self._text
        starts = self._token_starts(start, stop)
        found = paragraphs(text, start, stop)
        for paragraph, following in zip_longest(found, islice(found, 1, None)):
            heading = following is not None and self._is_heading(paragraph, following)
            for sentence in split_paragraph(text, paragraph):
                pieces = [sentence]
                if self._is_endless(sentence, starts):
                    pieces = cut_into_pieces(
                        text, sentence, starts=starts, tokens=self._target, length=MAX_LENGTH
                    )
                for piece in pieces:
                    tokens = _tokens(starts, piece)
                    yield _Unit(piece, tokens, heading, piece.end == paragraph.end)

    def _token_starts(self, start: int, stop: int) -> array[int]:
        """Returns the offsets in the document where the tokens of `text[start:stop]` start."""
        starts = array("q")
        while start < stop:
            end = start + TOKENIZED_AT_ONCE
            # Tokens don't reach across white space. Where there is none, one may be cut in two.
            end = stop if end >= stop else cut_before(self._text, end - _CUT_WITHIN, end)
            offsets = self._tokenizer.token_offsets(self._text[start:end])
            starts.extend(start + at for at, _ in offsets)
            start = end
        return starts

    def _is_endless(self, sentence: TextRange, starts: Sequence[int]) -> bool:
        long = sentence.end - sentence.start > MAX_LENGTH
        return long or _tokens(starts, sentence) > self._room

    def _groups(self, units: Iterable[_Unit]) -> Iterator[list[_Unit]]:
        """Yields groups of units that make a passage, by the tokens that each has alone."""
        previous: list[_Unit] = []
        group: list[_Unit] = []
        size = 0
        for unit in units:
            if group and self._is_full(group, size, unit):
                closed, carried = _carry_headings(group)
                held = sum(each.tokens for each in carried)
                if held + unit.tokens > self._room:
                    closed, carried, held = group, [], 0
                if closed:
                    if previous:
                        yield previous
                    previous = closed
                group, size = carried, held
            group.append(unit)
            size += unit.tokens
        if previous and size < TINY_TOKENS and self._fit_together(previous, group):
            previous += group
            group = []
        yield from (each for each in (previous, group) if each)

    def _is_full(self, group: Sequence[_Unit], size: int, unit: _Unit) -> bool:
        """Whether a passage ends before a unit."""
        return (
            size + unit.tokens > self._target
            or (group[-1].last and size >= ENOUGH * self._target)
            or unit.place.end - group[0].place.start > MAX_LENGTH
        )

    def _fit_together(self, group: Sequence[_Unit], following: Sequence[_Unit]) -> bool:
        tokens = sum(unit.tokens for unit in (*group, *following))
        length = following[-1].place.end - group[0].place.start
        return tokens <= self._room and length <= MAX_LENGTH

    def _is_heading(self, paragraph: TextRange, following: TextRange) -> bool:
        """Whether a paragraph is a short line without a full stop, before one with a full stop."""
        if paragraph.end - paragraph.start > HEADING_LENGTH:
            return False
        line = self._text[paragraph.start : paragraph.end]
        # Quotation marks and brackets may follow the full stop.
        after = self._text[max(following.start, following.end - 3) : following.end]
        return not SENTENCE_END.search(line[-3:]) and SENTENCE_END.search(after) is not None


def _tokens(starts: Sequence[int], place: TextRange) -> int:
    return bisect_left(starts, place.end) - bisect_left(starts, place.start)


def _carry_headings(group: list[_Unit]) -> tuple[list[_Unit], list[_Unit]]:
    """Divides a group into what a passage ends with and the headings of what follows."""
    at = len(group)
    while at and group[at - 1].heading:
        at -= 1
    return group[:at], group[at:]
