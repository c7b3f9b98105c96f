"""How good the data of the newest cycle are: `data quality`."""

from typing import TYPE_CHECKING

import click

from pulse_kedro.cli.door import DONE, answers, data, env_option, json_option, nothing_yet, print_json

if TYPE_CHECKING:
    import pandas as pd
    from kedro.config import AbstractConfigLoader

KINDS = (
    *("duplicate", "conflict", "gap", "stale", "outlier", "level_shift", "unit", "constant", "range"),
    "unchecked",
)


@data.command()
@click.option("--source", "name", default=None, help="Only if the newest run read this source.")
@click.option("--as-of", default=None, help="Only if the newest run stood at this period, as YYYY-MM-DD.")
@click.option("--series", default="*", show_default=True, help="Pattern of series ids, such as 'CES*'.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Findings of one kind only.")
@click.option("--limit", "-n", type=click.IntRange(min=1), default=20, show_default=True, help="Findings to show.")
@env_option
@json_option
@answers
def quality(  # one option each
    *, name: str | None, as_of: str | None, series: str, kind: str | None, limit: int, env: str | None, as_json: bool
) -> int:
    """Say how good the data of the newest run are, and what is suspicious in them.

    Shares stand beside the limits of `quality` in the parameters; findings are listed the largest first, as many of one
    kind as of another. What a kind means stands in the documents, under data quality.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such report.

    Example: kedro pulse data quality --kind outlier --series 'CEU0*'
    """
    from pulse_kedro import bootstrap
    from pulse_kedro.cli.data_quality_answers import NO_QUALITY, quality_of
    from pulse_kedro.cli.data_quality_wording import missing_words, print_quality

    report, findings = _newest(bootstrap.configuration(env))
    fits = report and name in {None, report["source"]} and as_of in {None, report["as_of"]}
    if not fits:
        return nothing_yet(NO_QUALITY, as_json=as_json, words=missing_words(report, name, as_of))
    answer = quality_of(report, findings, series=series, kind=kind, limit=limit)
    if as_json:
        print_json(answer)
    else:
        print_quality(answer)
    return DONE


def _newest(loader: "AbstractConfigLoader") -> "tuple[dict[str, object], pd.DataFrame]":
    """Report and findings of the newest run; both empty where there is none."""
    import pandas as pd

    from pulse_kedro import bootstrap

    entries = bootstrap.entries(loader)
    report, findings = (
        bootstrap.dataset(loader, entry, entries[entry]) for entry in ("quality_report", "quality_findings")
    )
    if not report.exists() or not findings.exists():
        return {}, pd.DataFrame()
    return dict(report.load()), findings.load()
