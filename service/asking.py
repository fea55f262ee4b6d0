"""What a question asks for, told from its English words; of other languages, always a quote."""

from __future__ import annotations

from typing import Literal

import regex

from index.lexical_view.words import COMMON_WORDS, split_words

Asked = Literal["quote", "yes_no", "why", "how", "list"]
"""`quote` is answered by a span; the others by evidence: a sentence, or a whole list."""

Expected = Literal["number", "date", "name", "place"]

_AUXILIARY = (
    r"(?:is|are|am|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might"
    r"|must)(?:n['\u2019]t)?"
)
_ASKED_OF_ONE = regex.compile(
    r"^(?:(?:can|could|would|will) you (?:please )?(?:tell|show) (?:me|us)|do you know"
    r"|(?:please )?tell (?:me|us)|i (?:want|would like|['\u2019]d like) to know)[\s,:]+(?:about\s+)?",
    regex.IGNORECASE,
)
_CLAUSE = regex.compile(r"^[^,?]{1,120},\s+", regex.IGNORECASE)
_YES_NO = regex.compile(rf"^{_AUXILIARY}\b", regex.IGNORECASE)
_CHOICE = regex.compile(r"\s(?:or|/)\s", regex.IGNORECASE)
_WHY = regex.compile(
    r"^(?:and |so |but )?(?:why\b|how come\b|for (?:what|which) (?:reason|purpose)s?\b"
    r"|what (?:is|was|are|were) the (?:main |primary )?reasons?\b"
    r"|what (?:led|caused|made|prompted)\b)",
    regex.IGNORECASE,
)
_HOW = regex.compile(
    rf"^(?:and |so |but )?how\s+(?:well\b|exactly\b|(?:{_AUXILIARY}|to)\b)", regex.IGNORECASE
)
_QUESTION_WORD = regex.compile(
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", regex.IGNORECASE
)
_LIST = regex.compile(
    r"^(?:(?:which|what)(?:\s+(?:other|different|main|major|two|three|four|five|six|seven|eight"
    r"|several|\d+))*\s+(?P<plural>[a-z]{3,}s)\s+(?P<verb>[a-z]+)"
    r"|(?:name|list|give)\s+(?:all\s+|the\s+|some\s+|two\s+|three\s+|four\s+|five\s+)+[a-z]+"
    r"|who\s+(?:are|were)\s+the\s+(?:[a-z]+\s+)?(?:members|founders|leaders|authors|winners|owners"
    r"|participants|parties|rivals|countries)\b"
    r"|what\s+(?:are|were)\s+(?:the\s+)?(?:names\b|(?:two|three|four|five|six|seven|eight)\b"
    r"|(?:some|all)\b|the\s+(?:main|major|different)\b))",
    regex.IGNORECASE,
)
_NO_PLURAL = frozenset(
    "was is has does class process species series means news address happens occurs becomes gives "
    "makes takes comes goes refers describes contains includes causes allows helps uses separates "
    "business access bus gas basis status census virus mass glass congress press success loss "
    "distress illness politics physics economics mathematics athletics genius corpus campus".split()
)
_PLURAL_VERBS = frozenset(
    "are were have do back support backed supported make made form formed took take belong include "
    "included can could did will would make border surround had exist existed caused helped led "
    "lead speak spoke live lived participated attended".split()
)
_PATTERNS: tuple[tuple[Expected, regex.Pattern[str]], ...] = (
    (
        "number",
        regex.compile(
            r"\bhow (?:many|much|old|tall|high|long|far|large|big|wide|deep|heavy|fast|often)\b"
            r"|\bwhat (?:percent|percentage|number|amount|population|share|proportion)\b"
            r"|\bwhat (?:is|was|were|are) the (?:[a-z]+ )?(?:population|number|percentage|total"
            r"|amount|cost|price|size|length|height|area|toll|temperature|speed)\b",
            regex.IGNORECASE,
        ),
    ),
    (
        "date",
        regex.compile(
            r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|decade|century|time)\b",
            regex.IGNORECASE,
        ),
    ),
    ("place", regex.compile(r"\bwhere\b", regex.IGNORECASE)),
    (
        "name",
        regex.compile(
            r"\bwho(?:m|se)?\b|\b(?:what|which) (?:[a-z]+ )?(?:person|man|woman|president|minister"
            r"|king|queen|country|nation|city|town|state|company|organi[sz]ation|team|river)\b"
            r"|\bwhat (?:is|was) the (?:[a-z]+ )?name\b",
            regex.IGNORECASE,
        ),
    ),
)
_CAPITALISED = regex.compile(r"(?<![\p{L}\p{N}])\p{Lu}[\p{L}\p{M}\p{N}'\u2019.-]*")
_BEGINNING = regex.compile(r"[^\p{L}\p{N}]*[\p{L}\p{M}\p{N}'\u2019-]+")


def asked_for(question: str) -> Asked:
    """What form of answer a question wants."""
    asked = _ASKED_OF_ONE.sub("", question.strip(), count=1)
    if _WHY.match(asked):
        return "why"
    if _HOW.match(asked):
        return "how"
    if _is_yes_no(asked):
        return "yes_no"
    if _CLAUSE.match(asked) and not _QUESTION_WORD.match(asked):
        rest = _CLAUSE.sub("", asked, count=1)
        if _is_yes_no(rest):
            return "yes_no"
        if _WHY.match(rest):
            return "why"
        if _HOW.match(rest):
            return "how"
    found = _LIST.match(asked)
    if found is None:
        return "quote"
    plural = found["plural"]
    if plural is None:
        return "list"
    is_list = plural.lower() not in _NO_PLURAL and found["verb"].lower() in _PLURAL_VERBS
    return "list" if is_list else "quote"


def _is_yes_no(asked: str) -> bool:
    return (
        _YES_NO.match(asked) is not None
        and asked.rstrip().endswith("?")
        and not _CHOICE.search(asked)
        and not _QUESTION_WORD.search(asked[:40])
    )


def expected_kind(question: str) -> Expected | None:
    """What kind of thing answers a question, as far as its question word says."""
    found = [
        (match.start(), kind) for kind, of in _PATTERNS if (match := of.search(question)) is not None
    ]
    return min(found)[1] if found else None


def asked_names(question: str) -> frozenset[str]:
    """Names in a question, as the terms of `split_words`: to see whether any text holds one.

    Capitalised words, but for the first one and for a question in capitals throughout.
    """
    letters = [c for c in question if c.isalpha()]
    if not letters or sum(c.isupper() for c in letters) > len(letters) / 2:
        return frozenset()
    first = _BEGINNING.match(question)
    begin = first.end() if first else 0
    return frozenset(
        term
        for match in _CAPITALISED.finditer(question)
        if match.start() >= begin
        for word in split_words(match[0])
        for term in word
        if term not in COMMON_WORDS and len(term) > 1
    )
