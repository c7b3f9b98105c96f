"""Peers on files of a competition: methods of statsforecast, fitted once per series on the whole history."""

from pathlib import Path

import numpy as np
import pandas as pd

from protocol.meter import metered
from pulse_kedro.adapters.competition_files import read_series
from pulse_kedro.cli.evaluate import SCORED
from pulse_kedro.domain.metrics.competition import accuracy, benchmark, scale
from pulse_kedro.domain.panel import Frequency
from pulse_kedro.forecasting.trial import align_right

LONGEST_ETS = 24
"""Longest season of exponential smoothing in steps: a longer one has as many states."""
PROCESSES = 2
INTERVALS = (80, 95)


def run_peers(train: Path, test: Path, horizon: int, freq: Frequency) -> dict[str, dict[str, object]]:
    """Scores and CPU seconds of AutoETS (without a season where it is longer than 24 steps) and of dynamic Theta.

    Args:
        train: Histories.
        test: What followed, in the same order of series.
        horizon: Steps ahead.
        freq: Length of a step.
    """
    from statsforecast import StatsForecast, models

    known, ahead = read_series(train, freq), read_series(test, freq)
    place = {name: row for row, name in enumerate(ahead.ids)}
    actual = np.stack([ahead.histories[place[name]][:horizon] for name in known.ids], axis=1)
    values = align_right(known.histories)
    m = SCORED[freq.name]
    unit = scale(values, m)
    reference = accuracy(actual, benchmark(values, horizon, m), unit, against=None, intervals=None)
    table = pd.concat(
        [
            pd.DataFrame({"unique_id": name, "ds": np.arange(len(history)), "y": history}).dropna()
            for name, history in zip(known.ids, known.histories, strict=True)
        ]
    )
    season = freq.season_length
    peers = {
        "AutoETS": models.AutoETS(season_length=season if season <= LONGEST_ETS else 1),
        "DynamicOptimizedTheta": models.DynamicOptimizedTheta(season_length=season),
    }
    found: dict[str, dict[str, object]] = {}
    for name, model in peers.items():
        forecaster = StatsForecast(
            models=[model], freq=1, n_jobs=PROCESSES, fallback_model=models.SeasonalNaive(season_length=season)
        )
        with metered() as cost:
            rows = forecaster.forecast(df=table, h=horizon, level=list(INTERVALS)).set_index("unique_id")
        by_series = [rows.loc[[series]] for series in known.ids]

        def steps(column: str, parts: list[pd.DataFrame] = by_series) -> np.ndarray:
            return np.stack([part[column].to_numpy(dtype=float) for part in parts], axis=1)

        bounds = [np.stack([steps(f"{name}-{side}-{level}") for side in ("lo", "hi")]) for level in INTERVALS]
        scores = accuracy(actual, steps(name), unit, against=reference, intervals=(bounds[0], bounds[1]))
        found[name] = {
            "smape": scores.smape,
            "mase": scores.mase,
            "owa": scores.owa,
            "msis": scores.msis,
            "coverage_95": scores.coverage_95,
            "cpu_seconds": cost.cpu_seconds,
        }
    return found
