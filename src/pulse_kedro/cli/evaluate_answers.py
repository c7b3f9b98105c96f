"""What `evaluate` reads from the settings and says about a forecaster, to programs and to people."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from pulse_kedro.adapters.competition_files import Series
from pulse_kedro.adapters.compute import peak_memory
from pulse_kedro.adapters.gallery import draw_gallery
from pulse_kedro.cli.printing import number, print_lines, table
from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.metrics.competition import scale
from pulse_kedro.domain.panel import Array, Frequency
from pulse_kedro.forecasting.costs import cpu_seconds
from pulse_kedro.forecasting.evaluation import EvaluationOptions
from pulse_kedro.forecasting.recipe import RecipeOptions, recipe_of_settings
from pulse_kedro.forecasting.retraining import RetrainOptions
from pulse_kedro.forecasting.slow_members import Budget
from pulse_kedro.forecasting.slow_networks import Lessons
from pulse_kedro.forecasting.trial import Scores, Trial, align_right

FIGURES = ("smape", "mase", "owa", "msis", "coverage_80", "coverage_95")
MOST_SEASONS = 2
"""Seasons that the members of a recipe read."""
DIGITS = {"smape": ".3f", "mase": ".3f", "owa": ".3f", "msis": ".2f", "coverage_80": ".1%", "coverage_95": ".1%"}


class TooManySeasons(InvalidInput):
    """More seasons were given than any member reads."""

    def __init__(self, seasons: tuple[int, ...]) -> None:
        """Keep the seasons."""
        super().__init__(seasons)
        self.seasons = seasons

    def __str__(self) -> str:
        """Name them and the way out."""
        return (
            f"Evaluating a forecaster failed: got the seasons {', '.join(map(str, self.seasons))}, expected at most "
            f"{MOST_SEASONS}. Keep the two that matter most, such as --season 24 --season 168."
        )


def prepare(
    parameters: Mapping[str, Any], freq: Frequency, horizon: int, seasons: Sequence[int]
) -> tuple[RecipeOptions, EvaluationOptions, Budget]:
    """Recipe of the settings for data of a frequency, how it is tried, and slow members, without a budget yet.

    Args:
        parameters: `recipe`, `evaluation` and `retrain` as in conf/.
        freq: Length of a step; gives the seasons that are not said.
        horizon: Steps ahead.
        seasons: Steps in each season, in any order; the shorter one is that of the recipe, 1 is none. Those that are
            usual for the frequency change nothing.

    Raises:
        TooManySeasons: There are more than two.
    """
    real = sorted({season for season in seasons if season > 1})
    if len(real) > MOST_SEASONS:
        raise TooManySeasons(tuple(real))
    if not set(real) <= {freq.season_length, freq.second_season}:  # who names the usual one still has the longer one
        freq = replace(freq, season_length=real[0], second_season=real[1] if len(real) > 1 else None)
    settings = {**parameters["recipe"], "horizon": horizon, "season_length": None}
    options = TypeAdapter(EvaluationOptions).validate_python(parameters["evaluation"])
    recipe = recipe_of_settings(settings, freq)
    slow = [
        member.resolve(freq, season_length=recipe.season_length, horizon=horizon)
        for member in options.slow
        if member.fits(freq)
    ]
    training = TypeAdapter(RetrainOptions).validate_python(parameters["retrain"])
    lessons = Lessons(trainer=training.trainer, curriculum=training.curriculum)
    members = tuple(member for member in slow if member not in recipe.members)
    return recipe, options, Budget(members=members, lessons=lessons)


def describe(trial: Trial, scores: Scores, started: tuple[float, float]) -> dict[str, Any]:
    """Everything as plain data; `started` holds wall clock and CPU seconds at the beginning."""
    horizon, series = trial.combined.shape[1:]
    return {
        "n_series": series,
        "horizon": horizon,
        "combination": {**asdict(scores.combination), "choice": trial.choice, "origins": trial.origins},
        "models": {
            name: {**asdict(found), "abstained": abstained, "cpu_seconds": round(seconds, 3)}
            for (name, found), abstained, seconds in zip(
                scores.models.items(), trial.abstained, trial.seconds, strict=True
            )
        },
        "naive2": {name: getattr(scores.naive2, name) for name in FIGURES[:3]},
        "skipped": dict(trial.skipped),
        "cpu_seconds": round(cpu_seconds() - started[1], 2),
        "wall_seconds": round(time.perf_counter() - started[0], 2),
        "peak_rss_mb": round(peak_memory(), 1),
    }


def print_scores(answer: Mapping[str, Any], plot: Path | None) -> None:
    """A table for people, the combination first."""
    rows = {f"combination ({answer['combination']['choice']})": answer["combination"], "naive2": answer["naive2"]}
    rows |= answer["models"]
    titles = ["model", "sMAPE", "MASE", "OWA", "MSIS", "80 % covers", "95 % covers", "CPU s"]
    print_lines(
        f"{answer['n_series']} series, {answer['horizon']} steps ahead, {answer['combination']['origins']} origins",
        table(
            titles,
            [
                [
                    name,
                    *(number(found.get(key), DIGITS[key]) for key in FIGURES),
                    number(found.get("cpu_seconds"), ".1f"),
                ]
                for name, found in rows.items()
            ],
            numbers=titles[1:],
        ),
        *_left_out(answer["skipped"]),
        f"{answer['cpu_seconds']} CPU s, {answer['wall_seconds']} s, {answer['peak_rss_mb']:.0f} MiB",
        *([f"Gallery: {plot}"] if plot else []),
    )


def _left_out(skipped: Mapping[str, str]) -> list[str]:
    """One line per reason."""
    together: dict[str, list[str]] = {}
    for name, reason in skipped.items():
        together.setdefault(reason, []).append(name)
    return [f"Left out: {', '.join(names)} ({reason})." for reason, names in together.items()]


def write_gallery(path: Path, known: Series, actual: Array, trial: Trial, *, title: str, season_length: int) -> None:
    """The page of forecasts, in place of an earlier one."""
    points, quantiles = trial.forecast()
    error = np.abs(actual - points)
    count = (~np.isnan(error)).sum(axis=0)
    page = draw_gallery(
        title=title,
        ids=known.ids,
        histories=known.histories,
        actual=actual,
        intervals=quantiles,
        errors=np.nansum(error, axis=0) / count / scale(align_right(known.histories), season_length),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")
