"""Steps, tables and random pipelines for tests of features."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pulse_kedro.domain.data_management.features.columns import Fitted
from pulse_kedro.domain.data_management.features.definition import FeatureOptions, StepOptions, steps_from
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import Array, frequency

MONTHLY = frequency("monthly")
ALL_INDICATORS = ["sma", "ema", "rsi", "macd", "atr", "volatility", "momentum", "drawdown", "slope"]
FAMILY: Mapping[str, list[dict[str, object]]] = {
    "scale": [{"type": "scale"}],
    "min_max": [{"type": "scale", "method": "min_max"}],
    "robust": [{"type": "scale", "method": "robust"}],
    "impute": [{"type": "impute", "maximum_age": 2}],
    "indicators": [{"type": "indicators", "of": ALL_INDICATORS, "window": 4, "fast": 2, "slow": 4, "signal": 3}],
    "wilder": [{"type": "indicators", "of": ["rsi", "atr"], "window": 3, "smoothing": "wilder"}],
    "lags": [{"type": "lags", "lags": [1, 3, 12]}],
    "rolling": [
        {
            "type": "rolling",
            "windows": [3, 6, 7],
            "statistics": ["mean", "sd", "min", "max"],
            "quantiles": [0.1, 0.5],
            "shift": 1,
            "known": 2,
        }
    ],
    "calendar": [{"type": "calendar", "fields": ["season", "month", "quarter", "week", "weekday", "day", "hour"]}],
    "counts": [{"type": "calendar", "fields": ["days", "weekdays"]}],
    "fourier": [{"type": "fourier", "season": 52.18, "order": 2}],
    "holidays": [{"type": "holidays", "country": "DE", "subdivision": "BY"}],
    "spectral": [{"type": "spectral", "enabled": True, "window": 5, "bands": 2}],
    "graph": [{"type": "graph", "enabled": True, "neighbours": 2, "correlation": 0.0, "overlap": 4}],
}
"""One member of each family of steps, alone; a law takes all of them."""


def steps(*values: Mapping[str, object]) -> tuple[StepOptions, ...]:
    return steps_from(list(values))


def feature_options(given: Sequence[Mapping[str, object]] = (), **changes: object) -> FeatureOptions:
    values = {"name": "panel", "steps": list(given), "train_periods": None, **changes}
    return TypeAdapter(FeatureOptions).validate_python(values)


def a_table(y: Array, *, begins: str = "2001-01", **more: Array) -> Table:
    times = pd.period_range(begins, periods=len(y), freq="M").to_timestamp(how="start")
    ids = tuple(f"s{column:02}" for column in range(y.shape[1]))
    return Table(times=times, ids=ids, columns={"y": y, **more}, freq=MONTHLY)


def column(values: Sequence[float]) -> Array:
    return np.asarray(values, dtype=float)[:, None]


def made_by(step: Mapping[str, object], values: Sequence[float] | Array, name: str, **more: Array) -> list[float]:
    """One column that a step without memory makes of one series."""
    (found,) = steps(step)
    table = a_table(column(values) if np.ndim(values) == 1 else np.asarray(values), **more)
    return found.transform(table, Fitted(ids=table.ids, arrays=found.fit(table)))[name][:, 0].tolist()  # type: ignore[no-any-return]


def a_world(seed: int, periods: int = 40, series: int = 4, gaps: float = 0.1) -> Array:
    """Positive levels that move together, with gaps and a series that begins late."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(periods, 1))
    y = 100 + (common + rng.normal(size=(periods, series))).cumsum(axis=0)
    y[rng.random(y.shape) < gaps] = np.nan
    y[:5, -1] = np.nan
    return y


def pipelines() -> st.SearchStrategy[list[dict[str, object]]]:
    """Lists of steps that read each other: gaps are filled first, what follows reads the filled or the raw column."""
    readers = st.lists(st.sampled_from(sorted(set(FAMILY) - {"impute", "min_max", "robust"})), unique=True, max_size=4)
    return st.tuples(readers, st.sampled_from(["y", "y_filled", "y_filled_scaled"])).map(_chained)


def _chained(drawn: tuple[list[str], str]) -> list[dict[str, object]]:
    names, source = drawn
    begin = [FAMILY["impute"][0], {"type": "scale", "columns": ["y_filled"]}]
    found: list[dict[str, object]] = [*begin]
    for name in names:
        for step in FAMILY[name]:
            own = source if name != "scale" else "y"
            found.append(step if step["type"] in {"calendar", "fourier", "holidays"} else {**step, "columns": [own]})
    if "indicators" in names and "wilder" in names:
        found = [step for step in found if step.get("smoothing") != "wilder"]
    return found
