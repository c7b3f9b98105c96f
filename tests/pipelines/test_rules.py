"""The rules room with the real runner."""

import numpy as np
import pandas as pd

from overlay_samples import overlay_options
from pulse_kedro.domain.rules.bias import BIAS_COLUMNS
from pulse_kedro.pipelines.rules import create_pipeline
from records import a_cycle
from rooms import run_room

RECIPE = "a" * 64


def test_room_measures_the_serving_recipe_and_writes_its_empty_rulebook() -> None:
    times = pd.date_range("2018-01-01", periods=6, freq="MS")
    backtest = pd.DataFrame({"unique_id": "s1", "cutoff": times[:-1], "ds": times[1:], "step": 1, "y": np.arange(5.0)})
    backtest = backtest.assign(model="combination", recipe=RECIPE[:12], y_hat=0.0, scale=2.0)
    given = {
        "backtest": backtest,
        "series": pd.DataFrame({"unique_id": ["s1"], "title": ["Mining: Coal"]}),
        "promotion_decision": {"recipe": RECIPE, "serves": "challenger"},
        "period": a_cycle(times[-1]).period,
        "overlays": pd.DataFrame(),
        "params:overlays": overlay_options(),
    }

    made = run_room(create_pipeline(), given)

    table, rulebook = made["bias_table"], made["rulebook"]
    assert BIAS_COLUMNS == tuple(table.columns)
    assert {"month": 5, "horizon": 1, "group": 1} == table.groupby("kind")["slice"].nunique().to_dict()
    assert table.loc[table["kind"] == "group", "mean_residual"].item() == 1.0
    assert "No overlay is defined." == made["overlay_ablation"]["reason"]
    assert made["overlay_correction"].empty
    assert (RECIPE, []) == (rulebook["recipe"], rulebook["rules"])
