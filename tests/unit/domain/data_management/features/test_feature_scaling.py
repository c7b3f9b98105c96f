"""Scaling and filling: the fold decides, scikit-learn agrees, constants are flagged."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from feature_samples import a_table, a_world, column, steps
from pulse_kedro.domain.data_management.features.fitting import fit_features, transform
from pulse_kedro.domain.panel import Array

NAN = float("nan")


def scaled(y: Array, fold: int, **settings: object) -> dict[str, Array]:
    fitted = fit_features(steps({"type": "scale", **settings}), a_table(y[:fold]))
    return dict(transform(fitted, a_table(y)).columns)


@pytest.mark.parametrize(
    ("method", "oracle"),
    [("z_score", StandardScaler()), ("min_max", MinMaxScaler()), ("robust", RobustScaler())],
)
def test_scaling_agrees_with_scikit_learn(method: str, oracle: StandardScaler) -> None:
    y = a_world(1)

    found = scaled(y, 25, method=method)["y_scaled"]

    np.testing.assert_allclose(oracle.fit(y[:25]).transform(y), found, rtol=1e-10, atol=1e-12)


def test_k5_a_fold_of_1000_to_3000_maps_1000_to_0() -> None:
    y = column([1000.0, 2000.0, 3000.0, 4000.0])

    assert [0.0, 0.5, 1.0, 1.5] == scaled(y, 3, method="min_max")["y_scaled"].ravel().tolist()


@pytest.mark.parametrize("method", ["z_score", "min_max", "robust"])
@pytest.mark.parametrize("level", [0.0, 5.0, 1e9])
def test_a_constant_becomes_0_and_is_flagged_even_if_it_moves_later(method: str, level: float) -> None:
    y = np.stack([[level] * 10 + [level + 7], np.arange(11.0)], axis=1)

    found = scaled(y, 10, method=method)

    assert [0.0] * 11 == found["y_scaled"][:, 0].tolist()
    assert [1.0, 0.0] == found["y_flat"][0].tolist()


def test_a_series_without_a_value_in_the_fold_has_no_scaled_one_and_no_flag() -> None:
    y = np.stack([np.arange(8.0), [NAN] * 4 + [1.0] * 4], axis=1)

    found = scaled(y, 4)

    assert np.isnan(found["y_scaled"][:, 1]).all()
    assert np.isnan(found["y_flat"][:, 1]).all()
    assert not np.isnan(found["y_scaled"][:, 0]).any()


def test_a_gap_is_filled_by_the_last_value_while_fresh_then_by_the_median_of_the_fold() -> None:
    y = column([NAN, 1.0, 3.0, 8.0, NAN, NAN, NAN, 2.0])
    fitted = fit_features(steps({"type": "impute", "maximum_age": 2}), a_table(y[:4]))

    found = transform(fitted, a_table(y)).columns

    assert [3.0, 1.0, 3.0, 8.0, 8.0, 8.0, 3.0, 2.0] == found["y_filled"].ravel().tolist()
    assert [1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0] == found["y_missing"].ravel().tolist()


def test_a_later_value_never_fills_a_gap() -> None:
    y = column([NAN, NAN, 5.0])
    fitted = fit_features(steps({"type": "impute"}), a_table(y[:1]))

    assert np.isnan(transform(fitted, a_table(y)).columns["y_filled"][:2]).all()


def test_steps_read_what_those_above_them_make() -> None:
    y = a_world(2)
    chain = steps({"type": "impute"}, {"type": "scale", "columns": ["y_filled"]})

    found = transform(fit_features(chain, a_table(y[:30])), a_table(y)).columns["y_filled_scaled"]

    np.testing.assert_allclose(0.0, found[:30].mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(1.0, found[:30].std(axis=0), rtol=1e-12)
