"""A truly better recipe, enough cutoffs: the gate promotes it on real replays, and does not promote its twin."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cycles import Place

pytestmark = pytest.mark.slow

MONTHS = pd.date_range("1979-01-01", "2019-12-01", freq="MS")
CUTOFFS = 400
BACKTEST = {"burn_in": 24, "calibration": CUTOFFS - 60, "evaluation": 60}
NAIVE = [{"kind": "naive"}]
SEASONAL = [{"kind": "seasonal_drift"}, {"kind": "seasonal_ridge", "look_back": 12}]


def seasonal_source() -> pd.DataFrame:
    """Six series in which the season is most of what happens."""
    rng, season = np.random.default_rng(0), 2 * np.pi * (MONTHS.month.to_numpy() - 1) / 12
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "unique_id": f"s{number}",
                    "ds": MONTHS,
                    "y": 100 + 10 * np.sin(season + number) + rng.normal(size=len(MONTHS)),
                    "title": f"Series {number}",
                }
            )
            for number in range(6)
        ],
        ignore_index=True,
    )


def recipe(members: list[dict[str, object]], **more: object) -> dict[str, object]:
    return {"recipe": {"horizon": 1, "members": members, **more}, "backtest": BACKTEST}


def test_the_better_recipe_is_promoted_and_its_twin_is_not(tmp_path: Path) -> None:
    place = Place(tmp_path).offer(seasonal_source())

    place.run("2019-09-01", recipe(NAIVE))
    first = place.status()["champion"]
    place.run("2019-10-01", recipe(SEASONAL))
    decision, promoted = place.load("promotion_decision"), place.status()["champion"]

    assert ("PROMOTE", "challenger") == (decision["verdict"], decision["serves"])
    assert CUTOFFS + 1 == decision["gate"]["n"] == decision["gate"]["n_eff"]
    assert 0.3 < decision["gate"]["low"] < decision["gate"]["gain"] < decision["gate"]["high"]
    assert f"over {CUTOFFS + 1} origins the challenger is better by more than chance" in promoted["reason"]
    assert first["recipe"] == decision["gate"]["champion"] != promoted["recipe"] == decision["gate"]["challenger"]
    assert (1, "2019-10-01") == (promoted["revision"], promoted["since"])
    assert SEASONAL[0]["kind"] in place.champion().members

    twin = recipe(SEASONAL, intervals={"pooling": 61})  # other intervals, the same points: no loss differs
    place.run("2019-11-01", twin)
    decision, kept = place.load("promotion_decision"), place.status()["champion"]

    assert ("HOLD", "champion") == (decision["verdict"], decision["serves"])
    assert decision["reason"].startswith(f"Hold: both lose exactly the same at {CUTOFFS + 1} origins")
    assert (promoted["recipe"], 2, "2019-10-01") == (kept["recipe"], kept["revision"], kept["since"])

    place.run("2019-12-01", recipe(NAIVE))  # and the worse one does not come back
    decision = place.load("promotion_decision")

    assert ("REJECT", "champion") == (decision["verdict"], decision["serves"])
    assert 3 == place.status()["champion"]["revision"]
