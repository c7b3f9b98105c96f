"""A recipe that earned its promotion loses it when the world changes: three real cycles, the last one 42 months on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cycles import Place

pytestmark = pytest.mark.slow

MONTHS = pd.date_range("1995-01-01", "2019-12-01", freq="MS")
BACKTEST = {"burn_in": 24, "calibration": 60, "evaluation": 60}
NAIVE, SEASONAL = [{"kind": "naive"}], [{"kind": "seasonal_ridge", "look_back": 12}]


def source_that_forgets_its_season() -> pd.DataFrame:
    """Four series: a season and little else until 2015, then a walk that has none."""
    rng, season = np.random.default_rng(0), 2 * np.pi * (MONTHS.month.to_numpy() - 1) / 12
    before = MONTHS < "2016-01-01"
    walks = rng.normal(size=(4, len(MONTHS)))
    walks[:, before] = 0.0
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "unique_id": f"s{number}",
                    "ds": MONTHS,
                    "y": 100
                    + before * 5 * np.sin(season)
                    + rng.normal(size=len(MONTHS)) * 0.5
                    + walks[number].cumsum(),
                    "title": f"Series {number}",
                }
            )
            for number in range(4)
        ],
        ignore_index=True,
    )


def recipe(members: list[dict[str, object]]) -> dict[str, object]:
    return {"recipe": {"horizon": 1, "members": members}, "backtest": BACKTEST}


def test_a_promotion_is_taken_back_when_the_world_changes(tmp_path: Path) -> None:
    place = Place(tmp_path).offer(source_that_forgets_its_season())

    place.run("2015-11-01", recipe(NAIVE))
    former = place.status()["champion"]
    place.run("2015-12-01", recipe(SEASONAL))
    promoted = place.status()["champion"]
    assert "PROMOTE" == place.load("promotion_decision")["verdict"]

    place.run("2019-06-01", recipe(SEASONAL))
    decision, champion = place.load("promotion_decision"), place.status()["champion"]
    assert ("ROLLBACK", "predecessor", 42) == (decision["verdict"], decision["serves"], decision["probation"]["k"])
    assert former["recipe"] == champion["recipe"] != promoted["recipe"]
    assert decision["reason"] == champion["reason"]
    assert ["bootstrap", "promote", "rollback"] == [
        row[0] for row in place.ask("select kind from transitions order by epoch")
    ]
