"""The solution of the ridge against dense least squares, and what its state refuses."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from miniature import walks
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting import ridge
from pulse_kedro.forecasting.ridge import SchemaDiffers, batch_digest, empty_ridge
from pulse_kedro.forecasting.solving import PENALTIES, solve
from pulse_kedro.forecasting.sums import Sums
from pulse_kedro.forecasting.windows import WindowSchema

SCHEMA = WindowSchema(variant="seasonal", look_back=3, horizon=2, season_length=4, intercept=False, clip=6.0)


def sums_of(design: Array, targets: Array) -> Sums:
    return Sums(n=len(design), xx=design.T @ design, xy=design.T @ targets, yy=(targets**2).sum(axis=0))


def dense_ridge(design: Array, targets: Array, penalty: float, *, intercept: bool) -> tuple[Array, float, float]:
    """Weights by least squares on the augmented design, cross-validation score by the hat matrix, and its trace."""
    d = design.shape[1] - intercept
    unit = (design[:, :d] ** 2).sum() / d
    rows = np.sqrt(penalty * unit) * np.eye(design.shape[1])[:d]
    augmented = np.vstack([design, rows]), np.vstack([targets, np.zeros((d, targets.shape[1]))])
    weights = np.linalg.lstsq(*augmented, rcond=None)[0]
    centred = design[:, :d] - design[:, :d].mean(axis=0) if intercept else design
    hat = centred @ np.linalg.solve(centred.T @ centred + penalty * unit * np.eye(d), centred.T)
    freedom = float(np.trace(hat))
    rss = float(((targets - design @ weights) ** 2).sum())
    return weights, rss / (1 - freedom / len(design)) ** 2, freedom


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_weights_penalty_and_freedom_are_those_of_dense_least_squares(seed: int, *, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    design = np.concatenate([rng.normal(size=(60, 5)) + 0.5, np.ones((60, int(intercept)))], axis=1)
    targets = design @ rng.normal(size=(design.shape[1], 3)) + rng.normal(scale=2 * seed + 0.1, size=(60, 3)) + 3
    dense = [dense_ridge(design, targets, penalty, intercept=intercept) for penalty in PENALTIES]
    weights, _, freedom = min(dense, key=lambda found: found[1])

    solution = solve(sums_of(design, targets), intercept=intercept)

    assert PENALTIES[np.argmin([score for _, score, _ in dense])] == solution.penalty
    np.testing.assert_allclose(weights, solution.weights, atol=1e-9)
    assert freedom == pytest.approx(solution.degrees_of_freedom, abs=1e-9)


def test_noisier_targets_get_a_larger_penalty() -> None:
    rng = np.random.default_rng(0)
    design = rng.normal(size=(40, 8))
    signal, noise = design @ rng.normal(size=(8, 2)), rng.normal(size=(40, 2))

    chosen = [solve(sums_of(design, signal + size * noise), intercept=False).penalty for size in (0.01, 1.0, 100.0)]

    assert sorted(set(chosen)) == chosen


def test_the_intercept_is_not_penalised() -> None:
    rng = np.random.default_rng(0)
    design = np.concatenate([rng.normal(size=(50, 3)), np.ones((50, 1))], axis=1)
    targets = np.full((50, 1), 1000.0)

    weights = solve(sums_of(design, targets), intercept=True, penalties=np.array([10.0])).weights

    np.testing.assert_allclose([[0.0], [0.0], [0.0], [1000.0]], weights, atol=1e-9)


def test_inputs_that_never_vary_leave_the_mean() -> None:
    design, targets = np.ones((9, 3)), np.arange(9.0)[:, None]

    weights = solve(sums_of(design, targets), intercept=True).weights

    assert 4.0 == pytest.approx((np.array([1.0, -1.0, 1.0]) @ weights)[0], abs=1e-6)


def test_a_singular_state_has_a_finite_solution() -> None:
    inputs = np.random.default_rng(0).normal(size=(30, 4))
    inputs -= inputs.mean(axis=1, keepdims=True)

    solution = solve(sums_of(inputs, inputs[:, :2]), intercept=False)

    assert np.isfinite(solution.weights).all()
    assert solution.degrees_of_freedom < 3.001


def test_straight_lines_are_continued_straight() -> None:
    lines = np.arange(40.0)[:, None] * [1.0, 2.0, 0.5] + [0.0, 5.0, 100.0]
    member = empty_ridge("r", replace(SCHEMA, intercept=True), series=3).update(lines, "")

    np.testing.assert_allclose([[40.0, 85.0, 120.0], [41.0, 87.0, 120.5]], member.forecast(), rtol=1e-6)


def test_a_flat_series_is_continued_flat_beside_series_that_move() -> None:
    values = np.concatenate([walks(0, periods=40, series=3), np.full((40, 1), 7.0)], axis=1)

    for variant in ("seasonal", "level"):
        member = empty_ridge("r", replace(SCHEMA, variant=variant), series=4).update(values, "")

        assert [7.0, 7.0] == member.forecast()[:, 3].tolist()


def test_a_member_abstains_until_it_has_more_windows_than_features() -> None:
    values, member = walks(0, periods=20, series=1), empty_ridge("r", SCHEMA, series=1)

    spoken = [bool(np.isfinite(member.update(values[:n], "").forecast()).all()) for n in range(1, 21)]

    assert [False] * 11 + [True] * 9 == spoken


def test_a_member_abstains_for_a_series_with_too_short_a_history() -> None:
    values = walks(0, periods=40, series=2)
    values[:-6, 1] = np.nan

    points = empty_ridge("r", SCHEMA, series=2).update(values, "").forecast()

    assert [True, False] == np.isfinite(points).all(axis=0).tolist()
    assert np.isnan(points[:, 1]).all()


def test_a_gap_in_the_newest_values_does_not_silence_a_series() -> None:
    values = walks(0, periods=40, series=2)
    values[-2:, 1] = np.nan

    assert np.isfinite(empty_ridge("r", SCHEMA, series=2).update(values, "").forecast()).all()


@pytest.mark.parametrize("block", [1, 200, 700])
def test_the_size_of_the_blocks_held_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    values = walks(0, periods=40, series=2)
    whole = empty_ridge("r", SCHEMA, series=2).update(values, "")
    monkeypatch.setattr(ridge, "BLOCK_BYTES", block)

    streamed = empty_ridge("r", SCHEMA, series=2).update(values, "")

    assert whole.sums.n == streamed.sums.n
    np.testing.assert_allclose(whole.sums.xx, streamed.sums.xx, rtol=1e-12, atol=1e-12)


def test_states_of_different_windows_are_not_added() -> None:
    left, right = (empty_ridge("r", schema, series=1) for schema in (SCHEMA, replace(SCHEMA, look_back=4)))

    with pytest.raises(SchemaDiffers, match=f"got schema {right.schema.id}, expected {left.schema.id}"):
        left.merge(right)


def test_the_error_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(SchemaDiffers("a", "b")))  # noqa: S301  (our own bytes)

    assert ("a", "b") == (error.left, error.right)


def test_a_batch_is_identified_by_values_series_and_place() -> None:
    block = np.array([[1.0, 2.0], [3.0, 4.0]])
    variants = [
        batch_digest(block, ("a", "b"), "2001-01"),
        batch_digest(block, ("a", "c"), "2001-01"),
        batch_digest(block, ("a", "b"), "2001-02"),
        batch_digest(block.reshape(1, 4), ("a", "b"), "2001-01"),
        batch_digest(block * (1 + 1e-12), ("a", "b"), "2001-01"),
    ]

    assert len(variants) == len(set(variants))
    assert variants[0] == batch_digest(np.asfortranarray(block), ["a", "b"], "2001-01")
