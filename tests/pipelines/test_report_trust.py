"""Trust on the page: who is trusted where, on how much evidence, and nothing where no forecast came due."""

from typing import Any

import pandas as pd
import pytest

from pulse_kedro.pipelines.reporting.pictures.trust import draw_trust_panels
from pulse_kedro.pipelines.reporting.words.analysis import settling_sentence
from pulse_kedro.pipelines.reporting.words.trust import NOTHING, trust_sentence, trust_table
from trust_samples import a_trust_table

TRUST = a_trust_table()
NONE_YET = TRUST.iloc[:0]


def traces(trust: pd.DataFrame, recipe: str = "r1") -> list[dict[str, Any]]:
    return list(draw_trust_panels(trust, recipe)["data"])  # type: ignore[call-overload]


def test_a_sentence_names_trust_its_interval_and_its_evidence() -> None:
    text = trust_sentence(TRUST, "r1")

    assert "counts as trusted" in text
    assert "0.75 (0.53 to 0.92), from 10 periods that weigh 10.0" in text


def test_the_least_trusted_place_is_named_where_there_are_several() -> None:
    weak = TRUST.iloc[[2]].assign(regime="contraction", mean=0.4)

    assert trust_sentence(TRUST, "r1").endswith("10.0.")
    assert trust_sentence(pd.concat([TRUST, weak]), "r1").endswith("It is trusted least in contraction: 0.40.")


def test_nothing_is_claimed_before_a_forecast_came_due() -> None:
    assert NOTHING == trust_sentence(NONE_YET, "r1")
    assert () == trust_table(NONE_YET).rows
    assert all(not trace["x"] for trace in traces(NONE_YET))


def test_a_recipe_that_has_just_begun_to_serve_has_no_trust_of_its_own() -> None:
    assert "1 recipe before it did serve" in trust_sentence(TRUST, "r2")


def test_the_table_has_each_posterior_and_a_dash_where_rules_never_fired() -> None:
    rows = trust_table(TRUST).rows

    assert ("r1", "everywhere", "better than seasonal naive") == rows[0][:3]
    assert ("0.75", "0.53 to 0.92", "10", "10.0", "+0.020", "yes") == rows[0][3:]
    assert "expansion, calm" == rows[2][1]
    assert ("–", "–", "0", "0.0", "–", "no") == rows[3][3:]


def test_whiskers_end_at_the_interval() -> None:
    recipes, cells = traces(TRUST)

    assert (["r1"], ["expansion, calm"]) == (recipes["y"], cells["y"])
    ends = recipes["x"][0] - recipes["error_x"]["arrayminus"][0], recipes["x"][0] + recipes["error_x"]["array"][0]
    assert pytest.approx((0.53, 0.92)) == ends


def test_names_from_outside_are_escaped() -> None:
    _, cells = traces(TRUST.assign(regime="<b>"))

    assert ["&lt;b&gt;"] == cells["y"]


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([1.0] * 9, ""),
        ([1.0] * 20, "has settled"),
        ([1.0] * 15 + [1.5] * 5, "is rising: +50.0 %, the mean of the newest 5 cutoffs"),
        ([1.0] * 15 + [0.5] * 5, "is improving: −50.0 %"),
    ],
)
def test_the_report_says_where_the_error_goes(losses: list[float], words: str) -> None:
    assert words in settling_sentence(pd.Series(losses))
