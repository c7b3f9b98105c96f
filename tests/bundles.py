"""Small sealed bundles."""

import numpy as np

from miniature import a_matrix, a_recipe, waves
from pulse_kedro.domain.panel import QUANTILE_LEVELS
from pulse_kedro.forecasting.backtest import fit_members
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import seal
from pulse_kedro.forecasting.combination import Choice, combine


def a_bundle(seed: int = 0, *, periods: int = 60) -> Bundle:
    """Three monthly series from 2001 on; the second is not served."""
    recipe, matrix = a_recipe(), a_matrix(waves(seed, periods=periods, series=3))
    members = fit_members(recipe, matrix)
    choice = Choice(name="median", rule="median", weights=np.ones(len(members)))
    shape = recipe.horizon, len(matrix.ids), len(QUANTILE_LEVELS)
    draft = Bundle(
        recipe=recipe,
        frequency="monthly",
        ids=matrix.ids,
        known_until=matrix.times[-1],
        panel_digest="p",
        snapshot="s",
        parent=None,
        members=members,
        choice=choice,
        spread=np.broadcast_to(np.linspace(-3, 3, len(QUANTILE_LEVELS)), shape).copy(),
        golden=combine(np.stack([member.forecast() for member in members.values()]), choice),
        served=np.array([True, False, True]),
        widths=np.ones(len(QUANTILE_LEVELS) // 2),
        calibration_cutoffs=36,
    )
    return seal(draft)
