"""A real browser that opens pages of ours and reports what went wrong in it; tests skip where there is none."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic")
DESKTOP, PHONE, PAPER = (1400, 900), (390, 844), (688, 1017)
"""Pixels; paper is A4 between margins of 14 mm."""
PATIENCE = 60_000
"""Milliseconds after which a page is not slow but broken."""


@dataclass
class Visit:
    """One page as a reader sees it, and everything that went wrong there."""

    page: "Page"
    trouble: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def load_time(self) -> float:
        """Milliseconds from the start of the navigation to the end of the load event, by the browser's own clock."""
        return float(self.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))

    def measure(self, selector: str) -> dict[str, float]:
        """Box of the first match in pixels of the page: left, right, top, bottom."""
        return dict(
            self.page.evaluate(
                """selector => {
                    const box = document.querySelector(selector).getBoundingClientRect();
                    return {left: box.left + scrollX, right: box.right + scrollX,
                            top: box.top + scrollY, bottom: box.bottom + scrollY};
                }""",
                selector,
            )
        )


@contextmanager
def chromium() -> "Iterator[Browser]":
    """A browser, closed at the end; skips the test where Chromium or Playwright is missing."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    pytest.importorskip("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(
    browser: "Browser",
    address: str,
    *,
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
) -> Iterator[Visit]:
    """One page in a window of its own.

    Args:
        browser: From `chromium`.
        address: A URL.
        size: Width and height of the window in pixels.
        scheme: Whether the reader prefers light or dark pages.
    """
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    seen = Visit(page)
    page.on("console", lambda said: seen.trouble.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: seen.trouble.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(address)
    try:
        yield seen
    finally:
        page.close()


def pages_of(pdf: bytes) -> int:
    """Number of pages of a document that Chromium printed; it writes one uncompressed object for each."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def address_of(path: Path) -> str:
    """URL of a local file."""
    return path.resolve().as_uri()
