"""The page against a real server of the sample documents: ask, read the quote, open its place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from samples import SEEDS

DOCUMENT = "rival-leaders-to-meet-in-moscow.txt"
TITLE = "Libya’s rival leaders to meet in Moscow for ceasefire talks"


@pytest.fixture
def base_url(seeds_server: str) -> str:
    return seeds_server


def ask(page: Page, question: str) -> None:
    page.get_by_label("Ask the documents").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".exchange").first).not_to_have_attribute("aria-busy", "true")


def test_quote_is_marked_in_its_sentence_and_in_its_document(page: Page) -> None:
    page.goto("/")
    expect(page.locator("#documents-total")).to_have_text("5")
    ask(page, "Where will Germany host the summit?")
    first = page.get_by_role("blockquote").first
    expect(first).to_have_text(
        "Germany plans to host a summit in Berlin on January 19 in hope of resolving Libya’s "
        "conflict."
    )
    expect(first.locator("mark")).to_have_text("Berlin")
    link = page.locator("figcaption a").first
    expect(link).to_have_text(TITLE)
    link.click()
    expect(page.locator("mark")).to_have_text("Berlin")
    text = (SEEDS / DOCUMENT).read_bytes().decode()
    shown = page.evaluate(
        """() => {
          const mark = document.querySelector("mark");
          const before = document.createRange();
          before.setStart(mark.parentElement, 0);
          before.setEndBefore(mark);
          return before.toString();
        }"""
    )
    assert shown.endswith("Germany plans to host a summit in ")
    assert text[: text.index("Berlin")].endswith(shown)


def test_refusal_is_said_plainly(page: Page) -> None:
    page.goto("/?q=What is the boiling point of water?")
    expect(page.locator(".verdict")).to_have_text("Not in these documents.")
    expect(page.get_by_text("Closest, but not an answer")).to_be_visible()
    expect(page.locator(".outcome mark")).to_have_count(0)


def test_undated_and_debris_are_shown_in_the_document(page: Page) -> None:
    page.goto(f"/view?collection=default&document_id={DOCUMENT}")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    expect(page.get_by_text("Back to top button")).to_be_visible()
