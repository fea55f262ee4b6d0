"""Bytes → Document: the stored text, where each piece of knowledge comes from, and each refusal."""

import hashlib
import math
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.documents import check_document_id, make_document, media_type_of
from index.errors import (
    BinaryDocument,
    DocumentError,
    DocumentTooLarge,
    EmptyDocument,
    InvalidDocumentId,
    InvalidMetadata,
    UnsupportedDocument,
)
from index.types import Document

STORY = (
    "The head of the government signed a draft ceasefire agreement on Monday, while the general"
    " who leads the other side asked for more time to consider it."
)
ARTICLE = f"Talks in Moscow fail to end the war\n\nPublished 13 January 2020\n\n{STORY}\n"


def make(document_id: str, source: str | bytes, **options: Any) -> Document:
    content = source.encode() if isinstance(source, str) else source
    document, warnings = make_document(document_id, content, **{"max_bytes": 10**6, **options})
    assert warnings == []
    return document


def test_a_plain_text_is_stored_as_it_is():
    document = make("a/b.txt", ARTICLE)
    assert document.text == ARTICLE
    assert document.revision == f"sha256:{hashlib.sha256(ARTICLE.encode()).hexdigest()}"
    assert document.source == ARTICLE.encode()
    assert document.title == "Talks in Moscow fail to end the war"
    assert (document.published_at, document.published_at_source) == ("2020-01-13", "dateline")
    assert (document.media_type, document.encoding) == ("text/plain", "utf-8")
    assert (document.extractor, document.source_url, document.metadata) == ("plain/1", None, {})


def test_the_stored_text_is_normal():
    source = "\ufeffCafe\u0301 👩‍👩‍👧\r\nمرحبا بالعالم\r\n".encode("utf-16")
    assert make("a.txt", source).text == "Caf\u00e9 👩‍👩‍👧\nمرحبا بالعالم\n"


FRONT = (
    "---\ntitle: From the front matter\ndate: 2020-02-02\nurl: https://example.org/f\nx: [1]\n---\n"
)


def test_front_matter_comes_before_the_text():
    for name in ("a.txt", "a.md"):
        document = make(name, FRONT + ARTICLE)
        assert document.title == "From the front matter"
        assert document.source_url == "https://example.org/f"
        assert document.published_at == "2020-02-02"
        assert document.published_at_source == "front_matter"
        assert document.metadata == {"x": [1]}
    assert make("a.txt", FRONT + "\n  " + ARTICLE).text == "\n  " + ARTICLE


def test_the_sidecar_comes_first_and_fills_only_what_it_says():
    sidecar = {"title": "  From the\nsidecar ", "published_at": "2020-03-03", "x": 2, "y": None}
    document = make("a.md", FRONT + ARTICLE, sidecar=sidecar)
    assert document.title == "From the sidecar"
    assert (document.published_at, document.published_at_source) == ("2020-03-03", "sidecar")
    assert document.source_url == "https://example.org/f"
    assert document.metadata == {"x": 2, "y": None}
    silent = make("a.txt", ARTICLE, sidecar={"title": None, "published_at": None})
    assert silent.title == "Talks in Moscow fail to end the war"
    assert silent.published_at_source == "dateline"


def test_html_metadata_comes_before_the_dateline():
    page = (
        '<html><head><title>Talks fail</title><meta name="pubdate" content="2020-04-04">'
        f"</head><body><p>Published 13 January 2020</p><p>{STORY}</p></body></html>"
    )
    document = make("a.html", page)
    assert (document.published_at, document.published_at_source) == ("2020-04-04", "html_metadata")
    assert document.title == "Talks fail"
    assert document.extractor.startswith("trafilatura/")
    undated = make("a.html", page.replace("pubdate", "other"))
    assert (undated.published_at, undated.published_at_source) == ("2020-01-13", "dateline")


def test_html_is_decoded_as_it_declares():
    page = "<html><head><meta charset='windows-1251'></head><body><p>Хафтар</p></body></html>"
    document = make("a.html", page.encode("cp1251"))
    assert (document.text, document.encoding) == ("Хафтар", "cp1251")
    given_type = make("a", page.encode("koi8-r"), media_type='text/html; charset="koi8-r"')
    assert (given_type.text, given_type.media_type) == ("Хафтар", "text/html")
    by_hand = make("a.html", page.encode("koi8-r"), encoding="koi8-r")
    assert by_hand.text == "Хафтар"


def test_entities_cannot_bring_in_what_normalising_took_out():
    assert make("a.html", "<p>e&#x301;&#xFEFF;x&#13;y</p>").text == "\u00e9x y"
    assert make("a.md", "e&#x301;&#xFEFF;x").text == "\u00e9x"


@pytest.mark.parametrize("mark", ["\x00", "&#0;", "&#x0;", "&#00;", "\\0"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_no_document_stores_a_nul_character(name, mark):
    source = f"\ufeff# Talks {mark}\n\n<title>T {mark} t</title>\n\n<p>{STORY} {mark} so.</p>\n"
    try:
        document = make(name, source)
    except BinaryDocument:
        assert mark == "\x00"
    else:
        assert mark != "\x00"
        assert "\x00" not in document.text + (document.title or "")
        assert "so." in document.text


def test_what_markdown_nests_too_deeply_is_kept_with_a_warning():
    source = "> " * 150 + "deep **words**\n\nafter"
    document, warnings = make_document("a.md", source.encode(), max_bytes=1000)
    assert document.text.endswith("deep **words**\n\nafter")
    assert len(warnings) == 1
    assert warnings[0].startswith("'a.md' nests ")
    assert warnings[0].endswith(".")


def test_markdown_takes_its_title_from_its_heading():
    document = make("a.md", f"# Talks *fail*\n\n{STORY}")
    assert document.title == "Talks fail"
    assert document.text == f"Talks fail\n\n{STORY}"
    assert document.extractor.startswith("markdown-it-py/")
    assert document.media_type == "text/markdown"


@pytest.mark.parametrize(
    "text",
    [
        "--- \nnot a mapping\n---\nrest",
        "---\n- a\n- b\n---\nrest",
        "---\nno end",
        "----\ntitle: x\n----\n",
        "\n---\ntitle: x\n---\nrest",
        "---\ntitle: [broken\n---\nrest",
        "---\nHe said: it was: so\n---\nrest",
    ],
)
def test_a_text_with_rules_is_content_not_front_matter(text):
    document = make("a.txt", text)
    assert document.text == text
    assert document.metadata == {}


@pytest.mark.parametrize(
    "front",
    [
        "title: [broken",
        "date: 2020-13-45",
        "x: .nan",
        "x: &a [*a]",
        "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
        "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]",
        "x: !!python/object/apply:os.getcwd []",
        "x: " + "[" * 5000,
        "x: !!binary aGk=",
        "x: !!set {a}",
        f"x: 0x{'f' * 5000}",
        f"x: {'9' * 5000}",
        f"? 0x{'f' * 5000}\n: x",
        "? !!binary aGk=\n: x",
        f"title: 0x{'f' * 5000}",
        f"date: 0x{'f' * 5000}",
        "x: !!bool maybe",
        "x: !!int ''",
        "x: !!float ''",
        "x: !!timestamp soon",
        f"x: 1{':00' * 300}.0",
    ],
)
def test_broken_front_matter_of_markdown_names_the_document(front):
    with pytest.raises(InvalidMetadata, match=r"front matter of a\.md") as e:
        make("a.md", f"---\n{front}\n---\ntext")
    assert e.value.remedy == "Correct it, or take it away."


def test_front_matter_that_json_cannot_hold_names_the_key():
    for value in (f"0x{'f' * 5000}", ".nan", "-.inf", "!!set {a}", "!!binary aGk="):
        with pytest.raises(InvalidMetadata, match=r"front matter of a\.txt' .*'the key'"):
            make("a.txt", f"---\nfine: 1\nthe key: [{{x: {value}}}]\n---\ntext")


def test_a_front_matter_date_that_cannot_be_read_only_warns():
    document, warnings = make_document(
        "a.md", b"---\ndate: 01/02/2020\n---\nSome text", max_bytes=100
    )
    assert document.published_at is None
    assert document.metadata == {"date": "01/02/2020"}
    assert len(warnings) == 1
    assert "'a.md'" in warnings[0]
    assert "'01/02/2020'" in warnings[0]


def test_a_guessed_encoding_warns():
    _, warnings = make_document("a.txt", "Привет, как дела?".encode("cp1251") * 9, max_bytes=10**4)
    assert len(warnings) == 1
    assert "cp1251" in warnings[0]


@pytest.mark.parametrize(
    ("sidecar", "value"),
    [
        ({"published_at": "01/02/2020"}, "'01/02/2020'"),
        ({"published_at": 2020}, "2020"),
        ({"published_at": "2020-02-30"}, "'2020-02-30'"),
        ({"title": ["a"]}, "['a']"),
        ({"title": " "}, "' '"),
        ({"source_url": "javascript:alert(1)"}, "'javascript:alert(1)'"),
        ({"source_url": "example.org/a"}, "'example.org/a'"),
        ({"source_url": "https://[::1"}, "'https://[::1'"),
        ({"tag": float("nan")}, "nan"),
        ({"tag": "\ud800"}, "'\\ud800'"),
        ({"title": math.nan}, "nan"),
        ({"published_at": 1 << 20_000}, "'published_at'"),
        ({"tag": {"x": [1 << 20_000]}}, "'tag'"),
        ({"tag": b"x"}, "bytes"),
    ],
)
def test_a_wrong_sidecar_value_is_named(sidecar, value):
    with pytest.raises(InvalidMetadata) as e:
        make("a.txt", ARTICLE, sidecar=sidecar)
    assert value in e.value.message
    assert "a.txt" in e.value.message
    assert e.value.remedy


@pytest.mark.parametrize(
    ("name", "source", "sidecar"),
    [
        ("a.txt", f"Talks\x1b[31m in\u202e Moscow\n\n{STORY}", None),
        ("a.txt", f'---\ntitle: "Talks\\e[31m in\\u202e Moscow"\n---\n{STORY}', None),
        ("a.txt", STORY, {"title": "Talks\x1b[31m in\u202e Moscow"}),
        ("a.md", f"# Talks\x1b[31m in&#x202e; Moscow\n\n{STORY}", None),
        ("a.html", f"<title>Talks\x1b[31m in&#x202e; Moscow</title><p>{STORY}", None),
    ],
)
def test_no_origin_of_a_title_brings_control_characters_in(name, source, sidecar):
    title = make(name, source, sidecar=sidecar).title
    assert title == "Talks[31m in Moscow"
    assert all(unicodedata.category(character) != "Cc" for character in title)


@pytest.mark.parametrize(
    ("document_id", "source", "kind"),
    [
        ("a.txt", b"", EmptyDocument),
        ("a.txt", b" \r\n\t\xc2\xa0\xe2\x80\x8b\n", EmptyDocument),
        ("a.txt", b"\xef\xbb\xbf", EmptyDocument),
        ("a.md", b"---\ntitle: x\n---\n", EmptyDocument),
        ("a.html", b"<html><script>x()</script></html>", EmptyDocument),
        ("a.txt", b"%PDF-1.4", BinaryDocument),
        ("a.txt", b"x" * 101, DocumentTooLarge),
        ("a.pdf", b"text", UnsupportedDocument),
        ("txt", b"text", UnsupportedDocument),
        (".txt", b"text", UnsupportedDocument),
    ],
)
def test_each_refusal_names_the_document_and_the_remedy(document_id, source, kind):
    with pytest.raises(DocumentError) as e:
        make_document(document_id, source, max_bytes=100)
    assert type(e.value) is kind
    assert repr(document_id) in e.value.message
    assert e.value.message.endswith(".")
    assert e.value.remedy.endswith(".")


def test_a_document_of_just_the_limit_goes_in():
    assert len(make("a.txt", "x" * 100, max_bytes=100).text) == 100
    with pytest.raises(DocumentTooLarge, match="101 bytes or more, over the limit of 100"):
        make("a.txt", "x" * 101, max_bytes=100)


def test_an_unknown_media_type_is_refused():
    with pytest.raises(UnsupportedDocument, match="'image/png'"):
        make("a.txt", "text", media_type="image/png")
    assert make("a.txt", "<p>x</p>", media_type="application/xhtml+xml").text == "x"
    assert media_type_of("A/B.C/X.HTM") == "text/html"


@pytest.mark.parametrize(
    "document_id",
    ["a", "a.txt", "a b/ü.md", "…/x", "👩‍👩‍👧.txt", "a..b/.c", "x" * 512],
)
def test_ids_that_may_be(document_id):
    check_document_id(document_id)


@pytest.mark.parametrize(
    "document_id",
    [
        "",
        "/a",
        "a/",
        "a//b",
        "..",
        "a/../b",
        "./a",
        "a\nb",
        "a\x00",
        "\ud800",
        "u\u0308",
        "x" * 513,
    ],
)
def test_ids_that_may_not_be(document_id):
    with pytest.raises(InvalidDocumentId, match=r"^The document id .*\. Use a relative path") as e:
        check_document_id(document_id)
    e.value.message.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (f"Talks in Moscow fail\n\n{STORY}", "Talks in Moscow fail"),
        (f"\n\n“Nobody won” in Moscow\n{STORY}", "“Nobody won” in Moscow"),
        (f"Talks in Moscow fail\n\nA short deck about it\n\n{STORY}", "Talks in Moscow fail"),
        (f"المحادثات في موسكو\n\n{STORY}", "المحادثات في موسكو"),
        (STORY, None),
        (f"{STORY}\n\n{STORY}", None),
        (f"• Live\n\nTalks in Moscow fail\n\n{STORY}", None),
        (f"News > Africa > Libya\n\n{STORY}", None),
        (f"Home | World | Africa\n\n{STORY}", None),
        (f"Talks fail\n\n{STORY}", None),
        (f"The talks in Moscow failed.\n\n{STORY}", None),
        (f"Dear members of the board,\n\n{STORY}", None),
        (f"Published 13 January 2020\n\n{STORY}", None),
        (f"By Jane Doe\n\n{STORY}", None),
        (f"and so the talks failed\n\n{STORY}", None),
        ("Talks in Moscow fail", None),
        ("Talks in Moscow fail\n\nshort\n\nlines\n\nonly", None),
        ("The head of the United Nations-recognized government signed\na draft agreement.", None),
    ],
)
def test_a_plain_text_has_a_title_only_where_its_first_line_clearly_is_one(text, title):
    assert make("a.txt", text).title == title


@given(
    text=st.text("ab é\n.", min_size=1).filter(str.strip),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    name=st.sampled_from(["a.txt", "b/c.text"]),
    sidecar=st.sampled_from([None, {"title": "x"}]),
)
def test_the_revision_depends_on_the_text_alone(text, encoding, name, sidecar):
    document = make(name, text.replace("\n", "\r\n").encode(encoding), sidecar=sidecar)
    assert document.text == text
    assert document.revision == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
