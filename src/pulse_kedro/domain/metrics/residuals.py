"""Residuals of one model of a backtest as a dense array, in units of the scale of each series."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.panel import ID, TARGET, Array, Frequency

COMBINATION = "combination"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Standardised residuals `z` `(cutoffs, steps, series)`, actual minus forecast, `nan` where there is none.

    `places` counts the periods from the first cutoff to each.
    """

    z: Array
    cutoffs: pd.DatetimeIndex
    places: npt.NDArray[np.int64]
    steps: tuple[int, ...]
    ids: tuple[str, ...]


def residuals_of(backtest: pd.DataFrame, recipe: str, freq: Frequency, *, model: str = COMBINATION) -> Residuals:
    """Residuals of a recipe's model over the scale of each series; rows without a scale are left out.

    Args:
        backtest: Rows with unique_id, cutoff, step, model, recipe, y, y_hat, scale.
        recipe: Digest of the recipe.
        freq: The step of the panel.
        model: One of its members, or the combination.
    """
    wanted = (backtest["recipe"] == recipe[:LABEL]) & (backtest["model"] == model) & (backtest["scale"] > 0)
    rows = backtest[wanted]
    cutoff, cutoffs = pd.factorize(rows["cutoff"], sort=True)
    step, steps = pd.factorize(rows["step"], sort=True)
    series, ids = pd.factorize(rows[ID].astype(str), sort=True)
    z = np.full((len(cutoffs), len(steps), len(ids)), np.nan)
    z[cutoff, step, series] = ((rows[TARGET] - rows["y_hat"]) / rows["scale"]).to_numpy(dtype=float)
    times = pd.DatetimeIndex(cutoffs)
    places = np.array([freq.distance(times[0], when) for when in times], dtype=np.int64)
    return Residuals(
        z=z, cutoffs=times, places=places, steps=tuple(map(int, steps)), ids=tuple(str(name) for name in ids)
    )


def on_common_places(*found: Residuals) -> tuple[Residuals, ...]:
    """The same residuals at the cutoffs, steps and series that all of them have, `nan` in all where one has none."""
    cutoffs = found[0].cutoffs
    steps, ids = set(found[0].steps), set(found[0].ids)
    for other in found[1:]:
        cutoffs, steps, ids = cutoffs.intersection(other.cutoffs), steps & set(other.steps), ids & set(other.ids)
    parts = [_part(one, cutoffs, sorted(steps), sorted(ids)) for one in found]
    known = np.logical_and.reduce([np.isfinite(part.z) for part in parts])
    return tuple(
        Residuals(
            z=np.where(known, part.z, np.nan),
            cutoffs=part.cutoffs,
            places=part.places,
            steps=part.steps,
            ids=part.ids,
        )
        for part in parts
    )


def _part(found: Residuals, cutoffs: pd.DatetimeIndex, steps: list[int], ids: list[str]) -> Residuals:
    at = found.cutoffs.get_indexer(cutoffs)
    rows, columns = pd.Index(found.steps).get_indexer(pd.Index(steps)), pd.Index(found.ids).get_indexer(pd.Index(ids))
    return Residuals(
        z=found.z[np.ix_(at, rows, columns)],
        cutoffs=cutoffs,
        places=found.places[at],
        steps=tuple(steps),
        ids=tuple(ids),
    )
