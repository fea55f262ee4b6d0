"""Citations name the exact place of a quote, with the rest of its sentence, or none is made."""

import pytest
from shelf import hit, stored

from index.types import TextRange
from service.candidates import Candidate, citation, cite, sentence_around
from service.errors import FalseCitation

SENTENCES = (
    "Talks began in Moscow on Monday.",
    "The fighting displaced at least 146,000 Libyans since April.",
    "The delegations left late at night.",
)


@pytest.fixture
def talks():
    return stored(*SENTENCES)


def candidate(document, start, end, quote):
    return Candidate(document, hit(document, 1), start, end, quote, 9.0, 2.0)


def of(document, quote):
    start = document.document.text.index(quote)
    return candidate(document, start, start + len(quote), quote)


def test_a_citation_gives_the_place_and_the_rest_of_the_sentence(talks):
    made = cite(of(talks, "146,000"))
    start = talks.document.text.index("146,000")
    assert (made.start_char_index, made.end_char_index) == (start, start + 7)
    assert made.cited_text == "146,000"
    assert made.before == "The fighting displaced at least "
    assert made.after == " Libyans since April."
    assert (made.document_id, made.passage_id) == ("talks.txt", 1)
    assert made.revision == talks.document.revision
    assert (made.published_at, made.published_at_source) == ("2020-01-13", "sidecar")


def test_a_quote_at_the_edges_of_its_sentence_has_nothing_beside_it():
    document = stored("Nobody came.", "146,000", "Nobody left.")
    made = cite(of(document, "146,000"))
    assert (made.before, made.cited_text, made.after) == ("", "146,000", "")


def test_a_quote_over_two_sentences_has_the_rest_of_both(talks):
    made = cite(of(talks, "since April. The delegations left"))
    assert made.before == "The fighting displaced at least 146,000 Libyans "
    assert made.after == " late at night."


def test_evidence_is_cited_in_the_place_of_the_quote(talks):
    made = cite(of(talks, "146,000"), sentence_around(talks, 40, 41))
    assert (made.before, made.cited_text, made.after) == ("", SENTENCES[1], "")


def test_offsets_count_code_points():
    document = stored("\U0001f600 Caf\u00e9s in \u6771\u4eac closed.", SENTENCES[1])
    made = cite(of(document, "146,000"))
    text = document.document.text
    assert text[made.start_char_index : made.end_char_index] == "146,000"


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_quote_that_stands_elsewhere_is_never_cited(talks, shift):
    start = talks.document.text.index("146,000") + shift
    with pytest.raises(FalseCitation, match=r"doesn't say '146,000'"):
        cite(candidate(talks, start, start + 7, "146,000"))


def test_an_empty_quote_is_never_cited(talks):
    with pytest.raises(FalseCitation):
        cite(candidate(talks, 5, 5, ""))


def test_text_outside_all_sentences_is_around_itself():
    document = stored("Menu", "It rained.", "Share", debris=[0, 2])
    assert sentence_around(document, 0, 4) == TextRange(0, 15)
    assert sentence_around(document, 16, 21) == TextRange(5, 21)
    made = citation(document, hit(document, 0), TextRange(16, 21))
    assert (made.cited_text, made.after) == ("Share", "")
