"""What a paragraph looks like from outside: prose, a label, a list of keywords, a dateline.

The forms tell text from what stands around it on a page, without a list of strings.
"""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass, field

import regex

from index.text.sentences import BULLET, SENTENCE_END, paragraphs
from index.types import TextRange

LABEL_WORDS = 4
"""The most words of a label: a button, a menu item, a counter."""

LABEL_LENGTH = 80
"""The most code points of a label."""

PROSE_WORDS = 20
"""The words of a line that is prose even if it doesn't end as a sentence does."""

SEEN_LENGTH = 20_000
"""Code points of a paragraph by which it is judged: a line may be as long as a document may."""

_ENDING_LENGTH = 200
_HASHED_AT_ONCE = 65_536

_WORD = re.compile(r"\w+(?:['’.,@&/-]+\w+)*")
_UNSPACED = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]", regex.V1
)
_CLOSERS = "\"'”’»›)]"
_CRUMBS = re.compile(r" [>»›→] | ?[»›] ?")
_KEYWORDS = re.compile(r" ?[,|;·•،、，] ?")
_YEAR_OR_DAY = re.compile(
    r"\b(?:1[5-9]|20)\d\d\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{1,2}:\d\d\b"
)
_MONTH = re.compile(
    r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b",
    re.IGNORECASE,
)
_BYLINE = re.compile(r"[Bb][Yy] [^\W\d_a-z]")
_COLUMNS = re.compile(r"\t|\S {3}")
_QUANTITY = re.compile(
    r"[$€£¥%½¼¾⅓⅔°]|\d[.,]\d|\b\d+\s?(?:[kcm]?[gml]|mg|oz|lbs?|cups?|t[bs]ps?|min|h)\b",
    re.IGNORECASE,
)
_STREET = re.compile(r"\d+\w?,? [A-Z]\w+ [A-Z]\w+")


class Kind(enum.Enum):
    """The forms of a paragraph."""

    PROSE = enum.auto()
    """Sentences, or a line too long for a headline."""
    LABEL = enum.auto()
    """At most four words that are no sentence; a bare number; a breadcrumb."""
    EXCLAMATION = enum.auto()
    """At most four words that end as a sentence does."""
    KEYWORDS = enum.auto()
    """Five or more parts of at most four words each."""
    OTHER = enum.auto()
    """Headlines, captions, datelines, bylines, rows of a table."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, seen from outside: its first `SEEN_LENGTH` code points, and how it ends.

    Attributes:
        text: The text that it is in.
        place: Where.
        kind: Its form.
        size: Number of words seen; in scripts without spaces, two characters are about one.
        bullet: Whether it is an item of a list with marks or numbers.
        apart: Whether a blank line stands before it.
    """

    text: str = field(repr=False)
    place: TextRange
    kind: Kind
    size: int
    bullet: bool
    apart: bool

    @property
    def line(self) -> str:
        """What is seen of it, with single spaces."""
        return _line(_seen(self.text, self.place))

    @property
    def words(self) -> list[str]:
        """The words of `line`."""
        return _WORD.findall(self.line)

    @property
    def crumbs(self) -> bool:
        """Whether it is a breadcrumb: `News > Libya`."""
        parts = _CRUMBS.split(self.line)
        return len(parts) > 1 and all(part[:1].isupper() and len(part) > 1 for part in parts)

    @property
    def counter(self) -> bool:
        """Whether it is a number, alone or with one word: `0`, `12 comments`."""
        words = self.words
        return len(words) < 3 and words[0].isdecimal()

    @property
    def bare_number(self) -> bool:
        """Whether it is a number and nothing else."""
        return all(word.replace(",", "").isdigit() for word in self.words)

    @property
    def name_like(self) -> bool:
        """Whether its words have capitals, as in names and titles; small words between may not."""
        words = self.words
        return not (words[0][0].islower() or words[-1][0].islower()) and all(
            not word[0].islower() or len(word) <= 3 for word in words[1:-1]
        )

    @property
    def furniture(self) -> bool:
        """Whether it is what no headline is: a list item, a breadcrumb, a number."""
        return self.bullet or self.crumbs or self.bare_number

    @property
    def quantity(self) -> bool:
        """Whether it has an amount: money, a share, a number with a unit."""
        return _QUANTITY.search(self.line) is not None

    @property
    def ending(self) -> str:
        """Its last characters, wherever it ends."""
        return _ending(self.text, self.place)

    @property
    def unfinished(self) -> bool:
        """Whether it ends as a line of verse or an introduction does."""
        return self.ending.endswith((",", ";", ":", "–", "—", "-"))

    @property
    def sentence(self) -> bool:
        """Whether it ends as a sentence does."""
        return ends_sentence(self.ending)

    @property
    def key(self) -> int:
        """`line_key` of all of it."""
        return line_key(self.text[self.place.start : self.place.end])

    @property
    def address(self) -> bool:
        """Whether it has a house number and a street, or a code of capitals and digits."""
        return _STREET.match(self.line) is not None or any(
            word.isalnum() and word.isupper() and not word.isalpha() for word in self.words
        )


def ends_sentence(line: str) -> bool:
    """Whether a line without space at its end ends as a sentence does, in quotes or not."""
    return SENTENCE_END.match(line.rstrip(_CLOSERS)[-1:]) is not None


def line_key(line: str) -> int:
    """Returns a hash of a line that is the same for every run and machine.

    Args:
        line: The line; case and the amount of white space don't matter.

    Returns:
        63 bits, which fit in a signed integer of a database: 0 to 2**63 - 1.
    """
    digest = hashlib.blake2b(digest_size=8)
    begun = spaced = False
    for start in range(0, len(line), _HASHED_AT_ONCE):
        piece = line[start : start + _HASHED_AT_ONCE]
        folded = _line(piece.casefold())
        if folded:
            space = " " if begun and (spaced or piece[0].isspace()) else ""
            digest.update((space + folded).encode("utf-8", "surrogatepass"))
            begun = True
        spaced = piece[-1].isspace() or (spaced and not folded)
    return int.from_bytes(digest.digest(), "big") >> 1


def describe_paragraphs(text: str) -> list[Paragraph]:
    """Returns the paragraphs of a text that have words, in order, each with its form."""
    found: list[Paragraph] = []
    end = 0
    for place in paragraphs(text):
        paragraph = _describe(text, place, apart=text.count("\n", end, place.start) > 1)
        if paragraph is not None:
            found.append(paragraph)
        end = place.end
    return found


def _describe(text: str, place: TextRange, *, apart: bool) -> Paragraph | None:
    """Describes a paragraph, if words are seen in it."""
    seen = _seen(text, place)
    line = _line(seen)
    words = len(_WORD.findall(line))
    if not words:
        return None
    size = max(words, len(_UNSPACED.findall(line)) // 2)
    ends = ends_sentence(_ending(text, place))
    kind = _kind(line, size, ends=ends, columns=_COLUMNS.search(seen) is not None)
    return Paragraph(text, place, kind, size, BULLET.match(line) is not None, apart)


def _seen(text: str, place: TextRange) -> str:
    return text[place.start : min(place.end, place.start + SEEN_LENGTH)]


def _ending(text: str, place: TextRange) -> str:
    return text[max(place.start, place.end - _ENDING_LENGTH) : place.end].rstrip()


def _line(raw: str) -> str:
    return " ".join(raw.split())


def _kind(line: str, count: int, *, ends: bool, columns: bool) -> Kind:
    if not ends and _is_keywords(line):
        return Kind.KEYWORDS
    if count >= PROSE_WORDS or (ends and count > LABEL_WORDS):
        return Kind.PROSE
    if count > LABEL_WORDS or len(line) > LABEL_LENGTH or columns:
        return Kind.OTHER
    if ": " in line or " | " in line or mentions_date(line) or _BYLINE.match(line):
        return Kind.OTHER
    return Kind.EXCLAMATION if ends else Kind.LABEL


def _is_keywords(line: str) -> bool:
    parts = _KEYWORDS.split(line)
    if len(parts) < 5 or not all(parts) or ": " in line or " and " in f" {parts[-1]} ":
        return False
    short = all(len(part.split()) <= LABEL_WORDS for part in parts)
    return short and not (mentions_date(line) or _STREET.search(line) or _QUANTITY.search(line))


def mentions_date(line: str) -> bool:
    """Whether a short line has a year, a date, a time of day, or a month and a number."""
    return _YEAR_OR_DAY.search(line) is not None or (
        _MONTH.search(line) is not None and any(letter.isdigit() for letter in line)
    )
