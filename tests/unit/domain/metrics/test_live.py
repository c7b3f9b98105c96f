"""Scores of issued forecasts, as a cycle with given ancestors may know them."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.history import SCORE_COLUMNS
from pulse_kedro.domain.ledger import (
    FORECAST_COLUMNS,
    OUTCOME_COLUMNS,
    RAW_COLUMNS,
    RULED_COLUMNS,
    Ledger,
    as_served,
    served_points,
)
from pulse_kedro.domain.metrics.live import score_ledger

JAN, FEB, MAR = pd.to_datetime(["2019-01-01", "2019-02-01", "2019-03-01"])


def forecast(cycle: str, cutoff: pd.Timestamp, name: str, point: float) -> pd.DataFrame:
    targets = [when for when in (JAN, FEB, MAR) if when > cutoff]
    rows = pd.DataFrame({"unique_id": name, "ds": targets, "y_hat": point}).assign(cycle=cycle, cutoff=cutoff)
    rows["step"] = range(1, len(rows) + 1)
    spread = np.linspace(-3, 3, 13)
    quantiles = {column: point + gap for column, gap in zip(RULED_COLUMNS, spread, strict=True)}
    return rows.assign(**dict.fromkeys(RAW_COLUMNS, np.nan), **quantiles, as_of=cutoff)


def outcomes(*rows: tuple[str, pd.Timestamp, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    frame["ds"] = pd.to_datetime(frame["ds"])
    frame["available_at"] = frame["ds"].dt.tz_localize("UTC")
    return frame.assign(snapshot="s")[list(OUTCOME_COLUMNS)]


def features(**scales: float) -> pd.DataFrame:
    frames = [pd.DataFrame({"unique_id": name, "ds": [JAN, FEB], "scale": value}) for name, value in scales.items()]
    return pd.concat(frames, ignore_index=True)


def value(scores: pd.DataFrame, metric: str, level: str = "overall", step: int = 0) -> float:
    found = scores[(scores["metric"] == metric) & (scores["level"] == level) & (scores["step"] == step)]
    return float(found["value"].item())


NOTHING = outcomes()
ISSUED = pd.concat(
    [forecast("c1", JAN, "a", 10.0), forecast("c1", JAN, "b", 20.0), forecast("c2", FEB, "a", 11.0)], ignore_index=True
)


def test_nothing_resolved_gives_an_empty_table_with_the_right_columns() -> None:
    empty = Ledger(forecasts=ISSUED[[*FORECAST_COLUMNS, "as_of"]], outcomes=NOTHING.assign(cycle=""))

    scores = score_ledger(empty, NOTHING, features(a=1.0), ("c2", "c1"))

    assert (0, SCORE_COLUMNS) == (len(scores), tuple(scores.columns))
    assert ("float64", "int64") == (scores["value"].dtype, scores["n"].dtype)


def test_first_cycle_has_no_live_scores() -> None:
    empty = Ledger(forecasts=ISSUED.head(0), outcomes=NOTHING.assign(cycle=""))

    assert score_ledger(empty, NOTHING, features(a=1.0), ()).empty


def test_outcomes_of_this_cycle_are_scored_with_the_scale_of_the_cutoff() -> None:
    ledger = Ledger(forecasts=ISSUED, outcomes=NOTHING.assign(cycle=""))

    scores = score_ledger(ledger, outcomes(("a", FEB, 12.0), ("b", FEB, 20.0)), features(a=2.0, b=4.0), ("c1",))

    assert value(scores, "mase") == (2 / 2 + 0 / 4) / 2
    assert value(scores, "mase", "horizon", 1) == 0.5
    assert value(scores, "coverage_80") == 1.0
    assert set(scores["level"]) == {"overall", "horizon", "newest"}
    assert {("", "champion")} == set(zip(scores["recipe"], scores["model"], strict=True))


def test_newest_covers_only_what_became_known_now() -> None:
    ledger = Ledger(forecasts=ISSUED, outcomes=outcomes(("a", FEB, 12.0)).assign(cycle="c2"))

    scores = score_ledger(ledger, outcomes(("a", MAR, 15.0)), features(a=1.0), ("c2", "c1"))

    newest = scores[scores["level"] == "newest"].set_index("step")
    assert {1: 4.0, 2: 5.0} == newest["value"].to_dict()
    assert {1: 1, 2: 1} == newest["n"].to_dict()
    assert value(scores, "mase") == np.mean([np.mean([2.0, 5.0]), 4.0])


def test_revised_outcome_replaces_the_first_release() -> None:
    ledger = Ledger(forecasts=ISSUED, outcomes=outcomes(("a", FEB, 12.0)).assign(cycle="c2"))

    scores = score_ledger(ledger, outcomes(("a", FEB, 10.0)), features(a=1.0), ("c2", "c1"))

    assert value(scores, "mase") == 0.0


def test_back_dated_run_sees_nothing_of_later_cycles() -> None:
    ledger = Ledger(forecasts=ISSUED, outcomes=outcomes(("a", MAR, 99.0)).assign(cycle="c3"))
    alone = Ledger(forecasts=ISSUED[ISSUED["cycle"] == "c1"], outcomes=NOTHING.assign(cycle=""))
    known = outcomes(("a", FEB, 12.0))

    expected = score_ledger(alone, known, features(a=1.0), ("c1",))

    pd.testing.assert_frame_equal(expected, score_ledger(ledger, known, features(a=1.0), ("c1",)))


def test_series_with_a_gap_at_the_cutoff_uses_its_last_known_scale() -> None:
    ledger = Ledger(forecasts=ISSUED, outcomes=NOTHING.assign(cycle=""))
    only_january = features(a=2.0)[lambda frame: frame["ds"] == JAN]

    scores = score_ledger(ledger, outcomes(("a", MAR, 15.0)), only_january, ("c2",))

    assert value(scores, "mase") == 2.0


def test_people_are_told_about_ruled_points_and_decisions_read_the_points_before_rules() -> None:
    """A rule moved the forecast 10 by 2; 13 came true: 1 off as served, 3 off before it."""
    raw = {name: 10.0 + gap for name, gap in zip(RAW_COLUMNS, np.linspace(-3, 3, 13), strict=True)}
    ruled = {name: raw[f"raw_{name.removeprefix('ruled_')}"] + 2 for name in RULED_COLUMNS}
    issued = forecast("c1", JAN, "a", 10.0).head(1).assign(**raw, **ruled)
    ledger = Ledger(forecasts=issued, outcomes=NOTHING.assign(cycle=""))

    scores = score_ledger(ledger, outcomes(("a", FEB, 13.0)), features(a=1.0), ("c1",))

    assert (1.0, 1.0) == (value(scores, "mase"), value(scores, "mase", "horizon", 1))
    assert 3.0 == value(scores, "mase", "newest", 1)


def test_forecasts_without_quantiles_keep_their_point() -> None:
    issued = forecast("c1", JAN, "a", 10.0)

    assert [10.0, 10.0] == served_points(issued).tolist()
    assert [10.0, 10.0] == as_served(issued)["y_hat"].tolist()
