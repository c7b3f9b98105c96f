"""How often is drift found where there is none, and how soon where there is some?

Usage: python benchmarks/drift.py [--json] [--repeats N] [--panels N] [--seed N] [--no-peers | --peers-only]

Noise of unit variance, 250 values of reference and 250 of window, a season of 12 where there is one: AR(1) with memory
0, .5, .8, .9, .95; AR(.5) with shocks of Student's t with four degrees of freedom; AR(.5) with a profile of amplitude
2 and a scale that changes by 30 % over the season. False alarms at nominal 5 %: each of our detectors alone, and all
of them together (Benjamini & Yekutieli). Every series is calibrated alone, by 99 paths of its own. The same series
with a level raised by one standard deviation, and with doubled variance, from the first value of the window on: share
that is found, and median of the values until its statistic passes the threshold, looked at after 5, 10, 15, 20, 30,
40, 60, 80, 120 and 250 values. Then panels of 20 independent series of AR(.5) without drift: share with any alarm,
through the whole report, with its least effect of .2 and 2 of 3 looks, and without. Peers on the same noise and the
same changes: the test of Kolmogorov and Smirnov on raw values (scipy), and KSDrift, CVMDrift and MMDDrift of
alibi-detect as they come (first 40 series, 100 permutations); `--no-peers` leaves them out, `--peers-only` does nothing
else. The default seed was not used while the detectors were made.
"""

import argparse
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak

from pulse_kedro.domain.metrics.drift.calibration import Null, calibrate
from pulse_kedro.domain.metrics.drift.examination import Stream, examine, judge
from pulse_kedro.domain.metrics.drift.multiplicity import benjamini_yekutieli
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.metrics.drift.statistics import measure

Values = npt.NDArray[np.float64]
SIZE, LEVEL, DRAWS, BLOCK = 250, 0.05, 99, 50
FEW = 40
"""Series that alibi-detect sees of each noise; its permutations cost most of the run."""
STEPS = (5, 10, 15, 20, 30, 40, 60, 80, 120, SIZE)
CHANGES: Mapping[str, Callable[[Values], Values]] = {
    "level by 1 sd": lambda window: window + 1.0,
    "variance doubled": lambda window: window * np.sqrt(2.0),
}
NOISES: Mapping[str, dict[str, float]] = {
    "AR(0)": {"phi": 0.0},
    "AR(.5)": {"phi": 0.5},
    "AR(.8)": {"phi": 0.8},
    "AR(.9)": {"phi": 0.9},
    "AR(.95)": {"phi": 0.95},
    "AR(.5), t4": {"phi": 0.5, "freedom": 4},
    "AR(.5), season": {"phi": 0.5, "season": 12},
}
COUNTED = ("AR(0)", "AR(.5)", "AR(.8)", "AR(.9)", "AR(.5), t4", "AR(.5), season")
"""Noises to which the floor applies; AR(.95) is reported."""


def made(rng: np.random.Generator, series: int, *, phi: float, freedom: float = 0, season: int = 1) -> Values:
    """Stationary noise of unit variance, reference and window; shape `(500, series)`."""
    warm, length = 200, 2 * SIZE
    shape = (warm + length, series)
    shocks = rng.standard_t(freedom, shape) / np.sqrt(freedom / (freedom - 2)) if freedom else rng.normal(size=shape)
    values = shocks.copy()
    for at in range(1, len(values)):
        values[at] = phi * values[at - 1] + np.sqrt(1 - phi**2) * shocks[at]
    turn = 2 * np.pi * np.arange(length)[:, None] / season
    return values[warm:] if season == 1 else values[warm:] * (1 + 0.3 * np.cos(turn)) + 2 * np.sin(turn)


def changed(values: Values, change: Callable[[Values], Values]) -> Values:
    """The same with another window."""
    return np.concatenate([values[:SIZE], change(values[SIZE:])])


def delay(values: Values, row: int, threshold: Values, season: int) -> Values:
    """Values of the window until the statistic in a row passes its threshold; `nan` where it never does."""
    found = np.full(values.shape[1], np.nan)
    for steps in STEPS:
        over = measure(values[: SIZE + steps], SIZE, season).found[row] > threshold
        found = np.where(np.isnan(found) & over, steps, found)
    return found


def ours(values: Values, season: int, seed: int) -> dict[str, Values]:
    """P-values of every detector `(D, series)` without a change, with each change, and the delays of each change."""
    plain = measure(values, SIZE, season)
    null: Null = calibrate(plain, SIZE, SIZE, season=season, seed=seed, draws=DRAWS, neighbours=1)
    threshold = null.threshold(LEVEL / 3)
    found = {"none": null.p_values(plain.found)}
    for row, (name, change) in enumerate(CHANGES.items()):
        moved = changed(values, change)
        found[name] = null.p_values(measure(moved, SIZE, season).found)
        found[f"delay, {name}"] = delay(moved, row, threshold[row], season)[None]
    return found


def any_alarm(p: Values) -> float:
    """Share of series with an alarm of some detector."""
    return float(np.mean([benjamini_yekutieli(column, LEVEL).any() for column in p.T]))


def one_noise(given: argparse.Namespace, seed: int, settings: Mapping[str, float]) -> Figures:
    """False alarms and power on one kind of noise."""
    rng, season = np.random.default_rng([given.seed, seed]), int(settings.get("season", 1))
    parts, raw = [], []
    for start in range(0, given.repeats, BLOCK):
        values = made(rng, min(BLOCK, given.repeats - start), **settings)
        parts.append(ours(values, season, start))
        raw.append(values)
    joined = {key: np.concatenate([part[key] for part in parts], axis=1) for key in parts[0]}
    names = ("level", "size", "shape", "season")[: len(joined["none"])]
    figures: Figures = {
        "false alarms": any_alarm(joined["none"]),
        "each detector": {name: float((row < LEVEL).mean()) for name, row in zip(names, joined["none"], strict=True)},
    }
    for name in CHANGES:
        late = joined[f"delay, {name}"][0]
        figures[name] = {
            "found": any_alarm(joined[name]),
            "median delay": float(np.median(np.where(np.isnan(late), np.inf, late)))
            if np.isfinite(late).any()
            else None,
        }
        if not np.isfinite(np.median(np.where(np.isnan(late), np.inf, late))):
            figures[name] = {"found": any_alarm(joined[name]), "median delay": None}
    if not given.no_peers:
        figures["peers"] = peers(np.concatenate(raw, axis=1))
    return figures


def peers(values: Values) -> Figures:
    """Alarms of tests for independent values on the same series: without a change, and with each."""
    moved = {"none": values} | {name: changed(values, change) for name, change in CHANGES.items()}
    found = {name: {**kolmogorov_smirnov(part), **alibi(part[:, :FEW])} for name, part in moved.items()}
    return {test: {name: found[name][test] for name in moved} for test in found["none"]}


def kolmogorov_smirnov(values: Values) -> dict[str, float]:
    """The test of scipy on raw values."""
    from scipy.stats import ks_2samp

    alarms = [ks_2samp(column[:SIZE], column[SIZE:]).pvalue < LEVEL for column in values.T]
    return {"KS, raw values": float(np.mean(alarms))}


def alibi(values: Values) -> dict[str, float]:
    """KSDrift, CVMDrift and MMDDrift with their defaults."""
    import logging

    logging.getLogger("alibi_detect").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from alibi_detect.cd import CVMDrift, KSDrift, MMDDrift

        torch.set_num_threads(1)
        names = ("KSDrift", "CVMDrift", "MMDDrift")
        found: dict[str, list[int]] = {f"alibi-detect {name}": [] for name in names}
        for column in values.T.astype(np.float32):
            old, new = column[:SIZE, None], column[SIZE:, None]
            made = (
                KSDrift(old, p_val=LEVEL),
                CVMDrift(old, p_val=LEVEL),
                MMDDrift(old, backend="pytorch", p_val=LEVEL),
            )
            for name, detector in zip(found, made, strict=True):
                found[name].append(int(np.max(detector.predict(new)["data"]["is_drift"])))
    return {name: float(np.mean(alarms)) for name, alarms in found.items()}


def clean_panels(given: argparse.Namespace) -> Figures:
    """Share of panels of 20 clean series with any alarm: as configured, and without least effect and second look."""
    common = {"cooldown": 0.0, "probation": 1.0, "draws": DRAWS, "martingale": False, "multivariate": False}
    quiet = -SIZE / np.log(1 - 2 * LEVEL)  # half of the false alarms belong to the sums of a panel
    options = [
        DriftOptions(
            window=SIZE, reference=SIZE, between_false_alarms=quiet, least_effect=effect, looks=looks, needed=needed,
            seed=given.seed, backend="native", act=False, **common,
        )
        for effect, looks, needed in ((0.2, 3, 2), (0.0, 1, 1))
    ]  # fmt: skip
    rng = np.random.default_rng([given.seed, 99])
    times, names = pd.date_range("2000-01-01", periods=2 * SIZE, freq="D"), tuple(map(str, range(20)))
    found = np.zeros((given.panels, len(options)))
    for panel in range(given.panels):
        stream = Stream(scope="data", signal=made(rng, 20, phi=0.5), times=times, names=names)
        for place, terms in enumerate(options):
            found[panel, place] = judge([examine(stream, terms, 1)], terms, 1)["alarm"].any()
    return {"as configured": float(found[:, 0].mean()), "p-values alone": float(found[:, 1].mean())}


def measured_peers(given: argparse.Namespace) -> Figures:
    """The peers alone on the first series of each noise."""
    with metered() as cost:
        found = {
            name: peers(made(np.random.default_rng([given.seed, seed]), min(BLOCK, given.repeats), **settings))
            for seed, (name, settings) in enumerate(NOISES.items())
        }
    versions = heading(["pulse_kedro", "numpy", "alibi-detect", "scipy"])
    return {**versions, "series": min(BLOCK, given.repeats), "peers": found, "cpu_seconds": cost.cpu_seconds}


def measured(given: argparse.Namespace) -> Figures:
    """Every noise, the panels, and the floors."""
    if given.peers_only:
        return measured_peers(given)
    with metered() as cost:
        noises = {name: one_noise(given, seed, settings) for seed, (name, settings) in enumerate(NOISES.items())}
        panels = clean_panels(given)
    worst = max(noises[name]["false alarms"] for name in COUNTED)  # type: ignore[type-var]
    single = max(max(noises[name]["each detector"].values()) for name in COUNTED)  # type: ignore[attr-defined]
    moved = noises["AR(.5)"]
    floors = [
        Floor(name="false alarms at nominal 5 %, worst noise", value=worst, high=0.10),  # type: ignore[arg-type]
        Floor(name="the same, worst single detector", value=single, high=0.10),
        *(Floor(name=f"AR(.5), {name}: found", value=moved[name]["found"], low=0.95) for name in CHANGES),  # type: ignore[index]
        Floor(name="20 clean series, any alarm", value=panels["p-values alone"], high=0.10),  # type: ignore[arg-type]
    ]
    return {
        **heading(["pulse_kedro", "numpy", "alibi-detect"]),
        "repeats": given.repeats,
        "panels": given.panels,
        "seed": given.seed,
        "noises": noises,
        "clean panels of 20": panels,
        "cpu_seconds": cost.cpu_seconds,
        "floors": [floor.as_dict() for floor in floors],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=400, help="series of each noise")
    parser.add_argument("--panels", type=int, default=50, help="panels of 20 series")
    parser.add_argument("--seed", type=int, default=20261129, help="start of the random numbers")
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument("--no-peers", action="store_true", help="leave out scipy and alibi-detect")
    alone.add_argument("--peers-only", action="store_true", help="ask scipy and alibi-detect only")
    speak(parser, measured)


if __name__ == "__main__":
    main()
