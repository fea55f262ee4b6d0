"""The forms of a line."""

import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.text.forms import (
    SEEN_LENGTH,
    Kind,
    describe_paragraphs,
    ends_sentence,
    line_key,
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


def test_a_line_of_any_length_is_seen_by_its_start_and_its_end():
    for ending, sentence, unfinished in ((".", True, False), (":", False, True)):
        text = "word " * SEEN_LENGTH + "end" + ending
        [paragraph] = describe_paragraphs(text)
        assert paragraph.place == (0, len(text))
        assert paragraph.kind is Kind.PROSE
        assert (paragraph.sentence, paragraph.unfinished) == (sentence, unfinished)
        assert paragraph.ending.endswith("end" + ending)
        assert paragraph.size == len(paragraph.words) == SEEN_LENGTH // len("word ")
        assert len(paragraph.line) < SEEN_LENGTH


def test_a_line_that_is_seen_whole_has_all_its_words():
    text = "word " * (SEEN_LENGTH // 5 - 1) + "last."
    assert len(text) == SEEN_LENGTH
    [paragraph] = describe_paragraphs(text)
    assert paragraph.line == text
    assert paragraph.words[-1] == "last"


@pytest.mark.parametrize(
    ("text", "kind", "size"),
    [
        ("a" * 3 * SEEN_LENGTH, Kind.OTHER, 1),
        ("他" * 3 * SEEN_LENGTH, Kind.PROSE, SEEN_LENGTH // 2),
        ("Libya, " * SEEN_LENGTH + "Moscow", Kind.KEYWORDS, SEEN_LENGTH // 7 + 1),
        ("Libya, " * SEEN_LENGTH + "Moscow.", Kind.PROSE, SEEN_LENGTH // 7 + 1),
    ],
    ids=["letters", "Chinese", "keywords", "list"],
)
def test_forms_of_endless_lines(text, kind, size):
    [paragraph] = describe_paragraphs(text)
    assert (paragraph.kind, paragraph.size) == (kind, size)
    assert paragraph.key == line_key(text)


def test_lines_that_differ_after_what_is_seen_have_keys_that_differ():
    text = "Libya, " * SEEN_LENGTH
    [one], [other] = describe_paragraphs(text + "Moscow"), describe_paragraphs(text + "Berlin")
    assert one.line == other.line
    assert one.key != other.key


SPACED = st.lists(
    st.one_of(
        st.sampled_from(["", "ẞ ", "word", " ", "\n\u2003", "İ\u0301", "\x1c"]),
        st.tuples(st.sampled_from(["a", " ", "é ", "\u2003"]), st.integers(60_000, 70_000)).map(
            lambda drawn: drawn[0] * drawn[1]
        ),
    ),
    max_size=5,
).map("".join)


@given(SPACED)
@example("a" * 65_536 + " b")
@example("a" * 65_535 + " b")
@example(" " * 65_536 + "b" + " " * 140_000 + "c")
def test_a_key_is_the_hash_of_the_line_folded_whole(line):
    folded = " ".join(line.casefold().split())
    digest = hashlib.blake2b(folded.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    assert line_key(line) == int.from_bytes(digest, "big") >> 1
