"""What the page says when asking fails."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from fake_service import FakeService
from page_watch import Watch
from playwright.sync_api import Page, expect


def ask(page: Page, question: str) -> None:
    page.get_by_label("Ask the documents").fill(question)
    page.keyboard.press("Enter")


def test_a_problem_is_told_and_can_be_tried_again(
    page: Page, fake: FakeService, watch: Watch
) -> None:
    watch.expects_failure = True
    body = {"title": "Too busy", "status": 503, "detail": "16 wait.", "remedy": "Ask later."}
    fake.failures["/v1/ask"] = (503, body)
    page.goto("/")
    ask(page, "Who won?")
    told = page.locator(".problem")
    expect(told.get_by_role("paragraph")).to_have_text(["Too busy", "16 wait.", "Ask later."])
    expect(page.locator("#announcement")).to_have_text("Too busy. 16 wait. Ask later.")
    fake.failures.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".verdict")).to_have_text("Not in these documents.")
    expect(page.get_by_role("heading", level=3)).to_be_focused()


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ((422, {"title": "Question too long", "status": 422}), "Question too long"),
        ((413, "<h1>Refused</h1>"), "The server’s answer can’t be read"),
        ((413, []), "The server’s answer can’t be read"),
    ],
)
def test_what_would_fail_again_is_not_offered_again(
    page: Page, fake: FakeService, watch: Watch, answer: tuple[int, Any], title: str
) -> None:
    watch.expects_failure = True
    fake.failures["/v1/ask"] = answer
    page.goto("/")
    ask(page, "Who won?")
    expect(page.locator(".problem-title")).to_have_text(title)
    assert page.get_by_role("button", name="Try again").count() == 0


@pytest.mark.parametrize(
    "body",
    [
        "<p>a proxy’s page</p>",
        {"status": "sure", "answers": []},
        {"status": "answered", "answers": []},
        {"status": "answered", "answers": [{"answer": "x", "citations": []}]},
    ],
)
def test_a_response_that_is_no_answer_is_not_shown_as_one(
    page: Page, fake: FakeService, body: Any
) -> None:
    fake.failures["/v1/ask"] = (200, body)
    page.goto("/")
    ask(page, "Who won?")
    expect(page.locator(".problem-title")).to_have_text("The server’s answer can’t be read")


def test_a_server_that_is_gone_is_said_to_be(
    page: Page, server: ThreadingHTTPServer, watch: Watch
) -> None:
    watch.expects_failure = True
    page.goto("/")
    expect(page.locator("#documents")).to_contain_text("No documents yet.")
    server.shutdown()
    server.server_close()
    ask(page, "Who won?")
    expect(page.locator(".problem-title")).to_have_text("Pincite can’t be reached")
    expect(page.locator(".problem")).to_contain_text("pincite serve")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
