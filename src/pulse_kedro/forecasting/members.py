"""The families of members: how each begins with nothing, and how each comes back from a file."""

from collections.abc import Callable, Mapping
from typing import cast

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.baselines import BaselineKind, empty_baseline, restore_baseline
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.local_ridge import empty_local_ridge, restore_local_ridge
from pulse_kedro.forecasting.network_member import empty_network, restore_network
from pulse_kedro.forecasting.recipe import BASELINE_KINDS, NETWORK_KINDS, RIDGE_KINDS, MemberOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import empty_ridge, restore_ridge
from pulse_kedro.forecasting.windows import window_schema

Restore = Callable[[Mapping[str, object], Mapping[str, Array]], Forecaster]
RESTORE: Mapping[str, Restore] = (
    dict.fromkeys(BASELINE_KINDS, restore_baseline)
    | dict.fromkeys(NETWORK_KINDS, restore_network)
    | {"ridge": restore_ridge, "local_ridge": restore_local_ridge}
)
"""How a stored member comes back, by the `kind` among its facts; a closed list, so that no file chooses code."""


def create_member(options: MemberOptions, recipe: RecipeOptions, *, series: int) -> Forecaster:
    """A member of a recipe that has seen nothing yet, for a number of series."""
    if options.kind in RIDGE_KINDS:
        empty = empty_local_ridge if options.kind == "local_ridge" else empty_ridge
        return empty(options.name, window_schema(options, recipe), series=series)
    if options.kind in NETWORK_KINDS:
        schema = window_schema(options, recipe)
        return empty_network(options.name, options.kind, schema, width=options.width, series=series)
    return empty_baseline(
        cast("BaselineKind", options.kind),
        horizon=recipe.horizon,
        season_length=options.season or recipe.season_length,
        series=series,
        label=options.name if options.season else "",
    )


def restore_member(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Forecaster:
    """A member from what `facts()` and `arrays()` of the stored one gave.

    Raises:
        KeyError: Its kind is not one of ours, or a part is missing.
    """
    return RESTORE[str(facts["kind"])](facts, arrays)
