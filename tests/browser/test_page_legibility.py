"""What people need to read and work the page: contrast, keyboard, small screens, stillness."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from fake_service import NO_ANSWER, FakeService, Json
from page_watch import Watch
from playwright.sync_api import Page, expect

# WCAG 2.2: relative luminance, and 4.5 as the least contrast for text (success criterion 1.4.3).
LEAST_CONTRAST = 4.5
TEXT_COLOURS = """() => {
  const rgba = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    if (node.closest(".visually-hidden, noscript, option")) continue;
    let behind = node;
    while (behind && (rgba(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) {
      behind = behind.parentElement;
    }
    seen.push({
      text: walker.currentNode.data.trim().slice(0, 40),
      ink: rgba(getComputedStyle(node).color),
      paper: rgba(getComputedStyle(behind).backgroundColor),
    });
  }
  return seen;
}"""


def luminance(rgb: list[float]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in rgb[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(ink: list[float], paper: list[float]) -> float:
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def assert_legible(page: Page, *texts: str) -> None:
    seen = page.evaluate(TEXT_COLOURS)
    assert set(texts) <= {entry["text"] for entry in seen}
    # Opaque colours only, so that the two are what is seen.
    assert [entry for entry in seen if len(entry["ink"]) > 3 or len(entry["paper"]) > 3] == []
    poor = [entry for entry in seen if contrast(entry["ink"], entry["paper"]) < LEAST_CONTRAST]
    assert poor == []


@pytest.fixture
def document(fake: FakeService) -> Json:
    text = "Menu\nIt began in 1950. Then it went on."
    added = fake.add(
        "a.txt",
        text,
        title="How it began",
        published_at="2020-01-13",
        source_url="https://news.example/",
        excluded=[[0, 5]],
    )
    fake.answer("When?", [fake.cite(added, "1950")], [fake.cite(added, "Then")])
    fake.answer(
        "Since when?", [fake.cite(added, "1950")], [fake.cite(added, "Then")], status="differing"
    )
    return added


def ask(page: Page, question: str) -> None:
    page.get_by_label("Ask the documents").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange").first).not_to_have_attribute("aria-busy", "true")


def test_black_on_white_has_the_greatest_contrast() -> None:
    assert contrast([0, 0, 0], [255, 255, 255]) == pytest.approx(21)
    # The grey on white that is known as the lightest to pass.
    assert contrast([0x76] * 3, [255] * 3) == pytest.approx(4.54, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.usefixtures("document")
def test_all_text_of_the_page_is_legible(
    new_page: Callable[..., Page], fake: FakeService, watch: Watch, scheme: str
) -> None:
    watch.expects_failure = True
    page = new_page(color_scheme=scheme)
    page.goto("/")
    expect(page.get_by_role("link", name="How it began")).to_be_visible()
    assert_legible(page, "Ask", "cite", "a quote", "13 January 2020")
    text = fake.collections["default"][0]
    fake.answers["Who won?"] = NO_ANSWER | {
        "no_answer": NO_ANSWER["no_answer"] | {"closest": [fake.cite(text, "It began in 1950.")]}
    }
    for question in ("When?", "Since when?", "Who won?"):
        ask(page, question)
    fake.failures["/v1/ask"] = (503, {"title": "Busy", "status": 503, "detail": "d", "remedy": "r"})
    ask(page, "What now?")
    fake.gate.clear()
    fake.failures.clear()
    page.get_by_label("Ask the documents").fill("Pending?")
    page.keyboard.press("Enter")
    page.get_by_label("Ask the documents").fill("x" * 1001)
    assert_legible(
        page,
        "1950",
        "Other answers",
        "The documents differ",
        "Closest, but not an answer",
        "Why?",
        "Options",
        "Not in these documents.",
        "Busy",
        "Try again",
        "Cancel",
        "Copy citation",
        "characters 17–21",
        "1,001 / 1,000",
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_a_document_is_legible(
    new_page: Callable[..., Page], document: Json, scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    place = {"document_id": "a.txt", "start": 17, "end": 21}
    page.goto(f"/view?{urlencode(place)}")
    expect(page.locator("mark")).to_have_text("1950")
    assert_legible(page, "1950", "Menu", "Go to the quote", "Original at news.example")
    page.goto(f"/view?{urlencode(place | {'end': len(document['text']) + 1})}")
    expect(page.locator(".notice")).to_be_visible()
    assert_legible(page, page.locator(".notice").inner_text()[:40])


def test_light_and_dark_are_two_schemes(new_page: Callable[..., Page]) -> None:
    papers = []
    for scheme in ("light", "dark"):
        page = new_page(color_scheme=scheme)
        page.goto("/")
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        papers.append(luminance([float(c) for c in colour[4:-1].split(",")]))
    assert papers[0] > 0.8
    assert papers[1] < 0.05


@pytest.mark.usefixtures("document")
def test_everything_can_be_reached_with_the_keyboard(page: Page) -> None:
    page.goto("/")
    ask(page, "When?")
    page.keyboard.press("Tab")
    reached = []
    focused = "document.activeElement.textContent.trim()"
    ringed = "getComputedStyle(document.activeElement).outlineStyle"
    for _ in range(9):
        reached.append(page.evaluate(focused))
        assert page.evaluate(ringed) == "solid"
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    cited = ["How it began", "Copy citation"]
    assert reached == ["Ask", "Options", "Clear", *cited, *cited, "Why?", "How it began"]
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("How it began")


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_shows_it_without_scrolling_sideways(
    new_page: Callable[..., Page], fake: FakeService, width: int
) -> None:
    long = fake.add("n" * 200 + ".txt", "A " + "w" * 300 + " here. https://x.example/" + "p" * 300)
    fake.answer("Long?", [fake.cite(long, "w" * 300)])
    page = new_page(viewport={"width": width, "height": 700}, has_touch=True, is_mobile=True)
    page.goto("/")
    wide = "document.documentElement.scrollWidth"
    ask(page, "Long?")
    assert page.evaluate(wide) == width
    # The focus leaves the ask box, or the phone's keyboard would cover the answer.
    expect(page.get_by_role("heading", level=3)).to_be_focused()
    heights = page.locator("button:visible").evaluate_all("all => all.map((b) => b.offsetHeight)")
    assert min(heights) >= 40
    page.locator("figcaption a").click()
    expect(page.locator("mark")).to_have_text("w" * 300)
    assert page.evaluate(wide) == width


@pytest.mark.parametrize(("motion", "name"), [("reduce", "none"), ("no-preference", "sweep")])
def test_nothing_moves_for_those_who_do_not_want_it(
    new_page: Callable[..., Page], fake: FakeService, motion: str, name: str
) -> None:
    fake.gate.clear()
    page = new_page(reduced_motion=motion)
    page.goto("/?q=Pending%3F")
    moving = page.locator(".sweep")
    script = "node => getComputedStyle(node, '::after').animationName"
    assert moving.evaluate(script) == name
