"""Candidates that say the same are one answer, with all that answer it as its sources."""

import dataclasses

import numpy as np
import pytest
from shelf import hit, stored

from service.agreement import claims_of, group, sources, support
from service.candidates import Candidate


def candidate(quote, sentence, document_id, score=8.0, null_score=2.0, published_at="2020-01-13"):
    document = stored(sentence, document_id=document_id, published_at=published_at)
    start = sentence.index(quote)
    return Candidate(
        document, hit(document, 0), start, start + len(quote), quote, score, null_score
    )


def grouped(candidates, asked="quote"):
    return group(candidates, claims_of(candidates), asked).tolist()


def test_spellings_of_a_name_are_one_group():
    told = [
        candidate("Fayez al-Sarraj", "The head is Fayez al-Sarraj.", "a.txt"),
        candidate("Serraj", "Serraj leads the cabinet.", "b.txt"),
        candidate("Khalifa Haftar", "Its rival is Khalifa Haftar.", "c.txt"),
        candidate("Fayez Sarraj", "At its top stands Fayez Sarraj.", "d.txt"),
    ]
    assert grouped(told) == [0, 0, 1, 0]


def test_an_abbreviation_means_what_any_document_says():
    told = [
        candidate("GNA", "The GNA asked for aid.", "a.txt"),
        candidate("Government of National Accord", "The Government of National Accord.", "b.txt"),
        candidate("Tripoli", "The Government of National Accord (GNA) sits in Tripoli.", "c.txt"),
    ]
    assert grouped(told) == [0, 0, 1]
    assert grouped(told[:2]) == [0, 1]


def test_an_abbreviation_of_two_things_means_neither():
    told = [
        candidate("GNA", "The GNA asked for aid.", "a.txt"),
        candidate("Government of National Accord", "The Government of National Accord.", "b.txt"),
        candidate("x", "The Government of National Accord (GNA), x.", "c.txt"),
        candidate("y", "The Ghana News Agency (GNA), y.", "d.txt"),
    ]
    assert grouped(told)[0] != grouped(told)[1]


def test_the_candidate_of_the_largest_margin_leads():
    told = [
        candidate("Moscow, Russia", "It was in Moscow, Russia.", "a.txt", score=5),
        candidate("Moscow", "It was in Moscow.", "b.txt", score=9),
        candidate("Berlin", "It was in Berlin.", "c.txt", score=7),
    ]
    # Groups are numbered in order of the margin; the more precise answer stays its own.
    assert grouped(told) == [2, 0, 1]


def test_evidence_is_one_where_its_sentence_is():
    sentence = "Egypt has backed Haftar since 2014."
    told = [
        candidate("Egypt", sentence, "a.txt"),
        candidate("backed Haftar", sentence, "a.txt"),
        candidate("Egypt", sentence, "b.txt"),
    ]
    assert grouped(told, "yes_no") == [0, 0, 1]
    assert grouped(told) == [0, 1, 0]


def test_evidence_over_two_sentences_is_that_of_the_one_that_holds_most_of_it():
    document = stored("Foreign intervention", "Turkey sent troops.", "Egypt didn't.")
    text = document.document.text

    def at(quote):
        start = text.index(quote)
        return Candidate(document, hit(document, 0, 2), start, start + len(quote), quote, 8.0, 2.0)

    told = [at("Turkey"), at("vention Turkey sent"), at("vention Turkey"), at("Egypt")]
    assert grouped(told, "yes_no") == [0, 0, 1, 2]


def test_nothing_is_no_group():
    assert group([], [], "quote").shape == (0,)
    assert group([], [], "quote").dtype == np.int64


@pytest.mark.parametrize(("score", "count"), [(6.0, 2), (1.0, 2), (0.9, 1)])
def test_what_hardly_answers_is_no_source(score, count):
    told = [
        candidate("Moscow", "Talks were held in Moscow on Monday.", "a.txt", score=6.0),
        candidate("Moscow", "He flew to Moscow with his son later.", "b.txt", score=score),
    ]
    assert len(sources(told)) == support(told) == count


def test_a_better_report_takes_no_source_away():
    told = [
        candidate("Moscow", "Talks began in Moscow.", "a.txt", score=2.0),
        candidate("Moscow", "All of them went to Moscow then.", "b.txt", score=2.5),
    ]
    assert support(told) == 2
    better = candidate("Moscow", "It was in Moscow.", "c.txt", score=30.0)
    assert support([*told, better]) == 3


def test_sources_come_best_first():
    told = [
        candidate("Moscow", "Talks were held in Moscow.", "a.txt", score=5.0),
        candidate("Moscow", "He flew to Moscow.", "b.txt", score=8.0),
    ]
    assert [c.document_id for c in sources(told)] == ["b.txt", "a.txt"]


def test_a_copy_gives_no_support():
    sentence = "The fighting displaced at least 146,000 Libyans since April, the agency said."
    one = candidate("146,000", sentence, "a.txt")
    copy = candidate("146,000", sentence, "copy.txt")
    report = candidate("146,000", "Observers counted 146,000 people without a home.", "b.txt")
    assert support([one, copy]) == 1
    assert support([one, copy, report]) == 2


def test_claims_are_read_with_the_date_of_their_report():
    told = [
        candidate("January 13", "On January 13 they met.", "a.txt", published_at="2019-01-14"),
        candidate("13 January 2020", "They met on 13 January 2020.", "b.txt"),
    ]
    assert grouped(told) == [0, 1]
    later = [dataclasses.replace(told[0]), told[1]]
    later[0] = candidate("January 13", "On January 13 they met.", "a.txt")
    assert grouped(later) == [0, 0]
