"""SQuAD v1.1 dev with ten passages read: what a reader keeps of its EM when others stand beside.

All paragraphs of SQuAD v1.1 (train and dev, 20,888 in all) are indexed as one passage each. A
question's ten nearest by dense search are frozen in a file, so that every reader is measured on the
same ones; only questions whose own paragraph is among them count. This is easier than all of
Wikipedia: don't compare it with such tables.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from embedding import embed
from project_data import question_file, read_and_tell
from tqdm import tqdm

from index.embedder import Embedder
from index.passages import passage_input
from service.answering import MAX_ANSWER_TOKENS, check_question
from service.evaluation import take_sample
from service.metrics import score_v1
from service.questions import Paragraph, Question
from service.reader import Reader
from service.spans import decode

READ = 10
SIMILARITY_WEIGHT = 20.0
"""Logits that a cosine similarity of 1 counts beside the reader's, so that figures of readers
compare whatever a calibration makes of both."""

LIST = Path(__file__).with_name("nearest_passages.json.gz")
GIVE_DATA = "Give the folder with train, dev and calibration: --data FOLDER, before the command."

_FILES = ("train/squad_v1_train", "calibration/squad_v1_train", "dev/squad_dev_v1")


@dataclass(frozen=True, slots=True)
class Nearest:
    """A question and the paragraphs nearest to it.

    Attributes:
        own: Place of its own paragraph among them.
        paragraphs: Nearest first.
        similarities: Cosine of each paragraph and the question, to three digits.
    """

    question: Question
    own: int
    paragraphs: Sequence[Paragraph]
    similarities: Sequence[float]


@dataclass(frozen=True, slots=True)
class TenOutcome:
    """EM of a question's own paragraph alone, and of the best answer of all ten."""

    question_id: str
    own: float
    all_ten: float


def read_paragraphs(data: Path) -> tuple[list[Paragraph], list[tuple[int, Question]]]:
    """All paragraphs, and the dev questions, each with the number of its paragraph.

    Says what is left out of the files.

    Raises:
        DataMissing: The folder lacks a file.
    """
    paragraphs: list[Paragraph] = []
    for name in _FILES:
        first = len(paragraphs)
        paragraphs += read_and_tell(question_file(data, name, GIVE_DATA)).paragraphs
    asked = [(i, q) for i in range(first, len(paragraphs)) for q in paragraphs[i].questions]
    return paragraphs, asked


def build_list(data: Path, embedder: Embedder, path: Path = LIST) -> None:
    """Find the nearest paragraphs of all dev questions and write the list."""
    paragraphs, asked = read_paragraphs(data)
    inputs = [passage_input(p.title or None, p.context, embedder) for p in paragraphs]
    vectors = _as_stored(embed(embedder, inputs, "paragraphs"))
    questions = [check_question(q.text) for _, q in asked]
    queries = _as_stored(embed(embedder, questions, "questions"))
    listed: list[list[Any]] = []
    ranks = []
    for number, (own, _) in enumerate(asked):
        similarities = vectors @ queries[number]
        ranks.append(int(np.count_nonzero(similarities > similarities[own])))
        nearest = np.argsort(-similarities, kind="stable")[:READ]
        if own in nearest:
            thousandths = np.rint(1000 * similarities[nearest]).astype(int)
            listed.append([number, nearest.tolist(), thousandths.tolist()])
    rank = np.array(ranks)
    content = {
        "embedder": embedder.model_id,
        "paragraphs": len(paragraphs),
        "asked": len(asked),
        "recall": {str(k): round(float(np.mean(rank < k)), 4) for k in (1, 5, 10, 20, 100)},
        "mrr": round(float(np.mean(1 / (rank + 1))), 4),
        "sha256": _digest(paragraphs, asked),
        "nearest": listed,
    }
    text = json.dumps(content, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print({name: value for name, value in content.items() if name != "nearest"}, len(listed))


def _as_stored(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Vectors as the catalog keeps them, in half precision, for exact search in single."""
    return vectors.astype(np.float16).astype(np.float32)


def _digest(paragraphs: Iterable[Paragraph], asked: Iterable[tuple[int, Question]]) -> str:
    digest = hashlib.sha256()
    for text in (*(p.context for p in paragraphs), *(q.text for _, q in asked)):
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()


def read_list(data: Path, path: Path = LIST) -> list[Nearest]:
    """The frozen list, with its paragraphs and questions.

    Raises:
        SystemExit: The data isn't what the list was made from.
    """
    content = json.loads(gzip.decompress(path.read_bytes()))
    paragraphs, asked = read_paragraphs(data)
    if content["sha256"] != _digest(paragraphs, asked):
        raise SystemExit(
            f"{path} was made from other paragraphs or questions than those in {data}. Give the "
            "folder it was made from, or make it again: scripts/evaluate.py nearest."
        )
    return [
        Nearest(
            asked[number][1],
            ids.index(asked[number][0]),
            [paragraphs[i] for i in ids],
            [similarity / 1000 for similarity in thousandths],
        )
        for number, ids, thousandths in content["nearest"]
    ]


def read_ten(
    reader: Reader, nearest: Iterable[Nearest], *, sample: int | None = None
) -> Iterator[TenOutcome]:
    """Read the ten passages of each question, ranking answers as the service does."""
    for one in tqdm(take_sample(nearest, sample), "ten passages"):
        contexts = [paragraph.context for paragraph in one.paragraphs]
        windows = reader.read(check_question(one.question.text), contexts, lambda: None)
        golds = [gold.text for gold in one.question.answers]
        found: list[tuple[float, float]] = []
        for of_text, context, similarity in zip(windows, contexts, one.similarities, strict=True):
            reading = decode(of_text, context, n_best=1, max_answer_tokens=MAX_ANSWER_TOKENS)
            if not reading.spans:
                found.append((float("-inf"), 0.0))
                continue
            best = reading.spans[0]
            em = score_v1(context[best.start : best.end], golds).em
            rank = best.score - reading.null_score + SIMILARITY_WEIGHT * similarity
            found.append((rank, em))
        yield TenOutcome(one.question.id, found[one.own][1], max(found, key=lambda f: f[0])[1])
