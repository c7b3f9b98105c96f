"""The tables that the report is written from, and the way from them to its facts."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.history import CommittedCycle
from pulse_kedro.domain.ledger import Ledger
from pulse_kedro.domain.panel import ID
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.reporting.scores import horizon_scores, panel_scores, short
from pulse_kedro.pipelines.reporting.wording import COMBINATION
from pulse_kedro.pipelines.reporting.words.bias import leaning_sentence
from pulse_kedro.pipelines.reporting.words.facts import Facts, backtest_cutoffs, look_back, look_out
from pulse_kedro.pipelines.reporting.words.news import compare


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """The tables, as the other rooms and the earlier nodes of this one made them."""

    panel: pd.DataFrame
    series: pd.DataFrame
    chosen: pd.DataFrame
    forecasts: pd.DataFrame
    scores: pd.DataFrame
    live_scores: pd.DataFrame
    bias: pd.DataFrame
    errors: pd.DataFrame
    calibration: pd.DataFrame
    curves: pd.DataFrame
    ledger: Ledger
    findings: pd.DataFrame
    drift: pd.DataFrame
    trust: pd.DataFrame
    rulebook: Mapping[str, object]
    tried: pd.DataFrame


def gather(
    sources: Sources,
    *,
    cycle: CommittedCycle,
    decision: Mapping[str, object],
    quality: Mapping[str, object],
    features: Mapping[str, object],
    period: Period,
    source: SourceOptions,
    options: ReportingOptions,
) -> Facts:
    """Everything the sentences need.

    Args:
        sources: The tables.
        cycle: The cycle as it was committed.
        decision: Who serves, and why.
        quality: State of the data.
        features: Manifest of the feature set.
        period: Where the cycle stands.
        source: What is declared about the data.
        options: What the report shows.
    """
    recipe, issued = short(cycle.recipe), sources.forecasts
    nothing = pd.Series(dtype=float)
    outlooks = look_out(sources.chosen, sources.panel, issued, sources.curves, period)
    first = outlooks[0].unique_id if outlooks else None
    mase, held = (horizon_scores(sources.scores, recipe, name) for name in ("mase", "coverage_80"))
    return Facts(
        period=period,
        source=source,
        options=options,
        cycle=cycle,
        decision=decision,
        quality=quality,
        features=features,
        scores=panel_scores(sources.scores, recipe),
        cutoffs=backtest_cutoffs(sources.curves),
        horizon=int(issued["step"].max()) if len(issued) else 0,
        forecast_series=int(issued[ID].nunique()),
        outlooks=outlooks,
        earlier=look_back(sources.ledger, period, sources.live_scores, mase.get(COMBINATION, nothing)),
        news=compare(sources.ledger, sources.panel, issued, period, first),
        held_by_step=tuple(held.get(COMBINATION, nothing)),
        leaning=leaning_sentence(sources.bias, options.bias_errors),
    )
