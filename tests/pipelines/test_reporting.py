"""The reporting room with the real runner: what the page says, what it must never do, and that its numbers are true."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kedro.validation.type_extractor import TypeExtractor
from plotly.offline import get_plotlyjs
from pydantic import ValidationError

from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import QUANTILE_LEVELS
from pulse_kedro.pipelines.reporting import create_pipeline
from pulse_kedro.pipelines.reporting.curves import BY_CUTOFF, COVERAGE, value_of
from pulse_kedro.pipelines.reporting.intervals import bound
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.reporting.pictures.canvas import split_panels
from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT
from report_samples import ENDED, HOSTILE, IDS, RECIPE, only, options, report, retimed, room

SECTIONS = ("decision", "happened", "forecasts", "evidence", "earlier", "bias", "data", "glossary", "provenance")
MEGABYTE = 2**20
FEW: dict[str, Any] = {"aggregate": IDS[0], "examples": 3}
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
    assert "comparison-0" in shown
    assert ["Past cutoffs compared", "60"] == list(contested()["cycle_summary"]["gate"]["rows"][0])


def test_decision_page_compares_the_newest_value_with_the_last_forecast() -> None:
    inputs, front = room(earlier=4), later()["cycle_summary"]["front"]
    period = inputs["period"]
    issued = inputs["ledger"].of(period.ancestors[:1]).forecasts
    mine = issued[(issued["unique_id"] == IDS[0]) & (issued["ds"] == period.as_of)].iloc[0]
    known = inputs["panel"]
    newest = known[known["ds"] == period.as_of].set_index("unique_id")["y"]
    met = issued[issued["ds"] == period.as_of].set_index("unique_id")
    held = newest.reindex(met.index).between(met["ruled_q100"], met["ruled_q900"])

    came_in = front["entries"][0]["text"]

    assert 1 == mine["step"]
    assert "What changed since September 2018" == front["changes"]
    assert f"came in at {newest[IDS[0]]:,.0f} thousands of persons for October 2018" in came_in
    assert f"expected {mine['y_hat']:,.0f}, between {mine['ruled_q100']:,.0f} and {mine['ruled_q900']:,.0f}." in came_in
    assert f"Of {held.size} series that came in, {held.sum()} fell inside" in came_in


def test_decision_page_says_how_the_forecast_of_one_period_moved() -> None:
    inputs, front = room(earlier=4), later()["cycle_summary"]["front"]
    before = inputs["ledger"].of(inputs["period"].ancestors[:1]).forecasts
    old = before[(before["unique_id"] == IDS[0]) & (before["step"] == 12)].iloc[0]
    now = inputs["forecasts"].set_index(["unique_id", "ds"]).loc[(IDS[0], old["ds"]), "y_hat"]

    assert f"moved from {old['y_hat']:,.0f} to {now:,.0f} ({now / old['y_hat'] - 1:+.2%}".replace("%", " %") in front[
        "entries"
    ][2]["text"].replace("−", "-")


def test_first_decision_page_has_nothing_to_compare_with() -> None:
    front = first()["cycle_summary"]["front"]

    assert "What this first cycle says" == front["changes"]
    assert "nothing to compare them with yet" in front["entries"][0]["text"]
    assert "moved" not in front["entries"][2]["text"]
    assert front["lead"].startswith("The first forecaster is in charge.")


def test_next_cycle_is_due_when_its_period_has_been_released() -> None:
    inputs = room()
    waiting = inputs["quality_report"] | {"rows": inputs["quality_report"]["rows"] | {"after_as_of": 0}}

    ready = report(inputs, **FEW)["cycle_summary"]["front"]
    due = report(inputs | {"quality_report": waiting}, **FEW)["cycle_summary"]["front"]

    assert "It can run now: the source already holds values of July 2018 or later." == ready["next"]
    assert "It is expected on 8 September 2018, 38 days after it ends." in due["next"]
    assert "kedro run --params as_of=2018-07-01" == due["command"]


def test_replay_says_that_it_changed_nothing() -> None:
    inputs = room(earlier=1)

    front = report(inputs | {"cycle_record": replace(inputs["cycle_record"], line="replay")}, **FEW)["cycle_summary"][
        "front"
    ]

    assert "replay of the past: it changed nothing" in front["entries"][1]["text"]
    assert front["next"].startswith("This replay delays nothing")


def test_promotion_and_what_it_asks_for_come_first() -> None:
    inputs = room(earlier=1, with_gate=True)
    decision = inputs["promotion_decision"] | {"verdict": "PROMOTE"}

    front = report(inputs | {"promotion_decision": decision}, **FEW)["cycle_summary"]["front"]

    assert "A challenger took over." in front["lead"]
    assert "A new recipe is in charge." in front["todo"][0]["text"]


def test_advice_that_finds_no_room_on_the_decision_page_follows_below() -> None:
    summary = later()["cycle_summary"]
    front = summary["front"]

    assert summary["advice"] == front["todo"] + front["left"]
    assert 4 >= len(front["todo"])


@pytest.mark.parametrize(
    ("frequency", "kind", "heading"),
    [
        ("hourly", "hour", "By hour of the day"),
        ("daily", "weekday", "By day of the week"),
        ("weekly", "month", "By month of the target"),
        ("quarterly", "quarter", "By quarter of the target"),
    ],
)
def test_words_fit_the_frequency(frequency: str, kind: str, heading: str) -> None:
    inputs = retimed(room(earlier=2), frequency)

    made = report(inputs, **FEW)

    bias = made["cycle_summary"]["bias"]
    spoken = json.dumps(made["cycle_summary"]) + "".join(made[name].to_json() for name in PICTURES)
    assert {kind, "horizon", "group"} == set(inputs["bias_table"]["kind"])
    assert heading == bias["season"]
    assert heading in made["bias_by_slice"].to_json()
    assert (frequency == "weekly") is ("month" in spoken.lower())


def test_single_series_has_a_page_of_its_own() -> None:
    made = report(only(room(earlier=1), IDS[:1]), **FEW)

    assert "Of 1 series that came in" in made["cycle_summary"]["front"]["entries"][0]["text"]
    assert "No other series has a forecast." in page(made).text


def test_words_can_be_read_on_every_ground() -> None:
    """Contrast of at least 4.5 to 1, as WCAG 2.2 asks of text (criterion 1.4.3)."""
    grounds = {"ink": ("paper", "panel", "wash", "watch_wash"), "muted": ("paper", "panel"), "combination": ("paper",)}
    for theme in (LIGHT, DARK):
        for word in ("good", "watch"):
            assert 4.5 <= contrast(theme[word], theme["panel"])
        for word, papers in grounds.items():
            assert 4.5 <= min(contrast(theme[word], theme[paper]) for paper in papers), word


def contrast(one: str, other: str) -> float:
    """Ratio of the relative luminances of two colours written as #rrggbb."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


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
    empty = {name: inputs[name].head(0) for name in ("backtest", "scores", "bias_table", "cutoff_losses")}

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

    assert {"source": SourceOptions, "reporting": ReportingOptions} == types


def test_embedded_numbers_are_finite_or_null() -> None:
    def refuse(name: str) -> float:
        raise AssertionError(name)

    for made in (first(), later(), contested()):
        json.loads(page(made).scripts["pictures"], parse_constant=refuse)

    assert np.isfinite(first()["report_series"]["mase"]).all()
