"""Units: what is measured, and the nouns and events that are counted."""

from __future__ import annotations

from functools import lru_cache

import regex

PEOPLE = "people"
"""Unit of counted persons in general."""

RANK = "#"
"""Unit of ordinals."""

SCORE = "score"
"""Unit of the two figures of a score."""

_FACTORS: dict[str, dict[str, float]] = {
    "m": {
        "m": 1, "metre": 1, "meter": 1, "km": 1e3, "kilometre": 1e3, "kilometer": 1e3,
        "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01, "mm": 0.001, "millimetre": 0.001,
        "millimeter": 0.001, "mile": 1609.344, "nautical mile": 1852, "mi": 1609.344,
        "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "inch": 0.0254, "yard": 0.9144,
    },
    "kg": {
        "kg": 1, "kilogram": 1, "kilogramme": 1, "g": 0.001, "gram": 0.001, "gramme": 0.001,
        "mg": 1e-6, "tonne": 1e3, "lb": 0.45359237, "lbs": 0.45359237, "ton": 1e3,
    },
    "m2": {
        "m²": 1, "km²": 1e6, "acre": 4046.8564224, "hectare": 1e4, "ha": 1e4,
        "square metre": 1, "square meter": 1, "square kilometre": 1e6, "sq km": 1e6,
        "square kilometer": 1e6, "square mile": 2589988.110336, "square foot": 0.09290304,
    },
    "m3": {
        "m³": 1, "cubic metre": 1, "cubic meter": 1, "cubic kilometre": 1e9,
        "cubic kilometer": 1e9, "cubic foot": 0.028316846592, "litre": 1e-3, "liter": 1e-3,
        "gallon": 0.003785411784,
    },
    "day": {
        "second": 1 / 86400, "minute": 1 / 1440, "min": 1 / 1440, "hour": 1 / 24, "day": 1,
        "week": 7, "month": 30.4375, "year": 365.25, "decade": 3652.5,
    },
    "USD": {"dollar": 1, "usd": 1, "us$": 1, "$": 1, "cent": 0.01},
    "EUR": {"euro": 1, "eur": 1, "€": 1},
    "GBP": {"gbp": 1, "£": 1, "sterling": 1, "pound sterling": 1},
    "JPY": {"jpy": 1, "yen": 1, "¥": 1},
    "pound": {"pound": 1},
    "°C": {"°c": 1, "celsius": 1},
    "°F": {"°f": 1, "fahrenheit": 1},
    "%": {"%": 1, "percent": 1, "per cent": 1},
    "point": {"percentage point": 1},
}  # fmt: skip
MEASURES = {
    name: (base, factor) for base, names in _FACTORS.items() for name, factor in names.items()
}
"""Base unit, and how many of it each unit has, by the unit's name in the singular."""

DEFINITE = {base for base, _ in MEASURES.values()} - {"day"} | {RANK, SCORE}
"""Units that a number without any isn't compared with; of an age, "years" is often left out."""

POUNDS = {"GBP": 1.0, "kg": 0.45359237}
"""What the unit `pound` may be, and how many of that a pound is."""

_GROUPS = {
    "people": "people person human individual inhabitant resident citizen soul victim casualty",
    "troop": "troop soldier serviceman servicemen",
    "fighter": "fighter combatant militant militiaman militiamen",
    "child": "child children kid",
    "man": "man men",
    "woman": "woman women",
    "civilian": "civilian",
    "refugee": "refugee",
    "worker": "worker employee",
    "passenger": "passenger",
    "student": "student pupil",
    "member": "member",
    "prisoner": "prisoner detainee",
    "officer": "officer policeman policemen",
}
_PERSONS = {name: group for group, names in _GROUPS.items() for name in names.split()}
_DEMONYM = regex.compile(
    r"\p{Lu}\p{Ll}+(?:ans|ians|is)|(?:Turk|Kurd|Arab|Jew|Greek|Serb|Croat|Czech|Pole|Dane|Swede|Finn"
    r"|Scot|Thai|Filipino)s"
)
_PLURAL = regex.compile(
    r".{2,}[^su]s|people|men|women|children|feet|policemen|police|aircraft", regex.IGNORECASE
)
_NO_NOUN = frozenset(
    "a about according adult after ago alone also among an and are around arrested as at bc be "
    "been before being between but by captured ce dead detained died displaced down during each "
    "either else every february fewer for from had has have he homeless however if in injured into "
    "is it its january killed last later less like march april may june july august september "
    "october november december missing more most near next not now of off old on or other others "
    "out over per remain rose s she since so still strong such that the their them then there "
    "these they this those through to today total under until up was we were when where which "
    "while who whom whose will with would wounded you your".split()
)

_EVENTS = {
    word: event
    for event, words in {
        "killed": "killed killing kill kills dead died dies deaths death fatalities slain",
        "wounded": "wounded wounding wounds wound injured injuring injuries injures",
        "displaced": "displaced displacing displaces homeless fled displacement",
        "missing": "missing disappeared",
        "captured": "arrested detained captured arrests imprisoned",
        "born": "born births",
    }.items()
    for word in words.split()
}
_EVENT_WORD = rf"(?P<event>{'|'.join(_EVENTS)})\b"
_EVENT = regex.compile(rf"\b{_EVENT_WORD}", regex.IGNORECASE)
_EVENT_AFTER = regex.compile(
    rf"\s*(?:(?:people|persons|were|was|are|is|have|has|had|been|being|left|reported|confirmed"
    rf"|internally|forcibly)\s+){{0,4}}+{_EVENT_WORD}",
    regex.IGNORECASE,
)
_EVENT_BEFORE = regex.compile(
    rf"\b{_EVENT_WORD}\s+(?:(?:more|less|fewer|than|about|around|at|least|some|up|to|as|many|nearly"
    rf"|almost|over|another|an?|further|estimated|approximately|roughly)\s+){{0,4}}\Z",
    regex.IGNORECASE,
)


@lru_cache(maxsize=1 << 12)
def singular(noun: str) -> str:
    """A noun in lower case, without the ending of most plurals."""
    noun = noun.lower()
    if noun.endswith("ies") and len(noun) > 4:
        return f"{noun[:-3]}y"
    if noun.endswith(("ches", "shes", "sses", "xes")):
        return noun[:-2]
    if noun.endswith("s") and not noun.endswith(("ss", "us", "is")) and len(noun) > 3:
        return noun[:-1]
    return noun


def counted(noun: str) -> str:
    """The unit of a counted noun: one for all words that mean the same persons."""
    if _DEMONYM.fullmatch(noun):
        return PEOPLE
    name = singular(noun)
    return _PERSONS.get(name, name)


def is_plural(noun: str) -> bool:
    """Whether a noun seems to be in the plural."""
    return _PLURAL.fullmatch(noun) is not None


def is_no_noun(word: str) -> bool:
    """Whether a word after a number begins something else than what it counts."""
    return word.lower() in _NO_NOUN


def is_people(unit: str) -> bool:
    """Whether a unit is one of persons."""
    return unit in _GROUPS


def event_of(before: str, quote: str, after: str) -> str | None:
    """What befell those that a number counts: killed, wounded, displaced; None if it isn't told.

    Args:
        before: Words before the quote; only the last few count.
        quote: Words with the number, and with what it counts.
        after: Words after the quote; only a verb right there counts.
    """
    found = _EVENT.search(quote) or _EVENT_AFTER.match(after)
    if found is None:
        told = list(_EVENT.finditer(before))
        found = _EVENT_BEFORE.match(before, told[-1].start()) if told else None
    return None if found is None else _EVENTS[found["event"].lower()]


def is_event(word: str) -> bool:
    """Whether a folded word tells what befell those that are counted."""
    return word in _EVENTS
