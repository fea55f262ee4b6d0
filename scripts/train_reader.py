"""Fine-tunes an encoder into an extractive reader, on a CPU or a GPU; resumes where it was killed.

The learning rate is constant after a short warm-up and falls to nothing over the last steps, so a
training of unknown length can run on and be ended at any time: start it again with `--steps` a
little ahead. What the last steps read (`--decay-lengths`) is as long as what serving reads; the
steps before read short windows, which teach more in the same time.
"""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

import click

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from model_card import write_card
from project_data import DATA, question_files
from reader_training import Ending, Settings, Training
from training_course import train
from training_data import read_files, read_hard, refuse_reserved, split
from training_options import (
    ANY_OCCURRENCE,
    RATES,
    check_sources,
    choose_device,
    parse_lengths,
    parse_names,
    parse_rates,
)
from training_windows import Recipe, TrainingSet
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from index.errors import PinciteError
from index.models import sha256_of
from service.commands.evaluating import print_fault_list


@click.command(context_settings={"max_content_width": 100, "show_default": True})
@click.argument("output", type=click.Path(file_okay=False, path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    help="all-MiniLM-L6-v2 as installed, a folder or a hub id; a reader's goes on from it.",
)
@click.option(
    "--hard",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Hard passages, as mine_negatives.py writes them.",
)
@click.option("--steps", default=6000, type=click.IntRange(min=1), help="Steps in all.")
@click.option(
    "--decay-steps",
    default=1200,
    type=click.IntRange(min=0),
    help="Last steps, in which the rate falls to nothing.",
)
@click.option("--learning-rate", default=2.5e-4, help="Rate of the steps between.")
@click.option(
    "--warmup",
    default=200,
    type=click.IntRange(min=0),
    help="First steps, in which the rate rises.",
)
@click.option(
    "--batch-tokens", default=1800, type=click.IntRange(min=1), help="Most tokens of a batch."
)
@click.option(
    "--lengths",
    default="48=0.15,72=0.3,96=0.35,144=0.2",
    help="Sizes of windows, in tokens of the passage, and how often each is taken.",
)
@click.option(
    "--decay-lengths", default="96=0.3,144=0.3,200=0.3,320=0.1", help="The same for the last steps."
)
@click.option(
    "--negatives", default=0.25, help="Share of the answerable questions with a negative too."
)
@click.option(
    "--unanswerable", default=0.6, help="Share of the unanswerable questions that an epoch takes."
)
@click.option(
    "--rates",
    default=RATES,
    help="Share of a source that an epoch takes, where that isn't 1; more than 1 repeats it.",
)
@click.option(
    "--any-occurrence",
    default=ANY_OCCURRENCE,
    help="Sources whose offsets name the answer's first place rather than the right one.",
)
@click.option(
    "--shared-weight", default=1.0, help="Weight of the loss normalised over a question's windows."
)
@click.option(
    "--average", default=0.0, help="Share of the weights' running average that a step keeps."
)
@click.option("--freeze", default="word_embeddings", help="Parts of the names of what stays.")
@click.option(
    "--held-out",
    default=0.01,
    help="Share of the articles kept for validation, at least one of several; 0 for none.",
)
@click.option(
    "--validate-every",
    default=500,
    type=click.IntRange(min=1),
    help="Steps between validations, each saved.",
)
@click.option("--seed", default=1, help="Decides windows, their order, the head's first weights.")
@click.option(
    "--threads",
    default=os.cpu_count() or 1,
    type=click.IntRange(min=1),
    help="Threads to compute with.",
)
@click.option(
    "--device",
    default="auto",
    type=click.Choice(["auto", "cpu", "cuda"]),
    help="auto: a GPU if there is one.",
)
def main(
    output: Path,
    files: tuple[Path, ...],
    encoder: str,
    hard: Path | None,
    steps: int,
    decay_steps: int,
    learning_rate: float,
    warmup: int,
    batch_tokens: int,
    lengths: str,
    decay_lengths: str,
    negatives: float,
    unanswerable: float,
    rates: str,
    any_occurrence: str,
    shared_weight: float,
    average: float,
    freeze: str,
    held_out: float,
    validate_every: int,
    seed: int,
    threads: int,
    device: str,
) -> None:
    """Train a reader in the folder OUTPUT on question FILES, by default the project's own mix.

    Called again with the same settings it resumes. OUTPUT then holds the reader as
    `save_pretrained` writes it, a card, `log.jsonl` and the last checkpoint.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]
    # Else each encoder gets a table that says its span head is new.
    set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.set_num_threads(threads)
    if not 0 <= decay_steps <= steps:
        raise click.UsageError(
            f"--decay-steps is {decay_steps:,} and --steps is {steps:,}. Give --decay-steps that "
            "lie between 0 and --steps."
        )
    device = choose_device(device)
    refuse_reserved(files)
    files = files or tuple(
        question_files(
            DATA / "train",
            "Name question FILES after OUTPUT; scripts/README.md describes their layout.",
        )
    )
    by_source = parse_rates(rates, "--rates")
    loose = parse_names(any_occurrence)
    sizes = {
        False: parse_lengths(lengths, "--lengths"),
        True: parse_lengths(decay_lengths, "--decay-lengths"),
    }
    settings = Settings(
        encoder=encoder,
        data=tuple((path.name, sha256_of(path)) for path in files),
        hard=(hard.name, sha256_of(hard)) if hard else None,
        seed=seed,
        learning_rate=learning_rate,
        warmup=warmup,
        batch_tokens=batch_tokens,
        shared_weight=shared_weight,
        average=average,
        freeze=freeze,
        held_out=held_out,
        recipe={
            "lengths": lengths,
            "negatives": negatives,
            "unanswerable": unanswerable,
            "rates": rates,
            "any_occurrence": any_occurrence,
        },
    )
    try:
        training = Training(output, settings, Ending(steps, decay_steps, decay_lengths), device)
        recipes = {
            is_ending: Recipe(
                lengths=stage_sizes,
                negatives=negatives,
                rates=by_source,
                unanswerable_rate=unanswerable,
                any_occurrence=loose,
                model_tokens=training.encoder.model_tokens,
                special_tokens=training.encoder.template.special_tokens,
            )
            for is_ending, stage_sizes in sizes.items()
        }
        paragraphs = read_files(files)
    except PinciteError as error:
        raise click.ClickException(f"{error.message} {error.remedy}") from error
    sources = {paragraph.source for paragraph in paragraphs}
    check_sources(by_source, sources, parse_rates(RATES, "--rates"), "--rates")
    check_sources(loose, sources, parse_names(ANY_OCCURRENCE), "--any-occurrence")
    passages = read_hard(hard) if hard else {}
    kept, held = split(paragraphs, held_out)
    model_tokens = training.encoder.model_tokens
    dataset = TrainingSet(
        kept,
        training.tokenizer,
        passages,
        without={paragraph.context for paragraph in held},
        model_tokens=model_tokens,
    )
    kept_out = TrainingSet(held, training.tokenizer, passages, model_tokens=model_tokens)
    print_fault_list("questions left out", dataset.faults)
    if not dataset.questions:
        raise click.ClickException("No question is left to train on. Give more, or --held-out 0.")
    output.mkdir(parents=True, exist_ok=True)
    scores = train(training, dataset, kept_out, recipes, validate_every=validate_every)
    card = write_card(
        encoder=encoder,
        command=shlex.join(["python", *sys.argv]),
        sources=dataset.sources,
        settings=_course(training),
        scores={f"held_out_{name}": value for name, value in scores.items()},
    )
    (output / "README.md").write_text(card, encoding="utf-8")


def _course(training: Training) -> dict[str, object]:
    """All that decided the outcome, by name."""
    settings = asdict(training.settings)
    recipe = settings.pop("recipe")
    return {
        "steps": training.ending.steps,
        "last steps, with a falling rate": training.ending.decay_steps,
        "windows' sizes in them": training.ending.lengths,
        **{name: settings[name] for name in settings if name not in {"encoder", "data", "hard"}},
        "hard passages": training.settings.hard[0] if training.settings.hard else "none",
        **recipe,
    }


if __name__ == "__main__":
    main()
