"""Deciding: from what was weighed to what is answered, refused or shown side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from index.types import TextRange
from service.agreement import sources
from service.calibration import log_odds
from service.candidates import Candidate, citation, cite
from service.covering import QuestionWords
from service.difference import sides
from service.evidence import evidence_range
from service.reading import Reading
from service.types import Answer, Citation, Form, Reason, Relation, Status
from service.weighing import Weighed

MARGIN = 5.0
"""How far another answer's log odds may lie below the best one's: a hundredth of them."""

LEAST_SIMILARITY = 0.25
"""Cosine similarity to the question below which no passage is near it in meaning."""

_HEAD = 10
"""Passages by which that is judged, so that it doesn't depend on how many are found."""

_CLOSEST = 3
"""Sentences named where there is no answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether there is an answer, and what it is.

    Attributes:
        answer: Words of the best candidate; empty if there is none.
        sides: Groups that differ from the best one, most probable first.
    """

    status: Status
    answer: str
    sides: Sequence[int]

    def is_like(self, other: Verdict | None) -> bool:
        """Whether the other one says the same."""
        return other is not None and (self.status, self.answer) == (other.status, other.answer)


def decide(weighed: Weighed, question: str, floor: float) -> Verdict:
    """Whether the best group answers the question, and which ones differ from it.

    A question none of whose names is found, and that no passage is near, isn't answered however
    sure the reader is: "What is the capital of Peru?" of articles on Libya.

    Args:
        weighed: What was read and weighed.
        question: What was asked.
        floor: Least confidence of an answer; 0 refuses nothing.
    """
    if not weighed.ranked:
        return Verdict("no_answer", "", ())
    best = weighed.ranked[0]
    answer = weighed.considered.candidates[weighed.lead(best)].quote
    is_unsure = weighed.confidences[best] < floor
    if is_unsure or (floor > 0 and weighed.considered.is_foreign and not _is_near(weighed)):
        return Verdict("no_answer", answer, ())
    others = sides(weighed, question)
    return Verdict("differing" if others else "answered", answer, others)


def answers(weighed: Weighed, verdict: Verdict, floor: float, top_k: int) -> list[Answer]:
    """What is answered, best first; of a verdict of differing answers the sides alone, by date.

    Args:
        weighed: What was read and weighed.
        verdict: What was decided of it.
        floor: Least confidence of an answer.
        top_k: Most answers; of differing ones all sides.

    Raises:
        FalseCitation: A quote doesn't stand where it should; a defect.
    """
    if verdict.status == "no_answer":
        return []
    best, *others = weighed.ranked
    if verdict.status == "differing":
        return _in_order_of_date([_answer(weighed, group) for group in (best, *verdict.sides)])
    told = [_answer(weighed, best)]
    lowest = log_odds(float(weighed.masses[best])) - MARGIN
    for group in others:
        if len(told) >= top_k:
            break
        is_answer = (
            weighed.confidences[group] >= floor and log_odds(float(weighed.masses[group])) >= lowest
        )
        if is_answer and not _is_told(further := _answer(weighed, group), told):
            told.append(further)
    return told


def _answer(weighed: Weighed, group: int) -> Answer:
    members = weighed.members(group)
    lead = members[0]
    cited = [lead, *(c for c in sources(members) if c is not lead)]
    by_passage: dict[int, Citation] = {}
    form: Form = "quote"
    for candidate in cited:
        place = _evidence(weighed, candidate)
        if candidate is lead and place is not None:
            form = "evidence"
        by_passage.setdefault(candidate.hit.passage_id, cite(candidate, place))
    citations = _apart(by_passage.values())
    return Answer(
        answer=citations[0].cited_text,
        form=form,
        score=log_odds(float(weighed.masses[group])),
        confidence=float(weighed.confidences[group]),
        support=int(weighed.considered.support[group]),
        is_side=False,
        relation=None,
        citations=citations,
    )


def _evidence(weighed: Weighed, candidate: Candidate) -> TextRange | None:
    return evidence_range(
        weighed.considered.asked,
        candidate.document.document.text,
        candidate.document.sentences,
        candidate.start,
        candidate.end,
    )


def _apart(citations: Iterable[Citation]) -> list[Citation]:
    """Citations, each that overlaps an earlier one left out."""
    kept: list[Citation] = []
    for one in citations:
        if not any(_overlap(one, other) for other in kept):
            kept.append(one)
    return kept


def _overlap(one: Citation, other: Citation) -> bool:
    return (
        one.document_id == other.document_id
        and one.start_char_index < other.end_char_index
        and other.start_char_index < one.end_char_index
    )


def _is_told(answer: Answer, told: Sequence[Answer]) -> bool:
    """Whether its best citation is within one of an answer before it, as items of one list are."""
    return any(_overlap(answer.citations[0], c) for other in told for c in other.citations)


def _in_order_of_date(told: Sequence[Answer]) -> list[Answer]:
    """Sides in order of their reports' dates, undated ones last, each with its relation.

    The relation is to the best side, and of that one to the strongest other one.
    """
    best, strongest = told[0], told[1]
    related = [
        replace(side, is_side=True, relation=_relation(side, strongest if side is best else best))
        for side in told
    ]
    return sorted(related, key=lambda side: side.citations[0].published_at or "9999")


def _relation(side: Answer, other: Answer) -> Relation | None:
    ours, theirs = side.citations[0].published_at, other.citations[0].published_at
    if ours is None or theirs is None or ours == theirs:
        return None
    return "earlier" if ours < theirs else "later"


def reason(weighed: Weighed) -> Reason:
    """Why there is no answer."""
    is_relevant = bool(weighed.ranked) and not weighed.considered.is_foreign and _is_near(weighed)
    return "low_confidence" if is_relevant else "nothing_relevant"


def _is_near(weighed: Weighed) -> bool:
    hits = weighed.considered.hits[:_HEAD]
    return max(hit.similarity for hit in hits) >= LEAST_SIMILARITY


def closest(reading: Reading, words: QuestionWords) -> list[Citation]:
    """Of each of the first passages the sentence that covers the question best.

    Args:
        reading: What was found.
        words: Of the question.
    """
    named = []
    for hit in reading.hits[:_CLOSEST]:
        document = reading.document(hit)
        within = [s for s in document.sentences if hit.start <= s.start and s.end <= hit.end]
        place = max(
            within,
            key=lambda s: words.coverage(document.document.text[s.start : s.end]),
            default=TextRange(hit.start, hit.end),
        )
        named.append(citation(document, hit, place))
    return named
