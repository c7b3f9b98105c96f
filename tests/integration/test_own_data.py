"""From a file nobody has described to a forecast in three commands: every frequency, several shapes and spellings."""

from pathlib import Path

import pandas as pd
import pytest

from own_data import Desk, wave

SHAPES = {
    "hourly": ("h", 24 * 40, 24, 48),
    "daily": ("D", 420, 7, 14),
    "weekly": ("W-MON", 230, 52, 13),
    "monthly": ("MS", 144, 12, 12),
    "quarterly": ("QS", 80, 4, 8),
}


def typical(frequency: str) -> pd.DataFrame:
    """Two series under other column names, with a column that describes them."""
    step, count, season, _ = SHAPES[frequency]
    when = pd.date_range("2015-01-05" if frequency != "monthly" else "2010-01-01", periods=count, freq=step)
    return pd.concat(
        [
            pd.DataFrame({"shop": shop, "town": town, "when": when, "sold": wave(count, season, seed=number).round(2)})
            for number, (shop, town) in enumerate({"north": "Oslo", "south": "Rome"}.items())
        ],
        ignore_index=True,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.in_folder(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frequency", "kind"), [(name, "parquet" if name in {"hourly", "monthly"} else "csv") for name in SHAPES]
)
def test_file_of_any_frequency_becomes_a_forecast(desk: Desk, frequency: str, kind: str) -> None:
    path = desk.folder / f"sales.{kind}"
    table = typical(frequency)
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path)

    found = desk.answer("pulse", "init-data", "sales." + kind)
    done = desk.start("run")

    assert (frequency, ["shop"], ["town"]) == (
        found["frequency"],
        found["columns"]["unique_id"],
        found["columns"]["static"],
    )
    assert 0 == done.returncode, done.stderr
    issued = desk.forecasts("sales")
    horizon = SHAPES[frequency][-1]
    assert {"north": horizon, "south": horizon} == issued["unique_id"].value_counts().to_dict()
    assert table["when"].max() < issued["ds"].min()
    assert issued["y_hat"].between(50, 250).all()
    status = desk.answer("pulse", "status")
    assert status["scores"]["champion.mase"] < status["scores"]["naive.mase"]


@pytest.mark.slow
def test_wide_file_with_foreign_dates_and_numbers_becomes_a_forecast_and_the_next_cycle_learns(desk: Desk) -> None:
    step, count, season, horizon = SHAPES["daily"]
    when = pd.date_range("2022-01-01", periods=count, freq=step)
    table = pd.DataFrame(
        {"Tag": when.strftime("%d.%m.%Y"), "Kasse 1": wave(count, season), "Kasse 2": wave(count, season, seed=2)}
    )
    table.to_csv(
        desk.folder / "Umsätze.csv", sep=";", decimal=",", index=False, encoding="utf-8-sig", float_format="%.2f"
    )

    found = desk.answer("pulse", "init-data", "Umsätze.csv", "--title", "Umsätze", "--unit", "EUR")
    first, second = when[-2].date().isoformat(), when[-1].date().isoformat()
    runs = [desk.start("run", "--params", f"as_of={as_of}").returncode for as_of in (first, second)]

    assert [0, 0] == runs
    assert (["Kasse 1", "Kasse 2"], "%d.%m.%Y", ",") == (
        found["columns"]["y"], found["dates"]["format"], found["numbers"]["decimal"],
    )  # fmt: skip
    status = desk.answer("pulse", "status")
    assert (second, 2, 2 * 2 * horizon) == (status["as_of"], status["ledger"]["resolved"], status["ledger"]["issued"])
    report = Path(desk.answer("pulse", "report")["path"])
    assert "Umsätze" in (report if report.is_absolute() else desk.folder / report).read_text(encoding="utf-8")


@pytest.mark.slow
def test_short_history_still_becomes_a_forecast(desk: Desk) -> None:
    when = pd.date_range("2021-01-01", periods=30, freq="MS")
    pd.DataFrame({"month": when, "visits": wave(30, 12)}).to_csv(desk.folder / "visits.csv", index=False)

    found = desk.answer("pulse", "init-data", "visits.csv")
    done = desk.start("run")

    assert 0 == done.returncode, done.stderr
    assert any("30 periods are short" in note for note in found["notes"])
    assert {"visits"} == set(desk.forecasts("visits")["unique_id"])


def test_settings_are_written_once_and_replaced_on_request(desk: Desk) -> None:
    typical("monthly").to_csv(desk.folder / "sales.csv", index=False)

    first = desk.start("pulse", "init-data", "sales.csv")
    again = desk.start("pulse", "init-data", "sales.csv")
    forced = desk.start("pulse", "init-data", "sales.csv", "--force")

    assert [0, 1, 0] == [first.returncode, again.returncode, forced.returncode]
    assert "Replace them with --force" in again.stderr
    assert ["catalog_own_data.yml", "globals.yml", "parameters_own_data.yml"] == desk.settings()


def test_a_look_alone_writes_nothing(desk: Desk) -> None:
    typical("monthly").to_csv(desk.folder / "sales.csv", index=False)

    done = desk.start("pulse", "init-data", "sales.csv", "--dry-run")

    assert 0 == done.returncode, done.stderr
    assert [] == desk.settings()
    assert not (desk.folder / "data").exists()


def test_environment_that_every_run_reads_is_not_written(desk: Desk) -> None:
    typical("monthly").to_csv(desk.folder / "sales.csv", index=False)

    done = desk.start("pulse", "init-data", "sales.csv", "--env", "base")

    assert 2 == done.returncode
    assert "got 'base'" in done.stderr


@pytest.mark.slow
def test_sources_do_not_meet_in_one_data_root(desk: Desk) -> None:
    table = typical("monthly")
    table.to_csv(desk.folder / "sales.csv", index=False)
    desk.answer("pulse", "init-data", "sales.csv")
    first = desk.start("run", "--params", "as_of=2021-10-01")
    table.assign(shop=table["shop"] + " branch").to_csv(desk.folder / "sales.csv", index=False)

    second = desk.start("run")

    assert (0, 1) == (first.returncode, second.returncode)
    assert (
        "got other series only, such as 'north branch', expected some that it was trained on, such as 'north'"
        in second.stderr
    )
    assert "2021-10-01" == desk.answer("pulse", "status")["as_of"]
