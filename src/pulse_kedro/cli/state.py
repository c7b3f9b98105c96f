"""Where things stand now: `status` and `next`."""

import click

from pulse_kedro.cli.door import (
    DONE,
    FIRST,
    NOTHING_TO_DO,
    answers,
    env_option,
    json_option,
    print_json,
    pulse,
)


@pulse.command()
@env_option
@json_option
@answers
def status(*, env: str | None, as_json: bool) -> int:
    """Show where things stand: newest cycle, champion, ledger, scores, faults.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no cycle yet.

    Example: kedro pulse status --json
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.summary import summarize
    from pulse_kedro.cli.answers import status_of
    from pulse_kedro.cli.wording import print_status

    answer = status_of(summarize(bootstrap.stores(bootstrap.configuration(env))))
    if as_json:
        print_json(answer)
    else:
        print_status(answer)
    return DONE if answer["as_of"] else NOTHING_TO_DO


@pulse.command(name="next")
@env_option
@json_option
@answers
def following(*, env: str | None, as_json: bool) -> int:
    """Print the `as_of` of the next cycle: the period after the newest committed one.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing to do: no cycle yet, or none is due.

    Example: kedro run --params as_of=$(kedro pulse next)
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.summary import summarize

    loader = bootstrap.configuration(env)
    head = summarize(bootstrap.stores(loader)).head
    newest = None if head is None else head.as_of.isoformat()
    period = None if newest is None else bootstrap.following_period(loader, newest)
    if as_json:
        print_json({"as_of": period, "after": newest and newest[:10]})
    elif period is not None:
        click.echo(period)
    else:
        ended = f"The newest cycle ({str(newest)[:10]}) knows the last period in the data: nothing to do."
        click.echo(FIRST if newest is None else ended, err=True)
    return NOTHING_TO_DO if period is None else DONE
