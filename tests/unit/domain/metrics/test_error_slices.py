"""Where errors are: hand-worked slices, and nothing at all."""

import numpy as np
import pandas as pd

from pulse_kedro.domain.metrics.error_slices import ERROR_COLUMNS, slice_errors
from pulse_kedro.domain.metrics.residuals import Residuals


def residuals(z: np.ndarray) -> Residuals:
    cutoffs = pd.date_range("2018-11-01", periods=len(z), freq="MS")
    steps, ids = tuple(range(1, z.shape[1] + 1)), tuple(f"s{number}" for number in range(z.shape[2]))
    return Residuals(z=z, cutoffs=cutoffs, places=np.arange(len(z)), steps=steps, ids=ids)


def test_slices_by_hand() -> None:
    z = np.array([[[1.0, -3.0], [2.0, 2.0]], [[1.0, 1.0], [-4.0, 2.0]]])  # two cutoffs, two steps, two series

    found = slice_errors(residuals(z), {"growth": ["up", "down"]}).set_index(["kind", "slice"])

    assert [1.5, 2.5] == [found.loc[("horizon", step), "loss"] for step in ("1", "2")]
    assert [2.0, 2.0] == [found.loc[("regime", f"growth: {state}"), "loss"] for state in ("up", "down")]
    assert [2.0, 2.0] == [found.loc[("series", name), "loss"] for name in ("s0", "s1")]
    assert 1.25 == found.loc[("horizon", "2"), "ratio"]
    assert 0.625 == found.loc[("horizon", "2"), "share"]
    assert (8, 2) == tuple(found.loc[("time", "2018"), ["n", "cutoffs"]])


def test_nothing_to_slice_gives_an_empty_frame_of_numbers() -> None:
    found = slice_errors(residuals(np.empty((0, 0, 0))), {})

    assert ERROR_COLUMNS == tuple(found.columns)
    assert found.empty
    assert {"float64"} == {str(found[name].dtype) for name in ("loss", "share", "ratio", "low", "high")}
