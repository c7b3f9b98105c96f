"""An unknown table is read the way its owner meant it; what cannot be told is asked with the option that answers it."""

import pickle
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.data_management.inspection import Hints, Proposal, inspect
from pulse_kedro.domain.data_management.inspection.questions import (
    AmbiguousDates,
    MixedDates,
    NoDates,
    NoKey,
    NoValues,
    UnclearFrequency,
    UnknownColumn,
)

STARTS = {"hourly": "h", "daily": "D", "weekly": "W-MON", "monthly": "MS", "quarterly": "QS"}


def dates(frequency: str, count: int = 60) -> pd.DatetimeIndex:
    return pd.date_range("2015-01-05", periods=count, freq=STARTS[frequency])


def sales(
    frequency: str = "monthly", *, shops: Sequence[str] = ("a", "b"), spell: str | None = None, count: int = 60
) -> pd.DataFrame:
    """A table of text, as a CSV file gives it."""
    when = dates(frequency, count)
    text = when.strftime(spell) if spell else when.astype(str)
    rng = np.random.default_rng(1)
    tables = [
        pd.DataFrame({"shop": shop, "when": text, "sales": rng.uniform(100, 3000, count).round(2).astype(str)})
        for shop in shops
    ]
    return pd.concat(tables, ignore_index=True)


@pytest.mark.parametrize("frequency", STARTS)
def test_frequency_is_the_distance_of_the_dates(frequency: str) -> None:
    assert frequency == inspect(sales(frequency), Hints()).frequency


@pytest.mark.parametrize(
    "spell",
    [
        "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%d", "%m/%Y", "%b %Y", "%d %B %Y", "%d/%m/%y",
        "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p",
    ],
)  # fmt: skip
def test_spelling_of_monthly_dates_is_told_by_the_rhythm_it_gives(spell: str) -> None:
    found = inspect(sales(spell=spell), Hints())

    assert ("monthly", spell) == (found.frequency, found.date_format)


@pytest.mark.parametrize("spell", ["%Y-%m-%d", "%Y-%m", "%Y/%m/%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S+02:00"])
def test_dates_in_iso_8601_need_no_format(spell: str) -> None:
    assert inspect(sales(spell=spell), Hints()).date_format is None


def test_quarters_and_weeks_are_dates_too() -> None:
    quarters = [f"{year}-Q{quarter}" for year in range(2000, 2015) for quarter in (1, 2, 3, 4)]
    weeks = dates("weekly").strftime("%G-W%V")

    assert ("quarterly", "%Y-Q%q") == _told(quarters)
    assert ("weekly", "%G-W%V") == _told(list(weeks))


def _told(when: Sequence[str]) -> tuple[str, str | None]:
    found = inspect(pd.DataFrame({"when": when, "y": np.arange(len(when)) * 1.5}), Hints())
    return found.frequency, found.date_format


@pytest.mark.parametrize(
    ("written", "decimal", "thousands"),
    [
        ("{:,.2f}", ".", ","),
        ("{:.2f}", ".", None),
        ("comma", ",", None),
        ("german", ",", "."),
        ("french", ",", " "),
        ("swiss", ".", "'"),
    ],
)
def test_signs_of_numbers_are_told_by_what_they_read(written: str, decimal: str, thousands: str | None) -> None:
    spell = _spelling_of(written)
    table = sales().assign(sales=lambda rows: rows["sales"].astype(float).map(spell))

    found = inspect(table, Hints())

    assert (decimal, thousands) == (found.decimal, found.thousands)


def _spelling_of(name: str) -> Callable[[float], str]:
    swapped = {"german": (",", "."), "french": (",", " "), "swiss": (".", "'")}
    if name == "comma":
        return lambda value: f"{value:.2f}".replace(".", ",")
    if name not in swapped:
        return name.format
    point, group = swapped[name]
    return lambda value: f"{value:,.2f}".replace(",", "_").replace(".", point).replace("_", group)


def test_number_with_two_readings_is_taken_for_thousands_and_said_so() -> None:
    table = sales().assign(sales=lambda rows: rows["sales"].astype(float).map("{:,.0f}".format))

    found = inspect(table, Hints())

    assert "," == found.thousands
    assert any("--decimal" in note for note in found.notes)


def test_columns_are_told_by_what_they_hold() -> None:
    table = sales().assign(
        region=lambda rows: rows["shop"].map({"a": "north", "b": "south"}),
        promotion=lambda rows: np.arange(len(rows)) % 2,
        comment=lambda rows: [f"note {row % 50}" for row in range(len(rows))],
    )

    found = inspect(table, Hints())

    assert (("shop",), "when", ("sales",), ("region",)) == (found.unique_id, found.ds, found.y, found.static)
    assert {"promotion", "comment"} == set(found.unused)


def test_wide_table_has_a_series_in_every_numeric_column() -> None:
    table = pd.DataFrame({"time": dates("hourly").astype(str), "north": np.arange(60.0), "south": np.arange(60.0) * 2})

    found = inspect(table, Hints())

    assert ((), "time", ("north", "south")) == (found.unique_id, found.ds, found.y)


def test_several_columns_may_name_a_series() -> None:
    tables = [sales(shops=[shop]).assign(article=article) for shop in "ab" for article in (10, 20)]

    assert {"shop", "article"} == set(inspect(pd.concat(tables, ignore_index=True), Hints()).unique_id)


@pytest.mark.parametrize(
    "column",
    [
        pytest.param([str(20210000 + 37 * row) for row in range(60)], id="product numbers"),
        pytest.param([str(1990 + row % 30) for row in range(60)], id="years of birth"),
        pytest.param([f"2001-0{1 + row % 9}-15" for row in range(60)], id="opening days"),
    ],
)
def test_column_that_looks_like_a_date_but_is_none_is_not_taken(column: list[str]) -> None:
    table = sales("weekly", shops=["a"]).assign(date=column)

    assert "when" == inspect(table[["date", "shop", "when", "sales"]], Hints()).ds


def test_typed_columns_of_parquet_are_read_as_they_are() -> None:
    table = pd.DataFrame({"id": ["a"] * 60, "ds": dates("daily"), "y": np.arange(60)})

    found = inspect(table, Hints())

    assert ("ds", None, ("y",)) == (found.ds, found.date_format, found.y)


def test_hints_are_taken_as_they_are() -> None:
    table = sales().assign(price=sales()["sales"])
    hints = Hints(unique_id=("shop",), ds="when", y=("price",), static=(), frequency="quarterly")

    found = inspect(table, hints)

    assert (("price",), (), "quarterly") == (found.y, found.static, found.frequency)


def test_working_days_are_daily_and_their_weekends_are_said_to_be_gaps() -> None:
    when = pd.bdate_range("2015-01-05", periods=60).astype(str)

    found = inspect(pd.DataFrame({"when": when, "price": np.arange(60.0)}), Hints())

    assert "daily" == found.frequency
    assert any("weekend" in note for note in found.notes)


def ask(table: pd.DataFrame, hints: Hints | None = None) -> Proposal:
    return inspect(table, hints or Hints())


def test_unknown_column_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownColumn, match=r"'sale', expected one of shop, when, sales"):
        ask(sales(), Hints(y=("sale",)))


def test_table_without_dates_is_refused_with_what_was_seen() -> None:
    with pytest.raises(NoDates, match=r"got shop;when;sales 'a;2015.*--date-format.*delimiter"):
        ask(pd.DataFrame({"shop;when;sales": ["a;2015-01-01;3", "a;2015-02-01;4"]}))


def test_dates_that_fit_two_spellings_alike_are_asked_for() -> None:
    when = ["01/01/2015", "02/02/2015", "03/03/2015", "04/04/2015"]

    with pytest.raises(AmbiguousDates, match=r"fit %d/%m/%Y and %m/%d/%Y.*--date-format"):
        ask(pd.DataFrame({"when": ["01/02/2015", "02/01/2015", *when], "y": np.arange(6.0)}))


def test_dates_in_several_spellings_are_asked_for_with_the_commonest() -> None:
    table = sales(shops=["a"])
    table.loc[:24, "when"] = dates("monthly").strftime("%d/%m/%Y")[:25]

    with pytest.raises(MixedDates, match=r"got 58% of them as ISO 8601.*--date-format"):
        ask(table)


def test_rows_that_nothing_tells_apart_are_asked_for() -> None:
    with pytest.raises(NoKey, match=r"several rows for one date \(column 'when'\).*--id"):
        ask(sales(shops=["a", "b", "c"]).drop(columns="shop"))


def test_table_without_numbers_is_asked_for() -> None:
    with pytest.raises(NoValues, match=r"got sales 'many', expected a column of numbers.*--value"):
        ask(sales().assign(sales="many"))


def test_series_of_different_frequencies_are_counted() -> None:
    table = pd.concat([sales("monthly", shops=["a", "b"]), sales("weekly", shops=["c"]), sales("daily", shops=["d"])])

    with pytest.raises(UnclearFrequency, match=r"2 monthly, 1 weekly, 1 daily, expected one of.*--frequency"):
        ask(table.reset_index(drop=True))


@pytest.mark.parametrize(("step", "name"), [("15min", "finer than hourly"), ("YS", "another")])
def test_frequency_that_is_not_known_here_is_refused(step: str, name: str) -> None:
    when = pd.date_range("1950-01-01", periods=60, freq=step).strftime("%Y-%m-%d %H:%M:%S")

    with pytest.raises(UnclearFrequency, match=f"1 {name}"):
        ask(pd.DataFrame({"when": when, "y": np.arange(60.0)}))


@pytest.mark.parametrize(
    "error",
    [
        UnknownColumn("a", ("b",)),
        NoDates({"a": "1"}),
        AmbiguousDates("a", ("%d", "%m"), "1"),
        NoKey("a"),
        MixedDates("a", "%d", 0.5),
        NoValues({"a": "x"}),
        UnclearFrequency({"daily": 1}, 0),
    ],
)
def test_error_returns_from_a_worker(error: Exception) -> None:
    assert str(error) == str(pickle.loads(pickle.dumps(error)))  # noqa: S301  (our own bytes)
