"""What do rules gain, what do they cost, and what would simpler ways to correct forecasts have done?

Usage: python benchmarks/rules.py [--json] [--csv ETTh1.csv] [--quick] [--operate] [--peers]

Windows of a backtest in time order: the first 45 % mine, the next 27 % choose, the rest, which shares no target with
them, is where every arm is measured: gain of the mean absolute scaled error over the forecasts as they are, in per
cent, with a 90 % interval from cosine sums. ETTh1 is cut before row 11,520 (`--csv`; without it made-up hours stand in
for it): daily cutoffs, 24 steps, forecasts by seasonal naive (24, 168) and by our ridge, whose sums grow with each day.
The bundled panel: monthly cutoffs, 12 steps, seasonal naive and seasonal drift, 148 series.

Arms: `rules`, the set that was chosen, whatever a trial would say; `sum of 20`, the twenty rules that look best where
they were mined, added up, and the same under the cap of 1.5 scales; `running bias`, the mean of known errors that every
look is compared with; `tree`, a regression tree of depth 3 with medians in its leaves (scikit-learn) on the same facts,
and `tree, gated`, which is used only if it gained where rules are chosen. `book` is what the rulebook says after all
windows: what is applied. `--operate` asks the rulebook at every window that is measured and applies what it says
then; that doubles the time.
`--peers` adds `pysubgroup`: twenty subgroups of pysubgroup 0.9 (an environment of its own) on the same bins, with our
medians, added up under the cap.

Placebo: the errors of the first base without their mean by hour, and facts that are noise (AR(.8)), ten seeds. Speed:
mining on 192 windows of 24 steps and 7 series, and four rules on 300,000 forecasts. `--quick` takes a third of the
windows and two seeds: a check that the script works.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
from protocol.environments import ask, install
from protocol.inputs import read_settings
from protocol.meter import metered
from protocol.report import Figures, Floor, heading, speak
from protocol.rule_scenes import DAY, Blocks, hourly_bases, hourly_scene, hours, known_at, monthly_scenes, split
from pydantic import TypeAdapter

from pulse_kedro.domain.metrics.cosine import cosine_interval, cosine_p
from pulse_kedro.domain.rules.applying import Context, total_shift
from pulse_kedro.domain.rules.context import Scene, context_of
from pulse_kedro.domain.rules.learning import BIAS_CLIP, advance, shifts_now
from pulse_kedro.domain.rules.mining import MOST_FORECASTS, Mined, mine_rules, thinned
from pulse_kedro.domain.rules.options import RuleOptions
from pulse_kedro.domain.rules.rulebook import empty_rulebook
from pulse_kedro.domain.rules.variables import VARIABLES

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SEEDS = 10
PEER = ("pysubgroup==0.9.0", "numpy==1.26.4", "pandas==2.3.3")


def losses(z: Array, windows: Mask, shift: Array) -> Array:
    """Mean absolute error of each window."""
    return np.asarray(np.nanmean(np.abs(z - shift)[windows], axis=(1, 2)))


def gain(scene: Scene, windows: Mask, shift: Array) -> Figures:
    """Gain over the forecasts as they are, in per cent, with its 90 % interval."""
    plain = losses(scene.z, windows, np.zeros(1))
    gains = plain - losses(scene.z, windows, shift)
    low, high = cosine_interval(gains, overlap=scene.overlap)
    unit = 100 / float(plain.mean())
    return {"gain": float(gains.mean()) * unit, "low": low * unit, "high": high * unit}


def table_of(context: Context, shape: tuple[int, int, int]) -> Array:
    """All facts as numbers, categories as one column per value; shape `(forecasts, columns)`."""
    columns: list[Array] = []
    for name, fact in context.items():
        if VARIABLES[name].kind == "category":
            columns += [np.broadcast_to(fact == value, shape).ravel() for value in np.unique(fact)]
        else:
            columns.append(np.broadcast_to(np.nan_to_num(np.asarray(fact, float)), shape).ravel())
    return np.column_stack(columns).astype(np.float32)


def tree_shift(scene: Scene, context: Context, mine: Mask, terms: RuleOptions) -> Array:
    """Medians of the leaves of a tree of depth 3 that was grown where rules are mined."""
    from sklearn.tree import DecisionTreeRegressor

    facts, z = table_of(context, scene.shape), scene.z.ravel()
    rows = np.repeat(mine, scene.shape[1] * scene.shape[2]) & np.isfinite(z)
    clipped = np.clip(z, *np.quantile(z[rows], (0.01, 0.99)))
    tree = DecisionTreeRegressor(max_depth=3, min_samples_leaf=max(20, int(0.01 * rows.sum())), random_state=0)
    leaves = tree.fit(facts[rows], clipped[rows]).apply(facts)
    medians = {leaf: float(np.median(z[rows & (leaves == leaf)])) for leaf in np.unique(leaves[rows])}
    found = np.array([medians[leaf] for leaf in leaves]).reshape(scene.shape)
    return np.clip(found, -terms.largest_shift, terms.largest_shift)


def gated(scene: Scene, select: Mask, shift: Array, terms: RuleOptions) -> Array:
    """The same where it gained on the windows that choose, else nothing."""
    gains = losses(scene.z, select, np.zeros(1)) - losses(scene.z, select, shift)
    return shift if cosine_p(gains, overlap=scene.overlap) < terms.gate_alpha else np.zeros(scene.shape)


def mined_on(scene: Scene, context: Context, blocks: Blocks, terms: RuleOptions, z: Array | None = None) -> Mined:
    """A search on the first two blocks."""
    known = np.where((blocks.mine | blocks.select)[:, None, None], scene.z if z is None else z, np.nan)
    return mine_rules(known, context, mine=blocks.mine, select=blocks.select, overlap=scene.overlap, options=terms)


def subgroups(scene: Scene, context: Context, mine: Mask, terms: RuleOptions) -> tuple[Array, float]:
    """Twenty subgroups of pysubgroup on fifths and categories, with our medians, added up under the cap."""
    names, codes = [], []
    for name, fact in context.items():
        values = np.asarray(fact)
        if VARIABLES[name].kind == "category":
            code = np.unique(values, return_inverse=True)[1].reshape(values.shape)
        else:
            learned = np.asarray(values[mine] if len(values) == len(mine) else values, float)
            edges = np.quantile(learned[np.isfinite(learned)], (0.2, 0.4, 0.6, 0.8))
            code = np.where(np.isfinite(values.astype(float)), np.searchsorted(edges, values.astype(float)), -1)
        names.append(name)
        codes.append(np.broadcast_to(code, scene.shape).ravel())
    z = scene.z.ravel()
    rows = thinned(np.isfinite(scene.z) & mine[:, None, None], MOST_FORECASTS).ravel()
    facts = np.column_stack(codes).astype(float)
    answer = ask(
        install(PEER), "pysubgroup/slices.py", {"names": names, "top": 20}, {"facts": facts[rows], "z": z[rows]}
    )
    total = np.zeros(len(z))
    window = np.repeat(np.arange(len(mine)), scene.shape[1] * scene.shape[2])
    for first, one, second, two in answer.arrays["slices"]:
        held = (facts[:, int(first)] == one) & ((facts[:, int(second)] == two) if second >= 0 else True)
        cutoffs = len(np.unique(window[held & rows]))
        total += held * np.median(z[held & rows]) * cutoffs / (cutoffs + terms.shrink)
    limit = terms.largest_shift
    return np.clip(total, -limit, limit).reshape(scene.shape), float(cast("float", answer.facts["cpu_seconds"]))


def operated(scene: Scene, report: Mask, terms: RuleOptions) -> tuple[Array, Figures]:
    """Shifts of the rulebook as it was at each window that is measured, and how often any rule was in force."""
    shift, book, applied = np.zeros(scene.shape), empty_rulebook("benchmark"), 0
    for place in np.flatnonzero(report):
        now = known_at(scene, int(place))
        book = advance(book, now, terms).book
        shift[place] = shifts_now(book, now, terms)
        applied += bool(book.rules)
    return shift, {"windows with rules": applied, "windows": int(report.sum()), "at the end": book.reason}


def one_base(scene: Scene, terms: RuleOptions, given: argparse.Namespace) -> Figures:
    """Every arm on the windows that are measured."""
    blocks, context = split(scene, terms), context_of(scene)
    with metered() as mining:
        mined = mined_on(scene, context, blocks, terms)
    best = mined_on(scene, context, blocks, replace(terms, gate_alpha=1e-12, tries=20))
    with metered() as growing:
        tree = tree_shift(scene, context, blocks.mine, terms)
    with metered() as living:
        book = advance(empty_rulebook("benchmark"), scene, terms).book
    cap = terms.largest_shift
    twenty = [one.rule for one in best.tries]
    bias = np.clip(np.nan_to_num(np.asarray(context["last_bias"], float)), -BIAS_CLIP, BIAS_CLIP)
    arms = {
        "rules": total_shift(mined.rules, context, scene.shape, cap=cap),
        "sum of 20": total_shift(twenty, context, scene.shape, cap=np.inf),
        "sum of 20 under the cap": total_shift(twenty, context, scene.shape, cap=cap),
        "running bias": np.broadcast_to(bias, scene.shape),
        "tree": tree,
        "tree, gated": gated(scene, blocks.select, tree, terms),
    }
    extra: Figures = {}
    if given.operate:
        arms["rulebook, operated"], extra["operated"] = operated(scene, blocks.report, terms)
    if given.peers:
        arms["pysubgroup"], extra["pysubgroup CPU seconds"] = subgroups(scene, context, blocks.mine, terms)
    return {
        "windows": {name: int(getattr(blocks, name).sum()) for name in ("mine", "select", "report")},
        "loss": float(losses(scene.z, blocks.report, np.zeros(1)).mean()),
        "candidates": mined.candidates,
        "tries": len(mined.tries),
        "kept": len(mined.rules),
        "gains in %": {name: gain(scene, blocks.report, shift) for name, shift in arms.items()},
        "book": book.reason,
        "rules in force": list(map(str, book.rules)),
        "CPU seconds": {"mining": mining.cpu_seconds, "tree": growing.cpu_seconds, "book": living.cpu_seconds},
        **extra,
    }


def placebo(scene: Scene, terms: RuleOptions, seeds: int) -> Figures:
    """Gains in per cent by rules on facts that are noise."""
    blocks = split(scene, terms)
    z = scene.z - np.nanmean(scene.z, axis=(0, 2), keepdims=True)
    quiet = replace(scene, actual=scene.points + z * scene.scale[:, None])
    gains, kept = [], []
    for seed in range(seeds):
        context = noise_facts(np.random.default_rng([20261129, seed]), scene.shape)
        mined = mined_on(quiet, context, blocks, terms)
        shift = total_shift(mined.rules, context, scene.shape, cap=terms.largest_shift)
        gains.append(float(cast("float", gain(quiet, blocks.report, shift)["gain"])))
        kept.append(len(mined.rules))
    return {"mean gain": float(np.mean(gains)), "worst": min(gains), "best": max(gains), "kept": kept}


def noise_facts(rng: np.random.Generator, shape: tuple[int, int, int]) -> dict[str, npt.NDArray[np.generic]]:
    """Numbers and labels that remember, AR(.8) over the cutoffs, and say nothing."""
    cutoffs, steps, series = shape
    paths = rng.normal(size=(cutoffs, 1, series, 5))
    for row in range(1, cutoffs):
        paths[row] += 0.8 * paths[row - 1]
    labels = np.array(list("1234567"))[np.argsort(np.argsort(paths[:, 0, 0, 4])) * 7 // cutoffs]
    facts: dict[str, npt.NDArray[np.generic]] = {"step": np.arange(1.0, steps + 1)[None, :, None]}
    facts["weekday"] = labels[:, None, None]
    return facts | {
        name: paths[:, :, :, place] for place, name in enumerate(("last_bias", "trend", "rise", "beyond_naive"))
    }


def speed(scene: Scene, terms: RuleOptions) -> dict[str, float]:
    """CPU seconds of a search on 192 windows, and of four rules on 300,000 forecasts."""
    part = known_at(scene, min(192, len(scene.places) - 1))
    context = context_of(part)
    at = np.arange(len(part.places))
    mine, select = at < 0.6 * len(at), (at >= 0.6 * len(at)) & part.complete
    with metered() as mining:
        mined = mine_rules(part.z, context, mine=mine, select=select, overlap=1, options=terms)
    rules = [one.rule for one in mined.tries[:4]]
    times = -(-300_000 // part.points.size)
    long = {name: np.concatenate([fact] * times) if len(fact) == len(at) else fact for name, fact in context.items()}
    with metered() as applying:
        total_shift(rules, long, (times * len(at), *part.shape[1:]), cap=terms.largest_shift)
    return {
        "candidates": float(mined.candidates), "forecasts": float(part.points.size),
        "mining CPU seconds": mining.cpu_seconds,
        "rules": float(len(rules)), "applying CPU seconds": applying.cpu_seconds,
    }  # fmt: skip


def floors(hourly: Mapping[str, Figures], made: Figures, fast: Mapping[str, float], real: bool) -> list[Figures]:  # noqa: FBT001
    """What is promised: zeros stay zeros, sums lose, noise gains nothing, and nobody waits."""
    gains = cast("Mapping[str, Mapping[str, float]]", hourly["seasonal naive 24"]["gains in %"])
    chosen, summed = (gains[name]["gain"] if real else None for name in ("rules", "sum of 20"))
    return [
        floor.as_dict()
        for floor in (
            Floor(name="ETTh1, seasonal naive 24: chosen rules, %", value=chosen, low=-1.5),
            Floor(name="the same, sum of the twenty best, %", value=summed, high=0.0),
            Floor(name="placebo, mean gain, %", value=cast("float", made["mean gain"]), low=-0.5, high=0.5),
            Floor(name="placebo, worst, %", value=cast("float", made["worst"]), low=-2.0),
            Floor(name="mining, CPU s", value=fast["mining CPU seconds"], high=5.0),
            Floor(name="four rules on 300,000 forecasts, CPU s", value=fast["applying CPU seconds"], high=1.0),
        )
    ]


def measured(given: argparse.Namespace) -> Figures:
    """Hours, months, placebo, speed."""
    terms: RuleOptions = TypeAdapter(RuleOptions).validate_python(read_settings()["rules"])
    y, dates, ids = hours(given.csv, given.quick)
    dates = np.concatenate([dates, dates[-1] + np.arange(1, DAY + 1) * np.timedelta64(3600, "s")])
    last = 140 if given.quick else 0
    with metered() as cost:
        scenes = {name: hourly_scene(y, dates, ids, base, last) for name, base in hourly_bases(y).items()}
        hourly = {name: one_base(scene, terms, given) for name, scene in scenes.items()}
        first: Scene = next(iter(scenes.values()))
        made = placebo(first, terms, 2 if given.quick else SEEDS)
        fast = speed(first, terms)
        monthly = {name: one_base(scene, terms, given) for name, scene in monthly_scenes(last).items()}
    return {
        **heading(["pulse_kedro", "numpy", "scikit-learn"]),
        "hours": "ETTh1" if given.csv else "made up",
        "hourly": hourly,
        "bundled panel": monthly,
        "placebo": made,
        "speed": fast,
        "cpu_seconds": cost.cpu_seconds,
        "floors": floors(hourly, made, fast, given.csv is not None and not given.quick),
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="ETTh1.csv")
    parser.add_argument("--quick", action="store_true", help="fewer windows: does the script work?")
    parser.add_argument("--operate", action="store_true", help="ask the rulebook at every measured window too")
    parser.add_argument("--peers", action="store_true", help="ask pysubgroup too")
    speak(parser, measured)


if __name__ == "__main__":
    main()
