"""The vector view against a plain model: whatever is done, in whatever order, by many at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from toy_vectors import EMBEDDER, QUERY, coarse, found, open_view, put, same, view_path

from index.catalog import Catalog
from index.feed import Feed
from index.filters import Facts, Filters, facts_of
from index.vectors import Nearest, VectorView

Row = tuple[int, float, Facts]


@dataclass
class Model:
    """What a collection holds, said in a dictionary and a counter."""

    documents: dict[str, list[Row]] = field(default_factory=dict)
    next_id: int = 1
    generation: int = 0

    def put(
        self,
        name: str,
        matrix: npt.NDArray[np.float16],
        source_url: str | None,
        published_at: str | None,
        tags: list[str],
    ) -> None:
        facts = facts_of(name, source_url, published_at, {"tags": tags})
        products = (matrix.astype(np.float64) @ QUERY).tolist()
        self.documents[name] = [
            (self.next_id + row, product, facts) for row, product in enumerate(products)
        ]
        self.next_id += len(products)
        self.generation += 1

    def remove(self, name: str) -> None:
        if self.documents.pop(name, None) is not None:
            self.generation += 1

    def rows(self) -> list[Row]:
        return [row for rows in self.documents.values() for row in rows]


def nearest(rows: list[Row], limit: int, filters: Filters | None = None) -> list[tuple[int, float]]:
    """The nearest of some rows, best first, equal ones in order of id."""
    accepted = [(i, product) for i, product, facts in rows if not filters or filters.accept(facts)]
    return sorted(accepted, key=lambda item: (-item[1], item[0]))[:limit]


FILTERS = [
    None,
    Filters(),
    Filters(tags=frozenset({"even"})),
    Filters(tags=frozenset({"even", "odd"})),
    Filters(tags=frozenset({"rare"})),
    Filters(tags=frozenset({"absent"})),
    Filters(document_ids=frozenset({"1", "5", "none"})),
    Filters(document_ids=frozenset()),
    Filters(sources=frozenset({"example.org"})),
    Filters(sources=frozenset({"news.example.org"}), tags=frozenset({"odd"})),
    Filters(published_after=date(2020, 1, 2)),
    Filters(published_before=date(2020, 1, 2)),
    Filters(published_after=date(2020, 1, 2), published_before=date(2020, 1, 2)),
    Filters(published_after=date(2020, 1, 3), published_before=date(2020, 1, 2)),
]


def write(chosen: random.Random, catalog: Catalog, model: Model) -> None:
    """Put, replace or remove a document in both."""
    name = str(chosen.randrange(12))
    if chosen.random() < 0.25:
        catalog.remove(name)
        model.remove(name)
        return
    version = chosen.randrange(100)
    matrix = coarse(version, chosen.choice([0, 1, 3, 12]))
    source = chosen.choice([None, "https://example.org/a", "https://news.example.org/b"])
    published = chosen.choice([None, "2020-01-01", "2020-01-02", "2020-01-03"])
    tags = ["odd" if version % 2 else "even"] + ["rare"] * (version < 5)
    model.put(name, matrix, source, published, tags)
    put(
        catalog,
        name,
        matrix,
        f"{name} {version} {model.generation}",
        source_url=source,
        published_at=published,
        metadata={"tags": tags},
    )


def damage(chosen: random.Random, path: Path) -> None:
    """Cut the view's file short, change a byte of it, or remove it."""
    if path.exists():
        content = bytearray(path.read_bytes())
        content[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
        chosen.choice(
            [
                path.unlink,
                lambda: path.write_bytes(content),
                lambda: path.write_bytes(content[: chosen.randrange(len(content))]),
            ]
        )()


@pytest.mark.parametrize("exact_up_to", [1_000_000, 20])
@pytest.mark.parametrize("seed", range(4))
def test_random_operations_equal_a_plain_model(tmp_path: Path, seed: int, exact_up_to: int) -> None:
    # So few rows have no more lists than a search probes: all of it is exact.
    chosen = random.Random(seed)
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    model = Model()
    path = view_path(catalog)
    view = open_view(catalog, exact_up_to=exact_up_to)
    for _ in range(60):
        action = chosen.random()
        if action < 0.5:
            write(chosen, catalog, model)
        elif action < 0.6:
            view.merge()
        elif action < 0.7:
            damage(chosen, path)
        elif action < 0.8:
            view = open_view(catalog, exact_up_to=exact_up_to)
        with catalog.snapshot() as snapshot:
            view.catch_up(Feed(snapshot, EMBEDDER))
        assert view.state is not None and view.state.generation == model.generation
        rows = model.rows()
        assert len(view) == len(rows)
        for filters in FILTERS:
            for limit in (1, 4, 1000):
                assert found(view, limit, filters=filters) == nearest(rows, limit, filters)
    same(view, open_view(catalog, tmp_path / "none", exact_up_to=exact_up_to))


Searched = tuple[Nearest, int, Filters | None]


@pytest.mark.parametrize("exact_up_to", [1_000_000, 20])
def test_every_result_is_that_of_the_generation_it_names_while_all_goes_on(
    tmp_path: Path, exact_up_to: int
) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    model = Model()
    truth: dict[int, list[Row]] = {0: []}
    view = open_view(catalog, exact_up_to=exact_up_to)
    written = threading.Event()

    def writing() -> None:
        chosen = random.Random(exact_up_to)
        try:
            for _ in range(80):
                write(chosen, catalog, model)
                truth[model.generation] = model.rows()
                with catalog.snapshot() as snapshot:
                    view.catch_up(Feed(snapshot, EMBEDDER))
        finally:
            written.set()

    def merging() -> int:
        return until(written, view.merge)

    def following() -> int:
        return until(written, lambda: follow(catalog, view))

    def searching(seed: int) -> list[Searched]:
        chosen = random.Random(seed)
        results: list[Searched] = []

        def search() -> bool:
            limit, filters = chosen.choice([1, 5, 1000]), chosen.choice(FILTERS)
            results.append((view.search(QUERY, limit, filters), limit, filters))
            return True

        until(written, search)
        return results

    with ThreadPoolExecutor() as pool:
        writer = pool.submit(writing)
        merges, followed = pool.submit(merging), pool.submit(following)
        searches = [pool.submit(searching, seed) for seed in range(2)]
        writer.result()
        assert merges.result() > 0
        assert followed.result() > 0
        results = [result for search in searches for result in search.result()]
    assert len(results) >= 2
    for (ids, scores, generation), limit, filters in results:
        expected = nearest(truth[generation], limit, filters)
        assert list(zip(ids.tolist(), scores.tolist(), strict=True)) == expected
    view.merge()
    for fresh in (open_view(catalog), open_view(catalog, tmp_path / "none")):
        same(view, fresh)


def until(stop: threading.Event, act: Callable[[], bool]) -> int:
    """Act again and again, once at least; says how often there was something to do."""
    done = int(act())
    while not stop.is_set():
        done += act()
    return done + act()


def follow(catalog: Catalog, view: VectorView) -> bool:
    """Catch up unless another thread is at it."""
    with catalog.snapshot() as snapshot:
        return view.catch_up(Feed(snapshot, EMBEDDER), wait=False)
