"""What ranks answers best across passages, and which threshold tells answered from not.

Reserved questions are asked open-domain: every context of the files is a passage, the nearest are
read. Half the questions, at random, have their own context taken out, so that they can't be
answered. Prints the mean F1 of the top answer by weight of the cosine similarity, and how well
the top score tells right answers from the rest.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import string
from collections import Counter
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from index.embedder import SentenceTransformerEmbedder
from service.executor import limit_threads
from service.reader import TransformersReader
from service.spans import decode

_CALIBRATION = Path(__file__).parents[2] / "shared" / "data" / "qa" / "calibration"


def _words(text: str) -> list[str]:
    kept = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def token_f1(answer: str, golds: list[str]) -> float:
    """Best F1 of the answer's words against a gold answer's, as the SQuAD script computes it."""
    best = 0.0
    for gold in golds:
        ours, theirs = _words(answer), _words(gold)
        shared = sum((Counter(ours) & Counter(theirs)).values())
        if shared:
            best = max(best, 2 * shared / (len(ours) + len(theirs)))
    return best


def auroc(scores: np.ndarray, right: np.ndarray) -> float:
    """Probability that a right one scores above a wrong one."""
    order = np.argsort(np.argsort(scores)) + 1
    n = int(right.sum())
    return float((order[right].sum() - n * (n + 1) / 2) / (n * (len(right) - n)))


@click.command()
@click.option(
    "--data", type=click.Path(path_type=Path, exists=True), default=_CALIBRATION, show_default=True
)
@click.option("--questions", default=400, show_default=True, help="How many questions to ask.")
@click.option("--contexts", default=3000, show_default=True, help="How many passages to index.")
@click.option("--max-passages", default=10, show_default=True, help="How many to read.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path, questions: int, contexts: int, max_passages: int, seed: int) -> None:
    """Measure ranking and abstention on the reserved questions."""
    limit_threads(2)
    rng = random.Random(seed)
    rows = []
    for path in sorted(data.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    rng.shuffle(rows)
    rows = rows[:contexts]
    texts = [row["context"] for row in rows]
    embedder, reader = SentenceTransformerEmbedder(), TransformersReader()
    batches = range(0, len(texts), 64)
    vectors = np.concatenate([embedder.embed(texts[b : b + 64]) for b in tqdm(batches, "embed")])
    asked = [
        (number, rng.choice(answerable))
        for number, row in enumerate(rows)
        if (answerable := [qa for qa in row["qas"] if qa["answers"]])
    ]
    rng.shuffle(asked)
    found = []
    for number, qa in tqdm(asked[:questions], "read"):
        removed = rng.random() < 0.5
        similarity = vectors @ embedder.embed([qa["question"]])[0]
        if removed:
            similarity[number] = -2.0
        nearest = np.argsort(-similarity)[:max_passages]
        windows = reader.read(qa["question"], [texts[i] for i in nearest], lambda: None)
        golds = [answer["text"] for answer in qa["answers"]]
        spans = []
        for i, of_text in zip(nearest, windows, strict=True):
            reading = decode(of_text, texts[i], n_best=1, max_answer_tokens=30)
            for span in reading.spans:
                f1 = token_f1(texts[i][span.start : span.end], golds)
                spans.append((span.score, reading.null_score, float(similarity[i]), f1))
        found.append((removed, np.array(spans)))
    report(found)


def report(found: list[tuple[bool, np.ndarray]]) -> None:
    """Print F1 and AUROC by ranking, and the threshold that refuses one right answer in twenty."""
    print("ranked by               F1 kept  AUROC  threshold  refused: removed, kept")
    for null_weight in (0.0, 0.5, 1.0):
        for weight in (0, 5, 10, 15, 20, 30):
            tops = []
            for removed, spans in found:
                scores = spans[:, 0] - null_weight * spans[:, 1] + weight * spans[:, 2]
                best = int(np.argmax(scores))
                tops.append((scores[best], spans[best, 3], removed))
            scores, f1, removed = (np.array(column) for column in zip(*tops, strict=True))
            right = f1 >= 0.5
            gone = removed.astype(bool)
            threshold = np.quantile(scores[right], 0.05)
            refused = scores < threshold
            print(
                f"span - {null_weight:.1f} null + {weight:2d} cos  {100 * f1[~gone].mean():5.1f}"
                f"   {auroc(scores, right):.3f}  {threshold:8.2f}"
                f"   {refused[gone].mean():.3f}, {refused[~gone].mean():.3f}"
            )


if __name__ == "__main__":
    main()
