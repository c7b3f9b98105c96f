"""Policies of retraining on a stream of hours: weekly cutoffs, a week ahead, loss and CPU seconds side by side.

Usage: python benchmarks/stream.py [--json] [--csv FILE] [--weeks 17|80] [--plain] [--networks] [--peers]

Protocol: seven columns of ETTh1, cutoffs a week apart over the last 17 or 80 weeks, 168 steps ahead. MASE divides by
the mean |y[t] - y[t-24]| up to each cutoff and averages over steps, series and weeks (`mase_by_the_first_scale`: up to
the first cutoff, which is 1 % more over 17 weeks and 5 % more over 80). Every policy has the same
learner: a pool of ridges whose sums come from one additive Gram matrix. What it reads was registered before the
stream was scored (docs/decisions/0037). Differences are paired by week, with a 95 % interval of the block bootstrap.
CPU seconds count learning, solving and forecasting in one thread, not imports: two threads that wait for each other on
a shared machine cost five times as many.

`--networks` adds ridges on raw levels (`raw`, registered later, docs/decisions/0040) and the equal mean with an NHITS
network that begins as its ridge and goes on learning each week (`network`): about 80 CPU seconds.

`--peers` installs mlforecast with LightGBM, statsforecast and neuralforecast into environments of their own and asks
them at the same cutoffs: LightGBM and AutoETS refitted each week, NHITS continued each week. Minutes.

`--plain` adds a usual ridge (look-back 336, every window read again, all penalties tried) that is refitted each week:
it shows how fast this machine is, and what recursion saves.

Without `--csv` the data are made up (a day, a week and noise), so that the script always runs; floors are then left
out.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from protocol.environments import ask, install
from protocol.inputs import read_settings
from protocol.report import Figures, Floor, heading, speak
from protocol.univariate_peers import univariate
from threadpoolctl import threadpool_limits

from pulse_kedro.domain.panel import frequency
from pulse_kedro.forecasting.curriculum import CurriculumOptions
from pulse_kedro.forecasting.fitting import Teacher
from pulse_kedro.forecasting.learning import TrainerOptions
from pulse_kedro.forecasting.recipe import MemberOptions, recipe_of_settings
from pulse_kedro.forecasting.simulation import Played, Simulation, gain_between, replay
from pulse_kedro.forecasting.simulation_learners import Learner, Part, empty_pool, empty_team
from pulse_kedro.forecasting.simulation_networks import Together, empty_taught
from pulse_kedro.forecasting.simulation_policies import Full, Never, Policy, Recursive
from pulse_kedro.forecasting.windows import WindowSchema

WEEK, DAY = 168, 24
HISTORY = 12
"""Look-backs that the history must hold before a ridge of the long stream takes part; registered."""
PARTS = {
    17: tuple(Part(look_back=weeks * WEEK, centre="mean") for weeks in (2, 3, 4)),
    80: tuple(Part(look_back=w * WEEK, centre="mean", least=HISTORY * w * WEEK if w > 1 else 0) for w in (1, 2, 3, 4)),
}
"""Registered in docs/decisions/0037."""
RAW = (*(Part(look_back=weeks * WEEK, centre="none") for weeks in (1, 3)), Part(look_back=3 * WEEK, centre="mean"))
WINDOWS = WindowSchema(
    variant="level",
    look_back=WEEK,
    horizon=WEEK,
    season_length=DAY,
    intercept=False,
    clip=None,
    centre="none",
    scale="none",
)
EPOCHS, RATES = (6, 2), (3e-4, 1e-4)
"""Of the first lesson of the network, and of every later one."""
CURRICULUM = CurriculumOptions(stride=1, half_life=None, validation=14, windows_per_epoch=20_000, replay=10.0, strata=4)
"""`RAW`, `WINDOWS`, the lessons and this curriculum are registered in docs/decisions/0040."""
WITH_NETWORKS = (1.175, 160.0)
"""MASE and CPU seconds of the policy with a network, 17 weeks."""
START = "2016-07-01"
"""First hour of the ETT files."""
LAGS = [*range(1, 25), 48, 72, 96, 120, 144, 168, 336]
"""What LightGBM reads; ours, a day, and the same hour of earlier days and weeks."""
ETS_WEEKS = 12
"""Newest weeks that AutoETS reads at a cutoff; ours, its cost grows with the history."""
NHITS_STEPS = (500, 50)
"""Steps of the first fit of the peer and of every later one; ours, half its default and a tenth of that."""
GBM = ("mlforecast==1.1.0", "lightgbm==4.7.0", "pandas==2.3.3", "numpy==1.26.4", "pyarrow==25.0.1")
FLOORS = {17: (1.19, 6.0), 80: (1.192, 12.0)}
"""MASE and CPU seconds of the recursive policy, by weeks."""
PLAIN = MemberOptions(kind="level_ridge", look_back=336, scale="none")
Array = npt.NDArray[np.float64]


def read(path: Path | None, weeks: int) -> Array:
    """Columns of the file, or made-up ones."""
    if path is not None:
        return pd.read_csv(path).iloc[:, 1:].to_numpy(dtype=float)
    rng, t = np.random.default_rng(0), np.arange((weeks + 20) * WEEK)[:, None]
    noise = rng.normal(size=(len(t), 3))
    for row in range(1, len(t)):
        noise[row] += 0.95 * noise[row - 1]
    return np.asarray(20 + 5 * np.sin(2 * np.pi * t / 24) + 2 * np.sin(2 * np.pi * t / 168 + np.arange(3)) + noise)


def lessons(turn: int) -> Teacher:
    """First (0) or later (1) lessons of the network: mean absolute error in units of the usual daily change."""
    trainer = TrainerOptions(
        loss="quantile", loss_parameter=0.5, epochs=EPOCHS[turn], patience=99, batch_size=512,
        learning_rate=RATES[turn], learning_rate_range=(1e-5, 1e-2), weight_decay=0.01, warm_up=0.1, clip=1.0,
        accumulate=1, frozen_epochs=0, pull=0.0, checkpoint_activations=False, seed=1, accelerator="cpu", devices=1,
        num_nodes=1, rendezvous=None, strategy="auto", precision=None, threads=1,
    )  # fmt: skip
    return Teacher(warm_start="weights", trainer=trainer, curriculum=CURRICULUM)


def raw(y: Array) -> Learner:
    """Each ridge on raw levels as a learner of its own, so that all members weigh the same."""
    return Together(learners=tuple(empty_pool(y, [part], horizon=WEEK, season_length=DAY) for part in RAW))


def with_network(y: Array) -> Learner:
    """The same ridges and a network, equal weights."""
    ridges = (empty_pool(y, [part], horizon=WEEK, season_length=DAY) for part in RAW)
    network = empty_taught(y, "nhits", WINDOWS, width=None, first=lessons(0), later=lessons(1))
    return Together(learners=(*ridges, network))


def policies_for(weeks: int, *, plain: bool, networks: bool) -> dict[str, Policy]:
    """Recursive, refitted weekly and fitted once, over the registered pool; and what is asked for beside them."""

    def pool(y: Array) -> Learner:
        return empty_pool(y, PARTS[weeks], horizon=WEEK, season_length=DAY)

    def usual(y: Array) -> Learner:
        recipe = recipe_of_settings(read_settings()["recipe"], frequency("hourly"))
        return Standardised.of(empty_team(replace(recipe, horizon=WEEK, members=(PLAIN,)), series=y.shape[1]), y)

    found: dict[str, Policy] = {"recursive": Recursive(pool), "full": Full(pool), "never": Never(pool)}
    if networks:
        found |= {"raw": Recursive(raw), "network": Recursive(with_network)}
    return found | {"plain ridge, full": Full(usual)} if plain else found


def ask_peers(y: Array, stops: list[int]) -> tuple[dict[str, Played], Figures]:
    """What the peers forecast at the same cutoffs, what it cost, and their versions."""
    import torch

    request = {"stops": stops, "horizon": WEEK, "start": START}
    gbm = ask(install(GBM), "mlforecast/weekly.py", request | {"lags": LAGS}, {"values": y})
    nhits_words = (f"torch=={torch.__version__.split('+')[0]}", "neuralforecast==3.3.0")
    more = {"look_back": 2 * WEEK, "steps": NHITS_STEPS[0], "more": NHITS_STEPS[1]}
    nhits = ask(install(nhits_words), "neuralforecast/weekly.py", request | more, {"values": y})
    histories = [y[stop - ETS_WEEKS * WEEK : stop, column] for stop in stops for column in range(y.shape[1])]
    ets = univariate(histories, {"AutoETS": {"season_length": DAY}}, horizon=WEEK, levels=[], fallback=DAY)
    points = ets.arrays["AutoETS"].reshape(len(stops), y.shape[1], WEEK).transpose(0, 2, 1)
    found = {
        "LightGBM weekly": (gbm.arrays["points"], gbm.facts["cpu_seconds"], len(stops)),
        "AutoETS weekly": (points, ets.cpu_seconds["AutoETS"], len(stops)),
        "NHITS continued": (nhits.arrays["points"], nhits.facts["cpu_seconds"], 1),
    }
    played = {
        name: Played(points=made, seconds=np.array([float(str(seconds))]), retrainings=count, alarms=0)
        for name, (made, seconds, count) in found.items()
    }
    versions = {"LightGBM": gbm.facts["versions"], "NHITS": nhits.facts["versions"], "AutoETS": dict(ets.versions)}
    return played, versions


class Standardised:
    """A learner that sees every series in units of its usual daily change."""

    def __init__(self, inner: Learner, unit: Array) -> None:
        """Keep what is wrapped."""
        self.inner, self.unit = inner, unit

    @classmethod
    def of(cls, inner: Learner, y: Array) -> "Standardised":
        """With the units of what is known."""
        return cls(inner, np.abs(y[DAY:] - y[:-DAY]).mean(axis=0))

    def learn(self, y: Array, new: int) -> "Standardised":
        """Windows in these units."""
        return Standardised(self.inner.learn(y / self.unit, new), self.unit)

    def forget(self, keep: float) -> "Standardised":
        """As the inner one."""
        return Standardised(self.inner.forget(keep), self.unit)

    def solve(self) -> "Standardised":
        """As the inner one."""
        return Standardised(self.inner.solve(), self.unit)

    def forecast(self, y: Array) -> Array:
        """In the units of the data."""
        return self.inner.forecast(y / self.unit) * self.unit


def told(found: Simulation, name: str) -> Figures:
    """Loss, cost and counters of a policy."""
    played, losses = found.played[name], found.losses(name)
    difference = gain_between(found.losses("recursive"), losses, overlap=1)
    return {
        "mase": float(losses.mean()),
        "mase_by_the_first_scale": float(np.nanmean(np.abs(found.actual - played.points) / found.scale[0])),
        "cpu_seconds": float(played.seconds.sum()),
        "retrainings": played.retrainings,
        "gain_over_recursive": difference,
        "mase_by_week": losses.tolist(),
    }


def measure(given: argparse.Namespace) -> Figures:
    """All figures."""
    y = read(given.csv, given.weeks)
    stops = [len(y) - WEEK * back for back in range(given.weeks, 0, -1)]
    policies = policies_for(given.weeks, plain=given.plain, networks=given.networks)
    with threadpool_limits(1):
        found, versions = replay(policies, y, stops, horizon=WEEK, season=DAY), None
    if given.peers:
        peers, versions = ask_peers(y, stops)
        found = replace(found, played={**found.played, **peers})
    figures = {name: told(found, name) for name in found.played}
    losses, seconds = found.losses("recursive"), float(found.played["recursive"].seconds.sum())
    plain = found.played.get("plain ridge, full")
    mase, cost = FLOORS[given.weeks]
    known = given.csv is not None
    floors = [
        Floor(name="MASE, recursive", value=float(losses.mean()) if known else None, high=mase),
        Floor(name="CPU seconds, recursive", value=seconds if known else None, high=cost),
    ]
    if given.networks and given.weeks == min(PARTS):
        values = (figures["network"]["mase"], figures["network"]["cpu_seconds"]) if known else (None, None)
        names = ("MASE, network", "CPU seconds, network")
        floors += [Floor(name=n, value=v, high=h) for n, v, h in zip(names, values, WITH_NETWORKS, strict=True)]
    return {
        **heading(["pulse_kedro", "numpy"]),
        "weeks": given.weeks,
        "parts": [f"{part.centre} {part.look_back}" for part in PARTS[given.weeks]],
        "policies": figures,
        "peers": versions,
        "plain_over_recursive_cpu": float(plain.seconds.sum()) / seconds if plain else None,
        "floors": [floor.as_dict() for floor in floors],
    }


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="an ETT file of hours: date, then one column per series")
    parser.add_argument("--weeks", type=int, choices=sorted(PARTS), default=17, help="weeks of the stream")
    parser.add_argument("--plain", action="store_true", help="refit a usual ridge each week too")
    parser.add_argument("--networks", action="store_true", help="replay ridges on raw levels and a network too")
    parser.add_argument("--peers", action="store_true", help="ask LightGBM, AutoETS and NHITS of other libraries too")
    speak(parser, measure)


if __name__ == "__main__":
    main()
