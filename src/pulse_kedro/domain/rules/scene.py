"""From the tables of a cycle to the scene that rules are learned on and applied to."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.cycle import LABEL
from pulse_kedro.domain.panel import ID, Frequency, to_matrix
from pulse_kedro.domain.rules.context import Scene

MODEL = "combination"
NEEDED = [ID, "cutoff", "step", "y_hat", "scale"]
SHIFT_COLUMNS = (ID, "cutoff", "step", "shift")
"""Columns of the frame of shifts, in units of the scale of each series."""


def scene_of(
    backtest: pd.DataFrame,
    open_windows: pd.DataFrame,
    panel: pd.DataFrame,
    *,
    recipe: str,
    freq: Frequency,
    as_of: pd.Timestamp,
    groups: Mapping[str, str],
) -> Scene:
    """Unruled forecasts of a recipe's combination at all cutoffs of its backtest and at those not complete yet.

    Args:
        backtest: Rows with unique_id, cutoff, step, model, recipe, y_hat, scale, at complete cutoffs.
        open_windows: The same columns without `model`, at cutoffs some of whose targets are unknown, `as_of` included:
            what was wrong with their forecasts so far is a fact of the newest one, too.
        panel: What is known: unique_id, ds, y.
        recipe: Digest of the recipe.
        freq: The step of the panel.
        as_of: Newest period that is known.
        groups: Group of each series.

    Returns:
        A scene on the regular grid of periods. Series are those of the panel, in sorted order; `y` has gaps where
        nothing was observed, `points` where the combination was silent. Outcomes are read from the panel.
    """
    parts = [_of(backtest[backtest["model"] == MODEL], recipe), _of(open_windows, recipe)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    matrix = to_matrix(panel, freq)
    series = _columns(rows[ID], matrix.ids)
    rows, series = rows[series >= 0], series[series >= 0]
    horizon = int(rows["step"].max()) if len(rows) else 1
    times = freq.grid(matrix.times[0], freq.shift(as_of, horizon))
    known = freq.distance(times[0], as_of) + 1
    future = np.full((len(times), len(matrix.ids)), np.nan)
    future[: min(known, len(matrix.y))] = matrix.y[:known]
    cutoff, cutoffs = pd.factorize(rows["cutoff"], sort=True)
    places = np.asarray(times.get_indexer(pd.Index(cutoffs)) + 1, dtype=np.int64)
    step = rows["step"].to_numpy(dtype=int) - 1
    points = np.full((len(places), horizon, len(matrix.ids)), np.nan)
    scale = np.full((len(places), len(matrix.ids)), np.nan)
    points[cutoff, step, series] = rows["y_hat"]
    scale[cutoff, series] = rows["scale"]
    targets = places[:, None] + np.arange(horizon)
    return Scene(
        y=future[:known],
        places=places,
        points=points,
        actual=future[targets],
        scale=scale,
        ids=matrix.ids,
        season=freq.season_length,
        frequency=freq.name,
        cutoffs=times.to_numpy()[places - 1],
        targets=times.to_numpy()[targets],
        groups=tuple(groups.get(name, name) for name in matrix.ids),
    )


def tabulate_shifts(shifts: npt.NDArray[np.float64], scene: Scene) -> pd.DataFrame:
    """Shifts that are not zero, one row each.

    Args:
        shifts: Shape `(cutoffs, steps, series)`, in units of the scale.
        scene: Where they hold.

    Returns:
        `SHIFT_COLUMNS`; empty where no rule holds.
    """
    cutoff, step, series = np.nonzero(shifts)
    names = pd.Categorical.from_codes(series, pd.Index(scene.ids))
    found = {ID: names, "cutoff": scene.cutoffs[cutoff], "step": step + 1, "shift": shifts[cutoff, step, series]}
    return pd.DataFrame(found).astype({ID: str, "cutoff": "datetime64[ns]", "step": "int64"})


def ruled(backtest: pd.DataFrame, shifts: pd.DataFrame, *, recipe: str, since: str) -> pd.DataFrame:
    """Backtest of a recipe's combination as its rules would have had it, where they were neither mined nor chosen.

    Args:
        backtest: Rows with unique_id, cutoff, step, model, recipe, y_hat, scale.
        shifts: `SHIFT_COLUMNS`, of the rules in force.
        recipe: Digest of the recipe.
        since: First cutoff of the trial that the rules passed; earlier ones made them, and look too good.

    Returns:
        Rows from that cutoff on, with another `y_hat`; all other columns stay.
    """
    wanted = (backtest["recipe"] == recipe[:LABEL]) & (backtest["model"] == MODEL)
    rows = backtest[wanted & (backtest["cutoff"] >= pd.Timestamp(since))]
    by_place = shifts.set_index([ID, "cutoff", "step"])["shift"]
    places = pd.MultiIndex.from_arrays([rows[ID].astype(str), rows["cutoff"], rows["step"].astype("int64")])
    moved = by_place.reindex(places).fillna(0.0).to_numpy(dtype=float)
    return rows.assign(y_hat=rows["y_hat"] + moved * rows["scale"].fillna(0.0))


def _of(rows: pd.DataFrame, recipe: str) -> pd.DataFrame:
    own = rows.loc[rows["recipe"] == recipe[:LABEL], NEEDED]
    return own.astype({ID: "category", "y_hat": "float64", "scale": "float64"}) if len(own) else own


def _columns(names: pd.Series, ids: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Column of each row, -1 for a series that is not among them; text is looked up once per series."""
    own = names.astype("category").cat
    place = pd.Index(ids).get_indexer(own.categories.astype(str))
    return np.asarray(place[own.codes.to_numpy()], dtype=np.int64)
