"""From an unknown file to the settings of a source: what was found, what a run would keep, and what to write."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulse_kedro.adapters.settings_files import CATALOG, GLOBALS, MARK, PARAMETERS, spell

if TYPE_CHECKING:
    import pandas as pd

    from pulse_kedro.adapters.unknown_tables import OpenedTable
    from pulse_kedro.domain.data_management.inspection import Hints, Proposal
    from pulse_kedro.domain.data_management.source import SourceOptions
    from pulse_kedro.forecasting.sizing import Extent, Fit

STALE_AFTER = {"hourly": 24, "daily": 7, "weekly": 4, "monthly": 3, "quarterly": 2}
"""Periods without a value after which a series has ended: a day, a week, a month, a quarter, half a year; ours."""
MAX_QUARANTINED = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What the owner calls the source, its values and its report."""

    name: str
    unit: str
    title: str
    release_lag_days: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examined:
    """A file, how it can be read, and what a run would keep of it."""

    opened: "OpenedTable"
    proposal: "Proposal"
    source: "SourceOptions"
    rows: "pd.DataFrame"
    quarantine: "pd.DataFrame"
    extent: "Extent"
    fit: "Fit"
    title: str


def examine(opened: "OpenedTable", hints: "Hints", labels: Labels, parameters: Any) -> Examined:  # noqa: ANN401  # what conf/ holds
    """Read a table as a run would.

    Args:
        opened: The file.
        hints: What its owner says about it.
        labels: Names for people.
        parameters: Settings that stay in force: `recipe` and `backtest`.

    Raises:
        InvalidInput: The table cannot be read; the message says which option helps.
        SchemaMismatch: A column that was named is not there.
    """
    from pydantic import TypeAdapter

    from pulse_kedro.domain.backtesting import BacktestOptions
    from pulse_kedro.domain.data_management.inspection import inspect
    from pulse_kedro.domain.data_management.rows import EmptySource, split
    from pulse_kedro.domain.panel import ID, TIME, frequency
    from pulse_kedro.forecasting.recipe import RecipeSettings
    from pulse_kedro.forecasting.sizing import Extent, fit

    if opened.table.empty:
        raise EmptySource(labels.name)
    proposal = inspect(opened.table, hints)
    source = _source(proposal, labels)
    rows, quarantine = split(opened.table, source)
    freq, sizes = frequency(proposal.frequency), rows.groupby(ID, sort=False).size()
    extent = Extent(
        series=len(sizes),
        periods=freq.distance(rows[TIME].min(), rows[TIME].max()) + 1,
        median=int(sizes.median()),
    )
    settings = TypeAdapter(RecipeSettings).validate_python(parameters["recipe"])
    backtest = TypeAdapter(BacktestOptions).validate_python(parameters["backtest"])
    fitted = fit(extent, freq, settings, backtest)
    return Examined(
        opened=opened,
        proposal=proposal,
        source=source,
        rows=rows,
        quarantine=quarantine,
        extent=extent,
        fit=fitted,
        title=labels.title,
    )


def _source(proposal: "Proposal", labels: Labels) -> "SourceOptions":
    from pydantic import TypeAdapter

    from pulse_kedro.domain.data_management.source import SourceOptions

    values = {
        "name": labels.name,
        "columns": {"unique_id": list(proposal.unique_id), "ds": proposal.ds, "y": list(proposal.y)},
        "static": list(proposal.static),
        "date_format": proposal.date_format,
        "decimal": proposal.decimal,
        "thousands": proposal.thousands,
        "frequency": proposal.frequency,
        "unit": labels.unit,
        "release_lag_days": labels.release_lag_days,
        "stale_after": STALE_AFTER[proposal.frequency],
        "max_quarantined": MAX_QUARANTINED,
    }
    options: SourceOptions = TypeAdapter(SourceOptions).validate_python(values)
    return options


def plain_name(path: Path) -> str:
    """Name of a source after its file: lower case letters, digits and underscores.

    Example:
        >>> plain_name(Path("My Sales (2024).csv.gz"))
        'my_sales_2024'
    """
    return re.sub(r"[^a-z0-9]+", "_", path.name.split(".")[0].lower()).strip("_") or "own_data"


def settings_texts(examined: Examined, *, file: str, root: str) -> dict[str, str]:
    """Text of each settings file.

    Args:
        examined: What was found.
        file: Where the file is, as the catalog names it.
        root: Folder in which the cycles of this source are kept.
    """
    return {
        CATALOG: _catalog(examined, file),
        PARAMETERS: _parameters(examined),
        GLOBALS: _globals(root),
    }


def _catalog(examined: Examined, file: str) -> str:
    opened = examined.opened
    lines = [MARK + ": the file behind the source. Other entries stay as in conf/base.", "observations:"]
    if opened.delimiter is None:
        lines += ["  type: pandas.ParquetDataset", f"  filepath: {spell(file)}"]
    else:
        lines += [
            "  type: pulse_kedro.datasets.csv_dataset.CsvDataset",
            f"  filepath: {spell(file)}",
            f"  delimiter: {spell(opened.delimiter)}",
            f"  encoding: {spell(opened.encoding)}",
        ]
    return "\n".join([*lines, "  metadata: {kedro-viz: {layer: 01_raw}}", ""])


def _parameters(examined: Examined) -> str:
    source, fitted = examined.source, examined.fit
    lines = [
        MARK + ": what differs from conf/base. Each key is explained there.",
        "source:",
        f"  name: {spell(source.name)}",
        "  columns:",
        f"    unique_id: {spell(list(source.columns.unique_id))}",
        f"    ds: {spell(source.columns.ds)}",
        f"    y: {spell(list(source.columns.y))}",
        *(f"  {name}: {spell(getattr(source, name))}" for name in ("static", "date_format", "decimal", "thousands")),
        f"  frequency: {source.frequency}",
        f"  unit: {spell(source.unit)}",
        f"  release_lag_days: {source.release_lag_days:g} # days from the end of a period until its value is known",
        f"  stale_after: {source.stale_after} # periods without a value after which a series has ended",
        "reporting:",
        f"  title: {spell(examined.title)}",
        "  aggregate: null # id of the series that sums up the others; null takes the largest",
    ]
    for group, values in (("recipe", fitted.recipe), ("backtest", fitted.backtest)):
        if values:
            lines += [f"{group}:", *(f"  {name}: {spell(value)}" for name, value in values.items())]
    return "\n".join([*lines, ""])


def _globals(root: str) -> str:
    return "\n".join(
        [
            MARK + ": cycles of this source are kept apart from those of others.",
            f"data_root: ${{oc.env:PULSE_DATA_ROOT,{root}}}",
            'database: ${oc.env:PULSE_DATABASE_URL,"sqlite:///${in_project:${data_root}}/pulse.db"}',
            "",
        ]
    )
