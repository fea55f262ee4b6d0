"""What a paragraph looks like from outside: prose, a label, a list of keywords, a dateline.

The forms tell text from what stands around it on a page, without a list of strings.
"""

from __future__ import annotations

import enum
import hashlib
import re
from dataclasses import dataclass

import regex

from index.text.sentences import BULLET, SENTENCE_END, paragraphs
from index.types import TextRange

LABEL_WORDS = 4
"""The most words of a label: a button, a menu item, a counter."""

LABEL_LENGTH = 80
"""The most code points of a label."""

PROSE_WORDS = 20
"""The words of a line that is prose even if it doesn't end as a sentence does."""

DESCRIBED = 4000
"""Most code points that a paragraph is judged by: of a longer one half as many at either end."""

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
    """A paragraph, seen from outside.

    Attributes:
        place: Where it is in the text.
        line: Its text with single spaces; both ends of one longer than `DESCRIBED`.
        words: The words of `line`.
        kind: Its form.
        bullet: Whether it is an item of a list with marks or numbers.
        apart: Whether a blank line stands before it.
    """

    place: TextRange
    line: str
    words: tuple[str, ...]
    kind: Kind
    bullet: bool
    apart: bool

    @property
    def crumbs(self) -> bool:
        """Whether it is a breadcrumb: `News > Libya`."""
        parts = _CRUMBS.split(self.line)
        return len(parts) > 1 and all(part[:1].isupper() and len(part) > 1 for part in parts)

    @property
    def counter(self) -> bool:
        """Whether it is a number, alone or with one word: `0`, `12 comments`."""
        return len(self.words) < 3 and self.words[0].isdecimal()

    @property
    def bare_number(self) -> bool:
        """Whether it is a number and nothing else."""
        return bool(self.words) and all(word.replace(",", "").isdigit() for word in self.words)

    @property
    def name_like(self) -> bool:
        """Whether its words have capitals, as in names and titles; small words between may not."""
        inner = self.words[1:-1]
        return not (self.words[0][0].islower() or self.words[-1][0].islower()) and all(
            not word[0].islower() or len(word) <= 3 for word in inner
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
    def unfinished(self) -> bool:
        """Whether it ends as a line of verse or an introduction does."""
        return self.line.endswith((",", ";", ":", "–", "—", "-"))

    @property
    def sentence(self) -> bool:
        """Whether it ends as a sentence does."""
        return ends_sentence(self.line)

    @property
    def size(self) -> int:
        """Number of words; in scripts without spaces, two characters are about one."""
        return _count(self.line, self.words)

    @property
    def key(self) -> int:
        """`line_key` of its line."""
        return line_key(self.line)

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
    folded = " ".join(line.casefold().split())
    digest = hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def describe_paragraphs(text: str) -> list[Paragraph]:
    """Returns the paragraphs of a text that have words, in order, each with its form."""
    found: list[Paragraph] = []
    end = 0
    for place in paragraphs(text):
        paragraph = _describe(text, place, apart=text.count("\n", end, place.start) > 1)
        if paragraph.words:
            found.append(paragraph)
        end = place.end
    return found


def _describe(text: str, place: TextRange, *, apart: bool) -> Paragraph:
    raw = _ends(text, place)
    line = " ".join(raw.split())
    words = tuple(_WORD.findall(line))
    kind = _kind(line, words, columns=_COLUMNS.search(raw) is not None)
    return Paragraph(place, line, words, kind, BULLET.match(line) is not None, apart)


def _ends(text: str, place: TextRange) -> str:
    if place.end - place.start <= DESCRIBED:
        return text[place.start : place.end]
    half = DESCRIBED // 2
    return f"{text[place.start : place.start + half]} {text[place.end - half : place.end]}"


def _count(line: str, words: tuple[str, ...]) -> int:
    return max(len(words), len(_UNSPACED.findall(line)) // 2)


def _kind(line: str, words: tuple[str, ...], *, columns: bool) -> Kind:
    count = _count(line, words)
    ends = ends_sentence(line)
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
