"""The recovery room with the real runner: one record holds the cycle, and counts whose revision it is."""

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from bundles import a_bundle
from drift_samples import NO_ACTION
from overlay_samples import NOTHING
from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.data_management.regimes import vector_at
from pulse_kedro.domain.history import CommittedCycle, CycleRecord, History, UnknownCycle, check
from pulse_kedro.domain.training.triggers import TrainingJob, TrainingPlan
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.pipelines.recovery import create_pipeline
from records import a_cycle, committed, forecasts, outcomes, scores
from regime_samples import two_regimes
from rooms import run_room
from trust_samples import a_trust_table, promotion_options, trust_options

FIRST = a_cycle("2018-12-01")
SECOND = a_cycle("2019-01-01", (FIRST.key,))
DECISION = {"verdict": "REVISION", "serves": "champion", "reason": "new data", "gate": None}
LOSSES = pd.DataFrame({"recipe": "r1", "cutoff": pd.DatetimeIndex(["2018-11-01"]), "loss": 0.5, "n_series": 2})
PROMOTION, TRUST = promotion_options(), trust_options()
QUALITY = {"rows": {"usable": 7}, "newest": "2019-01-01"}


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    """What serves from now on."""
    return a_bundle()


def close(cycle: Cycle, bundle: Bundle, *past: CommittedCycle) -> dict[str, Any]:
    job = TrainingJob(role="champion", recipe_digest=bundle.recipe_digest, mode="update", cause="1 new period")
    given = {
        "cycle": cycle,
        "history": History(cycles=past, head=past[-1].key if past else None),
        "training_plan": TrainingPlan(jobs=(job,)),
        "promotion_decision": DECISION,
        "serving_bundle": bundle,
        "rulebook": {"hash": "h0", "recipe": bundle.recipe_digest, "rules": []},
        "quality_report": QUALITY,
        "series": pd.DataFrame({"unique_id": ["a", "b", "c", "d"], "status": ["alive", "alive", "ended", "short"]}),
        "scores": scores(),
        "live_scores": scores(()),
        "cutoff_losses": LOSSES,
        "trust": a_trust_table(),
        "params:promotion": PROMOTION,
        "params:trust": TRUST,
        "forecasts": forecasts(cycle),
        "outcomes": outcomes(cycle),
        "period": cycle.period,
        "regimes": two_regimes("2018-12-01"),
        "drift_action": NO_ACTION,
        "overlay_ablation": NOTHING,
    }
    return run_room(create_pipeline(), given)


def served(cycle: Cycle, recipe: str, *, revision: int, since: str) -> CommittedCycle:
    return replace(committed(cycle), recipe=recipe, revision=revision, since=since)


def test_the_room_ends_in_one_record() -> None:
    room = create_pipeline()

    assert {"cycle_record"} == room.outputs()
    assert ["summarise_evidence", "close_cycle"] == [node.name.removeprefix("recovery.") for node in room.nodes]


def test_the_first_cycle_is_revision_one_of_its_recipe_since_today(bundle: Bundle) -> None:
    record = close(FIRST, bundle)["cycle_record"]

    assert (1, "2018-12-01") == (record.revision, record.since)
    assert (bundle.digest, bundle.recipe_digest) == (record.bundle, record.recipe)


def test_the_same_recipe_goes_on_counting_and_keeps_its_date(bundle: Bundle) -> None:
    parent = served(FIRST, bundle.recipe_digest, revision=4, since="2018-09-01")

    record = close(SECOND, bundle, parent)["cycle_record"]

    assert (5, "2018-09-01") == (record.revision, record.since)


def test_a_promoted_recipe_begins_anew(bundle: Bundle) -> None:
    parent = served(FIRST, "another recipe", revision=4, since="2018-09-01")

    record = close(SECOND, bundle, parent)["cycle_record"]

    assert (1, "2019-01-01") == (record.revision, record.since)


def test_a_corrected_cycle_counts_from_its_parent_and_not_from_what_it_replaces(bundle: Bundle) -> None:
    parent = served(FIRST, bundle.recipe_digest, revision=1, since="2018-12-01")
    replaced = served(SECOND, bundle.recipe_digest, revision=2, since="2018-12-01")
    corrected = a_cycle("2019-01-01", (FIRST.key,), code="2")

    record = close(corrected, bundle, parent, replaced)["cycle_record"]

    assert (2, "2018-12-01") == (record.revision, record.since)


def test_a_parent_that_was_never_committed_stops_the_commit(bundle: Bundle) -> None:
    with pytest.raises(UnknownCycle, match=FIRST.key):
        close(SECOND, bundle)


def test_the_record_holds_everything_that_was_decided_and_made(bundle: Bundle) -> None:
    record: CycleRecord = close(FIRST, bundle)["cycle_record"]

    check(record)
    assert (DECISION, QUALITY, "h0") == (record.decision, record.quality, record.rulebook["hash"])
    assert {"action": "update", "cause": "1 new period"}.items() <= record.plan.items()
    assert [{"role": "champion", "mode": "update", "cause": "1 new period"}] == record.plan["jobs"]
    assert [24, 2, 5, 0] == [  # four scores, and the loss of one cutoff
        len(frame) for frame in (record.forecasts, record.outcomes, record.scores, record.live_scores)
    ]


def test_series_without_a_future_are_listed(bundle: Bundle) -> None:
    assert ("c",) == close(FIRST, bundle)["cycle_record"].ended


def test_the_evidence_counts_what_the_decision_rests_on(bundle: Bundle) -> None:
    made = close(FIRST, bundle)

    assert {
        "forecasts": 24,
        "series_forecast": 2,
        "outcomes": 2,
        "scores": 4,
        "live_scores": 0,
        "quality": QUALITY,
        "drift": NO_ACTION,
        "combination": "median",
        "calibration_cutoffs": 36,
        "interval_widths": [1.0] * 6,
        "overlays": NOTHING,
        "regime": vector_at(two_regimes("2018-12-01"), FIRST.period.as_of).to_dict(),
    } == made["evidence"]
    assert "quality" not in made["cycle_record"].summary
    assert 24 == made["cycle_record"].summary["forecasts"]


def test_the_record_keeps_regime_seeds_and_trust(bundle: Bundle) -> None:
    record = close(FIRST, bundle)["cycle_record"]

    assert {"at", "states", "probabilities", "since", "version"} == set(record.regime)
    assert {"promotion": PROMOTION.seed, "trust": TRUST.seed} == record.seeds
    assert {"trust_skill", "trust_coverage", "alignment"} <= set(record.trust["metric"])
    assert ["", "all | expansion, calm"] == sorted(record.trust["unique_id"].unique())
