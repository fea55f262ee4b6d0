"""Catalogs of a few short vectors, whose products with `QUERY` are exact in any arithmetic."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.catalog import Catalog
from index.feed import Feed
from index.filters import Filters
from index.types import Document, Passage, Segmentation
from index.vectors import VectorView

EMBEDDER = "toy@1"
DIMENSION = 8
QUERY = np.array([1, -2, 0.5, 0, 3, -1, 0.25, 2], dtype=np.float32)


def coarse(seed: int, rows: int) -> npt.NDArray[np.float16]:
    """Vectors of eighths: products with QUERY have no rounding error, and many are equal."""
    return (np.random.default_rng(seed).integers(-2, 3, (rows, DIMENSION)) / 8).astype(np.float16)


def clustered(
    seed: int, rows: int, dimension: int, clusters: int
) -> tuple[npt.NDArray[np.float16], npt.NDArray[np.float32]]:
    """Unit vectors around random centres, and 50 queries from the same clusters."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((clusters, dimension))
    drawn = centres[rng.integers(clusters, size=rows + 50)]
    drawn += rng.standard_normal(drawn.shape)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn[:rows].astype(np.float16), drawn[rows:].astype(np.float32)


def put(
    catalog: Catalog,
    name: str,
    matrix: npt.NDArray[np.float16],
    text: str | None = None,
    *,
    embedder: str = EMBEDDER,
    source_url: str | None = None,
    published_at: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Store a document of one passage for each vector."""
    text = text or f"{name} {hashlib.sha256(matrix.tobytes()).hexdigest()}"
    document = Document(
        document_id=name,
        text=text,
        revision="sha256:" + hashlib.sha256(text.encode()).hexdigest(),
        title=None,
        source_url=source_url,
        published_at=published_at,
        published_at_source=published_at and "sidecar",
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=text.encode(),
        metadata=metadata or {},
    )
    catalog.put(document, segmented(len(matrix)), matrix, embedder=embedder, lines={})


def segmented(passages: int) -> Segmentation:
    """A text cut into so many passages."""
    return Segmentation((), (), tuple(Passage(row, row + 1, 1) for row in range(passages)))


def view_path(catalog: Catalog) -> Path:
    """Where `open_view` keeps its file."""
    return catalog.path.with_name("vectors.faiss")


def open_view(
    catalog: Catalog,
    path: Path | None = None,
    *,
    embedder: str = EMBEDDER,
    dimension: int = DIMENSION,
    exact_up_to: int = 1_000_000,
) -> VectorView:
    """A view of the catalog as it is now."""
    view = VectorView(
        path or view_path(catalog),
        embedder=embedder,
        dimension=dimension,
        exact_up_to=exact_up_to,
    )
    with catalog.snapshot() as snapshot:
        view.open(Feed(snapshot, embedder))
    return view


def rebuilt(catalog: Catalog) -> VectorView:
    """A view made from nothing but the catalog."""
    missing = catalog.path.with_name("none")
    assert not missing.exists()
    return open_view(catalog, missing)


def catch_up(view: VectorView, catalog: Catalog, *, embedder: str = EMBEDDER) -> None:
    """Bring a view to the catalog's present state."""
    with catalog.snapshot() as snapshot:
        assert view.catch_up(Feed(snapshot, embedder))
        assert view.state == Feed(snapshot, embedder).state()


def found(
    view: VectorView,
    limit: int,
    query: npt.NDArray[np.float32] = QUERY,
    filters: Filters | None = None,
) -> list[tuple[int, float]]:
    """Ids and scores that a search gives."""
    ids, scores, generation = view.search(query, limit, filters)
    assert (ids.dtype, scores.dtype) == (np.int64, np.float32)
    assert view.state is not None and generation == view.state.generation
    return list(zip(ids.tolist(), scores.tolist(), strict=True))


def same(first: VectorView, second: VectorView, query: npt.NDArray[np.float32] = QUERY) -> None:
    """Sees that two views show the same, bit for bit."""
    assert first.state == second.state
    for one, other in zip(first.vectors(), second.vectors(), strict=True):
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
    assert len(first) == len(second) == len(first.vectors()[0])
    for limit in (1, 3, 10, 1000):
        assert found(first, limit, query) == found(second, limit, query)
