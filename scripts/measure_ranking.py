"""What ranks answers best across passages, and which threshold tells answered from not.

Reserved questions are asked open-domain: every context of the files is a passage, those that
search finds first are read. Half the questions, at random, have their own context taken out, so
that they can't be answered. Prints the mean F1 of the top answer by weight of the cosine
similarity, and how well the top score tells right answers from the rest.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from project_data import DATA, question_files
from search_sets import Text, collect
from tqdm import tqdm

from index.search import Searcher
from service import wiring
from service.answering import MAX_ANSWER_TOKENS
from service.metrics import auroc, score
from service.open_domain import RIGHT
from service.question_files import read_question_file
from service.questions import Paragraph
from service.settings import Settings
from service.spans import decode


def index_texts(texts: Sequence[Text], folder: Path) -> Searcher:
    """Indexes texts, one passage each, in an empty folder."""
    embedder = wiring.load_embedder(Settings())
    catalog = collect(texts, folder, embedder)
    searcher = Searcher(catalog, folder, embedder)
    with catalog.snapshot() as snapshot:
        feed = searcher.feed(snapshot)
        searcher.vectors.catch_up(feed)
        searcher.lexical.catch_up(feed)
    return searcher


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=DATA / "calibration",
    show_default=True,
    help="Folder of question files.",
)
@click.option("--questions", default=400, show_default=True, help="How many questions to ask.")
@click.option("--contexts", default=3000, show_default=True, help="How many passages to index.")
@click.option("--max-passages", default=10, show_default=True, help="How many to read.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path, questions: int, contexts: int, max_passages: int, seed: int) -> None:
    """Measure ranking and abstention on the reserved questions."""
    settings = Settings(threads=2)
    rng = random.Random(seed)
    rows: list[Paragraph] = []
    for path in question_files(data, "Give a folder of question files as --data."):
        rows += read_question_file(path).paragraphs
    rng.shuffle(rows)
    rows = rows[:contexts]
    reader = wiring.load_reader(settings)
    asked = [
        (number, rng.choice(answerable))
        for number, row in enumerate(rows)
        if (answerable := [q for q in row.questions if not q.is_impossible])
    ]
    rng.shuffle(asked)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        searcher = index_texts([Text(row.title or "", row.context) for row in rows], Path(folder))
        for number, question in tqdm(asked[:questions], "read"):
            removed = rng.random() < 0.5
            hits = searcher.search(question.text, max_passages + 1).hits
            # Text n is the first passage of document n, put in order: passage id n + 1.
            hits = [hit for hit in hits if not (removed and hit.passage_id == number + 1)]
            hits = hits[:max_passages]
            windows = reader.read(question.text, [hit.text for hit in hits], lambda: None)
            golds = [gold.text for gold in question.answers]
            spans = []
            for hit, of_text in zip(hits, windows, strict=True):
                reading = decode(of_text, hit.text, n_best=1, max_answer_tokens=MAX_ANSWER_TOKENS)
                for span in reading.spans:
                    f1 = score(hit.text[span.start : span.end], golds).f1
                    spans.append((span.score, reading.null_score, hit.similarity, f1))
            found.append((removed, np.array(spans)))
        searcher.close()
    report(found)


def report(found: list[tuple[bool, npt.NDArray[np.float64]]]) -> None:
    """Print F1 and AUROC by ranking, and the threshold that refuses one right answer in twenty."""
    print("ranked by               F1 kept  AUROC  threshold  refused: removed, kept")
    for null_weight in (0.0, 0.5, 1.0):
        for weight in (0, 5, 10, 15, 20, 30):
            tops = []
            for removed, spans in found:
                ranks = spans[:, 0] - null_weight * spans[:, 1] + weight * spans[:, 2]
                best = int(np.argmax(ranks))
                tops.append((ranks[best], spans[best, 3], removed))
            scores, f1, gone = (np.array(column) for column in zip(*tops, strict=True))
            right = f1 >= RIGHT
            threshold = np.quantile(scores[right], 0.05)
            refused = scores < threshold
            print(
                f"span - {null_weight:.1f} null + {weight:2d} cos  {100 * f1[~gone].mean():5.1f}"
                f"   {auroc(scores, right):.3f}  {threshold:8.2f}"
                f"   {refused[gone].mean():.3f}, {refused[~gone].mean():.3f}"
            )


if __name__ == "__main__":
    main()
