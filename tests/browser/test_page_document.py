"""The document view: the quote is marked at its code points, or not at all."""

from __future__ import annotations

from itertools import combinations_with_replacement
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from fake_service import FakeService, Json
from page_watch import Watch
from playwright.sync_api import Page, expect

OLD_REVISION = f"sha256:{'cd' * 32}"


def view(document: Json, **place: object) -> str:
    named = {"collection": "default", "document_id": document["document_id"]}
    return f"/view?{urlencode(named | place)}"


def shown_text(page: Page) -> str:
    expect(page.get_by_role("article")).to_be_attached()
    text: str = page.get_by_role("article").evaluate("node => node.textContent")
    return text


@pytest.mark.parametrize(
    "text",
    [
        "plain text",
        "🙂 before, a👩‍👩‍👧b between, 𝔘 after 🙂",
        "e\u0301 combining, \u202bעברית\u202c, 日本語",
        "",
    ],
)
def test_code_point_offsets_become_utf16_as_python_counts_them(page: Page, text: str) -> None:
    page.goto("/")
    offsets = list(range(len(text) + 1))
    pairs = list(combinations_with_replacement(offsets, 2))
    script = """async ([text, offsets, pairs]) => {
      const { codePointLength, utf16Indices } = await import("/page/offsets.js");
      return {
        length: codePointLength(text),
        indices: utf16Indices(text, offsets),
        slices: pairs.map((pair) => text.slice(...utf16Indices(text, pair))),
      };
    }"""
    found = page.evaluate(script, [text, offsets[::-1], pairs])
    assert found["length"] == len(text)
    units = [len(text[:offset].encode("utf-16-le")) // 2 for offset in offsets]
    assert found["indices"] == units[::-1]
    assert found["slices"] == [text[start:end] for start, end in pairs]


def test_offsets_outside_the_text_have_no_index(page: Page) -> None:
    page.goto("/")
    script = """async () => (await import("/page/offsets.js"))
      .utf16Indices("a🙂", [-1, 3, 2, 1.5, NaN, 2 ** 60])"""
    assert page.evaluate(script) == [None, None, 3, None, None, None]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("🙂🙂 Then 👩‍👩‍👧 said: “146,000 🙂 people” fled.", "146,000 🙂 people"),
        ("First line\n\nsecond line ends\nhere.", "line ends\nhere"),
        ("هرب 146 ألف شخص من العاصمة. 🙂", "146 ألف شخص"),
        ("All of it", "All of it"),
    ],
)
def test_the_quote_is_marked_in_view_and_focused(
    page: Page, fake: FakeService, text: str, quote: str
) -> None:
    before = "🙂 A line before.\n" * 400
    document = fake.add("a/b c?#%.txt", before + text, title="Title")
    start = len(before) + text.index(quote)
    page.goto(view(document, start=start, end=start + len(quote), revision=document["revision"]))
    mark = page.locator("mark")
    expect(mark).to_be_focused()
    expect(mark).to_be_in_viewport()
    assert mark.evaluate_all("marks => marks.map((mark) => mark.textContent)") == [quote]
    assert shown_text(page) == document["text"]
    expect(page.get_by_role("heading", level=1)).to_have_text("Title")
    expect(page.locator(".quote-bar")).to_contain_text(
        f"Quote at characters {start:,}–{start + len(quote):,}"
    )
    page.evaluate("scrollTo(0, 0)")
    page.get_by_role("button", name="Go to the quote").press("Enter")
    expect(mark).to_be_focused()
    expect(mark).to_be_in_viewport()


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("4", "7"),
        ("7", "9"),
        ("3", "3"),
        ("4", "2"),
        ("-1", "2"),
        ("x", "2"),
        ("", "2"),
        ("1", None),
    ],
)
def test_a_place_that_does_not_exist_marks_nothing(
    page: Page, fake: FakeService, start: str, end: str | None
) -> None:
    # Six UTF-16 code units, but five code points.
    document = fake.add("a.txt", "🙂abcd")
    place = {"start": start} | ({} if end is None else {"end": end})
    page.goto(view(document, **place))
    expect(page.locator(".notice")).to_contain_text("does not exist in this text of 5 characters")
    expect(page.locator("#announcement")).to_contain_text("no quote is marked")
    assert page.locator("mark").count() == 0
    assert shown_text(page) == "🙂abcd"


def test_the_end_of_the_text_is_a_place(page: Page, fake: FakeService) -> None:
    page.goto(view(fake.add("a.txt", "🙂abcd"), start=3, end=5))
    expect(page.locator("mark")).to_have_text("cd")


def test_another_revision_than_the_cited_one_is_not_marked(page: Page, fake: FakeService) -> None:
    document = fake.add("a.txt", "Now it says so.")
    fake.revisions["a.txt", OLD_REVISION] = document
    page.goto(view(document, revision=OLD_REVISION, start=0, end=3))
    expect(page.locator(".notice")).to_contain_text("another revision than the one cited")
    assert page.locator("mark").count() == 0


def test_an_older_revision_is_marked_and_leads_to_the_current_one(
    page: Page, fake: FakeService
) -> None:
    document = fake.add("d/a.txt", "Now it says 5.")
    old = {"text": "Then it said 4.", "revision": OLD_REVISION, "current": False}
    fake.revisions["d/a.txt", OLD_REVISION] = document | old
    page.goto(view(document, revision=OLD_REVISION, start=13, end=14))
    expect(page.locator("mark")).to_have_text("4")
    expect(page.locator(".notice")).to_contain_text("The document has changed since.")
    page.get_by_role("link", name="Open the current revision").click()
    expect(page.get_by_role("article")).to_have_text("Now it says 5.")
    assert page.locator("mark, .notice").count() == 0
    assert "start" not in parse_qs(urlsplit(page.url).query)


def test_a_revision_that_is_gone_leads_to_the_current_one(
    page: Page, fake: FakeService, watch: Watch
) -> None:
    watch.expects_failure = True
    document = fake.add("a.txt", "Now it says 5.")
    page.goto(view(document, revision=OLD_REVISION, start=0, end=3))
    expect(page.locator(".problem-title")).to_have_text("No such document or revision.")
    page.get_by_role("link", name="Open the current revision").click()
    expect(page.get_by_role("article")).to_have_text("Now it says 5.")


def test_a_document_that_could_not_be_opened_can_be_tried_again(
    page: Page, fake: FakeService, watch: Watch
) -> None:
    watch.expects_failure = True
    document = fake.add("a.txt", "It says 5.")
    path = "/v1/collections/default/documents/a.txt/text"
    fake.failures[path] = (504, {"title": "Too late", "status": 504})
    page.goto(view(document))
    expect(page.locator(".problem-title")).to_have_text("Too late")
    fake.failures.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("article")).to_have_text("It says 5.")


def test_an_address_without_document_says_so(page: Page) -> None:
    page.goto("/view")
    expect(page.get_by_role("heading", level=1)).to_have_text("No document is named")


def test_page_debris_is_dimmed_and_explained(page: Page, fake: FakeService) -> None:
    text = "🙂 Menu\nIt says 5.\nShare this\n"
    debris = ["🙂 Menu\n", "Share this\n"]
    excluded = [[text.index(part), text.index(part) + len(part)] for part in debris]
    document = fake.add("a.txt", text, excluded=excluded)
    start = text.index("5")
    page.goto(view(document, start=start, end=start + 1))
    expect(page.locator("mark")).to_have_text("5")
    assert page.locator(".debris").evaluate_all("all => all.map((n) => n.textContent)") == debris
    expect(page.get_by_text("Dimmed text is page debris")).to_be_visible()
    assert shown_text(page) == text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("dateline", "from its dateline"),
        ("sidecar", "from its sidecar file"),
        ("request", "as given with it"),
    ],
)
def test_what_is_known_of_a_document_is_shown(
    page: Page, fake: FakeService, source: str, said: str
) -> None:
    known = {"published_at": "2020-01-13", "published_at_source": source}
    address = "https://news.example/a?b=1"
    page.goto(view(fake.add("a/b.txt", "x", title="T", source_url=address, **known)))
    facts = page.locator(".facts")
    expect(facts).to_contain_text(f"13 January 2020, {said}")
    expect(facts).to_contain_text("a/b.txt")
    link = facts.get_by_role("link", name="Original at news.example")
    expect(link).to_have_attribute("href", address)
    expect(link).to_have_attribute("rel", "noreferrer external")


def test_a_source_that_is_no_web_address_is_no_link(page: Page, fake: FakeService) -> None:
    page.goto(view(fake.add("a.txt", "x", source_url="javascript:alert(1)")))
    expect(page.locator(".facts")).to_contain_text("undated")
    assert page.locator(".facts a").count() == 0


@pytest.mark.parametrize(
    ("line", "direction"), [("هرب الناس من العاصمة.", "rtl"), ("People fled.", "ltr")]
)
def test_text_is_set_in_its_own_direction(
    page: Page, fake: FakeService, line: str, direction: str
) -> None:
    document = fake.add("a.txt", line, title=line)
    quote = line.split()[1]
    fake.answer("Who?", [fake.cite(document, quote)])
    page.goto("/?q=Who%3F")
    style = "node => getComputedStyle(node).direction"
    assert page.locator("blockquote").evaluate(style) == direction
    page.locator("figcaption a").click()
    expect(page.locator("mark")).to_have_text(quote)
    assert page.locator(".block").evaluate(style) == direction


@pytest.mark.parametrize("ending", ["\n", " ", ""], ids=["lines", "one line", "one word"])
def test_a_very_long_document_opens_at_its_quote(
    page: Page, fake: FakeService, ending: str
) -> None:
    sentence = f"The🙂counts as one character, wherever it stands.{ending}"
    sentence = sentence if ending else sentence.replace(" ", "🙂")
    half = sentence * (2_500_000 // len(sentence))
    document = fake.add("long.txt", half + "Exactly🙂here." + half)
    start = len(half)
    page.goto(view(document, start=start, end=start + 13))
    mark = page.locator("mark")
    expect(mark).to_have_text("Exactly🙂here.")
    expect(mark).to_be_focused()
    expect(mark).to_be_in_viewport()
    assert shown_text(page) == document["text"]
    assert page.locator("*").count() < 5_000
    # No character is cut in two.
    cut = "blocks => blocks.filter((b) => /^[\\uDC00-\\uDFFF]/.test(b.textContent)).length"
    assert page.locator(".block").evaluate_all(cut) == 0


def test_a_quote_longer_than_a_screen_is_marked_in_parts(page: Page, fake: FakeService) -> None:
    text = "It says 🙂 so.\n" * 20_000
    page.goto(view(fake.add("long.txt", text), start=3, end=200_000))
    marks = page.locator("mark")
    expect(marks.first).to_be_focused()
    assert "".join(marks.all_text_contents()) == text[3:200_000]
    assert shown_text(page) == text
