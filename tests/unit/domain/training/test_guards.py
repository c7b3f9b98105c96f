"""Guards of a promotion: each has a case where it stops one, and one where it does not (K18)."""

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.domain.panel import frequency
from pulse_kedro.domain.training.guards import OF_LOSSES, Guard, GuardOptions, stand_guard

MONTHLY = frequency("monthly")
CUTOFFS, STEPS, SERIES = 60, 4, 10
CHAMPION, CHALLENGER = "a" * 64, "b" * 64
REPORTS = ({"forecast_seconds": 1.0, "peak_mb": 200.0}, {"forecast_seconds": 1.0, "peak_mb": 200.0})


def rows(recipe: str, error: np.ndarray, model: str = "combination") -> pd.DataFrame:
    """Rows of one model with errors (cutoffs, steps, series); every series has the scale 2."""
    times = MONTHLY.grid(pd.Timestamp("2000-01-01"), pd.Timestamp("2009-12-01"))
    k, h, s = (part.ravel() for part in np.indices(error.shape))
    named = {"unique_id": [f"s{number}" for number in s], "cutoff": times[k], "step": h + 1, "model": model}
    return pd.DataFrame(named).assign(recipe=recipe[:12], y=0.0, y_hat=2.0 * error.ravel(), scale=2.0)


def errors(seed: int = 0, size: float = 1.0) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=(CUTOFFS, STEPS, SERIES))


def scores(coverage_80: float = 0.8, coverage_95: float = 0.95) -> pd.DataFrame:
    found = {"coverage_80": coverage_80, "coverage_95": coverage_95}
    table = pd.DataFrame({"metric": list(found), "value": list(found.values())})
    return table.assign(recipe=CHALLENGER[:12], model="combination", level="overall")


def guards(
    challenger: np.ndarray,
    champion: np.ndarray | None = None,
    *,
    naive: float = 3.0,
    covered: pd.DataFrame | None = None,
    reports: tuple[dict[str, float], dict[str, float]] = REPORTS,
    **changes: object,
) -> dict[str, Guard]:
    backtest = pd.concat(
        [
            rows(CHAMPION, errors() if champion is None else champion),
            rows(CHALLENGER, challenger),
            rows(CHALLENGER, errors(9, naive), model="seasonal_naive"),
        ]
    )
    found = stand_guard(
        backtest,
        scores() if covered is None else covered,
        reports,
        recipes=(CHAMPION, CHALLENGER),
        freq=MONTHLY,
        options=GuardOptions(**changes),
    )
    return {guard.name: guard for guard in found}


def test_a_plainly_better_challenger_passes_every_guard() -> None:
    assert {"PASS"} == {guard.state for guard in guards(0.9 * errors()).values()}


def test_one_bad_horizon_is_found_behind_a_good_mean() -> None:
    challenger = 0.8 * errors()
    challenger[:, 3] *= 1.06 / 0.8

    found = guards(challenger)["worst horizon"]

    assert "FAIL" == found.state
    assert found.value == pytest.approx(0.06)
    assert found.detail.startswith("steps 4: ")


def test_a_few_bad_series_are_found_behind_a_good_mean() -> None:
    challenger = 0.8 * errors()
    challenger[..., :2] *= 3

    assert "FAIL" == guards(challenger)["hard series"].state


def test_a_bias_is_found_behind_a_good_mean() -> None:
    assert "FAIL" == guards(0.5 * errors() + 0.2)["bias"].state
    assert "PASS" == guards(0.5 * errors() + 0.02)["bias"].state


@pytest.mark.parametrize(("covered", "state"), [(0.84, "PASS"), (0.86, "FAIL"), (0.74, "FAIL"), (0.76, "PASS")])
def test_intervals_must_hold_what_they_promise(covered: float, state: str) -> None:
    found = guards(errors(), covered=scores(coverage_80=covered))

    assert [state, "PASS"] == [found["coverage 80"].state, found["coverage 95"].state]


def test_without_intervals_a_coverage_stays_open() -> None:
    assert "INCONCLUSIVE" == guards(errors(), covered=scores().head(0))["coverage 80"].state


def test_a_challenger_that_loses_to_the_naive_forecast_fails() -> None:
    assert "FAIL" == guards(errors(), naive=0.5)["baseline"].state


@pytest.mark.parametrize(("seconds", "state"), [((1.0, 1.1), "PASS"), ((1.0, 1.4), "FAIL"), ((0.01, 0.05), "PASS")])
def test_latency_is_compared_beyond_what_can_be_measured(seconds: tuple[float, float], state: str) -> None:
    reports = ({"forecast_seconds": seconds[0]}, {"forecast_seconds": seconds[1]})

    found = guards(errors(), reports=reports)

    assert [state, "INCONCLUSIVE"] == [found["latency"].state, found["memory"].state]


def test_memory_has_a_limit_only_where_one_is_set() -> None:
    assert "PASS" == guards(errors())["memory"].state
    assert "FAIL" == guards(errors(), max_megabytes=100.0)["memory"].state


def test_strict_asks_for_proof() -> None:
    """An equally good rival passes by its figure, and is not shown to be no worse with few cutoffs."""
    rival = np.random.default_rng(5).permutation(errors(), axis=0)

    point, strict = guards(rival), guards(rival, mode="strict")

    assert "FAIL" != point["hard series"].state
    assert "INCONCLUSIVE" in {strict[name].state for name in ("worst horizon", "hard series", "bias")}
    assert {"PASS"} == {
        guard.state
        for name, guard in guards(0.5 * errors(), mode="strict").items()
        if name in ("worst horizon", "hard series", "bias")
    }


def test_nothing_in_common_leaves_the_guards_of_losses_open() -> None:
    found = stand_guard(
        rows(CHALLENGER, errors()),
        scores(),
        REPORTS,
        recipes=(CHAMPION, CHALLENGER),
        freq=MONTHLY,
        options=GuardOptions(),
    )

    assert [("INCONCLUSIVE", None)] * 3 == [(guard.state, guard.value) for guard in found if guard.name in OF_LOSSES]


def test_a_stretch_that_nobody_scored_does_not_hide_a_bad_one() -> None:
    rival = 0.5 * errors()
    rival[:, 3] = 2.0 * errors()[:, 3]
    unscored = errors()
    unscored[:, 0] = np.nan

    found = guards(rival, unscored)

    assert ("FAIL", "steps 4") == (found["worst horizon"].state, found["worst horizon"].detail.partition(":")[0])
    assert {"PASS"} == {guard.state for guard in guards(0.5 * errors(), unscored).values()}
    strict = guards(0.5 * errors(), unscored, mode="strict")
    assert {"PASS"} == {strict[name].state for name in OF_LOSSES}


def test_the_scale_of_the_data_changes_nothing() -> None:
    challenger = 0.9 * errors(3)

    once, scaled = guards(challenger, errors(1)), guards(7 * challenger, 7 * errors(1), naive=21.0)

    for name, guard in once.items():
        assert guard.state == scaled[name].state
