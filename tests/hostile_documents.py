"""Documents that are hard to cite from, made up with the place of the right answer counted.

In each, one name or number stands in several sentences, and only one of them has the question's
words.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

IN_A_COLLECTION = 10

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

    They are worth so much to the readers that the likeness of other passages is worth less.
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


def make_cases(number: int) -> Sequence[Case]:
    """So many documents, the same ones every time."""
    chosen = random.Random(20200113)
    return [make_case(i, chosen) for i in range(number)]
