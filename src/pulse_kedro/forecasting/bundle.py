"""The deployable unit: recipe, member states, choice, interval spread and golden forecasts, under one digest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pulse_kedro.domain.backtesting import CUTOFF, STEP
from pulse_kedro.domain.data_management.features.fitting import FittedFeatures
from pulse_kedro.domain.panel import ID, QUANTILE_COLUMNS, TIME, Array, frequency
from pulse_kedro.forecasting.choice import ByGroup, Choice, combine
from pulse_kedro.forecasting.forecaster import Forecaster
from pulse_kedro.forecasting.recipe import RecipeOptions

GOLDEN_TOLERANCE = 1e-5
"""Largest difference between a forecast made now and the one stored at training, relative to the largest of the series
(`operations.md` 1.3, G4): a forecast may be zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A forecaster frozen at one period, ready to forecast the next H steps.

    `spread` has shape `(H, S, Q)`: quantile minus point in target units. `golden` has shape `(H, S)`: the points at
    training time. `served` `(S,)` tells which series get a forecast. `widths` and `calibration_cutoffs` say how the
    intervals came about. `parent` is the digest of the bundle this one was updated from. `features` are the
    steps of the feature set with what they learned, `None` without steps.
    """

    recipe: RecipeOptions
    frequency: str
    ids: tuple[str, ...]
    known_until: pd.Timestamp
    panel_digest: str
    snapshot: str
    parent: str | None
    members: Mapping[str, Forecaster]
    choice: Choice | ByGroup
    spread: Array
    golden: Array
    served: np.ndarray[tuple[int], np.dtype[np.bool_]]
    widths: Array
    calibration_cutoffs: int
    features: FittedFeatures | None = None
    digest: str = field(default="")

    @property
    def recipe_digest(self) -> str:
        """Identity of the recipe."""
        return self.recipe.digest

    def sealed(self, digest: str) -> "Bundle":
        """This bundle under its content digest."""
        return replace(self, digest=digest)

    def points(self) -> Array:
        """Combined forecast of shape `(H, S)`, computed now from the member states."""
        return combine(np.stack([member.forecast() for member in self.members.values()]), self.choice)

    def problems(self) -> list[str]:
        """What makes this bundle unfit to serve, in sentences; empty when it is sound."""
        found, points = [], self.points()
        if not np.isfinite(points[:, self.served]).all():
            names = [self.ids[s] for s in np.flatnonzero(self.served & ~np.isfinite(points).all(axis=0))]
            found.append(f"no finite forecast for {', '.join(names[:5])} ({len(names)} series)")
        if not np.isfinite(self.spread[:, self.served]).all():
            found.append("an interval is not finite")
        if (np.diff(self.spread[:, self.served], axis=-1) < 0).any():
            found.append("quantiles cross")
        apart = np.abs(points - self.golden) > GOLDEN_TOLERANCE * np.abs(self.golden).max(axis=0)
        if apart.any() or (np.isnan(points) != np.isnan(self.golden)).any():
            found.append("forecasts differ from those stored at training")
        return found

    def forecast(self) -> pd.DataFrame:
        """Forecasts of the served series.

        Returns:
            Columns `unique_id, cutoff, ds, step, y_hat, q025 … q975`, ordered by series and step; target units.
        """
        freq, columns = frequency(self.frequency), np.flatnonzero(self.served)
        points = self.points()[:, columns]
        quantiles = points[..., None] + self.spread[:, columns]
        steps = np.arange(1, self.recipe.horizon + 1)
        dates = pd.DatetimeIndex([freq.shift(self.known_until, int(step)) for step in steps])
        head = pd.DataFrame(
            {
                ID: np.repeat([self.ids[s] for s in columns], len(steps)),
                CUTOFF: self.known_until.as_unit("ns"),
                TIME: np.tile(dates, len(columns)),
                STEP: np.tile(steps, len(columns)),
                "y_hat": points.T.reshape(-1),
            }
        )
        flat = quantiles.transpose(1, 0, 2).reshape(-1, len(QUANTILE_COLUMNS))
        return pd.concat([head, pd.DataFrame(flat, columns=list(QUANTILE_COLUMNS))], axis=1)
