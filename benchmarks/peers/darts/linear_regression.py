"""Global linear regression of darts, fitted once and asked at many origins; called by `protocol.environments`.

`request.json`: `look_back`, `horizon`, `train` (rows that are learned), `first` and `last` (rows whose windows are
forecast, the last one excluded). `arrays.npz`: `values` of shape `(rows, channels)`. The answer holds `squared` and
`absolute`, mean errors over windows, steps and channels, and the CPU seconds.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import darts
    from darts import TimeSeries
    from darts.models import LinearRegressionModel

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as given:
        values = given["values"]
    look_back, horizon = request["look_back"], request["horizon"]
    started = time.process_time()
    model = LinearRegressionModel(lags=look_back, output_chunk_length=horizon)
    channels = range(values.shape[1])
    model.fit([TimeSeries.from_values(values[: request["train"], channel]) for channel in channels])
    squared, absolute, count = 0.0, 0.0, 0
    for channel in channels:
        known = values[request["first"] - look_back : request["last"], channel]
        made = model.historical_forecasts(
            TimeSeries.from_values(known),
            forecast_horizon=horizon,
            retrain=False,
            last_points_only=False,
            overlap_end=False,
            show_warnings=False,
        )
        actual = np.lib.stride_tricks.sliding_window_view(known[look_back:], horizon)
        apart = np.stack([window.values()[:, 0] for window in made]) - actual
        squared, absolute, count = squared + (apart**2).sum(), absolute + np.abs(apart).sum(), count + apart.size
    seconds = time.process_time() - started
    np.savez(folder / "answer.npz", squared=squared / count, absolute=absolute / count)
    facts = {"cpu_seconds": seconds, "versions": {"darts": darts.__version__}}
    (folder / "answer.json").write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
