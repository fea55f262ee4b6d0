"""The course of a training: its stages, its validations, its log."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence

import torch
from reader_losses import score_sides, window_loss
from reader_training import Position, Settings, Training, TrainingError, learning_rate
from tqdm import tqdm
from training_windows import Recipe, TrainingSet, Window, batches

_VALIDATION_BATCHES = 40

SAVE_STEPS = 200
SAVE_SECONDS = 600.0
"""A checkpoint is written after so many steps or seconds, whichever is sooner."""


@torch.no_grad()
def validate(training: Training, held_out: Sequence[list[list[Window]]]) -> dict[str, float]:
    """Figures on held-out windows, of the averaged weights if an average is kept.

    Returns:
        `loss`; `exact`, how often start and end of an answer are right; `null`, how often both say
        that there is none where there is none. What no window measures is left out.
    """
    losses: list[float] = []
    exact: list[bool] = []
    null: list[bool] = []
    with training.averaged():
        for groups in held_out:
            batch = training.collate(groups)
            loss = torch.zeros(len(batch["group"]), device=training.device)
            right = torch.ones(len(batch["group"]), dtype=torch.bool, device=training.device)
            for logits, gold in score_sides(training.model, batch):
                loss += window_loss(logits, batch["allowed"], gold) / 2
                best = logits.masked_fill(~batch["allowed"], -torch.inf).argmax(1)
                right &= gold.gather(1, best[:, None]).flatten()
            is_null = batch["starts"][:, 0]
            losses += loss.tolist()
            exact += right[~is_null].tolist()
            null += right[is_null].tolist()
    measured: dict[str, list[float] | list[bool]] = {"loss": losses, "exact": exact, "null": null}
    return {name: sum(values) / len(values) for name, values in measured.items() if values}


def _check_epoch(dataset: TrainingSet, recipe: Recipe) -> None:
    """See that an epoch holds something: one that never does would be looked through for ever."""
    size = dataset.epoch_size(recipe)
    if size < 1:
        raise TrainingError(
            f"An epoch takes {size:.2g} of the {len(dataset.questions):,} questions, which is less "
            "than one. Raise --rates or --unanswerable, or give more questions."
        )


def _stage_batches(
    dataset: TrainingSet, settings: Settings, recipe: Recipe, position: Position
) -> Iterator[list[list[Window]]]:
    """Batches of a stage from a position on, epoch after epoch; moves the position."""
    while True:
        for batch in batches(
            dataset,
            recipe,
            # The stages see the data in different orders.
            seed=settings.seed * 2 + position.decaying,
            epoch=position.epoch,
            batch_tokens=settings.batch_tokens,
            skip=position.batch,
        ):
            position.batch += 1
            yield batch
        position.epoch += 1
        position.batch = 0


def train(
    training: Training,
    dataset: TrainingSet,
    held_out: TrainingSet,
    recipes: Mapping[bool, Recipe],
    *,
    validate_every: int,
    save_steps: int = SAVE_STEPS,
    save_seconds: float = SAVE_SECONDS,
) -> dict[str, float]:
    """Train to the end, with checkpoints, and validations with a line of the log, every so often.

    Args:
        training: What is trained, from where it stands.
        dataset: What to train on.
        held_out: What to validate on.
        recipes: How windows are made before the end, and (`True`) in it.
        validate_every: Steps between validations, each with a checkpoint.
        save_steps: Most steps between checkpoints.
        save_seconds: Seconds after which a step is followed by one.

    Returns:
        The last validation's figures; none if nothing is held out, as the log then says.

    Raises:
        TrainingError: There is too little to train on, or a loss isn't finite.
    """
    for recipe in recipes.values():
        _check_epoch(dataset, recipe)
    settings, ending, position = training.settings, training.ending, training.position
    fixed = list(
        batches(held_out, recipes[True], seed=0, epoch=0, batch_tokens=settings.batch_tokens)
    )[:_VALIDATION_BATCHES]
    if not fixed:
        tqdm.write("Nothing is held out, so there will be no scores.")
    figures = validate(training, fixed)
    stream = None
    recent: list[float] = []
    tokens, begun = 0, time.monotonic()
    saved_step, saved_at = position.step, begun
    with (
        (training.folder / "log.jsonl").open("a", encoding="utf-8") as log,
        tqdm(total=ending.steps, initial=position.step, unit="step", smoothing=0.05) as bar,
    ):
        while position.step < ending.steps:
            if not position.decaying and position.step >= ending.steps - ending.decay_steps:
                position.decaying, position.epoch, position.batch, stream = True, 0, 0, None
            if stream is None:
                stream = _stage_batches(dataset, settings, recipes[position.decaying], position)
            groups = next(stream)
            recent.append(training.step(groups))
            tokens += sum(len(window.ids) for group in groups for window in group)
            bar.update()
            speed = tokens / (time.monotonic() - begun)
            last = recent[-100:]
            bar.set_postfix_str(f"loss {sum(last) / len(last):.3f}, {speed:,.0f} tokens/s")
            if position.step % validate_every == 0 or position.step == ending.steps:
                figures = validate(training, fixed)
                training.check(figures.get("loss"))
                line: dict[str, float | str] = {
                    "step": position.step,
                    "rate": learning_rate(position.step - 1, settings, ending),
                    "train_loss": sum(recent) / len(recent),
                    "tokens_per_second": speed,
                }
                line |= {f"held_out_{name}": value for name, value in figures.items()}
                if not fixed:
                    line["held_out"] = "nothing"
                log.write(json.dumps(line) + "\n")
                log.flush()
                training.save()
                bar.write(
                    json.dumps(
                        {n: v if isinstance(v, str) else round(v, 5) for n, v in line.items()}
                    )
                )
                recent, tokens, begun = [], 0, time.monotonic()
                saved_step, saved_at = position.step, begun
            elif (
                position.step - saved_step >= save_steps
                or time.monotonic() - saved_at >= save_seconds
            ):
                training.check(None)
                training.save()
                saved_step, saved_at = position.step, time.monotonic()
    training.write_reader()
    return figures
