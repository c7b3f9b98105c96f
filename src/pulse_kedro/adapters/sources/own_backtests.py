"""Our own backtests as a source: what a recipe would have forecast at past cutoffs. Never a target or an outcome."""

from typing import IO, Literal

import pandas as pd
from pydantic import Field
from pydantic.dataclasses import dataclass

from pulse_kedro.adapters.sources.own_ledger import PROVENANCE, SELF, within
from pulse_kedro.adapters.sources.places import fetch_file, shown
from pulse_kedro.adapters.sources.settings import STRICT, Given, Kind
from pulse_kedro.domain.data_management.fetching import Fetched, Request, SourceUnreadable
from pulse_kedro.domain.ledger import CUTOFF, POINT, STEP
from pulse_kedro.domain.panel import AVAILABLE_AT, ID, QUANTILE_COLUMNS, TIME, frequency

NEEDED = (ID, CUTOFF, TIME, STEP, "model", POINT)


@dataclass(frozen=True, slots=True, kw_only=True, config=STRICT)
class BacktestOptions:
    """The rows of the catalog entry `backtest`."""

    path: str = Field(min_length=1)
    """Parquet file of the entry, `07_model_output/backtest.parquet` under the data root."""
    frequency: Literal["hourly", "daily", "weekly", "monthly", "quarterly"]
    """Length of one period, as in `source.frequency`."""
    release_lag_days: float = Field(ge=0)
    """Days from the end of a period until its value is published, as in `source.release_lag_days`."""
    timeout_s: float = Field(default=60, gt=0)
    """Seconds that S3 may take to connect, and to send the next byte; ours."""


class BacktestSource:
    """Reads forecasts of past cutoffs, without what came true."""

    def __init__(self, name: str, options: BacktestOptions, given: Given) -> None:
        """Keep where the file is; nothing is opened."""
        self._name, self._options, self._given = name, options, given

    async def fetch(self, request: Request) -> Fetched:
        """The rows of the backtest.

        `available_at` is the moment at which the cutoff's period was published: the first at which this forecast could
        have been made. The recipe itself may have been chosen later; a backtest is a replay, not a record.
        """
        given, options = self._given, self._options
        fetched = await fetch_file(self._name, options.path, given, options.timeout_s, self._read)
        facts = {"location": shown(options.path), PROVENANCE: SELF}
        chosen = within(fetched.table, request)
        return Fetched(table=chosen, source=self._name, fetched_at=given.now(), facts=facts)

    def _read(self, file: IO[bytes], name: str) -> pd.DataFrame:
        table = pd.read_parquet(file)
        missing = [column for column in NEEDED if column not in table.columns]
        if missing:
            advice = "Name the file of the catalog entry `backtest`."
            got = f"no columns {', '.join(missing)} in {name}"
            raise SourceUnreadable(self._name, got, "a backtest", advice)
        ends = frequency(self._options.frequency).end(table[CUTOFF])
        known = (ends + pd.Timedelta(days=self._options.release_lag_days)).dt.tz_localize("UTC")
        columns = [*NEEDED, *(column for column in ("recipe", *QUANTILE_COLUMNS) if column in table.columns)]
        return table[columns].assign(**{AVAILABLE_AT: known}).assign(**{PROVENANCE: SELF})


BACKTEST = Kind(
    options=BacktestOptions,
    build=BacktestSource,
    location=lambda options: shown(options.path),
    provenance=lambda _: SELF,
)
