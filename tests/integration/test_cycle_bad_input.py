"""Bad input through the whole run: what is refused, what goes on without the bad part, and what stays intact."""

from collections.abc import Callable

import click
import numpy as np
import pandas as pd
import pytest

from cycles import HORIZON, LIVING, Place, largest_difference, small_source, states, states_in_one_pass
from pulse_kedro.domain.data_management.as_of import AsOfTooEarly, FutureAsOf, SeriesTooShort, UnreadableAsOf
from pulse_kedro.domain.data_management.quarantine import TooManyBadRows
from pulse_kedro.domain.data_management.rows import EmptySource, MissingColumn
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.training.charge import CatastrophicLoss

pytestmark = pytest.mark.slow

Table = pd.DataFrame
NEXT = "2019-01-01"
TOTAL = "PAYNSA"
SPLIT, RESOLVE, DECIDE = "data_management.split_rows", "data_management.resolve_cycle", "metrics.decide"
FAULT = "select code, node, error from faults"


def month(table: Table, ds: str, series: str = TOTAL) -> "pd.Series[bool]":
    return table["unique_id"].eq(series) & table["ds"].eq(ds)


def constant(table: Table) -> Table:
    return table[table["unique_id"].eq(TOTAL)].assign(unique_id="constant", y=5.0, title="Never moves")


def three_points(table: Table) -> Table:
    newest = table[table["unique_id"].eq(TOTAL) & table["ds"].le(NEXT)].tail(3)
    return newest.assign(unique_id="three", title="Three points")


@pytest.mark.parametrize(
    ("spoil", "error", "words", "node"),
    [
        (
            lambda table: table.drop(columns="y"),
            MissingColumn,
            "got columns .*, expected 'y' too.*source.columns.y",
            SPLIT,
        ),
        (
            lambda table: table.rename(columns={"unique_id": "uniqe_id"}),
            MissingColumn,
            "expected 'unique_id' too. Did you mean 'uniqe_id'.*set source.columns.unique_id in conf/",
            SPLIT,
        ),
        (lambda table: table.iloc[:0], EmptySource, "got a table without rows.*Check the file behind", SPLIT),
        (
            lambda table: table.assign(y="n/a"),
            TooManyBadRows,
            r"got 3612 of 3612 rows.*text_value.*row 1, column 'y' holds 'n/a', expected a number\. Correct",
            SPLIT,
        ),
        (
            lambda table: table.assign(ds=table["ds"].dt.strftime("%d/%m/%Y")),
            TooManyBadRows,
            "column 'ds' holds '01/01/1985', expected a date .* source.date_format",
            SPLIT,
        ),
        (
            lambda table: table.groupby("unique_id").tail(3),
            SeriesTooShort,
            "got at most 3 observations per series.*expected at least 13.*Add history",
            RESOLVE,
        ),
    ],
    ids=["missing column", "renamed column", "empty", "text only", "day first", "three points"],
)
def test_a_source_that_cannot_be_used_is_refused_and_nothing_changes(
    served: Place, spoil: Callable[[Table], Table], error: type[PulseError], words: str, node: str
) -> None:
    before, status = served.tables(), served.status()
    served.offer(spoil(small_source()))

    with pytest.raises(error, match=words):
        served.run(NEXT)

    assert (before, status) == (served.tables(), served.status())
    assert ["DONE", "FAILED"] == served.attempts()
    assert [(error.code, node, error.__name__)] == served.ask(FAULT)


def test_a_source_in_another_unit_is_refused_late_and_nothing_changes(served: Place) -> None:
    before, status = served.tables(), served.status()
    served.offer(small_source().assign(y=lambda table: table["y"] * 1000))

    with pytest.raises(CatastrophicLoss, match=r"got a loss on the 8 newest .* at most 10 .*catastrophic_ratio"):
        served.run(NEXT)

    assert status == served.status()
    for name in ("cycles", "champion", "forecasts", "outcomes", "metrics", "rulebooks"):
        assert before[name] == served.tables()[name]
    assert [("model.training_diverged", DECIDE, "CatastrophicLoss")] == served.ask(FAULT)
    assert_repaired(served)


def assert_repaired(place: Place) -> None:
    """The good source again: the run completes and the fault is closed."""
    place.offer(small_source())
    place.run(NEXT)

    assert {"issued": 192, "resolved": 8, "pending": 184} == place.status()["ledger"]
    assert [(1,)] == place.ask("select distinct resolved_by = (select cycle from champion) from faults")


@pytest.mark.parametrize(
    ("as_of", "error", "words"),
    [
        ("2030-01-01", FutureAsOf, "got as_of=2030-01-01, expected at most 2019-09-01"),
        ("1985-06-01", AsOfTooEarly, "got as_of=1985-06-01, expected at least 1986-01-01"),
        ("soon", UnreadableAsOf, "got 'soon', expected a monthly period as YYYY-MM-DD"),
        ("2019-13-01", UnreadableAsOf, "got '2019-13-01'"),
    ],
)
def test_an_as_of_that_names_no_known_period_is_refused(
    served: Place, as_of: str, error: type[PulseError], words: str
) -> None:
    before, status = served.tables(), served.status()

    with pytest.raises(error, match=words):
        served.run(as_of)

    assert (before, status) == (served.tables(), served.status())
    assert [("data.invalid_input", RESOLVE, error.__name__)] == served.ask(FAULT)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"as_off": NEXT}, "got 'as_off'.*Did you mean 'as_of'"),
        ({"recipe": {"combinaton": {"warm_up": 3}}}, "got 'recipe.combinaton'.*Did you mean 'recipe.combination'"),
        ({"promotion": {"alpha": "high"}}, "'promotion'(.|\n)*alpha(.|\n)*valid number(.|\n)*'high'"),
        ({"backtest": {"evaluation": 5}}, "'backtest'(.|\n)*evaluation(.|\n)*greater than or equal to 6"),
        ({"recipe": {"members": [{"kind": "naiv"}]}}, "kind(.|\n)*'naive'(.|\n)*'naiv'"),
        ({"source": {"static": ["ds"]}}, "static columns may not be called(.|\n)*got ds"),
    ],
)
def test_a_parameter_that_means_nothing_is_wrong_usage_before_anything_is_written(
    served: Place, given: dict[str, object], words: str
) -> None:
    before, status = served.tables(without=()), served.status()

    with pytest.raises(click.UsageError, match=words):
        served.run(NEXT, given)

    assert (before, status) == (served.tables(without=()), served.status())


def test_the_command_line_says_it_in_one_sentence_and_by_its_exit_code(served: Place) -> None:
    unknown = served.start("run", "--params", "as_off=2019-01-01")
    future = served.start("run", "--params", "as_of=2030-01-01")
    served.source.write_bytes(b"")
    damaged = served.start("run", "--params", f"as_of={NEXT}")

    assert [2, 1, 1] == [done.returncode for done in (unknown, future, damaged)]
    assert "Did you mean 'as_of'?" in unknown.stderr
    assert future.stderr.startswith("FutureAsOf: Placing the cycle failed: got as_of=2030-01-01, expected at most")
    assert 1 == len(future.stderr.strip().splitlines())
    assert "loading observations: Could not open Parquet input source" in damaged.stderr
    assert "Parquet file size is 0 bytes. Next: Restore the damaged file" in damaged.stderr
    assert 1 == len(damaged.stderr.strip().splitlines())
    assert ["DONE", "FAILED", "FAILED"] == served.attempts()
    assert [("storage.not_found", SPLIT)] == served.ask("select code, node from faults where error <> 'FutureAsOf'")
    assert_repaired(served)


def test_cells_that_cannot_be_read_are_set_aside_and_the_cycle_goes_on(
    served: Place, caplog: pytest.LogCaptureFixture
) -> None:
    table = small_source()
    spoilt = table.assign(y=table["y"].astype(object))
    for ds, cell in (("2019-01-01", "n/a"), ("2018-12-01", None), ("2018-11-01", np.inf)):
        spoilt.loc[month(table, ds), "y"] = cell
    served.offer(spoilt.assign(y=spoilt["y"].astype(str)))

    served.run(NEXT)

    quarantine = served.load("quarantine").sort_values("ds", ascending=False)
    assert ["text_value", "text_value", "infinite_value"] == quarantine["rule"].tolist()
    assert "column 'y' holds 'n/a', expected a number" == quarantine["reason"].iloc[0]
    assert "column 'y' holds 'inf', expected a finite number" == quarantine["reason"].iloc[2]
    assert "set aside 3 of 3612 rows of us_employment, for example row " in caplog.text
    assert {"issued": 192, "resolved": 7, "pending": 185} == served.status()["ledger"]
    assert 3 == served.load("quality_report")["rows"]["quarantined"]
    assert "revision: values up to 2018-12-01 changed" in served.status()["champion"]["reason"]
    assert not served.load("forecasts").isna().any(axis=None)


def test_missing_values_are_gaps_and_are_listed(served: Place) -> None:
    table = small_source()
    served.offer(table.assign(y=table["y"].mask(table["unique_id"].eq(TOTAL) & table["ds"].dt.year.eq(2018))))

    served.run(NEXT)

    (gap,) = served.load("quality_report")["gaps"]["longest"]
    assert {"unique_id": TOTAL, "from": "2018-01-01", "to": "2018-12-01", "length": 12} == gap
    assert {"missing_value"} == set(served.load("quarantine")["rule"])
    assert_whole(served)


def test_a_gap_of_a_year_is_bridged_and_the_states_forget_what_was_taken_back(served: Place) -> None:
    table = small_source()
    served.offer(table[~(table["unique_id"].eq(TOTAL) & table["ds"].dt.year.eq(2016))])

    served.run(NEXT)

    (gap,) = served.load("quality_report")["gaps"]["longest"]
    assert (TOTAL, "2016-01-01", 12) == (gap["unique_id"], gap["from"], gap["length"])
    assert_whole(served)


def assert_whole(place: Place) -> None:
    """Every living series has finite forecasts, and the states are those of the data as they are now."""
    issued, bundle = place.load("forecasts"), place.champion()

    assert dict.fromkeys(LIVING, HORIZON) == issued["unique_id"].value_counts().to_dict()
    assert not issued.isna().any(axis=None)
    assert 1e-10 > largest_difference(states(bundle), states_in_one_pass(bundle, place.load("panel")))


@pytest.mark.parametrize(
    "arrange",
    [
        lambda table: table.sample(frac=1.0, random_state=0),
        lambda table: pd.concat([table, table[month(table, "2019-01-01") | month(table, "2001-05-01")]]),
        lambda table: table.assign(ds=table["ds"].dt.strftime("%Y-%m-%d"), extra=1),
    ],
    ids=["out of order", "the same row twice", "dates as text"],
)
def test_the_form_of_a_source_makes_no_difference(
    served: Place, after_three: Place, arrange: Callable[[Table], Table]
) -> None:
    """The cycle even has the same key: it is the one that the tidy source gave."""
    served.offer(arrange(small_source()))

    served.run(NEXT)

    key = served.status()["cycle"]["key"]
    issued = f"select * from forecasts where cycle = '{key}' order by unique_id, step"  # noqa: S608  # our own words
    assert HORIZON * len(LIVING) == len(served.ask(issued))
    assert after_three.ask(issued) == served.ask(issued)


def test_of_two_values_for_one_month_neither_is_believed(served: Place) -> None:
    table = small_source()
    other = table[month(table, "2019-01-01")].assign(y=1.0)
    served.offer(pd.concat([table, other]))

    served.run(NEXT)

    quarantine = served.load("quarantine")
    assert ["conflict", "conflict"] == quarantine["rule"].tolist()
    assert "period 2019-01-01: 2 different values (1.0, 148295.0), so none is kept" in quarantine["reason"].iloc[0]
    assert {"issued": 192, "resolved": 7, "pending": 185} == served.status()["ledger"]


def test_a_series_of_three_points_waits_and_a_constant_one_is_forecast_as_it_is(served: Place) -> None:
    table = small_source()
    served.offer(pd.concat([table, three_points(table), constant(table)]))

    served.run(NEXT)

    found, issued = served.load("quality_report")["series"], served.load("forecasts")
    assert (["three"], ["constant"]) == (found["short"], found["constant"])
    assert "three" not in set(issued["unique_id"])
    flat = issued[issued["unique_id"] == "constant"].filter(regex="y_hat|_q")
    assert (HORIZON, 27) == flat.shape
    assert {5.0} == set(flat.to_numpy().ravel())


def test_a_source_in_which_nothing_moves_gives_forecasts_without_error(served: Place) -> None:
    place = Place(served.root / "still").offer(small_source().assign(y=7.0))

    place.run("2018-12-01")
    place.run(NEXT)

    assert {"issued": 192, "resolved": 8, "pending": 184} == place.status()["ledger"]
    assert [(7.0, 7.0, 7.0)] == place.ask("select distinct y_hat, raw_q025, ruled_q975 from forecasts")
    assert "no backtest yet" in place.status()["champion"]["reason"]


def test_five_and_a_half_years_are_enough_and_four_are_not(served: Place) -> None:
    short = small_source(LIVING).groupby("unique_id").tail(66)
    place = Place(served.root / "short").offer(short)

    place.run()

    assert HORIZON * len(LIVING) == place.status()["ledger"]["issued"]
    place.offer(short.groupby("unique_id").tail(48))
    with pytest.raises(PulseError, match=r"got 48 periods, expected at least 64\. Bring a longer history"):
        place.run()
    assert HORIZON * len(LIVING) == place.status()["ledger"]["issued"]


def test_a_series_that_vanishes_from_the_source_takes_nothing_with_it(served: Place) -> None:
    gone, *left = LIVING
    served.offer(small_source(left))

    served.run(NEXT)

    assert gone not in set(served.load("forecasts")["unique_id"])
    assert {"issued": 96 + 84, "resolved": 7, "pending": 173} == served.status()["ledger"]
