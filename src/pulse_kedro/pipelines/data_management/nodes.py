"""From the source to the panel; every step is a pure function of its arguments."""

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.as_of import Ancestry, resolve
from pulse_kedro.domain.data_management.events import Event
from pulse_kedro.domain.data_management.features.definition import FeatureOptions
from pulse_kedro.domain.data_management.features.manifest import make_feature_set, to_record
from pulse_kedro.domain.data_management.quality import assess
from pulse_kedro.domain.data_management.regimes import RegimeOptions, sense
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.series import describe_series, panel_of
from pulse_kedro.domain.data_management.snapshots import Snapshot, take
from pulse_kedro.domain.data_management.source import SourceOptions


def split_rows(observations: pd.DataFrame, source: SourceOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the source that can be used, and the quarantine: the others, each with its reason."""
    return split(observations, source)


def resolve_cycle(rows: pd.DataFrame, as_of: str | None, source: SourceOptions, history: Ancestry) -> Period:
    """Period at which this cycle stands, and the committed cycles it may build on."""
    return resolve(rows, as_of, source, history)


def take_snapshot(rows: pd.DataFrame, period: Period, source: SourceOptions) -> Snapshot:
    """Immutable snapshot of what is known at the period, named by its content."""
    return take(rows, period.as_of, source)


def make_panel(snapshot: Snapshot, source: SourceOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel of all observations, and one line per series that says whether it gets a forecast."""
    return panel_of(snapshot), describe_series(snapshot, source)


def assess_quality(
    rows: pd.DataFrame, quarantine: pd.DataFrame, snapshot: Snapshot, source: SourceOptions
) -> dict[str, object]:
    """Quality report: rows by fate, series by status, gaps, and what is missing."""
    return assess(rows, quarantine, snapshot, source)


def make_features(
    panel: pd.DataFrame, snapshot: Snapshot, source: SourceOptions, features: FeatureOptions
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Season, scale and configured features of every row of the panel, known at that row, and their manifest."""
    made = make_feature_set(panel, source, features, parents=[snapshot.id])
    return made.frame, to_record(made)


def sense_regimes(
    panel: pd.DataFrame, events: tuple[Event, ...], source: SourceOptions, regimes: RegimeOptions
) -> tuple[pd.DataFrame, tuple[Event, ...]]:
    """Regime of every period on every axis, and the events of its changes; each known at its period and never later."""
    return sense(panel, source.step, regimes, events)
