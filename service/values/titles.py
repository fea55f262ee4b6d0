"""Titles: ranks and offices that stand before a person's name."""

from __future__ import annotations

from collections.abc import Sequence

_OFFICES = frozenset(
    "president minister premier chancellor secretary ambassador envoy senator governor mayor "
    "general commander spokesman spokeswoman spokesperson leader chief director professor "
    "chairman colonel admiral congressman congresswoman representative commissioner emir sheikh "
    "ayatollah strongman warlord".split()
)
"""Words before them belong to the office: "Turkish Foreign Minister", "the rogue general"."""

_RANKS = frozenset(
    "mr mrs ms miss mx dr prof sir dame lord lady king queen prince princess emperor empress tsar "
    "pope marshal major captain lieutenant sergeant corporal judge justice father rev reverend "
    "bishop archbishop cardinal sultan gen col sen gov rep lt sgt capt maj pres brigadier".split()
)
_PARTS_OF_TITLES = frozenset(
    "vice deputy prime former then late field foreign defence defense interior finance attorney "
    "senior acting crown grand interim self styled lieutenant major brigadier rogue eastern "
    "head of the state".split()
)
_SUFFIXES = frozenset("jr sr phd md".split())

NOT_PERSONS = frozenset(
    "university army government war party city river church college school museum street park "
    "state states kingdom nations nation union league council ministry company band group club "
    "team island islands lake sea ocean mountain mountains mount bridge station airport hospital "
    "castle palace tower house hall center centre court act treaty agreement region province "
    "county district north south east west northern southern eastern western central award prize "
    "cup series album song film movie day century empire republic dynasty people language force "
    "forces accord assembly electric motors mills staff office agency bank corporation institute "
    "association organization organisation organizations committee commission department program "
    "programme project conference congress parliament senate road avenue square bay gulf desert "
    "valley forest national international united new old san santa los las great royal federal "
    "world first second third society foundation service services system systems press times "
    "news post network channel studios records entertainment championship tournament games "
    "championships division brigade regiment militia front movement coalition alliance summit "
    "talks peace security defence defense foreign interior health culture minister president "
    "secretary general democratic democracy liberation human rights and of for the in on".split()
)
"""Words that tell of a name that it is no person's, or that too many names share."""

_LONGEST_OFFICE = 6


def is_rank(words: Sequence[str]) -> bool:
    """Whether the words name an office or rank, and nobody."""
    ranks = _OFFICES | _RANKS
    return (
        bool(words)
        and any(word in ranks for word in words)
        and all(word in ranks or word in _PARTS_OF_TITLES for word in words)
    )


def without_titles(words: Sequence[str]) -> tuple[str, ...]:
    """A person's name without the ranks and offices before it; other names as they are."""
    kept = list(words)
    while len(kept) > 1 and kept[-1] in _SUFFIXES:
        kept.pop()
    if is_rank(kept):
        return tuple(kept)
    begin = 0
    for number, word in enumerate(kept[:_LONGEST_OFFICE], start=1):
        if word in _OFFICES or (word in _RANKS and begin == number - 1):
            begin = number
    if begin == 0:
        return tuple(kept)
    person = kept[begin:]
    is_person = 1 <= len(person) <= 4 and not NOT_PERSONS.intersection(person)
    return tuple(person) if is_person else tuple(kept)
