"""The texts of a set to measure search on are divided as documents are."""

from hypothesis import example, given
from hypothesis import strategies as st
from search_sets import sentences_of

from index.text.sentences import split_sentences

TEXTS = st.text(st.sampled_from("Ab. ?\n"), min_size=1, max_size=60).filter(str.strip)


@given(TEXTS)
@example(" It rained. Then 14 came.\n")
def test_sentences_reach_to_the_ends_of_their_passage(text):
    found, plain = sentences_of(text), split_sentences(text)
    assert (found[0].start, found[-1].end) == (0, len(text))
    assert [s.start for s in found[1:]] == [s.start for s in plain[1:]]
    assert [s.end for s in found[:-1]] == [s.end for s in plain[:-1]]


def test_two_sentences():
    text = " It rained. Then 14 came.\n"
    assert [text[slice(*s)] for s in sentences_of(text)] == [" It rained.", "Then 14 came.\n"]
