"""One raw Gram matrix gives the sums of every look-back and centring."""

import numpy as np
import pytest

from miniature import walks
from pulse_kedro.forecasting.gram import centring, raw_gram
from pulse_kedro.forecasting.ridge import empty_ridge
from pulse_kedro.forecasting.solving import solve
from pulse_kedro.forecasting.windows import WindowSchema

LONGEST, HORIZON = 9, 4


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("centre", ["mean", "last", "none"])
@pytest.mark.parametrize("look_back", [2, 5, LONGEST])
def test_sums_are_those_of_the_windows(look_back: int, centre: str, *, intercept: bool) -> None:
    y = walks(0, periods=80, series=3)
    y[[20, 55], [0, 2]] = np.nan
    schema = WindowSchema(
        variant="level",
        look_back=look_back,
        horizon=HORIZON,
        season_length=1,
        intercept=intercept,
        clip=None,
        centre=centre,
        scale="none",  # type: ignore[arg-type]
    )
    dropped = y.copy()
    late = LONGEST - look_back
    direct = empty_ridge("r", schema, series=3)
    for column in range(3):  # the raw windows begin earlier: those of the shorter look-back that have no whole one go
        values = dropped[:, [column]]
        for start in range(len(values) - LONGEST - HORIZON + 1):
            window = values[start : start + LONGEST + HORIZON]
            if not np.isnan(window).any():
                one = empty_ridge("r", schema, series=1).update(window[late:], "")
                direct = _plus(direct, one)

    found = raw_gram(y, LONGEST, HORIZON).sums(look_back, centring(centre, look_back), intercept=intercept)

    for name in ("xx", "xy", "yy"):
        np.testing.assert_allclose(getattr(direct.sums, name), getattr(found, name), atol=1e-8, err_msg=name)
    assert direct.sums.n == found.n
    weights = solve(found, intercept=intercept).weights
    np.testing.assert_allclose(solve(direct.sums, intercept=intercept).weights, weights, atol=1e-6)


def _plus(left: object, right: object) -> object:
    from dataclasses import replace

    return replace(left, sums=left.sums.plus(right.sums))  # type: ignore[attr-defined, type-var]


def test_grams_of_shards_are_added() -> None:
    y = walks(1, periods=60, series=4)

    parts = raw_gram(y[:, :1], LONGEST, HORIZON).plus(raw_gram(y[:, 1:], LONGEST, HORIZON))

    whole = raw_gram(y, LONGEST, HORIZON)
    assert whole.n == parts.n
    np.testing.assert_allclose(whole.gram, parts.gram, rtol=1e-12)


def test_a_series_shorter_than_a_window_adds_nothing() -> None:
    assert raw_gram(walks(0, periods=5, series=2), LONGEST, HORIZON).n == 0
