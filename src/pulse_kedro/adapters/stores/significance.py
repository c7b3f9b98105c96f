"""Could two cycles' scores differ by chance? Values by cutoff that both kept, paired; numpy comes only with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Engine, select

from pulse_kedro.adapters.stores.past import PastCycle
from pulse_kedro.adapters.stores.tables import metrics
from pulse_kedro.domain.metrics.targets import TARGETS

RATIOS = ("theil_u2",)
"""Metrics that are one ratio over all cutoffs."""
LIVE = "values by cutoff are kept of backtests only"
RATIO = "it is one ratio over all cutoffs and has no value at each"
MISSING = "one of the two has no value"
NOT_KEPT = "{side} kept no values by cutoff; cycles that are run from now on do"
HORIZONS = "A forecasts {a} steps and B {b}, so neither is the better one"
SERIES = "the {n} cutoffs in common were scored on different numbers of series"
FEW = "{n} cutoffs in common are too few for a test, which takes {fewest}"
Kept = Mapping[str, Mapping[str, tuple[float, int]]]
"""Value and number of rows, by metric and cutoff."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What chance could do to the difference of one metric between two cycles.

    `cutoffs` were kept by both on the same number of series or rows, `worth` is how many of them do not overlap,
    `unmatched` differ in that number. `gain` is positive where B is nearer to the best value: a `share` of A's distance
    or `points` of the metric's unit; `low` and `high` bound it (90 %). `p` is two-sided, `p_holm` is corrected for the
    number of metrics. `untested` says why there is no `p`. `comparable` is false where the two forecast different
    numbers of steps: neither is the better one then.
    """

    cutoffs: int = 0
    worth: int = 0
    unmatched: int = 0
    unit: str | None = None
    gain: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    untested: str | None = None
    comparable: bool = True


NO_PAIR = Evidence(untested=MISSING)
"""Of a metric that one of the two lacks."""


def weigh(engine: Engine, a: PastCycle, b: PastCycle, names: Sequence[str]) -> dict[str, Evidence]:
    """Test metrics of two backtests on the cutoffs that both kept.

    Args:
        engine: Any engine on the stores.
        a: The base.
        b: The comparison.
        names: Metrics that both cycles have; the correction is for their number.

    Returns:
        One entry per name.
    """
    kept = _by_cutoff(engine, a), _by_cutoff(engine, b)
    horizons = _horizon(engine, a), _horizon(engine, b)
    found = {name: _weigh(name, kept[0].get(name, {}), kept[1].get(name, {}), horizons) for name in names}
    tested = {name: one.p for name, one in found.items() if one.p is not None}
    if not tested:
        return found
    from pulse_kedro.domain.metrics.paired import holm

    corrected = holm(tested)
    return {name: replace(one, p_holm=corrected.get(name)) for name, one in found.items()}


def _weigh(
    name: str, left: Mapping[str, tuple[float, int]], right: Mapping[str, tuple[float, int]], horizons: tuple[int, int]
) -> Evidence:
    if horizons[0] != horizons[1]:
        return Evidence(untested=HORIZONS.format(a=horizons[0], b=horizons[1]), comparable=False)
    if name in RATIOS:
        return Evidence(untested=RATIO)
    if not left or not right:
        sides = [side for side, values in (("A", left), ("B", right)) if not values]
        return Evidence(untested=NOT_KEPT.format(side=" and ".join(sides)))
    both = sorted(left.keys() & right.keys())
    common = [when for when in both if left[when][1] == right[when][1]]
    found = Evidence(cutoffs=len(common), worth=len(common) // horizons[0], unmatched=len(both) - len(common))
    from pulse_kedro.domain.metrics.paired import fewest_cutoffs

    fewest = fewest_cutoffs(horizons[0])
    if len(common) < fewest:
        why = SERIES.format(n=len(both)) if len(both) >= fewest else FEW.format(n=len(common), fewest=fewest)
        return replace(found, untested=why)
    import numpy as np  # only here: the other questions are answered sooner than it is imported

    from pulse_kedro.domain.metrics.paired import paired_gain

    first, second = (np.array([side[when][0] for when in common]) for side in (left, right))
    test = paired_gain(name, first, second, horizon=horizons[0])
    return replace(found, unit=test.unit, gain=test.gain, low=test.low, high=test.high, p=test.p)


def _by_cutoff(engine: Engine, cycle: PastCycle) -> Kept:
    """Values of the recipe that served; those that are null are left out."""
    columns = [metrics.c[name] for name in ("metric", "unique_id", "recipe", "value", "n")]
    chosen = (metrics.c.cycle == cycle.key, metrics.c.kind == "backtest", metrics.c.model == "combination")
    query = select(*columns).where(*chosen, metrics.c.level == "cutoff", metrics.c.metric.in_(TARGETS))
    found: dict[str, dict[str, tuple[float, int]]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            if row.value is not None and cycle.recipe.startswith(row.recipe):
                found.setdefault(row.metric, {})[row.unique_id] = (row.value, row.n)
    return found


def _horizon(engine: Engine, cycle: PastCycle) -> int:
    """Steps of the forecasts of the recipe that served; 1 where nothing was scored by step."""
    columns = (metrics.c.recipe, metrics.c.step)
    chosen = (metrics.c.cycle == cycle.key, metrics.c.kind == "backtest", metrics.c.level == "horizon")
    query = select(*columns).where(*chosen, metrics.c.metric == "mase", metrics.c.n > 0)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    return max((row.step for row in rows if cycle.recipe.startswith(row.recipe)), default=1)
