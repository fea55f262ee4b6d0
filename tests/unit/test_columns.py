"""Facts as columns: what they accept is what `Filters.accept` accepts."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.filters import Facts, Filters, facts_of
from index.vector_view.columns import FactColumns

NAMES = st.sampled_from(["a", "b/c.txt", "ü", "x y"])
VALUES = st.one_of(
    st.sampled_from(["en", "ar", "\ud800"]),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([0.5, 1.0]),
)
TAGS = st.sampled_from(["Libya", " libya", "LIBYA", "oil", "straße", "STRASSE"])
HOSTS = st.sampled_from(["example.org", "news.example.org", "www.example.org", "org", "b.com"])
DAYS = st.dates(date(2020, 1, 1), date(2020, 1, 6)) | st.sampled_from([date.min, date.max])

FACTS = st.builds(
    facts_of,
    NAMES,
    st.none() | HOSTS.map(lambda host: f"https://{host}/page"),
    st.none() | DAYS.map(date.isoformat),
    st.fixed_dictionaries(
        {},
        optional={
            "tags": st.lists(TAGS, max_size=3) | TAGS,
            "language": VALUES | st.lists(VALUES, max_size=3),
            "other": st.none() | st.just({"deep": 1}),
        },
    ),
)

FILTERS = st.builds(
    Filters,
    document_ids=st.none() | st.frozensets(NAMES, max_size=2),
    sources=st.none() | st.frozensets(HOSTS, max_size=2),
    tags=st.frozensets(TAGS, max_size=2),
    metadata=st.dictionaries(st.sampled_from(["language", "other"]), VALUES, max_size=1),
    published_after=st.none() | DAYS,
    published_before=st.none() | DAYS,
)


def through_a_file(columns: FactColumns) -> FactColumns:
    return FactColumns.from_sections(
        [memoryview(section.tobytes()) for section in columns.to_sections()]
    )


@given(st.lists(FACTS, max_size=12), FILTERS)
def test_columns_accept_what_filters_accept(facts: list[Facts], filters: Filters) -> None:
    truth = [filters.accept(one) for one in facts]
    columns = FactColumns.of(facts)
    assert len(columns) == len(facts)
    assert columns.accepted(filters).tolist() == truth
    assert through_a_file(columns).accepted(filters).tolist() == truth


@given(st.lists(st.tuples(FACTS, st.booleans()), max_size=8), st.lists(FACTS, max_size=6), FILTERS)
def test_joined_columns_are_those_of_what_was_kept_and_what_was_added(
    first: list[tuple[Facts, bool]], later: list[Facts], filters: Filters
) -> None:
    kept = np.array([stays for _, stays in first], dtype=np.bool_)
    joined = FactColumns.of([one for one, _ in first]).joined(kept, FactColumns.of(later))
    facts = [one for one, stays in first if stays] + later
    assert len(joined) == len(facts)
    assert joined.accepted(filters).tolist() == [filters.accept(one) for one in facts]
    for term in {term for one in [*(one for one, _ in first), *later] for term in one.terms}:
        assert joined.documents_of(term).tolist() == [
            number for number, one in enumerate(facts) if term in one.terms
        ]


def test_terms_of_no_document_are_not_kept() -> None:
    first = FactColumns.of([Facts(frozenset({"tag:old", "tag:both"}), None)])
    later = FactColumns.of([Facts(frozenset({"tag:new", "tag:both"}), 5)])
    [terms, *_] = first.joined(np.array([False]), later).to_sections()
    assert terms.tobytes() == b'["tag:both", "tag:new"]'
