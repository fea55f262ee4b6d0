"""What a reader is trained to make small: losses over windows, and over windows together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from training_windows import Window


def collate(
    groups: Sequence[Sequence[Window]], *, pad: int, takes_types: bool, device: str
) -> dict[str, Tensor]:
    """A batch as tensors.

    Args:
        groups: The windows.
        pad: Token that fills up the shorter ones.
        takes_types: Whether the model is given token types.
        device: Where the tensors go.

    Returns:
        `input_ids`, `attention_mask` and, if the model takes them, `token_type_ids`; `allowed`,
        the tokens that may bear an answer, [CLS] among them; `starts` and `ends`, those that do;
        all of shape (windows, tokens). `group`, shape (windows,), the number of each window's
        group.
    """
    windows = [window for group in groups for window in group]
    shape = (len(windows), max(len(window.ids) for window in windows))
    batch = {
        name: torch.zeros(shape, dtype=torch.bool)
        for name in ("attention_mask", "allowed", "starts", "ends")
    }
    ids = torch.full(shape, pad, dtype=torch.long)
    types = torch.zeros(shape, dtype=torch.long)
    for row, window in enumerate(windows):
        n = len(window.ids)
        ids[row, :n] = torch.from_numpy(window.ids)
        types[row, :n] = torch.from_numpy(window.types)
        batch["attention_mask"][row, :n] = True
        batch["allowed"][row, window.passage : window.passage_end] = True
        batch["allowed"][row, 0] = True
        batch["starts"][row, list(window.starts)] = True
        batch["ends"][row, list(window.ends)] = True
    group = torch.tensor([number for number, group in enumerate(groups) for _ in group])
    batch |= {"input_ids": ids, "group": group}
    if takes_types:
        batch["token_type_ids"] = types
    return {name: tensor.to(device) for name, tensor in batch.items()}


def window_loss(logits: Tensor, allowed: Tensor, gold: Tensor) -> Tensor:
    """Negative log-likelihood of the gold tokens, each window normalised on its own.

    Several gold tokens of a window count together (Clark and Gardner, 2018).

    Args:
        logits: Shape (windows, tokens).
        allowed: Tokens over which a window is normalised.
        gold: Tokens that are right.

    Returns:
        Shape (windows,).
    """
    logits = logits.float()
    every = torch.logsumexp(logits.masked_fill(~allowed, -torch.inf), dim=1)
    right = torch.logsumexp(logits.masked_fill(~gold, -torch.inf), dim=1)
    return every - right


def shared_loss(logits: Tensor, allowed: Tensor, gold: Tensor, group: Tensor) -> Tensor:
    """Negative log-likelihood of the gold tokens, all windows of a group normalised together.

    So that scores compare across passages (the shared norm of Clark and Gardner, 2018). [CLS], the
    null answer, doesn't take part. Groups of one window, or without an answer, don't count.

    Returns:
        The sum over groups.
    """
    logits = logits.float()
    allowed, gold = allowed.clone(), gold.clone()
    allowed[:, 0] = gold[:, 0] = False
    total = logits.new_zeros(())
    for number in torch.bincount(group).gt(1).nonzero().flatten().tolist():
        rows = group == number
        if gold[rows].any():
            part = logits[rows]
            every = torch.logsumexp(part[allowed[rows]], dim=0)
            right = torch.logsumexp(part[gold[rows]], dim=0)
            total = total + (every - right)
    return total


def score_sides(
    model: torch.nn.Module, batch: Mapping[str, Tensor]
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """A batch's logits and gold tokens, each of shape (windows, tokens): of starts, and of ends."""
    given = {name: batch[name] for name in ("input_ids", "token_type_ids") if name in batch}
    output = model(**given, attention_mask=batch["attention_mask"].long())
    return (output.start_logits, batch["starts"]), (output.end_logits, batch["ends"])


def batch_loss(model: torch.nn.Module, batch: Mapping[str, Tensor], shared_weight: float) -> Tensor:
    """Loss of a batch: the mean over its windows, of start and end."""
    loss = torch.zeros((), device=batch["input_ids"].device)
    for logits, gold in score_sides(model, batch):
        loss = loss + window_loss(logits, batch["allowed"], gold).mean() / 2
        if shared_weight:
            shared = shared_loss(logits, batch["allowed"], gold, batch["group"])
            loss = loss + shared_weight * shared / len(logits) / 2
    return loss
