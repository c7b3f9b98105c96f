"""The families of members: how each begins with nothing, and how each comes back from a file."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import numpy as np

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.baselines import BaselineKind, empty_baseline, restore_baseline
from pulse_kedro.forecasting.boosting import empty_boosted, restore_boosted
from pulse_kedro.forecasting.experts import Expert, empty_expert, restore_expert
from pulse_kedro.forecasting.forecaster import Forecaster, Trained
from pulse_kedro.forecasting.kinds import BASELINE_KINDS, EXPERT_KINDS, NETWORK_KINDS, RIDGE_KINDS
from pulse_kedro.forecasting.local_ridge import empty_local_ridge, restore_local_ridge
from pulse_kedro.forecasting.network_member import empty_network, restore_network
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.ridge import empty_ridge, restore_ridge
from pulse_kedro.forecasting.spread import ComputeOptions
from pulse_kedro.forecasting.windows import window_schema
from pulse_kedro.forecasting.zero_shot import Pretrained, restore_pretrained


def create_member(options: MemberOptions, recipe: RecipeOptions, *, series: int) -> Forecaster:
    """A member of a recipe that has seen nothing yet, for a number of series."""
    if options.kind in RIDGE_KINDS:
        empty = empty_local_ridge if options.kind == "local_ridge" else empty_ridge
        return empty(options.name, window_schema(options, recipe), series=series)
    if options.kind == "lightgbm":
        return empty_boosted(recipe, recipe.always_on, create_member, series=series, steps=options.features or ())
    if options.kind in EXPERT_KINDS:
        return empty_expert(options, recipe, series=series)
    if options.pretrained is not None:
        return Pretrained(
            horizon=recipe.horizon,
            season_length=recipe.season_length,
            options=options.pretrained,
            tail=np.empty((0, series)),
        )
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


def _restore_boosted(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Forecaster:
    return restore_boosted(facts, arrays, create_member, restore_member)


Restore = Callable[[Mapping[str, object], Mapping[str, Array]], Forecaster]
RESTORE: Mapping[str, Restore] = {
    **dict.fromkeys(BASELINE_KINDS, restore_baseline),
    "ridge": restore_ridge,
    "local_ridge": restore_local_ridge,
    **dict.fromkeys(EXPERT_KINDS, restore_expert),
    **dict.fromkeys(NETWORK_KINDS, restore_network),
    "lightgbm": _restore_boosted,
    "zero_shot": restore_pretrained,
}
"""How a stored member comes back, by the `kind` among its facts; a closed list, so that no file chooses code."""


def restore_member(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Forecaster:
    """A member from what `facts()` and `arrays()` of the stored one gave.

    Raises:
        KeyError: Its kind is not one of ours, or a part is missing.
    """
    return RESTORE[str(facts["kind"])](facts, arrays)


def place(members: Mapping[str, Forecaster], compute: ComputeOptions) -> dict[str, Forecaster]:
    """Members that work where `compute` says; only those with a model per series can be spread."""
    return {
        name: replace(member, compute=compute) if isinstance(member, Expert) else member
        for name, member in members.items()
    }


def learned_members(members: Mapping[str, Forecaster]) -> dict[str, Trained]:
    """Those whose parameters are learned rarely, by name."""
    return {name: member for name, member in members.items() if isinstance(member, Trained)}
