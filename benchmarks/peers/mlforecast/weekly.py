"""LightGBM through mlforecast, refitted at every stop on all series; called by `protocol.environments` with a folder.

`request.json`: `stops` (periods known at each origin), `horizon`, `lags`, `start` (date of the first period). The model
has the defaults of LightGBM and reads the lags of the values, hour and weekday; forecasts are recursive, as the library
makes them. `arrays.npz`: `values` `(periods, series)`. The answer holds `points` `(stops, horizon, series)` and the CPU
seconds of fitting and forecasting.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def main(folder: Path) -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    import lightgbm
    import mlforecast
    from mlforecast import MLForecast

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as given:
        values = given["values"]
    names = [f"{number:03d}" for number in range(values.shape[1])]
    times = pd.date_range(request["start"], periods=len(values), freq="h")
    points, started = [], time.process_time()
    for stop in request["stops"]:
        table = pd.DataFrame(
            {
                "unique_id": np.repeat(names, stop),
                "ds": np.tile(times[:stop], len(names)),
                "y": values[:stop].T.ravel(),
            }
        )
        forecaster = MLForecast(
            models={"gbm": lightgbm.LGBMRegressor(random_state=1, n_jobs=2, verbose=-1)},
            freq="h",
            lags=request["lags"],
            date_features=["hour", "dayofweek"],
        )
        made = forecaster.fit(table).predict(request["horizon"])
        points.append(made["gbm"].to_numpy().reshape(len(names), -1).T)
    seconds = time.process_time() - started
    np.savez(folder / "answer.npz", points=np.stack(points))
    versions = {"lightgbm": lightgbm.__version__, "mlforecast": mlforecast.__version__}
    (folder / "answer.json").write_text(json.dumps({"cpu_seconds": seconds, "versions": versions}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
