"""Peers on files of a competition: methods of statsforecast in their own environment, fitted once per series."""

from pathlib import Path

import numpy as np

from protocol.univariate_peers import univariate
from pulse_kedro.adapters.competition_files import read_series
from pulse_kedro.cli.evaluate import SCORED
from pulse_kedro.domain.metrics.competition import accuracy, benchmark, scale
from pulse_kedro.domain.panel import Frequency
from pulse_kedro.forecasting.trial import align_right

LONGEST_ETS = 24
"""Longest season of exponential smoothing in steps: a longer one has as many states."""
INTERVALS = (80, 95)


def run_peers(train: Path, test: Path, horizon: int, freq: Frequency) -> dict[str, dict[str, object]]:
    """Scores and CPU seconds of AutoETS (without a season where it is longer than 24 steps) and of dynamic Theta.

    Args:
        train: Histories.
        test: What followed, in the same order of series.
        horizon: Steps ahead.
        freq: Length of a step.
    """
    known, ahead = read_series(train, freq), read_series(test, freq)
    place = {name: row for row, name in enumerate(ahead.ids)}
    actual = np.stack([ahead.histories[place[name]][:horizon] for name in known.ids], axis=1)
    values = align_right(known.histories)
    m, season = SCORED[freq.name], freq.season_length
    unit = scale(values, m)
    reference = accuracy(actual, benchmark(values, horizon, m), unit, against=None, intervals=None)
    histories = [history[~np.isnan(history)] for history in known.histories]
    answer = univariate(
        histories,
        {
            "AutoETS": {"season_length": season if season <= LONGEST_ETS else 1},
            "DynamicOptimizedTheta": {"season_length": season},
        },
        horizon=horizon,
        levels=INTERVALS,
        fallback=season,
    )
    found: dict[str, dict[str, object]] = {"versions": dict(answer.versions)}
    for name, seconds in answer.cpu_seconds.items():
        bounds = [np.stack([answer.arrays[f"{name}-{side}-{level}"].T for side in ("lo", "hi")]) for level in INTERVALS]
        scores = accuracy(actual, answer.arrays[name].T, unit, against=reference, intervals=(bounds[0], bounds[1]))
        found[name] = {
            "smape": scores.smape,
            "mase": scores.mase,
            "owa": scores.owa,
            "msis": scores.msis,
            "coverage_95": scores.coverage_95,
            "cpu_seconds": seconds,
        }
    return found
