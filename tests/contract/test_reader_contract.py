"""Every reader, fake or real, finds the same answers at the same places."""

import hashlib
import re
import shutil
import subprocess
import sys
from itertools import chain, pairwise

import numpy as np
import pytest
from fakes import FakeReader
from reader_forms import SHIPPED
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from index.errors import CorruptModel, ModelNotFound
from service.errors import QuestionTooLong, RequestCancelled
from service.onnx_reader import OnnxReader
from service.reader import check_files
from service.settings import Settings
from service.spans import decode
from service.torch_reader import TransformersReader
from service.wiring import load_reader

KINDS = {"onnx": OnnxReader, "torch": TransformersReader}
WEIGHTS = {"onnx": "model.onnx", "torch": "model.safetensors"}
SHIPPED_WEIGHTS = next(p for p in SHIPPED.iterdir() if p.name in WEIGHTS.values())

DISPLACED = "The fighting has displaced 146,000 Libyans since April, the report says."
LETTER = "on a cold evening, Keller wrote the letter. it was sent the next day."
MIXED = "Naïve café — “quoted” €5.5; a.b@c.org, 東京, Москва"
RAIN = "the rain fell all day and nothing was written."
LONG_ROAD = "the road to the coast was closed because of the snow, and nobody came. " * 30
ISLAND = (
    "in spring, 250 sheep were sold at the market in the town beyond the hills and the lake. "
    "About 300 people live on the island all year."
)


def go_on():
    """A check that finds nothing wrong."""


@pytest.fixture(scope="session")
def onnx(onnx_folder):
    return OnnxReader(str(onnx_folder))


@pytest.fixture(scope="session")
def torch(torch_folder):
    return TransformersReader(str(torch_folder))


@pytest.fixture(params=["onnx", "torch"])
def real(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["fake", "onnx", "torch"])
def reader(request):
    return FakeReader() if request.param == "fake" else request.getfixturevalue(request.param)


def readings(reader, question, texts):
    return [
        decode(windows, text, n_best=5, max_answer_tokens=30)
        for windows, text in zip(reader.read(question, texts, go_on), texts, strict=True)
    ]


def best(reader, question, text):
    """The best span's offsets and its margin over the null score."""
    (reading,) = readings(reader, question, [text])
    return (*place(reading.spans[0]), reading.spans[0].score - reading.null_score)


def place(span):
    return span.start, span.end


def offsets_of(windows):
    return [[tuple(pair) for pair in window.offsets.tolist()] for window in windows]


@pytest.mark.parametrize(
    ("question", "text", "answer"),
    [
        ("How many Libyans were displaced?", DISPLACED, "146,000"),
        ("How many people live on the island?", ISLAND, "300"),
        ("Who wrote the letter?", LETTER, "Keller"),
        ("Who wrote the letter?", f"\n  {RAIN}\n\n{LETTER}\n", "Keller"),
        ("Who wrote the letter?", f"caf\u00e9 \u6771\u4eac \U0001f600 \u2026 {LETTER}", "Keller"),
    ],
)
def test_the_answer_is_found_where_it_stands(reader, question, text, answer):
    start, end, margin = best(reader, question, text)
    assert (text[start:end], start) == (answer, text.index(answer))
    assert margin > 0


@pytest.mark.parametrize("question", ["How many ships arrived?", "Who wrote the letter?"])
def test_a_text_without_the_answer_has_a_higher_null_score(reader, question):
    *_, margin = best(reader, question, RAIN)
    assert margin < 0


@pytest.mark.parametrize("text", ["", " ", " \n\t "])
def test_where_there_is_nothing_to_read_there_is_no_span(reader, text):
    empty, letter = readings(reader, "Who wrote the letter?", [text, LETTER])
    assert (list(empty.spans), empty.null_score) == ([], float("inf"))
    assert LETTER[slice(*place(letter.spans[0]))] == "Keller"


def test_no_texts_are_no_readings(reader):
    assert reader.read("Who wrote the letter?", [], go_on) == []


@pytest.mark.parametrize(
    "text",
    [
        DISPLACED,
        MIXED,
        f"{LONG_ROAD}{LETTER}",
    ],
)
def test_every_character_is_in_a_token_of_some_window(reader, text):
    (windows,) = reader.read("Who wrote the letter?", [text], go_on)
    held = {
        at for window in offsets_of(windows) for start, end in window for at in range(start, end)
    }
    assert held == {at for at, character in enumerate(text) if not character.isspace()}


def test_tokens_are_in_order_and_neighbouring_windows_share_some(reader):
    (windows,) = reader.read("Who wrote the letter?", [LONG_ROAD + LETTER], go_on)
    offsets = offsets_of(windows)
    assert len(offsets) > 1
    for window in offsets:
        assert all(start < end for start, end in window)
        assert all(one[1] <= following[0] for one, following in pairwise(window))
    for one, following in pairwise(offsets):
        assert one[0] < following[0] <= one[-1] < following[-1]


def test_logits_are_one_for_each_token(reader):
    for window in reader.read("Who wrote the letter?", [LONG_ROAD + LETTER], go_on)[0]:
        assert window.start.shape == window.end.shape == (len(window.offsets),)
        assert (window.start.dtype, window.end.dtype) == ("float32", "float32")
        assert window.offsets.dtype == "int64"


def test_an_answer_far_into_a_long_text_has_the_offsets_of_that_text(reader):
    text = f"{LONG_ROAD}{LETTER} {LONG_ROAD}"
    start, end, margin = best(reader, "Who wrote the letter?", text)
    assert (start, text[start:end]) == (text.index("Keller"), "Keller")
    assert margin > 0


def test_of_a_repeated_string_the_occurrence_that_answers_is_found(reader):
    text = f"at the fair Keller sang. {LONG_ROAD}{LETTER}"
    start, end, _ = best(reader, "Who wrote the letter?", text)
    assert (start, text[start:end]) == (text.rindex("Keller"), "Keller")


def test_of_a_repeated_number_the_occurrence_that_answers_is_found(reader):
    text = f"they sold 300 sheep in the spring. {LONG_ROAD}Now 300 people live on the island."
    start, end, _ = best(reader, "How many people live on the island?", text)
    assert (start, text[start:end]) == (text.rindex("300"), "300")


def test_the_order_of_the_texts_changes_nothing(reader):
    texts = [LETTER, LONG_ROAD + LETTER, "", RAIN, DISPLACED]
    forwards = readings(reader, "Who wrote the letter?", texts)
    backwards = readings(reader, "Who wrote the letter?", texts[::-1])[::-1]
    assert list(map(summary, forwards)) == list(map(summary, backwards))
    assert scores(forwards) == pytest.approx(scores(backwards), abs=1e-3)


def test_what_else_is_read_changes_nothing(reader):
    among = [RAIN, LETTER, LONG_ROAD, DISPLACED, ISLAND, RAIN, LETTER, RAIN, RAIN]
    (alone,) = readings(reader, "Who wrote the letter?", [LETTER])
    for together in (readings(reader, "Who wrote the letter?", among)[i] for i in (1, 6)):
        assert summary(together) == summary(alone)
        assert scores([together]) == pytest.approx(scores([alone]), abs=1e-3)


def summary(reading):
    """Where the best span is: those of no use as answers may be as good as each other."""
    return [place(span) for span in reading.spans[:1]]


def scores(found):
    return [
        n for reading in found for n in (reading.null_score, *(s.score for s in reading.spans[:1]))
    ]


def test_the_check_is_called_and_what_it_raises_stops_the_reading(reader):
    calls = []

    def refuse_second_call():
        calls.append(None)
        if len(calls) > 1:
            raise RequestCancelled("The request was cancelled.", "Ask again.")

    with pytest.raises(RequestCancelled):
        reader.read("Who wrote the letter?", [LETTER] * 40, refuse_second_call)
    assert len(calls) == 2


def test_offsets_are_those_of_the_tokenizer(real):
    text = f"{DISPLACED} {LETTER} \u00c9lys\u00e9e, na\u00efve \u6771\u4eac. {LONG_ROAD}"
    tokenizer = Tokenizer.from_file(str(SHIPPED / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    expected = tokenizer.encode(text, add_special_tokens=False).offsets
    (windows,) = real.read("Who wrote the letter?", [text], go_on)
    assert sorted({pair for window in offsets_of(windows) for pair in window}) == expected


def test_a_question_that_leaves_no_room_for_the_text_is_refused(real):
    with pytest.raises(QuestionTooLong, match=r"129 tokens; the reader takes 128"):
        real.read("who " * 129, [LETTER], go_on)
    with pytest.raises(QuestionTooLong):
        real.read("who " * 129, [], go_on)


def test_the_longest_question_is_read_over_a_long_text(real):
    question = "please " * 124 + "who wrote it"
    (windows,) = real.read(question + "?", [LONG_ROAD + LETTER], go_on)
    assert offsets_of(windows)[-1][-1] == (len(LONG_ROAD + LETTER) - 1, len(LONG_ROAD + LETTER))


def test_onnx_and_torch_read_alike(onnx, torch):
    texts = [LETTER, LONG_ROAD + LETTER, "", DISPLACED, MIXED, RAIN, ISLAND]
    for question in ("Who wrote the letter?", "How many people live on the island?"):
        ours, theirs = (reader.read(question, texts, go_on) for reader in (onnx, torch))
        assert [len(windows) for windows in ours] == [len(windows) for windows in theirs]
        for one, other in zip(chain(*ours), chain(*theirs), strict=True):
            assert one.offsets.tolist() == other.offsets.tolist()
            assert one.start == pytest.approx(other.start, abs=1e-4)
            assert one.end == pytest.approx(other.end, abs=1e-4)
            assert one.null == pytest.approx(other.null, abs=2e-4)
        places = [
            [
                [place(span) for span in reading.spans]
                for reading in readings(reader, question, texts)
            ]
            for reader in (onnx, torch)
        ]
        assert places[0] == places[1]


def test_logits_of_the_onnx_reader_depend_on_no_other_text(onnx):
    texts = [RAIN, LETTER, LONG_ROAD, DISPLACED, ISLAND, MIXED]
    together = onnx.read("Who wrote the letter?", texts, go_on)
    for text, windows in zip(texts, together, strict=True):
        [alone] = onnx.read("Who wrote the letter?", [text], go_on)
        for one, other in zip(alone, windows, strict=True):
            assert np.array_equal(one.start, other.start)
            assert np.array_equal(one.end, other.end)
            assert one.null == other.null


def test_windows_are_those_of_transformers(real):
    text = f"{MIXED} {LONG_ROAD} {DISPLACED}"
    tokenizer = AutoTokenizer.from_pretrained(str(SHIPPED), local_files_only=True)
    expected = tokenizer(
        ["Who wrote the letter?"],
        [text],
        truncation="only_second",
        max_length=384,
        stride=128,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    [windows] = real.read("Who wrote the letter?", [text], go_on)
    assert offsets_of(windows) == [
        [pair for pair, part in zip(offsets, expected.sequence_ids(row), strict=True) if part == 1]
        for row, offsets in enumerate(expected["offset_mapping"])
    ]


def test_the_model_id_ends_with_the_digest_of_the_weights():
    digest = hashlib.sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()
    assert load_reader(Settings()).model_id == f"pincite-reader@{digest[:12]}"


@pytest.mark.parametrize("form", KINDS)
def test_a_folder_is_read_by_what_its_weights_need(form, onnx_folder, torch_folder):
    folder = {"onnx": onnx_folder, "torch": torch_folder}[form]
    reader = load_reader(Settings(reader=str(folder), threads=1))
    digest = hashlib.sha256((folder / WEIGHTS[form]).read_bytes()).hexdigest()
    assert type(reader) is KINDS[form]
    assert reader.model_id == f"{folder.name}@{digest[:12]}"


def test_a_folder_without_weights_is_told_of_both_forms(copied):
    (copied / SHIPPED_WEIGHTS.name).unlink()
    with pytest.raises(ModelNotFound) as raised:
        load_reader(Settings(reader=str(copied)))
    assert raised.value.message == f"{copied} holds no model.safetensors and no model.onnx."
    assert "model.onnx with tokenizer.json" in raised.value.remedy


@pytest.fixture
def copied(tmp_path):
    """The shipped reader without its list of checksums, the weights linked."""
    folder = tmp_path / "my-reader"
    folder.mkdir()
    for path in SHIPPED.iterdir():
        if path == SHIPPED_WEIGHTS:
            (folder / path.name).symlink_to(path)
        elif path.name != "SHA256SUMS":
            shutil.copy(path, folder)
    return folder


def test_a_folder_without_checksums_is_a_reader(copied):
    own, shipped = load_reader(Settings(reader=str(copied))), load_reader(Settings())
    assert own.model_id == f"my-reader@{shipped.model_id.partition('@')[2]}"
    assert best(own, "Who wrote the letter?", LETTER) == best(
        shipped, "Who wrote the letter?", LETTER
    )


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_folder_that_does_not_exist_is_not_found(kind, tmp_path):
    with pytest.raises(ModelNotFound, match="no model folder"):
        kind(str(tmp_path / "nothing"))


@pytest.mark.parametrize(("form", "kind"), KINDS.items())
def test_a_folder_without_weights_is_not_found(form, kind, copied):
    (copied / SHIPPED_WEIGHTS.name).unlink()
    with pytest.raises(ModelNotFound, match=f"holds no {re.escape(WEIGHTS[form])}"):
        kind(str(copied))


def test_the_shipped_files_are_the_listed_ones():
    listed = {line.split()[1] for line in (SHIPPED / "SHA256SUMS").read_text().splitlines()}
    assert {SHIPPED_WEIGHTS.name, "config.json", "tokenizer.json"} <= listed
    assert check_files(SHIPPED) == {
        name: hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() for name in listed
    }


def test_the_shipped_weights_are_hashed_once():
    code = f"""
import sys
from service.reader import reader_files
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
files = reader_files("pincite-reader", lambda folder: folder / {SHIPPED_WEIGHTS.name!r})
print(opened.count(str(files.weights)), files.model_id)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True
    )
    digest = hashlib.sha256(SHIPPED_WEIGHTS.read_bytes()).hexdigest()
    assert done.stdout == f"1 pincite-reader@{digest[:12]}\n"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_flipped_bit_is_corrupt(copied, name):
    shutil.copy(SHIPPED / "SHA256SUMS", copied)
    check_files(copied)
    content = bytearray((copied / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(CorruptModel, match=hashlib.sha256(content).hexdigest()):
        check_files(copied)


@pytest.mark.parametrize(("form", "kind"), KINDS.items())
def test_a_folder_with_checksums_is_checked_when_it_is_loaded(
    form, kind, onnx_folder, torch_folder, tmp_path
):
    folder = tmp_path / "listed"
    shutil.copytree({"onnx": onnx_folder, "torch": torch_folder}[form], folder)
    tokenizer = folder / "tokenizer_config.json"
    listed = [folder / WEIGHTS[form], tokenizer]
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()} *{path.name}" for path in listed]
    (folder / "SHA256SUMS").write_text("\n".join(sums))
    assert kind(str(folder)).model_id == f"listed@{sums[0][:12]}"
    tokenizer.write_bytes(tokenizer.read_bytes() + b"\n")
    with pytest.raises(CorruptModel) as raised:
        kind(str(folder))
    digest = hashlib.sha256(tokenizer.read_bytes()).hexdigest()
    assert raised.value.message == (
        f"{tokenizer} has SHA-256 {digest}, not the expected {sums[1][:64]}."
    )
    assert "remove SHA256SUMS" in raised.value.remedy
    (folder / "SHA256SUMS").unlink()
    assert kind(str(folder)).model_id == f"listed@{sums[0][:12]}"


@pytest.mark.parametrize("line", ["config.json", f"{'0' * 63}  config.json", "", "\x89PNG\xff"])
def test_a_list_of_something_else_is_corrupt(copied, line):
    (copied / "SHA256SUMS").write_bytes(f"{line}\n".encode("latin-1"))
    with pytest.raises(CorruptModel, match="SHA256SUMS:1 is no SHA-256 with a file's name"):
        check_files(copied)


@pytest.mark.parametrize("name", ["config.json", "SHA256SUMS"])
def test_a_missing_file_is_corrupt(copied, name):
    shutil.copy(SHIPPED / "SHA256SUMS", copied)
    (copied / name).unlink()
    with pytest.raises(CorruptModel, match=f"{name} is missing"):
        check_files(copied)
