"""Findings that need no test of noise: regimes never seen before, series that are new, series that fell silent (K4)."""

import numpy as np
import pandas as pd
import pytest

from drift_samples import drift_options
from pulse_kedro.domain.metrics.drift.report import Watched, report_drift
from pulse_kedro.domain.metrics.drift.streams import ERROR_COLUMNS
from pulse_kedro.domain.panel import frequency

MONTHLY = frequency("monthly")
TIMES = pd.DatetimeIndex(MONTHLY.grid(pd.Timestamp("2010-01-01"), pd.Timestamp("2018-12-01")))


def watched(states: list[str] | None = None, *, cooling: tuple[str, ...] = (), **spans: slice) -> Watched:
    """Series that are observed in the periods of a slice each, and one axis of regimes for the newest periods."""
    labels = states or []
    panel = pd.concat([pd.DataFrame({"unique_id": name, "ds": TIMES[span]}) for name, span in spans.items()])
    regimes = pd.DataFrame({"axis": "volatility", "ds": TIMES[len(TIMES) - len(labels) :], "state": labels})
    return Watched(
        errors=pd.DataFrame(columns=list(ERROR_COLUMNS)),
        panel=panel.assign(y=1.0),
        features=panel,
        regimes=regimes,
        cooling=cooling,
    )


def report(found: Watched) -> dict[str, dict[str, object]]:
    table = report_drift(found, drift_options(window=2, reference=6), MONTHLY)
    return {str(row["series"]): row for row in table.to_dict(orient="records")}


def test_new_and_silent_series_are_findings_from_the_period_in_which_they_changed() -> None:
    rows = report(watched(a=slice(None), new=slice(-5, None), silent=slice(None, -10), gone=slice(None, -40)))

    assert {"new series new", "silent series silent"} == set(rows), "what ended before the window is no news"
    assert [True, False] == [row["alarm"] for row in rows.values()], "what gets no forecast calls for no response"
    assert {"drift"} == {row["status"] for row in rows.values()}
    assert [TIMES[-5], TIMES[-10]] == [row["since"] for row in rows.values()]


@pytest.mark.parametrize(("missing", "found"), [(3, set()), (4, {"silent series late"})])
def test_a_few_late_periods_are_no_silence(missing: int, found: set[str]) -> None:
    assert found == set(report(watched(a=slice(None), late=slice(None, -missing))))


def test_what_cools_down_is_told_and_raises_no_alarm() -> None:
    (row,) = report(watched(a=slice(None), new=slice(-5, None), cooling=("data",))).values()

    assert (False, "cooling") == (row["alarm"], row["status"])


def test_a_regime_never_seen_before_is_dated_by_its_first_period() -> None:
    row = report(watched(["calm", "wild"] * 40 + ["shock"] * 3, a=slice(None)))["regime volatility"]

    assert (True, "drift", TIMES[-3]) == (row["alarm"], row["status"], row["since"])


@pytest.mark.parametrize(("before", "status"), [(9, "unknown"), (10, "drift")])
def test_of_a_few_periods_nothing_is_known_not_even_what_is_new(before: int, status: str) -> None:
    row = report(watched(["calm"] * before + ["wild"] * 24, a=slice(None)))["regime volatility"]

    assert (status == "drift", status) == (row["alarm"], row["status"])


def test_without_a_reference_there_is_no_drift() -> None:
    row = report(watched(["calm"] * 24, a=slice(None)))["regime volatility"]

    assert (False, "unknown") == (row["alarm"], row["status"])
    assert np.isnan(row["p"])
