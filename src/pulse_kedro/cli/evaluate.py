"""`evaluate`: what the default forecaster is worth on files of one's own, by the protocol of the M4 competition."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, print_json, pulse

FREQUENCIES = {"H": "hourly", "D": "daily", "W": "weekly", "M": "monthly", "Q": "quarterly"}
SCORED = {"hourly": 24, "daily": 1, "weekly": 1, "monthly": 12, "quarterly": 4}
"""Period m of MASE, MSIS and Naive2 in the M4 competition, by frequency."""


@pulse.command()
@click.option("--train", type=click.Path(path_type=Path), required=True, help="CSV of histories, wide as M4 or long.")
@click.option("--test", type=click.Path(path_type=Path), required=True, help="CSV of what followed.")
@click.option("--horizon", type=click.IntRange(1), required=True, help="Steps that are forecast and scored.")
@click.option(
    "--season",
    type=click.IntRange(1),
    multiple=True,
    help="Steps in a season; twice for two. 1, none, or a usual one takes what is usual for the frequency.",
)
@click.option(
    "--freq",
    type=click.Choice([*FREQUENCIES, *FREQUENCIES.values()], case_sensitive=False),
    required=True,
    help="Length of a step.",
)
@click.option(
    "--score-season", type=click.IntRange(1), default=None, help="Period m of the scores; default: that of M4."
)
@click.option(
    "--budget-seconds",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="CPU seconds that all may cost; slow members join within them.",
)
@click.option(
    "--plot", type=click.Path(path_type=Path), default=None, help="Write a gallery of forecasts to this HTML file."
)
@env_option
@json_option
@answers
def evaluate(
    *,
    train: Path,
    test: Path,
    freq: str,
    plot: Path | None,
    env: str | None,
    as_json: bool,
    **said: Any,  # noqa: ANN401  # click gives them
) -> int:
    """Train the default forecaster on a file of histories, forecast, and score against what followed.

    The members that a cycle uses for this frequency are trained on all series together; earlier origins choose the
    combination and the intervals. Scores follow the M4 competition: sMAPE (0 to 200), MASE, OWA against Naive2, MSIS,
    coverage. Statistical experts and networks are slow: they join, one after the other, while --budget-seconds lasts.

    Exit codes: 0 done, 1 failed, 2 wrong usage.

    Example: kedro pulse evaluate --train train.csv --test test.csv --horizon 13 --freq W
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.competition_files import read_actuals, read_series
    from pulse_kedro.adapters.progress import StepBar
    from pulse_kedro.cli.evaluate_answers import describe, prepare, print_scores, write_gallery
    from pulse_kedro.domain.panel import frequency
    from pulse_kedro.forecasting.costs import cpu_seconds
    from pulse_kedro.forecasting.evaluation import members_for, try_forecaster
    from pulse_kedro.forecasting.slow_members import within
    from pulse_kedro.forecasting.trial import score

    started = time.perf_counter(), cpu_seconds()
    step = frequency(FREQUENCIES.get(freq.upper(), freq.lower()))
    recipe, options, budget = prepare(bootstrap.configuration(env)["parameters"], step, said["horizon"], said["season"])
    scored_season = said["score_season"] or SCORED[step.name]
    known = read_series(train, step)
    actual = read_actuals(test, step, known, recipe.horizon)
    budget = replace(budget, seconds=said["budget_seconds"], started=started[1])
    bar = StepBar(len(members_for(known.histories, recipe)) + within(budget) + 1)
    try:
        trial = try_forecaster(
            known.histories, recipe, options, budget=budget, scored_season=scored_season, step=bar.begin
        )
    finally:
        bar.stop()
    scores = score(trial, actual, known.histories, season_length=scored_season)
    if plot is not None:
        write_gallery(plot, known, actual, trial, title=f"Forecasts of {train.name}", season_length=scored_season)
    answer = describe(trial, scores, started)
    if as_json:
        print_json(answer)
    else:
        print_scores(answer, plot)
    return DONE
