"""Each contract accepts its frame, and names the first rule that is broken."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.contract import BrokenContract
from pulse_kedro.domain.data_management.schemas import (
    BacktestContract,
    FoldsContract,
    ForecastsContract,
    PanelContract,
)
from pulse_kedro.domain.data_management.series import panel_of
from pulse_kedro.domain.panel import QUANTILE_COLUMNS
from source_samples import snapshot_of, two_years

Change = Callable[[pd.DataFrame], pd.DataFrame]
CONTRACTS = {
    "panel": PanelContract,
    "folds": FoldsContract,
    "backtest": BacktestContract,
    "forecasts": ForecastsContract,
}


def dates(*text: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(text).as_unit("ns")


def panel() -> pd.DataFrame:
    return panel_of(snapshot_of(pd.concat([two_years("a"), two_years("b")])))


def folds() -> pd.DataFrame:
    times = dates("2018-01-01", "2018-02-01", "2018-03-01", "2018-04-01")
    return pd.DataFrame({"cutoff": times, "purpose": ["burn_in", "calibration", "evaluation", "open"]})


def backtest() -> pd.DataFrame:
    index = pd.MultiIndex.from_product(
        [["naive", "combination"], ["a", "b"], [1, 2]], names=["model", "unique_id", "step"]
    )
    table = index.to_frame(index=False).assign(recipe="r", cutoff=dates("2018-01-01")[0], y=1.0, y_hat=2.0, scale=0.5)
    table = table.assign(model_digest="d" + table["model"].astype(str), snapshot="s1")
    table["ds"] = table["step"].map({1: dates("2018-02-01")[0], 2: dates("2018-03-01")[0]})
    shared = table["model"].eq("combination").to_numpy()[:, None]
    quantiles = np.where(shared, np.arange(13.0), np.nan)
    table = pd.concat([table, pd.DataFrame(quantiles, columns=list(QUANTILE_COLUMNS))], axis=1)
    return table.astype({"model": "category", "unique_id": "category"})


def forecasts() -> pd.DataFrame:
    table = backtest().loc[lambda rows: rows["model"].eq("combination")].reset_index(drop=True)
    levels = table[list(QUANTILE_COLUMNS)]
    front = table[["unique_id", "cutoff", "ds", "step", "y_hat"]].assign(cycle="c1")
    return pd.concat([front, levels.add_prefix("raw_"), levels.add_prefix("ruled_")], axis=1)


GOOD = {"panel": panel, "folds": folds, "backtest": backtest, "forecasts": forecasts}


def cell(column: str, value: object, row: int = 0) -> Change:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        wide = table.astype({column: object}) if isinstance(table[column].dtype, pd.CategoricalDtype) else table
        wide.loc[row, column] = value
        return wide

    return change


@pytest.mark.parametrize("name", CONTRACTS)
def test_frame_that_keeps_its_contract_is_returned_untouched(name: str) -> None:
    data, expected = GOOD[name](), GOOD[name]()

    assert data is CONTRACTS[name]().validate(data)
    pd.testing.assert_frame_equal(expected, data)


@pytest.mark.parametrize("name", CONTRACTS)
def test_frame_keeps_its_contract_through_a_file(name: str, tmp_path: Path) -> None:
    GOOD[name]().to_parquet(tmp_path / "frame.parquet")

    CONTRACTS[name]().validate(pd.read_parquet(tmp_path / "frame.parquet"))


@pytest.mark.parametrize("name", CONTRACTS)
def test_empty_frame_with_the_right_columns_is_allowed(name: str) -> None:
    CONTRACTS[name]().validate(GOOD[name]().iloc[:0])


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_column_is_required(name: str) -> None:
    data = GOOD[name]()

    for column in data:
        with pytest.raises(BrokenContract, match=f"Checking '{name}' failed: .* expected a column '{column}' too"):
            CONTRACTS[name]().validate(data.drop(columns=column))


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "panel",
            cell("y", np.inf),
            r"got inf \(1 of 48 rows, e.g. unique_id=a, ds=2017-01-01.*'y', expected finite num",
        ),
        ("panel", cell("y", np.nan, 30), r"got nan \(1 of 48 rows, e.g. unique_id=b.*expected a value in every row"),
        ("panel", lambda table: table.assign(y=1), "got type int64 in column 'y', expected a floating-point type"),
        ("panel", lambda table: table.assign(unique_id=7), "got type int64 in column 'unique_id', expected text"),
        (
            "panel",
            lambda table: table.iloc[::-1],
            "unique_id=b, ds=2018-11-01.*, expected rows sorted by unique_id, then",
        ),
        ("panel", cell("ds", pd.Timestamp("2017-02-01")), "expected one row per unique_id, ds"),
        ("panel", lambda table: pd.concat([table, table]), "expected one row per unique_id, ds"),
        (
            "panel",
            lambda table: table.assign(available_at=table["ds"]),
            r"got type datetime64\[ns\] in column 'available_at', expected type datetime64\[ns, UTC\]",
        ),
        (
            "panel",
            lambda table: table.assign(ds=table["ds"].dt.as_unit("s")),
            r"got type datetime64\[s\] in column 'ds'",
        ),
        (
            "folds",
            cell("purpose", "training"),
            "got 'training' .*expected one of burn_in, calibration, evaluation, open",
        ),
        ("folds", lambda table: table.iloc[::-1], "expected cutoffs in time order, each once"),
        ("folds", cell("cutoff", pd.Timestamp("2018-02-01")), "expected cutoffs in time order, each once"),
        ("backtest", cell("ds", pd.Timestamp("2018-01-01")), "expected a ds after the cutoff"),
        ("backtest", cell("step", 0), "got 0 .* in column 'step', expected steps from 1"),
        ("backtest", lambda table: table.assign(step=1.0), "got type float64 in column 'step', expected whole numbers"),
        ("backtest", cell("scale", -1.0), "expected a scale of at least 0"),
        ("backtest", cell("y", np.nan), "'y', expected a value in every row"),
        ("backtest", cell("q500", 3.0, 0), "model=naive.* expected quantiles for all levels or for none"),
        ("backtest", cell("q500", 4.0, 5), "model=combination.* expected quantiles that do not fall"),
        (
            "backtest",
            lambda table: table.assign(**{name: table[name].where(table.index != 5) for name in QUANTILE_COLUMNS}),
            "model=combination.* expected no end to the quantiles of the combination once they began",
        ),
        ("backtest", lambda table: pd.concat([table, table]), "one row per recipe, model, unique_id, cutoff, step"),
        ("forecasts", cell("cycle", "c2", 3), "got 'c2' .* in column 'cycle', expected one cycle and one cutoff only"),
        ("forecasts", cell("ruled_q900", 0.0), "expected ruled_quantiles that do not fall"),
        ("forecasts", cell("raw_q900", np.nan), "'raw_q900', expected a value in every row"),
        ("forecasts", lambda table: table.iloc[:3], "unique_id=b, step=1, expected every step up to the horizon"),
        ("forecasts", cell("y_hat", -np.inf), "got -inf .* expected finite numbers"),
    ],
)
def test_broken_rule_is_named_with_an_example(name: str, change: Change, message: str) -> None:
    with pytest.raises(BrokenContract, match=message) as caught:
        CONTRACTS[name]().validate(change(GOOD[name]()))

    assert f"Checking {name!r} failed" in str(caught.value)
    assert f"Correct the node that makes {name!r}" in str(caught.value)
    assert len(str(caught.value)) < 500, "Kedro cuts longer messages"


def test_the_combination_may_lack_quantiles_until_errors_are_resolved() -> None:
    late = backtest().assign(cutoff=dates("2018-01-15")[0])
    early = backtest().assign(**dict.fromkeys(QUANTILE_COLUMNS, np.nan))
    both = pd.concat([early, late], ignore_index=True)

    assert early is CONTRACTS["backtest"]().validate(early)
    assert both is CONTRACTS["backtest"]().validate(both)


@pytest.mark.parametrize("name", CONTRACTS)
def test_something_else_than_a_frame_is_refused(name: str) -> None:
    with pytest.raises(BrokenContract, match="got a list, expected a pandas DataFrame"):
        CONTRACTS[name]().validate([1, 2])


def test_quantiles_may_fall_by_a_rounding_error() -> None:
    data = backtest()
    data.loc[5, "q600"] = data.loc[5, "q500"] * (1 - 1e-14)

    BacktestContract().validate(data)


def test_error_returns_from_a_worker() -> None:
    error = BrokenContract("panel", "y", "finite numbers", "inf")

    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301 our own bytes


def test_contracts_import_pandera_only_when_one_is_made() -> None:
    code = (
        "import sys; from pulse_kedro.domain.data_management import schemas; assert 'pandera' not in sys.modules; "
        "schemas.FoldsContract(); assert 'pandera' in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 our own command


def test_a_check_makes_no_more_calls_for_more_rows() -> None:
    contract, made = BacktestContract(), backtest()
    contract.validate(made)

    few, many = (calls_of(lambda rows=rows: contract.validate(repeated(made, rows))) for rows in (20, 2_000))

    assert 1_000 < many < 1.01 * few  # a hundred times the rows


def repeated(table: pd.DataFrame, times: int) -> pd.DataFrame:
    """The same backtest at so many cutoffs."""
    large = table.loc[table.index.repeat(times)].reset_index(drop=True)
    return large.assign(cutoff=np.tile(pd.date_range("1700-01-01", periods=times, freq="D").as_unit("ns"), len(table)))


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, of Python and of C: each row that is looked at by itself costs at least one."""
    count = 0

    def notice(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(notice)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
