"""Why a decision was made: `why`."""

import click

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse


@pulse.command()
@click.argument("name", required=False)
@env_option
@json_option
@answers
def why(*, name: str | None, env: str | None, as_json: bool) -> int:
    """Say in plain words why this champion is in charge, or why a decision of the past was made.

    NAME is `champion`, `previous`, `challenger`, a period such as 2019-01-01, a version such as v3, or the beginning of
    a cycle key or bundle digest; without it, the newest decision and what serves now. Tells the verdict, the numbers
    and guards of the promotion gate, what would have been needed, and who put another version in charge since. All
    numbers are those known to that cycle.

    Exit codes: 0 done, 1 failed, 2 wrong usage or no such version, 3 no cycle yet.

    Example: kedro pulse why 2019-01-01
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.account import give_account
    from pulse_kedro.adapters.stores.past import read_past
    from pulse_kedro.cli.naming import choose_version
    from pulse_kedro.cli.why_answers import NO_REASON, why_of
    from pulse_kedro.cli.why_wording import print_why

    loader = bootstrap.configuration(env)
    engine = bootstrap.stores(loader)
    past = read_past(engine)
    if engine is None or past.head is None:
        return nothing_yet(NO_REASON, as_json=as_json)
    version = None if name is None else choose_version(past, name)
    newest = next(one for one in past.cycles if one.key == past.head)
    answer = why_of(past, version, give_account(engine, version or newest), loader["parameters"])
    if as_json:
        print_json(answer)
    else:
        print_why(answer)
    return DONE
