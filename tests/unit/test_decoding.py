"""Bytes → text: what is said counts first, what is guessed is said, what isn't text is refused."""

import codecs
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import BinaryDocument, UndecodableDocument
from index.text.decoding import declared_encoding, decode, normalise

RUSSIAN = (
    "Переговоры в Москве завершились без подписания соглашения о прекращении огня. "
    "Маршал Хафтар попросил время до утра, чтобы изучить документ."
)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_a_byte_order_mark_decides_even_against_a_declaration(mark, encoding):
    text = "Libya’s talks 👩‍👩‍👧 مرحبا"
    decoded = decode(mark + text.encode(encoding), name="a", declared="cp1251")
    assert (decoded.text, decoded.encoding, decoded.warning) == (text, encoding, None)


def test_plain_utf8_needs_no_warning():
    decoded = decode("Sarraj — سراج 🕊".encode(), name="a")
    assert (decoded.text, decoded.encoding, decoded.warning) == ("Sarraj — سراج 🕊", "utf-8", None)


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "iso8859-5", "utf-16-le"])
def test_a_declared_encoding_comes_before_detection(encoding):
    decoded = decode(RUSSIAN.encode(encoding), name="a", declared=encoding)
    assert (decoded.text, decoded.encoding, decoded.warning) == (RUSSIAN, encoding, None)


def test_cp1251_without_declaration_is_detected_with_a_warning():
    decoded = decode((RUSSIAN * 3).encode("cp1251"), name="talks.txt")
    assert decoded.text == RUSSIAN * 3
    assert decoded.encoding == "cp1251"
    assert "'talks.txt'" in decoded.warning
    assert "cp1251" in decoded.warning
    assert "guess" in decoded.warning


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Les négociations à Moscou ont échoué. Le maréchal a demandé un délai. ", "cp1252"),
        ("Die Gespräche über den Waffenstillstand sind für beide Seiten größer. ", "cp1252"),
        ("Libya’s rival leaders “agreed” to a café meeting – naïve as it was. ", "cp1252"),
        ("Οι συνομιλίες στη Μόσχα απέτυχαν και ο στρατηγός ζήτησε χρόνο. ", "cp1253"),
        ("فشلت المحادثات في موسكو وطلب المشير مزيدا من الوقت لدراسة الوثيقة. ", "cp1256"),
        ("莫斯科会谈未能签署停火协议，将军要求更多时间考虑。", "gb18030"),
    ],
)
def test_other_encodings_are_detected_with_a_warning(text, encoding):
    decoded = decode((text * 5).encode(encoding), name="a")
    assert (decoded.text, decoded.encoding) == (text * 5, encoding)
    assert "guess" in decoded.warning


@pytest.mark.parametrize("declared", ["no-such-encoding", "hex", "bad\x00name", "ascii"])
def test_a_declaration_that_is_unknown_or_does_not_fit_is_passed_over(declared):
    decoded = decode("naïve".encode(), name="a.txt", declared=declared)
    assert (decoded.text, decoded.encoding) == ("naïve", "utf-8")
    assert repr(declared) in decoded.warning
    assert "passed over" in decoded.warning


def test_no_declaration_can_make_a_lone_surrogate():
    decoded = decode(b"\\ud800 stays", name="a", declared="unicode_escape")
    assert decoded.text == "\\ud800 stays"
    assert decoded.encoding == "utf-8"


def test_a_cut_last_character_is_left_out_with_a_warning():
    source = "Хафтар 🕊".encode()[:-2]
    decoded = decode(source, name="a.txt")
    assert (decoded.text, decoded.encoding) == ("Хафтар ", "utf-8")
    assert "last 2 bytes" in decoded.warning


def test_a_cut_utf16_file_keeps_its_whole_characters():
    source = "peace".encode("utf-16")[:-1]
    decoded = decode(source, name="a.txt")
    assert decoded.text == "peac"
    assert "last 1 byte " in decoded.warning


def test_damaged_utf8_is_refused_rather_than_garbled():
    source = RUSSIAN.encode()[:41] + b"\xff" + RUSSIAN.encode()[41:]
    with pytest.raises(UndecodableDocument, match=r"'a\.txt' is UTF-8, but damaged .* byte 4") as e:
        decode(source, name="a.txt")
    assert "Repair" in e.value.remedy


def test_a_mark_that_the_bytes_belie_is_refused():
    source = codecs.BOM_UTF16_LE + b"\x00\xdc" * 4
    with pytest.raises(UndecodableDocument, match=r"byte order mark of UTF-16-LE.* byte 2\."):
        decode(source, name="a.txt")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"PK\x03\x04rest", "DOCX"),
        (b"\x89PNG\r\n\x1a\nrest", "PNG"),
        (b"\xff\xd8\xff\xe0rest", "JPEG"),
        (b"{\\rtf1 text}", "RTF"),
        (b"one\x00two", "NUL bytes, the first at byte 3"),
        (bytes(range(1, 32)) * 50, "control characters"),
        (codecs.BOM_UTF16_LE + bytes(range(256)) * 2, "'x.txt'"),
    ],
)
def test_what_is_not_text_is_refused_with_a_remedy(source, kind):
    with pytest.raises((BinaryDocument, UndecodableDocument)) as e:
        decode(source, name="x.txt")
    assert kind in e.value.message
    assert "'x.txt'" in e.value.message
    assert e.value.remedy.endswith(".")


NUL_AFTER_TEXT = "A long enough line of plain text, and at its end" + " words" * 20_000 + "\x00"


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        (codecs.BOM_UTF8 + NUL_AFTER_TEXT.encode(), None),
        (codecs.BOM_UTF16_LE + NUL_AFTER_TEXT.encode("utf-16-le"), None),
        (codecs.BOM_UTF32_BE + NUL_AFTER_TEXT.encode("utf-32-be"), None),
        (codecs.BOM_UTF16_LE + NUL_AFTER_TEXT.encode("utf-16-le") + b"a", None),
        (NUL_AFTER_TEXT.encode(), None),
        (NUL_AFTER_TEXT.encode(), "utf-8"),
        (NUL_AFTER_TEXT.encode("utf-16-le"), "utf-16-le"),
        (NUL_AFTER_TEXT.encode("cp037"), "cp037"),
    ],
)
def test_a_nul_character_makes_a_file_binary_whatever_its_encoding(source, declared):
    with pytest.raises(BinaryDocument, match=r"^'x\.txt' .*NUL .*isn't text\. Export it") as e:
        decode(source, name="x.txt", declared=declared)
    assert e.value.remedy


def test_a_few_control_characters_are_text():
    source = (
        b"page one\x0cpage two \x1b[1mbold\x1b[0m and a bell \x07 in a long enough line of text"
    )
    assert decode(source, name="a").text == source.decode()


@pytest.mark.parametrize(
    ("page", "encoding"),
    [
        (b'<html><head><meta charset="windows-1251">', "cp1251"),
        (b"<meta charset=utf-8>", "utf-8"),
        (b'<META http-equiv="Content-Type" content="text/html; charset=ISO-8859-1">', "cp1252"),
        (b'<?xml version="1.0" encoding="koi8-r"?><html>', "koi8-r"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=klingon>", "klingon"),
        (b"<!-- <meta charset=koi8-r> --><p>", None),
        (b"<p>charset=koi8-r</p>", None),
    ],
)
def test_declarations_are_read_as_browsers_read_them(page, encoding):
    assert declared_encoding(page) == encoding


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("\r\r\n\n", "\n\n\n"),
        ("cafe\u0301", "caf\u00e9"),
        ("a\u2028b\u2029c", "a\nb\nc"),
        ("\ufeffone\ufefftwo", "onetwo"),
        ("e\ufeff\u0301", "\u00e9"),
        ("half \ud83d here", "half \ufffd here"),
        ("nul \x00 here", "nul \ufffd here"),
        ("wait\u0085 \u00a0\u200d", "wait\u0085 \u00a0\u200d"),
    ],
)
def test_normalise(text, normal):
    assert normalise(text) == normal


@given(st.text(st.characters(exclude_categories=())))
def test_normalise_is_idempotent_and_always_gives_what_is_promised(text):
    normal = normalise(text)
    assert normalise(normal) == normal
    assert unicodedata.is_normalized("NFC", normal)
    assert not set("\x00\r\u2028\u2029\ufeff") & set(normal)
    normal.encode("utf-8")


@given(
    st.text(st.characters(exclude_characters="\x00\ufeff", exclude_categories=("Cs", "Cc", "Cn")))
)
def test_utf8_comes_back_as_it_was(text):
    assert decode(text.encode(), name="a").text == text or text.startswith(("{\\rtf", "%PDF-"))


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_a_designed_error(source):
    try:
        decoded = decode(source, name="a")
    except (BinaryDocument, UndecodableDocument) as error:
        assert "'a'" in error.message  # noqa: PT017
    else:
        assert "\x00" not in decoded.text
        decoded.text.encode("utf-8")


@given(
    text=st.text(st.characters(max_codepoint=0x7F), min_size=1, max_size=30),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-7", "cp037"]),
    declared=st.booleans(),
)
def test_no_route_lets_a_nul_character_in(text, encoding, declared):
    source = (text + "\x00 and enough words to be a text").encode(encoding)
    try:
        decoded = decode(source, name="a", declared=encoding if declared else None)
    except (BinaryDocument, UndecodableDocument) as error:
        assert "'a'" in error.message  # noqa: PT017
    else:
        assert "\x00" not in decoded.text
