"""What a person says about a document: JSON values and titles, whatever YAML or JSON gives."""

import datetime
import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.errors import InvalidMetadata
from index.text.metadata import clean_title, json_mapping, parse_sidecar


@pytest.mark.parametrize(
    ("source", "is_json", "problem"),
    [
        (b"{broken", True, "isn't JSON"),
        (b"[1]", True, "a list"),
        (b"null", True, "nothing"),
        (b'{"a": NaN}', True, "nan"),
        (b"[" * 100_000, True, "nested"),
        (b"\xff", True, "isn't UTF-8 at byte 0"),
        (b"a: b: c", False, "isn't YAML"),
        (b"- a", False, "a list"),
        (b"", False, "nothing"),
    ],
)
def test_a_sidecar_that_cannot_be_understood_is_named(source, is_json, problem):
    with pytest.raises(InvalidMetadata) as e:
        parse_sidecar(source, name="a.txt.meta", is_json=is_json)
    assert "'a.txt.meta'" in e.value.message
    assert problem in e.value.message


def test_a_sidecar_becomes_json_values():
    said = parse_sidecar(b"when: 2020-01-13\n1: {a: [1.5, yes]}\n", name="a", is_json=False)
    assert said == {"when": "2020-01-13", "1": {"a": [1.5, True]}}
    assert parse_sidecar(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00"}', name="a", is_json=True) == {
        "a": "😀"
    }
    json.dumps(said, allow_nan=False)


JSON_AND_MORE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(0, 20_000).map(lambda bits: 1 << bits)
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.sets(st.integers())
    | st.complex_numbers()
    | st.just(object()),
    lambda values: st.lists(values) | st.dictionaries(st.text() | st.integers(), values),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.text() | st.integers() | st.floats() | st.dates() | st.none() | st.binary(),
        JSON_AND_MORE,
        max_size=4,
    )
)
@example({"x": 1 << 20_000})
@example({1 << 20_000: "x"})
@example({"x": {1 << 20_000}})
def test_metadata_is_json_or_a_designed_error(mapping):
    try:
        metadata = json_mapping(mapping, name="a")
    except InvalidMetadata as error:
        assert error.message.startswith("'a' ")  # noqa: PT017
    else:
        assert json.loads(json.dumps(metadata, allow_nan=False)) == metadata
        json.dumps(metadata, ensure_ascii=False).encode()


YAML_PIECES = st.sampled_from(
    "!!bool !!int !!float !!timestamp !!set !!omap !!binary !!null !!str !!merge !!seq : , - [ ]"
    " { } ? & * a 'x' 0x1f 1:30 .nan .inf 2020-01-13 << = | > # %".split()
)


@given(st.lists(YAML_PIECES, max_size=8).map(" ".join))
def test_any_yaml_is_a_mapping_or_a_designed_error(value):
    try:
        said = parse_sidecar(f"k: {value}\n".encode(), name="a", is_json=False)
    except InvalidMetadata as error:
        assert error.message.startswith("'a' ")  # noqa: PT017
    else:
        json.dumps(said, allow_nan=False)


def test_dates_in_metadata_become_iso_strings():
    zone = datetime.timezone(datetime.timedelta(hours=3))
    when = datetime.datetime(2020, 1, 13, 10, 0, tzinfo=zone)
    mapping = {datetime.date(2020, 1, 13): when, None: (1, 2.5)}
    assert json_mapping(mapping, name="a") == {
        "2020-01-13": "2020-01-13T10:00:00+03:00",
        "None": [1, 2.5],
    }


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (" Talks\tin\nMoscow\x1c fail ", "Talks in Moscow fail"),
        ("\x1b]0;owned\x07Talks \x1b[31mfail\x9b0m", "]0;ownedTalks [31mfail0m"),
        ("a \x00 b\x7fc", "a bc"),
        ("\u202eliaf\u202c \u2066sklaT\u2069", "liaf sklaT"),
        ("👩‍👩 می‌خواهم ‏עברית", "👩‍👩 می‌خواهم ‏עברית"),
        ("\x07\u202e", None),
        (1984, "1984"),
        (1.5, "1.5"),
        (True, None),
        (math.inf, None),
        pytest.param(1 << 20_000, None, id="endless"),
        (None, None),
    ],
)
def test_a_title_is_one_line_that_shows_itself_only(value, title):
    assert clean_title(value) == title
