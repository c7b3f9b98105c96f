"""Residuals of the recipe that serves, by slice, and its rulebook."""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.rules.bias import tabulate
from pulse_kedro.domain.rules.corrector import OverlayOptions, weigh
from pulse_kedro.domain.rules.rulebook import empty_rulebook


def tabulate_bias(
    backtest: pd.DataFrame, series: pd.DataFrame, promotion_decision: Mapping[str, str], period: Period
) -> pd.DataFrame:
    """Mean scaled residual of the serving recipe by season, horizon and series group."""
    return tabulate(backtest, series, promotion_decision["recipe"], period.frequency)


def write_rulebook(promotion_decision: Mapping[str, str]) -> dict[str, object]:
    """Rulebook of the serving recipe; it has no rules, for nothing mines them yet."""
    return empty_rulebook(promotion_decision["recipe"])


def weigh_overlays(
    backtest: pd.DataFrame,
    overlays: pd.DataFrame,
    promotion_decision: Mapping[str, str],
    period: Period,
    options: OverlayOptions,
) -> tuple[dict[str, object], pd.DataFrame]:
    """Ablation of the overlays on later cutoffs of the serving recipe, and the correction that they have earned."""
    ablation, correction = weigh(
        backtest,
        overlays,
        options,
        recipe=promotion_decision["recipe"],
        freq=frequency(period.frequency),
        as_of=period.as_of,
    )
    return asdict(ablation), correction
