"""Search by words: BM25 as the formula has it, of all and only what filters accept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_lexical import (
    PLAIN,
    catch_up,
    corpus,
    folder_of,
    found,
    new_view,
    opened,
    put,
    refresh,
)

from index.catalog import Catalog
from index.filters import Filters, facts_of
from index.lexical import LexicalView, Weights
from index.lexical_view.words import phonetic_key


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path / "c" / "catalog.sqlite", create=True)
    yield catalog
    catalog.close()


def kept_length(length: int) -> int:
    """A field's length as tantivy keeps it in a byte: four significant bits above 24.

    Lucene's `SmallFloat.byte4ToInt`, whose table tantivy's `fieldnorm/code.rs` lists.
    """
    above = length - 24
    if above < 16:
        return length
    dropped = above.bit_length() - 4
    return 24 + (above >> dropped << dropped)


def bm25(query: Sequence[str], texts: Sequence[Sequence[str]], uncounted: int = 1) -> list[float]:
    """Robertson's BM25 of a query and each text, k1 = 1.2 and b = 0.75.

    Args:
        query: Terms, or several with spaces between, which must follow each other: as rare as
            all of them together.
        texts: Terms of each.
        uncounted: Documents of the index that hold no text: the one of the view's state.
    """
    n = len(texts) + uncounted
    mean = sum(map(len, texts)) / n
    scores = []
    for text in texts:
        score = 0.0
        for phrase in query:
            terms = phrase.split()
            idf = 0.0
            for term in terms:
                having = sum(term in other for other in texts)
                idf += math.log(1 + (n - having + 0.5) / (having + 0.5))
            times = sum(terms == list(text[at : at + len(terms)]) for at in range(len(text)))
            norm = 1.2 * (1 - 0.75 + 0.75 * kept_length(len(text)) / mean)
            score += idf * 2.2 * times / (times + norm)
        scores.append(score)
    return scores


@pytest.mark.parametrize("longest", [30, 400])
def test_scores_are_bm25(catalog: Catalog, longest: int) -> None:
    texts = corpus(longest, 25, longest)
    put(catalog, "a", *texts)
    view = opened(catalog, PLAIN)
    query = "bridge river garden velvet"
    expected = bm25(query.split(), [text.split() for text in texts])
    assert view.scores(query, range(1, 26)) == pytest.approx(expected, abs=1e-4)
    ids, scores, generation = view.search(query, 7)
    assert generation == 1
    assert scores == pytest.approx(sorted(expected, reverse=True)[:7], abs=1e-4)
    assert ids.tolist() == sorted(range(1, 26), key=lambda i: (-round(expected[i - 1], 4), i))[:7]


def test_a_title_is_text_of_each_passage_and_counts_in_addition(catalog: Catalog) -> None:
    put(catalog, "a", "river forest ", "lamp", title="bridge lamp")
    put(catalog, "b", "bridge")
    view = opened(catalog, Weights(title=0.5, sound=0, joined=0, halves=0, phrase=0))
    bodies = ["bridge lamp river forest".split(), "bridge lamp lamp".split(), ["bridge"]]
    titles = [["bridge", "lamp"], ["bridge", "lamp"], []]
    query = ["bridge", "forest"]
    expected = [
        body + 0.5 * title
        for body, title in zip(bm25(query, bodies), bm25(query, titles), strict=True)
    ]
    assert view.scores("bridge forest", [1, 2, 3]) == pytest.approx(expected, abs=1e-4)


def test_a_like_sounding_word_counts_less_than_the_word(catalog: Catalog) -> None:
    texts = ["serraj river", "sarraj river", "copper river velvet"]
    put(catalog, "a", *(f"{text} " for text in texts))
    view = opened(catalog, Weights(title=0, sound=0.3, joined=0, halves=0, phrase=0))
    keys = [[str(phonetic_key(word)) for word in text.split()] for text in texts]
    words = bm25(["sarraj"], [text.split() for text in texts])
    sounds = bm25(["srj"], keys)
    expected = [word + 0.3 * sound for word, sound in zip(words, sounds, strict=True)]
    assert view.scores("Sarraj", [1, 2, 3]) == pytest.approx(expected, abs=1e-4)
    assert found(view, "Sarraj") == [2, 1]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("a cease-fire was signed", "ceasefire"),
        ("a cease-fire was signed", "cease fire"),
        ("a ceasefire was signed", "cease-fire"),
        ("a ceasefire was signed", "cease fire"),
        ("a cease fire was signed", "ceasefire"),
        ("a cease fire was signed", "Cease‑Fires"),
        ("Fayez al-Sarraj spoke", "Serraj"),
        ("Fayez Serraj spoke", "As-Sarraj"),
        ("Fayez As-Sarraj spoke", "al-Saraj"),
        ("Fayez Alsarraj spoke", "al-Serraj"),
        ("146,000 fled", "146000"),
        ("the city’s houses", "house of a city"),
        ("Łódź and Málaga", "lodz"),
        ("talks of the U.N.", "UN"),
        ("東京都に行く", "東京"),
        ("東京都に行く", "京"),
        ("وقع السَّراج الاتفاق", "السراج"),
        ("נפגשו בשָׁלוֹם", "בשלום"),
        ("colour of the harbour", "harbor color"),
    ],
)
def test_other_spellings_find_it(catalog: Catalog, written: str, asked: str) -> None:
    put(catalog, "a", "nothing of the kind ", written, " nor that")
    assert found(opened(catalog), asked) == [2]


def test_the_words_of_one_are_only_found_side_by_side(catalog: Catalog) -> None:
    put(catalog, "a", "fire will cease ", "to cease all fire ", "the cease fire", title="cease")
    assert found(opened(catalog, Weights(sound=0)), "ceasefire") == [3]


@pytest.mark.parametrize(
    ("asked", "words", "pairs"),
    [
        ("river", ["river"], []),
        ("river lamp", ["river", "lamp"], ["river lamp"]),
        ("lamp, river; river lamp", ["lamp", "river"], ["lamp river", "river river", "river lamp"]),
        ("of the river", ["river"], ["the river"]),
    ],
)
def test_two_words_that_follow_each_other_count_in_addition(
    catalog: Catalog, asked: str, words: list[str], pairs: list[str]
) -> None:
    texts = ["lamp of the river lamp", "river of lamp", "river lamp river lamp copper", "velvet"]
    put(catalog, "a", *(f"{text} " for text in texts))
    view = opened(catalog, replace(PLAIN, phrase=0.5))
    split = [text.split() for text in texts]
    expected = [
        word + 0.5 * pair for word, pair in zip(bm25(words, split), bm25(pairs, split), strict=True)
    ]
    assert view.scores(asked, [1, 2, 3, 4]) == pytest.approx(expected, abs=1e-4)


def test_common_words_count_only_if_there_is_no_other(catalog: Catalog) -> None:
    put(catalog, "a", "to be or not to be ", "the lamp ", "what it was")
    view = opened(catalog, Weights(phrase=0))
    assert found(view, "what was the lamp") == [2]
    assert set(found(view, "to be or not")) == {1}
    assert view.scores("the lamp", [1, 2, 3]).tolist() == view.scores("lamp", [1, 2, 3]).tolist()


ODD = [
    "",
    " \n\t",
    '"unclosed',
    'title:lamp AND (NOT body:x) OR "a b"~2^3 [a TO z] {x} /re.*/ lamp~ *',
    "body:",
    "-lamp +lamp",
    "😀 ??? !!! ::: \\",
    "lamp\x00river",
    "\ud800 lamp",
    "lamp " * 200,
    "x" * 1_000,
    " ".join(f"word{n}" for n in range(5_000)),
    "\u202elamp",
    "ｌａｍｐ",
    "z̶̢̧̨̛͎̲͉͇a̷l̵g̸o̴",
]


@pytest.mark.parametrize("query", ODD)
def test_any_text_is_a_query(catalog: Catalog, query: str) -> None:
    also = {1} if "ｌａｍｐ" in query else set()
    put(catalog, "a", "a lamp ", "a river")
    view = opened(catalog)
    expected = {n for n, word in enumerate(("lamp", "river"), 1) if word in query or n in also}
    assert set(found(view, query)) == expected
    assert {i + 1 for i, score in enumerate(view.scores(query, [1, 2])) if score} == expected


@pytest.mark.parametrize("text", ODD)
def test_any_text_can_be_found_in(catalog: Catalog, text: str) -> None:
    put(catalog, "a", text.replace("\ud800", "?") + " velvet", title=text.replace("\ud800", "?"))
    assert found(opened(catalog), "velvet") == [1]


def test_equal_scores_are_in_order_of_id_whatever_came_first(catalog: Catalog) -> None:
    for name in "abcdefghi":
        put(catalog, name, *["lamp "] * 3)
    view = opened(catalog)
    put(catalog, "b", *["lamp "] * 3)
    put(catalog, "j", "river")
    assert catch_up(view, catalog)
    there = [1, 2, 3, *range(7, 31)]
    for limit in (1, 2, 5, 26, 27, 28, 1_000):
        assert found(view, "lamp", limit) == there[:limit]
    assert found(view, "lamp", 0) == []


def test_a_new_view_finds_nothing(catalog: Catalog) -> None:
    put(catalog, "a", "lamp")
    view = new_view(catalog)
    assert view.state is None
    assert not refresh(view, catalog)
    assert view.search("lamp", 5).generation == -1
    assert found(view, "lamp") == []
    assert view.scores("lamp", [1, 2]).tolist() == [0, 0]
    assert view.ids().tolist() == []
    assert not folder_of(catalog).exists()


DOCUMENTS: list[dict[str, Any]] = [
    {
        "source_url": url,
        "published_at": day,
        "metadata": {"tags": tags, "desk": desk} | ({"long": "x" * 100_000} if desk == 1 else {}),
    }
    for url in (None, "https://www.a.example/1", "https://b.a.example/2")
    for day in (None, "2020-01-13", "2020-01-14", "0001-01-01")
    for tags, desk in ((["Libya", "war"], 1), (["war"], "1"), ([], True), (["Ελλάδα"], None))
]


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> LexicalView:
    catalog = Catalog(tmp_path_factory.mktemp("f") / "catalog.sqlite", create=True)
    texts = corpus(3, len(DOCUMENTS), 20)
    for number, (known, text) in enumerate(zip(DOCUMENTS, texts, strict=True)):
        put(catalog, f"d/{number}", f"{text} lamp", **known)
    view = opened(catalog)
    catalog.close()
    return view


@given(
    st.builds(
        Filters,
        document_ids=st.none() | st.frozensets(st.integers(0, 50).map("d/{}".format), max_size=30),
        sources=st.none()
        | st.frozensets(
            st.sampled_from(["a.example", "B.a.example ", "www.a.example", "c", "\ud800"])
        ),
        tags=st.frozensets(st.sampled_from(["war", " LIBYA", "ελλάδα", "none"]), max_size=2),
        metadata=st.dictionaries(
            st.sampled_from(["desk", "long", "tags"]),
            st.sampled_from([1, 1.0, "1", True, "x" * 100_000, "x" * 99_999, "war"]),
            max_size=1,
        ),
        published_after=st.none() | st.dates(date(2020, 1, 12), date(2020, 1, 15)),
        published_before=st.none() | st.dates(date(2020, 1, 12), date(2020, 1, 15)),
    ),
    st.sampled_from(["lamp", "lamp river", "velvet forest lamps", "lamb"]),
    st.sampled_from([3, 100]),
)
def test_filters_find_what_they_accept_with_the_same_scores(
    filtered: LexicalView, filters: Filters, query: str, limit: int
) -> None:
    ids, scores, _ = filtered.search(query, 100)
    accepted = [
        (passage, score)
        for passage, score in zip(ids.tolist(), scores.tolist(), strict=True)
        if filters.accept(
            facts_of(
                f"d/{passage - 1}",
                DOCUMENTS[passage - 1]["source_url"],
                DOCUMENTS[passage - 1]["published_at"],
                DOCUMENTS[passage - 1]["metadata"],
            )
        )
    ]
    got = filtered.search(query, limit, filters)
    assert list(zip(got.ids.tolist(), got.scores.tolist(), strict=True)) == accepted[:limit]


def test_deleted_passages_count_until_they_are_merged_away(catalog: Catalog) -> None:
    put(catalog, "a", "bridge river ", "bridge lamp")
    put(catalog, "b", "bridge")
    view = opened(catalog, PLAIN)
    catalog.remove("b")
    assert catch_up(view, catalog)
    assert found(view, "bridge") == [1, 2]
    texts = [["bridge", "river"], ["bridge", "lamp"], ["bridge"]]
    # Two documents of the view's state too: the old one is deleted.
    assert view.scores("bridge", [1, 2, 3]) == pytest.approx(
        [*bm25(["bridge"], texts, uncounted=2)[:2], 0], abs=1e-4
    )
