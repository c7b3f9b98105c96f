"""NHITS of neuralforecast, fitted at the first stop and continued at every later one; called with a folder.

`request.json`: `stops`, `horizon`, `look_back`, `steps` (of the first fit), `more` (of each later one, from the weights
that it finds), `start` (date of the first period). Everything else is the default of the library, but that windows are
not padded with zeros (`training_data_availability_threshold`). `arrays.npz`: `values` `(periods, series)`. The answer
holds `points` `(stops, horizon, series)` and the CPU seconds of fitting and forecasting.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd


def main(folder: Path) -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    import neuralforecast
    import torch
    from neuralforecast import NeuralForecast
    from neuralforecast.models import NHITS

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as given:
        values = given["values"]
    torch.set_num_threads(1)
    names = [f"{number:03d}" for number in range(values.shape[1])]
    times = pd.date_range(request["start"], periods=len(values), freq="h")
    model = NHITS(
        h=request["horizon"],
        input_size=request["look_back"],
        max_steps=request["steps"],
        training_data_availability_threshold=1.0,
        random_seed=1,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    forecaster, points, started = NeuralForecast(models=[model], freq="h"), [], time.process_time()
    for turn, stop in enumerate(request["stops"]):
        table = pd.DataFrame(
            {
                "unique_id": np.repeat(names, stop),
                "ds": np.tile(times[:stop], len(names)),
                "y": values[:stop].T.ravel(),
            }
        )
        if turn:
            forecaster.models[0].max_steps = request["more"]
            forecaster.models[0].trainer_kwargs["max_steps"] = request["more"]
        forecaster.fit(table, use_init_models=False)
        points.append(forecaster.predict()["NHITS"].to_numpy().reshape(len(names), -1).T)
    seconds = time.process_time() - started
    np.savez(folder / "answer.npz", points=np.stack(points))
    versions = {"neuralforecast": neuralforecast.__version__, "torch": torch.__version__}
    (folder / "answer.json").write_text(json.dumps({"cpu_seconds": seconds, "versions": versions}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
