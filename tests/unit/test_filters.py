"""Filters and facts: which numbers are equal, and what a filter that names nothing means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from index.filters import Filters, facts_of

VALUES: list[Any] = [
    0,
    -0.0,
    1,
    1.0,
    True,
    False,
    "1",
    "1.0",
    4,
    4.0,
    4.5,
    2020,
    2020.0,
    2**53,
    2**53 + 1,
    float(2**53),
    10**22,
    1e22,
    10**300,
    1e300,
    int(1e300),
    -7,
    -7.0,
]


def equal(one: Any, other: Any) -> bool:
    """As JSON sees it: by type, and numbers by their value."""
    kinds = [
        bool if isinstance(i, bool) else str if isinstance(i, str) else float for i in (one, other)
    ]
    return kinds[0] is kinds[1] and bool(one == other)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_metadata_is_found_by_every_way_of_writing_its_value(value: Any) -> None:
    filters = Filters(metadata={"rating": value})
    found = [
        known for known in VALUES if filters.accept(facts_of("a", None, None, {"rating": known}))
    ]
    assert [repr(known) for known in found] == [
        repr(known) for known in VALUES if equal(value, known)
    ]
    in_a_list = facts_of("a", None, None, {"rating": ["none", value]})
    assert filters.accept(in_a_list)


@pytest.mark.parametrize("value", ["Infinity", "-Infinity", "NaN"])
def test_number_that_json_has_not_is_found_nowhere(value: str) -> None:
    filters = Filters(metadata={"rating": json.loads(value)})
    assert not filters.accept(facts_of("a", None, None, {"rating": 1e300}))


def test_tag_is_what_was_written() -> None:
    facts = facts_of("a", None, None, {"tags": [2.0, 2020]})
    assert [
        tag
        for tag in ("2", "2.0", "2020", "2020.0")
        if Filters(tags=frozenset({tag})).accept(facts)
    ] == ["2.0", "2020"]


def test_none_of_no_names_is_met_and_nothing_asked_is_met_by_all() -> None:
    facts = facts_of("a", "https://example.org/", None, {})
    for nobody in (Filters(document_ids=frozenset()), Filters(sources=frozenset())):
        assert nobody
        assert not nobody.accept(facts)
    assert not Filters(document_ids=None, sources=None)
    assert Filters().accept(facts)
