"""The forms of a line."""

import pytest

from index.text.forms import (
    DESCRIBED,
    Kind,
    describe_paragraphs,
    ends_sentence,
    mentions_date,
)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("It is over.", True),
        ("“It is over.”", True),
        ("(It is over!)", True),
        ("«Это конец…»", True),
        ("‹C’est fini?›", True),
        ("交渉は決裂した。", True),
        ("انتهت المحادثات؟", True),
        ("वार्ता विफल रही।", True),
        ("It is over", False),
        ("It is over. Now", False),
        ("It is over:", False),
        ("(over)", False),
        ("”", False),
        ("", False),
    ],
)
def test_how_sentences_end(line, ends):
    assert ends_sentence(line) is ends


@pytest.mark.parametrize(
    ("line", "mentions"),
    [
        ("13 January", True),
        ("Moscow, 2020", True),
        ("10:15", True),
        ("1/2/20", True),
        ("January", False),
        ("12 comments", False),
        ("Page 3000", False),
    ],
)
def test_what_mentions_a_date(line, mentions):
    assert mentions_date(line) is mentions


def test_a_long_paragraph_is_judged_by_its_ends():
    inner = "word " * DESCRIBED
    [paragraph] = describe_paragraphs(f"First {inner}last one,")
    assert paragraph.kind is Kind.PROSE
    assert paragraph.place == (0, len(inner) + 15)
    assert paragraph.line.startswith("First word word")
    assert paragraph.line.endswith("word last one,")
    assert len(paragraph.line) <= DESCRIBED + 1
    assert paragraph.unfinished
    [paragraph] = describe_paragraphs(f"{inner}end.")
    assert paragraph.sentence
