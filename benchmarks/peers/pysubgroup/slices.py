"""Subgroups of pysubgroup where errors lean most; called by `protocol.environments` with a folder.

`request.json`: `names` of the facts, `top` (how many subgroups). `arrays.npz`: `facts` `(forecasts, names)`, each a bin
or a category as a number, -1 where it is missing, and the errors `z` `(forecasts,)`. Beam search to depth 2 by the
standard quality of a numeric target with an exponent of .5, on errors and on their negatives, half of the subgroups
each. The answer holds `slices` `(top, 4)`: fact, its value, second fact or -1, its value.
"""

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd


def main(folder: Path) -> None:
    """Answer one request."""
    import pysubgroup as ps

    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as given:
        facts, z = given["facts"], given["z"]
    names, started = request["names"], time.process_time()
    table = pd.DataFrame(facts, columns=names).assign(z=z)
    found: list[list[float]] = []
    for sign in (1.0, -1.0):
        data = table.assign(z=sign * table["z"])
        selectors = [
            ps.EqualitySelector(name, value) for name in names for value in np.unique(data[name]) if value >= 0
        ]
        task = ps.SubgroupDiscoveryTask(
            data, ps.NumericTarget("z"), selectors, result_set_size=request["top"] // 2, depth=2,
            qf=ps.StandardQFNumeric(0.5),
        )  # fmt: skip
        for _, group, _ in ps.BeamSearch(beam_width=50).execute(task).results:
            parts = [(names.index(one.attribute_name), float(one.attribute_value)) for one in group.selectors]
            parts += [(-1, 0.0)] * (2 - len(parts))
            found.append([float(number) for part in parts for number in part])
    facts_of = {"cpu_seconds": time.process_time() - started, "version": version("pysubgroup")}
    np.savez(folder / "answer.npz", slices=np.array(found))
    (folder / "answer.json").write_text(json.dumps(facts_of), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
