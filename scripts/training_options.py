"""Options of the training that need more than click's types, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Collection

import click
import torch

RATES = "qamr=0.25,timeqa_human=0.7,tweetqa=0.7"
"""Rates of the project's own mix, by default."""

ANY_OCCURRENCE = "tweetqa,fairytaleqa,quoref_sni"
"""Sources of it whose offsets name the answer's first place."""


def choose_device(text: str) -> str:
    """What to train on, of `auto`, `cpu` or `cuda`.

    Raises:
        click.BadParameter: It is `cuda`, and there is no GPU.
    """
    has_gpu = torch.cuda.is_available()
    if text == "auto":
        return "cuda" if has_gpu else "cpu"
    if text == "cuda" and not has_gpu:
        raise click.BadParameter(
            "torch finds no GPU. Give --device cpu, or install a torch with CUDA and a driver.",
            param_hint="--device",
        )
    return text


def parse_names(text: str) -> frozenset[str]:
    """Names, of `name,name`."""
    return frozenset(name.strip() for name in text.split(",") if name.strip())


def parse_rates(text: str, option: str) -> dict[str, float]:
    """Numbers by name, of `name=number,name=number`.

    Raises:
        click.BadParameter: It is of another form, or a number is negative or not finite.
    """
    try:
        return _numbers(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not of the form name=number,name=number with numbers of 0 or more.",
            param_hint=option,
        ) from None


def parse_lengths(text: str, option: str) -> dict[int, float]:
    """Weights of windows' sizes, of `size=weight,size=weight`.

    Raises:
        click.BadParameter: It is of another form, or no weight is above 0.
    """
    try:
        lengths = {int(size): weight for size, weight in _numbers(text).items()}
    except ValueError:
        lengths = {}
    if not lengths or min(lengths) < 1:
        raise click.BadParameter(
            f"{text!r} is not of the form size=weight,size=weight.", param_hint=option
        )
    if not any(lengths.values()):
        raise click.BadParameter(
            f"{text!r} gives every size the weight 0. Give one a weight above 0.",
            param_hint=option,
        )
    return lengths


def _numbers(text: str) -> dict[str, float]:
    """Numbers of 0 or more by name; raises ValueError for anything else."""
    pairs = [part.split("=") for part in text.split(",") if part.strip()]
    numbers = {name.strip(): float(value) for name, value in pairs}
    if not all(math.isfinite(number) and number >= 0 for number in numbers.values()):
        raise ValueError(text)
    return numbers


def check_sources(
    names: Collection[str], sources: Collection[str], default: Collection[str], option: str
) -> None:
    """See that an option names sources that there are.

    Args:
        names: Those that it names.
        sources: Those that the data has.
        default: Those that it names by default, whatever the data are: the project's own.
        option: Its name.

    Raises:
        click.BadParameter: One is unknown.
    """
    unknown = sorted({*names} - {*sources} - {*default})
    if unknown:
        raise click.BadParameter(
            f"no question is of the source {', '.join(map(repr, unknown))}. The sources of the "
            f"data are {', '.join(sorted(sources))}.",
            param_hint=option,
        )
