"""What a question asks for, told from its English words; of other languages, always a quote."""

from __future__ import annotations

from typing import Literal

import regex

from index.lexical_view.words import COMMON_WORDS, split_words

Asked = Literal["quote", "yes_no", "why", "how", "list"]
"""`quote` is answered by a span; the others by evidence: a sentence, or a whole list."""

Expected = Literal["number", "date", "name", "place"]

_LONGEST = 1000
"""Characters of a question that are looked at."""


def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.IGNORECASE)


_AUXILIARY = (
    r"(?:(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might"
    r"|must)(?:n['\u2019]?t)?|am|can['\u2019]t|won['\u2019]t)"
)
_QUESTION_WORD = r"(?:what|which|who|whom|whose|when|where|why|how)"
_ASKING = _compiled(
    r"^(?:and|so|but|well|ok|please|hello|hi)[\s,]+"
    r"|^(?:(?:can|could|would|will) (?:you|anyone|someone) (?:please )?"
    r"(?:tell|show|explain|say|remind|help|find out)(?: (?:to )?(?:me|us))?"
    r"|(?:does|do) (?:you|anyone|anybody|we) (?:happen to )?know"
    r"|(?:please )?(?:tell|show) (?:me|us)"
    r"|i (?:want|need|would like|['\u2019]d like|wonder|am wondering)(?: to know)?"
    r"|is it (?:known|clear)|(?:please )?explain)"
    rf"[\s,:]+(?:if\s+|whether\s+|(?=(?:\w+\s+)?{_QUESTION_WORD}\b))"
)
"""Words before the question proper."""

_WHETHER = _compiled(r"\b(?:if|whether)\s+\Z")
_CLAUSE_END = regex.compile(r",\s+")
_YES_NO = _compiled(rf"^{_AUXILIARY}\s+(?!(?:is|was|does|did|has)\b)")
_UNASKED = _compiled(r"^(?:may|will|can|must|might|shall|have an?|do not|don['\u2019]t|is not)\b")
"""How statements and orders may begin; a question that begins so has its mark."""

_CHOICE = _compiled(r"\bor\b(?!\s+(?:not|any|anyone|anything|less|otherwise|so)\b)")
_OPEN_CHOICE = _compiled(r"\b(?:any|anyone|anything|either|ever)\b.*\bor\b")
_INNER_QUESTION = _compiled(
    r"\b(?:in|of|at|on|by|from|for|to|with|during|before|after)\s+(?:what|which|whom|whose)\b"
    r"|\b(?:what|how (?:many|much))\b"
)
_WHY = _compiled(
    r"^(?:why\b|how come\b|(?:for|due to) (?:what|which) (?:reason|purpose|cause)s?\b"
    r"|what(?:['\u2019]s| is| was| are| were) the (?:\w+ )?(?:reason|cause)s?\b"
    r"|(?:what|which) (?:\w+ )?reasons?\b|what(?: \w+)? (?:led to|caused|prompted|motivated)\b"
    r"|what (?:made|makes) \w+ )"
)
_HOW = _compiled(rf"^how\s+(?:well\b|exactly\b|else\b|{_AUXILIARY}\b|to\b)")
_HOW_INDIRECT = _compiled(
    r"^how\s+(?!(?:many|much|old|tall|high|long|far|large|big|wide|deep|heavy|fast|often|close|late"
    r"|likely|about|come)\b)\w"
)
_CALLED = _compiled(
    r"\b(?:called|named|known|spelled|spelt|pronounced|abbreviated)\b"
    r"(?:\s+(?:in|as|by)\b[^?]*)?[?. ]*$"
)

_COUNT = r"(?:two|three|four|five|six|seven|eight|nine|ten|several|some|many|\d{1,2})"
_LISTED = _compiled(
    rf"^(?:(?:which|what)\s+(?:other\s+)?{_COUNT}\s+\w|(?:what|who)\s+(?:are|were)\s+"
    rf"(?:(?:all|some|any)\b|(?:(?:all\s+)?(?:of\s+)?the\s+)?(?:other\s+)?{_COUNT}\s+\w"
    r"|the\s+(?:main|major|different|various|names)\b))"
)
_NAME_THEM = _compiled(rf"^(?:name|list|give|enumerate)\s+(?:me\s+)?(?P<all>all\b|{_COUNT}\s)?")
_NAMED = _compiled(r"^(?:what|who)\s+(?:are|were)\s+the\s+")
_PREPOSITION = _compiled(
    r"^(?:in|on|at|to|from|by|with|for|of|under|between|among|against|into|through)\s+"
    r"(?=(?:what|which)\b)"
)
_OF_WHICH = _compiled(r"^(?:what|which)\s+")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}'\u2019-]+")
_PLURAL = _compiled(r"^[a-z-]{2,}[^su\W]s$|^(?:people|men|women|children|species)$")
_NO_PLURAL = frozenset(
    "acts allows athletics attracts basis becomes belongs besides causes chances "
    "characteristics comes contains converts corps depends describes determines differentiates "
    "dimensions distinguishes does drives economics ends exists gets gives goes happens has "
    "helps his holds includes is its keeps leads lies likes lives makes mathematics means needs "
    "news occurs odds others owns perhaps physics plays politics provides refers remains "
    "represents requires results runs says separates serves sets shows sits stands starts takes "
    "tells terms this towards turns uses wants was works".split()
)
"""Words that end like plurals: of one thing, or verbs."""

_AFTER_PLURAL = frozenset(
    "are were have do did does can could will would should must may might had back support border "
    "make form take surround exist cause lead speak live attend use give help cover hold own run "
    "play produce serve want came made took led went won gave fought spoke grew held became began "
    "left sent said whose".split()
)
"""Words that follow a noun in the plural, and no verb."""

_AFTER_THEM = frozenset("that who which".split())
_ADJECTIVE = _compiled(r"(?:al|ic|an|ese|ish|ive|ous|ern|ed|ing|ar|er|new|old|main)$")
_NO_NOUN = frozenset(
    "a an the is was are were do does did has have had can could will would should may might must "
    "of in on at to from by with for besides near within he she it they we you i there his her "
    "their its".split()
)
_MOST_ADJECTIVES = 3
_DETERMINERS = frozenset("the a an his her its their our this that these those".split())

_ASKS = _compiled(rf"\b{_QUESTION_WORD}(?:['\u2019]s)?\b")
_CLAUSE = _compiled(rf"(?:when|where)\s+(?!{_AUXILIARY}\b)")
"""Not the question itself: "when he came, what did he say?"."""

_KINDS: tuple[tuple[Expected, regex.Pattern[str]], ...] = (
    (
        "number",
        _compiled(
            r"how (?:many|much|old|tall|high|long|far|large|big|wide|deep|heavy|fast|often)\b"
            r"|(?:what|which) (?:\w+ )?(?:percent|percentage|number|amount|share|proportion)\b"
            r"|what(?:['\u2019]s| is| was| were| are) the (?:\w+ ){0,2}?(?:population|number|total"
            r"|percentage|amount|cost|price|length|height|toll|temperature|speed|distance|age)\b"
        ),
    ),
    (
        "date",
        _compiled(r"when\b|(?:what|which) (?:year|date|day|month|decade|century|time)s?\b"),
    ),
    ("place", _compiled(r"where\b")),
    (
        "name",
        _compiled(
            r"who(?:m|se|['\u2019]s)?\b|(?:what|which) (?:\w+ ){0,2}?(?:person|man|woman|president"
            r"|minister|king|queen|emperor|country|nation|city|town|state|county|province|company"
            r"|organi[sz]ation|team|river|island|university|party|actor|actress|author"
            r"|singer|band|album|book|film|movie|song|network|religion|language|planet)\b"
            r"|what(?:['\u2019]s| is| was) the (?:\w+ ){0,2}?names?\b"
        ),
    ),
)

_CALENDAR = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april may "
    "june july august september october november december mr mrs ms dr".split()
)
_TOKEN = regex.compile(r"(?:\p{L}\.){2,}|[\p{L}\p{M}\p{N}]+(?:['\u2019.][\p{L}\p{M}\p{N}]+)*")
_BEGINS_UPPER = regex.compile(r"\p{Lu}|\p{Lt}")
_ODD = regex.compile(r"\p{Ll}\p{M}*\p{Lu}|\p{Lu}\p{M}*\p{N}|\p{N}\p{Lu}|\p{Lu}\p{M}*\.?\p{Lu}")
"""Inner capitals, and letters with digits: `iPhone`, `A380`, `NATO`."""


def asked_for(question: str) -> Asked:
    """What form of answer a question wants."""
    asked, is_whether = _question_proper(question)
    if is_whether:
        return "quote" if _is_choice(asked) else "yes_no"
    if asked != question[:_LONGEST].strip() and _HOW_INDIRECT.match(asked):
        return "how"
    own = _own_form(asked)
    if own != "quote" or _ASKS.match(asked):
        return own
    for comma in _CLAUSE_END.finditer(asked):
        before, after = asked[: comma.start()], asked[comma.end() :]
        if _ASKS.search(before):
            break
        own = _own_form(after)
        if own != "quote":
            return own
    return "quote"


def _question_proper(question: str) -> tuple[str, bool]:
    """Without polite words before it, and whether they ask if something is so."""
    asked = question[:_LONGEST].strip()
    for _ in range(3):
        found = _ASKING.match(asked)
        if found is None:
            break
        asked = asked[found.end() :]
        if _WHETHER.search(found[0]):
            return asked, True
    return asked, False


def _own_form(asked: str) -> Asked:
    if _WHY.match(asked):
        return "why"
    if _HOW.match(asked):
        return "quote" if _CALLED.search(asked) else "how"
    if _is_yes_no(asked):
        return "yes_no"
    return "list" if _is_list(asked) else "quote"


def _is_yes_no(asked: str) -> bool:
    return (
        _YES_NO.match(asked) is not None
        and (asked.endswith("?") or not _UNASKED.match(asked))
        and not _is_choice(asked)
        and not _INNER_QUESTION.search(asked)
    )


def _is_choice(asked: str) -> bool:
    return _CHOICE.search(asked) is not None and not _OPEN_CHOICE.search(asked)


def _is_list(asked: str) -> bool:
    asked = _PREPOSITION.sub("", asked, count=1)
    if _LISTED.match(asked):
        return True
    for opening in (_NAME_THEM, _NAMED, _OF_WHICH):
        found = opening.match(asked)
        if found is None:
            continue
        rest = _WORD.findall(asked, found.end())[: _MOST_ADJECTIVES + 3]
        if opening is _NAME_THEM:
            if found["all"]:
                return True
            return rest[:1] in (["the"], ["some"]) and _plural_at(rest[1:], needs_verb=False)
        return _plural_at(rest, needs_verb=opening is _OF_WHICH)
    return False


def _plural_at(words: list[str], *, needs_verb: bool) -> bool:
    """Whether words begin with a noun in the plural, after no more than a few adjectives.

    Verbs look like plurals too: "which party rules in Melbourne", "which law states the limits".
    """
    for n, word in enumerate(words[: _MOST_ADJECTIVES + 1]):
        folded = word.lower()
        if folded in _NO_NOUN or folded in _NO_PLURAL or folded.endswith(("'s", "\u2019s")):
            return False
        if not _PLURAL.match(folded) or (word != folded and not needs_verb):
            continue
        if n + 1 == len(words):
            return n == 0 or not needs_verb
        return _follows_plural(
            words[n + 1 :], may_be_verb=needs_verb and n > 0 and not _ADJECTIVE.search(words[n - 1])
        )
    return False


def _follows_plural(words: list[str], *, may_be_verb: bool) -> bool:
    first = words[0].lower()
    if first in _AFTER_PLURAL or (first.endswith("ed") and len(first) > 3):
        return True
    if may_be_verb or first in _NO_NOUN or words[0][0].isupper():
        return first == "of" and not may_be_verb
    if first in _AFTER_THEM:
        return True
    return len(words) > 1 and (words[1].lower() in _DETERMINERS or words[1][0].isupper())


def expected_kind(question: str) -> Expected | None:
    """What kind of thing answers a question, as far as its question word says."""
    asked, is_whether = _question_proper(question)
    if is_whether or _is_yes_no(asked):
        return None
    words = list(_ASKS.finditer(asked))
    while len(words) > 1 and _CLAUSE.match(asked, words[0].start()):
        del words[0]
    if not words:
        return None
    return next((kind for kind, of in _KINDS if of.match(asked, words[0].start())), None)


def asked_names(question: str) -> frozenset[str]:
    """Names in a question, as the terms of `split_words`: to see whether any text holds one.

    Capitalised words but for the first one, and words with inner capitals, or letters and digits.
    There are none if letter case says nothing: in a question that has no word in small letters, or
    capitals on most words that only headlines give them. Days and months are no names.
    """
    words = _TOKEN.findall(question[:_LONGEST])
    if not any(word.islower() for word in words):
        return frozenset()
    common = [word for word in words[1:] if word.lower() in COMMON_WORDS and word != "I"]
    raised = sum(word[0].isupper() for word in common)
    if raised >= 2 and 2 * raised > len(common):
        return frozenset()
    named = (w for n, w in enumerate(words) if _ODD.search(w) or (n and _BEGINS_UPPER.match(w)))
    return frozenset(
        term
        for name in named
        for word in split_words(name)
        for term in word
        if len(term) > 1 and term not in COMMON_WORDS and term not in _CALENDAR
    )
