"""Reading: which texts the reader sees, and what they offer as answers.

A passage is read with the sentences next to it, and each sentence once: a neighbour that is read
with another passage, or as a passage of its own, isn't read again. Passages are read in rounds, so
that what is read first doesn't depend on how much may be read.

A reader's scores sink in longer texts. So the sentences of the best spans are read once more after
each round, each alone: what else is in a text has no part in the score that a span has there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, Protocol

from index.filters import Filters
from index.search import SearchResult
from index.types import Hit, StoredDocument, TextRange
from service.candidates import Candidate, check_quote
from service.reader import Reader
from service.spans import decode, span_score
from service.types import ReadText, WindowLogits

ROUNDS = (5, 10, 20, 40, 60, 80, 100)
"""How many passages have been read after each round."""

ALONE = 5
"""Sentences that are read alone after each round, if they haven't been before."""

_BOTH_SIDES = 0.5
"""Share of the best similarity or BM25 from which a side of the search speaks for a passage."""


class Library(Protocol):
    """What answering needs of a collection."""

    def search(self, query: str, limit: int, filters: Filters | None = None) -> SearchResult:
        """The passages that match a query best."""

    def stored_document(self, document_id: str, revision: str) -> StoredDocument:
        """One revision of a document."""


_Revision = tuple[str, str]
_Sentence = tuple[str, str, TextRange]


@dataclass(slots=True)
class Reading:
    """What has been read for a question so far.

    Attributes:
        hits: What was found, best first.
        read: How many of the hits have been read.
        rounds: In how many rounds.
        candidates: What the texts offer, text by text.
        texts: What was read, in order.
    """

    library: Library
    reader: Reader
    question: str
    hits: Sequence[Hit]
    n_best: int
    max_answer_tokens: int
    read: int = 0
    rounds: int = 0
    candidates: list[Candidate] = field(default_factory=list)
    texts: list[ReadText] = field(default_factory=list)
    _documents: dict[_Revision, StoredDocument] = field(default_factory=dict)
    _taken: dict[_Revision, list[TextRange]] = field(default_factory=dict)
    _alone: dict[_Sentence, Sequence[WindowLogits]] = field(default_factory=dict)

    @property
    def is_exhausted(self) -> bool:
        """Whether all that was found has been read."""
        return self.read == len(self.hits)

    def document(self, hit: Hit) -> StoredDocument:
        """The document of a hit, as the hit counts."""
        key = (hit.document_id, hit.revision)
        if key not in self._documents:
            self._documents[key] = self.library.stored_document(*key)
        return self._documents[key]

    def read_on(self, check: Callable[[], None]) -> None:
        """Read the next round's passages.

        Args:
            check: Called between batches; raises if the work has become pointless.

        Raises:
            QuestionTooLong: The question leaves no room for the text.
            FalseCitation: A hit isn't what stands at its place; a defect.
        """
        upto = next((n for n in ROUNDS if n > self.read), len(self.hits))
        hits = self.hits[self.read : upto]
        cores = [self._core(hit) for hit in hits]
        places = [self._place(hit, core) for hit, core in zip(hits, cores, strict=True)]
        kept = [n for n, place in enumerate(places) if place.start < place.end]
        texts = [
            self.document(hits[n]).document.text[places[n].start : places[n].end] for n in kept
        ]
        logits = self.reader.read(self.question, texts, check)
        for n, windows, text in zip(kept, logits, texts, strict=True):
            self._offer(hits[n], places[n], text, windows)
        self._read_alone(check)
        self.read += len(hits)
        self.rounds += 1

    def score_alone(self, candidate: Candidate) -> float:
        """A candidate's score in its sentence alone; its score in its text if that wasn't read."""
        sentence = _sentence_of(candidate)
        begin = sentence[-1].start
        windows = self._alone.get(sentence, ())
        found = span_score(windows, candidate.start - begin, candidate.end - begin)
        return candidate.score if found is None else found

    def _read_alone(self, check: Callable[[], None]) -> None:
        """Read the sentences of the best spans, each as a text of its own."""
        best = sorted(self.candidates, key=lambda candidate: -candidate.score)
        sentences = {_sentence_of(c): c.document.document.text for c in best}
        read = {(t.document_id, t.revision, TextRange(t.start, t.end)) for t in self.texts}
        wanted = {
            sentence: text[slice(*sentence[-1])]
            for sentence, text in islice(sentences.items(), ALONE)
            if sentence not in self._alone and sentence not in read
        }
        if wanted:
            logits = self.reader.read(self.question, list(wanted.values()), check)
            self._alone.update(zip(wanted, logits, strict=True))

    def _offer(
        self, hit: Hit, place: TextRange, text: str, windows: Sequence[WindowLogits]
    ) -> None:
        """Take what a text offers among the candidates."""
        found = decode(windows, text, n_best=self.n_best, max_answer_tokens=self.max_answer_tokens)
        self.texts.append(_read_text(hit, place, found.null_score, self.hits))
        self.candidates += [
            Candidate(
                document=self.document(hit),
                hit=hit,
                start=place.start + span.start,
                end=place.start + span.end,
                quote=text[span.start : span.end],
                score=span.score,
                null_score=found.null_score,
            )
            for span in found.spans
        ]

    def _core(self, hit: Hit) -> TextRange:
        """What of a passage hasn't been read with others before; it is taken by it then."""
        check_quote(self.document(hit), hit.start, hit.end, hit.text)
        taken = self._taken.setdefault((hit.document_id, hit.revision), [])
        start, end = hit.start, hit.end
        for other in taken:
            if other.start <= start < other.end:
                start = other.end
            if other.start < end <= other.end:
                end = other.start
        core = TextRange(start, max(start, end))
        taken.append(core)
        return core

    def _place(self, hit: Hit, core: TextRange) -> TextRange:
        """A passage's rest and the sentences next to it that nothing else takes."""
        taken = self._taken[hit.document_id, hit.revision]
        start, end = reading_range(self.document(hit), hit)
        if core.start > hit.start or any(
            other.start < core.start and start < other.end for other in taken
        ):
            start = core.start
        if core.end < hit.end or any(core.end < other.end and other.start < end for other in taken):
            end = core.end
        place = TextRange(start, end) if core.start < core.end else core
        taken.append(place)
        return place


def _sentence_of(candidate: Candidate) -> _Sentence:
    return candidate.document_id, candidate.hit.revision, candidate.sentence


def reading_range(document: StoredDocument, hit: Hit) -> TextRange:
    """A passage and the sentences next to it, unless page debris lies between."""
    sentences = document.sentences
    first = bisect_left(sentences, hit.start, key=lambda s: s.start)
    last = bisect_right(sentences, hit.end, key=lambda s: s.end) - 1
    start, end = hit.start, hit.end
    if first > 0 and not _debris_within(document, sentences[first - 1].end, start):
        start = sentences[first - 1].start
    if last + 1 < len(sentences) and not _debris_within(document, end, sentences[last + 1].start):
        end = sentences[last + 1].end
    return TextRange(start, end)


def _debris_within(document: StoredDocument, start: int, end: int) -> bool:
    following = bisect_left(document.excluded, start, key=lambda r: r.end)
    return following < len(document.excluded) and document.excluded[following].start < end


def _read_text(hit: Hit, place: TextRange, null_score: float, hits: Sequence[Hit]) -> ReadText:
    near = max(other.similarity for other in hits)
    worded = max(other.lexical for other in hits)
    by: list[Literal["meaning", "words"]] = []
    if hit.similarity >= _BOTH_SIDES * near:
        by.append("meaning")
    if worded > 0 and hit.lexical >= _BOTH_SIDES * worded:
        by.append("words")
    return ReadText(
        passage_id=hit.passage_id,
        document_id=hit.document_id,
        revision=hit.revision,
        start=place.start,
        end=place.end,
        similarity=hit.similarity,
        lexical=hit.lexical,
        by=tuple(by),
        null_score=null_score,
    )
