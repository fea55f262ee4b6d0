"""Pairs of documents that contradict each other in one value, made from question files.

A paragraph with a question whose answer is a number, a date or a name is copied, and the answer
changed wherever it stands in the copy: a number by a factor, in the form that it has; a date to
another month or year; a name to another one that answers a question of the same kind. Both are put
among other paragraphs and asked the question.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import regex
from search_sets import Text, collect
from tqdm import tqdm

from index.collection import Collection
from index.embedder import Embedder
from service.answering import Answerer
from service.asking import asked_for, expected_kind
from service.calibration import load_calibration
from service.question_files import read_question_file
from service.questions import Paragraph, Question
from service.reader import Reader
from service.types import AnswerSet
from service.values.claims import compare, read_claim

Kind = Literal["number", "date", "name"]
KINDS: tuple[Kind, ...] = ("number", "date", "name")

_OTHERS = 50
"""Paragraphs among which a pair is put."""

_MONTHS = (
    "January February March April May June July August September October November December".split()
)
_DIGITS = regex.compile(r"\d[\d,]*(?:\.\d+)?")
_YEAR = regex.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)")
_MONTH = regex.compile("|".join(_MONTHS))


@dataclass(frozen=True, slots=True)
class Pair:
    """A paragraph, and a copy of it that says otherwise.

    Attributes:
        answer: The answer by the paragraph.
        changed: The answer by the copy.
    """

    kind: Kind
    question: str
    title: str
    text: str
    copy: str
    answer: str
    changed: str


@dataclass(frozen=True, slots=True)
class Models:
    """What is asked with."""

    embedder: Embedder
    reader: Reader


def changed_number(answer: str, rng: random.Random) -> str | None:
    """A number in the same words and form, by some other factor; None if there isn't just one."""
    found = list(_DIGITS.finditer(answer))
    if len(found) != 1 or _YEAR.fullmatch(found[0][0]):
        return None
    digits = found[0][0]
    plain = digits.replace(",", "")
    decimals = len(plain.partition(".")[2])
    value = float(plain)
    other = value * rng.choice((0.4, 0.5, 0.6, 0.75, 1.3, 1.5, 1.8, 2.5))
    zeros = len(plain) - len(plain.rstrip("0")) if not decimals else 0
    rounded = round(other, decimals - zeros if zeros else decimals)
    if rounded == value or rounded <= 0:
        rounded = value + 10**zeros
    made = f"{rounded:,.{decimals}f}" if "," in digits else f"{rounded:.{decimals}f}"
    return answer[: found[0].start()] + made + answer[found[0].end() :]


def changed_date(answer: str, rng: random.Random) -> str | None:
    """A date of another month, if it has one, or else of another year; None if it has neither."""
    month = _MONTH.search(answer)
    if month is not None:
        other = rng.choice([name for name in _MONTHS if name != month[0]])
        return answer[: month.start()] + other + answer[month.end() :]
    year = _YEAR.search(answer)
    if year is None:
        return None
    shifted = int(year[0]) + rng.choice((-12, -7, -3, -2, 2, 3, 5, 9))
    return f"{answer[: year.start()]}{shifted}{answer[year.end() :]}"


def make_pairs(path: Path, number: int, *, seed: int = 0) -> list[Pair]:
    """Pairs of each kind in turn, each of another paragraph.

    Args:
        path: A question file.
        number: How many pairs at most.
        seed: Of the draws.
    """
    rng = random.Random(seed)
    asked = list(read_question_file(path).questions)
    rng.shuffle(asked)
    names = _names(asked)
    by_kind: dict[Kind, list[Pair]] = {kind: [] for kind in KINDS}
    used: set[str] = set()
    for paragraph, question in asked:
        if paragraph.context in used or asked_for(question.text) != "quote":
            continue
        answer = question.answers[0].text
        kind = _kind(answer, question.text)
        if kind is None:
            continue
        if kind == "name":
            others = [n for n in names.get(_first_word(question.text), ()) if _differ(n, answer)]
            changed = rng.choice(others) if others else None
        else:
            changed = (changed_number if kind == "number" else changed_date)(answer, rng)
        if changed is None or not _differ(answer, changed) or changed in paragraph.context:
            continue
        copy = _exchanged(paragraph.context, answer, changed)
        if copy == paragraph.context:
            continue
        used.add(paragraph.context)
        by_kind[kind].append(
            Pair(kind, question.text, paragraph.title, paragraph.context, copy, answer, changed)
        )
    each = [made for of_kind in zip(*by_kind.values(), strict=False) for made in of_kind]
    return each[:number]


def _exchanged(text: str, words: str, others: str) -> str:
    """A text with others in the place of some words, wherever they stand whole."""
    parts = regex.split(rf"(?<![\p{{L}}\p{{N}}]){regex.escape(words)}(?![\p{{L}}\p{{N}}])", text)
    return others.join(parts)


def _kind(answer: str, question: str) -> Kind | None:
    """The kind of an answer, if it is what the question asks for."""
    claim = read_claim(answer, before="", after="", published_at=None, expansions={})
    expected = expected_kind(question)
    if claim.kind == "phrase" or expected is None:
        return None
    if claim.kind == expected or (claim.kind == "name" and expected == "place"):
        return claim.kind if not claim.items else None
    return None


def _first_word(question: str) -> str:
    """What tells questions for persons from those for places and things."""
    words = question.lower().split()
    return words[0] if words[0] in {"who", "where"} else " ".join(words[:2])


def _names(asked: Sequence[tuple[Paragraph, Question]]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for _, question in asked:
        answer = question.answers[0].text
        if _kind(answer, question.text) == "name":
            names.setdefault(_first_word(question.text), []).append(answer)
    return names


def _differ(one: str, other: str) -> bool:
    a, b = (
        read_claim(text, before="", after="", published_at=None, expansions={})
        for text in (one, other)
    )
    return compare(a, b) == "incompatible"


def ask_pairs(models: Models, path: Path, number: int) -> list[tuple[Pair, bool]]:
    """Ask each pair's question of both documents among others; whether both values are told."""
    made = make_pairs(path, number)
    return [
        (pair, is_found(answers, pair))
        for pair, answers in zip(made, _asked(models, path, made), strict=True)
    ]


def _asked(models: Models, path: Path, made: Sequence[Pair]) -> Iterator[AnswerSet]:
    contexts = [Text(p.title, p.context) for p in read_question_file(path).paragraphs]
    calibration = load_calibration()
    for number, pair in enumerate(tqdm(made, "pairs")):
        others = random.Random(number).sample(contexts, min(_OTHERS, len(contexts)))
        texts = [
            Text(pair.title, pair.text),
            Text("", pair.copy),
            *(text for text in others if text.text != pair.text),
        ]
        with tempfile.TemporaryDirectory() as folder:
            collection = Collection(collect(texts, Path(folder), models.embedder), models.embedder)
            yield Answerer(collection, models.reader, calibration).answer(pair.question)
            collection.close()
            collection.catalog.close()


def is_found(answers: AnswerSet, pair: Pair) -> bool:
    """Whether both values are told, as answers that differ."""
    if answers.status != "differing":
        return False
    told = [answer.answer for answer in answers.answers if answer.is_side]
    return all(any(_meets(quote, value) for quote in told) for value in (pair.answer, pair.changed))


def _meets(quote: str, value: str) -> bool:
    return quote in value or value in quote
