"""The metrics room with the real runner: bootstrap, revision, and the gate in both directions."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from kedro.validation.type_extractor import TypeExtractor
from pydantic import TypeAdapter

from drift_samples import drift_options
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import SCORE_COLUMNS, CommittedCycle, History
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, Ledger
from pulse_kedro.domain.metrics.drift.options import DriftOptions
from pulse_kedro.domain.metrics.trust import MetricOptions, TrustOptions
from pulse_kedro.domain.panel import QUANTILE_COLUMNS, QUANTILE_LEVELS
from pulse_kedro.domain.training.charge import BundleCheck, CatastrophicLoss, FaultyBundle
from pulse_kedro.domain.training.guards import GuardOptions
from pulse_kedro.domain.training.promotion import PromotionOptions
from pulse_kedro.domain.training.triggers import Mode, Role, TrainingJob, TrainingPlan
from pulse_kedro.pipelines.metrics import create_pipeline
from quality_samples import UNTOUCHED
from records import a_cycle, committed
from regime_samples import two_regimes
from rooms import run_room
from trust_samples import trust_options

CHAMPION, CHALLENGER, PREDECESSOR = "a" * 64, "b" * 64, "c" * 64
RECIPES: dict[Role, str] = {"champion": CHAMPION, "challenger": CHALLENGER, "predecessor": PREDECESSOR}
TIMES = pd.date_range("2000-01-01", periods=228, freq="MS")
AS_OF = TIMES[-1]
EARLIER = a_cycle(TIMES[-2])
TERMS = PromotionOptions(
    effect_floor=0.02,
    alpha=0.05,
    budget=1.0,
    decisions_per_year=12,
    min_effective_origins=30,
    min_new_origins=30,
    power=0.8,
    draws=999,
    seed=1,
    catastrophic_ratio=10.0,
    guards=GuardOptions(coverage_margin=0.25),  # intervals of the made-up backtest hold everything
)


@dataclass(frozen=True)
class FakeBundle:
    """As much of a bundle as a decision looks at."""

    digest: str
    recipe_digest: str

    def problems(self) -> tuple[str, ...]:
        """None."""
        return ()


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    y = {name: 100 + rng.normal(size=len(TIMES)).cumsum() for name in ("s1", "s2")}
    frames = [pd.DataFrame({"unique_id": name, "ds": TIMES, "y": values}) for name, values in y.items()]
    return pd.concat(frames, ignore_index=True)


def backtest(*roles: Role) -> pd.DataFrame:
    known = panel().set_index(["unique_id", "ds"])["y"]
    index = pd.MultiIndex.from_product([("s1", "s2"), range(200, 220), (1, 2)], names=["unique_id", "at", "step"])
    rows = index.to_frame(index=False)
    rows = rows.assign(cutoff=TIMES[rows["at"]], ds=TIMES[rows["at"] + rows["step"]], scale=2.0)
    rows["y"] = [known[name, when] for name, when in zip(rows["unique_id"], rows["ds"], strict=True)]
    models = {"combination": 0.5, "seasonal_drift": 1.0, "seasonal_naive": 2.0}
    tables = []
    for role in roles:
        for model, error in models.items():
            width = 4 * (np.array(QUANTILE_LEVELS) - 0.5) if model == "combination" else np.full(13, np.nan)
            quantiles = {name: rows["y"] + error + gap for name, gap in zip(QUANTILE_COLUMNS, width, strict=True)}
            tables.append(rows.assign(model=model, recipe=RECIPES[role][:12], y_hat=rows["y"] + error, **quantiles))
    return pd.concat(tables, ignore_index=True)


def cutoff_losses(gain: float) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    losses = {CHAMPION: 0.4 + 0.1 * rng.random(100)}
    losses[CHALLENGER] = (1 - gain) * losses[CHAMPION] + (gain != 0) * 0.01 * rng.normal(size=100)
    return pd.concat(
        [
            pd.DataFrame({"recipe": recipe[:12], "cutoff": TIMES[100:200], "loss": values, "n_series": 2})
            for recipe, values in losses.items()
        ],
        ignore_index=True,
    )


def sound(_: str) -> Mapping[str, object]:
    return {"ok": True, "problems": []}


def corrupt(digest: str) -> Mapping[str, object]:
    return {"ok": False, "problems": [f"{digest} has another hash"]}


def ledger_of(miss: float) -> Ledger:
    """One earlier cycle that forecast the newest period, wrong by `miss`; nothing came true yet."""
    newest = panel()[lambda frame: frame["ds"] == AS_OF].assign(available_at=AS_OF.tz_localize("UTC"), snapshot="s")
    issued = newest[["unique_id", "ds"]].assign(cutoff=TIMES[-2], step=1, y_hat=newest["y"] + miss)
    forecasts = issued.assign(cycle=EARLIER.key, as_of=TIMES[-2]).reindex(columns=[*FORECAST_COLUMNS, "as_of"])
    return Ledger(forecasts=forecasts, outcomes=newest.head(0).assign(cycle=""))


def run(
    *roles: Role,
    bundle_check: BundleCheck = sound,
    gain: float = 0.0,
    miss: float = 0.5,
    losses: pd.DataFrame | None = None,
    **more: object,
) -> dict[str, Any]:
    known = panel().assign(available_at=AS_OF.tz_localize("UTC"))
    as_of = a_cycle(AS_OF, [EARLIER.key] if "champion" in roles else [])
    mode: Mode = "bootstrap" if "champion" not in roles else "update"
    jobs = [TrainingJob(role=role, recipe_digest=RECIPES[role], mode=mode, cause=f"why {role}") for role in roles]
    given = {
        "backtest": backtest(*roles),
        "panel": known,
        "period": as_of.period,
        "snapshot": Snapshot(id=as_of.snapshot, rows=known, as_of=AS_OF, source="shops"),
        "cleaning_log": UNTOUCHED,
        "ledger": ledger_of(miss),
        "features": panel()[["unique_id", "ds"]].assign(scale=2.0),
        "training_plan": TrainingPlan(jobs=tuple(jobs)),
        "candidates": {role: FakeBundle(f"bundle of {role}", RECIPES[role]) for role in roles},
        "bundle_check": bundle_check,
        "cutoff_losses": cutoff_losses(gain) if losses is None else losses,
        "regimes": two_regimes("2018-06-01"),
        "history": History(cycles=(committed(EARLIER),), head=EARLIER.key),
        "params:promotion": TERMS,
        "step_errors": backtest(*roles)[lambda rows: (rows["model"] == "combination") & (rows["step"] == 1)],
        "params:drift": drift_options(),
        "series": pd.DataFrame({"unique_id": ["s1", "s2"]}),
        "params:trust": trust_options(),
        "params:metrics": MetricOptions(calculate_symbolic_alignment=True, calculate_trust_delta=True),
    }
    return run_room(create_pipeline(), given | more)


def promoted(number: int, ancestors: Sequence[str] = ()) -> CommittedCycle:
    """A cycle that put the recipe of the champion in charge in place of the predecessor's."""
    candidates = {
        "champion": {"bundle": "bundle of predecessor", "recipe": PREDECESSOR},
        "challenger": {"bundle": "bundle of champion", "recipe": CHAMPION},
    }
    decision = {"verdict": "PROMOTE", "candidates": candidates, "gate": None}
    return replace(committed(a_cycle(TIMES[number], ancestors)), recipe=CHAMPION, decision=decision)


def on_probation(*roles: Role, worse: float, bundle_check: BundleCheck = sound) -> dict[str, Any]:
    """A cycle whose champion was promoted forty periods ago, and has lost so much more each period since."""
    noise = np.random.default_rng(4).normal(scale=0.02, size=(2, len(TIMES)))
    sides = {CHAMPION: 0.5 + worse + noise[0], PREDECESSOR: 0.5 + noise[1]}
    whole = [
        pd.DataFrame({"recipe": recipe[:12], "cutoff": TIMES, "loss": loss, "n_series": 2})
        for recipe, loss in sides.items()
    ]
    errors = [
        rows.assign(unique_id=name, step=1, y=0.0, y_hat=rows["loss"], scale=1.0).drop(columns=["loss", "n_series"])
        for rows in whole
        for name in ("s1", "s2")
    ]
    earlier = promoted(-41)
    history = History(cycles=(earlier, replace(committed(EARLIER), recipe=CHAMPION)), head=EARLIER.key)
    given: dict[str, object] = {
        "cutoff_losses": pd.concat(whole, ignore_index=True),
        "step_errors": pd.concat(errors, ignore_index=True),
        "history": history,
        "period": a_cycle(AS_OF, [EARLIER.key, earlier.key]).period,
    }
    return run(*roles, bundle_check=bundle_check, **given)


def test_a_promotion_that_fails_is_taken_back() -> None:
    decision = on_probation("champion", "predecessor", worse=0.1)["promotion_decision"]

    assert ("ROLLBACK", "predecessor", PREDECESSOR) == (decision["verdict"], decision["serves"], decision["recipe"])
    assert ("bundle of predecessor", None) == (decision["bundle"], decision["gate"])
    assert decision["reason"].startswith(f"Rollback: since its promotion as of {TIMES[-41]:%Y-%m-%d} the recipe lost")
    assert (41, "bundle of predecessor") == (decision["probation"]["k"], decision["probation"]["basis"])
    assert decision == json.loads(json.dumps(decision, allow_nan=False))


def test_a_promotion_that_holds_is_watched() -> None:
    decision = on_probation("champion", "predecessor", worse=0.0)["promotion_decision"]

    assert ("REVISION", "champion", "WATCH") == (
        decision["verdict"],
        decision["serves"],
        decision["probation"]["standing"],
    )


def test_a_champion_on_probation_that_breaks_gives_way_at_once() -> None:
    def check(digest: str) -> Mapping[str, object]:
        return corrupt(digest) if digest == "bundle of champion" else sound(digest)

    decision = on_probation("champion", "predecessor", worse=-0.1, bundle_check=check)["promotion_decision"]

    assert ("ROLLBACK", "predecessor") == (decision["verdict"], decision["serves"])
    assert decision["reason"] == (
        "Rollback: the next revision of the champion on probation failed its checks (bundle of champion has another "
        "hash)."
    )


def test_a_broken_predecessor_takes_nothing_back() -> None:
    def check(digest: str) -> Mapping[str, object]:
        return corrupt(digest) if digest == "bundle of predecessor" else sound(digest)

    decision = on_probation("champion", "predecessor", worse=0.1, bundle_check=check)["promotion_decision"]

    assert ("REVISION", "ROLLBACK") == (decision["verdict"], decision["probation"]["standing"])


def test_first_challenger_takes_charge_with_its_numbers() -> None:
    made = run("challenger")

    decision = made["promotion_decision"]
    assert ("BOOTSTRAP", "challenger", CHALLENGER) == (decision["verdict"], decision["serves"], decision["recipe"])
    assert (
        "combination MASE 0.250 against 0.500 (seasonal drift) and 1.000 (seasonal naive) over 20" in decision["reason"]
    )
    assert made["serving_bundle"].digest == "bundle of challenger" == decision["bundle"]
    assert SCORE_COLUMNS == tuple(made["scores"].columns) == tuple(made["live_scores"].columns)
    assert made["live_scores"].empty
    assert decision == json.loads(json.dumps(decision, allow_nan=False))


def test_champion_is_revised_without_a_gate() -> None:
    made = run("champion")

    decision = made["promotion_decision"]
    assert ("REVISION", "champion", None) == (decision["verdict"], decision["serves"], decision["gate"])
    assert (
        "the 2 newest outcomes were missed by 0.250 of the usual seasonal change, backtest 0.250" in decision["reason"]
    )
    assert {"overall", "horizon", "newest"} == set(made["live_scores"]["level"])


def test_rules_that_ruin_forecasts_are_told_to_people_and_do_not_stop_the_champion() -> None:
    """Decisions rest on the forecasts before rules; live scores and trust are those of the forecasts people got."""
    log = ledger_of(0.5)
    ruled = replace(log, forecasts=log.forecasts.assign(raw_q500=log.forecasts["y_hat"], ruled_q500=1000.0))

    plain, made = run("champion"), run("champion", ledger=ruled)

    assert plain["promotion_decision"] == made["promotion_decision"]
    before, after = (one["live_scores"].query("metric == 'mase'").set_index("level")["value"] for one in (plain, made))
    assert before["overall"] < 1
    assert after["overall"] > 100
    assert after["newest"] == before["newest"]
    skills = [one["trust"].query("event == 'skill' and level == 'overall'")["mean"].item() for one in (plain, made)]
    assert skills[1] < skills[0]
    pd.testing.assert_frame_equal(plain["drift_report"], made["drift_report"])


def test_options_are_built_for_an_argument_passed_by_name() -> None:
    types = TypeExtractor({"metrics": create_pipeline()}).extract_types_from_pipelines()

    named = {"promotion": PromotionOptions, "drift": DriftOptions, "trust": TrustOptions, "metrics": MetricOptions}
    assert named == types


def test_better_recipe_replaces_the_champion() -> None:
    made = run("champion", "challenger", gain=0.1)

    decision = made["promotion_decision"]
    assert ("PROMOTE", "challenger", CHALLENGER) == (decision["verdict"], decision["serves"], decision["recipe"])
    assert made["serving_bundle"].recipe_digest == CHALLENGER
    assert decision == json.loads(json.dumps(decision, allow_nan=False))
    assert (2, 100, 50) == tuple(decision["gate"][name] for name in ("horizon", "n", "n_eff"))


def test_a_comparison_that_fails_swaps_nobody_and_spends_nothing() -> None:
    made = run("champion", "challenger", gain=0.1, losses=cutoff_losses(0.1).drop(columns="n_series"))

    decision = made["promotion_decision"]
    assert ("ERROR", "champion") == (decision["verdict"], decision["serves"])
    assert "could not be compared (KeyError: " in decision["reason"]
    assert 0 == decision["gate"]["alpha"]
    assert decision == json.loads(json.dumps(decision, allow_nan=False))


def test_twin_of_the_champion_does_not_replace_it() -> None:
    made = run("champion", "challenger", gain=0.0)

    assert ("HOLD", "champion") == tuple(made["promotion_decision"][key] for key in ("verdict", "serves"))
    assert made["serving_bundle"].recipe_digest == CHAMPION


def test_bundle_that_fails_its_check_leaves_the_last_champion_in_charge() -> None:
    with pytest.raises(FaultyBundle, match="bundle of champion has another hash"):
        run("champion", bundle_check=corrupt)


def test_unit_mistake_in_the_newest_data_stops_the_revision() -> None:
    with pytest.raises(CatastrophicLoss, match="compare the newest values with their source"):
        run("champion", miss=100_000.0)


def test_shipped_terms_are_valid(project: Path) -> None:
    shipped = yaml.safe_load((project / "conf/base/parameters_metrics.yml").read_text(encoding="utf-8"))

    terms = TypeAdapter(PromotionOptions).validate_python(shipped["promotion"])

    assert (0.02, 0.05, 30) == (terms.effect_floor, terms.alpha, terms.min_effective_origins)


def test_errors_and_quantiles_of_the_serving_recipe_are_looked_at() -> None:
    made = run("champion")
    errors, calibration = made["error_analysis"], made["calibration"]

    assert {"regime", "horizon", "time", "series"} == set(errors["kind"])
    assert errors.groupby("kind")["share"].sum().round(9).isin([1.0, 2.0]).all()  # two axes of regimes
    assert (errors["low"] <= errors["loss"]).all()
    assert 13 == (calibration["kind"] == "reliability").sum()
    assert 1.0 == round(calibration.loc[calibration["kind"] == "pit", "empirical"].sum(), 9)
