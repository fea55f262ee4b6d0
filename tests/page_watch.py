"""What pages may not do, whatever a test is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page

REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP violation: ${event.violatedDirective} ${event.blockedURI}`))"""


@dataclass
class Watch:
    """Errors that pages met, and hosts that they asked.

    Attributes:
        errors: Errors thrown or logged, and violations of the content security policy.
        hosts: Host and port of every request.
        expects_failure: Whether a failed load, which the browser logs, is what the test is about.
    """

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    expects_failure: bool = False

    def follow(self, page: Page) -> None:
        """Watch a page that has not been opened yet."""
        page.add_init_script(REPORT_VIOLATIONS)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._read)

    def _read(self, message: ConsoleMessage) -> None:
        expected = self.expects_failure and message.text.startswith("Failed to load resource")
        if message.type == "error" and not expected:
            self.errors.append(message.text)
