"""Repeated lines: what a write makes worth counting finds all that counting everything would."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.catalog import Catalog
from index.documents import make_document
from index.text.debris import REPEATED_IN
from index.types import Passage, Segmentation, TextRange

TEXT = "A text."
RANGE = TextRange(0, len(TEXT))
SEGMENTATION = Segmentation((), (RANGE,), (Passage(*RANGE, 3),))
VECTORS = np.ones((1, 4), dtype=np.float16)


def put(catalog: Catalog, document_id: str, lines: dict[int, bool]) -> None:
    document, _ = make_document(document_id, TEXT.encode(), media_type="text/plain", max_bytes=100)
    catalog.put(document, SEGMENTATION, VECTORS, embedder="fake@1", lines=lines)


def taken(catalog: Catalog, document_id: str, keys: set[int]) -> dict[int, bool]:
    """Lines as a writer takes them: as they stand when it has read the document."""
    with catalog.snapshot() as snapshot:
        repeated = snapshot.repeated_lines(keys, document_id, minimum=REPEATED_IN)
    return {key: key in repeated for key in keys}


def pending(catalog: Catalog) -> Set[int] | None:
    return catalog.recount.pending(catalog.generation())


def outdated(catalog: Catalog) -> tuple[list[str], list[str]]:
    """The documents found by counting what is worth it, and by counting everything."""
    with catalog.snapshot() as snapshot:
        keys = catalog.recount.pending(snapshot.generation())
        return (
            snapshot.outdated_exclusions(minimum=REPEATED_IN, keys=keys),
            snapshot.outdated_exclusions(minimum=REPEATED_IN),
        )


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "c" / "catalog.sqlite", create=True)


def test_everything_is_counted_once_and_then_what_was_written(catalog: Catalog) -> None:
    assert pending(catalog) is None
    for name in "abcde":
        put(catalog, name, {1: True, ord(name): False})
    assert pending(catalog) is None
    catalog.recount.settle(catalog.generation())
    assert pending(catalog) == set()
    # A line of many documents more or less: nothing changes for any of them.
    put(catalog, "f", {1: True, 7: False})
    assert pending(catalog) == set()
    put(catalog, "g", {7: False, 8: False})
    put(catalog, "h", {7: True})
    assert pending(catalog) == {7}
    assert outdated(catalog) == (["f", "g"], ["f", "g"])
    catalog.recount.settle(catalog.generation())
    catalog.remove("h")
    assert pending(catalog) == {7}
    assert outdated(catalog) == ([], [])


def test_line_that_was_taken_for_what_it_is_not_is_counted(catalog: Catalog) -> None:
    catalog.recount.settle(0)
    put(catalog, "a", {1: True})
    assert pending(catalog) == {1}
    assert outdated(catalog) == (["a"], ["a"])


def test_everything_is_counted_after_another_process_wrote(catalog: Catalog) -> None:
    other = Catalog(catalog.path)
    catalog.recount.settle(0)
    put(catalog, "a", {1: False})
    put(other, "b", {1: False})
    assert pending(catalog) is None
    put(catalog, "c", {1: True})
    assert pending(catalog) is None
    assert outdated(catalog) == (["a", "b"], ["a", "b"])
    catalog.recount.settle(catalog.generation())
    assert pending(catalog) == set()


def test_what_is_written_while_others_are_counted_stays_to_be_counted(catalog: Catalog) -> None:
    catalog.recount.settle(0)
    put(catalog, "a", {1: True})
    counted = catalog.generation()
    put(catalog, "b", {2: True})
    catalog.recount.settle(counted)
    assert pending(catalog) == {1, 2}
    catalog.recount.settle(catalog.generation())
    assert pending(catalog) == set()


NAMES = st.sampled_from("abcdefg")
KEYS = st.sets(st.integers(1, 3))
STEPS = st.lists(
    st.one_of(
        # How many documents are written between a document's reading and its writing.
        st.tuples(st.just("put"), NAMES, KEYS, st.integers(0, 3)),
        st.tuples(st.just("remove"), NAMES, st.none(), st.just(0)),
        st.tuples(st.just("refresh"), st.none(), st.none(), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_as_much_is_found_as_by_counting_everything(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, set[int], int]]
) -> None:
    catalog = Catalog(tmp_path_factory.mktemp("c") / "catalog.sqlite", create=True)
    catalog.recount.settle(0)
    waiting: list[tuple[int, str, dict[int, bool]]] = []
    for number, (step, name, keys, later) in enumerate(steps):
        for _, document_id, lines in (w for w in waiting if w[0] <= number):
            put(catalog, document_id, lines)
        waiting = [w for w in waiting if w[0] > number]
        if step == "put":
            waiting.append((number + later, name, taken(catalog, name, keys)))
        elif step == "remove":
            catalog.remove(name)
        else:
            while (found := outdated(catalog))[0]:
                assert found[0] == found[1]
                for document_id in found[0]:
                    with catalog.snapshot() as snapshot:
                        rows = snapshot.rows(
                            "SELECT line_key FROM lines WHERE document_id = ?", (document_id,)
                        )
                    keys = {row["line_key"] for row in rows}
                    put(catalog, document_id, taken(catalog, document_id, keys))
            catalog.recount.settle(catalog.generation())
        found = outdated(catalog)
        assert found[0] == found[1]
    catalog.close()
