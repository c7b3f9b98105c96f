"""`simulate`: what policies of retraining would have given and cost on a history of one's own."""

from pathlib import Path
from typing import Any

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, print_json, pulse
from pulse_kedro.cli.evaluate import FREQUENCIES


@pulse.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=None,
    help="CSV: wide as M4, long, or a date column and one column per series. Default: the source of this project.",
)
@click.option(
    "--horizon",
    type=click.IntRange(1),
    default=None,
    help="Steps that are forecast and scored. Needed with --data; default: that of the recipe.",
)
@click.option(
    "--season", type=click.IntRange(1), multiple=True, help="Steps in a season; twice for two. Default: by frequency."
)
@click.option(
    "--freq",
    type=click.Choice([*FREQUENCIES, *FREQUENCIES.values()], case_sensitive=False),
    default=None,
    help="Length of a step. Needed with --data; default: that of the source.",
)
@click.option(
    "--start", default=None, help="Newest period known at the first origin, a date or a number; default: the middle."
)
@click.option("--every", type=click.IntRange(1), default=None, help="Steps between origins; default: the horizon.")
@click.option(
    "--policies",
    "--policy",
    default="recursive,never,full",
    show_default=True,
    help="never, full[:ORIGINS], recursive[:HALF_LIFE], drift, promotion, threshold; all but the last two also with "
    "+rules, such as recursive+rules. The first is what others are compared with.",
)
@click.option("--break", "broken", default=None, help="Break the data: level, variance or season, @ an origin.")
@click.option("--aa", is_flag=True, help="Also try equal recipes: how often does a rule promote one of them?")
@click.option("--aa-pairs", type=click.IntRange(1), default=5, show_default=True, help="Pairs of equal recipes.")
@click.option("--plot", type=click.Path(path_type=Path), default=None, help="Write pictures to this HTML file.")
@env_option
@json_option
@answers
def simulate(
    *,
    data: Path | None,
    freq: str | None,
    plot: Path | None,
    env: str | None,
    as_json: bool,
    **said: Any,  # noqa: ANN401  # click gives them
) -> int:
    """Replay a history under several policies of retraining, on the same origins.

    At each origin a policy learns what it wants to and forecasts the next steps. Told are loss (MASE), CPU seconds,
    retrainings, promotions, and by how much policies differ, with an interval. Ridges and baselines of the recipe take
    part; combination is their median. Without --data the project's own source is replayed. With the policy threshold
    equal recipes are tried too, as with --aa. A policy that ends in +rules learns rules from its own forecasts, tries
    them on later outcomes, and applies them where they passed; told is what they gain over the same policy without.

    Exit codes: 0 done, 1 failed, 2 wrong usage.

    Example: kedro pulse simulate --policies recursive,never,full:12

    Example: kedro pulse simulate --policies recursive,recursive+rules --every 3

    Example: kedro pulse simulate --data ETTh1.csv --horizon 168 --freq H --start 14564 --policies recursive,never
    """
    from dataclasses import replace

    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.progress import StepBar
    from pulse_kedro.adapters.replay_files import read_history
    from pulse_kedro.adapters.replay_page import draw_replay
    from pulse_kedro.cli.evaluate_answers import TooManySeasons, prepare
    from pulse_kedro.cli.simulate_answers import describe, play, try_equals
    from pulse_kedro.cli.simulate_plan import FileUndescribed, StartOutside, ground, plan
    from pulse_kedro.cli.simulate_words import print_replay
    from pulse_kedro.forecasting.evaluation import members_for
    from pulse_kedro.forecasting.simulation_breaks import UnknownBreak
    from pulse_kedro.forecasting.simulation_policies import UnknownPolicy

    loader = bootstrap.configuration(env)
    parameters = loader["parameters"]
    names = [name.strip() for name in said["policies"].split(",") if name.strip()]
    try:
        step, horizon = ground(data, freq, said["horizon"], parameters)
        recipe, _, _ = prepare(parameters, step, horizon, said["season"])
        history = bootstrap.own_history(loader) if data is None else read_history(data, step)
        made = plan(
            history,
            step,
            recipe,
            names=names,
            start=said["start"],
            every=said["every"],
            broken=said["broken"],
            parameters=parameters,
        )
    except (FileUndescribed, StartOutside, TooManySeasons, UnknownBreak, UnknownPolicy) as error:
        raise click.UsageError(str(error)) from error
    members = members_for([made.panel[: made.stops[0], column] for column in range(made.panel.shape[1])], recipe)
    made = replace(made, recipe=replace(recipe, members=members))
    equals = said["aa"] or "threshold" in names
    bar = StepBar(made.sides(said["aa_pairs"] if equals else 0) * len(made.stops))
    try:
        answer = describe(made, play(made, parameters, bar.begin))
        if equals:
            answer["aa"] = try_equals(made, parameters, said["aa_pairs"], bar.begin)
    finally:
        bar.stop()
    if plot is not None:
        plot.parent.mkdir(parents=True, exist_ok=True)
        replayed = data.name if data else parameters["source"]["name"]
        plot.write_text(draw_replay(f"Policies on {replayed}", answer), encoding="utf-8")
    if as_json:
        print_json(answer)
    else:
        print_replay(answer, plot)
    return DONE
