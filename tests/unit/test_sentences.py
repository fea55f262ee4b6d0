import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index.text.sentences import READ_AT_ONCE, WINDOW, lines, paragraphs, split_sentences
from index.types import TextRange


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


def blocks(text: str) -> list[str]:
    return [text[start:end] for start, end in paragraphs(text)]


# Characters that pysbd alters or uses as marks, that join others, or that break lines.
odd = st.lists(
    st.one_of(
        st.sampled_from(
            " \n\t.!?\"'()[]\\&aB1∯♨ȸ☄ᓴ\u0301\u200d\u0600\u00a0\u2028\r\x0b\x1c\x00…。؟"
        ),
        st.sampled_from(["😀", "👩‍👩‍👧", "🇱🇾", "של", "مرحبا", "他说", "Mr. ", "p.m. ", "1. "]),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=120,
).map("".join)
repeated = st.lists(
    st.sampled_from(["Yes. ", "He left. ", "No! ", "A.\n", "\n\n", "“Go.” ", "e.g. this "]),
    max_size=30,
).map("".join)


@settings(deadline=None)
@given(st.one_of(odd, repeated, st.text(max_size=200)))
@example("He said hi.He left. ∯ ♨ & mdash; \\ x \\1 ȸ ☄.")
@example("a.\u0301 B. \u0301c")
@example("\u0600 x. \u0600 ")
def test_every_character_is_in_exactly_one_sentence(text: str) -> None:
    ends = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    cursor = 0
    for start, end in split_sentences(text):
        assert cursor <= start < end
        assert text[cursor:start].strip() == ""
        assert {start, end} <= ends
        cursor = end
    assert text[cursor:].strip() == ""


@settings(deadline=None)
@given(odd)
def test_lines_are_those_of_str_splitlines(text: str) -> None:
    assert [text[start:end] for start, end in lines(text)] == text.splitlines()


@pytest.mark.parametrize("ending", ["\n", "\r", "\r\n", "\n\r", "\x85", "\r\n\r\n", ""])
@pytest.mark.parametrize("offset", range(-2, 3))
def test_lines_of_any_length_are_those_of_str_splitlines(ending, offset):
    text = ("a" * (READ_AT_ONCE + offset) + ending) * 3 + "b"
    assert [text[start:end] for start, end in lines(text)] == text.splitlines()


@settings(deadline=None)
@given(st.one_of(odd, repeated))
def test_a_sentence_never_crosses_a_paragraph(text: str) -> None:
    starts = {paragraph.start for paragraph in paragraphs(text)}
    for start, end in split_sentences(text):
        assert starts.isdisjoint(range(start + 1, end))


def test_a_range_is_divided_with_offsets_of_the_whole_text() -> None:
    text = "Not this.\nOne. Two.\nNor this."
    assert split_sentences(text, 10, 19) == [TextRange(10, 14), TextRange(15, 19)]


def test_abbreviations_do_not_end_sentences() -> None:
    assert sentences("Mr. Smith went to the U.S. on Jan. 8 at 3 p.m. and left. He came back.") == [
        "Mr. Smith went to the U.S. on Jan. 8 at 3 p.m. and left.",
        "He came back.",
    ]


def test_repeated_sentences_each_have_their_place() -> None:
    text = "No. It rained. No. It rained. No."
    assert split_sentences(text) == [
        TextRange(0, 3),
        TextRange(4, 14),
        TextRange(15, 18),
        TextRange(19, 29),
        TextRange(30, 33),
    ]


def test_other_scripts_have_sentences() -> None:
    assert sentences("مرحبا بك؟ نعم، شكرا.") == ["مرحبا بك؟", "نعم، شكرا."]
    assert sentences("他说你好。我们去吧！") == ["他说你好。", "我们去吧！"]


def test_marks_and_emoji_alone_join_the_sentence_before() -> None:
    assert sentences("It works! 😀 ! It rains. 😀") == ["It works! 😀 !", "It rains. 😀"]


def test_a_single_newline_separates_lines() -> None:
    text = "Published 13 January 2020\nOpinion\n- one\n- two\n| a | b |"
    assert blocks(text) == ["Published 13 January 2020", "Opinion", "- one", "- two", "| a | b |"]


def test_lines_too_long_to_be_wrapped_are_paragraphs() -> None:
    line = "The two sides held talks in Moscow on Monday and agreed on nothing at all, " * 2
    assert len(blocks(f"{line}\n{line}")) == 2


WRAPPED = (
    "There was once upon a time a King who had a wife with golden hair,\n"
    "and she was so beautiful that you couldn't find anyone like her in the\n"
    "world. It happened that she fell ill.\n"
    "- a list item\n"
    "\n"
    "For a long time the King was not to be comforted, and he did not even\n"
    "Think of it."
)


def test_hard_wrapped_lines_are_one_paragraph() -> None:
    first, item, second = blocks(WRAPPED)
    assert first.startswith("There")
    assert first.endswith("fell ill.")
    assert item == "- a list item"
    assert second.endswith("even\nThink of it.")
    assert sentences(WRAPPED)[1] == "It happened that she fell ill."


def test_a_line_after_which_the_next_word_had_room_ends_its_paragraph() -> None:
    text = WRAPPED.replace("- a list item", "A new one")
    assert blocks(text)[1] == "A new one"


def test_an_indented_line_starts_a_paragraph() -> None:
    lines_ = WRAPPED.split("\n")[:2]
    text = "\n".join(
        [*lines_, "    but this one starts anew and it is long enough to be full here"]
    )
    assert len(blocks(text)) == 2


def test_sentences_of_a_paragraph_longer_than_a_window_are_whole() -> None:
    sentence = "Mr. Smith saw the cat, which sat on the mat in the sun."
    count = 5 * WINDOW // len(sentence)
    assert sentences(" ".join([sentence] * count)) == [sentence] * count


def test_sentences_of_an_endless_line_are_found() -> None:
    endless = "word " * (READ_AT_ONCE // 4) + "end."
    assert sentences(f"One. {endless} Two. {endless}") == ["One.", endless, "Two.", endless]


def test_marks_without_words_of_any_number_join_the_sentence_before() -> None:
    marks = "! " * READ_AT_ONCE
    assert sentences(f"{marks}One. {marks}Two.") == [f"{marks}One. {marks}".strip(), "Two."]


def test_an_endless_sentence_is_one() -> None:
    text = "word " * WINDOW + "end. Another."
    assert sentences(text) == ["word " * WINDOW + "end.", "Another."]


def test_text_on_which_a_rule_of_pysbd_is_exponential_is_divided() -> None:
    # The rule for numbered references tries every way to divide the digits.
    text = "Seen.[" + "1" * 200 + "x Now. Here."
    assert sentences(text)[-1] == "Here."


def test_long_texts_of_each_kind_are_divided() -> None:
    size = 1_000_000
    assert split_sentences("a" * size) == [TextRange(0, size)]
    assert split_sentences("." * size) == [TextRange(0, size)]
    assert split_sentences("🇱🇾" * (size // 10)) == [TextRange(0, size // 5)]
    assert split_sentences("a" + "\u0301" * size + ". B.") == [
        TextRange(0, size + 2),
        TextRange(size + 3, size + 5),
    ]
