"""Do our change points agree with breaks of known place and with the recessions better than those of ruptures?

Usage: python benchmarks/change_points.py [--json] [--repeats N] [--data PATH] [--recessions PATH]

Synthetic series of 400 points with breaks of known place, unit noise: the mean by one and by two deviations, the mean
by three under AR(.6) noise, the variance by three times the deviation, a seasonal profile of 12, and the memory of an
AR(1); and white and AR(.6) noise without a break. Then total employment, changes without season, against peaks and
troughs of the NBER. Cover and F1 (margin 5) of van den Burg and Williams (2020), means over `--repeats` series of each
kind, with CPU seconds of all of them. Ours: the cost that fits the question, its BIC penalty, segments of at least 10.
ruptures: Pelt as it comes (`min_size=2`, `jump=5`; for `ar` as it needs), with the penalty of its own examples (10 for
`l2` and `normal`, 30 for `ar`), and with BIC: segments of at least 10, penalty (parameters + 1) log n in the units of
the cost, the variance of the noise from first differences; `jump=1` for `l2` and 5 for the others, which take minutes
else, and whose grid happens to hold every break. Ours is told which kind of change to look for; so the row that counts
takes, on each problem, whichever of the six ways of ruptures did best there. Nothing was chosen by these figures.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.inputs import BUNDLED
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.data_management.change_points import CostName, find_change_points
from pulse_kedro.domain.data_management.signals import changes, without_season
from pulse_kedro.domain.metrics.segmentation import cover, f1_score

Values = npt.NDArray[np.float64]
Points = tuple[int, ...]
RECESSIONS = BUNDLED.parent / "us_recessions.csv"
SIZE, SHORTEST, SEASON = 400, 10, 12
BREAKS = (120, 200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Series of one kind, where they break, and the cost that fits the question."""

    series: Sequence[Values]
    truth: Points
    cost: CostName


def ar_noise(rng: np.random.Generator, rho: float | Values) -> Values:
    """AR(1) noise of unit variance; `rho` may differ from point to point."""
    rhos = np.broadcast_to(rho, SIZE)
    noise = rng.normal(size=SIZE) * np.sqrt(1 - rhos**2)
    for t in range(1, SIZE):
        noise[t] += rhos[t] * noise[t - 1]
    return noise


def steps(*levels: float) -> Values:
    """One level per segment."""
    lengths = np.diff([0, *BREAKS, SIZE])
    return np.repeat(levels, lengths)


def season(rng: np.random.Generator) -> Values:
    """A profile of its own in each segment, around 0."""
    profiles = rng.normal(size=(len(BREAKS) + 1, SEASON)) * 1.5
    profiles -= profiles.mean(axis=1, keepdims=True)
    place = np.searchsorted(BREAKS, np.arange(SIZE), side="right")
    return np.asarray(profiles[place, np.arange(SIZE) % SEASON])


def synthetic(repeats: int) -> dict[str, Problem]:
    """Every kind of break, `repeats` series each with the seeds from 0 on."""
    memory = steps(0.8, -0.5, 0.8, -0.5)
    makers: Mapping[str, tuple[Callable[[np.random.Generator], Values], Points, CostName]] = {
        "mean by 2": (lambda rng: rng.normal(size=SIZE) + steps(0, 2, 0, 2), BREAKS, "mean"),
        "mean by 1": (lambda rng: rng.normal(size=SIZE) + steps(0, 1, 0, 1), BREAKS, "mean"),
        "mean by 3, AR(.6) noise": (lambda rng: ar_noise(rng, 0.6) + steps(0, 3, 0, 3), BREAKS, "mean"),
        "variance": (lambda rng: rng.normal(size=SIZE) * steps(1, 3, 1, 3), BREAKS, "mean_variance"),
        "season": (lambda rng: rng.normal(size=SIZE) + season(rng), BREAKS, "seasonal"),
        "memory": (lambda rng: ar_noise(rng, memory), BREAKS, "ar"),
        "white noise, no break": (lambda rng: rng.normal(size=SIZE), (), "mean"),
        "AR(.6) noise, no break": (lambda rng: ar_noise(rng, 0.6), (), "mean"),
    }
    return {
        name: Problem(series=[make(np.random.default_rng(seed)) for seed in range(repeats)], truth=truth, cost=cost)
        for name, (make, truth, cost) in makers.items()
    }


def employment(data: Path, recessions: Path) -> Problem:
    """Changes of total employment without season, and the months after the peaks and troughs they reach."""
    rows = pd.read_parquet(data)
    total = rows[rows["unique_id"] == "PAYNSA"].sort_values("ds")
    signal = without_season(changes(total["y"].to_numpy(dtype=float), known=60), SEASON)
    known = np.flatnonzero(np.isfinite(signal) & (total["ds"] >= "1948-01-01").to_numpy())
    months = pd.DatetimeIndex(total["ds"].to_numpy()[known])
    dates = pd.to_datetime(pd.read_csv(recessions).to_numpy().ravel(), format="%Y-%m") + pd.DateOffset(months=1)
    truth = tuple(int(place) for place in months.searchsorted(dates) if 0 < place < len(months))
    return Problem(series=[signal[known]], truth=truth, cost="mean")


MEASURES = ("cover", "f1")
BEST = "ruptures, the best of six on each problem"


def ours(problem: Problem) -> Callable[[Values], Points]:
    """Our search with the cost that fits."""
    shortest = 2 * SEASON if problem.cost == "seasonal" else SHORTEST
    return lambda y: find_change_points(y, problem.cost, minimum=shortest, season=SEASON)


def theirs(model: str, *, bic: bool) -> Callable[[Values], Points]:
    """Pelt of ruptures with one of its costs."""
    import ruptures

    def search(y: Values) -> Points:
        parameters = {"order": 1} if model == "ar" else {}
        settings = {"jump": 1 if model == "l2" else 5, "min_size": SHORTEST} if bic else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its normal cost tells of a change in version 1.1.5 each time
            searcher = ruptures.Pelt(model=model, params=parameters or None, **settings).fit(y)
        return tuple(searcher.predict(pen=_bic(model, y) if bic else PENALTIES[model])[:-1])

    return search


PENALTIES = {"l2": 10.0, "normal": 10.0, "ar": 30.0}
"""Penalties of the examples in the documentation of ruptures 1.1."""
PARAMETERS = {"l2": 1, "normal": 2, "ar": 2}


def _bic(model: str, y: Values) -> float:
    variance = 1.0 if model == "normal" else float(np.var(np.diff(y)) / 2)
    return (PARAMETERS[model] + 1) * float(np.log(len(y))) * variance


def judge(problem: Problem, search: Callable[[Values], Points]) -> Figures:
    """Cover, F1, change points per series and CPU seconds of one search on one problem."""
    with metered() as cost:
        found = [search(y) for y in problem.series]
    covers = [cover([problem.truth], points, len(y)) for points, y in zip(found, problem.series, strict=True)]
    scores = [f1_score([problem.truth], points).f1 for points in found]
    return {
        "cover": float(np.mean(covers)),
        "f1": float(np.mean(scores)),
        "found": float(np.mean([len(points) for points in found])),
        "cpu_seconds": cost.cpu_seconds,
    }


def mean_of(judged: Mapping[str, Mapping[str, Figures]], labels: Sequence[str]) -> dict[str, float]:
    """Mean over the synthetic problems of the best of some searches on each."""
    kinds = [results for name, results in judged.items() if name != "employment"]
    return {
        key: float(np.mean([max(results[label][key] for label in labels) for results in kinds])) for key in MEASURES
    }


def measure(given: argparse.Namespace) -> Figures:
    """Every problem with every search, and the mean over the synthetic kinds."""
    problems = synthetic(given.repeats) | {"employment": employment(given.data, given.recessions)}
    others = {f"ruptures {model}{', BIC' if bic else ''}": (model, bic) for model in PENALTIES for bic in (False, True)}
    judged: dict[str, dict[str, Figures]] = {}
    for name, problem in problems.items():
        judged[name] = {"ours": judge(problem, ours(problem))}
        judged[name] |= {label: judge(problem, theirs(model, bic=bic)) for label, (model, bic) in others.items()}
    means = {label: mean_of(judged, [label]) for label in ("ours", *others)}
    means[BEST] = mean_of(judged, list(others))
    floors = [
        Floor(name=f"synthetic {key}, ours / {BEST}", value=means["ours"][key] / means[BEST][key], low=1.0)
        for key in MEASURES
    ]
    return {
        **heading(["pulse_kedro", "numpy", "ruptures"]),
        "repeats": given.repeats,
        "problems": judged,
        "synthetic_mean": means,
        "floors": [floor.as_dict() for floor in floors],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=BUNDLED, help="Parquet file with unique_id, ds, y")
    parser.add_argument("--recessions", type=Path, default=RECESSIONS, help="CSV file with peak and trough")
    parser.add_argument("--repeats", type=int, default=4, help="series of each synthetic kind")
    speak(parser, measure)


if __name__ == "__main__":
    main()
