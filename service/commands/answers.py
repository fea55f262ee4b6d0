"""How answers are told on the command line."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import click

from service.types import Answer, AnswerSet, Citation, Explanation

_REASONS = {
    "nothing_relevant": "Nothing in them is about it.",
    "low_confidence": "Some of them are about it, but none answers it surely enough.",
}
_SPANS = 10
"""Spans and groups of an explanation that are printed."""


def print_answers(answer_set: AnswerSet) -> None:
    """Print what is answered, or why nothing is and what comes closest."""
    if answer_set.status == "no_answer":
        click.secho("Not in these documents.", bold=True)
        if answer_set.reason is not None:
            click.echo(_REASONS[answer_set.reason])
        if answer_set.closest:
            click.echo("\nClosest, but not an answer:\n")
        for citation in answer_set.closest:
            click.echo(f"  {on_a_line(citation.cited_text)}")
            _print_place(citation)
    if answer_set.status == "differing":
        click.secho("The documents differ.\n", fg="yellow", bold=True)
    for answer in answer_set.answers:
        _print_answer(answer)
    if answer_set.explanation is not None:
        _print_explanation(answer_set.explanation)


def _print_answer(answer: Answer) -> None:
    click.secho(on_a_line(answer.answer), bold=True)
    told = [f"confidence {answer.confidence:.0%}"]
    if answer.support > 1:
        told.append(f"{answer.support} independent sources")
    if answer.relation is not None:
        told.append(f"the {answer.relation} report")
    if answer.form == "evidence":
        told.append("evidence, not the answer itself")
    click.echo(f"  {', '.join(told)}")
    for citation in answer.citations:
        quote = click.style(on_a_line(citation.cited_text), underline=True)
        click.echo(f"  {on_a_line(citation.before)}{quote}{on_a_line(citation.after)}")
        _print_place(citation)


def _print_place(citation: Citation) -> None:
    title = on_a_line(citation.document_title or "untitled")
    click.secho(
        f"  {title}, {citation.published_at or 'undated'}, {citation.document_id} "
        f"[{citation.start_char_index}, {citation.end_char_index})\n",
        dim=True,
    )


def _print_explanation(explained: Explanation) -> None:
    settled = "more would change nothing" if explained.is_settled else "all that was found"
    click.secho("Why", bold=True)
    click.echo(
        f"Read {len(explained.texts)} passages in {explained.rounds} rounds ({settled}); "
        f"none of the spans: {explained.none_probability:.0%}."
    )
    if explained.is_foreign:
        click.echo("None of the question's names stands in the passages found.")
    click.echo("\nPassages read: similarity, BM25, found by, document")
    for text in explained.texts:
        click.echo(
            f"  {text.similarity:5.2f} {text.lexical:7.2f}  {' and '.join(text.by) or '-':<17}  "
            f"{text.document_id} [{text.start}, {text.end})"
        )
    click.echo("\nAnswers weighed: probability, confidence, sources, words")
    for group in explained.groups[:_SPANS]:
        click.echo(
            f"  {group.probability:6.1%} {group.confidence:6.1%} {group.support:3d}  "
            f"{on_a_line(group.answer)} ({group.why})"
        )
    click.echo(f"\nSpans: probability, {', '.join(_names(explained))}, words")
    for span in explained.spans[:_SPANS]:
        values = " ".join(f"{value:6.2f}" for value in span.features.values())
        click.echo(f"  {span.probability:6.1%} {values}  {on_a_line(span.quote)}")


def _names(explained: Explanation) -> Sequence[str]:
    return list(explained.spans[0].features) if explained.spans else []


def on_a_line(text: str) -> str:
    """A text with each control character, line breaks among them, shown as a space."""
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
