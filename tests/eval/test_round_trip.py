"""A thousand hostile documents through the whole path: every citation stands where it says.

Readers whose logits anyone can work out cite exactly the occurrence that answers: one that cuts
texts with a regular expression, one that has the shipped tokenizer's windows and character map.
The real models may be wrong about the answer, but not about where it stands.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import regex
from fakes import FakeEmbedder, FakeReader
from hostile_documents import (
    EMOJI,
    FAMILY,
    FLAGS,
    IN_A_COLLECTION,
    KEYCAP,
    LOUD,
    NAMES,
    NUMBERS,
    QUIET,
    Case,
    make_cases,
    stored_form,
)
from reader_forms import SHIPPED
from shelf import PLAIN
from tokenizers import Encoding

from index.catalog import Catalog
from index.collection import Collection
from index.documents import make_document
from index.embedder import Embedder
from index.ingest import Ingester
from index.types import StoredDocument
from service.answering import Answerer
from service.onnx_reader import load_tokenizer
from service.reader import Logits, Reader, WindowedReader
from service.settings import Settings
from service.types import AnswerSet, Citation
from service.wiring import load_embedder, load_reader

DOCUMENTS = 1_000
TOP_K = 3


class WideEmbedder(FakeEmbedder):
    """Hardly any two words share a component, so that few passages have to be read."""

    model_id = "wide-fake-embedder@1"
    dimension = 1024

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in enumerate(texts):
            for start, end in self.token_offsets(text):
                digest = hashlib.sha256(text[start:end].lower().encode()).digest()
                vectors[row, int.from_bytes(digest[:2], "big") % self.dimension] += 1.0
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class TokenReader(WindowedReader):
    """The shipped reader's tokenizer, with logits that follow from the tokens' words alone.

    The answer stands between "hung" or "brought by" and "before dawn", the better the more of the
    question's words come before it. Elsewhere a token's checksum decides, so that whatever scripts
    a text has are cited too. Windows are small, so that most texts have several.
    """

    model_id = "token-reader@1"

    def __init__(self) -> None:
        super().__init__(load_tokenizer(SHIPPED), SHIPPED, max_tokens=160, stride=48, batch_size=8)

    def score(self, windows: Sequence[Encoding]) -> Sequence[Logits]:
        return [token_logits(window.tokens, window.sequence_ids) for window in windows]


def token_logits(tokens: list[str], parts: list[int | None]) -> Logits:
    """What `TokenReader` thinks of a window's tokens; part 0 is the question, part 1 the text."""
    start = np.array([-10 - zlib.crc32(t.encode()) % 1000 / 100 for t in tokens], dtype=np.float32)
    end = np.array([-10 - zlib.adler32(t.encode()) % 1000 / 100 for t in tokens], dtype=np.float32)
    start[0] = end[0] = 0.0
    asked = [token for token, part in zip(tokens, parts, strict=True) if part == 0]
    counted = asked[2 : asked.index("hung")] if "hung" in asked else []
    closing = [*counted, "before", "dawn"]
    text = parts.index(1)
    for first in range(text + 2, len(tokens)):
        if tokens[first - 1] == "hung" or tokens[first - 2 : first] == ["brought", "by"]:
            known = len(set(asked) & set(tokens[max(text, first - 40) : first]))
            for last in range(first, len(tokens)):
                if tokens[last + 1 : last + 1 + len(closing)] == closing:
                    start[first] = end[last] = 10.0 * known
                    break
    return start, end


def grapheme_boundaries(text: str) -> set[int]:
    return {0, *accumulate(len(cluster) for cluster in regex.findall(r"\X", text))}


def inside_numbers(text: str) -> set[int]:
    """Offsets at which a number would be cut."""
    numbers = re.finditer(r"\d+(?:[.,:'’\u00a0\u202f]\d+)*", text)
    return {at for match in numbers for at in range(match.start() + 1, match.end())}


def check_citation(citation: Citation, stored: StoredDocument) -> None:
    """Sees that a citation quotes the stored text, whole characters and numbers, and no debris."""
    text = stored.document.text
    start, end = citation.start_char_index, citation.end_char_index
    assert citation.revision == stored.document.revision
    assert 0 <= start < end <= len(text)
    assert text[start:end] == citation.cited_text
    assert text[:start].endswith(citation.before)
    assert text[end:].startswith(citation.after)
    assert {start, end} <= grapheme_boundaries(text), (text[start - 5 : end + 5], start, end)
    assert not {start, end} & inside_numbers(text), (text[start - 5 : end + 5], start, end)
    assert all(end <= debris.start or debris.end <= start for debris in stored.excluded)


@dataclass(frozen=True)
class Shelf:
    """Some of the documents, indexed."""

    cases: Sequence[Case]
    stored: dict[str, StoredDocument]
    collection: Collection

    def ask(self, case: Case, reader: Reader, max_passages: int) -> AnswerSet:
        """Asks a case's question and checks every citation of what is answered."""
        # The defaults were measured with the real models.
        answerer = Answerer(
            self.collection,
            reader,
            PLAIN,
            min_confidence=0.0,
            n_best=TOP_K,
        )
        found = answerer.answer(case.question, top_k=TOP_K, max_passages=max_passages)
        assert found.status == "answered"
        for answer in found.answers:
            assert answer.answer == answer.citations[0].cited_text
            for citation in answer.citations:
                check_citation(citation, self.stored[citation.document_id])
        return found


def put_on_shelf(catalog: Catalog, cases: Sequence[Case], embedder: Embedder) -> Shelf:
    ingester = Ingester(catalog, embedder)
    for case in cases:
        document, warnings = make_document(case.document_id, case.raw.encode(), max_bytes=100_000)
        assert (document.text, warnings) == (stored_form(case.raw), [])
        ingester.put(document)
    ingester.refresh()
    with catalog.snapshot() as snapshot:
        stored = {case.document_id: snapshot.stored_document(case.document_id) for case in cases}
    return Shelf(cases, stored, Collection(catalog, embedder))


@pytest.fixture(scope="module")
def cases() -> Sequence[Case]:
    return make_cases(DOCUMENTS)


@pytest.fixture(scope="module")
def chosen(cases: Sequence[Case]) -> Sequence[Case]:
    """As many as the real models can read in a moment."""
    return cases[2::15]


@pytest.fixture(scope="module")
def shelves(
    cases: Sequence[Case], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sequence[Shelf]]:
    folder = tmp_path_factory.mktemp("shelves")
    catalogs = [
        Catalog(folder / f"{begin}" / "catalog.sqlite", create=True)
        for begin in range(0, DOCUMENTS, IN_A_COLLECTION)
    ]
    yield [
        put_on_shelf(catalog, cases[i * IN_A_COLLECTION :][:IN_A_COLLECTION], WideEmbedder())
        for i, catalog in enumerate(catalogs)
    ]
    for catalog in catalogs:
        catalog.close()


def test_documents_are_as_hostile_as_they_should_be(cases: Sequence[Case]) -> None:
    assert len({case.raw for case in cases}) == DOCUMENTS
    assert min(case.occurrences for case in cases) >= 3
    for case in cases:
        text = stored_form(case.raw)
        assert text[case.start : case.start + len(case.answer)] == case.answer
        assert text.find(case.answer) < case.start
    hostile = [FAMILY, FLAGS, KEYCAP, "e\u0301", "Q\u0303", "\r\n", "השמש", "كانت", "太陽", "٣٤٥"]
    for sign in hostile:
        assert sum(sign in case.raw for case in cases) > 20, sign
    assert all(len(stored_form(c.raw)) < len(c.raw) for c in cases if "\r\n" in c.raw)


def test_the_chosen_documents_leave_nothing_out(chosen: Sequence[Case]) -> None:
    assert len(chosen) >= 60
    hostile = [*EMOJI, *QUIET, *LOUD, "\r\n"]
    assert [sign for sign in hostile if not any(sign in case.raw for case in chosen)] == []
    assert any("\r\n" not in case.raw for case in chosen)
    answers = {stored_form(answer) for answer in (*NUMBERS, *NAMES)}
    assert {case.answer for case in chosen} == answers


@pytest.mark.parametrize(
    "make_reader", [partial(FakeReader, window=96), TokenReader], ids=["fake", "tokenizer"]
)
def test_every_citation_round_trips_and_is_the_occurrence_that_was_read(
    shelves: Sequence[Shelf], make_reader: Callable[[], Reader]
) -> None:
    reader = make_reader()
    citations = 0
    for shelf in shelves:
        for case in shelf.cases:
            found = shelf.ask(case, reader, max_passages=2)
            citations += sum(len(answer.citations) for answer in found.answers)
            best = found.answers[0].citations[0]
            assert (best.document_id, best.cited_text, best.start_char_index) == (
                case.document_id,
                case.answer,
                case.start,
            )
    assert citations >= DOCUMENTS


def test_documents_have_debris_that_was_not_cited(shelves: Sequence[Shelf]) -> None:
    assert sum(len(d.excluded) for shelf in shelves for d in shelf.stored.values()) > DOCUMENTS


class TokenIdReader(WindowedReader):
    """The shipped reader's tokenizer, with tokens' ids for logits."""

    def __init__(self) -> None:
        super().__init__(load_tokenizer(SHIPPED), SHIPPED, max_tokens=160, stride=48, batch_size=8)

    def score(self, windows: Sequence[Encoding]) -> Sequence[Logits]:
        ids = [np.array(window.ids, dtype=np.float32) for window in windows]
        return list(zip(ids, ids, strict=True))


def folded(text: str) -> str:
    """Text as the shipped tokenizer compares it: in lower case, without combining marks."""
    marked = unicodedata.normalize("NFD", text.lower())
    return "".join(sign for sign in marked if unicodedata.category(sign) != "Mn")


def test_tokens_stand_where_the_shipped_readers_offsets_say(cases: Sequence[Case]) -> None:
    reader = TokenIdReader()
    words = {i: word for word, i in load_tokenizer(SHIPPED).tokenizer.get_vocab().items()}
    unknown = known = several = 0
    for case in cases:
        text = stored_form(case.raw)
        [windows] = reader.read(case.question, [text], lambda: None)
        several += len(windows) > 1
        held = np.zeros(len(text), dtype=np.bool_)
        for window in windows:
            for (start, end), token in zip(window.offsets.tolist(), window.start, strict=True):
                held[start:end] = True
                if words[int(token)] == "[UNK]":
                    assert not re.search(r"\s", text[start:end]), start
                    unknown += 1
                else:
                    assert folded(text[start:end]) == words[int(token)].removeprefix("##"), start
                    known += 1
        # Joiners, variation selectors and marks that follow a token's last letter.
        left = {unicodedata.category(text[at]) for at in np.flatnonzero(~held)}
        assert left <= {"Zs", "Cc", "Cf", "Mn"}
    assert min(several, unknown, known) > DOCUMENTS / 2


def test_the_real_models_cite_what_stands_there(chosen: Sequence[Case], tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog.sqlite", create=True)
    shelf = put_on_shelf(catalog, chosen, load_embedder(Settings()))
    reader = load_reader(Settings())
    citations = right = 0
    for case in shelf.cases:
        found = shelf.ask(case, reader, max_passages=1)
        citations += sum(len(answer.citations) for answer in found.answers)
        best = found.answers[0].citations[0]
        right += (best.document_id, best.cited_text, best.start_char_index) == (
            case.document_id,
            case.answer,
            case.start,
        )
    catalog.close()
    assert citations >= len(chosen)
    assert right > len(chosen) / 2
