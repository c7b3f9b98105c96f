"""From the source to the panel; every step is a pure function of its arguments."""

import pandas as pd

from pulse_kedro.domain.cycle import Period
from pulse_kedro.domain.data_management.as_of import Ancestry, resolve
from pulse_kedro.domain.data_management.cleaning import CleaningOptions, clean
from pulse_kedro.domain.data_management.events import Event
from pulse_kedro.domain.data_management.features.definition import FeatureOptions
from pulse_kedro.domain.data_management.features.manifest import make_feature_set, to_record
from pulse_kedro.domain.data_management.overlays import trace
from pulse_kedro.domain.data_management.quality.options import QualityOptions
from pulse_kedro.domain.data_management.quality.report import assess
from pulse_kedro.domain.data_management.regimes import RegimeOptions, sense
from pulse_kedro.domain.data_management.rows import split
from pulse_kedro.domain.data_management.series import describe_series, panel_of
from pulse_kedro.domain.data_management.snapshots import SNAPSHOTS, Snapshot, take
from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.rules.corrector import OverlayOptions


def split_rows(observations: pd.DataFrame, source: SourceOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of the source that can be used, and the quarantine: the others, each with its reason."""
    rows, quarantine = split(observations, source)
    rows.attrs[SNAPSHOTS] = observations.attrs.get(SNAPSHOTS, ())
    return rows, quarantine


def resolve_cycle(
    rows: pd.DataFrame, as_of: str | None, known_at: str | None, source: SourceOptions, history: Ancestry
) -> Period:
    """Period at which this cycle stands, the moment whose knowledge counts, and the cycles it may build on."""
    return resolve(rows, as_of, source, history, known_at=known_at)


def take_snapshot(rows: pd.DataFrame, period: Period, source: SourceOptions) -> Snapshot:
    """Immutable snapshot of what is known at the period, named by its content."""
    return take(rows, period.as_of, source, period.known_at, parents=rows.attrs.get(SNAPSHOTS, ()))


def clean_panel(
    snapshot: Snapshot, source: SourceOptions, quality: QualityOptions, cleaning: CleaningOptions
) -> tuple[Snapshot, pd.DataFrame]:
    """What the cycle learns from, and the log of every value that a rule of cleaning is about; no rule, no change."""
    return clean(snapshot, source, quality, cleaning)


def make_panel(cleaned: Snapshot, source: SourceOptions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Panel of all observations, and one line per series that says whether it gets a forecast."""
    return panel_of(cleaned), describe_series(cleaned, source)


def assess_quality(
    *,
    rows: pd.DataFrame,
    quarantine: pd.DataFrame,
    snapshot: Snapshot,
    cleaning_log: pd.DataFrame,
    source: SourceOptions,
    quality: QualityOptions,
) -> tuple[dict[str, object], pd.DataFrame]:
    """Quality report, which counts rows, series, gaps and findings, and the findings one by one."""
    return assess(rows, quarantine, snapshot, source=source, options=quality, cleaned=cleaning_log)


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


def make_overlays(panel: pd.DataFrame, source: SourceOptions, overlays: OverlayOptions) -> pd.DataFrame:
    """Overlays of every period: bounded composites of ranks, each from what was known up to its period."""
    return trace(panel, source.step, overlays.definitions)
