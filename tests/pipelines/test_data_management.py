"""The data room as Kedro runs it: typed parameters, in-memory datasets, one bad input per test."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.io import DataCatalog
from kedro.io.core import DatasetError

from feature_samples import feature_options
from overlay_samples import overlay_options
from pulse_kedro.domain.data_management.cleaning import CleaningOptions
from pulse_kedro.domain.errors import InvalidInput, SchemaMismatch
from pulse_kedro.pipelines.data_management import create_pipeline
from quality_samples import rules, thresholds, usual
from quality_samples import table as panel_of
from regime_samples import regime_options
from rooms import run_room
from source_samples import Past, declare, monthly, two_years

OUTPUTS = (
    *("rows", "quarantine", "period", "snapshot", "cleaned", "cleaning_log", "panel", "series", "features"),
    *("quality_report", "quality_findings"),
    *("feature_set", "regimes", "regime_events", "overlays"),
)
Outcome = dict[str, Any]
Steps = Sequence[Mapping[str, object]]


def run(
    table: pd.DataFrame,
    *,
    as_of: str | None = None,
    steps: Steps = (),
    cleaning: CleaningOptions | None = None,
    **changes: object,
) -> Outcome:
    """What the room leaves in the catalog."""
    inputs = {"observations": table, "params:source": declare(**changes), "history": Past(), "events": ()}
    inputs |= {"params:features": feature_options(steps), "params:regimes": regime_options()}
    inputs |= {
        "params:overlays": overlay_options(),
        "params:quality": thresholds(),
        "params:cleaning": cleaning or rules(),
    }
    return run_room(create_pipeline(), inputs | {"params:as_of": as_of, "params:known_at": None})


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.concat([two_years("a"), two_years("b")], ignore_index=True).astype({"sales": object})


def test_room_takes_one_table_one_declaration_and_the_past() -> None:
    room = create_pipeline()

    named = {"observations", "history", "events"}
    plain = ("source", "as_of", "known_at", "features", "regimes", "overlays", "quality", "cleaning")
    settings = {f"params:{name}" for name in plain}
    assert named | settings == room.inputs()
    assert set(OUTPUTS) == room.all_outputs()
    assert all(node.name.startswith("data_management.") for node in room.nodes)


def test_good_table_becomes_panel_series_features_and_report(table: pd.DataFrame) -> None:
    made = run(table)

    assert [48, 48, 2] == [len(made[name]) for name in ("panel", "features", "series")]
    assert 2 == made["quality_report"]["series"]["alive"]
    assert made["snapshot"].id == made["quality_report"]["snapshot"]


def test_earlier_cycle_does_not_see_what_came_later(table: pd.DataFrame) -> None:
    then = run(table.loc[table["month"] <= "2018-06-01"])
    back = run(table, as_of="2018-06-01")

    assert then["snapshot"] == back["snapshot"]
    for name in ("panel", "series", "features", "regimes"):
        pd.testing.assert_frame_equal(then[name], back[name])


def drop_column(table: pd.DataFrame) -> pd.DataFrame:
    return table.drop(columns="month")


def rename_column(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={"sales": "sale"})


def empty(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:0]


def three_points(table: pd.DataFrame) -> pd.DataFrame:
    return table.iloc[:3]


def nothing_but_text(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(sales="many")


@pytest.mark.parametrize(
    ("spoil", "family", "message"),
    [
        (drop_column, SchemaMismatch, "expected 'month' too"),
        (rename_column, SchemaMismatch, "Did you mean 'sale'?"),
        (empty, InvalidInput, "got a table without rows"),
        (three_points, InvalidInput, "got at most 3 observations per series"),
        (nothing_but_text, InvalidInput, "got 48 of 48 rows that cannot be used"),
    ],
)
def test_source_that_cannot_be_used_stops_the_room_with_a_reason(
    table: pd.DataFrame, spoil: Callable[[pd.DataFrame], pd.DataFrame], family: type[Exception], message: str
) -> None:
    with pytest.raises(family, match=message):
        run(spoil(table))


@pytest.mark.parametrize(
    ("as_of", "message"),
    [
        ("2030-01-01", "got as_of=2030-01-01, expected at most 2018-12-01"),
        ("2017-03-01", "expected at least 2018-01-01"),
        ("tomorrow", "got 'tomorrow', expected a monthly period"),
    ],
)
def test_as_of_that_cannot_be_reached_stops_the_room_with_a_reason(
    table: pd.DataFrame, as_of: str, message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        run(table, as_of=as_of)


@pytest.mark.parametrize("value", ["n/a", np.nan, None, np.inf, -np.inf])
def test_bad_value_costs_one_row_and_leaves_a_gap(table: pd.DataFrame, value: object) -> None:
    table.loc[5, "sales"] = value

    made = run(table)

    assert (47, 1) == (len(made["panel"]), len(made["quarantine"]))
    assert [{"unique_id": "a", "from": "2017-06-01", "to": "2017-06-01", "length": 1}] == (
        made["quality_report"]["gaps"]["longest"]
    )


def test_duplicates_are_told_apart_from_conflicts(table: pd.DataFrame) -> None:
    conflict = table.iloc[[7]].assign(sales=-1.0)

    made = run(pd.concat([table, table.iloc[[3]], conflict]))

    assert {"duplicate": 1, "conflict": 2} == made["quality_report"]["rows"]["by_rule"]
    assert 47 == len(made["panel"])


def test_dates_out_of_order_change_nothing(table: pd.DataFrame) -> None:
    assert run(table)["snapshot"].id == run(table.sample(frac=1.0, random_state=1))["snapshot"].id


def test_odd_series_are_described_and_stay_in_the_panel(table: pd.DataFrame) -> None:
    gap = pd.concat([two_years("gap", start="2015-01-01"), monthly("gap", np.arange(12.0), start="2018-01-01")])
    odd = [gap, monthly("constant", [5.0] * 24), two_years("short").iloc[-3:], two_years("ended").iloc[:14]]

    made = run(pd.concat([table, *odd]))

    status = dict(zip(made["series"]["unique_id"], made["series"]["status"], strict=True))
    assert {
        "a": "alive",
        "b": "alive",
        "gap": "alive",
        "constant": "alive",
        "short": "short",
        "ended": "ended",
    } == status
    assert set(status) == set(made["panel"]["unique_id"])
    assert ["constant"] == made["quality_report"]["series"]["constant"]
    assert 12 == made["quality_report"]["gaps"]["longest"][0]["length"]


def test_panel_is_refused_when_it_breaks_its_contract(project: Path, tmp_path: Path) -> None:
    entry = yaml.safe_load((project / "conf/base/catalog_data_management.yml").read_text(encoding="utf-8"))["panel"]
    catalog = DataCatalog.from_config({"panel": entry | {"filepath": f"{tmp_path}/panel.parquet"}})
    panel = pd.DataFrame({"unique_id": ["a"], "ds": [pd.Timestamp("2019-01-01")], "y": [np.nan]})

    with pytest.raises(DatasetError, match="dataset 'panel' on save") as caught:
        catalog.save("panel", panel)

    assert "expected a column 'available_at' too" in str(caught.value)
    assert not (tmp_path / "panel.parquet").exists()


def test_bundled_declaration_reads_the_bundled_data(project: Path) -> None:
    declaration = yaml.safe_load((project / "conf/base/parameters_data_management.yml").read_text(encoding="utf-8"))
    table = pd.read_parquet(project / "data/01_raw/us_employment.parquet")

    made = run(table, as_of="2018-12-01", **declaration["source"])

    series = made["quality_report"]["series"]
    assert (148, 147, ["CEU4245210001"]) == (series["total"], series["alive"], series["ended"])
    assert 0 == len(made["quarantine"])
    assert 72_339 == made["quality_report"]["rows"]["in"]


def test_cleaning_changes_the_panel_and_leaves_snapshot_and_report_as_they_were() -> None:
    values = usual()
    values[150] += 60
    rule = {"series": "*", "kinds": ["outlier"], "policy": "set_missing"}

    plain, clean = run(panel_of(values)), run(panel_of(values), cleaning=rules(rule))

    assert plain["snapshot"].id == clean["snapshot"].id == clean["cleaned"].id
    assert (180, 179) == (len(clean["snapshot"].rows), len(clean["panel"]))
    assert [("outlier", "set_missing", values[150])] == [
        (row.kind, row.policy, row.original) for row in clean["cleaning_log"].itertuples()
    ]
    assert ({}, {"set_missing": 1}) == (plain["quality_report"]["cleaning"], clean["quality_report"]["cleaning"])
    pd.testing.assert_frame_equal(plain["quality_findings"], clean["quality_findings"])


def test_panel_without_rules_is_the_snapshot() -> None:
    made = run(panel_of(usual()))

    assert made["cleaned"].rows is made["snapshot"].rows
    assert made["cleaning_log"].empty


STEPS: Steps = ({"type": "impute"}, {"type": "lags", "columns": ["y_filled"], "lags": [1]})


def test_configured_steps_add_columns_and_the_manifest_names_them(table: pd.DataFrame) -> None:
    made = run(table, steps=STEPS)

    added = ["y_filled", "y_missing", "y_filled_lag1"]
    assert ["unique_id", "ds", "season", "scale", *added] == list(made["features"])
    assert [made["snapshot"].id] == made["feature_set"]["parents"]
    assert ["season", "scale", *added] == [column["name"] for column in made["feature_set"]["columns"]]


def test_configured_steps_change_nothing_else(table: pd.DataFrame) -> None:
    plain, rich = run(table), run(table, steps=STEPS)

    pd.testing.assert_frame_equal(plain["features"], rich["features"][list(plain["features"])])
    pd.testing.assert_frame_equal(plain["panel"], rich["panel"])
    assert plain["snapshot"] == rich["snapshot"]


def test_an_earlier_cycle_does_not_see_what_came_later_in_its_features(table: pd.DataFrame) -> None:
    then = run(table.loc[table["month"] <= "2018-06-01"], steps=STEPS)
    back = run(table, steps=STEPS, as_of="2018-06-01")

    pd.testing.assert_frame_equal(then["features"], back["features"])
    assert then["feature_set"] == back["feature_set"]
