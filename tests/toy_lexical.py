"""Collections of a few short passages, and lexical views of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from index.catalog import Catalog
from index.feed import Feed
from index.lexical import LexicalView, Weights
from index.lexical_view.files import commits, index_folders
from index.types import Document, Passage, Segmentation, State

EMBEDDER = "toy@1"
PLAIN = Weights(title=0, sound=0, joined=0, halves=0, phrase=0)


def put(catalog: Catalog, name: str, *texts: str, title: str | None = None, **known: Any) -> None:
    """A document with a passage of each text."""
    whole = "".join(texts)
    ends = np.cumsum([len(text) for text in texts]).tolist()
    passages = tuple(
        Passage(end - len(text), end, 1) for text, end in zip(texts, ends, strict=True)
    )
    document = Document(
        document_id=name,
        text=whole,
        revision="sha256:" + hashlib.sha256(whole.encode()).hexdigest(),
        title=title,
        source_url=known.get("source_url"),
        published_at=known.get("published_at"),
        published_at_source=None,
        media_type="text/plain",
        encoding="utf-8",
        extractor="plain/1",
        source=b"",
        metadata=known.get("metadata", {}),
    )
    vectors = np.ones((len(texts), 1), dtype=np.float16)
    catalog.put(document, Segmentation((), (), passages), vectors, embedder=EMBEDDER, lines={})


def folder_of(catalog: Catalog) -> Path:
    return catalog.path.with_name("lexical")


def new_view(catalog: Catalog, weights: Weights | None = None) -> LexicalView:
    return LexicalView(folder_of(catalog), embedder=EMBEDDER, weights=weights)


def catch_up(view: LexicalView, catalog: Catalog) -> bool:
    with catalog.snapshot() as snapshot:
        return view.catch_up(Feed(snapshot, EMBEDDER))


def refresh(view: LexicalView, catalog: Catalog) -> bool:
    with catalog.snapshot() as snapshot:
        return view.refresh(Feed(snapshot, EMBEDDER))


def state_of(catalog: Catalog) -> State:
    with catalog.snapshot() as snapshot:
        return Feed(snapshot, EMBEDDER).state()


def opened(catalog: Catalog, weights: Weights | None = None) -> LexicalView:
    view = new_view(catalog, weights)
    assert catch_up(view, catalog)
    return view


def rebuilt(catalog: Catalog, weights: Weights | None = None) -> LexicalView:
    """A view made from nothing but the catalog."""
    folder = folder_of(catalog).with_name("rebuilt")
    shutil.rmtree(folder, ignore_errors=True)
    view = LexicalView(folder, embedder=EMBEDDER, weights=weights)
    assert catch_up(view, catalog)
    return view


def found(view: LexicalView, query: str, limit: int = 100) -> list[int]:
    ids, scores, _ = view.search(query, limit)
    assert (ids.dtype, scores.dtype) == (np.int64, np.float32)
    assert [*zip(-scores, ids, strict=True)] == sorted(zip(-scores, ids, strict=True))
    return ids.tolist()


WORDS = "bridge river forest lamp window garden north summer velvet copper".split()
"""Words that are their own stems."""


def corpus(seed: int, count: int, longest: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [
        " ".join(rng.choice(WORDS, rng.integers(1, longest), p=np.arange(1, 11) / 55))
        for _ in range(count)
    ]


def check_equal(view: LexicalView, catalog: Catalog, *, scores: bool) -> None:
    """It shows what one made from nothing shows."""
    other = rebuilt(catalog, PLAIN)
    assert view.state == other.state == state_of(catalog)
    assert view.ids().tolist() == other.ids().tolist()
    for query in (*WORDS, " ".join(WORDS)):
        one, two = view.search(query, 1_000), other.search(query, 1_000)
        assert sorted(one.ids.tolist()) == sorted(two.ids.tolist())
        if scores:
            assert one.ids.tolist() == two.ids.tolist()
            assert one.scores.tolist() == two.scores.tolist()


def deleted(catalog: Catalog) -> int:
    return sum(commit.deleted()[0] for commit in commits(folder_of(catalog)))


def child(code: str, catalog: Catalog, **environment: str) -> subprocess.Popen[str]:
    """Another process on the same catalog."""
    preamble = (
        "import sys\n"
        "from pathlib import Path\n"
        "from index.catalog import Catalog\n"
        "from index.feed import Feed\n"
        "from index.lexical import LexicalView\n"
        "from index.lexical_view.files import writing_alone\n"
        "path = Path(sys.argv[1])\n"
        "folder = path.with_name('lexical')\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", preamble + code, str(catalog.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
        cwd=Path(__file__).parents[1],
    )


def index_folder(catalog: Catalog) -> Path:
    [folder] = index_folders(folder_of(catalog))
    return folder
