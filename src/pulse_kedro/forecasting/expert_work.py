"""Experts for many series: each is learned and moved on by itself, under a time limit, here or on several workers."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import ID, Array
from pulse_kedro.forecasting.deadline import OutOfTime, time_limit
from pulse_kedro.forecasting.expert_models import Fitted, Sizes, fit_series, forward_series
from pulse_kedro.forecasting.spread import ComputeOptions, map_series, pack, unpack

SCHEMA = f"{ID}:str,facts:str,numbers:str,reasons:str"
NOTHING = "no observation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Wall-clock seconds for all series together, and for one."""

    seconds: float
    series_seconds: float


def learn_series(
    kind: str, samples: Sequence[Array], sizes: Sizes, limits: Limits, compute: ComputeOptions
) -> list[tuple[Fitted | None, str]]:
    """Parameters of every series, or the reason why there are none.

    Args:
        kind: One of `expert_models.MODELS`.
        samples: Observations of each series without gaps; any lengths, also 0.
        sizes: Steps ahead and seasons.
        limits: After them a series has no parameters. The clocks of several machines must agree.
        compute: Where.
    """
    known = [column for column, sample in enumerate(samples) if len(sample)]
    found: list[tuple[Fitted | None, str]] = [(None, NOTHING)] * len(samples)
    if not known:
        return found
    frame = pd.DataFrame({ID: [str(column) for column in known], "y": [pack(samples[column]) for column in known]})
    params = {
        "kind": kind,
        "sizes": sizes,
        "series_seconds": limits.series_seconds,
        "until": time.time() + limits.seconds,
    }
    for row in map_series(learn_one, frame, SCHEMA, compute, params).to_dict("records"):
        fitted = Fitted(facts=json.loads(row["facts"]), vector=unpack(row["numbers"])) if row["facts"] else None
        found[int(row[ID])] = (fitted, row["reasons"])
    return found


def learn_one(
    rows: list[dict[str, Any]], kind: str, sizes: Sizes, series_seconds: float, until: float
) -> list[dict[str, Any]]:
    """Parameters of one series as a row; facts are empty and a reason is given where it failed."""
    answer = {ID: rows[0][ID], "facts": "", "numbers": "", "reasons": ""}
    seconds = min(series_seconds, until - time.time())
    if seconds <= 0:
        return [answer | {"reasons": "the time for all series was over"}]
    try:
        with time_limit(seconds):
            fitted = fit_series(kind, unpack(rows[0]["y"]), sizes)
    except OutOfTime:
        return [answer | {"reasons": f"not learned within {seconds:.3g} seconds"}]
    except Exception as error:  # noqa: BLE001  # whatever one series does to a library, the others go on
        return [answer | {"reasons": reason(error)}]
    return [answer | {"facts": json.dumps(fitted.facts), "numbers": pack(fitted.vector)}]


Task = tuple[Fitted, Array, list[int]]
"""Parameters, history without gaps, and the lengths of it after which points are wanted."""


def recall_series(
    kind: str, tasks: Mapping[int, Task], sizes: Sizes, compute: ComputeOptions
) -> dict[int, tuple[Array, list[str]]]:
    """Points of shape `(lengths, horizon)` of every series, with a reason for each row that failed, else `""`."""
    if not tasks:
        return {}
    frame = pd.DataFrame(
        [
            {
                ID: str(column),
                "facts": json.dumps(fitted.facts),
                "numbers": pack(fitted.vector),
                "y": pack(sample),
                "lengths": json.dumps(lengths),
            }
            for column, (fitted, sample, lengths) in tasks.items()
        ]
    )
    answers = map_series(recall_one, frame, SCHEMA, compute, {"kind": kind, "sizes": sizes})
    return {
        int(row[ID]): (unpack(row["numbers"]).reshape(-1, sizes.horizon), json.loads(row["reasons"]))
        for row in answers.to_dict("records")
    }


def recall_one(rows: list[dict[str, Any]], kind: str, sizes: Sizes) -> list[dict[str, Any]]:
    """Points of one series after each length, in a row."""
    row = rows[0]
    fitted, sample = Fitted(facts=json.loads(row["facts"]), vector=unpack(row["numbers"])), unpack(row["y"])
    lengths = json.loads(row["lengths"])
    points, reasons = np.full((len(lengths), sizes.horizon), np.nan), [""] * len(lengths)
    for place, length in enumerate(lengths):
        try:
            points[place] = forward_series(kind, fitted, sample[:length], sizes)
        except Exception as error:  # noqa: BLE001  # whatever one series does to a library, the others go on
            reasons[place] = reason(error)
    return [{ID: row[ID], "facts": "", "numbers": pack(points.ravel()), "reasons": json.dumps(reasons)}]


def reason(error: Exception) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
