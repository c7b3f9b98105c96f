"""What `compare` says: recipes field by field, scores with their direction, series, forecasts."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from past_samples import HEAD, PAST, REPLACED, SECOND
from pulse_kedro.adapters.stores.contrast import Change, Changes, Tally, summarize_changes
from pulse_kedro.adapters.stores.metric_history import Contrast
from pulse_kedro.adapters.stores.significance import LIVE, Evidence
from pulse_kedro.cli.contrast_answers import NOTHING, Side, comparison_of, recipe_differences
from pulse_kedro.cli.contrast_wording import (
    chance_rows,
    change_row,
    data_caveat,
    introduce,
    print_comparison,
    series_line,
    untested_lines,
)
from pulse_kedro.cli.wording import METRICS
from pulse_kedro.domain.metrics.targets import TARGETS

PERIOD = datetime(2019, 3, 1)  # noqa: DTZ001  # a period has no zone
RECIPE = {"horizon": 12, "members": [{"kind": "naive", "look_back": None}, {"kind": "level_ridge", "look_back": 24}]}
A = Side(name="previous", cycle=SECOND, recipe=RECIPE)
B = Side(name="champion", cycle=HEAD, recipe=RECIPE | {"horizon": 6})
MASE = Contrast(metric="mase", base=0.4, comparison=0.5, absolute=0.1, relative=0.25, is_improvement=False)
SCORES = {
    "backtest": [MASE, Contrast(metric="coverage_80", base=None, comparison=0.9)],
    "live": [Contrast(metric="coverage_80", base=None, comparison=0.8)],
}
CHANGES = summarize_changes([("x", PERIOD, 100.0, 150.0), ("y", PERIOD, -10.0, -20.0), ("z", PERIOD, 0.0, 1.0)])


def test_scores_stand_side_by_side_and_the_nearer_one_is_marked() -> None:
    answer = comparison_of(PAST, A, B, SCORES, series=Tally(), changes=Changes())

    names = ("kind", "metric", "target", "a", "b", "better", "relative", "is_improvement")
    assert [
        ("backtest", "mase", 0.0, 0.4, 0.5, "a", 0.25, False),
        ("backtest", "coverage_80", 0.8, None, 0.9, None, None, None),
        ("live", "coverage_80", 0.8, None, 0.8, None, None, None),
    ] == [tuple(row[name] for name in names) for row in answer["scores"]]


def test_nothing_to_compare_has_the_keys_of_an_answer() -> None:
    assert set(comparison_of(PAST, A, B, SCORES, series=Tally(), changes=Changes())) == set(NOTHING)


def test_every_score_that_is_compared_has_a_title() -> None:
    assert set(TARGETS) <= set(METRICS)


def test_recipes_differ_by_field_by_member_and_by_order() -> None:
    turned = RECIPE | {"members": RECIPE["members"][::-1], "combination": {"warm_up": 24}}

    assert [
        {"field": "combination.warm_up", "a": None, "b": "24"},
        {"field": "order of members", "a": "naive, level_ridge_24", "b": "level_ridge_24, naive"},
    ] == list(recipe_differences(RECIPE, turned))
    assert [] == list(recipe_differences(RECIPE, RECIPE))


def test_changes_are_relative_to_a_and_the_largest_comes_first() -> None:
    assert (3, 1, pytest.approx(-0.25), pytest.approx(0.75)) == (
        CHANGES.common,
        CHANGES.without_share,
        CHANGES.mean,
        CHANGES.mean_absolute,
    )
    assert [("y", -1.0), ("x", 0.5)] == [(change.series, change.share) for change in CHANGES.largest]


def test_only_the_largest_changes_are_kept() -> None:
    found = summarize_changes([(f"s{n}", PERIOD, 100.0, 100.0 + n) for n in (3, 9, 1, 7, 5, 8, 2)])

    assert ["s9", "s8", "s7", "s5", "s3"] == [change.series for change in found.largest]


def test_without_a_common_target_nothing_is_averaged() -> None:
    assert Changes() == summarize_changes([])


def test_the_whole_comparison_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    series = Tally(better_a=3, better_b=2, equal=1, only_a=4)

    print_comparison(comparison_of(PAST, A, B, SCORES, series=series, changes=CHANGES))

    said = re.sub(" +", " ", capsys.readouterr().out)
    assert "A cb3333, as of 2019-01-01, main: recipe ffffffffffff in revision 3, bundle bb3333000000, revision" in said
    assert "MASE, last backtest 0.4000 0.5000 +25.0% 0 A" in said
    assert "in 80 %, last backtest - 90.00% - 80% -" in said
    assert "(MASE of the last backtest, 6 series): A is better for 3, B for 2, 1 are equal; scored 4 only by A." in said
    assert (
        "3 targets in common; from A to B they moved by -25.00% on average, 75.00% either way; 1 were exactly" in said
    )


def test_other_data_is_a_caveat_and_the_same_data_is_none() -> None:
    same = Side(name="x", cycle=REPLACED, recipe=None)

    assert "know different data" in data_caveat(comparison_of(PAST, A, B, SCORES, series=Tally(), changes=Changes()))
    assert "" == data_caveat(comparison_of(PAST, A, same, {}, series=Tally(), changes=Changes()))


TESTED = Evidence(cutoffs=60, worth=5, unit="share", gain=-0.0123, low=-0.02, high=0.004, p=0.13, p_holm=0.26)


@pytest.mark.parametrize(
    ("facts", "row"),
    [
        ({}, ["MASE", "60", "5", "-1.23%", "-2.00% to +0.40%", "0.13", "0.26", "chance would do as much"]),
        ({"p_holm": 0.05, "p": 0.025}, ["0.025", "0.05", "more than chance"]),
        ({"p_holm": 0.06, "p": 0.03}, ["0.03", "0.06", "chance would do as much"]),
        ({"unit": "points"}, ["-1.23 points", "-2.00 to +0.40", "0.13", "0.26", "chance would do as much"]),
        ({"gain": None, "low": None, "high": None}, ["-", "- to -", "0.13", "0.26", "chance would do as much"]),
    ],
)
def test_a_difference_is_held_against_chance_once_for_all_scores(facts: dict[str, object], row: list[str]) -> None:
    scores = {"backtest": [replace(MASE, evidence=replace(TESTED, **facts))]}  # type: ignore[arg-type]

    (found,) = chance_rows(comparison_of(PAST, A, B, scores, series=Tally(), changes=Changes())["scores"])

    assert row == found[-len(row) :]


def test_a_score_without_a_test_says_why_and_one_reason_is_told_once() -> None:
    live = replace(MASE, evidence=Evidence(untested=LIVE))
    scores = {"backtest": [replace(MASE, evidence=TESTED)], "live": [live, replace(live, metric="wis")]}
    answer = comparison_of(PAST, A, B, scores, series=Tally(), changes=Changes())

    (line,) = untested_lines(answer["scores"])
    assert "Not tested: MASE, forecasts that came due; WIS, forecasts that came due: values by cutoff are" in line
    assert 1 == len(chance_rows(answer["scores"]))


def test_another_horizon_has_no_better_side() -> None:
    scores = {"backtest": [replace(MASE, evidence=Evidence(untested="other steps", comparable=False))]}

    answer = comparison_of(PAST, A, B, scores, series=Tally(), changes=Changes())

    assert [None] == [row["better"] for row in answer["scores"]]
    assert "different numbers of steps" in data_caveat(answer)


def test_series_that_only_one_side_scored_are_not_compared() -> None:
    assert series_line({"compared": 0}).startswith("By series: nothing to compare")


def test_the_head_is_introduced_as_head() -> None:
    assert ", head: recipe" in introduce(comparison_of(PAST, A, B, SCORES, series=Tally(), changes=Changes())["b"])


def test_a_change_is_shown_with_its_sign() -> None:
    change = Change(series="x", ds=PERIOD, a=1234567.0, b=1000.25, share=-0.5)

    assert ["x", "2019-03-01", "1.23457e+06", "1,000.25", "-50.0%"] == change_row(
        {"series": change.series, "ds": "2019-03-01", "a": change.a, "b": change.b, "share": change.share}
    )
