"""The report as a reader meets it: in a real browser, on a desk, on a phone, at night, on paper."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser import PAPER, PHONE, Visit, address_of, chromium, pages_of, visit
from report_samples import IDS, SOURCE, only, report, retimed, room

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

FEW = {"aggregate": IDS[0], "examples": 3}
LONG = "Employees of establishments which make things whose name nobody can say in one breath " * 4
WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 3


@cache
def usual() -> str:
    return html(report(room(earlier=4), **FEW))


@cache
def contested() -> str:
    return html(report(room(earlier=1, with_gate=True), **FEW))


@cache
def long_names() -> str:
    titles: dict[str, str | None] = {name: f"{LONG if place % 2 else WORD} {name}" for place, name in enumerate(IDS)}
    return html(report(room(earlier=2, titles=titles), title=LONG, **FEW))


@cache
def single() -> str:
    return html(report(only(room(), IDS[:1]), **FEW))


@cache
def hourly() -> str:
    inputs = retimed(room(earlier=2), "hourly")
    return html(report(inputs, source=SOURCE, **FEW))


def html(made: dict[str, Any]) -> str:
    return str(made["cycle_report"])


EVERY = pytest.mark.parametrize("made", [usual, contested, long_names, single, hourly], ids=lambda made: made.__name__)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as found:
        yield found


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], str]:
    """Writer of a page, which returns its address."""

    def write(text: str) -> str:
        path = tmp_path / "report.html"
        path.write_text(text, encoding="utf-8")
        return address_of(path)

    return write


def wait_for_pictures(seen: Visit) -> None:
    seen.page.wait_for_selector("html[data-drawn]", state="attached")


@EVERY
def test_page_opens_without_trouble_and_loads_nothing_else(
    made: Callable[[], str], browser: "Browser", written: Callable[[str], str], record_property: Callable[..., None]
) -> None:
    address = written(made())
    with visit(browser, address) as seen:
        record_property("load_ms", seen.load_time())
        wait_for_pictures(seen)
        places = seen.page.locator("[data-picture]").count()

        assert [] == seen.trouble
        assert [address] == seen.requests
        assert places == seen.page.locator("[data-picture] .main-svg:first-child").count() > 0


@EVERY
def test_nothing_runs_off_the_side_of_a_phone(
    made: Callable[[], str], browser: "Browser", written: Callable[[str], str]
) -> None:
    with visit(browser, written(made()), size=PHONE) as seen:
        wait_for_pictures(seen)

        assert PHONE[0] == seen.page.evaluate("document.documentElement.scrollWidth")


@EVERY
def test_decision_page_is_the_first_sheet_of_paper_and_alone_on_it(
    made: Callable[[], str], browser: "Browser", written: Callable[[str], str]
) -> None:
    with visit(browser, written(made())) as seen:
        wait_for_pictures(seen)
        whole = pages_of(seen.page.pdf(prefer_css_page_size=True))
        seen.page.add_style_tag(
            content="main > section:not(#decision), footer { display: none } #decision { break-after: auto !important }"
        )
        front = pages_of(seen.page.pdf(prefer_css_page_size=True))
        seen.page.add_style_tag(
            content="main > section:not(#decision), footer { display: block } header, #decision { display: none }"
        )
        rest = pages_of(seen.page.pdf(prefer_css_page_size=True))

    assert 1 == front
    assert whole == front + rest


def test_decision_page_is_about_one_screen_of_a_desk(browser: "Browser", written: Callable[[str], str]) -> None:
    with visit(browser, written(usual())) as seen:
        wait_for_pictures(seen)

        assert seen.measure("#decision .todo")["bottom"] < 900
        assert seen.measure("#decision")["bottom"] < 1.25 * 900


def test_paper_shows_every_picture_in_light_colours_and_all_numbers(
    browser: "Browser", written: Callable[[str], str]
) -> None:
    with visit(browser, written(usual()), size=PAPER, scheme="dark") as seen:
        wait_for_pictures(seen)
        seen.page.emulate_media(media="print", color_scheme="dark")
        seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")

        assert "rgb(28, 37, 48)" == seen.page.evaluate("getComputedStyle(document.body).color")
        fonts = "[...document.querySelectorAll('.xtick text')].map(one => getComputedStyle(one).fill)"
        assert {"rgb(90, 102, 117)"} == set(seen.page.evaluate(fonts))
        assert 0 == seen.page.locator("details:not([open])").count()
        off = """[...document.querySelectorAll('main table, main svg.main-svg')]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1).length"""
        assert 0 == seen.page.evaluate(off)

        seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert 0 < seen.page.locator("details:not([open])").count()


def test_dark_page_is_dark_and_follows_the_reader(browser: "Browser", written: Callable[[str], str]) -> None:
    with visit(browser, written(usual())) as seen:
        wait_for_pictures(seen)
        paper = "getComputedStyle(document.body).backgroundColor"
        assert "rgb(252, 252, 250)" == seen.page.evaluate(paper)

        seen.page.emulate_media(color_scheme="dark")
        seen.page.wait_for_selector("html[data-drawn=dark]", state="attached")

        assert "rgb(18, 23, 29)" == seen.page.evaluate(paper)
        assert [] == seen.trouble


def test_keyboard_reaches_the_content_first_and_shows_where_it_is(
    browser: "Browser", written: Callable[[str], str]
) -> None:
    with visit(browser, written(usual())) as seen:
        seen.page.keyboard.press("Tab")
        assert "#decision" == seen.page.evaluate("document.activeElement.getAttribute('href')")
        seen.page.keyboard.press("Tab")
        assert "solid" == seen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

        levels = seen.page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
        assert [1, 2] == levels[:2]
        assert max(later - earlier for earlier, later in pairwise(levels)) == 1
