"""Rules in real cycles: a lean that only the calendar knows is mined, tried on later days, applied, and cited."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cycles import Place
from pulse_kedro.domain.ledger import RAW_COLUMNS, RULED_COLUMNS
from pulse_kedro.domain.rules.rulebook import read_rulebook

pytestmark = pytest.mark.slow

DAYS = pd.date_range("2018-11-01", "2020-12-31", freq="D")
WEDNESDAY, WALK = 0.6, 0.2
"""How much higher Wednesdays are, and the daily steps of the walk under it, in the unit of the source."""
SETTINGS = {
    "source": {"frequency": "daily"},
    "recipe": {"horizon": 1, "members": [{"kind": "naive"}]},
    "backtest": {"burn_in": 6, "calibration": 30, "evaluation": 160},
    "rules": {"mine_share": 0.6, "select_share": 0.3},
}
"""Of 160 windows 96 mine, 48 choose, and the trial has fewer than the twenty that its first look takes."""


def source_with_high_wednesdays() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    walks = rng.normal(size=(4, len(DAYS))).cumsum(axis=1) * WALK
    high = WEDNESDAY * (DAYS.dayofweek == 2)
    return pd.concat(
        [
            pd.DataFrame({"unique_id": f"s{number}", "ds": DAYS, "y": 100 + walk + high, "title": f"Series {number}"})
            for number, walk in enumerate(walks)
        ],
        ignore_index=True,
    )


def moved(place: Place) -> pd.Series:
    """How far rules moved the forecasts of the newest run, by series."""
    issued = place.load("forecasts").set_index("unique_id")
    found = issued[list(RULED_COLUMNS)].to_numpy() - issued[list(RAW_COLUMNS)].to_numpy()
    assert np.allclose(found, found[:, :1])  # all quantiles alike
    return pd.Series(found[:, 0], index=issued.index.astype(str))


def test_a_lean_of_the_calendar_is_learned_tried_and_applied(tmp_path: Path) -> None:
    place, first, second = Place(tmp_path).offer(source_with_high_wednesdays()), "2020-11-10", "2020-11-24"

    place.run(first, SETTINGS, to_nodes=["recovery.close_cycle"])  # a Tuesday, but the rules are on trial
    tried, evaluated, before = place.load("rulebook"), place.load("rule_evaluations"), moved(place)
    book = read_rulebook(tried)
    assert book.trial is not None
    assert {"3"} in [set(one.values) for rule in book.trial.rules for one in rule.when if one.variable == "weekday"]
    assert len(book.trial.rules) == evaluated["kept"].sum() < len(evaluated)
    assert 0 == before.abs().max()

    place.run(second, SETTINGS)
    rules, shifts = place.load("rulebook"), place.load("rule_shifts")
    now = shifts[shifts["cutoff"] == second].set_index("unique_id")["shift"]
    scales = place.load("features").groupby("unique_id", observed=True)["scale"].last()
    assert read_rulebook(rules).rules == book.trial.rules
    assert [look["passed"] for look in rules["earned"]["looks"]] == [True]
    assert now.min() > 0.3
    np.testing.assert_allclose(moved(place), now * scales, rtol=1e-9)
    assert rules["hash"] in {row[0] for row in place.ask("select rulebook from cycles")}

    place.run(first, SETTINGS, to_nodes=["rules.learn_rules"])  # reads the book of its parent, not the newest
    assert tried["hash"] == place.load("rulebook")["hash"]
