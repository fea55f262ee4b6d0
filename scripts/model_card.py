"""The card that goes with a trained reader: what it is, its data and licences, command, scores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from index.embedder import DEFAULT_EMBEDDER

CARD = "README.md"

_LICENCES = {
    "fairytaleqa": "Apache-2.0",
    "halueval_hotpot": "MIT",
    "hotpot_dev1000": "CC BY-SA 4.0",
    "hotpot_explorer100": "CC BY-SA 4.0",
    "hybridqa_dev_passage": "MIT, text CC BY-SA",
    "qamr": "MIT, text CC BY-SA",
    "quoref_contrast": "CC BY 4.0",
    "quoref_sni": "CC BY 4.0",
    "squad_v1_train": "CC BY-SA 4.0",
    "squad_v2_train_unanswerable": "CC BY-SA 4.0",
    "squadshifts_amazon_reviews": "CC BY 4.0",
    "squadshifts_new_wiki": "CC BY 4.0",
    "squadshifts_reddit": "CC BY 4.0",
    "tatqa_text": "CC BY 4.0",
    "timeqa_human": "BSD-3-Clause, text CC BY-SA",
    "tweetqa": "CC BY-SA 4.0",
    "tydiqa_goldp_en": "Apache-2.0, text CC BY-SA",
}
"""Licence of each data set that the project's own mix takes, as its makers state it."""


def write_card(
    *,
    encoder: str,
    command: str,
    sources: Mapping[str, int],
    settings: Mapping[str, object],
    scores: Mapping[str, float],
) -> str:
    """A model card in Markdown, with the metadata block that model hubs read.

    Args:
        encoder: What the training began from. Only of the installed one is the licence known.
        command: The command that trained it, or resumed its training.
        sources: Questions by source.
        settings: All that decided the outcome.
        scores: Figures on held-out articles; empty if nothing was held out.
    """
    are_known = encoder == DEFAULT_EMBEDDER and sources.keys() <= _LICENCES.keys()
    data = "\n".join(
        f"| {source} | {questions:,} | {_LICENCES.get(source, 'not known to this script')} |"
        for source, questions in sorted(sources.items())
    )
    listed = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in settings.items())
    figures = "\n".join(
        f"| {name.replace('_', ' ')} | {value:.3f} |" for name, value in scores.items()
    )
    scored = (
        f"On windows of held-out articles:\n\n| figure | value |\n|---|---|\n{figures}"
        if scores
        else "None: nothing was held out of the training to measure it on."
    )
    return f"""---
language: en
license: {"apache-2.0" if are_known else "unknown"}
pipeline_tag: question-answering
base_model: {encoder}
---
# An extractive reader

Begins from {encoder}; trained by Pincite's `scripts/train_reader.py`. Given a question and a
passage it scores each token as the start and as the end of the answer, and [CLS] as "no answer".

## Training
```sh
{command}
```

{listed}

| data | questions | licence |
|---|---|---|
{data}

## Scores
{scored}
"""


_FRONT = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_LICENCE = re.compile(r"^license: (.+)$", re.MULTILINE)
_HEADING = re.compile(r"^#+ ", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A reader whose weights went into an average.

    Attributes:
        name: Its folder.
        share: Of the average, in (0, 1].
        card: Its card; empty if it has none.
    """

    name: str
    share: float
    card: str


def average_card(command: str, parts: Sequence[Part]) -> str:
    """The card of a mean of readers' weights: the parts' own cards stand in it, whole.

    Args:
        command: The command that averaged them.
        parts: The readers. The mean has their licence if all have the same.
    """
    licences = {found[1] if (found := _LICENCE.search(_front(p.card))) else None for p in parts}
    [licence] = licences if len(licences) == 1 else {None}
    shares = "\n".join(f"| {part.name} | {part.share:.2f} |" for part in parts)
    carried = "\n\n".join(f"## {part.name}\n{_carried(part.card)}" for part in parts)
    return f"""---
language: en
license: {licence or "unknown"}
pipeline_tag: question-answering
---
# An averaged reader

The mean of the weights of readers, whose own cards follow: data, licences, commands and scores.

```sh
{command}
```

| reader | share |
|---|---|
{shares}

{carried}
"""


def holds_scores(card: str) -> bool:
    """Whether a card has a table under a heading that begins with "Scores"."""
    is_under = False
    for line in card.splitlines():
        if line.startswith("## "):
            is_under = line.startswith("## Scores")
        elif is_under and line.startswith("|"):
            return True
    return False


def _front(card: str) -> str:
    """What stands between the dashes at a card's beginning, for hubs."""
    front = _FRONT.match(card)
    return front[1] if front else ""


def _carried(card: str) -> str:
    """A card without its front, its headings two levels lower; code is left as it is."""
    text = _FRONT.sub("", card, count=1).strip() if _front(card) else card.strip()
    if not text:
        return "This reader has no card: its data and their licences are unknown."
    lowered: list[str] = []
    at = 0
    for fence in _FENCE.finditer(text):
        lowered += _HEADING.sub(r"##\g<0>", text[at : fence.start()]), fence[0]
        at = fence.end()
    return "".join([*lowered, _HEADING.sub(r"##\g<0>", text[at:])])
