"""Small, complete cycle records for tests of what is kept: every column there, values that can be recognised."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from pulse_kedro.domain.cycle import Cycle, Period, identify
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.history import SCORE_COLUMNS, CommittedCycle, CycleRecord, Line
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, OUTCOME_COLUMNS, RAW_COLUMNS, RULED_COLUMNS

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
SERIES = ("a", "b")
HORIZON = 12


def months(first: str, count: int) -> list[pd.Timestamp]:
    return list(pd.date_range(first, periods=count, freq="MS"))


def a_cycle(as_of: str | pd.Timestamp, ancestors: Sequence[str] = (), *, recipe: str = "r1", code: str = "1") -> Cycle:
    when = pd.Timestamp(as_of).as_unit("ns")
    period = Period(
        as_of=when,
        first_target=when + pd.DateOffset(months=1),
        frequency="monthly",
        ancestors=tuple(ancestors),
    )
    return identify(period, snapshot=f"s{when:%Y%m}", recipe=recipe, code_version=code)


def committed(cycle: Cycle, *, line: Line = "main", number: int = 0) -> CommittedCycle:
    """The cycle as a database would have it; `number` orders commits."""
    return CommittedCycle(
        key=cycle.key,
        as_of=cycle.period.as_of,
        parent=cycle.period.parent,
        line=line,
        snapshot=cycle.snapshot,
        configured_recipe=cycle.recipe,
        code_version=cycle.code_version,
        recipe=cycle.recipe,
        bundle=f"bundle of {cycle.key}",
        revision=1,
        since="2018-12-01",
        decision={},
        plan={},
        quality={},
        summary={},
        rulebook="h0",
        ended=(),
        committed_at=pd.Timestamp(NOW) + pd.Timedelta(seconds=number),
    )


def a_record(cycle: Cycle, *, series: Sequence[str] = SERIES, known: pd.DataFrame | None = None) -> CycleRecord:
    return CycleRecord(
        cycle=cycle,
        bundle=f"bundle of {cycle.key}",
        recipe=cycle.recipe,
        revision=1 + len(cycle.period.ancestors),
        since="2018-12-01",
        decision={"verdict": "REVISION", "reason": "new data", "gate": None, "gain": np.float64(0.125)},
        plan={"action": "update"},
        quality={"rows": np.int64(7), "newest": cycle.period.as_of},
        summary={},
        rulebook={"hash": "h0", "recipe": cycle.recipe, "rules": []},
        scores=scores(series),
        live_scores=scores(()),
        forecasts=forecasts(cycle, series),
        outcomes=outcomes(cycle, ()) if known is None else known,
        ended=("gone",),
    )


def forecasts(cycle: Cycle, series: Sequence[str] = SERIES) -> pd.DataFrame:
    steps = np.tile(np.arange(1, HORIZON + 1), len(series))
    targets = pd.DatetimeIndex(months(str(cycle.period.first_target), HORIZON))
    frame = pd.DataFrame(
        {
            "cycle": cycle.key,
            "unique_id": np.repeat(list(series), HORIZON),
            "cutoff": cycle.period.as_of,
            "ds": targets[steps - 1],
            "step": steps,
            "y_hat": steps / 3,
        }
    )
    levels = {name: steps + place / 7 for place, name in enumerate((*RAW_COLUMNS, *RULED_COLUMNS))}
    return pd.concat([frame, pd.DataFrame(levels)], axis=1)[list(FORECAST_COLUMNS)]


def outcomes(cycle: Cycle, series: Sequence[str] = SERIES, *, shift: float = 0.0) -> pd.DataFrame:
    """What a cycle learns: the newest period of each series."""
    frame = pd.DataFrame({"unique_id": pd.Series(list(series), dtype=object)})
    frame["ds"] = cycle.period.as_of
    frame["y"] = 1 / 3 + shift
    frame["available_at"] = (cycle.period.as_of + pd.DateOffset(months=1)).tz_localize("UTC")
    frame["snapshot"] = cycle.snapshot
    return frame[list(OUTCOME_COLUMNS)]


def scores(series: Sequence[str] = SERIES) -> pd.DataFrame:
    rows = [
        ("r1", model, "overall", "", 0, "mase", value, 12)
        for model, value in (("combination", 0.5), ("seasonal_naive", 1.0))
    ]
    rows += [("r1", "combination", "series", name, 0, "mase", np.nan, 12) for name in series]
    return pd.DataFrame(rows if series else [], columns=list(SCORE_COLUMNS))


def a_snapshot(y: float = 0.1) -> Snapshot:
    rows = pd.DataFrame(
        {
            "unique_id": ["a", "b"],
            "ds": pd.DatetimeIndex(["2018-11-01", "2018-12-01"]).as_unit("ns"),
            "y": [y, 2 / 3],
            "available_at": pd.DatetimeIndex(["2018-12-01", "2019-01-01"], tz="UTC").as_unit("ns"),
            "title": ["Mining", "Trade"],
        }
    )
    return Snapshot(id=f"s{y}", rows=rows, as_of=pd.Timestamp("2018-12-01"), source="us_employment")


def flip_a_bit(path: Path) -> None:
    """Damage a file as a failing disk would: same size, one bit in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
