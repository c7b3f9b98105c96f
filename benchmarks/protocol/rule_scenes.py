"""Backtests that rules are measured on: ETTh1, the bundled panel, and the blocks of their windows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from protocol.inputs import BUNDLED, read_panel
from pulse_kedro.domain.metrics.competition import scale
from pulse_kedro.domain.rules.bias import groups
from pulse_kedro.domain.rules.context import Scene
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.forecasting.simulation_learners import Part, empty_pool

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]
Base = Callable[[Array], Array]
"""Points `(steps, series)` from a history `(periods, series)`."""
ROWS = 11_520
"""Rows of ETTh1 that settings may see; the rest is its test set."""
DAY, YEAR = 24, 12
FIRST_HOURS, FIRST_MONTHS = 60 * DAY, 360
"""Periods before the first cutoff: sixty days, and the panel from 1969 on; ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Windows that mine, choose, and measure; each shape `(cutoffs,)`."""

    mine: Mask
    select: Mask
    report: Mask


def split(scene: Scene, terms: RuleOptions) -> Blocks:
    """The blocks of a scene; windows that share targets with the next block are left out."""
    count = len(scene.places)
    at, ends = np.arange(count), scene.targets[:, -1]
    first, second = (int(share * count) for share in (terms.mine_share, terms.mine_share + terms.select_share))
    return Blocks(
        mine=(at < first) & (ends <= scene.cutoffs[first]),
        select=(at >= first) & (at < second) & (ends <= scene.cutoffs[second]),
        report=(at >= second) & scene.complete,
    )


def hours(path: Path | None, quick: bool) -> tuple[Array, Dates, tuple[str, ...]]:  # noqa: FBT001
    """ETTh1 before its test set, or made-up hours with a weekend that a daily naive forecast misses."""
    if path is not None:
        table = pd.read_csv(path, parse_dates=["date"]).iloc[:ROWS]
        return table.iloc[:, 1:].to_numpy(float), table["date"].to_numpy("datetime64[s]"), tuple(table.columns[1:])
    rng, length = np.random.default_rng(0), FIRST_HOURS + (140 if quick else 300) * DAY
    dates = np.datetime64("2018-01-01", "s") + np.arange(length) * np.timedelta64(3600, "s")
    noise = rng.normal(size=(length, 3))
    for row in range(1, length):
        noise[row] += 0.9 * noise[row - 1]
    weekend = np.isin(np.arange(length) // DAY % 7, (5, 6))[:, None]
    return 5 * np.sin(2 * np.pi * np.arange(length)[:, None] / DAY) - 4 * weekend + noise, dates, ("a", "b", "c")


def hourly_scene(y: Array, dates: Dates, ids: tuple[str, ...], base: Base, last: int) -> Scene:
    """Daily cutoffs; the newest has no outcome yet. `last` is the number of cutoffs, from the end, 0 for all."""
    places = np.arange(FIRST_HOURS, len(y) + 1, DAY)[-last:]
    return scene_of(y, places, dates, ids, base, season=DAY, horizon=DAY, frequency="hourly")


def scene_of(
    y: Array, places: npt.NDArray[np.int64], dates: Dates, ids: tuple[str, ...], base: Base,
    *, season: int, horizon: int, frequency: str, grouped: tuple[str, ...] | None = None,
) -> Scene:  # fmt: skip
    """Forecasts of a base at every cutoff, with the facts around them."""
    padded = np.concatenate([y, np.full((horizon, y.shape[1]), np.nan)])
    at = places[:, None] + np.arange(horizon)
    return Scene(
        y=y,
        places=places,
        points=np.stack([base(y[:place]) for place in places]),
        actual=padded[at],
        scale=np.stack([scale(y[:place], season) for place in places]),
        ids=ids,
        season=season,
        frequency=frequency,
        cutoffs=dates[places - 1],
        targets=dates[at],
        groups=grouped,
    )


def naive(season: int, horizon: int) -> Base:
    """The value of the season before."""
    return lambda y: y[len(y) - season + np.arange(horizon) % season]


def drift(season: int, horizon: int) -> Base:
    """The value of the season before, moved by the change since then."""
    return lambda y: y[len(y) - season + np.arange(horizon) % season] + y[-1] - y[-season - 1]


def ridge(first: Array) -> Base:
    """Our ridge on the 168 newest hours; each day is added to its sums before it forecasts."""
    learner = empty_pool(first, [Part(look_back=7 * DAY, centre="mean")], horizon=DAY, season_length=DAY)
    seen = 0

    def forecast(y: Array) -> Array:
        nonlocal learner, seen
        learner, seen = learner.learn(y, len(y) - seen).solve(), len(y)
        return learner.forecast(y)

    return forecast


def hourly_bases(y: Array) -> dict[str, Base]:
    """What forecasts hours."""
    return {
        "seasonal naive 24": naive(DAY, DAY),
        "seasonal naive 168": naive(7 * DAY, DAY),
        "ridge": ridge(y[:FIRST_HOURS]),
    }


def monthly_scenes(last: int) -> dict[str, Scene]:
    """The bundled panel under two bases."""
    table = pd.read_parquet(BUNDLED)
    inputs = read_panel(BUNDLED)
    y, ids = inputs.matrix.y, tuple(map(str, inputs.matrix.ids))
    titles = groups(table.drop_duplicates("unique_id"))
    months = pd.date_range(inputs.panel["ds"].min(), periods=len(y) + YEAR, freq="MS").to_numpy("datetime64[s]")
    places = np.arange(FIRST_MONTHS, len(y) + 1)[-last:]
    named = {"seasonal naive 12": naive(YEAR, YEAR), "seasonal drift": drift(YEAR, YEAR)}
    return {
        name: scene_of(
            y, places, months, ids, base, season=YEAR, horizon=YEAR, frequency="monthly",
            grouped=tuple(titles[one] for one in ids),
        )
        for name, base in named.items()
    }  # fmt: skip


def known_at(scene: Scene, place: int) -> Scene:
    """The scene as it was when a cutoff was the newest."""
    known, kept = int(scene.places[place]), slice(place + 1)
    arrived = scene.places[kept, None] + np.arange(scene.shape[1]) < known
    return replace(
        scene,
        y=scene.y[:known],
        places=scene.places[kept],
        points=scene.points[kept],
        actual=np.where(arrived[:, :, None], scene.actual[kept], np.nan),
        scale=scene.scale[kept],
        cutoffs=scene.cutoffs[kept],
        targets=scene.targets[kept],
    )
