"""Question files: both formats, and every kind of fault with its place."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from service.errors import QuestionFileError
from service.question_files import read_question_file, read_question_files
from service.questions import GoldAnswer, Paragraph, Question, QuestionFile

CONTEXT = "Anna Berg opened the bridge of Oslo in 1998. \U0001f600 Oslo cheered."


def qa(name: str, question: str = "Where is it?", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "question": question,
        "answers": [{"text": "Oslo", "answer_start": CONTEXT.index("Oslo")}],
        **more,
    }


def row(qas: Sequence[object], context: str = CONTEXT, **more: Any) -> dict[str, Any]:
    return {"source": "made", "title": "Bridges", "context": context, "qas": qas, **more}


GOOD = [row([qa(f"good{i}")], context=f"{CONTEXT} {i}") for i in range(20)]


def write_lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(f"{json.dumps(one)}\n" for one in rows), encoding="utf-8")
    return path


def write_squad(path: Path, paragraphs: Sequence[object], version: str = "v2.0") -> Path:
    articles = [{"title": "Bridges", "paragraphs": paragraphs}]
    path.write_text(json.dumps({"version": version, "data": articles}), encoding="utf-8")
    return path


def faults(file: QuestionFile) -> list[tuple[str, str]]:
    return [(fault.kind, fault.place) for fault in file.faults]


LAST = CONTEXT.rindex("Oslo")
EXPECTED = Paragraph(
    "made",
    "Bridges",
    CONTEXT,
    (
        Question(
            "q1", "Where is it?", (GoldAnswer("Oslo", LAST), GoldAnswer("Oslo cheered", LAST))
        ),
        Question("q2", "Who closed it?", ()),
    ),
)
GIVEN = [
    {
        "id": "q1",
        "question": "Where is it?",
        "answers": [
            {"text": "Oslo", "answer_start": LAST},
            {"text": "Oslo cheered", "answer_start": LAST},
        ],
    },
    {"id": "q2", "question": "Who closed it?", "answers": []},
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("byte_order_mark", [b"", b"\xef\xbb\xbf"])
def test_lines(tmp_path: Path, packed: bool, byte_order_mark: bytes) -> None:
    content = byte_order_mark + json.dumps(row(GIVEN), ensure_ascii=False).encode() + b"\n \n"
    path = tmp_path / "made.jsonl"
    path.write_bytes(gzip.compress(content) if packed else content)
    file = read_question_file(path)
    assert (file.path, file.paragraphs, file.faults) == (path, (EXPECTED,), ())
    assert [question.is_impossible for _, question in file.questions] == [False, True]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("version", ["1.1", "v2.0"])
def test_squad(tmp_path: Path, packed: bool, indent: int | None, version: str) -> None:
    qas = GIVEN
    if version == "v2.0":
        qas = [one | {"is_impossible": not one["answers"]} for one in GIVEN]
        qas[1]["plausible_answers"] = [{"text": "Anna Berg", "answer_start": 0}]
    article = {"title": "Bridges", "paragraphs": [{"qas": qas, "context": CONTEXT}]}
    content = json.dumps({"data": [article], "version": version}, indent=indent).encode()
    path = tmp_path / "made.json"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read_question_file(path).paragraphs == (EXPECTED,)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonl.gz", "a", "a.txt"])
def test_the_content_tells_the_format_and_not_the_name(tmp_path: Path, name: str) -> None:
    lines = read_question_file(write_lines(tmp_path / name, GOOD))
    squad = read_question_file(write_squad(tmp_path / name, GOOD))
    assert [p.questions for p in lines.paragraphs] == [p.questions for p in squad.paragraphs]
    assert (lines.faults, squad.faults) == ((), ())


def test_what_is_not_said_of_source_and_title(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "web.v1.jsonl", [{"context": CONTEXT, "qas": [qa("q")]}])
    [paragraph] = read_question_file(path).paragraphs
    assert (paragraph.source, paragraph.title) == ("web", "")


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_source_is_the_files_name(tmp_path: Path, nothing: str | None) -> None:
    path = write_lines(tmp_path / "web.jsonl", [row([qa("q")], source=nothing, title=nothing)])
    [paragraph] = read_question_file(path).paragraphs
    assert (paragraph.source, paragraph.title) == ("web", "")


def test_paragraphs_without_questions_are_kept(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "f.jsonl", [row([], context="Nothing asked."), *GOOD])
    file = read_question_file(path)
    assert file.paragraphs[0] == Paragraph("made", "Bridges", "Nothing asked.", ())
    assert file.faults == ()


OFFSET = CONTEXT.index("Oslo")
UTF16_OFFSET = len(CONTEXT[:LAST].encode("utf-16-le")) // 2

BAD_QUESTIONS = [
    ("offset_mismatch", qa("b", answers=[{"text": "Oslo", "answer_start": OFFSET + 1}])),
    ("offset_mismatch", qa("b", answers=[{"text": "Oslo", "answer_start": UTF16_OFFSET}])),
    ("offset_mismatch", qa("b", answers=[{"text": "Oslo", "answer_start": 10_000}])),
    ("offset_mismatch", qa("b", answers=[{"text": ".", "answer_start": -1}])),
    ("empty_answer", qa("b", answers=[{"text": "", "answer_start": 3}])),
    ("empty_question", qa("b", question=" \n")),
    ("encoding", qa("b", question="Who \ud83d?")),
    ("contradiction", qa("b", is_impossible=True)),
    ("contradiction", qa("b", answers=[], is_impossible=False)),
    ("duplicate_id", qa("good0")),
    ("malformed", qa("b", answers=None)),
    ("malformed", qa("b", answers=["Oslo"])),
    ("malformed", qa("b", answers=[{"text": "Oslo"}])),
    ("malformed", qa("b", answers=[{"text": 7, "answer_start": 3}])),
    ("malformed", qa("b", answers=[{"text": "Oslo", "answer_start": "31"}])),
    ("malformed", qa("b", question=None)),
]


@pytest.mark.parametrize(("kind", "bad"), BAD_QUESTIONS)
def test_a_bad_question_is_named_and_left_out(
    tmp_path: Path, kind: str, bad: dict[str, Any]
) -> None:
    good = row([qa("good0")])
    rows = [good, *GOOD[1:], row([bad, qa("beside")])]
    lines = read_question_file(write_lines(tmp_path / "f.jsonl", rows))
    squad = read_question_file(write_squad(tmp_path / "f.json", rows))
    assert faults(lines) == [(kind, f"f.jsonl:21, question {bad['id']!r}")]
    assert faults(squad) == [(kind, f"f.json, 'Bridges', paragraph 21, question {bad['id']!r}")]
    assert lines.fault_counts == {kind: 1}
    for file in (lines, squad):
        assert [question.id for _, question in file.questions] == [
            *(f"good{i}" for i in range(20)),
            "beside",
        ]


@pytest.mark.parametrize("bad", [{"question": "Who?", "answers": []}, "Who?", qa("x") | {"id": []}])
def test_a_question_without_an_id_is_named_by_its_number(tmp_path: Path, bad: object) -> None:
    file = read_question_file(write_lines(tmp_path / "f.jsonl", [row([qa("a"), bad, qa("c")])]))
    assert faults(file) == [("malformed", "f.jsonl:1, question 2")]
    assert [question.id for _, question in file.questions] == ["a", "c"]


def test_a_bad_answer_beside_a_good_one_is_left_out_alone(tmp_path: Path) -> None:
    answers = [{"text": "Oslo", "answer_start": OFFSET}, {"text": "Anna", "answer_start": 1}]
    file = read_question_file(write_lines(tmp_path / "f.jsonl", [row([qa("q", answers=answers)])]))
    [(_, question)] = file.questions
    assert question.answers == (GoldAnswer("Oslo", OFFSET),)
    assert [str(fault) for fault in file.faults] == [
        "f.jsonl:1, question 'q': 'nna ' stands at 1, not 'Anna'"
    ]


def test_another_question_of_a_known_id_is_kept_under_its_own(tmp_path: Path) -> None:
    rows = [
        row([qa("0"), qa("0", "When?"), qa("0#2", "Who?")]),
        row([qa("0")], context=CONTEXT + "!"),
    ]
    file = read_question_file(write_lines(tmp_path / "f.jsonl", rows))
    assert [question.id for _, question in file.questions] == ["0", "0#2", "0#2#2", "0#3"]
    assert file.fault_counts == {"reused_id": 3}
    assert faults(file)[0] == ("reused_id", "f.jsonl:1, question '0'")


@pytest.mark.parametrize("times", [1, 2])
def test_of_a_repeated_question_the_sound_one_is_kept_under_its_own_id(
    tmp_path: Path, times: int
) -> None:
    bad = qa("q", answers=[{"text": "Oslo", "answer_start": OFFSET + 1}])
    rows = [*GOOD, *[row([bad])] * times, row([qa("q")]), row([qa("q")])]
    file = read_question_file(write_lines(tmp_path / "f.jsonl", rows))
    kept = [question for _, question in file.questions if question.id.startswith("q")]
    assert kept == [Question("q", "Where is it?", (GoldAnswer("Oslo", OFFSET),))]
    assert [fault.kind for fault in file.faults] == ["offset_mismatch"] * times + ["duplicate_id"]


def test_a_question_of_several_files_counts_once(tmp_path: Path) -> None:
    rows = [row([qa("a"), qa("b")]), row([qa("c", "When?")], context=f"{CONTEXT} 2")]
    lines = write_lines(tmp_path / "lines.jsonl", rows)
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    # Another id, other words or another context make another question.
    other = [row([qa("a"), qa("d"), qa("b", "Who?")]), row([qa("c", "When?")])]
    squad = write_squad(tmp_path / "squad.json", other)
    files = read_question_files([lines, packed, squad])
    assert [[question.id for _, question in file.questions] for file in files] == [
        ["a", "b", "c"],
        [],
        ["d", "b", "c"],
    ]
    assert [file.fault_counts for file in files] == [{}, {"duplicate_id": 3}, {"duplicate_id": 1}]
    assert [str(fault) for fault in files[1].faults] == [
        f"packed.jsonl.gz:1, question 'a': this question has come before, in {lines}",
        f"packed.jsonl.gz:1, question 'b': this question has come before, in {lines}",
        f"packed.jsonl.gz:2, question 'c': this question has come before, in {lines}",
    ]
    assert read_question_files([packed]) == [read_question_file(packed)]


def test_a_question_that_was_left_out_of_a_file_is_read_from_the_next(tmp_path: Path) -> None:
    bad = qa("q", answers=[{"text": "Oslo", "answer_start": OFFSET + 1}])
    first = write_lines(tmp_path / "first.jsonl", [row([bad, qa("other")])])
    second = write_lines(tmp_path / "second.jsonl", [row([qa("q")])])
    files = read_question_files([first, second])
    assert [q.id for file in files for _, q in file.questions] == ["other", "q"]
    assert files[1].faults == ()


BAD_LINES = [
    ("malformed", b"{"),
    ("malformed", b"[1]"),
    ("malformed", b"[" * 100_000),
    ("malformed", b"nonsense"),
    ("malformed", b'{"qas": []}'),
    ("malformed", b'{"context": 7, "qas": []}'),
    ("malformed", b'{"context": "x"}'),
    ("malformed", b'{"context": "x", "qas": {}}'),
    ("malformed", b'{"context": "x", "qas": [], "title": 7}'),
    ("malformed", b'{"context": "x", "qas": [], "title": 0}'),
    ("malformed", b'{"context": "x", "qas": [], "source": 7}'),
    ("malformed", b'{"context": "x", "qas": [], "source": []}'),
    ("malformed", b'{"context": "x", "qas": [], "source": false}'),
    ("encoding", b'{"context": "x", "qas": [], "source": "\\ud83d"}'),
    ("empty_context", json.dumps(row([qa("b")], context=" ")).encode()),
    ("empty_context", json.dumps(row([], context="")).encode()),
    (
        "encoding",
        json.dumps(row([qa("b")]), ensure_ascii=False)
        .replace("Anna", "Ånna")
        .encode("latin-1", "replace"),
    ),
]


@pytest.mark.parametrize(("kind", "bad"), BAD_LINES)
def test_a_bad_line_is_named_and_left_out(tmp_path: Path, kind: str, bad: bytes) -> None:
    path = tmp_path / "f.jsonl"
    good = [json.dumps(one).encode() for one in GOOD]
    path.write_bytes(b"\n".join([*good[:3], bad, *good[3:]]))
    file = read_question_file(path)
    assert faults(file) == [(kind, "f.jsonl:4")]
    assert len(file.paragraphs) == 20


@pytest.mark.parametrize(
    ("kind", "bad", "place"),
    [
        ("malformed", "x", "f.json, article 2"),
        ("malformed", {"title": "T"}, "f.json, article 2"),
        ("malformed", {"title": 7, "paragraphs": []}, "f.json, article 2"),
        ("malformed", {"title": "T", "paragraphs": [7]}, "f.json, 'T', paragraph 1"),
        (
            "empty_context",
            {"title": "T", "paragraphs": [row([qa("b")], context="")]},
            "f.json, 'T', paragraph 1",
        ),
    ],
)
def test_a_bad_article_is_named_and_left_out(
    tmp_path: Path, kind: str, bad: object, place: str
) -> None:
    articles = [
        {"title": "A", "paragraphs": GOOD[:10]},
        bad,
        {"title": "B", "paragraphs": GOOD[10:]},
    ]
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"data": articles}))
    file = read_question_file(path)
    assert faults(file) == [(kind, place)]
    assert len(file.paragraphs) == 20


def noisy(number: int) -> str:
    """A context that hardly gets smaller when it is packed."""
    return f"{CONTEXT} {random.Random(number).getrandbits(8000):x}"


@pytest.mark.parametrize("layout", ["lines", "squad"])
def test_what_precedes_the_cut_of_a_gzip_file_is_kept(tmp_path: Path, layout: str) -> None:
    rows = [row([qa(f"q{i}")], context=noisy(i)) for i in range(200)]
    if layout == "lines":
        content = b"".join(json.dumps(one).encode() + b"\n" for one in rows)
    else:
        articles = [{"title": f"T{i}", "paragraphs": [one]} for i, one in enumerate(rows)]
        content = json.dumps({"data": articles}).encode()
    packed = gzip.compress(content)
    path = tmp_path / "f.gz"
    path.write_bytes(packed[: len(packed) // 2])
    file = read_question_file(path)
    assert 60 < len(file.paragraphs) < 110
    assert [p.context for p in file.paragraphs] == [noisy(i) for i in range(len(file.paragraphs))]
    assert file.fault_counts == {"truncated": 1}
    place = f"f.gz:{len(file.paragraphs) + 1}" if layout == "lines" else "f.gz"
    assert file.faults[0].place == place
    assert str(file.faults[0]).endswith("; copy or download the file again")


def test_a_gzip_file_with_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress("\n".join(map(json.dumps, GOOD)).encode()))
    packed[-8] ^= 1
    path = tmp_path / "f.jsonl.gz"
    path.write_bytes(packed)
    file = read_question_file(path)
    assert len(file.paragraphs) >= 19
    assert file.fault_counts == {"truncated": 1}


def test_what_precedes_the_cut_of_a_plain_file_is_kept(tmp_path: Path) -> None:
    articles = [{"title": f"T{i}", "paragraphs": [one]} for i, one in enumerate(GOOD)]
    content = json.dumps({"data": articles}, indent=1)
    path = tmp_path / "f.json"
    path.write_text(content[: content.index('"T12"')])
    file = read_question_file(path)
    assert len(file.paragraphs) == 12
    [fault] = file.faults
    assert fault.kind == "malformed"
    assert fault.place.startswith("f.json:")


def test_wrong_bytes_in_squad_are_found_where_they_stand(tmp_path: Path) -> None:
    path = write_squad(tmp_path / "f.json", [*GOOD, row([qa("b", "Wh\x00?")])])
    path.write_bytes(path.read_bytes().replace(b"Wh\\u0000?", b"Wh\xff?"))
    file = read_question_file(path)
    assert faults(file) == [("encoding", "f.json, 'Bridges', paragraph 21, question 'b'")]


def test_most_bad_stops_the_reading(tmp_path: Path) -> None:
    bad = [qa(f"b{i}", question="") for i in range(21)]
    path = write_lines(tmp_path / "f.jsonl", [*GOOD, row(bad)])
    with pytest.raises(QuestionFileError) as raised:
        read_question_file(path)
    assert raised.value.message == (
        f"Most of {path} is wrong (21 empty_question; the first: f.jsonl:21, question 'b0': "
        "the question is empty)."
    )
    assert len(read_question_file(write_lines(path, [*GOOD, row(bad[1:])])).faults) == 20


def test_a_large_bad_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_bytes(b'{"context": "x"}\n' * 5000)
    with pytest.raises(QuestionFileError, match="1,000 malformed"):
        read_question_file(path)


@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}",
        b"[]",
        b'{"data": []}',
        b'{"data": [}',
        b"\x89PNG\r\n\x1a\n\x00",
        gzip.compress(b""),
        gzip.compress(b'{"data": []}')[:-12],
        gzip.compress(b"x")[:5],
        json.dumps(GOOD[0]).encode("utf-16"),
        json.dumps(row([])).encode(),
    ],
)
def test_nothing_left_is_an_error(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(QuestionFileError) as raised:
        read_question_file(path)
    assert str(path) in raised.value.message
    assert raised.value.message.endswith(".")


@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
def test_of_a_cut_gzip_file_without_questions_another_copy_is_asked_for(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(json.dumps(row([qa("q")], context=noisy(0))).encode())[:200])
    with pytest.raises(QuestionFileError) as raised:
        read_question_file(path)
    assert raised.value.message == (
        f"{path} holds no question, since the gzip stream is damaged: Compressed file ended before "
        "the end-of-stream marker was reached."
    )
    assert raised.value.remedy == "Copy or download the file again."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("# Notes\n", "f.json:1: it is not JSON: Expecting value, at column 1"),
        (
            '{"version": "1.1",\n "topics": [1 2]}',
            "f.json:2: it is not JSON: Expecting ',' delimiter, at column 15",
        ),
        ('{"data": [\n{"title": 7,}]}', "f.json:2: it is not JSON: "),
        ('{"topics": []}', "f.json:1: there is no list of articles named 'data'"),
    ],
)
def test_what_is_not_json_is_told_from_other_json(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(content)
    with pytest.raises(QuestionFileError) as raised:
        read_question_file(path)
    assert f"(1 malformed; the first: {said}" in raised.value.message


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.json", tmp_path):
        with pytest.raises(QuestionFileError, match="can't be read") as raised:
            read_question_file(path)
        assert str(path) in raised.value.message


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")],
)
def test_a_file_in_another_unicode_form_is_told_by_its_name(
    tmp_path: Path, encoding: str, named: str, packed: bool
) -> None:
    path = tmp_path / "f.json"
    content = json.dumps({"data": [{"paragraphs": []}]}).encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(QuestionFileError) as raised:
        read_question_file(path)
    assert raised.value.message == f"{path} is in {named}."
    assert raised.value.remedy == "Save it in UTF-8."
