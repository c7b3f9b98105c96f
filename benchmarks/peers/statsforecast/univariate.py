"""Methods of statsforecast on many histories, each fitted once; called by `protocol.environments` with a folder.

`request.json`: `models` (name and arguments of each), `horizon`, `levels` (central intervals in per cent), `fallback`
(season of the naive forecast that serves a series which fails), `processes`. `arrays.npz`: `values`, all histories one
after the other, and `lengths`. The answer holds `<name>`, `<name>-lo-<level>` and `<name>-hi-<level>`, each of shape
`(series, horizon)`, and the CPU seconds of each model.
"""

import json
import resource
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import statsforecast
from statsforecast import StatsForecast, models


def cpu_seconds() -> float:
    """Of this process and its finished children."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def main(folder: Path) -> None:
    """Answer one request."""
    warnings.simplefilter("ignore")
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as given:
        values, lengths = given["values"], given["lengths"].astype(int)
    names = np.array([f"{number:06d}" for number in range(len(lengths))])
    steps = np.concatenate([np.arange(length) for length in lengths])
    table = pd.DataFrame({"unique_id": np.repeat(names, lengths), "ds": steps, "y": values})
    arrays, seconds = {}, {}
    for name, arguments in request["models"].items():
        forecaster = StatsForecast(
            models=[getattr(models, name)(**arguments)],
            freq=1,
            n_jobs=request["processes"],
            fallback_model=models.SeasonalNaive(season_length=request["fallback"]),
        )
        started = cpu_seconds()
        rows = forecaster.forecast(df=table, h=request["horizon"], level=request["levels"])
        seconds[name] = cpu_seconds() - started
        for column in rows.columns.difference(["unique_id", "ds"]):
            arrays[column] = rows[column].to_numpy(dtype=float).reshape(len(names), request["horizon"])
    np.savez(folder / "answer.npz", **arrays)
    facts = {"cpu_seconds": seconds, "versions": {"statsforecast": statsforecast.__version__}}
    (folder / "answer.json").write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
