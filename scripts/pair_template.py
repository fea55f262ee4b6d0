"""How a tokenizer lays out a question with a passage: what stands before, between and behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from index.models import check_usable

Tokens = npt.NDArray[np.int32]

_PROBE = "who"


@dataclass(frozen=True, slots=True)
class PairTemplate:
    """The special tokens around a question and a passage, and the types of all.

    Attributes:
        before: Tokens before the question; the first one stands for the null answer.
        between: Tokens between question and passage: [SEP] of BERT, </s></s> of RoBERTa.
        after: Tokens behind the passage.
        types: Token type of `before`, question, `between`, passage and `after`.
    """

    before: tuple[int, ...]
    between: tuple[int, ...]
    after: tuple[int, ...]
    types: tuple[int, ...]

    @property
    def special_tokens(self) -> int:
        """How many tokens it adds."""
        return len(self.before) + len(self.between) + len(self.after)

    def passage_begin(self, question: Tokens) -> int:
        """Index of the passage's first token."""
        return len(self.before) + len(question) + len(self.between)

    def join(self, question: Tokens, passage: Tokens) -> tuple[Tokens, Tokens]:
        """What the model reads.

        Returns:
            Tokens and their types, each of shape (n,).
        """
        parts = (self.before, question, self.between, passage, self.after)
        ids = np.concatenate([np.asarray(part, dtype=np.int32) for part in parts])
        types = np.repeat(np.array(self.types, dtype=np.int32), [len(part) for part in parts])
        return ids, types


def pair_template(tokenizer: PreTrainedTokenizerBase) -> PairTemplate:
    """The template of a tokenizer, read off how it encodes a pair.

    Raises:
        UnusableModel: It is no fast one, or doesn't begin a pair with [CLS] and the question.
    """
    folder = Path(tokenizer.name_or_path)
    # A folder without a tokenizer's files gives one that knows its special tokens alone.
    is_filled = len(tokenizer) > len(set(tokenizer.all_special_ids))
    check_usable(folder, {"a fast tokenizer": tokenizer.is_fast and is_filled})
    encoded = tokenizer(_PROBE, _PROBE)
    parts = encoded.sequence_ids(0)
    check_usable(folder, {"tokens for each word": {0, 1} <= set(parts)})
    pair = encoded.encodings[0]
    begins = [parts.index(part) for part in (0, 1)]
    ends = [begin + parts.count(part) for part, begin in enumerate(begins)]
    edges = [0, begins[0], ends[0], begins[1], ends[1], len(parts)]
    cut = [slice(*edge) for edge in pairwise(edges)]
    before, question, between, passage, after = (pair.ids[part] for part in cut)
    template = PairTemplate(
        tuple(before), tuple(between), tuple(after), tuple(_first(pair.type_ids[c]) for c in cut)
    )
    ids, types = template.join(np.array(question), np.array(passage))
    check_usable(
        folder,
        {
            "a [CLS] token at the start": pair.ids[0] == tokenizer.cls_token_id,
            "pairs that are a question and then a passage": (
                begins[0] > 0 and ids.tolist() == pair.ids and types.tolist() == pair.type_ids
            ),
        },
    )
    return template


def _first(types: Sequence[int]) -> int:
    return types[0] if types else 0
