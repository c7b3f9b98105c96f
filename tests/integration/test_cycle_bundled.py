"""Ten cycles on the whole bundled panel, 2018-12 to 2019-09, with the numbers that the project promises."""

import json

import pandas as pd
import pytest

from cycles import BUNDLED, ENDED, HORIZON, Place, largest_difference, states, states_in_one_pass

pytestmark = pytest.mark.slow

MONTHS = [f"{month.date()}" for month in pd.date_range("2018-12-01", "2019-09-01", freq="MS")]
ALIVE = 147


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """After ten cycles."""
    place = Place(tmp_path_factory.mktemp("bundled")).offer(pd.read_parquet(BUNDLED))
    for month in MONTHS:
        place.run(month)
    return place


def test_ten_cycles_on_the_bundled_panel(place: Place) -> None:
    """One test, so that the cycles run once however the tests are shared out."""
    assert_the_ledger_holds_what_is_promised(place)
    assert_the_ended_series_is_listed_and_not_forecast(place)
    assert_ridge_states_equal_one_pass(place)
    assert_the_commands_say_so(place)


def assert_the_ledger_holds_what_is_promised(place: Place) -> None:
    assert {"issued": 17_640, "resolved": 6_615, "pending": 11_025} == place.status()["ledger"]
    per_cycle = "select date(cutoff), count(*), count(distinct unique_id) from forecasts group by 1 order by 1"
    assert [(month, ALIVE * HORIZON, ALIVE) for month in MONTHS] == place.ask(per_cycle)
    learned = "select date(ds), count(*) from outcomes group by 1 order by 1"
    assert [(month, ALIVE) for month in MONTHS[1:]] == place.ask(learned)
    assert ["DONE"] * len(MONTHS) == place.attempts()


def assert_the_ended_series_is_listed_and_not_forecast(place: Place) -> None:
    series = place.load("quality_report")["series"]
    assert (148, ALIVE, [ENDED]) == (series["total"], series["alive"], series["ended"])
    assert [(0,)] == place.ask(f"select count(*) from forecasts where unique_id = '{ENDED}'")  # noqa: S608  # our own words


def assert_ridge_states_equal_one_pass(place: Place) -> None:
    bundle = place.champion()

    assert 1e-10 > largest_difference(states(bundle), states_in_one_pass(bundle, place.load("panel")))


def assert_the_commands_say_so(place: Place) -> None:
    said = json.loads(place.start("pulse", "status", "--json").stdout)
    why = place.start("pulse", "why").stdout

    assert {"key", "status", "seconds"} <= set(said["cycle"])
    assert {"digest", "version", "recipe", "revision", "since", "reason"} <= set(said["champion"])
    assert ("2019-09-01", 10, "2018-12-01") == (said["as_of"], said["champion"]["revision"], said["champion"]["since"])
    assert {"issued": 17_640, "resolved": 6_615, "pending": 11_025} == said["ledger"]
    assert (
        said["scores"]["champion.mase"] < said["scores"]["seasonal_drift.mase"] < said["scores"]["seasonal_naive.mase"]
    )
    assert (0, 0) == (said["rules"]["active"], said["faults"]["open"])
    for words in ("revision 10", "in charge since 2018-12-01", "6,615 have come due", "What would change it"):
        assert words in why
