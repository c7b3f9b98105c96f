"""Experts in the training room: a plain cycle moves them on, never learns them, and says whom they could not serve."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from miniature import a_recipe, waves
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.bundle_files import seal
from pulse_kedro.forecasting.experts import Expert
from pulse_kedro.forecasting.recipe import MemberOptions
from training_room import Made, month, train

RECIPE = a_recipe(
    (MemberOptions(kind="naive"), MemberOptions(kind="seasonal_naive"), MemberOptions(kind="auto_theta")), warm_up=12
)
KNOWN, LEARNED = 120, 60


@pytest.fixture(scope="module")
def y() -> Array:
    """Three series; the third one begins after the expert has learned."""
    values = waves(5, periods=KNOWN + 2, series=3)
    values[: LEARNED + 2, 2] = np.nan
    return values


@pytest.fixture(scope="module")
def learned(y: Array) -> Made:
    """A first cycle whose bundle got an expert that learned when half of the data were known."""
    made = train(y, known=KNOWN, recipe=RECIPE)
    bundle = made["candidates"]["challenger"]
    members = dict(bundle.members)
    members["auto_theta"] = members["auto_theta"].learn(y[:KNOWN], LEARNED)
    return made | {"candidates": {"challenger": seal(replace(bundle, members=members))}}


def expert_of(made: Made, role: str) -> Expert:
    expert = made["candidates"][role].members["auto_theta"]
    assert isinstance(expert, Expert)
    return expert


def test_an_expert_that_never_learned_abstains_and_stops_nothing(y: Array) -> None:
    made = train(y, known=KNOWN, recipe=RECIPE)

    assert {"naive", "seasonal_naive", "combination"} == set(made["backtest"]["model"])
    assert ["recipe", "unique_id", "model", "trained_until", "cutoff", "reason"] == list(made["failures"].columns)
    assert made["failures"]["reason"].str.contains("nothing learned by then").all()
    assert 1 == made["failures"]["model"].nunique()


def test_the_next_cycle_moves_the_expert_on_and_replays_it_from_its_generation(y: Array, learned: Made) -> None:
    made = train(y, known=KNOWN + 1, parent=learned, recipe=RECIPE)

    expert, rows = expert_of(made, "champion"), made["backtest"].query("model == 'auto_theta' and unique_id == 's0'")
    assert expert_of(learned, "challenger").generations == expert.generations
    assert KNOWN + 1 == expert.seen
    cutoff = rows["cutoff"].iloc[0]
    known = int(np.flatnonzero(pd.date_range(month(1), periods=KNOWN, freq="MS") == cutoff)[0]) + 1
    expected = expert.recall(y[:known], [known])[0, :, 0]
    np.testing.assert_allclose(expected, rows.query("cutoff == @cutoff")["y_hat"].to_numpy(), rtol=1e-12)


def test_a_series_that_the_expert_does_not_know_is_a_row_of_failures(y: Array, learned: Made) -> None:
    made = train(y, known=KNOWN + 1, parent=learned, recipe=RECIPE)

    (row,) = made["failures"].to_dict("records")
    assert ("s2", "auto_theta", month(LEARNED), "no observation") == (
        row["unique_id"],
        row["model"],
        row["trained_until"],
        row["reason"],
    )
    assert pd.isna(row["cutoff"])


def test_a_corrected_past_is_read_with_the_parameters_that_were_learned(y: Array, learned: Made) -> None:
    corrected = y.copy()
    corrected[100, 0] *= 1.1

    made = train(corrected, known=KNOWN + 1, parent=learned, recipe=RECIPE)

    expert = expert_of(made, "champion")
    assert "recompute" == made["training_plan"].jobs[0].mode
    assert expert_of(learned, "challenger").generations == expert.generations
    np.testing.assert_array_equal(corrected[: KNOWN + 1], expert.tail)
