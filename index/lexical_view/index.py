"""The tantivy index of a collection's passages: its fields, what goes in, and what is asked of it.

A passage is a document of the index: its title and text as stemmed terms (`body`), the title's
once more (`title`), their phonetic keys (`sound`), and what can be filtered on. Scores are BM25
with tantivy's k1 = 1.2 and b = 0.75, each field with statistics of its own, summed with weights.
Tantivy keeps a field's length in a byte: up to 40 terms exactly, above it rounded down by at most
an eighth. Deleted passages, and the document that carries the view's state, count in the number of
documents, their frequencies and mean length until tantivy merges them away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from tantivy import (
    Document,
    FieldType,
    Index,
    Occur,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    TextAnalyzerBuilder,
    Tokenizer,
)

from index.feed import FedDocument
from index.filters import Filters
from index.lexical_view.stemming import stemmer
from index.lexical_view.words import COMMON_WORDS, phonetic_key, split_words

FORMAT = 2
"""Of the fields and of how text becomes terms; an index of another format is made anew."""

_STEMMED = "stemmed"
_PLAIN = "plain"
_STATE = "state"
_MOST_TERMS = 256
"""Different words of a query that are looked up; the rest of a longer one is left out."""

_SHORTEST_HALF = 3


@dataclass(frozen=True, slots=True)
class Weights:
    """What a match counts beside one in title or text; chosen by `scripts/measure_lexical.py`.

    Attributes:
        title: The same word in the title, in addition.
        sound: A word of the same phonetic key.
        joined: A word that two of the query's make: `ceasefire` for `cease fire`.
        halves: The two words that one of the query's is made of, one after the other.
        phrase: Two words that follow each other as in the query, in addition; not of two
            common ones.
        common_words: Words that a query isn't looked up by if it has others.
    """

    title: float = 0.2
    sound: float = 0.3
    joined: float = 0.3
    halves: float = 0.1
    phrase: float = 0.3
    common_words: frozenset[str] = COMMON_WORDS


@cache
def schema() -> Schema:
    """The index's fields."""
    return (
        SchemaBuilder()
        # Signed: tantivy-py's deletion by term takes an int as signed, and deletes nothing else.
        .add_integer_field("passage", indexed=True, fast=True)
        .add_integer_field("range", indexed=True)
        .add_text_field("body", tokenizer_name=_STEMMED, index_option="position")
        .add_text_field("title", tokenizer_name=_STEMMED, index_option="freq")
        .add_text_field("sound", tokenizer_name=_PLAIN, index_option="freq")
        .add_text_field("fact", tokenizer_name="raw", index_option="basic")
        .add_integer_field("day", indexed=True, fast=True)
        .add_text_field("state", stored=True, tokenizer_name="raw", index_option="basic")
        .build()
    )


def open_index(folder: Path, *, create: bool = False) -> Index:
    """The index in a folder, or a new one.

    Raises:
        ValueError: There is none that tantivy can read.
        OSError: The folder can't be used.
    """
    index = Index(schema(), str(folder), reuse=False) if create else Index.open(str(folder))
    # A reader that reloads by itself could show a commit whose state hasn't been looked at.
    index.config_reader("manual", 0)
    index.register_tokenizer(_STEMMED, stemmer())
    index.register_tokenizer(_PLAIN, TextAnalyzerBuilder(Tokenizer.whitespace()).build())
    return index


def passage_documents(fed: FedDocument) -> Iterator[Document]:
    """The passages of a document of the collection, as documents of the index."""
    title = [term for word in split_words(fed.title or "") for term in word]
    for passage, text in enumerate(fed.texts, fed.ids.first):
        terms = [term for word in split_words(text) for term in word]
        document = Document()
        document.add_integer("passage", passage)
        document.add_integer("range", fed.ids.first)
        # Two values, so that no phrase reaches from one into the other.
        document.add_text("body", " ".join(title))
        document.add_text("body", " ".join(terms))
        document.add_text("title", " ".join(title))
        document.add_text("sound", " ".join(_phonetic_keys(title + terms)))
        for term in fed.facts.terms:
            document.add_text("fact", _fact(term))
        if fed.facts.day is not None:
            document.add_integer("day", fed.facts.day)
        yield document


def state_document(state: str) -> Document:
    """The document that says what the index shows."""
    document = Document()
    document.add_text("fact", _STATE)
    document.add_text("state", state)
    return document


STATE_TERM = ("fact", _STATE)
"""Field and term that the state's document is deleted by."""


def read_state(searcher: Searcher) -> str | None:
    """What the state's document says; None if there isn't exactly one."""
    hits = searcher.search(Query.term_query(schema(), *STATE_TERM, "basic"), 2).hits
    if len(hits) != 1:
        return None
    said = searcher.doc(hits[0][1]).get_first("state")
    return said if isinstance(said, str) else None


def words_query(text: str, searcher: Searcher, weights: Weights) -> Query | None:
    """What finds the passages that share a word with a text, and scores them.

    Args:
        text: Any text; nothing in it is query syntax.
        searcher: Says which words there are.
        weights: What each kind of match counts.

    Returns:
        None if no word is in the text.
    """
    words = list(split_words(text))
    terms = list(dict.fromkeys(term for word in words for term in word))
    terms = [term for term in terms if term not in weights.common_words] or terms
    terms = terms[:_MOST_TERMS]
    stems = list(dict.fromkeys(_stems(terms)))
    clauses = [(_term("body", stem), 1.0) for stem in stems]
    clauses += [(_term("title", stem), weights.title) for stem in stems]
    clauses += [
        (_term("sound", key), weights.sound) for key in dict.fromkeys(_phonetic_keys(terms))
    ]
    # Rare even where common words make the halves: only those in use are asked for.
    joined = [first + second for first, second in _neighbours(words)]
    clauses += [
        (_term("body", stem), weights.joined)
        for stem in dict.fromkeys(_stems(joined))
        if stem not in stems and searcher.doc_freq("body", stem)
    ]
    clauses += [
        (Query.phrase_query(schema(), "body", list(halves)), weights.halves)
        for term in terms
        for halves in _halves(term, searcher)
    ]
    clauses += [
        (Query.phrase_query(schema(), "body", [*_stems([*pair])]), weights.phrase)
        for pair in _pairs(words)
    ]
    weighted = [
        (Occur.Should, query if weight == 1 else Query.boost_query(query, weight))
        for query, weight in clauses
        if weight
    ]
    return Query.boolean_query(weighted) if weighted else None


def within(filters: Filters) -> list[Query]:
    """What a passage must all match to be found; adds nothing to its score."""
    clauses = [
        Query.term_set_query(schema(), "fact", [_fact(term) for term in sorted(group)])
        for group in filters.groups()
    ]
    if filters.days is not None:
        clauses.append(Query.range_query(schema(), "day", FieldType.Integer, *filters.days))
    return [Query.const_score_query(clause, 0.0) for clause in clauses]


def among(passages: Iterable[int]) -> Query:
    """What matches certain passages, and scores them 0."""
    # A term set's automaton walks through all ids there are, and takes twice as long.
    named = [
        (Occur.Should, Query.term_query(schema(), "passage", passage, "basic"))
        for passage in passages
    ]
    return Query.const_score_query(Query.boolean_query(named), 0.0)


def _term(field: str, term: str) -> Query:
    return Query.term_query(schema(), field, term, "freq")


def _stems(terms: list[str]) -> list[str]:
    return stemmer().analyze(" ".join(terms))


def _phonetic_keys(terms: list[str]) -> list[str]:
    return [
        key
        for term in terms
        if term not in COMMON_WORDS and (key := phonetic_key(term)) is not None
    ]


def _neighbours(words: list[tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    for first, second in pairwise(words[:_MOST_TERMS]):
        if all(
            len(word) == 1 and word[0].isalpha() and word[0] not in COMMON_WORDS
            for word in (first, second)
        ):
            yield first[0], second[0]


def _pairs(words: list[tuple[str, ...]]) -> Iterable[tuple[str, str]]:
    terms = [term for word in words for term in word][:_MOST_TERMS]
    pairs = dict.fromkeys(pairwise(terms))
    return [pair for pair in pairs if not COMMON_WORDS.issuperset(pair)]


def _halves(term: str, searcher: Searcher) -> Iterator[tuple[str, str]]:
    """Stems of the two words that a word may be made of, where both are in use."""
    if not (term.isascii() and term.isalpha()):
        return
    for place in range(_SHORTEST_HALF, len(term) - _SHORTEST_HALF + 1):
        halves = [term[:place], term[place:]]
        if not COMMON_WORDS.isdisjoint(halves):
            continue
        first, second = _stems(halves)
        if searcher.doc_freq("body", first) and searcher.doc_freq("body", second):
            yield first, second


def _fact(term: str) -> str:
    """A fact's term in the index, where a term's length is limited."""
    return hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
