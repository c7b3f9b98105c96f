"""What was: `history` and `versions`."""

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse


@pulse.command()
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Cycles to show.")
@env_option
@json_option
@answers
def history(*, limit: int, env: str | None, as_json: bool) -> int:
    """List the committed cycles, the last committed first.

    Place is `head` for the cycle whose champion serves, `main` for its ancestors, `superseded` for cycles that a newer
    run of the same period replaced, `replay` for back-dated runs. Issued and known count forecasts and outcomes; MASE
    is the champion's in the backtest, live the one of forecasts that had come due.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no cycle yet.

    Example: kedro pulse history --limit 5
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import measure, read_past
    from pulse_kedro.cli.past_answers import NO_HISTORY, history_of
    from pulse_kedro.cli.past_wording import print_history

    engine = bootstrap.stores(bootstrap.configuration(env))
    past = read_past(engine)
    if engine is None or not past.cycles:
        return nothing_yet(NO_HISTORY, as_json=as_json)
    shown = past.cycles[:limit]
    answer = history_of(past, shown, measure(engine, shown))
    if as_json:
        print_json(answer)
    else:
        print_history(answer)
    return DONE


@pulse.command()
@click.option("--registry", is_flag=True, help="Look each bundle up in the MLflow registry, which takes seconds.")
@env_option
@json_option
@answers
def versions(*, registry: bool, env: str | None, as_json: bool) -> int:
    """List every bundle that became champion, the newest first.

    Marks the one in charge (`current`) and the one before it (`previous`), and says whether its files are on disk:
    `whole`, `incomplete` or `missing`.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no cycle yet.

    Example: kedro pulse versions --registry
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.cli.past_answers import NO_VERSIONS, versions_of
    from pulse_kedro.cli.past_wording import print_versions

    loader = bootstrap.configuration(env)
    past = read_past(bootstrap.stores(loader))
    if not past.cycles:
        return nothing_yet(NO_VERSIONS, as_json=as_json)
    bundles = bootstrap.place(loader, "champion", "path")
    answer = versions_of(past, bundles, bootstrap.registry(loader) if registry else None)
    if as_json:
        print_json(answer)
    else:
        print_versions(answer, registry=registry)
    return DONE
