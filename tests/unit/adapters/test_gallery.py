"""The gallery of forecasts is one page that needs nothing else, and a browser has nothing to complain about."""

import re
from pathlib import Path

import numpy as np
import pytest

from browser import address_of, chromium, visit
from pulse_kedro.adapters.gallery import SHOWN, choose_examples, draw_gallery
from pulse_kedro.domain.panel import QUANTILE_LEVELS

MOST_BYTES = 2_000_000


def page(series: int, horizon: int = 13, periods: int = 300) -> str:
    rng = np.random.default_rng(0)
    histories = [100 + np.cumsum(rng.normal(size=periods)) for _ in range(series)]
    actual = np.stack([history[-1] + np.cumsum(rng.normal(size=horizon)) for history in histories], axis=1)
    spread = np.array(QUANTILE_LEVELS) - 0.5
    intervals = np.stack([history[-1] + 10 * spread for history in histories])[None].repeat(horizon, axis=0)
    actual[2, 0] = np.nan
    errors = rng.uniform(0.5, 2, series)
    return draw_gallery(
        title="Forecasts of <a & b>.csv",
        ids=[f"series <{column}>" for column in range(series)],
        histories=histories,
        actual=actual,
        intervals=intervals,
        errors=errors,
    )


def test_examples_are_the_best_the_middle_and_the_worst() -> None:
    errors = np.random.default_rng(1).permutation(np.append(np.arange(100.0), np.nan))

    chosen = errors[choose_examples(errors, 6)].tolist()

    assert [0, 1, 49, 50, 98, 99] == chosen
    assert [2, 0] == choose_examples(np.array([5.0, np.nan, 1.0]), 6)


@pytest.mark.parametrize("count", [25, 26, 49, 1000])
def test_no_example_comes_twice(count: int) -> None:
    chosen = choose_examples(np.arange(float(count)))

    assert SHOWN == len(set(chosen)) == len(chosen)


@pytest.mark.slow
def test_the_page_of_many_series_is_small_and_opens_without_trouble(tmp_path: Path) -> None:
    path = tmp_path / "gallery.html"
    path.write_text(page(100), encoding="utf-8")

    assert path.stat().st_size < MOST_BYTES
    with chromium() as browser:
        for scheme in ("light", "dark"):
            with visit(browser, address_of(path), scheme=scheme) as seen:  # type: ignore[arg-type]  # both are schemes
                assert [] == seen.trouble
                assert [address_of(path)] == seen.requests
                assert SHOWN == seen.page.locator("figure svg").count()
                assert "Forecasts of <a & b>.csv" == seen.page.title() == seen.page.locator("h1").inner_text()
                box = seen.page.locator("figure svg").first.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) > 100


@pytest.mark.slow
def test_on_a_phone_nothing_sticks_out(tmp_path: Path) -> None:
    path = tmp_path / "gallery.html"
    path.write_text(page(3), encoding="utf-8")

    with chromium() as browser, visit(browser, address_of(path), size=(390, 844)) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_has_no_script_and_loads_nothing() -> None:
    text = page(2)

    assert "<script" not in text
    assert [] == re.findall(r"(?:src|href)=[\"'](?!#)[^\"']+", text.replace("xlink:href", "href"))
    assert [] == re.findall(r"url\((?!#)|@import", text)
    assert "series &lt;0&gt;" in text


def test_a_page_without_a_scored_series_says_so() -> None:
    empty = draw_gallery(
        title="x", ids=["a"], histories=[np.ones(3)], actual=np.ones((1, 1)), intervals=np.ones((1, 1, 13)),
        errors=np.array([np.nan]),
    )  # fmt: skip

    assert "No series could be scored" in empty
