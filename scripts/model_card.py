"""The card that goes with a trained reader: what it is, its data and licences, command, scores."""

from __future__ import annotations

from collections.abc import Mapping

from index.embedder import DEFAULT_EMBEDDER

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
