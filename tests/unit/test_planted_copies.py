"""Planted texts hold each paragraph twice; what raises support is told of one place alone."""

from types import SimpleNamespace

import pytest
from planted_copies import is_raised, two_by_two


def test_every_paragraph_stands_beside_the_one_before_it_and_after_it():
    assert two_by_two("one\n\ntwo\n  \nthree\n") == ["one\n\ntwo", "two\n\nthree"]
    assert two_by_two("one\n") == []


def answer(support, *places):
    cited = [
        SimpleNamespace(document_id=name, start_char_index=start, end_char_index=end)
        for name, start, end in places
    ]
    return SimpleNamespace(support=support, citations=cited)


BEFORE = answer(2, ("a.txt", 10, 20), ("b.txt", 0, 5))


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (answer(3, ("c.txt", 0, 9), ("a.txt", 10, 20)), True),
        (answer(3, ("a.txt", 19, 30)), True),
        (answer(3, ("a.txt", 20, 30)), False),
        (answer(3, ("a.txt", 0, 10)), False),
        (answer(3, ("b.txt", 10, 20)), False),
        (answer(2, ("c.txt", 0, 9), ("a.txt", 10, 20)), False),
        (answer(1, ("a.txt", 10, 20)), False),
    ],
)
def test_support_is_compared_for_what_cites_the_same_place(after, expected):
    others = answer(9, ("d.txt", 10, 20))
    assert is_raised(SimpleNamespace(answers=[others, after]), BEFORE) is expected
