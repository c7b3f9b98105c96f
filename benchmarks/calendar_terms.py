"""Do calendar terms help the ridges on seasonal differences? A road not taken, on cutoffs up to 2012-09 only.

Usage: python benchmarks/calendar_terms.py [--json] [--data PATH]

Adds Fourier pairs of the month of the origin to the inputs of every `drift_ridge` and compares, in four windows of 60
cutoffs, the MASE of these members and of the combination that contains them. The terms depend on the month alone, so
the sums of the plain ridge kept for each month hold everything that the larger one needs.
"""

import argparse
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from protocol.inputs import BUNDLED, Inputs, read_configuration
from protocol.report import Figures, heading, speak
from protocol.trial import Trial, run_trial
from recipe_choice import LAST_CUTOFFS, compare, losses, read_window

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.combination import combine_by_nested_choice, scaled_errors
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import Sums, empty_sums, solve
from pulse_kedro.forecasting.windows import WindowSchema, standardise, training_pairs, window_schema

MONTHS = 12
PAIRS = (1, 2, 5)
"""Fourier pairs tried; five and the constant leave one of the twelve months' degrees of freedom unused."""


def fourier(month: int, pairs: int) -> Array:
    """Cosine and sine of the first harmonics of a month; shape `(2 * pairs,)`."""
    angle = 2 * np.pi * month / MONTHS * np.arange(1, pairs + 1)
    return np.concatenate([np.cos(angle), np.sin(angle)])


def enlarge(by_month: list[Sums], pairs: int) -> Sums:
    """Sums of a ridge that also sees the terms, ordered lags, terms, constant."""
    horizon = by_month[0].xy.shape[1]
    lags = len(by_month[0].xx) - 1
    size = lags + 2 * pairs + 1
    total = Sums(n=0, xx=np.zeros((size, size)), xy=np.zeros((size, horizon)), yy=np.zeros(horizon))
    for month, sums in enumerate(by_month):
        lift = np.zeros((size, lags + 1))
        lift[:lags, :lags] = np.eye(lags)
        lift[lags:, lags] = [*fourier(month, pairs), 1.0]
        total = total.plus(Sums(n=sums.n, xx=lift @ sums.xx @ lift.T, xy=lift @ sums.xy, yy=sums.yy))
    return total


def passes(schema: WindowSchema, inputs: Inputs, trial: Trial) -> Iterator[tuple[int, list[Sums]]]:
    """Position of each cutoff, and the sums by month of the origin that were complete there."""
    months = inputs.matrix.times.month.to_numpy() % MONTHS
    by_month, start = [empty_sums(schema) for _ in range(MONTHS)], schema.span - 1
    for stop in inputs.matrix.times.get_indexer(trial.replayed.cutoffs):
        for at in range(start, stop + 1):
            month = months[at - schema.horizon]
            by_month[month] = by_month[month].add(*training_pairs(schema, inputs.matrix.y[: at + 1], 1))
        start = stop + 1
        yield int(stop), by_month


def with_terms(member: MemberOptions, trial: Trial, inputs: Inputs) -> dict[int, Array]:
    """Forecasts of a drift ridge with each number of pairs; shape `(cutoffs, horizon, series)`."""
    schema = window_schema(member, trial.recipe)
    months = inputs.matrix.times.month.to_numpy() % MONTHS
    points = {pairs: np.full(trial.combination.points.shape, np.nan) for pairs in PAIRS}
    for row, (stop, by_month) in enumerate(passes(schema, inputs, trial)):
        history = inputs.matrix.y[stop + 1 - schema.history : stop + 1].T
        known = ~np.isnan(history).any(axis=1)
        read = standardise(schema, history[known])
        for pairs, forecast in points.items():
            terms = np.tile([*fourier(months[stop], pairs), 1.0], (int(known.sum()), 1))
            weights = solve(enlarge(by_month, pairs), intercept=True).weights
            moves = read.scale[:, None] * (np.hstack([read.design[:, :-1], terms]) @ weights)
            forecast[row][:, known] = (history[known, -schema.season_length :] + moves).T
    return points


def replace_members(trial: Trial, forecasts: dict[str, Array]) -> Trial:
    """Backtest in which some members forecast otherwise."""
    points = trial.replayed.points.copy()
    for name, values in forecasts.items():
        points[trial.replayed.members.index(name)] = values
    replayed = dataclasses.replace(trial.replayed, points=points)
    combination = combine_by_nested_choice(replayed, trial.recipe.combination)
    return dataclasses.replace(trial, replayed=replayed, combination=combination)


def member_losses(trial: Trial, names: list[str]) -> Array:
    """Mean over members of their MASE at each evaluated cutoff."""
    at = trial.replayed.cutoffs.get_indexer(trial.evaluated)
    rows = [trial.replayed.members.index(name) for name in names]
    return np.asarray(scaled_errors(trial.replayed.points[rows], trial.replayed)[:, at].mean(axis=0))


def variants(recipe: RecipeOptions, inputs: Inputs, plain: Trial) -> dict[int, Trial]:
    """The plain backtest under 0, and one for each number of pairs."""
    ridges = [member for member in recipe.members if member.kind == "drift_ridge"]
    forecasts = {member.name: with_terms(member, plain, inputs) for member in ridges}
    changed = {pairs: {name: by_pairs[pairs] for name, by_pairs in forecasts.items()} for pairs in PAIRS}
    return {0: plain} | {pairs: replace_members(plain, values) for pairs, values in changed.items()}


def measure(given: argparse.Namespace) -> Figures:
    """All windows."""
    recipe, backtest = read_configuration()
    names = [member.name for member in recipe.members if member.kind == "drift_ridge"]
    combined: dict[int, list[Array]] = {pairs: [] for pairs in (0, *PAIRS)}
    alone: dict[int, list[Array]] = {pairs: [] for pairs in combined}
    for last in LAST_CUTOFFS:
        inputs = read_window(given.data, last, recipe.horizon)
        for pairs, trial in variants(recipe, inputs, run_trial(inputs, recipe, backtest)).items():
            combined[pairs].append(losses(trial))
            alone[pairs].append(member_losses(trial, names))
    return {
        **heading(["pulse_kedro", "numpy", "pandas"]),
        "last_cutoffs": list(LAST_CUTOFFS),
        "combination_mase": {str(pairs): [float(part.mean()) for part in parts] for pairs, parts in combined.items()},
        "drift_ridges_mase": {str(pairs): [float(part.mean()) for part in parts] for pairs, parts in alone.items()},
        "combination_against_plain": {
            str(pairs): compare(np.concatenate(combined[0]), np.concatenate(combined[pairs])) for pairs in PAIRS
        },
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BUNDLED, help="Parquet or CSV file with unique_id, ds, y")
    speak(parser, measure)


if __name__ == "__main__":
    main()
