"""The forecast log: what was issued, what became known since, and the join of the two.

Forecasts and outcomes are append-only. Whether a forecast is resolved is never stored; it is computed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pulse_kedro.domain.panel import AVAILABLE_AT, ID, PANEL_COLUMNS, QUANTILE_COLUMNS, TARGET, TIME, Array

CYCLE, CUTOFF, STEP, POINT = "cycle", "cutoff", "step", "y_hat"
RAW_COLUMNS = tuple(f"raw_{name}" for name in QUANTILE_COLUMNS)
RULED_COLUMNS = tuple(f"ruled_{name}" for name in QUANTILE_COLUMNS)
RAW_MEDIAN, RULED_MEDIAN = "raw_q500", "ruled_q500"
FORECAST_COLUMNS = (CYCLE, ID, CUTOFF, TIME, STEP, POINT, *RAW_COLUMNS, *RULED_COLUMNS)
OUTCOME_COLUMNS = (ID, TIME, TARGET, AVAILABLE_AT, "snapshot")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ledger:
    """Every forecast that committed cycles issued and every outcome they recorded.

    `forecasts` has `FORECAST_COLUMNS` and `as_of`, one row per (cycle, unique_id, step). `outcomes` has
    `OUTCOME_COLUMNS` and `cycle`, the cycle that recorded the value; one row per (cycle, unique_id, ds).
    """

    forecasts: pd.DataFrame
    outcomes: pd.DataFrame

    def of(self, ancestors: Sequence[str]) -> "Ledger":
        """The part that a cycle with these ancestors may see.

        Args:
            ancestors: Keys of committed cycles in any order.

        Returns:
            Forecasts issued and outcomes recorded by these cycles only; the order of the rows is kept.
        """
        known = set(ancestors)
        return Ledger(
            forecasts=self.forecasts[self.forecasts[CYCLE].isin(known)].reset_index(drop=True),
            outcomes=self.outcomes[self.outcomes[CYCLE].isin(known)].reset_index(drop=True),
        )


def served_points(forecasts: pd.DataFrame) -> Array:
    """Point forecasts as people got them: rules and overlays moved them as far as they moved the quantiles.

    Args:
        forecasts: Columns `y_hat` (the point before rules), `raw_q500` and `ruled_q500`.

    Returns:
        One value per row, target unit; `y_hat` where a row has no quantiles.
    """
    moved = forecasts[RULED_MEDIAN].to_numpy(dtype=float) - forecasts[RAW_MEDIAN].to_numpy(dtype=float)
    return np.asarray(forecasts[POINT].to_numpy(dtype=float) + np.nan_to_num(moved))


def as_served(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Forecasts whose point is the one that people got; what is shown is shown like this."""
    return forecasts.assign(**{POINT: served_points(forecasts)})


def vintages(ledger: Ledger, ancestors: Sequence[str]) -> pd.DataFrame:
    """First release and newest value of each outcome, as a cycle with these ancestors knows them.

    Args:
        ledger: The whole log or a part of it.
        ancestors: Keys of committed cycles, the newest first.

    Returns:
        One row per (unique_id, ds), sorted: `y`, `available_at` and `snapshot` of the newest vintage, `y_first` of
        the first one, `n_vintages`. Vintages are ordered by the cycle that recorded them.
    """
    place = {key: position for position, key in enumerate(reversed(ancestors))}
    known = ledger.outcomes[ledger.outcomes[CYCLE].isin(place)]
    series, _ = pd.factorize(known[ID], sort=True)
    order = np.lexsort((known[CYCLE].map(place).to_numpy(dtype=int), known[TIME].to_numpy(), series))
    rows, series = known.iloc[order], series[order]
    begins = np.ones(len(rows), dtype=bool)
    times = rows[TIME].to_numpy()
    begins[1:] = (series[1:] != series[:-1]) | (times[1:] != times[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(rows))[: len(first)] - 1
    newest: pd.DataFrame = rows[[ID, TIME, TARGET, AVAILABLE_AT, "snapshot"]].iloc[last].reset_index(drop=True)
    return newest.assign(y_first=rows[TARGET].to_numpy()[first], n_vintages=last - first + 1)


def fresh_outcomes(ledger: Ledger, panel: pd.DataFrame, ancestors: Sequence[str]) -> pd.DataFrame:
    """Values that forecasts of these cycles were waiting for, and revisions of values recorded before.

    Args:
        ledger: The whole log or a part of it.
        panel: What is known now: `unique_id, ds, y, available_at`.
        ancestors: Keys of committed cycles, the newest first.

    Returns:
        Columns `unique_id, ds, y, available_at`, one row per (unique_id, ds); empty when nothing is new.
    """
    targets = ledger.of(ancestors).forecasts[[ID, TIME]].drop_duplicates()
    recorded = vintages(ledger, ancestors)[[ID, TIME, TARGET]].rename(columns={TARGET: "recorded"})
    known = targets.merge(panel, on=[ID, TIME], how="inner").merge(recorded, on=[ID, TIME], how="left")
    return known.loc[known["recorded"].ne(known[TARGET]), list(PANEL_COLUMNS)].reset_index(drop=True)


def resolve(ledger: Ledger, ancestors: Sequence[str]) -> pd.DataFrame:
    """Forecasts of these cycles whose target has become known to them, with what it turned out to be.

    Args:
        ledger: The whole log or a part of it.
        ancestors: Keys of committed cycles, the newest first.

    Returns:
        Rows of `ledger.forecasts` joined with `vintages`; a forecast without an outcome is absent (pending).
    """
    known = vintages(ledger, ancestors)
    issued = ledger.forecasts
    row = _find(known, issued)
    place = np.flatnonzero((row >= 0) & issued[CYCLE].isin(ancestors).to_numpy())
    found = issued.iloc[place].reset_index(drop=True)
    columns = [name for name in known.columns if name not in (ID, TIME)]
    return found.assign(**{name: known[name].take(row[place]).reset_index(drop=True) for name in columns})


def _find(known: pd.DataFrame, issued: pd.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Row of `known`, unique by (unique_id, ds), for each row of `issued`; -1 where there is none."""
    if known.empty or issued.empty:
        return np.full(len(issued), -1, dtype=np.intp)
    series, times = pd.Index(known[ID].unique()), pd.Index(known[TIME].unique())
    width = len(times) + 1
    keys = series.get_indexer(pd.Index(known[ID])) * width + times.get_indexer(pd.Index(known[TIME]))
    one, two = series.get_indexer(pd.Index(issued[ID])), times.get_indexer(pd.Index(issued[TIME]))
    asked = np.where((one >= 0) & (two >= 0), one * width + two, -1)
    found: np.ndarray[tuple[int], np.dtype[np.intp]] = pd.Index(keys).get_indexer(pd.Index(asked))
    return found
