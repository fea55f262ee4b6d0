"""A real browser, watched, and what serves its pages.

A test module that runs against another server overrides the fixture `base_url`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from fake_service import FakeService, serving
from page_watch import Watch
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright


@pytest.fixture
def fake() -> FakeService:
    service = FakeService()
    service.gate.set()
    return service


@pytest.fixture
def server(fake: FakeService) -> Iterator[ThreadingHTTPServer]:
    with serving(fake) as listening:
        yield listening


@pytest.fixture
def base_url(fake: FakeService, server: ThreadingHTTPServer) -> str:  # noqa: ARG001
    return fake.url


# Playwright runs an event loop in this thread while it is open, so not for the whole session.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        reason = "No chromium on the PATH: the page was not tested in a browser."
        if os.environ.get("PINCITE_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        # A name that is not localhost: plain http on it is no secure context.
        "--host-resolver-rules=MAP pincite.test 127.0.0.1",
    ]
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def watch(base_url: str) -> Iterator[Watch]:
    seen = Watch()
    yield seen
    assert seen.errors == []
    address = urlsplit(base_url)
    assert seen.hosts <= {address.netloc, f"pincite.test:{address.port}"}


@pytest.fixture
def new_page(browser: Browser, base_url: str, watch: Watch) -> Iterator[Callable[..., Page]]:
    """Opens a page in a context of its own, with Playwright's context options, and watches it."""
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        context = browser.new_context(
            **{"base_url": base_url, "reduced_motion": "reduce"} | options
        )
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        watch.follow(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()
