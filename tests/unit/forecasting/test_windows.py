"""What a training pair is, against loops that read like the definition."""

from dataclasses import fields, replace

import numpy as np
import pytest

from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.windows import WindowSchema, cut_windows, standardise


def training_pairs(schema: WindowSchema, values: Array, new: int) -> tuple[Array, Array]:
    windows = cut_windows(schema, values, new)
    return windows.design, windows.targets


SEASONAL = WindowSchema(variant="seasonal", look_back=3, horizon=2, season_length=4, intercept=True, clip=6.0)
LEVEL = replace(SEASONAL, variant="level", clip=8.0)


def pairs_by_definition(schema: WindowSchema, values: Array, new: int) -> tuple[Array, Array]:
    """One window at a time, for series without a flat window."""
    design, targets, m = [], [], schema.season_length
    for last in range(len(values) - new, len(values)):
        for series in range(values.shape[1]):
            start = last - schema.span + 1
            span = values[max(start, 0) : last + 1, series]
            if start < 0 or np.isnan(span).any():
                continue
            origin = schema.history - 1
            if schema.variant == "seasonal":
                moves = np.array([span[k] - span[k - m] for k in range(m, schema.span)])
                inputs, ahead = moves[: schema.look_back], moves[schema.look_back :]
                scale = np.sqrt(np.mean(inputs**2))
            else:
                centre, scale = span[: origin + 1].mean(), span[: origin + 1].std()
                inputs, ahead = span[: origin + 1] - centre, span[origin + 1 :] - centre
            design.append([*(inputs / scale), 1.0] if schema.intercept else inputs / scale)
            targets.append(np.clip(ahead / scale, -schema.clip, schema.clip))
    return np.array(design), np.array(targets)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("schema", [SEASONAL, LEVEL], ids=lambda schema: schema.variant)
@pytest.mark.parametrize("new", [1, 5, 30])
def test_pairs_are_the_windows_whose_last_target_is_new(schema: WindowSchema, new: int, *, intercept: bool) -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(30, 3)).cumsum(axis=0)
    values[rng.random(values.shape) < 0.05] = np.nan
    schema = replace(schema, intercept=intercept)

    design, targets = training_pairs(schema, values, new)

    expected = pairs_by_definition(schema, values, new)
    np.testing.assert_allclose(expected[0], design, atol=1e-12)
    np.testing.assert_allclose(expected[1], targets, atol=1e-12)


def test_one_broken_window_is_clipped_and_the_others_are_not() -> None:
    values = np.array([1.0, 2.0, 3.0, 3.5, 1e6])[:, None]
    schema = replace(LEVEL, horizon=1)

    _, targets = training_pairs(schema, values, 2)

    assert 1.0 < targets[0, 0] < 8.0
    assert 8.0 == targets[1, 0]


def test_no_pair_is_made_before_a_window_is_complete() -> None:
    design, targets = training_pairs(SEASONAL, np.arange(8.0)[:, None], 8)

    assert ((0, 4), (0, 2)) == (design.shape, targets.shape)


@pytest.mark.parametrize("schema", [SEASONAL, LEVEL], ids=lambda schema: schema.variant)
def test_flat_windows_teach_nothing(schema: WindowSchema) -> None:
    design, _ = training_pairs(schema, np.full((20, 1), 1e6) + 1e-4 * np.eye(20)[:, :1], 20)

    assert 0 == len(design)


@pytest.mark.parametrize("schema", [SEASONAL, LEVEL], ids=lambda schema: schema.variant)
def test_flat_inputs_have_scale_zero_and_a_finite_design(schema: WindowSchema) -> None:
    inputs = standardise(schema, np.full((1, schema.history), 5.0))

    assert 0.0 == inputs.scale[0]
    assert [0.0, 0.0, 0.0, 1.0] == inputs.design[0].tolist()


def test_seasonal_inputs_have_mean_square_one_and_keep_their_sign() -> None:
    inputs = standardise(SEASONAL, np.array([[0.0, 0.0, 0.0, 9.0, 3.0, 3.0, 3.0]]))

    assert [[1.0, 1.0, 1.0, 1.0]] == inputs.design.tolist()
    assert ([0.0], [3.0]) == (inputs.centre.tolist(), inputs.scale.tolist())


def test_level_inputs_have_mean_zero_and_variance_one() -> None:
    inputs = standardise(LEVEL, np.array([[2.0, 4.0, 9.0]]))

    assert 0.0 == pytest.approx(inputs.design[0, :3].sum(), abs=1e-12)
    assert 3.0 == pytest.approx((inputs.design[0, :3] ** 2).sum())
    assert 5.0 == inputs.centre[0]


@pytest.mark.parametrize(("schema", "history", "span"), [(SEASONAL, 7, 9), (LEVEL, 3, 5)])
def test_a_seasonal_window_reads_one_season_more(schema: WindowSchema, history: int, span: int) -> None:
    assert (history, span, 4) == (schema.history, schema.span, schema.features)


def test_the_schema_id_is_part_of_what_is_stored_and_does_not_move() -> None:
    assert "82c5e297959196b1" == SEASONAL.id


@pytest.mark.parametrize("name", [field.name for field in fields(WindowSchema)])
def test_every_field_of_the_schema_is_part_of_its_id(name: str) -> None:
    other = {"variant": "level", "intercept": False, "weight": "frozen", "missing": "impute"}

    changed = replace(SEASONAL, **{name: other.get(name, 99)})  # type: ignore[arg-type]

    assert SEASONAL.id != changed.id
