"""The decision page and its words: what changed, what to do, when the next cycle is due, at every frequency."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from pulse_kedro.pipelines.reporting.pictures.palette import DARK, LIGHT
from report_samples import IDS, only, report, retimed, room

FEW: dict[str, Any] = {"aggregate": IDS[0], "examples": 3}
PICTURES = ("forecast_fans", "backtest_against_baselines", "skill_by_horizon", "interval_coverage", "bias_by_slice")


@cache
def first() -> dict[str, Any]:
    return report(room(), **FEW)


@cache
def later() -> dict[str, Any]:
    return report(room(earlier=4), **FEW)


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
    assert "No other series has a forecast." in made["cycle_report"]


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
