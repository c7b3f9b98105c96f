"""Methods of statsforecast, in an environment of their own, on many histories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from protocol.environments import ask, install

PINNED = ("statsforecast==2.1.1", "pandas==2.3.3", "numpy==1.26.4", "pyarrow==25.0.1")
"""What the peers are installed from."""
PROCESSES = 2
Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecasts:
    """Points `<model>` and bounds `<model>-lo-<level>`, `-hi-<level>`, each `(series, horizon)`, and their cost."""

    arrays: Mapping[str, Array]
    cpu_seconds: Mapping[str, float]
    versions: Mapping[str, str]


def univariate(
    histories: Sequence[Array],
    models: Mapping[str, Mapping[str, object]],
    *,
    horizon: int,
    levels: Sequence[int],
    fallback: int,
) -> Forecasts:
    """Forecasts of some models of statsforecast, each fitted once per history.

    Args:
        histories: Values without gaps, oldest first.
        models: Name and arguments of each.
        horizon: Steps ahead.
        levels: Central intervals in per cent.
        fallback: Season of the naive forecast that serves a history on which a model fails.
    """
    request = {
        "models": {name: dict(arguments) for name, arguments in models.items()},
        "horizon": horizon,
        "levels": list(levels),
        "fallback": fallback,
        "processes": PROCESSES,
    }
    lengths = np.array([len(history) for history in histories], dtype=float)
    arrays = {"values": np.concatenate(list(histories)), "lengths": lengths}
    answer = ask(install(PINNED), "statsforecast/univariate.py", request, arrays)
    return Forecasts(
        arrays=answer.arrays,
        cpu_seconds=cast("Mapping[str, float]", answer.facts["cpu_seconds"]),
        versions=cast("Mapping[str, str]", answer.facts["versions"]),
    )
