"""A training of a reader: its model, optimiser and place, saved as one file."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import torch
from reader_encoder import load_encoder
from reader_losses import batch_loss, collate
from torch import Tensor
from training_windows import Window


class TrainingError(click.ClickException):
    """A training can't be begun, resumed or gone on with."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a training is, from its first step on.

    Attributes:
        data: Name and SHA-256 of each question file, in the order in which they are read.
        hard: Name and SHA-256 of the file of hard passages, if there is one.
    """

    encoder: str
    data: tuple[tuple[str, str], ...]
    hard: tuple[str, str] | None
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
        TrainingError: The folder holds a training with other settings, that has gone further
            than asked or is ending already in another way, or a damaged checkpoint.
    """

    def __init__(self, folder: Path, settings: Settings, ending: Ending, device: str) -> None:
        self.folder = folder
        self.settings = settings
        self.ending = ending
        self.device = device
        self.position = Position()
        self.saved_step: int | None = None
        torch.manual_seed(settings.seed)
        self.encoder = load_encoder(settings.encoder)
        self.tokenizer = self.encoder.tokenizer
        # Never put in training mode: without dropout, since little is seen twice, so that there is
        # little to overfit.
        self.model = self.encoder.model
        self.model.to(device)  # type: ignore[arg-type]
        frozen = [part for part in settings.freeze.split(",") if part]
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(not any(part in name for part in frozen))
        self.trained = [p for p in self.model.parameters() if p.requires_grad]
        self.average = [p.detach().clone() for p in self.trained] if settings.average else []
        self.optimizer = torch.optim.AdamW(
            [
                {"params": [p for p in self.trained if p.ndim > 1], "weight_decay": 0.01},
                {"params": [p for p in self.trained if p.ndim <= 1], "weight_decay": 0.0},
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
        with self._reading_checkpoint():
            saved = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
            settings, ending = dict(saved["settings"]), Ending(**saved["ending"])
            position = Position(**saved["position"])
        self._check_settings(settings)
        self._check_ending(ending, position)
        with self._reading_checkpoint():
            self.model.load_state_dict(saved["model"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.average = list(saved["average"])
        self.position = position
        self.saved_step = position.step

    @contextmanager
    def _reading_checkpoint(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            told = str(error).partition("\n")[0].rstrip(".")
            raise TrainingError(
                f"{self.checkpoint} can't be resumed from: {type(error).__name__}: {told}. "
                "Copy it again if there is a copy, or begin anew in another folder."
            ) from error

    def _check_settings(self, saved: Mapping[str, object]) -> None:
        ours = asdict(self.settings)
        if missing := ours.keys() - saved.keys():
            raise TrainingError(
                f"{self.checkpoint} was written by an older version of this script: it doesn't "
                f"say {' or '.join(sorted(missing))}. Begin anew in another folder."
            )
        differing = [name for name, value in ours.items() if saved[name] != value]
        if differing:
            raise TrainingError(
                f"{self.folder} holds a training with other settings: {', '.join(differing)}. "
                "Give the settings that it was begun with, or another folder."
            )

    def _check_ending(self, saved: Ending, position: Position) -> None:
        stands = f"The training in {self.folder} stands at step {position.step:,}"
        if position.decaying and saved != self.ending:
            raise TrainingError(
                f"{stands} and is ending already. Give --steps {saved.steps} --decay-steps "
                f"{saved.decay_steps} --decay-lengths {saved.lengths}."
            )
        if position.step > self.ending.steps:
            raise TrainingError(
                f"{stands}, but --steps is {self.ending.steps:,}. Give --steps of at least "
                f"{position.step:,}."
            )

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
        self.saved_step = self.position.step

    def collate(self, groups: Sequence[Sequence[Window]]) -> dict[str, Tensor]:
        """A batch as the model takes it; see `reader_losses.collate`."""
        return collate(
            groups,
            pad=self.encoder.pad,
            takes_types=self.encoder.takes_types,
            device=self.device,
        )

    def step(self, groups: Sequence[Sequence[Window]]) -> float:
        """Learn from a batch; returns its loss.

        Raises:
            TrainingError: The loss isn't finite.
        """
        rate = learning_rate(self.position.step, self.settings, self.ending)
        for part in self.optimizer.param_groups:
            part["lr"] = rate
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device != "cpu"):
            loss = batch_loss(self.model, self.collate(groups), self.settings.shared_weight)
        value = loss.item()
        self._require_finite(value, f"loss of step {self.position.step + 1:,}")
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0, foreach=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.position.step += 1
        if self.average:
            # At first the average follows closely, so that it forgets the untrained weights.
            kept = min(self.settings.average, self.position.step / (self.position.step + 10))
            torch._foreach_lerp_(self.average, [p.detach() for p in self.trained], 1 - kept)
        return value

    def check(self, held_out: float | None) -> None:
        """See that there is something to save.

        Args:
            held_out: Loss on what is held out, if anything is.

        Raises:
            TrainingError: It isn't finite, or a weight isn't.
        """
        after = f"after step {self.position.step:,}"
        if held_out is not None:
            self._require_finite(held_out, f"held-out loss {after}")
        for weights in self.trained:
            self._require_finite(weights.detach().abs().max().item(), f"greatest weight {after}")

    def _require_finite(self, value: float, name: str) -> None:
        if math.isfinite(value):
            return
        kept = (
            "No checkpoint was saved yet"
            if self.saved_step is None
            else f"The checkpoint of step {self.saved_step:,} is kept"
        )
        raise TrainingError(
            f"The {name} is {value}. {kept}. Begin again in another folder with a lower "
            f"--learning-rate than {self.settings.learning_rate:g}."
        )

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
