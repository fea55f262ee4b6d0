"""Hard passages: the nearest by the embedder that don't answer, whatever was kept before."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import mine_negatives
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner
from fakes import FakeEmbedder
from mine_negatives import find_hard, vectors_of, write_hard

from index.embedder import Embedder
from index.onnx_embedder import OnnxEmbedder
from service.question_files import read_question_file

ROWS = [
    (
        "Oslo",
        "Oslo is the capital of Norway. The city was founded in 1040 by Harald Hardrada.",
        [
            ("When was Oslo founded?", "1040"),
            ("Who founded Oslo?", "Harald Hardrada"),
            ("Of which country is Oslo the capital?", "Norway"),
        ],
    ),
    (
        "Bergen",
        "Bergen was founded in 1070 by Olav Kyrre. It was the capital of Norway until 1299.",
        [("When was Bergen founded?", "1070"), ("Who was mayor of Bergen in 1700?", None)],
    ),
    (
        "Trondheim",
        "Trondheim was founded in 997 by Olav Tryggvason and was the capital of Norway too.",
        [("Which king founded Trondheim?", "Olav Tryggvason")],
    ),
    (
        "Photosynthesis",
        "Plants turn light into chemical energy, which they store in sugars.",
        [("What do plants turn light into?", "chemical energy"), ("Where is it?", "sugars")],
    ),
    (
        "Sugar",
        "SUGARS are sweet carbohydrates; table sugar comes from cane and from beet.",
        [("What does table sugar come from?", "cane")],
    ),
    ("Silence", "A paragraph about the founding of cities, of which nothing is asked.", []),
]


def write_questions(path: Path, count: int = len(ROWS), *, bad: bool = False) -> Path:
    """A question file of the first rows, perhaps with an empty context behind them."""
    lines = []
    for title, context, asked in ROWS[:count]:
        qas = [
            {
                "id": f"{title}{number}",
                "question": question,
                "answers": []
                if answer is None
                else [{"text": answer, "answer_start": context.index(answer)}],
            }
            for number, (question, answer) in enumerate(asked)
        ]
        lines.append({"source": "towns", "title": title, "context": context, "qas": qas})
    if bad:
        lines.append({"title": "", "context": " ", "qas": []})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def rounded(embedder: Embedder, text: str) -> npt.NDArray[np.float64]:
    return embedder.embed([text])[0].astype(np.float16).astype(np.float64)


def by_brute_force(
    embedder: Embedder, count: int, *, passages: int, depth: int
) -> dict[str, list[str]]:
    """Each question compared with each context, one by one."""
    contexts = [rounded(embedder, f"{title}\n{context}") for title, context, _ in ROWS[:count]]
    expected = {}
    for title, own, asked in ROWS[:count]:
        for number, (question, answer) in enumerate(asked):
            query = rounded(embedder, question)
            near = sorted(range(count), key=lambda i: -float(query @ contexts[i]))
            texts = [ROWS[i][1] for i in near[:depth]]
            hard = [
                text
                for text in texts
                if answer is not None and text != own and answer.lower() not in text.lower()
            ]
            if hard:
                expected[f"towns/{title}{number}"] = hard[:passages]
    return expected


class Noting(FakeEmbedder):
    """Remembers what it was given; its vectors can be turned, as those of another model are."""

    def __init__(self, model_id: str = "noting@1", turn: int = 0) -> None:
        self.model_id = model_id
        self.seen: list[str] = []
        self.turn = turn

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.seen += texts
        return np.roll(super().embed(texts), self.turn, axis=1)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return OnnxEmbedder()


@pytest.mark.parametrize(("passages", "depth"), [(2, 4), (4, 6), (1, 2), (4, 1), (9, 20)])
def test_hard_passages_are_those_of_brute_force(
    tmp_path: Path, embedder: Embedder, passages: int, depth: int
) -> None:
    read = read_question_file(write_questions(tmp_path / "towns.jsonl"))
    found = {
        line["id"]: line["passages"]
        for line in find_hard(read, embedder, passages=passages, depth=depth, vectors=None)
    }
    assert found == by_brute_force(embedder, len(ROWS), passages=passages, depth=depth)
    if depth >= 4:
        assert set(found) >= {"towns/Oslo0", "towns/Oslo1", "towns/Trondheim0"}
        assert ROWS[4][1] not in found.get("towns/Photosynthesis1", [])
    assert "towns/Bergen1" not in found


def test_the_command_writes_what_is_found_and_names_faults(
    tmp_path: Path, embedder: Embedder
) -> None:
    path = write_questions(tmp_path / "towns.jsonl", bad=True)
    output = tmp_path / "made" / "hard.jsonl.gz"
    done = CliRunner().invoke(
        mine_negatives.main, [str(output), str(path), "--passages", "2", "--depth", "4"]
    )
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in gzip.decompress(output.read_bytes()).splitlines()]
    expected = by_brute_force(embedder, len(ROWS), passages=2, depth=4)
    assert {line["id"]: line["passages"] for line in lines} == expected
    assert f"{len(expected)} questions with hard passages" in done.stdout
    assert "1 empty_context" in done.stderr
    assert "towns.jsonl:7: the context is empty" in done.stderr
    assert list(output.parent.iterdir()) == [output]


def test_fewer_contexts_than_the_depth_are_all_looked_at(tmp_path: Path) -> None:
    read = read_question_file(write_questions(tmp_path / "towns.jsonl", 2))
    lines = list(find_hard(read, FakeEmbedder(), passages=4, depth=20, vectors=None))
    assert {line["id"]: line["passages"] for line in lines} == {
        "towns/Oslo0": [ROWS[1][1]],
        "towns/Oslo1": [ROWS[1][1]],
        "towns/Bergen0": [ROWS[0][1]],
    }


def test_nothing_is_left_of_an_output_that_failed(tmp_path: Path) -> None:
    class Failing(FakeEmbedder):
        def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            if any("Bergen" in text for text in texts):
                raise RuntimeError("out of memory")
            return super().embed(texts)

    files = [
        read_question_file(write_questions(tmp_path / f"{count}.jsonl", count)) for count in (1, 2)
    ]
    output = tmp_path / "made" / "hard.jsonl.gz"
    with pytest.raises(RuntimeError, match="out of memory"):
        write_hard(output, files, Failing(), passages=4, depth=20, vectors=None)
    assert list(output.parent.iterdir()) == []


def test_vectors_are_the_same_whether_they_were_kept_or_not(tmp_path: Path) -> None:
    path = write_questions(tmp_path / "towns.jsonl")
    contexts, questions = [context for _, context, _ in ROWS], ["When was Oslo founded?"]
    embedder = Noting()
    exact = FakeEmbedder().embed([*contexts, *questions])
    first, second, unkept = (
        np.concatenate(vectors_of(path, kept, embedder, contexts, questions))
        for kept in (tmp_path / "kept", tmp_path / "kept", None)
    )
    assert first.dtype == second.dtype == unkept.dtype == np.float32
    assert np.array_equal(first, second)
    assert np.array_equal(first, unkept)
    assert np.array_equal(first, exact.astype(np.float16).astype(np.float32))
    assert not np.array_equal(first, exact)
    assert embedder.seen == [*contexts, *questions] * 2


def test_kept_vectors_are_those_of_this_content_and_this_embedder(tmp_path: Path) -> None:
    kept, texts = tmp_path / "kept", ["Oslo lies by a fjord."]
    path = tmp_path / "towns.jsonl"

    def take(content: str, embedder: Noting, context: str) -> list[float]:
        path.write_text(content)
        there, _ = vectors_of(path, kept, embedder, [context], texts)
        embedder_own = Noting(embedder.model_id, embedder.turn).embed([context])
        assert there.tolist() == embedder_own.astype(np.float16).astype(np.float32).tolist()
        return there[0].tolist()

    one, other = Noting("one@1"), Noting("other@1", turn=1)
    bergen = take("bergen", one, "Bergen lies by a fjord.")
    narvik = take("narvik", one, "Narvik lies by a fjord.")
    turned = take("bergen", other, "Bergen lies by a fjord.")
    assert len(one.seen) == 4
    assert len(other.seen) == 2
    assert turned == [bergen[-1], *bergen[:-1]]
    assert len({tuple(vector) for vector in (bergen, narvik, turned)}) == 3
    # Of the same name in another folder: found again by what it holds.
    path = tmp_path / "moved" / "towns.jsonl"
    path.parent.mkdir()
    assert take("bergen", one, "Bergen lies by a fjord.") == bergen
    assert len(one.seen) == 4
    assert len(list(kept.iterdir())) == 3
