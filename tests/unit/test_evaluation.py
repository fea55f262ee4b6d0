"""Evaluation in the given paragraph and open-domain, with models anyone can work out."""

from __future__ import annotations

import gzip
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import official_squad as official
import pytest
import ten_passages
from fakes import FakeEmbedder, FakeReader, tokens
from shelf import PLAIN

from index.catalog import Catalog
from index.collection import Collection
from index.ingest import Ingester
from service.commands.evaluating import print_report
from service.errors import QuestionTooLong
from service.evaluation import (
    Report,
    f1_at_best_threshold,
    read_own_paragraphs,
    report_given,
    take_sample,
)
from service.metrics import Figure
from service.open_domain import ask_everything, put_on_shelf, report_open
from service.questions import GoldAnswer, Paragraph, Question
from service.types import Span, WindowLogits

TEXT = "Anna Berg met Jonas Vik in Oslo. Later Anna Berg moved to Bergen."


@dataclass(frozen=True)
class Scripted:
    """What a reader is to find: words at a place, their logits' sum, and the null logits'."""

    words: str
    score: float
    null: float
    nth: int = 0


class ScriptedReader:
    """Finds what it is told to for each question, in texts that hold it."""

    model_id = "scripted-reader@1"

    def __init__(self, script: Mapping[str, Scripted]) -> None:
        self._script = script

    def read(
        self, question: str, texts: Sequence[str], check: Callable[[], None]
    ) -> list[list[WindowLogits]]:
        check()
        if question not in self._script:
            raise QuestionTooLong("The question has 999 tokens.", "Ask it in fewer words.")
        return [[self._window(self._script[question], text)] for text in texts]

    def _window(self, scripted: Scripted, text: str) -> WindowLogits:
        places = np.array(tokens(text), dtype=np.int64)
        start, end = np.full((2, len(places)), -50, dtype=np.float32)
        begins = [found.start() for found in re.finditer(re.escape(scripted.words), text)]
        for begin in begins[scripted.nth : scripted.nth + 1]:
            start[places[:, 0] == begin] = scripted.score / 2
            end[places[:, 1] == begin + len(scripted.words)] = scripted.score / 2
        return WindowLogits(start, end, places, null=scripted.null)


def question(name: str, *golds: str, start: int | None = None) -> Question:
    places = [TEXT.index(gold) if start is None else start for gold in golds]
    answers = tuple(GoldAnswer(gold, at) for gold, at in zip(golds, places, strict=True))
    return Question(name, f" {name}? ", answers)


SCRIPT = {
    "right?": Scripted("Jonas Vik", 8.0, 1.0),
    "partly?": Scripted("Vik in Oslo", 3.0, 2.5),
    "wrong?": Scripted("Bergen", 1.0, 2.0),
    "elsewhere?": Scripted("Anna Berg", 6.0, 0.0, nth=1),
    "unanswerable, sure?": Scripted("Oslo", 0.0, 9.0),
    "unanswerable, unsure?": Scripted("Oslo", 4.0, 3.0),
    "unanswerable, as right?": Scripted("Oslo", 8.0, 1.0),
}
ANSWERABLE = [
    question("right", "Jonas Vik", "Jonas"),
    question("partly", "Jonas Vik"),
    question("wrong", "Oslo"),
    question("elsewhere", "Anna Berg"),
]
UNANSWERABLE = [question("unanswerable, sure"), question("unanswerable, unsure")]


def ask(*questions: Question, every_place: bool = False) -> list:
    paragraph = Paragraph("made", "", TEXT, questions)
    asked = [(paragraph, one) for one in questions]
    return list(read_own_paragraphs(ScriptedReader(SCRIPT), asked, every_place=every_place))


def test_outcomes_of_answerable_questions() -> None:
    right, partly, wrong, elsewhere = ask(*ANSWERABLE)
    start = TEXT.index("Jonas")
    assert (right.answer, right.span) == ("Jonas Vik", Span(start, start + 9, 8.0))
    assert (right.null_score, right.score, right.at_place) == (-7.0, (1, 1), 1)
    # Vik in Oslo | Jonas Vik: one word of three and of two.
    assert (partly.score, partly.at_place) == ((0, pytest.approx(2 / 5)), 0)
    assert (wrong.score, wrong.null_score, wrong.at_place) == ((0, 0), 1.0, 0)
    # The right words at the wrong place; they stand twice.
    assert (elsewhere.score, elsewhere.at_place) == ((1, 1), None)


def test_every_place_counts_where_people_chose_it() -> None:
    second = TEXT.rindex("Anna Berg")
    at_first, at_second = (
        ask(question("elsewhere", "Anna Berg", start=start), every_place=True)[0].at_place
        for start in (0, second)
    )
    assert (at_first, at_second) == (0, 1)


def test_answerable_questions_alone_are_scored_with_null_not_allowed() -> None:
    report = report_given(ask(*ANSWERABLE))
    assert {name: (f.value, f.n) for name, f in report.figures.items()} == {
        "EM, null not allowed": (0.5, 4),
        "F1, null not allowed": (pytest.approx(2.4 / 4), 4),
        "offset-EM": (pytest.approx(1 / 3), 3),
    }
    assert (report.numbers, report.unasked) == ({}, 0)
    assert all(f.low <= f.value <= f.high for f in report.figures.values())


def test_unanswerable_questions_bring_the_official_best_threshold() -> None:
    outcomes = ask(*ANSWERABLE, *UNANSWERABLE)
    report = report_given(outcomes)
    golds = {q.id: [a.text for a in q.answers] for q in (*ANSWERABLE, *UNANSWERABLE)}
    preds = {o.question_id: o.answer for o in outcomes}
    null = {o.question_id: o.null_score for o in outcomes}
    has = {name: bool(answers) for name, answers in golds.items()}
    for measure, scores in zip(("EM", "F1"), official.get_raw_scores(golds, preds), strict=True):
        best, threshold = official.find_best_thresh(preds, scores, null, has)
        assert 100 * report.figures[f"{measure}, best threshold"].value == pytest.approx(best)
        assert report.numbers[f"threshold of {measure}, null - span"] == threshold
        applied = official.apply_no_ans_threshold(scores, null, has, threshold)
        if measure == "F1":
            assert f1_at_best_threshold(outcomes).tolist() == list(applied.values())
            of = {
                "HasAns F1": [applied[name] for name in golds if has[name]],
                "NoAns": [applied[name] for name in golds if not has[name]],
            }
            for name, values in of.items():
                figure = report.figures[f"{name}, F1's threshold"]
                assert (figure.value, figure.n) == (pytest.approx(np.mean(values)), len(values))
    assert report.figures["EM, null not allowed"].n == 4
    # Of the eight pairs, the sure one loses to all four; the unsure one to two.
    assert report.numbers["AUROC, answerable or not"] == 6 / 8


@pytest.mark.parametrize(("answerable_first", "best"), [(True, 1.0), (False, 0.5)])
def test_with_equal_null_scores_figures_are_the_official_ones(
    answerable_first: bool, best: float
) -> None:
    asked = [ANSWERABLE[0], question("unanswerable, as right")]
    outcomes = ask(*(asked if answerable_first else reversed(asked)))
    assert {o.null_score for o in outcomes} == {-7.0}
    report = report_given(outcomes)
    golds = {q.id: [a.text for a in q.answers] for q in asked}
    preds = {o.question_id: o.answer for o in outcomes}
    null = {o.question_id: o.null_score for o in outcomes}
    has = {name: bool(answers) for name, answers in golds.items()}
    for measure, scores in zip(("EM", "F1"), official.get_raw_scores(golds, preds), strict=True):
        expected, _ = official.find_best_thresh(preds, scores, null, has)
        assert expected == 100 * best
        figure = report.figures[f"{measure}, best threshold"]
        assert (figure.value, figure.n) == (best, 2)
        assert figure.low <= figure.value <= figure.high


def test_unanswerable_questions_alone_are_all_refused() -> None:
    report = report_given(ask(*UNANSWERABLE))
    assert {f.value for f in report.figures.values()} == {1.0}
    assert math.isnan(report.numbers["AUROC, answerable or not"])


def test_a_question_that_cannot_be_asked_counts_as_not_answered() -> None:
    too_long = question("of 999 tokens", "Oslo")
    endless = Question("endless", "x" * 1001, too_long.answers)
    outcomes = ask(ANSWERABLE[0], too_long, endless)
    assert [o.span is None for o in outcomes] == [False, True, True]
    assert [o.at_place for o in outcomes] == [1, 0, 0]
    report = report_given(outcomes)
    assert (report.unasked, report.unread) == (2, 0)
    assert report.figures["F1, null not allowed"].value == pytest.approx(1 / 3)


def test_a_context_without_tokens_is_told_from_a_question_that_cannot_be_asked() -> None:
    asked = Question("how many", "How many?", (GoldAnswer(" ", 0),))
    endless = Question("endless", "x" * 1001, asked.answers)
    blank = Paragraph("made", "", " \n ", (asked, endless))
    outcomes = list(read_own_paragraphs(FakeReader(), [(blank, asked), (blank, endless)]))
    assert [(o.span, o.asked) for o in outcomes] == [(None, True), (None, False)]
    report = report_given(outcomes)
    assert (report.unasked, report.unread) == (1, 1)


def test_figures_are_printed_in_percent_and_mrr_and_auroc_from_0_to_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = {"F1": Figure(0.5, 0.25, 1.0, 1200), "MRR@20": Figure(0.625, 0.5, 0.75, 8)}
    print_report(Report(figures, {"threshold": -4.25, "AUROC": 0.875}))
    assert [line.split() for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["F1", "50.0", "25.0", "to", "100.0", "1,200"],
        ["MRR@20", "0.625", "0.500", "to", "0.750", "8"],
        ["threshold", "-4.250"],
        ["AUROC", "0.875"],
    ]


def test_what_there_is_no_figure_for_is_printed_as_a_dash(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_report(report_given(ask(UNANSWERABLE[0])))
    printed = capsys.readouterr().out.splitlines()
    # One question has no interval.
    assert [line.split() for line in printed if "best" in line] == [
        ["EM,", "best", "threshold", "100.0", "1"],
        ["F1,", "best", "threshold", "100.0", "1"],
    ]
    assert [line.split()[-1] for line in printed[-3:]] == ["—", "—", "—"]
    assert not {"nan", "inf", "-inf"} & set(" ".join(printed).split())


def test_sample_is_fixed_and_in_order() -> None:
    drawn = take_sample(range(1000), 50)
    assert drawn == sorted(set(drawn)) == take_sample(range(1000), 50)
    assert len(drawn) == 50
    assert drawn != list(range(50))
    assert take_sample("abc", 3) == take_sample("abc", None) == ["a", "b", "c"]


PLACES = ["Oslo", "Bergen", "Narvik", "Tromso"]
PARAGRAPHS = [
    Paragraph(
        "made",
        f"The bridge of {place}",
        f"{number} people built the bridge of {place}, which Karin {place}son opened on Monday.",
        (
            Question(
                f"{place} number",
                f"How many people built the bridge of {place}?",
                (GoldAnswer(str(number), 0),),
            ),
            Question(f"{place} colour", f"Which colour has the bridge of {place}?", ()),
        ),
    )
    for place, number in zip(PLACES, (120, 340, 560, 780), strict=True)
]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite", create=True)
    yield opened
    opened.close()


def test_open_domain(catalog: Catalog) -> None:
    embedder = FakeEmbedder()
    empty = Paragraph("made", "", "\u200b", (Question("lost", "How many?", (GoldAnswer("0", 0),)),))
    shelf = put_on_shelf(Ingester(catalog, embedder), [*PARAGRAPHS, empty, PARAGRAPHS[0]])
    assert [shelf.document_id(p) for p in PARAGRAPHS] == [f"{i:06d}.txt" for i in range(1, 5)]
    assert shelf.document_id(empty) is None
    assert ["holds no text" in message for message in shelf.failed] == [True]
    collection = Collection(catalog, embedder)
    asked = [(p, q) for p in [*PARAGRAPHS, empty] for q in p.questions]
    outcomes = list(ask_everything(collection, FakeReader(), PLAIN, shelf, asked, max_passages=4))
    numbers = [o for o in outcomes if o.answerable][:4]
    for outcome, paragraph in zip(numbers, PARAGRAPHS, strict=True):
        hits = collection.search(paragraph.questions[0].text, 4).hits
        ranked = [hit.document_id for hit in hits]
        assert outcome.rank == ranked.index(shelf.document_id(paragraph))
    assert [o.score for o in numbers] == [(1, 1)] * 4
    lost = outcomes[-1]
    assert (lost.rank, lost.score.em) == (None, 0)
    refusing = max(o.confidence for o in outcomes if not o.answerable)
    assert refusing < min(o.confidence for o in numbers)
    report = report_open(outcomes, min_confidence=refusing + 1e-9, passages=4)
    figures = {name: figure.value for name, figure in report.figures.items()}
    ranks = [o.rank for o in numbers]
    assert figures["recall@1"] == ranks.count(0) / 5
    assert figures["recall@4"] == 4 / 5
    assert figures["MRR@4"] == pytest.approx(sum(1 / (rank + 1) for rank in ranks) / 5)
    assert figures["EM"] == figures["F1"] == figures["F1, never refusing"] == 4 / 5
    assert figures["refused, of the unanswerable"] == 1
    assert set(figures) >= {"recall@1", "recall@4"}
    assert not {"recall@5", "recall@10"} & set(figures)
    assert report.numbers["least confidence"] == refusing + 1e-9
    all_refused = report_open(outcomes, min_confidence=1.1, passages=4).figures
    assert (all_refused["EM"].value, all_refused["EM, never refusing"].value) == (0, 4 / 5)


def test_open_domain_of_a_question_that_cannot_be_asked(catalog: Catalog) -> None:
    embedder = FakeEmbedder()
    shelf = put_on_shelf(Ingester(catalog, embedder), PARAGRAPHS)
    endless = Question("endless", "How " * 400, (GoldAnswer("120", 0),))
    asked = [(PARAGRAPHS[0], endless), (PARAGRAPHS[0], PARAGRAPHS[0].questions[0])]
    collection = Collection(catalog, embedder)
    outcomes = list(ask_everything(collection, FakeReader(), PLAIN, shelf, asked))
    assert (outcomes[0].rank, outcomes[0].confidence) == (None, 0.0)
    assert report_open(outcomes, min_confidence=0.0, passages=20).unasked == 1


def test_open_domain_of_a_collection_with_nothing_to_read(catalog: Catalog) -> None:
    asked = [(PARAGRAPHS[0], PARAGRAPHS[0].questions[0])]
    collection = Collection(catalog, FakeEmbedder())
    shelf = put_on_shelf(Ingester(catalog, FakeEmbedder()), [])
    report = report_open(
        list(ask_everything(collection, FakeReader(), PLAIN, shelf, asked)),
        min_confidence=0.0,
        passages=20,
    )
    assert (report.unasked, report.unread) == (0, 1)
    assert report.figures["MRR@20"].value == 0


def test_open_domain_compares_texts_as_they_are_stored(catalog: Catalog) -> None:
    context = "The cafe\u0301 of Zoe\u0308 Mu\u0308ller\r\nopened in Orle\u0301ans long ago."
    gold = "Zoe\u0308 Mu\u0308ller\r\nopened"
    asked = Question("whose", "Who opened a place?", (GoldAnswer(gold, context.index(gold)),))
    decomposed = Paragraph("made", "Cafe\u0301", context, (asked,))
    composed = Paragraph(
        "made", "Caf\u00e9", unicodedata.normalize("NFC", context).replace("\r\n", "\n"), ()
    )
    embedder = FakeEmbedder()
    shelf = put_on_shelf(Ingester(catalog, embedder), [decomposed, composed])
    assert shelf.document_id(decomposed) == shelf.document_id(composed) == "000001.txt"
    assert len(shelf.documents) == 1
    script = {asked.text: Scripted("Zo\u00eb M\u00fcller\nopened", 8.0, 1.0)}
    (outcome,) = ask_everything(
        Collection(catalog, embedder), ScriptedReader(script), PLAIN, shelf, [(decomposed, asked)]
    )
    assert (outcome.rank, outcome.score) == (0, (1, 1))


def test_reading_the_ten_passages_files_names_their_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = {
        "title": "Oslo",
        "context": TEXT,
        "qas": [{"id": "a", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}]}],
    }
    for name in ("train/squad_v1_train", "calibration/squad_v1_train", "dev/squad_dev_v1"):
        rows = [sound, {**sound, "context": " "}] if name.startswith("dev") else [sound]
        path = tmp_path / f"{name}.jsonl.gz"
        path.parent.mkdir()
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    paragraphs, asked = ten_passages.read_paragraphs(tmp_path)
    assert [paragraph.context for paragraph in paragraphs] == [TEXT] * 3
    assert [(number, question.id) for number, question in asked] == [(2, "a")]
    said = capsys.readouterr().err
    assert "squad_dev_v1.jsonl.gz: 1 empty_context" in said
    assert "squad_dev_v1.jsonl.gz:2: the context is empty" in said
    assert "train" not in said.replace(str(tmp_path), "")
