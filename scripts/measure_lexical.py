"""What the lexical view finds, by weight of its kinds of match, and beside a reference.

The reference is bm25s with the same stemmer, the same common words and the same k1 and b, over
title and text (`pip install bm25s PyStemmer`). Each text is one passage.
"""

from __future__ import annotations

import dataclasses
import hashlib
import random
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click
import numpy as np
from measure_search import PLAIN, has_hit, ndcg, reciprocal_rank
from search_sets import Query, SearchSet, Text, beir, squad
from tqdm import tqdm

from index.catalog import Catalog
from index.feed import Feed
from index.lexical import LexicalView, Weights
from index.types import Document, Passage, Segmentation
from service.metrics import Figure, difference_figure, mean_figure

_SHARED = Path(__file__).parents[2] / "shared" / "data"
_SETS = ("reserved", "selqa_sections", "cranfield")
_EMBEDDER = "none"
_DEPTH = 100

SPELLINGS = [
    tuple(pair.split(" / "))
    for pair in """
Sarraj / Serraj; Sarraj / al-Saraj; Serraj / As-Sarraj; al-Sarraj / Alsarraj; Gaddafi / Qaddafi
Gaddafi / Kadhafi; Haftar / Hifter; Mohammed / Muhammad; Mohamed / Mehmet; Hezbollah / Hizbullah
Zelensky / Zelenskiy; Tchaikovsky / Chaikovsky; Catherine / Kathryn; Osama / Usama; Kiev / Kyiv
Riyadh / Riyad; Benghazi / Bengasi; Gonzalez / Gonzales; Chekhov / Chekov; Stephen / Steven
Djibouti / Jibuti; Erdogan / Erdoğan; Mueller / Müller; Hussein / Husayn; Kharkiv / Kharkov
Lviv / Lvov; Odessa / Odesa; Tehran / Teheran; Khartoum / Khartum; Yasser / Yasir; Assad / Asad
Houthi / Huthi; Gorbachev / Gorbachov; Yeltsin / Eltsin; Iraq / Irak; Gamal / Jamal
Peking / Beijing; cease-fire / ceasefire; ceasefire / cease fire; cease fire / ceasefire
cease-fire / cease fires; e-mail / email; on-line / online; co-operation / cooperation
data base / database; website / web site; air strikes / airstrike; 146,000 / 146000
U.N. / UN; U.S.S.R. / USSR; colour / color; theatre / theater; defence / defense; grey / gray
organisation / organization; jewellery / jewelry; judgement / judgment; Łódź / Lodz
O'Brien / OBrien; Qur'an / Quran; Quran / Koran
""".strip()
    .replace("\n", "; ")
    .split("; ")
]
"""How a text writes it, and how a query does."""


def fill(texts: Sequence[Text], path: Path) -> Catalog:
    """A catalog of texts; text number n is passage n + 1, and one title a document."""
    catalog = Catalog(path, create=True)
    articles = [list(group) for _, group in groupby(texts, key=lambda text: text.title)]
    for number, article in enumerate(tqdm(articles, "put")):
        whole = "".join(text.text for text in article)
        ends = np.cumsum([len(text.text) for text in article]).tolist()
        document = Document(
            document_id=f"{number:06d}",
            text=whole,
            revision="sha256:" + hashlib.sha256(whole.encode()).hexdigest(),
            title=article[0].title.replace("_", " ") or None,
            source_url=None,
            published_at=None,
            published_at_source=None,
            media_type="text/plain",
            encoding="utf-8",
            extractor="plain/1",
            source=b"",
        )
        passages = tuple(
            Passage(end - len(text.text), end, 0) for text, end in zip(article, ends, strict=True)
        )
        catalog.put(
            document,
            Segmentation((), (), passages),
            np.zeros((len(article), 1), np.float16),
            embedder=_EMBEDDER,
            lines={},
        )
    return catalog


def open_view(catalog: Catalog, weights: Weights) -> LexicalView:
    """A view of a catalog, made if there is none yet."""
    view = LexicalView(catalog.path.with_name("lexical"), embedder=_EMBEDDER, weights=weights)
    with catalog.snapshot() as snapshot:
        view.catch_up(Feed(snapshot, _EMBEDDER))
    return view


def variants(more: Sequence[str]) -> Iterator[tuple[str, Weights]]:
    """The weights to compare, by name: the chosen ones first."""
    chosen = Weights()
    yield "chosen", chosen
    yield "without title weight", dataclasses.replace(chosen, title=0)
    yield "without phonetic keys", dataclasses.replace(chosen, sound=0)
    yield "without joined words and halves", dataclasses.replace(chosen, joined=0, halves=0)
    yield "without pairs of words", dataclasses.replace(chosen, phrase=0)
    yield "common words too", dataclasses.replace(chosen, common_words=frozenset())
    yield "BM25 of title and text alone", PLAIN
    for one in more:
        pairs = (part.partition("=") for part in one.split(","))
        changed = {name: float(value) for name, _, value in pairs}
        yield one, dataclasses.replace(chosen, **changed)  # type: ignore[arg-type]


def rank_by_reference(texts: Sequence[Text], queries: Sequence[Query]) -> list[list[int]]:
    """What bm25s finds.

    Raises:
        click.ClickException: It isn't installed.
    """
    try:
        import bm25s
        import Stemmer
    except ImportError as error:
        raise click.ClickException(f"{error}: pip install bm25s PyStemmer.") from error
    stemmer = Stemmer.Stemmer("english")

    def tokenize(several: list[str]) -> object:
        common = sorted(Weights().common_words)
        return bm25s.tokenize(several, stopwords=common, stemmer=stemmer, show_progress=False)

    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(
        tokenize([f"{text.title.replace('_', ' ')} {text.text}" for text in texts]),
        show_progress=False,
    )
    asked = tokenize([query.text for query in queries])
    numbers, _ = index.retrieve(asked, k=_DEPTH, show_progress=False)
    return [ranked.tolist() for ranked in numbers]


def report(
    name: str, ranked: Sequence[Sequence[int]], queries: Sequence[Query], beside: list[float]
) -> list[float]:
    """Print a line of figures; returns the nDCG of each query."""
    pairs = list(zip(ranked, queries, strict=True))
    gains = [ndcg(found, query.relevant) for found, query in pairs]
    figures = [
        mean_figure([float(not has_hit(found, query.relevant, 5)) for found, query in pairs]),
        mean_figure([float(has_hit(found, query.relevant, 10)) for found, query in pairs]),
        mean_figure([reciprocal_rank(found, query.relevant) for found, query in pairs]),
        mean_figure(gains),
        *([difference_figure(gains, beside)] if beside else []),
    ]
    click.echo(f"| {name} | {' | '.join(map(_shown, figures))} |")
    return gains


def _shown(figure: Figure) -> str:
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def measure(
    texts: SearchSet, work: Path, sample: int, more: Sequence[str], reference: bool
) -> None:
    """Print the figures of a set."""
    queries = list(texts.queries)
    if sample < len(queries):
        queries = random.Random(0).sample(queries, sample)
    catalog = fill(texts.texts, work / "catalog.sqlite")
    click.echo(f"{len(texts.texts):,} texts, {len(queries):,} queries")
    click.echo("| | misses at 5 | hit@10 | MRR@100 | nDCG@10 | less the first line's |")
    click.echo("|---" * 6 + "|")
    first: list[float] = []
    if reference:
        first = report("bm25s", rank_by_reference(texts.texts, queries), queries, first)
    for name, weights in variants(more):
        view = open_view(catalog, weights)
        ranked = [
            (view.search(query.text, _DEPTH).ids - 1).tolist() for query in tqdm(queries, name)
        ]
        gains = report(name, ranked, queries, first)
        first = first or gains
        view.close()
    catalog.close()


def measure_spellings(texts: Sequence[Text], work: Path, more: Sequence[str]) -> None:
    """Print which spellings find each other, each written in one text among others.

    Texts with a word of the query are left out: they come first, and rightly so.
    """
    written = [Text("", f"Yesterday {text} stood in a report. ") for text, _ in SPELLINGS]
    catalog = fill([*written, *texts], work / "catalog.sqlite")
    several = len(texts) + len(written)
    click.echo(f"{len(SPELLINGS)} spellings, each in one of {several:,} texts")
    plain = open_view(catalog, PLAIN)
    for name, weights in variants(more):
        view = open_view(catalog, weights)
        lost = []
        for number, (text, query) in enumerate(SPELLINGS, 1):
            literal = set(plain.search(query, several).ids.tolist())
            others = [i for i in view.search(query, several).ids.tolist() if i not in literal]
            if number not in literal and number not in others[:10]:
                lost.append(f"{text} / {query}")
        found = len(SPELLINGS) - len(lost)
        click.echo(f"{name}: {found} among the first 10; not {', '.join(lost)}")
        view.close()
    catalog.close()


@click.command()
@click.argument("name", type=click.Choice([*_SETS, "spellings"]))
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=_SHARED,
    show_default=True,
    help="Holds qa/ with question files and ir/ with sets in BEIR's layout.",
)
@click.option("--sample", default=1_500, show_default=True, help="Ask so many at most, at random.")
@click.option("--weights", multiple=True, help="Others to compare: title=0.5,sound=0.2.")
@click.option("--reference", is_flag=True, help="Compare with bm25s, which must be installed.")
def main(name: str, data: Path, sample: int, weights: tuple[str, ...], reference: bool) -> None:
    """Measure the lexical view on a set, to choose by: none of these is the one reported on.

    `reserved`: the reserved SQuAD questions over all 20,888 paragraphs. `spellings`: pairs of
    spellings among the sections of selqa_sections.
    """
    with tempfile.TemporaryDirectory() as work:
        if name == "spellings":
            sections = beir(data / "ir" / "selqa_sections").texts
            measure_spellings(sections, Path(work), weights)
        else:
            asked = data / "ir" / name
            texts = squad(data / "qa", "calibration") if name == "reserved" else beir(asked)
            measure(texts, Path(work), sample, weights, reference)


if __name__ == "__main__":
    main()
