"""Residuals of the recipe that serves, by slice, and what overlays say about those that its rules leave."""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.rules.bias import tabulate
from pulse_kedro.domain.rules.corrector import OverlayOptions, weigh
from pulse_kedro.domain.rules.rulebook import read_rulebook
from pulse_kedro.domain.rules.scene import ruled


def tabulate_bias(
    backtest: pd.DataFrame, series: pd.DataFrame, promotion_decision: Mapping[str, str], period: Period
) -> pd.DataFrame:
    """Mean scaled residual of the serving recipe by season, horizon and series group."""
    return tabulate(backtest, series, promotion_decision["recipe"], period.frequency)


def weigh_overlays(
    *,
    backtest: pd.DataFrame,
    overlays: pd.DataFrame,
    promotion_decision: Mapping[str, str],
    rulebook: Mapping[str, object],
    rule_shifts: pd.DataFrame,
    period: Period,
    options: OverlayOptions,
) -> tuple[dict[str, object], pd.DataFrame]:
    """Ablation of the overlays on later cutoffs of the serving recipe, and the correction that they have earned.

    What rules in force explain is theirs: overlays are weighed on what they leave, at cutoffs that did not make them.
    """
    book = read_rulebook(rulebook)
    if options.definitions and book.earned is not None:
        backtest = ruled(backtest, rule_shifts, recipe=book.recipe, since=book.earned.opens)
    ablation, correction = weigh(
        backtest,
        overlays,
        options,
        recipe=promotion_decision["recipe"],
        freq=frequency(period.frequency),
        as_of=period.as_of,
    )
    return asdict(ablation), correction
