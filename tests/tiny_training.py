"""What a tiny training needs: encoders of each kind with random weights, data and settings."""

from __future__ import annotations

from pathlib import Path

import torch
from reader_training import Settings
from tokenizers import pre_tokenizers
from training_windows import Recipe, TrainingSet
from transformers import (
    BertConfig,
    BertForQuestionAnswering,
    BertTokenizer,
    DistilBertConfig,
    DistilBertForQuestionAnswering,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaForQuestionAnswering,
    RobertaTokenizer,
)

from service.questions import GoldAnswer, Paragraph, Question

KINDS = ("bert", "distilbert", "roberta")

SETTINGS = Settings(
    encoder="",
    data=(),
    hard=None,
    seed=1,
    learning_rate=1e-3,
    warmup=0,
    batch_tokens=400,
    shared_weight=1.0,
    average=0.0,
    freeze="word_embeddings",
    held_out=0.0,
    recipe={},
)

RECIPE = Recipe(lengths={12: 0.5, 40: 0.5}, negatives=0.5)
RECIPES = {False: RECIPE, True: RECIPE}


def bert_tokenizer() -> BertTokenizer:
    """Words are cut into letters and a few pieces."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789?.,"
    pieces = [*letters, *(f"##{letter}" for letter in letters), "the", "bridge", "##18"]
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *pieces]
    return BertTokenizer(vocab={name: number for number, name in enumerate(names)})


def roberta_tokenizer() -> RobertaTokenizer:
    """Words are cut into bytes and a few pieces."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *alphabet, "th", "the", "Ġthe"]
    return RobertaTokenizer(
        vocab={name: number for number, name in enumerate(names)},
        merges=[("t", "h"), ("th", "e"), ("Ġ", "the")],
        model_max_length=4096,
    )


def save_encoder(kind: str, folder: Path, *, tokens: int = 512, types: int | None = None) -> Path:
    """Save a tiny encoder that reads so many tokens and knows so many token types."""
    tokenizer: PreTrainedTokenizerBase = (
        roberta_tokenizer() if kind == "roberta" else bert_tokenizer()
    )
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = {
        "bert": lambda: BertForQuestionAnswering(
            BertConfig(
                vocab_size=len(tokenizer),
                intermediate_size=32,
                max_position_embeddings=tokens,
                type_vocab_size=types or 2,
                **size,
            )
        ),
        "distilbert": lambda: DistilBertForQuestionAnswering(
            DistilBertConfig(
                vocab_size=len(tokenizer),
                dim=16,
                hidden_dim=32,
                n_layers=2,
                n_heads=2,
                max_position_embeddings=tokens,
            )
        ),
        "roberta": lambda: RobertaForQuestionAnswering(
            RobertaConfig(
                vocab_size=len(tokenizer),
                intermediate_size=32,
                max_position_embeddings=tokens + 2,
                type_vocab_size=types or 1,
                **size,
            )
        ),
    }[kind]()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def made_paragraphs(count: int) -> list[Paragraph]:
    """Articles of one paragraph each, with a question that it answers and one that it doesn't."""
    paragraphs = []
    for number in range(count):
        year = str(1800 + number)
        context = f"the bridge of town {number} was opened in {year} by its mayor."
        asked = (
            Question(f"q{number}", "when was it opened?", (GoldAnswer(year, context.index(year)),)),
            Question(f"n{number}", "who closed it?", ()),
        )
        paragraphs.append(Paragraph("made", f"t{number}", context, asked))
    return paragraphs


def made_set(tokenizer: PreTrainedTokenizerBase, count: int = 12) -> TrainingSet:
    """The paragraphs in tokens."""
    return TrainingSet(made_paragraphs(count), tokenizer, {})
