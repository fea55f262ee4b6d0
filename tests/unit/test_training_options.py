"""The training's options of several values: what they mean, and what is refused."""

from __future__ import annotations

import click
import pytest
from training_options import (
    ANY_OCCURRENCE,
    RATES,
    check_sources,
    parse_lengths,
    parse_names,
    parse_rates,
)


def test_rates_lengths_and_names_are_read():
    assert parse_rates("mine=0.5, other=2,", "--rates") == {"mine": 0.5, "other": 2.0}
    assert parse_rates("", "--rates") == {}
    assert parse_lengths("48=0,96=2", "--lengths") == {48: 0.0, 96: 2.0}
    assert parse_names("a, b,,") == {"a", "b"}
    assert parse_names("") == frozenset()


@pytest.mark.parametrize("text", ["mine", "mine=x", "mine=1=2", "mine=-1", "mine=nan", "mine=inf"])
def test_rates_of_another_form_are_refused_with_the_option(text):
    with pytest.raises(click.BadParameter) as raised:
        parse_rates(text, "--rates")
    assert raised.value.param_hint == "--rates"
    assert repr(text) in raised.value.message


@pytest.mark.parametrize("text", ["", "48", "x=1", "0=1", "4.5=1", "48=-1", "48=nan"])
def test_lengths_of_another_form_are_refused_with_the_option(text):
    with pytest.raises(click.BadParameter, match="form size=weight") as raised:
        parse_lengths(text, "--decay-lengths")
    assert raised.value.param_hint == "--decay-lengths"


@pytest.mark.parametrize("text", ["48=0", "48=0,96=0.0"])
def test_lengths_whose_weights_are_all_0_are_refused(text):
    with pytest.raises(click.BadParameter) as raised:
        parse_lengths(text, "--lengths")
    assert raised.value.message == (
        f"{text!r} gives every size the weight 0. Give one a weight above 0."
    )


def test_a_source_that_the_data_lack_is_refused_and_the_known_are_named():
    default = parse_names(ANY_OCCURRENCE)
    check_sources(["mine", "tweetqa"], {"mine", "other"}, default, "--any-occurrence")
    check_sources(parse_rates(RATES, "--rates"), {"mine"}, parse_rates(RATES, ""), "--rates")
    with pytest.raises(click.BadParameter) as raised:
        check_sources(["mine", "mime", "yours"], {"other", "mine"}, default, "--rates")
    assert raised.value.message == (
        "no question is of the source 'mime', 'yours'. The sources of the data are mine, other."
    )
    assert raised.value.param_hint == "--rates"
