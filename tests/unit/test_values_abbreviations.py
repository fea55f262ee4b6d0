"""Abbreviations that a text explains, and what looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.values.abbreviations import expansions_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the Government of National Accord (GNA) said", {"gna": "government of national accord"}),
        ("the GNA (Government of National Accord)", {"gna": "government of national accord"}),
        ("the United Arab Emirates (UAE), France", {"uae": "united arab emirates"}),
        ("the United Nations (U.N.)", {"un": "united nations"}),
        ("the U.N. (United Nations)", {"un": "united nations"}),
        ("Democratic Republic of the Congo (DRC)", {"drc": "democratic republic of the congo"}),
        ("Department of Defense (DoD) and (DOD)", {}),
        ("Department of Defense (DOD)", {"dod": "department of defense"}),
        ('Federal Bureau of Investigation ("FBI")', {"fbi": "federal bureau of investigation"}),
        ("the World Health Organization (or WHO)", {"who": "world health organization"}),
        ("the UN-backed Government of National Accord (GNA)",
         {"gna": "government of national accord"}),
        ("World Bank (WB) and World Trade Body (WTB)",
         {"wb": "world bank", "wtb": "world trade body"}),
        ("Rapid Bank (RB), later Royal Bank (RB)", {"rb": "rapid bank"}),
        ("he said (Reuters) in (2011) with (AP)", {}),
        ("cat scans show great accord (SGA)", {}),
        ("ended in Great Britain. Nobody (GBN) knew", {}),
        ("backed by the (GNA)", {}),
        ("(A)", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_explained_abbreviations(text, expected):
    assert expansions_in(text) == expected


_WORD = st.text("bcdghjklmpqrstvwxyz", min_size=3, max_size=9).map(str.capitalize)


@given(st.lists(_WORD, min_size=2, max_size=6), st.sampled_from(["{} ({})", "{1} ({0})"]))
def test_initials_of_any_words_are_found(words, frame):
    long, short = " ".join(words), "".join(word[0] for word in words)
    assert expansions_in(f"said the {frame.format(long, short)}.") == {short.lower(): long.lower()}


@given(st.lists(_WORD, min_size=2, max_size=6))
def test_other_letters_explain_nothing(words):
    short = "".join(word[0] for word in words)
    other = "A" + short[1:]
    assert expansions_in(f"said {' '.join(words)} ({other}).") == {}


@given(st.text(alphabet="AB.(), \n-a", max_size=200))
def test_any_text_is_read(text):
    for short, long in expansions_in(text).items():
        assert short == short.lower() and len(short) > 1
        assert short[0] == long[0]
