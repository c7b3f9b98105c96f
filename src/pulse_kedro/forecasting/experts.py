"""Statistical experts: one fitted model per series, learned rarely, moved on with every new period.

`expert_models` fits and moves one series, `expert_work` does so for many, here or on workers; this module keeps the
state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Self, cast

import numpy as np

from pulse_kedro.domain.errors import InvalidInput
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.baselines import empty_baseline
from pulse_kedro.forecasting.expert_models import Fitted, Sizes
from pulse_kedro.forecasting.expert_work import NOTHING, Limits, learn_series, recall_series
from pulse_kedro.forecasting.forecaster import Failure, align_tail, fill_gaps
from pulse_kedro.forecasting.generations import joined, moved, newest_at, waited
from pulse_kedro.forecasting.recipe import MemberOptions, RecipeOptions
from pulse_kedro.forecasting.spread import NATIVE, ComputeOptions

SECONDS = 600.0
"""Wall-clock budget of one learning where the recipe names none, in seconds; ours."""
SERIES_SECONDS = 30.0
"""The same for one series; ours, ten times what AutoARIMA takes for monthly data."""
LONGEST = {"auto_arima": 500}
"""Newest periods that parameters are learned from (`forecasting.md`, section 3)."""
USUAL_LONGEST = 2000
"""The same for the other kinds; ours: twelve weeks of hours, so that learning and state stay bounded."""


class PanelDiffers(InvalidInput):
    """A member shall learn from a panel that is not the one it has followed."""

    def __init__(self, member: str, got: tuple[int, int], known: int, expected: tuple[int, int]) -> None:
        """Keep member, both shapes and the periods to learn from."""
        super().__init__(member, got, known, expected)
        self.member, self.got, self.known, self.expected = member, got, known, expected

    def __str__(self) -> str:
        """Give both shapes and the next step."""
        return (
            f"Learning {self.member} from {self.known} periods failed: got a panel of {self.got[0]} periods and "
            f"{self.got[1]} series, expected at least {max(self.expected[0], self.known)} periods and "
            f"{self.expected[1]} series. Pass the panel from its first period on, in the order of the state's series."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What was learned at one time.

    Periods count from the first one of the panel: data of `start` up to `trained_until` were read. `fits` holds the
    parameters of each series, `None` where there are none; `reasons` says why, and is empty for the others.
    """

    trained_until: int
    start: int
    fits: tuple[Fitted | None, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """A statistical model per series, in generations.

    `seen` counts the periods that arrived, `tail` holds the newest of them, from the first one that a generation still
    in use has read. `compute` says where the series are worked on; no result depends on it, and it is not stored.
    """

    kind: str
    horizon: int
    season_length: int
    periods: tuple[int, ...]
    seconds: float
    series_seconds: float
    seen: int
    tail: Array
    generations: tuple[Generation, ...] = ()
    compute: ComputeOptions = field(default=NATIVE, compare=False)

    @property
    def name(self) -> str:
        """Name in every table."""
        return self.kind

    @property
    def sizes(self) -> Sizes:
        """What the models of single series are told."""
        return Sizes(horizon=self.horizon, periods=self.periods)

    def update(self, block: Array, batch: str) -> Self:  # noqa: ARG002  (the protocol names it; nothing is summed here)
        """State after `block` of shape `(periods, series)` arrived; the parameters stay."""
        return self._trimmed(np.concatenate([self.tail, block]), self.seen + len(block), self.generations)

    def align(self, columns: Sequence[int]) -> Self:
        """State for another set of series; a new one has no parameters until the next generation."""
        generations = tuple(
            replace(
                generation,
                fits=tuple(generation.fits[j] if j >= 0 else None for j in columns),
                reasons=tuple(generation.reasons[j] if j >= 0 else NOTHING for j in columns),
            )
            for generation in self.generations
        )
        return replace(self, tail=align_tail(self.tail, columns), generations=generations)

    @property
    def since_lesson(self) -> int | None:
        """Periods that arrived since the newest generation; `None` before the first one."""
        return waited(self.generations, self.seen)

    def learn(self, y: Array, known: int) -> Self:
        """State with one more generation, from the first `known` periods; it takes the place of one of the same time.

        Args:
            y: The panel from its first period on. Shape `(periods, series)`.
            known: Periods that the parameters may know.

        Raises:
            PanelDiffers: The panel is shorter than what this state has seen, or has other series.
        """
        if y.shape[1] != self.tail.shape[1] or len(y) < max(self.seen, known) or known < 1:
            raise PanelDiffers(self.name, (len(y), y.shape[1]), known, (self.seen, self.tail.shape[1]))
        start = max(0, known - LONGEST.get(self.kind, USUAL_LONGEST))
        limits = Limits(seconds=self.seconds, series_seconds=self.series_seconds)
        found = learn_series(self.kind, self._samples(y[start:known]), self.sizes, limits, self.compute)
        new = Generation(
            trained_until=known,
            start=start,
            fits=tuple(fitted for fitted, _ in found),
            reasons=tuple(reason for _, reason in found),
        )
        return self._trimmed(y[: self.seen], self.seen, joined(self.generations, new))

    def recall(self, y: Array, stops: Sequence[int]) -> Array:
        """Points of shape `(len(stops), horizon, series)`, each made from `y[:stop]` by the generation of that time.

        Args:
            y: The panel from its first period on. Shape `(periods, series)`.
            stops: Numbers of periods known, ascending.
        """
        return self._recall(y, stops)[0]

    def recall_openly(self, y: Array, stops: Sequence[int]) -> tuple[Array, tuple[Failure, ...]]:
        """What `recall` gives, and the series that the fallback serves in it, with the reason."""
        points, failures = self._recall(y, stops)
        return points, (*self._unlearned(), *failures)

    def forecast(self) -> Array:
        """Points of shape `(horizon, series)`; `nan` before the first generation."""
        return np.asarray(self._recall_tail()[0][0])

    def failures(self) -> tuple[Failure, ...]:
        """Series that the fallback serves: those that a generation could not learn, then those that fail just now."""
        return (*self._unlearned(), *self._recall_tail()[1])

    def rebase(self, y: Array, known: int) -> Self:
        """State over a panel whose past changed; what was learned keeps its place in time.

        Args:
            y: The whole panel as it is now. Shape `(periods, series)`.
            known: How many of its periods this state had seen.
        """
        shift = known - self.seen
        generations = tuple(replace(one, start=max(0, one.start + shift)) for one in moved(self.generations, shift))
        return replace(self, seen=0, tail=self.tail[:0], generations=generations).update(y, "")

    def arrays(self) -> Mapping[str, Array]:
        """The tail, and per generation the vectors of all series in a row with their lengths."""
        found = {"tail": self.tail}
        for j, generation in enumerate(self.generations):
            vectors = [np.empty(0) if fitted is None else fitted.vector for fitted in generation.fits]
            found[f"numbers_{j}"] = np.concatenate([np.empty(0), *vectors])
            found[f"lengths_{j}"] = np.array([len(vector) for vector in vectors], dtype=float)
        return found

    def facts(self) -> dict[str, object]:
        """Kind, sizes, and the words of every generation."""
        generations = [
            {
                "trained_until": generation.trained_until,
                "start": generation.start,
                "fits": [None if fitted is None else dict(fitted.facts) for fitted in generation.fits],
                "reasons": list(generation.reasons),
            }
            for generation in self.generations
        ]
        names = ("kind", "horizon", "season_length", "seconds", "series_seconds", "seen")
        sizes = {name: getattr(self, name) for name in names}
        return {**sizes, "periods": list(self.periods), "generations": generations}

    def _trimmed(self, values: Array, seen: int, generations: tuple[Generation, ...]) -> Self:
        """State whose tail, the last rows of `values`, begins where a generation that is still in use began to read."""
        newest = newest_at(generations, seen)
        needed = min((generation.start for generation in generations[max(newest, 0) :]), default=seen)
        rows = max(0, seen - needed)
        return replace(self, seen=seen, tail=values[max(0, len(values) - rows) :], generations=generations)

    def _unlearned(self) -> list[Failure]:
        return [
            Failure(member=self.name, column=column, trained_until=generation.trained_until, stop=None, reason=reason)
            for generation in self.generations
            for column, reason in enumerate(generation.reasons)
            if reason
        ]

    def _samples(self, window: Array) -> list[Array]:
        """Each series without gaps, from its first observation on."""
        filled = fill_gaps(window, self.season_length)
        known = ~np.isnan(filled)
        first = np.where(known.any(axis=0), known.argmax(axis=0), len(filled))
        return [filled[first[column] :, column] for column in range(filled.shape[1])]

    def _recall_tail(self) -> tuple[Array, list[Failure]]:
        """What `_recall` gives at the newest period, from the tail alone."""
        return self._recall(self.tail, [self.seen], first=self.seen - len(self.tail))

    def _recall(self, y: Array, stops: Sequence[int], *, first: int = 0) -> tuple[Array, list[Failure]]:
        """Points `(stops, horizon, series)` and failures; row 0 of `y` is period `first`."""
        points, failures = np.full((len(stops), self.horizon, y.shape[1]), np.nan), []
        for newest, rows in groupby(range(len(stops)), key=lambda row: newest_at(self.generations, stops[row])):
            if newest < 0:
                continue
            generation, own = self.generations[newest], list(rows)
            window = y[generation.start - first : stops[own[-1]] - first]
            lengths = [stops[row] - generation.start for row in own]
            points[own], reasons = self._move(generation, window, lengths)
            failures += [
                Failure(
                    member=self.name,
                    column=column,
                    trained_until=generation.trained_until,
                    stop=lengths[place] + generation.start,
                    reason=reason,
                )
                for column, place, reason in reasons
            ]
        return points, failures

    def _move(
        self, generation: Generation, window: Array, lengths: Sequence[int]
    ) -> tuple[Array, list[tuple[int, int, str]]]:
        """Points of one generation after some lengths of its window, and (column, place, reason) of failures."""
        samples = self._samples(window)
        tasks = {
            column: (fitted, samples[column], [length - (len(window) - len(samples[column])) for length in lengths])
            for column, fitted in enumerate(generation.fits)
            if fitted is not None
        }
        points = np.stack([self._fallback(window[:length]) for length in lengths])
        failures = []
        for column, (found, reasons) in recall_series(self.kind, tasks, self.sizes, self.compute).items():
            sound = np.array([not reason for reason in reasons])
            points[sound, :, column] = found[sound]
            failures += [(column, place, reason) for place, reason in enumerate(reasons) if reason]
        return points, failures

    def _fallback(self, window: Array) -> Array:
        """Seasonal naive points of shape `(horizon, series)`."""
        season = self.season_length
        rule = empty_baseline("seasonal_naive", horizon=self.horizon, season_length=season, series=window.shape[1])
        return rule.update(window[-2 * season - 1 :], "").forecast()


def empty_expert(options: MemberOptions, recipe: RecipeOptions, *, series: int) -> Expert:
    """An expert that has seen nothing yet, for a number of series."""
    return Expert(
        kind=options.kind,
        horizon=recipe.horizon,
        season_length=recipe.season_length,
        periods=tuple(sorted(options.periods or (recipe.season_length,))),
        seconds=options.seconds or SECONDS,
        series_seconds=options.series_seconds or SERIES_SECONDS,
        seen=0,
        tail=np.empty((0, series)),
    )


def restore_expert(facts: Mapping[str, object], arrays: Mapping[str, Array]) -> Expert:
    """An expert from its stored state."""
    told = cast("dict[str, Any]", facts)
    return Expert(
        kind=str(told["kind"]),
        horizon=int(told["horizon"]),
        season_length=int(told["season_length"]),
        periods=tuple(told["periods"]),
        seconds=float(told["seconds"]),
        series_seconds=float(told["series_seconds"]),
        seen=int(told["seen"]),
        tail=arrays["tail"],
        generations=tuple(
            _restore_generation(words, arrays[f"numbers_{j}"], arrays[f"lengths_{j}"].astype(int))
            for j, words in enumerate(told["generations"])
        ),
    )


def _restore_generation(words: Mapping[str, Any], numbers: Array, lengths: "np.ndarray[Any, Any]") -> Generation:
    vectors = np.split(numbers, np.cumsum(lengths)[:-1])
    return Generation(
        trained_until=int(words["trained_until"]),
        start=int(words["start"]),
        fits=tuple(
            None if facts is None else Fitted(facts=facts, vector=vector)
            for facts, vector in zip(words["fits"], vectors, strict=True)
        ),
        reasons=tuple(words["reasons"]),
    )
