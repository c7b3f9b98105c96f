"""What a bundle answers: forecasts of some series, up to some step. Nothing here trains."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pulse_kedro.domain.backtesting import STEP
from pulse_kedro.domain.errors import InvalidInput, nearest
from pulse_kedro.domain.panel import ID
from pulse_kedro.forecasting.bundle import Bundle

SHOWN = 5
"""Names that an error lists at most."""


class NotServed(InvalidInput):
    """A forecast was asked for that the bundle does not make."""

    def __init__(self, asked: object, served: Sequence[object]) -> None:
        """Keep what was asked, and what could be."""
        super().__init__(asked, tuple(served))
        self.asked, self.served = asked, tuple(served)

    def __str__(self) -> str:
        """Name it, and the nearest that is there."""
        known = [str(name) for name in self.served]
        rest = f" … ({len(known)} in all)" if len(known) > SHOWN else ""
        return (
            f"Answering with a stored forecast failed: got {self.asked!r}, expected one of "
            f"{', '.join(known[:SHOWN])}{rest}.{nearest(str(self.asked), known)} "
            "Ask without `unique_id` and `step` to see all that is served."
        )


def answer(bundle: Bundle, asked: pd.DataFrame) -> pd.DataFrame:
    """Forecasts that were asked for.

    Args:
        bundle: What serves.
        asked: One row per series in `unique_id`, each with the last `step` that is wanted. Without a column, without
            rows, or where a cell is empty, it is every served series and every step.

    Returns:
        Rows of `Bundle.forecast`, in its order: columns `unique_id, cutoff, ds, step, y_hat, q025 … q975`.

    Raises:
        NotServed: A series has no forecast, or a step is not within the horizon.
    """
    made = bundle.forecast()
    if asked.empty or not {ID, STEP} & set(asked.columns):
        return made
    horizon, served = bundle.recipe.horizon, list(made[ID].unique())
    steps = asked[STEP].fillna(horizon) if STEP in asked else pd.Series(horizon, index=asked.index)
    wrong = steps[~steps.isin(range(1, horizon + 1))]
    if len(wrong):
        raise NotServed(_plain(wrong.iloc[0]), range(1, horizon + 1))
    names = asked[ID] if ID in asked else pd.Series(None, index=asked.index, dtype=object)
    unknown = names[names.notna() & ~names.isin(served)]
    if len(unknown):
        raise NotServed(str(unknown.iloc[0]), served)
    everybody = steps[names.isna()].max() if names.isna().any() else 0
    last = steps.groupby(names).max().reindex(served).fillna(0).clip(lower=everybody)
    return made[made[STEP].to_numpy() <= last.reindex(made[ID]).to_numpy()].reset_index(drop=True)


def _plain(value: object) -> object:
    """A number as Python prints it."""
    return value.item() if isinstance(value, np.generic) else value
