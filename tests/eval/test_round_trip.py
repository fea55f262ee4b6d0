"""A thousand hostile documents through the whole path: every citation stands where it says.

In each, one name or number stands in several sentences, and only one of them has the question's
words. That occurrence must be cited; its offset is counted while the document is made up.
"""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import regex
from fakes import FakeEmbedder, FakeReader

from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.ingest import Ingester
from index.types import StoredDocument
from service.answering import Answerer
from service.types import Citation

DOCUMENTS = 1_000
IN_A_COLLECTION = 10
MAX_PASSAGES = 3
TOP_K = 3

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
FLAGS = "\U0001f1f1\U0001f1fe\U0001f1f7\U0001f1fa\U0001f1eb\U0001f1ee"
THUMB = "\U0001f44d\U0001f3fd"
KEYCAP = "7\ufe0f\u20e3"
EMOJI = (FAMILY, FLAGS, THUMB, KEYCAP, "\U0001f600", "\u2764\ufe0f", "\U0001f3f4\u200d\u2620\ufe0f")

NUMBERS = (
    "146,000",
    "3.5",
    "10:30",
    "1\u202f234",
    "12\u00a0500",
    "7’250",
    "٣٤٥",
    "２０２６",
    "-40",
    "8",
    "1,234,567.89",
    "90210",
)
# Decomposed where a composed form exists, and one for which there is none.
NAMES = ("E\u0301loi\u0308se", "A\u030angstro\u0308m", "Q\u0303uilla", "Ірина", "Ὀδυσσεύς", "Anna")

# Neither capitals nor digits, so that the fake reader sees no answer here.
QUIET = (
    "השמש זרחה מעל ההרים והציפורים שרו בין העצים הגבוהים שליד הנחל הקטן בקצה הכפר הישן והשקט.",
    "كانت الشمس تشرق فوق الجبال وكانت الطيور تغني بين الأشجار العالية قرب النهر الصغير في القرية.",
    "太陽在山上升起，鳥兒在村莊邊緣的小溪旁的高大樹木之間歌唱，孩子們在田野裡奔跑，老人們坐在屋前喝茶，"
    "聊著很久以前的事情，直到傍晚的鐘聲響起，大家才慢慢地走回家去吃晚飯。",
    "\U0001f33f the cafe\u0301 by the nai\u0308ve little brook stayed open until the lamps went "
    "out and the birds had sung their last song over the hills.",
    f"{FAMILY} they walked along the brook until the lamps went out, {FLAGS} waved over the "
    f"hills and nobody {THUMB} said a word about the rain or the wind.",
)
LOUD = (
    "Visitors from Tromsø, São Paulo and Kraków wrote 12 letters, 3 of them in verse.",
    f"On 13.01.2020 at 10:45 the U.N. sent {KEYCAP} of its people to the river, with 1,500 tents.",
    f"Prices rose by 4.5% {FAMILY}{FAMILY} and fell by 2.25% {FLAGS} within a week.",
    "המחיר עלה ב-12.5% ביום שני, אמר דובר Ministry of Finance אחרי 3 ישיבות.",
    "在2020年1月13日，联合国报告有146,000人离开了家园，他们住在海边的帐篷里。",
    "Vie\u0323\u0302t Nam welcomed 2,345,678 guests; Ha\u0300 No\u0323\u0302i had 1.2 million.",
)
MENU = ("Home", "News", "Sport", "Weather", "Share", "Podcasts", "Log in", "12 comments")
BANNERS = ("Sign up for our newsletter today", "Printed on paper from the old mill")

SYLLABLES = [c + v for c in "bdfgklmnprstvz" for v in "aiou"]


class WideEmbedder(FakeEmbedder):
    """Hardly any two words share a component, so that few passages have to be read."""

    model_id = "wide-fake-embedder@1"
    dimension = 1024

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for start, end in self.token_offsets(text):
                digest = hashlib.sha256(text[start:end].lower().encode()).digest()
                vectors[row, int.from_bytes(digest[:2], "big") % self.dimension] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class Case:
    """A made-up document and what is asked of it.

    Attributes:
        raw: The document before it is normalised.
        question: What is asked.
        answer: The words that answer it, as they are stored.
        start: Where the right occurrence of them begins in the stored text.
        occurrences: How often they stand there.
    """

    document_id: str
    raw: str
    question: str
    answer: str
    start: int
    occurrences: int


def stored_form(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))


def place_of(number: int) -> str:
    """Six words that no other document has and that stand in no other word.

    They are worth so much to the fake reader that the likeness of other passages is worth less.
    """
    first, second = SYLLABLES[number // 56], SYLLABLES[number % 56]
    return " ".join(first + second + last for last in "xqywjh")


def make_case(number: int, chosen: random.Random) -> Case:
    place = place_of(number)
    what = chosen.choice(("lanterns", "barrels", "kites", "violins", "windmills", "blankets"))
    if number % 2:
        answer = chosen.choice(NUMBERS)
        question = f"How many {what} hung in {place}?"
        before, after = f"\U0001f3ee in {place} there hung ", f" {what} before dawn."
    else:
        answer = chosen.choice(NAMES)
        question = f"Who brought {what} to {place}?"
        before, after = f"\U0001f3ee the {what} for {place} were brought by ", " before dawn."
    newline = chosen.choice(["\n", "\r\n"])

    def decoy() -> str:
        return f"{chosen.choice(QUIET)} {chosen.choice(EMOJI)} so it was {answer} again."

    def noise() -> list[str]:
        return chosen.sample(LOUD, chosen.randrange(2))

    def menu() -> list[str]:
        return [newline.join(chosen.sample(MENU, 6))] if chosen.random() < 0.5 else []

    gap = newline * 2
    space = chosen.choice([" ", "  ", newline])
    earlier = [*menu(), decoy(), *noise(), f"{chosen.choice(QUIET)}{space}{before}"]
    # Documents with repeated lines are divided twice: that is seen in one collection of five.
    bannered = number // IN_A_COLLECTION % 5 == 0
    banner = [chosen.choice(BANNERS)] if bannered else []
    later = [f"{after} {decoy()}", *noise(), *banner, *menu()]
    head = gap.join(earlier)
    raw = head + answer + gap.join(later)
    return Case(
        document_id=f"{number:04} {FAMILY}.txt",
        raw=raw,
        question=question,
        answer=stored_form(answer),
        start=len(stored_form(head)),
        occurrences=stored_form(raw).count(stored_form(answer)),
    )


def grapheme_boundaries(text: str) -> set[int]:
    return {0, *accumulate(len(cluster) for cluster in regex.findall(r"\X", text))}


def inside_numbers(text: str) -> set[int]:
    """Offsets at which a number would be cut."""
    numbers = re.finditer(r"\d+(?:[.,:'’\u00a0\u202f]\d+)*", text)
    return {at for match in numbers for at in range(match.start() + 1, match.end())}


def check_citation(citation: Citation, stored: StoredDocument) -> None:
    """Sees that a citation quotes the stored text, whole characters and numbers, and no debris."""
    text = stored.document.text
    start, end = citation.start_char_index, citation.end_char_index
    assert citation.revision == stored.document.revision
    assert 0 <= start < end <= len(text)
    assert text[start:end] == citation.cited_text
    assert text[:start].endswith(citation.before)
    assert text[end:].startswith(citation.after)
    assert {start, end} <= grapheme_boundaries(text), (text[start - 5 : end + 5], start, end)
    assert not {start, end} & inside_numbers(text), (text[start - 5 : end + 5], start, end)
    assert all(end <= debris.start or debris.end <= start for debris in stored.excluded)


@pytest.fixture(scope="module")
def cases() -> Sequence[Case]:
    chosen = random.Random(20200113)
    return [make_case(number, chosen) for number in range(DOCUMENTS)]


def test_documents_are_as_hostile_as_they_should_be(cases: Sequence[Case]) -> None:
    assert len({case.raw for case in cases}) == DOCUMENTS
    assert min(case.occurrences for case in cases) >= 3
    for case in cases:
        text = stored_form(case.raw)
        assert text[case.start : case.start + len(case.answer)] == case.answer
        assert text.find(case.answer) < case.start
    hostile = [FAMILY, FLAGS, KEYCAP, "e\u0301", "Q\u0303", "\r\n", "השמש", "كانت", "太陽", "٣٤٥"]
    for sign in hostile:
        assert sum(sign in case.raw for case in cases) > 20, sign
    assert all(len(stored_form(c.raw)) < len(c.raw) for c in cases if "\r\n" in c.raw)


def test_every_citation_round_trips_and_is_the_occurrence_that_was_read(
    cases: Sequence[Case], tmp_path: Path
) -> None:
    citations = debris = 0
    for begin in range(0, DOCUMENTS, IN_A_COLLECTION):
        group = cases[begin : begin + IN_A_COLLECTION]
        catalog = Catalog(tmp_path / f"{begin}" / "catalog.sqlite", create=True)
        ingester = Ingester(catalog, WideEmbedder())
        for case in group:
            document, warnings = make_document(
                case.document_id, case.raw.encode(), max_bytes=100_000
            )
            assert (document.text, warnings) == (stored_form(case.raw), [])
            ingester.put(document)
        ingester.refresh()
        # The default threshold was measured with the real models.
        answerer = Answerer(
            Collection(catalog, WideEmbedder()),
            FakeReader(window=96),
            threshold=float("-inf"),
            n_best=TOP_K,
        )
        with catalog.snapshot() as snapshot:
            stored = {
                case.document_id: snapshot.stored_document(case.document_id) for case in group
            }
        debris += sum(len(document.excluded) for document in stored.values())
        for case in group:
            found = answerer.answer(case.question, top_k=TOP_K, max_passages=MAX_PASSAGES)
            assert found.status == "answered"
            for answer in found.answers:
                assert answer.answer == answer.citations[0].cited_text
                for citation in answer.citations:
                    check_citation(citation, stored[citation.document_id])
                    citations += 1
            best = found.answers[0].citations[0]
            assert (best.document_id, best.cited_text, best.start_char_index) == (
                case.document_id,
                case.answer,
                case.start,
            )
        catalog.close()
    assert citations >= TOP_K * DOCUMENTS
    assert debris > DOCUMENTS
