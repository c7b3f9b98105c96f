"""Calendar, Fourier terms and holidays: the same whatever the data, and wherever they begin."""

import numpy as np
import pandas as pd
import pytest

from feature_samples import a_table, steps
from pulse_kedro.domain.data_management.features.calendar import UnknownHolidays, regular_holidays
from pulse_kedro.domain.data_management.features.columns import Fitted
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import Array, frequency

NO_MEMORY = Fitted(ids=(), arrays={})


def known(name: str, start: str, periods: int, **settings: object) -> dict[str, list[float]]:
    freq = frequency(name)
    times = pd.period_range(start, periods=periods, freq=freq.period).to_timestamp(how="start")
    table = Table(times=times, ids=("a",), columns={"y": np.full((periods, 1), np.nan)}, freq=freq)
    (step,) = steps(settings)
    return {label: values[:, 0].tolist() for label, values in step.transform(table, NO_MEMORY).items()}


def test_calendar_of_months() -> None:
    fields = ["season", "month", "quarter", "days", "weekdays"]

    found = known("monthly", "2020-02", 2, type="calendar", fields=fields)

    assert [[2, 3], [2, 3], [1, 1], [29, 31], [20, 22]] == [found[f"calendar_{name}"] for name in fields]


def test_calendar_of_hours_and_weeks() -> None:
    hours = known("hourly", "2021-01-03 22:00", 3, type="calendar", fields=["hour", "weekday", "day", "week"])
    weeks = known("weekly", "2020-12-28", 2, type="calendar", fields=["week", "days"])

    assert [[22, 23, 0], [7, 7, 1], [3, 3, 4], [53, 53, 1]] == list(hours.values())
    assert [[53, 1], [7, 7]] == list(weeks.values())


def test_fourier_terms_are_sines_of_the_place_in_the_season_and_do_not_depend_on_the_start() -> None:
    whole = known("monthly", "2019-01", 24, type="fourier", order=2)
    later = known("monthly", "2020-04", 3, type="fourier", order=2)

    angle = 2 * np.pi * np.arange(24) / 12
    for label, wave in (("sin1", np.sin(angle)), ("cos1", np.cos(angle)), ("sin2", np.sin(2 * angle))):
        np.testing.assert_allclose(wave, whole[f"fourier_{label}"], atol=1e-9)
        np.testing.assert_allclose(wave[15:18], later[f"fourier_{label}"], atol=1e-9)


def test_holidays_are_counted_in_their_period() -> None:
    """November 2019 in the US: Veterans Day, a Monday, and Thanksgiving; December: Christmas, a Wednesday."""
    months = known("monthly", "2019-11", 2, type="holidays", country="US")
    days = known("daily", "2019-11-27", 3, type="holidays", country="US")
    hours = known("hourly", "2019-11-27 23:00", 2, type="holidays", country="US")

    assert {"holidays_US": [2.0, 1.0], "holidays_US_weekday": [2.0, 1.0]} == months
    assert [0.0, 1.0, 0.0] == days["holidays_US"]
    assert [0.0, 1.0] == hours["holidays_US"]


def test_easter_moves_and_weekends_are_told_apart() -> None:
    found = known("monthly", "2016-03", 2, type="holidays", country="DE", subdivision="BY")

    assert {"holidays_DE_BY": [2.0, 0.0], "holidays_DE_BY_weekday": [2.0, 0.0]} == found
    assert [2.0] == known("monthly", "2020-10", 1, type="holidays", country="DE", subdivision="SN")["holidays_DE_SN"]
    christmas = known("daily", "2021-12-25", 1, type="holidays", country="DE")
    assert [1.0, 0.0] == [christmas["holidays_DE"][0], christmas["holidays_DE_weekday"][0]]


def test_a_day_that_was_declared_for_one_event_was_not_known_in_advance() -> None:
    """The state funeral of 19 September 2022 was declared nine days before."""
    import holidays

    funeral = pd.Timestamp("2022-09-19").date()

    assert funeral in holidays.country_holidays("GB", years=2022)
    assert funeral not in regular_holidays("GB", None, [2022])
    assert len(regular_holidays("GB", None, [2022])) >= 6


@pytest.mark.parametrize(
    ("country", "subdivision", "message"),
    [("UKK", None, "got 'UKK', .* countries .* Did you mean 'UK'"), ("DE", "BYY", "parts of DE .* Did you mean 'BY'")],
)
def test_an_unknown_place_is_named_with_the_nearest_one(country: str, subdivision: str | None, message: str) -> None:
    (step,) = steps({"type": "holidays", "country": country, "subdivision": subdivision})
    y: Array = np.zeros((2, 1))

    with pytest.raises(UnknownHolidays, match=message):
        step.transform(a_table(y), NO_MEMORY)
