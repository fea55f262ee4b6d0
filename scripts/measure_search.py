"""How well search finds the relevant text: by meaning, by words, and by both fused in several ways.

Each text is one passage. Misses at 5: queries with no relevant text among the first five.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from search_sets import Query, SearchSet, beir, collect, squad
from tqdm import tqdm

from index.fusion import LEXICAL_WEIGHT, fuse
from index.lexical import LexicalView, Weights
from index.search import LEXICAL_FOLDER, Searcher
from service import wiring
from service.metrics import Figure, difference_figure, mean_figure, ratio_figure
from service.settings import Settings

_SHARED = Path(__file__).parents[2] / "shared" / "data"
_WORK = Path(__file__).parents[1] / "training" / "search"
_DEPTH = 100
_RANK_CONSTANT = 60
"""Of reciprocal rank fusion, as Cormack et al. (2009) chose it."""

PLAIN = Weights(title=0, sound=0, joined=0, halves=0, phrase=0)
"""BM25 of the stems in title and text, and nothing else."""

_SINGLE = ("dense", "BM25", "words")
"""`BM25` is `PLAIN`, `words` what the search uses."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Texts that either side found for a query, with both scores.

    Attributes:
        numbers: Of the texts, shape (n,).
        similarity: To the query, shape (n,).
        lexical: By words, as the search has it, shape (n,).
        plain: Numbers of the texts that plain BM25 finds, best first.
    """

    numbers: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float32]
    lexical: npt.NDArray[np.float32]
    plain: npt.NDArray[np.int64]


def find(
    searcher: Searcher,
    plain: LexicalView,
    queries: Sequence[Query],
    vectors: npt.NDArray[np.float32],
) -> list[Candidates]:
    """Candidates of each query, as the search takes them."""
    found = []
    for query, vector in zip(tqdm(queries, "search"), vectors, strict=True):
        near = searcher.vectors.search(vector, _DEPTH)
        ids = np.union1d(near.ids, searcher.lexical.search(query.text, _DEPTH).ids)
        found.append(
            Candidates(
                # Text n is the first passage of document n, put in order: passage id n + 1.
                ids - 1,
                searcher.vectors.similarities(vector, ids),
                searcher.lexical.scores(query.text, ids),
                plain.search(query.text, _DEPTH).ids - 1,
            )
        )
    return found


def reciprocal_ranks(candidates: Candidates) -> npt.NDArray[np.float64]:
    """Reciprocal rank fusion of the candidates."""
    fused = np.zeros(len(candidates.numbers))
    for scores in (candidates.similarity, candidates.lexical):
        order = np.lexsort((candidates.numbers, -scores))[:_DEPTH]
        fused[order] += 1 / (_RANK_CONSTANT + 1 + np.arange(len(order)))
    return fused


def rankings(found: Iterable[Candidates], name: str) -> list[list[int]]:
    """Texts of each query, best first, ranked in the way of that name."""
    if name == "BM25":
        return [candidates.plain.tolist() for candidates in found]
    ways = {
        "dense": lambda c: c.similarity,
        "words": lambda c: c.lexical,
        "reciprocal ranks": reciprocal_ranks,
    }
    if name.startswith("min-max "):
        weight = float(name.removeprefix("min-max "))
        ways[name] = lambda c: fuse(c.similarity, c.lexical, weight)
    way = ways[name]
    return [c.numbers[np.lexsort((c.numbers, -way(c)))].tolist() for c in found]


def has_hit(ranked: Sequence[int], relevant: Mapping[int, int], depth: int) -> bool:
    """Whether a relevant text is among the first so many."""
    return any(number in relevant for number in ranked[:depth])


def reciprocal_rank(ranked: Sequence[int], relevant: Mapping[int, int]) -> float:
    """One over the place of the first relevant text; 0 if there is none."""
    return next((1 / place for place, n in enumerate(ranked, 1) if n in relevant), 0.0)


def ndcg(ranked: Sequence[int], relevant: Mapping[int, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain, linear in the grades, as trec_eval has it."""

    def gain(grades: Iterable[int]) -> float:
        return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))

    best = gain(sorted(relevant.values(), reverse=True)[:depth])
    return gain(relevant.get(number, 0) for number in ranked[:depth]) / best


def measure(name: str, texts: SearchSet, work: Path, sample: int | None, ways: list[str]) -> None:
    """Print the figures of a set, way by way."""
    queries = list(texts.queries)
    if sample is not None and sample < len(queries):
        queries = random.Random(0).sample(queries, sample)
    embedder = wiring.load_embedder(Settings())
    folder = work / name
    catalog = collect(texts.texts, folder, embedder)
    searcher = Searcher(catalog, folder, embedder)
    with catalog.snapshot() as snapshot:
        feed = searcher.feed(snapshot)
        searcher.vectors.catch_up(feed)
        searcher.lexical.catch_up(feed)
        plain = LexicalView(folder / LEXICAL_FOLDER, embedder=embedder.model_id, weights=PLAIN)
        plain.refresh(feed)
    vectors = np.concatenate(
        [embedder.embed([query.text]) for query in tqdm(queries, "embed queries")]
    )
    found = find(searcher, plain, queries, vectors)
    click.echo(f"{name}: {len(texts.texts):,} texts, {len(queries):,} queries")
    click.echo("| ranked by | misses at 5 | recall@10 | MRR@100 | nDCG@10 |\n|---|---|---|---|---|")
    missed: dict[str, npt.NDArray[np.float64]] = {}
    gains: dict[str, list[float]] = {}
    for way in ways:
        ranked = list(zip(rankings(found, way), queries, strict=True))
        missed[way] = np.array([not has_hit(r, q.relevant, 5) for r, q in ranked], float)
        gains[way] = [ndcg(r, q.relevant) for r, q in ranked]
        figures = [
            mean_figure(values)
            for values in (
                missed[way],
                [has_hit(r, q.relevant, 10) for r, q in ranked],
                [reciprocal_rank(r, q.relevant) for r, q in ranked],
                gains[way],
            )
        ]
        click.echo(f"| {way} | {' | '.join(map(_shown, figures))} |")
    for way in ways[len(_SINGLE) :]:
        for single in _SINGLE:
            fewer = ratio_figure(missed[single] - missed[way], missed[single])
            more = difference_figure(gains[way], gains[single])
            click.echo(
                f"{way} against {single}: {_shown(fewer)} % fewer misses at 5; "
                f"nDCG@10 {_shown(more)} higher"
            )
    plain.close()
    searcher.close()
    catalog.close()


def _shown(figure: Figure) -> str:
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


@click.command()
@click.argument("name", type=click.Choice(["reserved", "squad", "selqa_sections", "cranfield"]))
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=_SHARED,
    show_default=True,
    help="Holds qa/ with question files and ir/ with sets in BEIR's layout.",
)
@click.option(
    "--work",
    type=click.Path(path_type=Path),
    default=_WORK,
    show_default=True,
    help="Where the collections are kept, for the next time too.",
)
@click.option("--sample", type=click.IntRange(1), help="Ask so many queries, drawn at random.")
@click.option("--weights", default="", help="More weights of BM25 to fuse with: 0.3,0.4.")
def main(name: str, data: Path, work: Path, sample: int | None, weights: str) -> None:
    """Measure search on a set.

    `reserved`: the reserved SQuAD questions, to choose by. `squad`: the dev questions, to report.
    Both over all 20,888 paragraphs; easier than all of Wikipedia.
    """
    ways = [*_SINGLE, "reciprocal ranks", f"min-max {LEXICAL_WEIGHT}"]
    ways += [f"min-max {weight.strip()}" for weight in weights.split(",") if weight.strip()]
    if name in {"reserved", "squad"}:
        asked = "calibration" if name == "reserved" else "dev"
        # Both sets have the same texts, and share a collection.
        measure_in = squad(data / "qa", asked), "paragraphs"
    else:
        measure_in = beir(data / "ir" / name), name
    measure(measure_in[1], measure_in[0], work, sample, ways)


if __name__ == "__main__":
    main()
