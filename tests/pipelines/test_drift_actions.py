"""What an answer to drift changes in the next cycle: intervals that begin anew, and a plan with its cause."""

import numpy as np
import pytest

from pulse_kedro.domain.panel import Array
from training_room import Made, train
from training_world import KNOWN

TOLD: dict[str, object] = {"reason": "the loss is still high", "acts": True, "evidence": {}}


def answer(rung: str, first: Made, *, acts: bool = True) -> dict[str, object]:
    return TOLD | {"rung": rung, "acts": acts, "at": first["cycle"].period.as_of.isoformat()}


def test_intervals_begin_anew_where_the_last_cycle_said_so(world: Array, first: Made, second: Made) -> None:
    made = train(world, known=KNOWN + 1, parent=first, drift=answer("recalibrate", first))

    plain, reset = second["calibrations"]["champion"].offsets, made["calibrations"]["champion"].offsets
    place = int(made["replays"]["champion"].cutoffs.get_loc(first["cycle"].period.as_of))
    np.testing.assert_array_equal(plain[:place], reset[:place])
    assert not np.array_equal(plain[place:], reset[place:])


@pytest.mark.parametrize("rung", ["warm_retrain", "retrain"])
def test_a_retraining_is_planned_with_its_cause(world: Array, first: Made, rung: str) -> None:
    made = train(world, known=KNOWN + 1, parent=first, drift=answer(rung, first))

    job = made["training_plan"].jobs[0]
    assert ("champion", "recompute") == (job.role, job.mode), "no member learns rarely: everything is read again"
    assert "drift: the loss is still high" == job.cause


def test_an_answer_that_is_only_proposed_changes_nothing(world: Array, first: Made, second: Made) -> None:
    made = train(world, known=KNOWN + 1, parent=first, drift=answer("recalibrate", first, acts=False))

    np.testing.assert_array_equal(second["calibrations"]["champion"].offsets, made["calibrations"]["champion"].offsets)
    assert second["training_plan"] == made["training_plan"]


def test_errors_of_every_cutoff_are_kept(second: Made) -> None:
    errors, replayed = second["step_errors"], second["replays"]["champion"]

    assert set(replayed.cutoffs) == set(errors["cutoff"])
    assert errors["y_hat"].notna().all()
    open_ones = errors.loc[errors["cutoff"] == replayed.cutoffs[-1], "y"]
    assert open_ones.isna().all(), "nothing is known after the newest period"
