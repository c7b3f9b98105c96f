"""What was measured: `metrics history`, `metrics summary` and `metrics replay`."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from pulse_kedro.cli.door import DONE, FAILED, answers, env_option, json_option, nothing_yet, print_json, pulse
from pulse_kedro.cli.printing import number, print_lines, short, table

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from pulse_kedro.adapters.stores.metric_history import Point, Slice

DAY = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])
NO_HISTORY: dict[str, object] = {"metrics": []}
NOTHING = (
    "No such value is kept. Next: `kedro run` scores a cycle; other periods, kinds, levels or models may hold some."
)
LEVELS = ("overall", "series", "horizon", "cell", "cutoff", "newest")
BY_SERIES, BY_STEP = ("series", "cell", "cutoff"), ("horizon", "newest")
"""Levels at which --series, or --step, says whose score is meant."""
NOTHING_DEAD = "No metric waits for MLflow. Nothing to do."
DIGESTS = ("n", "mean", "median", "min", "max", "std", "p90", "last")


@pulse.group()
def metrics() -> None:
    """Ask the metric history: values over the cycles, and their summary. `kedro pulse compare` sets two side by side.

    Each of these commands takes --env and --json, too.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do.

    Example: kedro pulse metrics history mase
    """


def _slice_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that say which values are meant."""
    kinds = ["backtest", "live", "trust"]
    for option in (
        click.option("--step", type=click.IntRange(min=0), default=0, help="Steps ahead, at level horizon."),
        click.option("--series", default="", help="Id at level series, `group | regime` at cell, moment at cutoff."),
        click.option(
            "--level", type=click.Choice(LEVELS), default="overall", show_default=True, help="Scores of what."
        ),
        click.option("--model", default=None, help="Model; default: combination, or champion if live or trust."),
        click.option(
            "--kind", type=click.Choice(kinds), default="backtest", show_default=True, help="What was scored."
        ),
        click.option("--until", type=DAY, default=None, help="Last period, as YYYY-MM-DD."),
        click.option("--since", type=DAY, default=None, help="First period, as YYYY-MM-DD."),
    ):
        command = option(command)
    return command


@metrics.command()
@click.argument("names", nargs=-1)
@click.option(
    "--limit", "-n", type=click.IntRange(min=1), default=100, show_default=True, help="Newest values to show."
)
@_slice_options
@env_option
@json_option
@answers
def history(*, names: tuple[str, ...], limit: int, env: str | None, as_json: bool, **where: Any) -> int:  # noqa: ANN401  # options of click
    """List values of NAMES, such as mase, over the cycles of the main line; all metrics without a name.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no such metric, 3 no value in these periods.

    Example: kedro pulse metrics history mase coverage_80 --since 2019-01-01
    """
    points = _points(names, env, limit, **where)
    if not points:
        return nothing_yet(NO_HISTORY, as_json=as_json, words=NOTHING)
    if as_json:
        print_json({"metrics": [asdict(point) | {"as_of": point.as_of.isoformat()} for point in points]})
        return DONE
    titles = ("as of", "metric", "model", "value", "low", "high", "n", "recipe")
    rows = [
        [_day(p), p.metric, p.model, *map(_figure, (p.value, p.low, p.high)), f"{p.n:,}", short(p.recipe)]
        for p in points
    ]
    print_lines(table(titles, rows, numbers=("value", "low", "high", "n")))
    return DONE


@metrics.command()
@click.argument("names", nargs=-1)
@_slice_options
@env_option
@json_option
@answers
def summary(*, names: tuple[str, ...], env: str | None, as_json: bool, **where: Any) -> int:  # noqa: ANN401  # options of click
    """Sum NAMES up over the cycles of the main line: mean, median, min, max, std, p90 and the newest value.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no such metric, 3 no value in these periods.

    Example: kedro pulse metrics summary mase --kind live
    """
    from pulse_kedro.adapters.stores.metric_history import summarise

    found = summarise(_points(names, env, None, **where))
    if not found:
        return nothing_yet(NO_HISTORY, as_json=as_json, words=NOTHING)
    if as_json:
        print_json({"metrics": [asdict(digest) for digest in found]})
        return DONE
    rows = [[d.metric, f"{d.n:,}", *(_figure(getattr(d, name)) for name in DIGESTS[1:])] for d in found]
    print_lines(table(("metric", *DIGESTS), rows, numbers=DIGESTS))
    return DONE


@metrics.command()
@env_option
@json_option
@answers
def replay(*, env: str | None, as_json: bool) -> int:
    """Write metrics to MLflow that could not be written when their cycle ran.

    They wait in a file of the data folder, one JSON object a line; what is written now leaves it. Writing one twice
    changes nothing.

    Exit codes: 0 all written, 1 some still wait, 2 wrong usage, 3 none waits.

    Example: kedro pulse metrics replay
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.metric_queue import read_dead
    from pulse_kedro.adapters.tracked_scores import replay_dead

    loader = bootstrap.configuration(env)
    file = bootstrap.dead_metrics(loader)
    waiting = len(read_dead(file))
    if not waiting:
        return nothing_yet({"written": 0, "waiting": 0}, as_json=as_json, words=NOTHING_DEAD)
    left = replay_dead(file, bootstrap.tracking_server(loader))
    if as_json:
        print_json({"written": waiting - left, "waiting": left})
    else:
        click.echo(f"Wrote {waiting - left:,} metrics to MLflow; {left:,} still wait in {file}.")
    return FAILED if left else DONE


def _points(
    names: tuple[str, ...],
    env: str | None,
    limit: int | None,
    *,
    since: datetime | None,
    until: datetime | None,
    **where: object,
) -> "tuple[Point, ...]":
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.metric_history import MetricNotKept
    from pulse_kedro.adapters.stores.metric_history import history as read

    part = _part(**where)  # type: ignore[arg-type]
    _require_whole(part)
    engine = bootstrap.stores(bootstrap.configuration(env))
    if engine is None:
        return ()
    try:
        return read(engine, names, start=since, end=until, limit=limit, part=part)
    except MetricNotKept as error:
        if error.known:
            raise click.UsageError(str(error)) from error
        if part.unique_id:
            raise _unknown_series(engine, part) from error
        return ()


def _require_whole(part: "Slice") -> None:
    """Refuse a part that can hold nothing, before anything is read."""
    wrong = [
        (part.level in BY_SERIES and not part.unique_id, f"--level {part.level} needs --series."),
        (part.level in BY_STEP and not part.step, f"--level {part.level} needs --step, counted from 1."),
        (part.level not in BY_SERIES and part.unique_id, f"--series goes with --level {', '.join(BY_SERIES)}."),
        (part.level not in BY_STEP and part.step, f"--step goes with --level {', '.join(BY_STEP)}."),
    ]
    for is_wrong, words in wrong:
        if is_wrong:
            raise click.UsageError(words)


def _unknown_series(engine: "Engine", part: "Slice") -> click.UsageError:
    from pulse_kedro.adapters.stores.scoreboard import scored
    from pulse_kedro.domain.errors import nearest

    known = scored(engine, part.kind, part.level)
    return click.UsageError(
        f"Reading the metric history failed: got --series {part.unique_id!r}, expected one of the {len(known):,} with "
        f"{part.kind} scores at level {part.level}.{nearest(part.unique_id, known)} `--model` may be another, too."
    )


def _part(
    *, kind: Literal["backtest", "live", "trust"], model: str | None, level: str, series: str, step: int
) -> "Slice":
    from pulse_kedro.adapters.stores.metric_history import Slice

    usual = "combination" if kind == "backtest" else "champion"
    return Slice(kind=kind, model=model or usual, level=level, unique_id=series, step=step)


def _figure(value: float | None) -> str:
    return number(value, ".4g")


def _day(point: "Point") -> str:
    return point.as_of.isoformat(timespec="minutes").removesuffix("T00:00")
