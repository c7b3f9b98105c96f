"""The training room on small tables: what it needs is made by the data room, its recipe takes a second."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from feature_samples import feature_options
from gate_samples import TERMS
from miniature import a_recipe
from network_samples import retrain_options
from pulse_kedro.domain.backtesting import BacktestOptions
from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.history import CommittedCycle, History
from pulse_kedro.domain.panel import Array
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.learning import Workshop
from pulse_kedro.forecasting.recipe import MemberSettings, RecipeOptions, RecipeSettings
from pulse_kedro.forecasting.retraining import RetrainOptions
from pulse_kedro.forecasting.spread import NATIVE
from pulse_kedro.pipelines.data_management.nodes import make_features, make_panel
from pulse_kedro.pipelines.training import create_pipeline, create_retraining_pipeline
from quality_samples import rules, thresholds
from records import committed
from rooms import run_room
from source_samples import declare, snapshot_of

FIRST = pd.Timestamp("2001-01-01")
RECIPE = a_recipe(warm_up=12)
BACKTEST = BacktestOptions(burn_in=12, calibration=36, evaluation=24, minimum_history=36, max_gigabytes=1)
Made = dict[str, Any]


def month(number: int) -> pd.Timestamp:
    """The month in which `number` months are known."""
    return FIRST + pd.DateOffset(months=number - 1)


def table_of(y: Array) -> pd.DataFrame:
    """A source with the columns s0, s1, … of `y` as series from January 2001 on; `nan` has no row."""
    months = pd.date_range(FIRST, periods=len(y), freq="MS").as_unit("ns")
    rows, columns = np.nonzero(~np.isnan(y))
    names = np.array([f"s{column}" for column in range(y.shape[1])])
    return pd.DataFrame({"shop": names[columns], "month": months[rows], "sales": y[rows, columns], "title": "A shop"})


def settings_of(recipe: RecipeOptions) -> RecipeSettings:
    """Settings that leave nothing open."""
    return RecipeSettings(
        horizon=recipe.horizon,
        season_length=recipe.season_length,
        members=tuple(MemberSettings(kind=member.kind, look_back=member.look_back) for member in recipe.members),
        combination=recipe.combination,
        intervals=recipe.intervals,
    )


def train(
    y: Array,
    *,
    known: int,
    parent: Made | None = None,
    recipe: RecipeOptions = RECIPE,
    backtest: BacktestOptions = BACKTEST,
    retraining: Mapping[str, object] | None = None,
    retrain: RetrainOptions | None = None,
    workshop: Workshop | None = None,
    regions: Mapping[str, str] | None = None,
    feature_steps: Sequence[Mapping[str, object]] = (),
    drift: Mapping[str, object] | None = None,
    promoted: bool = False,
) -> Made:
    """Everything the room makes when `known` months are known, on top of what `parent` made and served.

    With `retraining`, which holds `params:retrain` and `workshop`, the run `retrain` is made; a plain cycle reads
    `retrain` and `workshop`. `drift` is what the parent cycle decided about drift. With `regions` the source has a
    static column of that name, a text per series. With `promoted` the parent's challenger was put in charge.
    """
    snapshot, source = snapshot_of(table_of(y), as_of=str(month(known).date())), declare()
    panel, series = make_panel(snapshot, source)
    if regions is not None:
        series = series.assign(region=series["unique_id"].map(regions))
    frame, feature_set = make_features(panel, snapshot, source, feature_options(feature_steps))
    ancestors = (parent["cycle"].key, *parent["cycle"].period.ancestors) if parent else ()
    past = () if parent is None else (*parent["history"].cycles, decided(parent, drift, promoted=promoted))
    given: dict[str, object] = {
        "history": History(cycles=past, head=past[-1].key if past else None),
        "period": Period(as_of=month(known), first_target=month(known + 1), frequency="monthly", ancestors=ancestors),
        "snapshot": snapshot,
        "panel": panel,
        "series": series,
        "features": frame,
        "feature_set": feature_set,
        "champion": bundles_of(parent, promoted=promoted) if parent else {},
        "code_version": "test",
        "params:recipe": settings_of(recipe),
        "params:backtest": backtest,
        "params:compute": NATIVE,
        "params:promotion": PromotionOptions(**TERMS),
        "params:retrain": retrain or retrain_options(),
        "params:quality": thresholds(),
        "params:cleaning": rules(),
        "workshop": workshop,
    }
    if retraining is None:
        return given | run_room(create_pipeline(), given)
    given |= retraining
    return given | run_room(create_retraining_pipeline(), given)


def decided(made: Made, drift: Mapping[str, object] | None, *, promoted: bool) -> CommittedCycle:
    """A committed cycle with its candidates, which said this about drift."""
    candidates = {role: {"bundle": one.digest, "recipe": one.recipe_digest} for role, one in made["candidates"].items()}
    return replace(
        committed(made["cycle"]),
        recipe=(made["candidates"]["challenger"] if promoted else serving(made)).recipe_digest,
        decision={"verdict": "PROMOTE" if promoted else "REVISION", "candidates": candidates},
        summary={} if drift is None else {"drift": drift},
    )


def bundles_of(made: Made, *, promoted: bool) -> dict[str, Callable[[], Bundle]]:
    """Functions that load what a cycle made, under the digests, and what served it, under its key."""
    served = made["candidates"]["challenger"] if promoted else serving(made)
    own = {one.digest: partial(_same, one) for one in made["candidates"].values()}
    return {**own, made["cycle"].key: partial(_same, served)}


def _same(bundle: Bundle) -> Bundle:
    return bundle


def serving(made: Made) -> Bundle:
    """The bundle that serves when no challenger is promoted."""
    candidates: dict[str, Bundle] = made["candidates"]
    return candidates.get("champion", candidates.get("challenger"))  # type: ignore[return-value]


def other_recipe() -> RecipeOptions:
    """A recipe with one member less."""
    return replace(RECIPE, members=RECIPE.members[:-1])
