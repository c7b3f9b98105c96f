"""Every metric against an independent library or a number worked by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scoringrules
import utilsforecast.losses as nixtla
from sklearn import metrics as sk

from pulse_kedro.domain.metrics.losses import LengthMismatch
from pulse_kedro.domain.metrics.registry import (
    METRICS,
    Case,
    MissingEvidence,
    compare,
    score,
)
from pulse_kedro.domain.metrics.targets import BEST, UnknownMetric, better, distance
from pulse_kedro.domain.panel import QUANTILE_LEVELS

RNG = np.random.default_rng(7)
ACTUAL = RNG.normal(50.0, 10.0, 80)
PREDICTED = ACTUAL + RNG.normal(0.5, 4.0, 80)
QUANTILES = np.sort(PREDICTED + RNG.normal(0.0, 5.0, (len(QUANTILE_LEVELS), 80)), axis=0)
CASE = Case(
    actual=ACTUAL,
    predicted=PREDICTED,
    quantiles=QUANTILES,
    sample=PREDICTED[:, None] + RNG.normal(0.0, 5.0, (80, 33)),
    last=ACTUAL + RNG.normal(0.0, 6.0, 80),
    scale=np.full(80, 5.0),
    squared_scale=np.full(80, 40.0),
    reference=ACTUAL + RNG.normal(0.0, 6.0, 80),
)
FRAME = pd.DataFrame(
    {
        "unique_id": "a",
        "ds": np.arange(80),
        "y": ACTUAL,
        "m": PREDICTED,
        "m-lo-95": QUANTILES[0],
        "m-hi-95": QUANTILES[-1],
    }
)
POINT = {
    "mae": sk.mean_absolute_error(ACTUAL, PREDICTED),
    "rmse": sk.root_mean_squared_error(ACTUAL, PREDICTED),
    "median_ae": sk.median_absolute_error(ACTUAL, PREDICTED),
    "p90_ae": float(np.percentile(np.abs(ACTUAL - PREDICTED), 90)),
    "r2": sk.r2_score(ACTUAL, PREDICTED),
    "mape": 100 * sk.mean_absolute_percentage_error(ACTUAL, PREDICTED),
    "smape": 200 * nixtla.smape(FRAME, ["m"])["m"].item(),
    "wape": nixtla.wape(FRAME, ["m"])["m"].item(),
    "mbe": nixtla.bias(FRAME, ["m"])["m"].item(),
    "mase": sk.mean_absolute_error(ACTUAL, PREDICTED) / 5.0,
    "rmsse": sk.root_mean_squared_error(ACTUAL, PREDICTED) / np.sqrt(40.0),
    "skill": 1 - sk.mean_absolute_error(ACTUAL, PREDICTED) / sk.mean_absolute_error(ACTUAL, CASE.reference),
}


@pytest.mark.parametrize("metric", POINT)
def test_a_point_score_is_that_of_another_library(metric: str) -> None:
    assert score(metric, CASE) == pytest.approx(POINT[metric], rel=1e-12)


def test_pinball_wis_and_crps_from_quantiles_are_those_of_scoringrules() -> None:
    half = len(QUANTILE_LEVELS) // 2
    wis = scoringrules.weighted_interval_score(
        ACTUAL, QUANTILES[half], QUANTILES[:half].T, QUANTILES[:half:-1].T, 2 * np.array(QUANTILE_LEVELS[:half])
    )
    pinball = [
        scoringrules.quantile_score(ACTUAL, row, level) for row, level in zip(QUANTILES, QUANTILE_LEVELS, strict=True)
    ]

    assert score("wis", CASE) == pytest.approx(float(np.mean(wis)), rel=1e-12)
    assert score("pinball", CASE) == pytest.approx(float(np.mean(pinball)), rel=1e-12)
    assert score("crps", CASE) == pytest.approx(2 * float(np.mean(pinball)), rel=1e-12)


def test_crps_of_draws_is_that_of_scoringrules() -> None:
    expected = scoringrules.crps_ensemble(ACTUAL, CASE.sample, estimator="nrg")

    assert score("crps_sample", CASE) == pytest.approx(float(np.mean(expected)), rel=1e-10)


def test_msis_and_coverage_are_those_of_utilsforecast() -> None:
    assert score("msis", CASE) == pytest.approx(nixtla.winkler_score(FRAME, ["m"], 95)["m"].item() / 5.0, rel=1e-10)
    assert score("coverage_95", CASE) == pytest.approx(nixtla.coverage(FRAME, ["m"], 95)["m"].item())


def test_k13_a_forecast_one_percent_too_high_is_hardly_worse_than_no_change_by_hand() -> None:
    last, actual = np.array([100.0, 101.0, 102.0]), np.array([101.0, 102.0, 101.0])

    assert score("theil_u2", Case(actual=actual, predicted=1.01 * actual, last=last)) == pytest.approx(1.013, abs=5e-4)
    assert score("theil_u2", Case(actual=actual, predicted=last, last=last)) == pytest.approx(1.0)


def test_theil_takes_the_level_form_near_zero() -> None:
    case = Case(actual=np.array([2.0, 4.0]), predicted=np.array([2.0, 3.0]), last=np.array([0.0, 2.0]))

    assert score("theil_u2", case) == pytest.approx(np.sqrt(1 / 8))


def test_k14_mape_with_an_actual_of_zero_is_null() -> None:
    assert score("mape", Case(actual=np.array([0.0, 1.0]), predicted=np.ones(2))) is None


def test_k15_the_hand_worked_numbers() -> None:
    flat = np.full(3, 5.0)

    assert score("r2", Case(actual=flat, predicted=flat)) == 1.0
    assert score("smape", Case(actual=np.array([100.0]), predicted=np.array([150.0]))) == pytest.approx(40.0)
    assert score("smape", Case(actual=np.array([100.0]), predicted=np.array([50.0]))) == pytest.approx(66.667, abs=1e-3)
    point = Case(actual=np.array([7.0]), quantiles=np.full((13, 1), 5.0))
    assert score("wis", point) == pytest.approx(2.0)


def test_k16_a_larger_bias_is_worse_whatever_its_sign() -> None:
    found = compare("mbe", -5.0, 1.0)

    assert (found.absolute, found.relative, found.is_improvement) == (6.0, 1.2, True)
    assert compare("mbe", 1.0, -5.0).is_improvement is False
    assert compare("mbe", 0.0, 1.0).relative is None


def test_k16_an_unknown_metric_is_an_error_with_the_nearest_name() -> None:
    for asked in (lambda: compare("maee", 1.0, 2.0), lambda: score("maee", CASE), lambda: better("maee", None, 1.0)):
        with pytest.raises(UnknownMetric, match=r"got 'maee', expected one of mae, .* Did you mean 'mae'\?"):
            asked()


def test_an_interval_may_be_too_wide() -> None:
    assert compare("coverage_80", 0.99, 0.82).is_improvement is True
    assert compare("coverage_80", 0.82, 0.99).is_improvement is False


def test_higher_wins_where_it_does() -> None:
    assert [True, True, True] == [
        compare(name, 0.1, 0.4).is_improvement for name in ("r2", "skill", "directional_accuracy")
    ]
    assert distance("skill", -1.0) == 2.0


def test_a_missing_value_is_not_compared() -> None:
    found = compare("mae", None, 2.0)

    assert (None, None, None) == (found.absolute, found.relative, found.is_improvement)


@pytest.mark.parametrize("metric", METRICS)
def test_a_score_is_finite_or_null_and_missing_rows_do_not_count(metric: str) -> None:
    empty = np.full(2, np.nan)
    columns = dict.fromkeys(METRICS[metric].needs, empty) | {
        name: np.full(shape, np.nan)
        for name, shape in {"quantiles": (13, 2), "sample": (2, 5)}.items()
        if name in METRICS[metric].needs
    }
    with_gap = {name: _gap(name) for name in ("actual", *METRICS[metric].needs)}

    assert score(metric, Case(actual=empty, **columns)) is None
    assert score(metric, Case(**with_gap)) == pytest.approx(score(metric, CASE), rel=1e-12)


def _gap(name: str) -> np.ndarray:
    column = getattr(CASE, name)
    if name == "sample":
        return np.concatenate([column, np.full((1, column.shape[1]), np.nan)])
    return np.concatenate([column, np.full((*column.shape[:-1], 1), np.nan)], axis=-1)


@pytest.mark.parametrize("metric", METRICS)
def test_the_best_value_is_never_beaten(metric: str) -> None:
    best = METRICS[metric].best

    assert "a" == better(metric, best, best - 0.1) == better(metric, best, best + 0.1)
    assert METRICS[metric].name == metric
    assert all([METRICS[metric].label, METRICS[metric].unit, METRICS[metric].domain, METRICS[metric].aggregation])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(LengthMismatch, match=r"got shape \(3,\), expected \(2,\)"):
        Case(actual=np.ones(2), predicted=np.ones(3))
    with pytest.raises(LengthMismatch, match=r"got shape \(12, 2\), expected \(13, 2\)"):
        Case(actual=np.ones(2), quantiles=np.ones((12, 2)))


def test_a_metric_says_what_it_lacks() -> None:
    with pytest.raises(MissingEvidence, match="Scoring mase failed: got no 'scale'"):
        score("mase", Case(actual=np.ones(2), predicted=np.ones(2)))


def test_direction_counts_rows_that_moved_and_pit_is_the_gap_at_the_levels() -> None:
    rows = Case(actual=np.array([2.0, 2.0, 1.0]), predicted=np.array([3.0, 0.5, 1.0]), last=np.ones(3))
    uniform = Case(actual=np.arange(1000) / 1000, quantiles=np.tile(np.array(QUANTILE_LEVELS)[:, None], 1000))

    assert score("directional_accuracy", rows) == 0.5
    assert score("pit", uniform) == pytest.approx(0.001, abs=1e-9)
    assert score("pit", Case(actual=np.full(4, 99.0), quantiles=QUANTILES[:, :4])) == pytest.approx(0.975)


def test_every_metric_stands_in_the_reference_as_it_is() -> None:
    page = (Path(__file__).parents[4] / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8")

    for metric in METRICS.values():
        words = (metric.label, f"{metric.best:g}", metric.unit, metric.aggregation, metric.domain)
        assert f"| `{metric.name}` | {' | '.join(words)} |" in page


def test_the_best_values_are_those_of_the_registry() -> None:
    assert BEST == {name: metric.best for name, metric in METRICS.items()}
