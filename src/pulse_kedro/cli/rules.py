"""Which rules shift forecasts, and what they have shown: `rules`."""

from pulse_kedro.cli.door import DONE, answers, env_option, json_option, nothing_yet, print_json, pulse


@pulse.command()
@env_option
@json_option
@answers
def rules(*, env: str | None, as_json: bool) -> int:
    """Show the rules that shift forecasts, those on trial, and why: gains, looks, and what they are watched for.

    A rule is IF facts known when a forecast is made THEN a shift in units of the scale of a series. Rules belong to the
    recipe of the newest cycle. A look tells windows, fall of the mean absolute error with its 90 % interval in units of
    the scale, p, what correcting by the running mean of errors would gain, and the share of forecasts at the cap.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no cycle yet.

    Example: kedro pulse rules --json
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.adapters.stores.summary import summarize
    from pulse_kedro.cli.rules_answers import NO_RULES, rules_of
    from pulse_kedro.cli.rules_wording import print_rules

    summary = summarize(bootstrap.stores(bootstrap.configuration(env)))
    if summary.head is None:
        return nothing_yet(NO_RULES, as_json=as_json)
    answer = rules_of(summary.rulebook, as_of=summary.head.as_of.date().isoformat(), cycle=summary.head.key)
    if as_json:
        print_json(answer)
    else:
        print_rules(answer)
    return DONE
