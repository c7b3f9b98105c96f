"""The inference room with the real runner: what is issued, raw and as rules leave it."""

import numpy as np
import pandas as pd
import pytest

from bundles import a_bundle
from overlay_samples import NO_CORRECTION
from pulse_kedro.domain.data_management.schemas import ForecastsContract
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, RAW_COLUMNS, RULED_COLUMNS, served_points
from pulse_kedro.domain.rules.scene import SHIFT_COLUMNS
from pulse_kedro.pipelines.inference import create_pipeline
from records import a_cycle
from rooms import run_room

CYCLE = a_cycle("2005-12-01")


FEATURES = pd.DataFrame({"unique_id": ["s0", "s0", "s2"], "scale": [1.0, 4.0, 2.0]})


NO_SHIFT = pd.DataFrame(columns=list(SHIFT_COLUMNS)).astype({"cutoff": "datetime64[ns]", "shift": "float64"})


def given(correction: pd.DataFrame, shifts: pd.DataFrame = NO_SHIFT) -> dict[str, object]:
    """What the room reads."""
    read = {"serving_bundle": a_bundle(), "cycle": CYCLE, "rule_shifts": shifts}
    return read | {"overlay_correction": correction, "features": FEATURES}


@pytest.fixture(scope="module")
def forecasts() -> pd.DataFrame:
    """What a bundle with three series issues, of which the second is not served."""
    issued = run_room(create_pipeline(), given(NO_CORRECTION))["forecasts"]
    assert isinstance(issued, pd.DataFrame)
    return issued


def test_the_room_reads_the_serving_bundle_and_what_rules_say() -> None:
    room = create_pipeline()

    assert {"serving_bundle", "cycle", "rule_shifts", "overlay_correction", "features"} == room.inputs()
    assert ["inference.issue_forecasts"] == [node.name for node in room.nodes]


def test_one_row_is_issued_per_served_series_and_step(forecasts: pd.DataFrame) -> None:
    assert list(FORECAST_COLUMNS) == forecasts.columns.tolist()
    assert [("s0", 12), ("s2", 12)] == list(forecasts.groupby("unique_id").size().items())
    assert ({CYCLE.key}, {CYCLE.period.as_of}) == (set(forecasts["cycle"]), set(forecasts["cutoff"]))
    assert pd.date_range("2006-01-01", periods=12, freq="MS").tolist() == forecasts["ds"].unique().tolist()
    assert forecasts is ForecastsContract().validate(forecasts)


def test_raw_quantiles_rise_and_no_rule_leaves_them_alone(forecasts: pd.DataFrame) -> None:
    raw, ruled = forecasts[list(RAW_COLUMNS)].to_numpy(), forecasts[list(RULED_COLUMNS)].to_numpy()

    assert (np.diff(raw, axis=1) >= 0).all()
    np.testing.assert_array_equal(raw, ruled)


def test_the_point_lies_inside_its_intervals(forecasts: pd.DataFrame) -> None:
    assert forecasts["y_hat"].between(forecasts["raw_q025"], forecasts["raw_q975"]).all()


def test_a_correction_moves_the_ruled_forecasts_by_units_of_the_newest_scale() -> None:
    correction = pd.DataFrame({"unique_id": ["s0"], "step": [2], "correction": [0.25]})

    issued = run_room(create_pipeline(), given(correction))["forecasts"]

    moved = issued["ruled_q500"] - issued["raw_q500"]
    np.testing.assert_allclose(moved[(issued["unique_id"] == "s0") & (issued["step"] == 2)], 1.0)
    assert 1 == (moved.abs() > 1e-9).sum()


def test_rules_move_every_quantile_of_a_series_and_step_and_leave_the_raw_ones_alone() -> None:
    """`s0` has a scale of 4 now: half a scale up is 2; what rules said at an older cutoff does not count."""
    now = CYCLE.period.as_of
    shifts = pd.DataFrame(
        {"unique_id": ["s0", "s0"], "cutoff": [now, now - pd.DateOffset(months=1)], "step": [3, 4], "shift": [0.5, 9.0]}
    )

    issued = run_room(create_pipeline(), given(NO_CORRECTION, shifts))["forecasts"]

    moved = issued[list(RULED_COLUMNS)].to_numpy() - issued[list(RAW_COLUMNS)].to_numpy()
    there = ((issued["unique_id"] == "s0") & (issued["step"] == 3)).to_numpy()
    np.testing.assert_allclose(moved[there], 2.0)
    assert not moved[~there].any()
    unruled = run_room(create_pipeline(), given(NO_CORRECTION))["forecasts"]
    pd.testing.assert_frame_equal(unruled[["y_hat", *RAW_COLUMNS]], issued[["y_hat", *RAW_COLUMNS]])
    np.testing.assert_allclose(served_points(issued) - issued["y_hat"], np.where(there, 2.0, 0.0), atol=1e-9)


def test_overlays_come_on_top_of_rules() -> None:
    shifts = pd.DataFrame({"unique_id": ["s0"], "cutoff": [CYCLE.period.as_of], "step": [2], "shift": [-0.5]})
    correction = pd.DataFrame({"unique_id": ["s0"], "step": [2], "correction": [0.25]})

    issued = run_room(create_pipeline(), given(correction, shifts))["forecasts"]

    moved = issued["ruled_q500"] - issued["raw_q500"]
    np.testing.assert_allclose(moved[(issued["unique_id"] == "s0") & (issued["step"] == 2)], -1.0)
