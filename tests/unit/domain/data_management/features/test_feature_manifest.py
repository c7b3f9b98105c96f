"""The feature set of a panel: its rows, its manifest and its hashes, and the same columns in a fresh process."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from feature_samples import FAMILY, feature_options
from pulse_kedro.domain.data_management.features.fitting import known_rows
from pulse_kedro.domain.data_management.features.manifest import (
    FeatureSet,
    frame_hash,
    from_record,
    make_feature_set,
    to_record,
)
from pulse_kedro.domain.data_management.features.rows import describe_rows
from pulse_kedro.domain.data_management.features.table import table_of, training_fold
from pulse_kedro.domain.data_management.series import panel_of
from pulse_kedro.domain.panel import frequency
from source_samples import declare, monthly, snapshot_of

STEPS = [step for name in ("impute", "scale", "lags", "indicators", "calendar", "graph") for step in FAMILY[name]]
SOURCE = declare()


def a_panel(seed: int = 0, periods: int = 40) -> pd.DataFrame:
    """Three shops; the second has a gap of a season, the third opens late."""
    rng = np.random.default_rng(seed)
    tables = [monthly(name, 100 + rng.normal(size=periods).cumsum()) for name in ("a", "b", "c")]
    tables[1] = tables[1].drop(index=range(14, 20))
    tables[2] = tables[2].iloc[10:]
    return panel_of(snapshot_of(pd.concat(tables)))


def made_of(panel: pd.DataFrame, given: list[dict[str, object]] = STEPS, **changes: object) -> FeatureSet:
    return make_feature_set(panel, SOURCE, feature_options(given, **changes), parents=["s1"])


def test_without_steps_there_are_season_and_scale_as_ever() -> None:
    panel = a_panel()

    made = made_of(panel, [])

    pd.testing.assert_frame_equal(describe_rows(panel, SOURCE.step), made.frame)
    assert ["season", "scale"] == [column["name"] for column in made.manifest["columns"]]  # type: ignore[attr-defined]
    assert (0, 0, None) == tuple(made.manifest[key] for key in ("leakage_horizon", "look_back", "train_periods"))
    assert () == made.fitted.steps == from_record(to_record(made)).steps


def test_every_row_of_the_panel_gets_its_columns_in_its_place() -> None:
    panel = a_panel()

    made = made_of(panel)

    assert panel[["unique_id", "ds"]].equals(made.frame[["unique_id", "ds"]])
    assert ["unique_id", "ds", "season", "scale", *made.fitted.names] == list(made.frame)
    own = made.frame[made.frame["unique_id"] == "b"].set_index("ds")
    y = panel[panel["unique_id"] == "b"].set_index("ds")["y"]
    assert y["2018-09-01"] == own.loc["2018-10-01", "y_lag1"]
    assert y["2018-02-01"] == own.loc["2018-02-01", "y_filled"]
    assert np.isnan(own.loc["2018-09-01", "y_lag1"])  # the period before it is in the gap


def test_the_manifest_tells_parents_columns_and_how_far_they_read() -> None:
    manifest = made_of(a_panel()).manifest

    assert ("panel", ["s1"], 48, 104, 3) == tuple(
        manifest[key] for key in ("name", "parents", "train_periods", "rows", "series")
    )
    columns = {column["name"]: column for column in manifest["columns"]}  # type: ignore[attr-defined]
    assert {"name", "step", "kind", "unit", "leakage_horizon", "look_back", "fitted"} == set(columns["y_lag1"])
    assert (1, 1, "pieces") == tuple(columns["y_lag1"][key] for key in ("leakage_horizon", "look_back", "unit"))
    assert (0, None) == (columns["scale"]["leakage_horizon"], columns["scale"]["look_back"])
    assert None is columns["calendar_month"]["leakage_horizon"]
    json.dumps(manifest, allow_nan=False)


def test_k46_the_same_inputs_have_the_same_hash_in_any_order_of_rows() -> None:
    panel = a_panel()

    here, again = made_of(panel), made_of(a_panel())

    assert here.manifest == again.manifest
    assert here.manifest["content_hash"] == frame_hash(here.frame.sample(frac=1.0, random_state=3))
    assert here.manifest["content_hash"] != made_of(a_panel(seed=1)).manifest["content_hash"]
    assert here.manifest["definition_hash"] == made_of(a_panel(seed=1)).manifest["definition_hash"]


def test_d16_blocks_that_are_off_leave_every_hash_as_it_is() -> None:
    panel = a_panel()
    off: list[dict[str, object]] = [{"type": "spectral"}]

    assert made_of(panel).manifest == made_of(panel, [*STEPS, *off]).manifest


def test_rows_after_the_fold_of_a_series_do_not_change_what_was_fitted() -> None:
    panel = a_panel()
    later = panel["ds"] > "2018-12-01"
    other = panel.assign(y=panel["y"].where(~later, 1e6))

    here, there = made_of(panel, train_periods=12), made_of(other, train_periods=12)

    for name, values in here.fitted.arrays().items():
        np.testing.assert_array_equal(values, there.fitted.arrays()[name], err_msg=name)
    pd.testing.assert_frame_equal(here.frame[~later], there.frame[~later])


def test_a_value_published_late_is_not_there_in_earlier_rows_nor_in_the_fold() -> None:
    panel = a_panel()
    late = panel["unique_id"].eq("a") & panel["ds"].eq("2017-05-01")
    published = SOURCE.release(pd.Series([pd.Timestamp("2019-06-01")])).iloc[0]
    panel["available_at"] = panel["available_at"].where(~late, published)
    step: list[dict[str, object]] = [{"type": "lags", "lags": [1, 25, 26]}, {"type": "scale", "method": "min_max"}]

    made = made_of(panel, step, train_periods=12)
    frame = made.frame[made.frame["unique_id"] == "a"].set_index("ds")
    gone = made_of(panel[~late].reset_index(drop=True), step, train_periods=12)

    value = panel.loc[late, "y"].item()
    assert np.isnan(frame.loc["2017-06-01", "y_lag1"])
    assert value == frame.loc["2019-06-01", "y_lag25"]
    assert value == frame.loc["2019-07-01", "y_lag26"]
    np.testing.assert_array_equal(gone.fitted.arrays()["1.y.centre"], made.fitted.arrays()["1.y.centre"])


def test_a_value_is_known_from_the_first_period_whose_own_value_is_published_no_earlier() -> None:
    panel = a_panel(periods=30)
    panel = panel[panel["unique_id"] == "a"].reset_index(drop=True)
    moments = panel["available_at"].copy()
    moments.iloc[3] += pd.Timedelta(seconds=1)
    moments.iloc[4] -= pd.Timedelta(days=3)

    rows = known_rows(table_of(panel, SOURCE.step), panel.assign(available_at=moments), SOURCE.release_lag_days)

    assert [0, 1, 2, 4, 4, 5] == rows[:6, 0].tolist()


def test_the_fold_is_counted_from_the_first_value_of_each_series() -> None:
    table, inside = training_fold(table_of(a_panel(), frequency("monthly")), 5)

    known = ~np.isnan(table.columns["y"])

    np.testing.assert_array_equal(inside, known)
    assert (15, 3) == table.shape
    assert [5, 5, 5] == known.sum(axis=0).tolist()
    assert [0, 0, 10] == known.argmax(axis=0).tolist()


def test_what_is_filled_outside_of_a_fold_does_not_enter_what_is_fitted_on_it() -> None:
    chain = [{"type": "impute"}, {"type": "scale", "columns": ["y_filled"]}]
    panel = a_panel()

    fitted = made_of(panel, chain, train_periods=5).fitted

    own = panel[panel["unique_id"] == "a"]["y"].to_numpy()[:5]
    assert own.mean() == pytest.approx(fitted.arrays()["1.y_filled.centre"][0], rel=1e-12)
    assert own.std() == pytest.approx(fitted.arrays()["1.y_filled.spread"][0], rel=1e-12)


def test_a_fresh_process_computes_the_same_columns_from_the_stored_manifest(tmp_path: Path) -> None:
    made, panel = made_of(a_panel()), a_panel()
    panel.to_parquet(tmp_path / "panel.parquet")
    (tmp_path / "feature_set.json").write_text(json.dumps(to_record(made), allow_nan=False), encoding="utf-8")
    script = """
import json, sys, pandas as pd
from pulse_kedro.domain.data_management.features.fitting import transform
from pulse_kedro.domain.data_management.features.manifest import frame_hash, from_record
from pulse_kedro.domain.data_management.features.table import cells_of, table_of
from pulse_kedro.domain.panel import frequency
fitted = from_record(json.load(open(sys.argv[1] + "/feature_set.json")))
panel = pd.read_parquet(sys.argv[1] + "/panel.parquet")
made = cells_of(transform(fitted, table_of(panel, frequency("monthly"))), panel, fitted.names)
print(frame_hash(pd.concat([panel[["unique_id", "ds"]], made], axis=1)))
"""

    told = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, capture_output=True, text=True)  # noqa: S603  # our own

    assert frame_hash(made.frame.drop(columns=["season", "scale"])) == told.stdout.strip()
