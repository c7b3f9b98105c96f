"""One scope after the other: what was measured, what it would be without a change, and what counts as drift."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from pulse_kedro.domain.metrics.drift.calibration import Null, calibrate
from pulse_kedro.domain.metrics.drift.effects import wasserstein
from pulse_kedro.domain.metrics.drift.multiplicity import benjamini_yekutieli, limit_of, persistent
from pulse_kedro.domain.metrics.drift.options import FEWEST, DriftOptions
from pulse_kedro.domain.metrics.drift.statistics import Changes, measure
from pulse_kedro.domain.panel import Array

Scope = Literal["data", "prediction", "concept", "label"]
SCOPES: tuple[Scope, ...] = ("data", "prediction", "concept", "label")
"""What changed: what models read, what they say, how wrong they are, or what comes true."""
FAMILIES = ("series", "panel")
"""Kinds of questions that share the false alarms half and half; ours: sums of a panel are few and see what all do."""
REPORT_COLUMNS = (
    "scope",
    "series",
    "detector",
    "statistic",
    "threshold",
    "p",
    "effect",
    "alarm",
    "since",
    "status",
    "rising",
)
SHORTEST_REFERENCE = 30
"""Values of a reference without which nothing is said; ours."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stream:
    """Values of one scope over time.

    `signal` `(T, S)`, oldest first, `nan` where unknown; `times` `(T,)`, and a name for each series. `family` says
    whether these are series, or sums of the panel: each has half of the false alarms. `effects` are told in standard
    deviations of each series, or in the unit of the values where that is one already.
    """

    scope: Scope
    signal: Array
    times: pd.DatetimeIndex
    names: tuple[str, ...]
    family: Literal["series", "panel"] = "series"
    effects: Literal["own", "given"] = "own"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A stream after its statistics were measured.

    `p` `(looks, D, S)` is `nan` where nothing could be said, `effect` `(D, S)` in standard deviations. `status` `(S,)`
    is `ok`, `unknown` or `constant`. `start` is the place of the window's first value in `stream`.
    """

    stream: Stream
    start: int
    changes: Changes | None
    null: Null | None
    p: Array
    effect: Array
    status: tuple[str, ...]


def examine(stream: Stream, options: DriftOptions, season: int) -> Examined:
    """Statistics of every series of a stream, with their p-values at each look.

    Args:
        stream: The newest values are the window.
        options: How long windows and references are, and how often is looked.
        season: Steps in a season.
    """
    window = options.window_steps(season)
    reference = min(options.steps(options.reference, season), len(stream.signal) - window)
    if reference < SHORTEST_REFERENCE or not stream.names:
        return _unknown(stream)
    values = stream.signal[-(reference + window) :]
    status = _status(values, reference)
    kept = np.flatnonzero(np.array(status) == "ok")
    if not len(kept):
        return _unknown(stream, status)
    watched = values[:, kept]
    changes = measure(watched, reference, season)
    null = calibrate(changes, reference, window, season=season, seed=options.seed, draws=options.draws)
    looks = [changes, *(measure(watched[:-back], reference, season) for back in range(1, options.looks))]
    shape = len(changes.detectors), len(stream.names)
    p, effect = np.full((options.looks, *shape), np.nan), np.full(shape, np.nan)
    p[:, :, kept] = [null.p_values(look.found) for look in looks]
    unit = changes.whitening.scale.mean(axis=0) if stream.effects == "given" else 1.0
    effect[:, kept] = unit * _effects(changes, null, watched, reference)
    return Examined(
        stream=stream,
        start=len(stream.signal) - window,
        changes=_spread(changes, kept, shape),
        null=null,
        p=p,
        effect=effect,
        status=status,
    )


def _spread(changes: Changes, kept: npt.NDArray[np.int64], shape: tuple[int, int]) -> Changes:
    """The same over all series, those that were left out included."""
    found, since, rising = np.full(shape, np.nan), np.zeros(shape, dtype=np.int64), np.zeros(shape[1], dtype=bool)
    found[:, kept], since[:, kept], rising[kept] = changes.found, changes.since, changes.rising
    return replace(changes, found=found, since=since, rising=rising)


def _unknown(stream: Stream, status: tuple[str, ...] | None = None) -> Examined:
    empty = np.full((1, 0, len(stream.names)), np.nan)
    return Examined(
        stream=stream,
        start=len(stream.signal),
        changes=None,
        null=None,
        p=empty,
        effect=empty[0],
        status=status or ("unknown",) * len(stream.names),
    )


def _status(values: Array, reference: int) -> tuple[str, ...]:
    """Whether a series can be watched at all (K4)."""
    before, after = values[:reference], values[reference:]
    known = np.minimum((~np.isnan(before)).sum(axis=0) * FEWEST // SHORTEST_REFERENCE, (~np.isnan(after)).sum(axis=0))
    low, high = (np.where(np.isnan(before), fill, before) for fill in (np.inf, -np.inf))
    constant = low.min(axis=0) >= high.max(axis=0)
    return tuple(
        "unknown" if count < FEWEST else "constant" if still else "ok"
        for count, still in zip(known.tolist(), constant.tolist(), strict=True)
    )


def _effects(changes: Changes, null: Null, values: Array, reference: int) -> Array:
    """Wasserstein distance of standardised values since the change; for a season, how far its profile passes noise."""
    z = changes.whitening.standardised(values)
    window, steps = z[reference:], np.arange(len(values) - reference)[:, None]
    found = np.empty(changes.found.shape)
    for row, name in enumerate(changes.detectors):
        begin = np.minimum(changes.since[row], len(window) - FEWEST)
        since = np.where(steps >= begin, window, np.nan)
        found[row] = changes.found[row] - null.middle[row] if name == "season" else wasserstein(z[:reference], since)
    return found


def judge(
    examined: Sequence[Examined], options: DriftOptions, season: int, *, cooling: Sequence[str] = ()
) -> pd.DataFrame:
    """What counts as drift, over all scopes together.

    An alarm needs a p-value that stands among all of them (Benjamini & Yekutieli) at enough of the looks, and a change
    large enough to matter.

    Args:
        examined: One or more streams, whose looks have the same number.
        options: What an alarm needs.
        season: Steps in a season.
        cooling: Scopes that had an alarm a short while ago and raise none.

    Returns:
        `REPORT_COLUMNS`, one row per scope, series and detector, one with detector `any` where nothing could be said.
        `since` is the period in which the change began, missing without a finding; `status` is `ok`, `drift`,
        `suspected` (significant now, but not at enough looks or too small), `cooling`, `unknown` or `constant`.
    """
    alpha = options.alpha(season) / len(FAMILIES)
    tables: dict[int, pd.DataFrame] = {}
    for family in FAMILIES:
        asked = {at: found for at, found in enumerate(examined) if found.stream.family == family}
        tables |= dict(zip(asked, _judge_family(tuple(asked.values()), options, alpha, cooling), strict=True))
    ordered = [tables[at] for at in range(len(examined))]
    kept = [table for table in ordered if len(table)]
    return pd.concat(kept, ignore_index=True) if kept else pd.DataFrame(columns=list(REPORT_COLUMNS))


def _judge_family(
    examined: Sequence[Examined], options: DriftOptions, alpha: float, cooling: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """A table for each stream, judged together with the others of its family."""
    asked = [found.p.reshape(options.looks, -1) for found in examined if found.changes is not None]
    p = np.concatenate(asked, axis=1) if asked else np.empty((options.looks, 0))
    significant = np.stack([benjamini_yekutieli(look, alpha) for look in p])
    lasting, limit = persistent(significant, options.needed), limit_of(p[0], alpha)
    place = 0
    for found in examined:
        part = slice(place, place + found.p[0].size)
        place = part.stop
        yield _rows(found, (significant[0, part], lasting[part]), limit, options.least_effect, cooling)


def _rows(
    found: Examined,
    verdicts: tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]],
    limit: float,
    least: float,
    cooling: Sequence[str],
) -> pd.DataFrame:
    """Lines of one stream; `verdicts` are what is significant now, and what was at enough looks."""
    silent = _silent_rows(found)
    if found.changes is None or found.null is None:
        return silent
    stream, changes, shape = found.stream, found.changes, found.effect.shape
    significant, lasting = verdicts
    drifted = lasting.reshape(shape) & (found.effect >= least)
    cold = stream.scope in cooling
    alarm = drifted & (not cold)
    detector, series = (grid.ravel() for grid in np.indices(shape))
    words = np.where(significant.reshape(shape), "suspected", "ok")
    words = np.where(drifted, "cooling" if cold else "drift", words)
    threshold = np.full(shape, np.nan)
    threshold[:, [word == "ok" for word in found.status]] = found.null.threshold(
        max(limit, float(np.finfo(float).tiny))
    )
    begun = stream.times.to_numpy()[np.minimum(found.start + changes.since, len(stream.times) - 1)]
    rows = pd.DataFrame(
        {
            "scope": stream.scope,
            "series": np.array(stream.names, dtype=object)[series],
            "detector": np.array(changes.detectors, dtype=object)[detector],
            "statistic": changes.found.ravel(),
            "threshold": threshold.ravel(),
            "p": found.p[0].ravel(),
            "effect": found.effect.ravel(),
            "alarm": alarm.ravel(),
            "since": pd.Series(np.where(words.ravel() == "ok", np.datetime64("NaT"), begun.ravel())).astype(
                "datetime64[ns]"
            ),
            "status": words.ravel(),
            "rising": np.broadcast_to(changes.rising, shape).ravel(),
        }
    )
    rows = rows[rows["p"].notna()]
    return pd.concat([part for part in (rows, silent) if len(part)], ignore_index=True) if len(rows) else silent


def _silent_rows(found: Examined) -> pd.DataFrame:
    """A line for each series of which nothing can be said."""
    silent = [at for at, word in enumerate(found.status) if word != "ok"]
    nothing = np.full(len(silent), np.nan)
    return pd.DataFrame(
        {
            "scope": found.stream.scope,
            "series": [found.stream.names[at] for at in silent],
            "detector": "any",
            "statistic": nothing,
            "threshold": nothing,
            "p": nothing,
            "effect": nothing,
            "alarm": np.zeros(len(silent), dtype=bool),
            "since": pd.Series([pd.NaT] * len(silent), dtype="datetime64[ns]"),
            "status": [found.status[at] for at in silent],
            "rising": np.zeros(len(silent), dtype=bool),
        }
    )[list(REPORT_COLUMNS)]
