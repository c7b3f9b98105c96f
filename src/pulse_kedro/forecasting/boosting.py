"""Boosted trees that correct the always-on members: LightGBM on scaled residuals of their median.

Optional: the extra `lightgbm` brings the package. A model is stored as LightGBM's own text.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Self, cast

import numpy as np

from pulse_kedro.domain.data_management.features.definition import StepOptions, active, as_plain, steps_from
from pulse_kedro.domain.data_management.features.fitting import FittedFeatures
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.boosting_features import (
    features_at,
    joined_rows,
    learn_features,
    look_back_of,
    moved_names,
    packed,
    unpacked,
)
from pulse_kedro.forecasting.boosting_rows import design, history, scales_of, windows_at
from pulse_kedro.forecasting.experts import PanelDiffers
from pulse_kedro.forecasting.extras import require_package
from pulse_kedro.forecasting.forecaster import Forecaster, align_tail, extend_tail
from pulse_kedro.forecasting.generations import joined, moved, newest_at, waited
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions, recipe_from_dict

BLOCKS = 5
"""Models over the horizon, each for some neighbouring steps (`forecasting.md`, section 3: four to six)."""
ROWS = 200_000
"""Training rows of all steps and series together, for memory; ours. Origins are thinned to stay below."""
SHORTEST = 50
"""Rows of a block without which nothing is learned; ours."""
ROUNDS = 200
PARAMETERS: Mapping[str, object] = {
    "objective": "regression_l1",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""Absolute error, because that is scored; small trees, because residuals of a good forecast are mostly noise; one
thread, because on shared processors several wait for each other longer than they work. Ours."""
Create = Callable[..., Forecaster]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """One generation: LightGBM's text per block of steps, from the first `trained_until` periods; `""` abstains.

    `features` are the steps whose columns it reads too, with what they learned from the same periods.
    """

    trained_until: int
    texts: tuple[str, ...]
    features: FittedFeatures | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosted:
    """The median of the always-on members, plus what trees learned of its errors.

    `base` are these members after `seen` periods, `tail` the newest ones, `recipe` what the members are made from. Each
    generation learns the feature `steps` anew, for series that `names` tells apart whatever their column.
    """

    recipe: RecipeOptions
    base: Mapping[str, Forecaster]
    seen: int
    tail: Array
    create: Create = field(compare=False)
    generations: tuple[Forest, ...] = ()
    steps: tuple[StepOptions, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name in every table."""
        return "lightgbm_features" if self.steps else "lightgbm"

    def update(self, block: Array, batch: str) -> Self:
        """State after `block` of shape `(periods, series)` arrived; the trees stay."""
        base = {name: member.update(block, batch) for name, member in self.base.items()}
        tail = extend_tail(self.tail, block, max(history(self.recipe.season_length), 1 + look_back_of(self.steps)))
        return replace(self, base=base, tail=tail, seen=self.seen + len(block))

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series; the trees are shared by all of them."""
        base = {name: member.align(columns) for name, member in self.base.items()}
        names = moved_names(self.names, columns, [forest.features for forest in self.generations])
        return replace(self, base=base, tail=align_tail(self.tail, columns), names=names)

    @property
    def since_lesson(self) -> int | None:
        """Periods that arrived since the newest generation; `None` before the first one."""
        return waited(self.generations, self.seen)

    def learn(self, y: Array, known: int) -> Self:
        """State with one more generation, from the first `known` periods; it takes the place of one of the same time.

        Args:
            y: The panel from its first period on. Shape `(periods, series)`.
            known: Periods that the trees may know.

        Raises:
            PanelDiffers: The panel is too short, or has other series.
            MissingExtra: LightGBM is not installed.
        """
        if y.shape[1] != self.tail.shape[1] or len(y) < known or known < 1:
            raise PanelDiffers(self.name, (len(y), y.shape[1]), known, (known, self.tail.shape[1]))
        features = learn_features(self.steps, y[:known], self.names) if self.steps else None
        told = self._read(features, y[:known], range(1, known + 1))
        texts = tuple(self._grow(y[:known], told, block) for block in self._blocks())
        forest = Forest(trained_until=known, texts=texts, features=features)
        return replace(self, generations=joined(self.generations, forest))

    def recall(self, y: Array, stops: Sequence[int]) -> Array:
        """Points of shape `(len(stops), horizon, series)`, each made from `y[:stop]` by the generation of that time."""
        points = np.full((len(stops), self.recipe.horizon, y.shape[1]), np.nan)
        served = [place for place, stop in enumerate(stops) if newest_at(self.generations, stop) >= 0]
        if not served:
            return points
        own = [stops[place] for place in served]
        base, windows = self._base_points(y, own), windows_at(y, own, self.recipe.season_length)
        for newest, group in groupby(range(len(own)), key=lambda row: newest_at(self.generations, own[row])):
            rows = list(group)
            stops_of = [own[row] for row in rows]
            forest = self.generations[newest]
            told = self._read(forest.features, y, stops_of)
            found = self._correct(forest, windows[rows], base[rows], stops_of, told)
            points[[served[row] for row in rows]] = found
        return points

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` before the first generation."""
        newest = newest_at(self.generations, self.seen)
        if newest < 0:
            return np.full((self.recipe.horizon, self.tail.shape[1]), np.nan)
        base = _median(np.stack([member.forecast() for member in self.base.values()]))
        windows = windows_at(self.tail, [len(self.tail)], self.recipe.season_length)
        forest = self.generations[newest]
        told = self._read(forest.features, self.tail, [len(self.tail)])
        return np.asarray(self._correct(forest, windows, base[None], [self.seen], told)[0])

    def rebase(self, y: Array, known: int) -> Self:
        """State over a panel whose past changed; what was learned keeps its place in time.

        Args:
            y: The whole panel as it is now. Shape `(periods, series)`.
            known: How many of its periods this state had seen.
        """
        series = self.tail.shape[1]
        base = {options.name: self.create(options, self.recipe, series=series) for options in self.recipe.members}
        generations = moved(self.generations, known - self.seen)
        return replace(self, base=base, seen=0, tail=self.tail[:0], generations=generations).update(y, "")

    def arrays(self) -> Mapping[str, Array]:
        """The tail, and the arrays of the base members."""
        parts = {
            f"{name}.{key}": values for name, member in self.base.items() for key, values in member.arrays().items()
        }
        _, learned = packed([forest.features for forest in self.generations])
        return {"tail": self.tail, **parts, **learned}

    def facts(self) -> dict[str, object]:
        """The recipe of the base members, their facts, and the trees as text."""
        generations = [
            {"trained_until": forest.trained_until, "texts": list(forest.texts)} for forest in self.generations
        ]
        base = {name: member.facts() for name, member in self.base.items()}
        told = {"seen": self.seen, "recipe": self.recipe.as_dict(), "base": base, "generations": generations}
        if not self.steps:
            return {"kind": "lightgbm", **told}
        learned, _ = packed([forest.features for forest in self.generations])
        own = {"steps": as_plain(self.steps), "names": list(self.names), "features": learned}
        return {"kind": "lightgbm", "name": self.name, **told, **own}

    def _blocks(self) -> list[list[int]]:
        """Steps of each model, from 1."""
        steps = np.arange(1, self.recipe.horizon + 1)
        return [block.tolist() for block in np.array_split(steps, min(BLOCKS, len(steps)))]

    def _base_points(self, y: Array, stops: Sequence[int]) -> Array:
        """Median of the base members at each stop, in one pass over the data; shape `(stops, horizon, series)`."""
        members = [self.create(options, self.recipe, series=y.shape[1]) for options in self.recipe.members]
        points, start = [], 0
        for stop in stops:
            members = [member.update(y[start:stop], "") for member in members]
            points.append(_median(np.stack([member.forecast() for member in members])))
            start = stop
        return np.stack(points)

    def _read(self, features: FittedFeatures | None, y: Array, stops: Sequence[int]) -> Array | None:
        """Columns of the steps at some stops, `(stops, series, features)`; `None` without steps."""
        return None if features is None else features_at(features, y, self.names, stops)

    def _rows(
        self, windows: Array, base: Array, stops: Sequence[int], block: Sequence[int], told: Array | None
    ) -> Array:
        """Inputs of a block of steps, with the columns of the feature steps where there are any."""
        rows = design(windows, base, stops, block, self.recipe.season_length)
        return rows if told is None else joined_rows(rows, told)

    def _grow(self, y: Array, told: Array | None, block: Sequence[int]) -> str:
        """Trees of one block of steps, as text; empty where there are too few rows."""
        known, season = len(y), self.recipe.season_length
        origins = range(season + 1, known - block[0] + 1)
        stride = 1 + len(origins) * y.shape[1] * self.recipe.horizon // ROWS
        stops = list(reversed(origins[::-1][::stride]))
        if not stops:
            return ""
        base, windows = self._base_points(y, stops), windows_at(y, stops, season)
        ahead = np.concatenate([y, np.full((self.recipe.horizon, y.shape[1]), np.nan)])
        actual = np.stack([[ahead[stop + step - 1] for step in block] for stop in stops])
        steps = np.asarray(block)
        targets = (actual - base[:, steps - 1]) / scales_of(windows, season)[:, None]
        known_then = None if told is None else told[np.asarray(stops) - 1]
        rows = self._rows(windows, base, stops, block, known_then)
        sound = np.isfinite(targets)
        return _boost(rows[sound], targets[sound]) if sound.sum() >= SHORTEST else ""

    def _correct(self, forest: Forest, windows: Array, base: Array, stops: Sequence[int], told: Array | None) -> Array:
        """Base points of some origins plus predicted residuals; shape `(origins, horizon, series)`."""
        scale, points = scales_of(windows, self.recipe.season_length), np.full(base.shape, np.nan)
        for text, block in zip(forest.texts, self._blocks(), strict=True):
            if text:
                rows = self._rows(windows, base, stops, block, told)
                residuals = _predict(text, rows.reshape(-1, rows.shape[-1])).reshape(rows.shape[:-1])
                steps = np.asarray(block) - 1
                points[:, steps] = base[:, steps] + scale[:, None] * residuals
        return points


def _lightgbm() -> Any:  # noqa: ANN401  # it ships no annotations
    """The package, told to let its threads sleep while they wait: on shared processors the others lose by spinning.

    Raises:
        MissingExtra: It is not installed.
    """
    require_package("lightgbm", extra="lightgbm", doing="Boosting trees for the member 'lightgbm'")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import lightgbm

    return lightgbm


def _boost(rows: Array, targets: Array) -> str:
    lightgbm = _lightgbm()
    return str(
        lightgbm.train(dict(PARAMETERS), lightgbm.Dataset(rows, targets), num_boost_round=ROUNDS).model_to_string()
    )


def _predict(text: str, rows: Array) -> Array:
    return np.asarray(_lightgbm().Booster(model_str=text).predict(rows, num_threads=1))


def _median(points: Array) -> Array:
    """Median over the members of what is not `nan`."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice")  # numpy warns where every member abstains; `nan` is meant
        return np.asarray(np.nanmedian(points, axis=0))


def empty_boosted(
    recipe: RecipeOptions,
    base: Sequence[MemberOptions],
    create: Create,
    *,
    series: int,
    steps: Sequence[StepOptions] = (),
) -> Boosted:
    """A boosted member that has seen nothing yet.

    Args:
        recipe: Horizon and season.
        base: The members whose median is corrected.
        create: Makes one of them, empty.
        series: Their number.
        steps: Feature steps that the trees read too.
    """
    own = replace(recipe, members=tuple(base))
    members = {options.name: create(options, own, series=series) for options in base}
    return Boosted(
        recipe=own,
        base=members,
        seen=0,
        tail=np.empty((0, series)),
        create=create,
        steps=active(steps),
        names=tuple(map(str, range(series))),
    )


def restore_boosted(
    facts: Mapping[str, object],
    arrays: Mapping[str, Array],
    create: Create,
    restore: Callable[[Mapping[str, object], Mapping[str, Array]], Forecaster],
) -> Boosted:
    """A boosted member from its stored state, given how its base members are made and restored."""
    told = cast("dict[str, Any]", facts)

    features = told.get("features", [None] * len(told["generations"]))

    def arrays_of(name: str) -> dict[str, Array]:
        prefix = f"{name}."
        return {key.removeprefix(prefix): values for key, values in arrays.items() if key.startswith(prefix)}

    return Boosted(
        recipe=recipe_from_dict(told["recipe"]),
        base={name: restore(part, arrays_of(name)) for name, part in told["base"].items()},
        seen=int(told["seen"]),
        tail=arrays["tail"],
        create=create,
        generations=tuple(
            Forest(
                trained_until=int(words["trained_until"]),
                texts=tuple(words["texts"]),
                features=unpacked(place, learned, arrays),
            )
            for place, (words, learned) in enumerate(zip(told["generations"], features, strict=True))
        ),
        steps=steps_from(told.get("steps", [])),
        names=tuple(told.get("names", map(str, range(arrays["tail"].shape[1])))),
    )
