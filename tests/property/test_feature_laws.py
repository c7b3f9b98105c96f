"""Laws of every feature step, alone and in random pipelines: nobody knows the future, and a row is a row."""

import json
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from feature_samples import FAMILY, a_table, a_world, pipelines, steps
from pulse_kedro.domain.data_management.features.columns import Fitted
from pulse_kedro.domain.data_management.features.fitting import (
    FittedFeatures,
    fit_features,
    restore_features,
    transform,
)
from pulse_kedro.domain.data_management.features.table import Table
from pulse_kedro.domain.panel import Array

FOLD, PERIODS = 20, 40
CUTS = st.integers(FOLD, PERIODS - 1)
SEEDS = st.integers(0, 10_000)
Given = list[dict[str, object]]
alone = pytest.mark.parametrize("given_steps", FAMILY.values(), ids=FAMILY)


def fitted_on_the_fold(given_steps: Given, y: Array) -> FittedFeatures:
    return fit_features(steps(*given_steps), a_table(y[:FOLD]))


def features_of(given_steps: Given, y: Array) -> Mapping[str, Array]:
    return transform(fitted_on_the_fold(given_steps, y), a_table(y)).columns


def equal(left: Mapping[str, Array], right: Mapping[str, Array], rows: slice = slice(None)) -> None:
    """Equal bit for bit."""
    assert list(left) == list(right)
    for name, values in left.items():
        np.testing.assert_array_equal(values[rows], right[name][rows], err_msg=name)


def spoil(y: Array, cut: int, how: str, rng: np.random.Generator) -> Array:
    """Another world that agrees with this one up to a cutoff, that period included."""
    later = y[cut + 1 :]
    changed = {
        "deleted": np.full(later.shape, np.nan),
        "huge": np.where(np.isnan(later), -1e150, 1e150),
        "permuted": rng.permuted(later, axis=0),
        "shuffled": rng.permuted(later, axis=1),
    }[how]
    return np.concatenate([y[: cut + 1], changed])


def check_that_nobody_knows_the_future(given_steps: Given, seed: int, cut: int, how: str) -> None:
    y = a_world(seed)

    here = features_of(given_steps, y)
    there = features_of(given_steps, spoil(y, cut, how, np.random.default_rng(seed)))

    equal(here, there, slice(cut + 1))


@alone
@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, cut=CUTS, how=st.sampled_from(["deleted", "huge", "permuted", "shuffled"]))
def test_k11_what_comes_after_a_cutoff_changes_no_feature_up_to_it(
    given_steps: Given, seed: int, cut: int, how: str
) -> None:
    check_that_nobody_knows_the_future(given_steps, seed, cut, how)


@settings(max_examples=40, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS, cut=CUTS, how=st.sampled_from(["deleted", "huge", "permuted", "shuffled"]))
def test_k11_nor_in_any_pipeline(given_steps: Given, seed: int, cut: int, how: str) -> None:
    check_that_nobody_knows_the_future(given_steps, seed, cut, how)


@settings(max_examples=25, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS, cut=st.integers(1, PERIODS))
def test_more_data_leave_the_features_of_the_fold_as_they_are(given_steps: Given, seed: int, cut: int) -> None:
    y = a_world(seed)
    fitted = fitted_on_the_fold(given_steps, y)

    equal(transform(fitted, a_table(y[:cut])).columns, transform(fitted, a_table(y)).columns, slice(cut))


@alone
@settings(max_examples=5, deadline=None)
@given(seed=SEEDS, row=st.integers(0, PERIODS - 1))
def test_one_row_with_its_look_back_equals_the_batch(given_steps: Given, seed: int, row: int) -> None:
    check_that_a_row_is_a_row(given_steps, seed, row)


@settings(max_examples=25, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS, row=st.integers(0, PERIODS - 1))
def test_and_in_any_pipeline(given_steps: Given, seed: int, row: int) -> None:
    check_that_a_row_is_a_row(given_steps, seed, row)


def check_that_a_row_is_a_row(given_steps: Given, seed: int, row: int) -> None:
    y = a_world(seed)
    fitted, table = fitted_on_the_fold(given_steps, y), a_table(y)
    tail = table.between(max(0, row - fitted.look_back), row + 1)

    batch, single = transform(fitted, table).columns, transform(fitted, tail).columns

    for name, values in batch.items():
        np.testing.assert_array_equal(values[row], single[name][-1], err_msg=name)


@alone
def test_the_declared_look_back_is_needed_and_the_declared_horizon_is_the_newest_that_is_read(
    given_steps: Given,
) -> None:
    y = a_world(3, periods=90, gaps=0.0)
    fitted = fitted_on_the_fold(given_steps, y)
    row, before = 80, transform(fitted, a_table(y)).columns
    reach: dict[str, list[int]] = {name: [] for name in before}
    for age in range(61):
        other = y.copy()
        other[row - age] = other[row - age] + np.linspace(-90, 5000, y.shape[1])
        for name, values in transform(fitted, a_table(other)).columns.items():
            if not np.array_equal(values[row], before[name][row], equal_nan=True):
                reach[name].append(age)

    for told in fitted.columns:
        ages = reach[told.name]
        if told.leakage_horizon is None:
            assert not ages, told.name
        elif ages:  # flags do not change with a value, only with its absence
            assert told.leakage_horizon == min(ages), told.name
            assert max(ages) <= told.look_back, told.name


@settings(max_examples=15, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS)
def test_order_of_series_is_irrelevant(given_steps: Given, seed: int) -> None:
    y = a_world(seed)
    order = np.random.default_rng(seed).permutation(y.shape[1])
    fitted, table = fitted_on_the_fold(given_steps, y), a_table(y)
    moved = Table(
        times=table.times,
        ids=tuple(table.ids[place] for place in order),
        columns={"y": y[:, order]},
        freq=table.freq,
    )

    here, there = transform(fitted, table).columns, transform(fitted, moved).columns

    equal({name: values[:, order] for name, values in here.items()}, there)


@settings(max_examples=15, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS)
def test_stored_and_restored_steps_compute_the_same(given_steps: Given, seed: int) -> None:
    y = a_world(seed)
    fitted = fitted_on_the_fold(given_steps, y)

    arrays = load(save(fitted.arrays())) if fitted.arrays() else {}
    stored = restore_features(json.loads(json.dumps(fitted.facts(), allow_nan=False)), arrays)

    assert fitted.columns == stored.columns
    equal(transform(fitted, a_table(y)).columns, transform(stored, a_table(y)).columns)


@alone
def test_no_step_changes_its_input(given_steps: Given) -> None:
    y = a_world(0)
    y.setflags(write=False)
    kept = y.copy()

    features_of(given_steps, y)

    np.testing.assert_array_equal(kept, y)


@settings(max_examples=8, deadline=None)
@given(given_steps=pipelines(), seed=SEEDS, cut=CUTS)
def test_a_value_that_came_late_is_not_there_before(given_steps: Given, seed: int, cut: int) -> None:
    """What was known at a row is what a panel holds that was cut at it; late values are missing there."""
    rng, y = np.random.default_rng(seed), a_world(seed)
    rows = np.arange(PERIODS)[:, None]
    known_from = rows + rng.choice([0, 0, 0, 1, 7, 100], size=y.shape)
    fitted = fitted_on_the_fold(given_steps, y)

    told = transform(fitted, a_table(y), {"y": known_from}).columns

    seen = np.where(known_from <= cut, y, np.nan)[: cut + 1]
    then = transform(fitted, a_table(seen)).columns
    equal({name: values[cut : cut + 1] for name, values in told.items()}, {n: v[cut:] for n, v in then.items()})


def test_the_guard_is_awake() -> None:
    """A value at the cutoff itself does change the features there, so the laws above are not empty."""
    y = a_world(1, gaps=0.0)
    other = y.copy()
    other[30] += np.array([50.0, -3.0, 7.0, 11.0])
    names = ["scale", "indicators", "spectral", "graph", "impute"]

    for name in names:
        here, there = features_of(FAMILY[name], y), features_of(FAMILY[name], other)
        assert any((here[column][30] != there[column][30]).any() for column in here), name


def test_a_fitted_array_is_found_by_series_and_not_by_place() -> None:
    fitted = Fitted(ids=("a", "b"), arrays={"x": np.array([[1.0, 2.0], [3.0, 4.0]])})

    found = fitted.of("x", ("b", "new", "a"))

    np.testing.assert_array_equal([[3.0, 4.0], [np.nan, np.nan], [1.0, 2.0]], found)
