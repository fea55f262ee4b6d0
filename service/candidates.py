"""Candidates: spans in a document's own offsets, and the citations that they become.

A citation is checked against the document before it leaves here: rather an error than a quote that
isn't where it is said to be.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from index.types import Hit, StoredDocument, TextRange
from service.errors import FalseCitation
from service.types import Citation


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that may answer, in a document's own offsets.

    Attributes:
        hit: The passage through which it was found.
        start: Offset in the document's text.
        end: Offset after it.
        quote: The words that the reader saw there.
        score: Sum of its start and end logits.
        null_score: Logits of "not answered here" of the text that it stands in.
    """

    document: StoredDocument
    hit: Hit
    start: int
    end: int
    quote: str
    score: float
    null_score: float

    @property
    def document_id(self) -> str:
        """Its document."""
        return self.document.document.document_id

    @property
    def margin(self) -> float:
        """How far its logits exceed those of "not answered here"."""
        return self.score - self.null_score

    @property
    def sentence(self) -> TextRange:
        """The sentence that it stands in; of several, from the first to the last."""
        return sentence_around(self.document, self.start, self.end)

    @property
    def main_sentence(self) -> TextRange:
        """Of the sentences that it stands in, the one that holds most of it."""
        return max(
            _sentences_of(self.document, self.start, self.end),
            key=lambda s: min(s.end, self.end) - max(s.start, self.start),
        )

    @property
    def crosses(self) -> bool:
        """Whether it runs over the end of a sentence or a line."""
        first = _sentences_of(self.document, self.start, self.end)[0]
        return "\n" in self.quote or self.end > first.end > self.start

    @property
    def before(self) -> str:
        """Its sentence's words before it."""
        return self.document.document.text[self.sentence.start : self.start]

    @property
    def after(self) -> str:
        """Its sentence's words after it."""
        return self.document.document.text[self.end : self.sentence.end]


def sentence_around(document: StoredDocument, start: int, end: int) -> TextRange:
    """The sentences that hold a range of a document, the range included."""
    held = _sentences_of(document, start, end)
    return TextRange(min(start, held[0].start), max(end, held[-1].end))


def _sentences_of(document: StoredDocument, start: int, end: int) -> Sequence[TextRange]:
    """The sentences that a range of a document stands in; between two, both."""
    sentences = document.sentences
    first = max(0, bisect_right(sentences, start, key=lambda s: s.start) - 1)
    last = min(len(sentences) - 1, bisect_left(sentences, end, key=lambda s: s.end))
    return sentences[first : last + 1]


def cite(candidate: Candidate, place: TextRange | None = None) -> Citation:
    """The citation of a candidate, or of the evidence around it.

    Args:
        candidate: What is cited.
        place: The range to cite, in the document's offsets; the candidate's own if None.

    Raises:
        FalseCitation: What the reader saw isn't what stands at that place of the document.
    """
    check_quote(candidate.document, candidate.start, candidate.end, candidate.quote)
    start, end = place or (candidate.start, candidate.end)
    return citation(candidate.document, candidate.hit, TextRange(start, end))


def citation(stored: StoredDocument, hit: Hit, place: TextRange) -> Citation:
    """The citation of a range of a document, with the rest of its sentence."""
    document = stored.document
    around = sentence_around(stored, *place)
    return Citation(
        document_id=document.document_id,
        document_title=document.title,
        source_url=document.source_url,
        published_at=document.published_at,
        published_at_source=document.published_at_source,
        revision=document.revision,
        start_char_index=place.start,
        end_char_index=place.end,
        cited_text=document.text[place.start : place.end],
        before=document.text[around.start : place.start],
        after=document.text[place.end : around.end],
        passage_id=hit.passage_id,
    )


def check_quote(stored: StoredDocument, start: int, end: int, quote: str) -> None:
    """See that a quote stands where it is said to.

    Raises:
        FalseCitation: It doesn't.
    """
    if not quote or stored.document.text[start:end] != quote:
        raise FalseCitation(
            f"{stored.document.document_id!r} doesn't say {quote!r} at [{start}, {end}).",
            "This is a defect of Pincite: please report it. Nothing false was answered.",
        )
