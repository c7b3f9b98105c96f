"""The reporting room with the real runner: what the page says, what it must never do, and that its numbers are true."""

import json
import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.validation.type_extractor import TypeExtractor
from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs
from pydantic import ValidationError

from pulse_kedro.domain.data_management.regimes import RegimeOptions
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.panel import QUANTILE_LEVELS
from pulse_kedro.pipelines.reporting import create_pipeline
from pulse_kedro.pipelines.reporting.curves import BY_CUTOFF, COVERAGE, value_of
from pulse_kedro.pipelines.reporting.intervals import bound
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.reporting.pictures.canvas import split_panels
from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT
from report_samples import ENDED, HOSTILE, IDS, RECIPE, options, report, room

SECTIONS = (
    *("decision", "happened", "forecasts", "evidence", "earlier", "trust", "bias", "data", "glossary", "provenance"),
)
MEGABYTE = 2**20
FEW: dict[str, Any] = {"aggregate": IDS[0], "examples": 3}
FIGURES = (
    *("forecast_fans", "backtest_against_baselines", "skill_by_horizon", "interval_coverage", "bias_by_slice"),
    *("recipe_comparison", "data_quality", "regime_axes", "drift_figure", "error_slices", "calibration_plot"),
    "trust_figure",
)
PICTURES = ("forecast_fans", "backtest_against_baselines", "skill_by_horizon", "interval_coverage", "bias_by_slice")
Made = dict[str, Any]


class Page(HTMLParser):
    """What a browser would find: every tag with its attributes, and the text of the page without scripts and styles."""

    def __init__(self, html: str) -> None:
        """Read the page."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: dict[str, str] = {}
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the tag."""
        self.tags.append((tag, dict(attrs)))
        if tag in {"script", "style"}:
            self._inside.append(dict(attrs).get("id") or tag)

    def handle_endtag(self, tag: str) -> None:
        """Leave a script or a style."""
        if tag in {"script", "style"}:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        """Keep the text, that of scripts apart."""
        if self._inside:
            self.scripts[self._inside[-1]] = self.scripts.get(self._inside[-1], "") + data
        else:
            self.text += data

    def attributes(self, *names: str) -> list[str]:
        """Values of some attributes, in the order of the page."""
        return [value or "" for _, attributes in self.tags for name, value in attributes.items() if name in names]


@cache
def first() -> Made:
    return report(room(titles={IDS[0]: HOSTILE}), aggregate=IDS[0], examples=6)


@cache
def later() -> Made:
    return report(room(earlier=4), aggregate=IDS[0], examples=6)


@cache
def contested() -> Made:
    return report(room(earlier=1, with_gate=True), aggregate=IDS[0], examples=6)


CYCLES = pytest.mark.parametrize("made", [first, later, contested], ids=["first", "later", "contested"])


def page(made: Made) -> Page:
    return Page(made["cycle_report"])


@CYCLES
def test_page_has_every_section_under_its_heading(made: Callable[[], Made]) -> None:
    found = page(made())

    assert set(SECTIONS) <= set(found.attributes("id"))
    assert set(found.attributes("aria-labelledby")) <= set(found.attributes("id"))
    assert {f"#{section}" for section in SECTIONS} <= set(found.attributes("href"))


@CYCLES
def test_page_loads_nothing_from_elsewhere(made: Callable[[], Made]) -> None:
    found = page(made())
    own = made()["cycle_report"].replace(get_plotlyjs(), "")

    assert [] == found.attributes("src", "srcset", "action", "data", "poster")
    assert all(link.startswith(("#", "data:")) for link in found.attributes("href"))
    assert not re.search(r"https?://|url\(|@import|fetch\(|XMLHttpRequest", own.replace("https://evil.example", ""))
    assert "default-src 'none'" in " ".join(found.attributes("content"))


@CYCLES
def test_page_is_small_beside_its_drawing_library(made: Callable[[], Made]) -> None:
    html = made()["cycle_report"]

    assert 1 == html.count(get_plotlyjs())
    assert len(html.encode()) - len(get_plotlyjs().encode()) < MEGABYTE


@CYCLES
def test_every_picture_of_the_page_has_data_and_a_description(made: Callable[[], Made]) -> None:
    found = page(made())
    pictures = json.loads(found.scripts["pictures"])
    places = [attributes for _, attributes in found.tags if "data-picture" in attributes]

    assert {place["data-picture"] for place in places} <= set(pictures)
    assert all(place["role"] == "img" and place["aria-label"] for place in places)


@CYCLES
def test_every_colour_of_a_picture_has_a_role_in_both_themes(made: Callable[[], Made]) -> None:
    pictures = json.loads(page(made()).scripts["pictures"]).values()
    roles = [role for picture in pictures for trace in picture["data"] for role in trace["meta"].values()]
    flat = {one for role in roles for one in (role if isinstance(role, list) else [role])}

    assert flat <= set(LIGHT)
    assert set(LIGHT) == set(DARK)


@CYCLES
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_what_plotly_would_have_written(made: Callable[[], Made], name: str) -> None:
    text = made()[name].to_json()

    ours, plotlys = json.loads(text), json.loads(Figure(json.loads(text)).to_json())
    assert ours["data"] == plotlys["data"]
    assert {**ours["layout"], "template": None} == {**plotlys["layout"], "template": None}


def test_text_from_outside_is_escaped_everywhere() -> None:
    made = first()
    found = page(made)
    headings = [note["text"] for note in json.loads(made["forecast_fans"].to_json())["layout"]["annotations"]]

    assert ["pictures", "themes", "library", "script"] == list(
        dict.fromkeys(name for name in found.scripts if name != "style")
    )
    assert "img" not in {tag for tag, _ in found.tags}
    assert HOSTILE not in made["cycle_report"]
    assert HOSTILE in found.text
    assert "<b>n/a</b>" in found.text
    assert all("<" not in heading for heading in headings)


def test_first_cycle_says_that_nothing_is_due_yet() -> None:
    made = first()

    assert made["cycle_summary"]["earlier"]["table"] is None
    assert "None yet." in page(made).text
    assert "no forecast was issued before" in page(made).text


def test_later_cycle_shows_what_became_of_earlier_forecasts() -> None:
    summary = later()["cycle_summary"]
    rows = summary["earlier"]["table"]["rows"]

    assert ["1", "2", "3", "4", "all"] == [row[0] for row in rows]
    assert ["56", "42", "28", "14", "140"] == [row[1] for row in rows]
    assert ["4", "3", "2", "1"] == [row[1] for row in summary["earlier"]["newest"]["rows"]]
    assert "Of 672 forecasts issued by earlier cycles 140 have come due" in page(later()).text


def test_fan_shows_an_earlier_forecast_only_where_there_was_one() -> None:
    names = [
        [trace["name"] for trace in split_panels(made["forecast_fans"])[0]["data"]]  # type: ignore[attr-defined]
        for made in (first(), later())
    ]

    assert ["95 % interval", "80 % interval", "50 % interval", "Observed", "Forecast"] == names[0]
    assert "Forecast of Jun 2018" in names[1]


def test_later_cycles_of_the_ledger_are_not_looked_at() -> None:
    issued = room()["ledger"].forecasts

    assert len(issued) > 0
    assert "no forecast was issued before" in page(first()).text


def test_comparison_of_recipes_is_shown_when_there_was_one() -> None:
    shown = {name for made in (first(), contested()) for name in page(made).attributes("data-picture")}

    assert "comparison-0" not in page(first()).attributes("data-picture")
    assert {"comparison-0", "comparison-1"} <= shown
    assert ["Past cutoffs compared", "60"] == list(contested()["cycle_summary"]["gate"]["rows"][0])


def test_ended_series_are_listed_by_name() -> None:
    tables = {table["caption"]: table["rows"] for table in first()["cycle_summary"]["data"]["tables"]}

    assert (f"Group 1: Widgets {ENDED}", ENDED, "ended", "May 2016") == tables["Series without a forecast"][0][:4]
    assert f"No forecast for Group 1: Widgets {ENDED}, because it has ended." in page(first()).text


def test_numbers_of_the_page_are_those_of_the_tables() -> None:
    inputs, summary = room(), first()["cycle_summary"]
    scores = inputs["scores"]
    overall = scores[(scores["level"] == "overall") & (scores["metric"] == "mase")].set_index("model")["value"]
    issued = inputs["forecasts"]
    last = issued[(issued["unique_id"] == IDS[0]) & (issued["step"] == 12)].iloc[0]

    assert {row[0]: row[1] for row in summary["evidence"]["models"]["rows"]} == {
        name.replace("_", " ").capitalize(): f"{value:.3f}" for name, value in overall.items()
    }
    assert f"{last['y_hat']:,.0f}" == summary["tiles"][0]["value"]
    assert f"{last['ruled_q100']:,.0f} to {last['ruled_q900']:,.0f}" in summary["tiles"][0]["note"]


def test_curves_agree_with_the_score_tables() -> None:
    scores, curves = room()["scores"], first()["curves"]
    ours = scores[(scores["model"] == "combination") & (scores["recipe"] == RECIPE[:12])]
    overall = ours[ours["level"] == "overall"].set_index("metric")["value"]
    at_three = ours[(ours["level"] == "horizon") & (ours["step"] == 3)].set_index("metric")["value"]
    by_cutoff = curves[(curves["curve"] == BY_CUTOFF) & (curves["model"] == "combination")]

    assert overall["mase"] == pytest.approx(by_cutoff["value"].mean())
    assert overall["coverage_80"] == pytest.approx(value_of(curves, COVERAGE, level=0.8, step=0))
    assert at_three["coverage_95"] == pytest.approx(value_of(curves, COVERAGE, level=0.95, step=3))


def test_aggregate_comes_first_then_the_best_to_the_worst() -> None:
    chosen = first()["report_series"]

    assert IDS[0] == chosen["unique_id"].iloc[0]
    assert [0, 1, 3, 6, 8, 11, 13] == chosen["place"].tolist()
    assert chosen["mase"].iloc[1:].is_monotonic_increasing
    assert ENDED not in set(chosen["unique_id"])


def test_largest_series_stands_for_the_aggregate_where_none_is_named() -> None:
    made = report(room(), aggregate="unknown", examples=3)

    assert IDS[0] == made["report_series"]["unique_id"].iloc[0]


def test_series_without_a_title_goes_by_its_id() -> None:
    made = report(room(titles=dict.fromkeys(IDS)), aggregate=None, examples=30)

    assert made["report_series"]["unique_id"].tolist() == made["report_series"]["title"].tolist()


def test_report_is_written_without_a_backtest() -> None:
    inputs = room()
    empty = {
        name: inputs[name].head(0)
        for name in ("backtest", "scores", "bias_table", "cutoff_losses", "error_analysis", "calibration")
    }

    made = report(inputs | empty, aggregate=IDS[0])

    assert "not enough history for a backtest" in page(made).text
    assert {"backtest-0", "skill-0", "coverage-0", "bias-0"}.isdisjoint(page(made).attributes("data-picture"))


def test_gaps_of_a_series_are_left_open() -> None:
    made = report(room(), aggregate=IDS[1], examples=1, history_seasons=10)
    observed = next(
        trace
        for trace in split_panels(made["forecast_fans"])[0]["data"]
        if trace["name"] == "Observed"  # type: ignore[attr-defined]
    )

    assert 12 == sum(value is None for value in observed["y"])


def test_report_warns_about_intervals_that_do_not_hold() -> None:
    inputs = room()
    held = inputs["scores"]["metric"] == "coverage_80"
    scores = inputs["scores"].assign(value=inputs["scores"]["value"].where(~held, 0.6))

    advice = report(inputs | {"scores": scores}, aggregate=IDS[0])["cycle_summary"]["advice"]

    assert {"text": "The 80 % intervals are too narrow: they held 60.0 % of the outcomes.", "tone": "watch"} in advice


def test_quiet_cycle_says_that_nothing_needs_a_person() -> None:
    inputs = room()
    level = {"coverage_80": 0.8, "coverage_95": 0.95}
    scores = inputs["scores"]
    scores = scores.assign(value=scores["metric"].map(level).fillna(scores["value"]))
    bias = inputs["bias_table"].assign(mean_residual=0.0)
    quality = inputs["quality_report"] | {"rows": inputs["quality_report"]["rows"] | {"quarantined": 0}}

    made = report(inputs | {"scores": scores, "bias_table": bias, "quality_report": quality}, aggregate=IDS[0])

    assert "Nothing needs a person in this cycle." == made["cycle_summary"]["advice"][0]["text"]
    assert ["good", "plain"] == [advice["tone"] for advice in made["cycle_summary"]["advice"]]


def test_bound_between_two_levels_lies_between_their_quantiles() -> None:
    columns = {f"ruled_q{round(level * 1000):03d}": [100 * level] for level in QUANTILE_LEVELS}
    forecasts = pd.DataFrame(columns)

    assert [2.5, 25.0, 50.0, 75.0, 97.5] == [
        pytest.approx(bound(forecasts, level).iloc[0]) for level in (0.025, 0.25, 0.5, 0.75, 0.975)
    ]


def test_panel_of_a_figure_stands_on_its_own() -> None:
    panels = split_panels(first()["forecast_fans"])

    assert 7 == len(panels)
    for panel in panels:
        layout: Any = panel["layout"]
        assert {"xaxis", "yaxis"} == {key for key in layout if key.startswith(("xaxis", "yaxis"))}
        assert "domain" not in layout["xaxis"]
        assert "height" not in layout


@pytest.mark.parametrize(
    "change", [{"reference": "unknown"}, {"examples": 0}, {"coverage_tolerance": 0.9}, {"tilte": "x"}], ids=str
)
def test_options_are_refused_when_they_make_no_sense(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        options(**change)


def test_options_are_built_for_arguments_passed_by_name() -> None:
    types = TypeExtractor({"reporting": create_pipeline()}).extract_types_from_pipelines()

    assert {
        "source": SourceOptions,
        "reporting": ReportingOptions,
        "regimes": RegimeOptions,
        "drift": DriftOptions,
    } == types


def test_embedded_numbers_are_finite_or_null() -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    for made in (first(), later(), contested()):
        json.loads(page(made).scripts["pictures"], parse_constant=refuse)

    assert np.isfinite(first()["report_series"]["mase"]).all()
