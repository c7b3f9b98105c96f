"""How often does the promotion gate swap on noise, and does it find a challenger that is truly better?

Usage: python benchmarks/promotion.py [--json] [--repetitions N] [--seed N]

Made-up losses of one series: absolute values of Gaussian errors, those of h-step forecasts from overlapping origins
with moving-average dependence of order h - 1, the errors of champion and challenger correlated by .9. `A/A`: both are
equally good, so that every promotion is false. `power`: the errors of the challenger are 10 % smaller. Rates of

- `naive`: promote when the mean loss is 2 % lower;
- `dm`: the naive rule and a Diebold-Mariano test (rectangular, Harvey-Leybourne-Newbold) below 5 %;
- `wpe`: the weighted periodogram test alone at 5 %;
- `g1_g2`: floor of 2 %, and both that test and the block bootstrap at 5 %;
- `gate`: the whole of `weigh`, with the least number of cutoffs that do not overlap.

`panels`: the same for several series whose errors have a common part, averaged per origin, and what guards on losses
(worst stretch of the horizon, hard series, bias) leave of it. `probation`: how often the sequential test of a probation
sends back an equally good, a 10 and a 20 % worse champion within 200 forecasts, and after how many at the median.

Rows `step` apart: 1 is every period, h does not overlap. Nothing in the gate was chosen by these figures.
"""

import argparse
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak
from scipy.special import stdtr

from pulse_kedro.domain.metrics.residuals import Residuals
from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.contest import Contest, count_evidence
from pulse_kedro.domain.training.guards import Guard, loss_guards
from pulse_kedro.domain.training.probation import TUNED_FOR, judge
from pulse_kedro.domain.training.promotion import PromotionOptions, weigh

Values = npt.NDArray[np.float64]
CONF = Path(__file__).parents[1] / "conf/base/parameters_metrics.yml"
WORSE = (1.0, 1.1, 1.2)
LEVEL, FLOOR, RHO = 0.05, 0.02, 0.9
MOST_FALSE, LEAST_FOUND = 0.08, 0.60
"""Promised rates: false promotions, and promotions of a challenger that is 10 % better."""
DAILY = frequency("daily")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Origins, steps ahead, periods between origins, and the size of the challenger's errors."""

    n: int
    h: int
    step: int
    ratio: float

    @property
    def name(self) -> str:
        """As it stands in the answer."""
        return f"h={self.h}, n={self.n}, step={self.step}"


EQUAL = [
    Case(n=n, h=h, step=1, ratio=1.0)
    for h, n in (
        (1, 30),
        (1, 60),
        (1, 120),
        (1, 500),
        (6, 60),
        (6, 180),
        (6, 500),
        (24, 60),
        (24, 120),
        (24, 500),
        (24, 720),
    )
] + [Case(n=n, h=h, step=h, ratio=1.0) for h in (6, 24) for n in (30, 120)]
BETTER = [Case(n=120, h=h, step=h, ratio=0.9) for h in (1, 6, 24)] + [
    Case(n=n, h=h, step=1, ratio=0.9) for h, n in ((6, 180), (24, 720))
]


def losses(case: Case, repetitions: int, seed: int) -> tuple[Values, Values]:
    """Absolute errors of champion and challenger, each of shape (repetitions, n)."""
    rng = np.random.default_rng([seed, case.n, case.h, case.step, round(100 * case.ratio)])
    periods = (case.n - 1) * case.step + case.h
    shared, own = rng.normal(size=(2, repetitions, periods)), rng.normal(size=(2, repetitions, periods))
    first = np.sqrt(RHO) * shared[0] + np.sqrt(1 - RHO) * own[0]
    second = np.sqrt(RHO) * shared[0] + np.sqrt(1 - RHO) * own[1]

    def at_origins(shocks: Values) -> Values:
        running = np.cumsum(np.pad(shocks, ((0, 0), (1, 0))), axis=1)
        return np.abs(running[:, case.h :] - running[:, : -case.h])[:, :: case.step] / np.sqrt(case.h)

    return at_origins(first), case.ratio * at_origins(second)


def contest_of(case: Case, champion: Values, challenger: Values) -> Contest:
    """One repetition as the gate sees it."""
    days = pd.date_range("2000-01-01", periods=case.n, freq=f"{case.step}D")
    return Contest(
        champion="a" * 64,
        challenger="b" * 64,
        cutoffs=days,
        champion_losses=champion,
        challenger_losses=challenger,
        unmatched=0,
        step=case.step,
        horizon=case.h,
        challenger_horizon=case.h,
        evaluation_set="made up",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Series, steps ahead, origins a forecast apart, the size of the challenger's errors."""

    series: int
    h: int
    n: int
    ratio: float

    @property
    def name(self) -> str:
        """As it stands in the answer."""
        return f"{self.series} series, h={self.h}, n={self.n}, errors x {self.ratio:g}"


PANELS = [
    Panel(series=series, h=h, n=n, ratio=ratio)
    for ratio in (1.0, 0.9)
    for series, h, n in ((1, 6, 120), (20, 1, 120), (20, 6, 60), (20, 6, 120), (100, 6, 60))
]
COMMON = 0.3
"""Share of the variance that the series of a panel have in common."""


def panel_errors(panel: Panel, rng: np.random.Generator) -> tuple[Values, Values]:
    """Errors of champion and challenger, each (origins, steps, series), growing with the root of the step."""

    def correlated() -> Values:
        common, own = rng.normal(size=(panel.n, panel.h, 1)), rng.normal(size=(panel.n, panel.h, panel.series))
        return np.cumsum(np.sqrt(COMMON) * common + np.sqrt(1 - COMMON) * own, axis=1)

    shared, first, second = correlated(), correlated(), correlated()
    mixed = [np.sqrt(RHO) * shared + np.sqrt(1 - RHO) * own for own in (first, second)]
    return mixed[0], panel.ratio * mixed[1]


def panel_rates(panel: Panel, options: PromotionOptions, repetitions: int, seed: int) -> Figures:
    """Share of repetitions in which the gate promotes, without and with guards, and what each guard stopped."""
    rng = np.random.default_rng([seed, panel.series, panel.h, panel.n, round(100 * panel.ratio)])
    case = Case(n=panel.n, h=panel.h, step=panel.h, ratio=panel.ratio)
    found = dict.fromkeys(("gate", "guarded", "guarded_strict", "worst horizon", "hard series", "bias"), 0)
    strict = replace(options, guards=replace(options.guards, mode="strict"))
    for _ in range(repetitions):
        errors = panel_errors(panel, rng)
        contest = contest_of(case, *(np.abs(part).mean(axis=(1, 2)) for part in errors))
        sides = [residuals_from(part, contest.cutoffs) for part in errors]

        def verdict(terms: PromotionOptions, guards: Sequence[Guard]) -> bool:
            last = contest.cutoffs[-1]  # noqa: B023  # called in this very turn
            decision = weigh(contest, (), as_of=last, freq=DAILY, faults=(), options=terms, guards=guards)  # noqa: B023
            return decision.verdict == "PROMOTE"

        if not verdict(options, ()):
            continue
        guards = tuple(loss_guards(sides[0], sides[1], options.guards))
        found["gate"] += 1
        found["guarded"] += verdict(options, guards)
        found["guarded_strict"] += verdict(strict, tuple(loss_guards(sides[0], sides[1], strict.guards)))
        for guard in guards:
            found[guard.name] += guard.state == "FAIL"
    return {name: count / repetitions for name, count in found.items()}


def residuals_from(errors: Values, cutoffs: pd.DatetimeIndex) -> Residuals:
    """Errors in the shape that guards read."""
    n, h, series = errors.shape
    return Residuals(
        z=errors,
        cutoffs=cutoffs,
        places=h * np.arange(n),
        steps=tuple(range(1, h + 1)),
        ids=tuple(f"s{number}" for number in range(series)),
    )


def sent_back(ratio: float, options: PromotionOptions, repetitions: int, seed: int) -> Figures:
    """Share of new champions, whose errors are so many times the old one's, that a probation sends back, and when."""
    case = Case(n=TUNED_FOR, h=1, step=1, ratio=ratio)
    found = [
        judge(new, old, alpha=options.probation.alpha).crossed
        for old, new in zip(*losses(case, repetitions, seed), strict=True)
    ]
    after = [number for number in found if number is not None]
    return {"share": len(after) / repetitions, "median_forecasts": float(np.median(after)) if after else None}


def diebold_mariano(difference: Values, h: int) -> float:
    """One-sided p value, rectangular window of h - 1 lags; 1 where the variance is not positive."""
    n, d = len(difference), difference - difference.mean()
    variance = (d @ d + 2 * sum(d[lag:] @ d[:-lag] for lag in range(1, h))) / n
    if variance <= 0:
        return 1.0
    correction = np.sqrt((n + 1 - 2 * h + h * (h - 1) / n) / n)
    return float(stdtr(n - 1, -correction * difference.mean() / np.sqrt(variance / n)))


def rates(case: Case, options: PromotionOptions, repetitions: int, seed: int) -> Figures:
    """Share of repetitions in which each rule promotes, and the share the gate calls insufficient."""
    overlap = -(-case.h // case.step)
    found = dict.fromkeys(("naive", "dm", "wpe", "g1_g2", "gate", "insufficient"), 0)
    for champion, challenger in zip(*losses(case, repetitions, seed), strict=True):
        contest = contest_of(case, champion, challenger)
        decision = weigh(contest, (), as_of=contest.cutoffs[-1], freq=DAILY, faults=(), options=options)
        evidence = decision.evidence
        if evidence is None or evidence.relative is None:
            message = f"no evidence in {case.name}"
            raise RuntimeError(message)
        gain = evidence.relative.gain >= FLOOR
        found["naive"] += gain
        found["dm"] += gain and diebold_mariano(champion - challenger, overlap) < LEVEL
        found["wpe"] += evidence.p < LEVEL
        found["g1_g2"] += gain and evidence.p <= LEVEL and evidence.relative.low > 0
        found["gate"] += decision.verdict == "PROMOTE"
        found["insufficient"] += decision.verdict == "INSUFFICIENT_EVIDENCE"
    return {
        "origins_that_count": contest.effective(case.n),
        **{name: count / repetitions for name, count in found.items()},
    }


def floors(equal: dict[str, Figures], better: dict[str, Figures]) -> Iterator[Floor]:
    """What is promised, for every row that the gate lets decide."""
    for h in (1, 6, 24):
        cases = [case for case in EQUAL if case.h == h]
        decided = [case.name for case in cases if enough(case)]
        yield Floor(
            name=f"false promotions, h = {h}, G1 and G2, worst of {', '.join(decided)}",
            value=max(float(str(equal[name]["g1_g2"])) for name in decided),
            high=MOST_FALSE,
        )
        yield Floor(
            name=f"false promotions, h = {h}, whole gate, worst of all rows",
            value=max(float(str(equal[case.name]["gate"])) for case in cases),
            high=MOST_FALSE,
        )
    yield Floor(
        name="promotion of 10 % better, 120 origins, h = 1, G1 and G2",
        value=float(str(better[BETTER[0].name]["g1_g2"])),
        low=LEAST_FOUND,
    )


def enough(case: Case) -> bool:
    """Whether the gate would decide on so many cutoffs."""
    zeros = np.zeros(case.n)
    options = options_of_conf()
    needed, new = options.min_effective_origins, options.min_new_origins
    return count_evidence(contest_of(case, zeros, zeros), (), needed=needed, new_needed=new).missing == 0


def options_of_conf() -> PromotionOptions:
    """The gate as conf/base declares it, with twelve decisions a year."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["promotion"]
    known = inspect.signature(PromotionOptions).parameters
    return PromotionOptions(
        **{name: value for name, value in written.items() if name in known} | {"decisions_per_year": 12}
    )


def measure(given: argparse.Namespace) -> Figures:
    """Every row of both kinds."""
    options = options_of_conf()
    with metered() as cost:
        equal, better = (
            {case.name: rates(case, options, given.repetitions, given.seed) for case in cases}
            for cases in (EQUAL, BETTER)
        )
        few = max(given.repetitions // 5, 1)
        panels = {panel.name: panel_rates(panel, options, few, given.seed) for panel in PANELS}
        probation = {f"{ratio:g}": sent_back(ratio, options, given.repetitions, given.seed) for ratio in WORSE}
    return {
        **heading(["pulse_kedro", "numpy", "scipy"]),
        "repetitions": given.repetitions,
        "standard_error_of_5_percent": float(np.sqrt(LEVEL * (1 - LEVEL) / given.repetitions)),
        "equally_good": equal,
        "ten_percent_better": better,
        "panels": panels,
        "probation": probation,
        "cpu_seconds": cost.cpu_seconds,
        "floors": [floor.as_dict() for floor in floors(equal, better)],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000, help="losses of each row")
    parser.add_argument("--seed", type=int, default=6, help="of the made-up losses")
    speak(parser, measure)


if __name__ == "__main__":
    main()
