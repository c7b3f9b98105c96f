"""Everything the reporting room reads, made up: a panel with trend and season, its backtest, forecasts and ledger."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from pydantic import TypeAdapter

from drift_samples import NOTHING_DRIFTED, drift_options
from miniature import YEAR, waves
from pulse_kedro.domain.cycle import Cycle, Period
from pulse_kedro.domain.data_management.quality.findings import Findings, find
from pulse_kedro.domain.data_management.snapshots import Snapshot
from pulse_kedro.domain.data_management.source import SourceColumns, SourceOptions
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, OUTCOME_COLUMNS, RAW_COLUMNS, RULED_COLUMNS, Ledger
from pulse_kedro.domain.metrics.calibration import check_quantiles
from pulse_kedro.domain.metrics.error_slices import slice_errors, states_at
from pulse_kedro.domain.metrics.live import score_ledger
from pulse_kedro.domain.metrics.residuals import residuals_of
from pulse_kedro.domain.metrics.scores import score_rows
from pulse_kedro.domain.panel import FREQUENCIES, QUANTILE_COLUMNS, frequency
from pulse_kedro.domain.rules.bias import tabulate
from pulse_kedro.domain.rules.rulebook import empty_rulebook
from pulse_kedro.pipelines.reporting import create_pipeline
from pulse_kedro.pipelines.reporting.options import ReportingOptions
from pulse_kedro.pipelines.rules.learning import tabulate_tries
from quality_samples import thresholds
from records import a_cycle, committed
from regime_samples import NO_RECESSIONS, regime_options, regimes_of
from rooms import run_room
from trust_samples import a_trust_table

CONF = Path(__file__).parents[1] / "conf" / "base" / "parameters_reporting.yml"
SERIES, PERIODS, CUTOFFS = 15, 240, 60
RECIPE, RIVAL = "a" * 64, "b" * 64
TIMES = pd.date_range("1999-01-01", periods=PERIODS, freq="MS").as_unit("ns")
FIRST = TIMES[-7]
IDS = tuple(f"S{number:02d}" for number in range(SERIES))
ENDED = IDS[-1]
HOSTILE = '<script>alert("x")</script><img src="https://evil.example/x.png">'
FEATURE_SET = {"id": "f0123456789abcdef", "definition_hash": "e" * 64, "columns": [{}, {}], "leakage_horizon": 0}
ERRORS = {"combination": 0.3, "seasonal_drift": 0.35, "seasonal_naive": 0.8, "naive": 1.0}
SPREAD = np.array([-1.96, -1.64, -1.28, -0.84, -0.52, -0.25, 0.0, 0.25, 0.52, 0.84, 1.28, 1.64, 1.96])
SOURCE = SourceOptions(
    name="made_up",
    columns=SourceColumns(unique_id="unique_id", ds="ds", y="y"),
    static=("title",),
    date_format=None,
    decimal=".",
    thousands=None,
    frequency="monthly",
    unit="thousands of persons",
    release_lag_days=38,
    stale_after=3,
    max_quarantined=0.3,
)


def options(**changes: object) -> ReportingOptions:
    """The options of the repository, some of them changed."""
    written = yaml.safe_load(CONF.read_text(encoding="utf-8"))["reporting"]
    return TypeAdapter(ReportingOptions).validate_python(written | changes)


def report(inputs: dict[str, Any], source: SourceOptions = SOURCE, **changes: object) -> dict[str, Any]:
    """Everything the reporting room makes of these inputs."""
    settings = {"params:source": source, "params:reporting": options(**changes), "params:regimes": regime_options()}
    settings["params:drift"] = drift_options()
    return run_room(create_pipeline(), inputs | settings)


def panel(as_of: pd.Timestamp) -> pd.DataFrame:
    """The first series sums up the others, the second has a gap of a year, the last one ended two years ago."""
    values = waves(1, periods=PERIODS, series=SERIES)
    values[:, 0] = values[:, 1:].sum(axis=1)
    values[120:132, 1] = np.nan
    values[-31:, -1] = np.nan
    rows = (
        pd.DataFrame(values, index=TIMES, columns=list(IDS))
        .rename_axis("ds")
        .melt(var_name="unique_id", value_name="y", ignore_index=False)
    )
    rows = rows.reset_index().dropna(subset=["y"])
    rows["available_at"] = (rows["ds"] + pd.DateOffset(days=68)).dt.tz_localize("UTC")
    known = rows[rows["ds"] <= as_of].sort_values(["unique_id", "ds"], ignore_index=True)
    return known[["unique_id", "ds", "y", "available_at"]]


def series(known: pd.DataFrame, titles: dict[str, str | None]) -> pd.DataFrame:
    table = known.groupby("unique_id")["ds"].agg(first="min", last="max", n="size").reset_index()
    named = [titles.get(name, f"Group {name[1]}: Widgets {name}") for name in table["unique_id"]]
    table.insert(1, "title", named)
    return table.assign(status=np.where(table["unique_id"] == ENDED, "ended", "alive"))


def backtest(known: pd.DataFrame, as_of: pd.Timestamp, recipes: Sequence[str]) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    wide = known.pivot_table(index="ds", columns="unique_id", values="y")
    end = TIMES.get_loc(as_of)
    cutoffs = range(end - YEAR - CUTOFFS + 1, end - YEAR + 1)
    index = pd.MultiIndex.from_product([wide.columns, cutoffs, range(1, YEAR + 1)], names=["unique_id", "at", "step"])
    rows = index.to_frame(index=False)
    rows = rows.assign(cutoff=TIMES[rows["at"]], ds=TIMES[rows["at"] + rows["step"]])
    rows["y"] = wide.reindex(TIMES).to_numpy()[rows["at"] + rows["step"], wide.columns.get_indexer(rows["unique_id"])]
    rows["scale"] = rows["unique_id"].map(wide.diff(YEAR).abs().mean())
    rows = rows.dropna(subset=["y"]).drop(columns="at")
    tables = []
    for recipe in recipes:
        for model, error in ERRORS.items():
            size = error * rows["scale"] * np.sqrt(rows["step"] / YEAR)
            point = rows["y"] + size * rng.normal(size=len(rows))
            quantiles = {
                name: point + size * gap if model == "combination" else np.nan
                for name, gap in zip(QUANTILE_COLUMNS, SPREAD, strict=True)
            }
            tables.append(rows.assign(model=model, recipe=recipe[:12], y_hat=point, **quantiles))
    table = pd.concat(tables, ignore_index=True)
    return table.astype(dict.fromkeys(("unique_id", "model", "recipe"), "category"))


def forecasts(cycle: Cycle, known: pd.DataFrame) -> pd.DataFrame:
    """Seasonal drift with intervals that widen, for every series that is alive."""
    wide = known[known["unique_id"] != ENDED].pivot_table(index="ds", columns="unique_id", values="y")
    past = wide.loc[: cycle.period.as_of]
    targets = pd.date_range(cycle.period.first_target, periods=YEAR, freq="MS")
    frames = []
    for name in past.columns:
        own = past[name].dropna().to_numpy()
        point = own[-YEAR:] + own[-1] - own[-YEAR - 1]
        size = 0.1 * own.std() * np.sqrt(np.arange(1, YEAR + 1) / YEAR)
        levels = {
            column: point + size * gap
            for names in (RAW_COLUMNS, RULED_COLUMNS)
            for column, gap in zip(names, SPREAD, strict=True)
        }
        frame = pd.DataFrame({"ds": targets.as_unit("ns"), "step": range(1, YEAR + 1), "y_hat": point, **levels})
        frames.append(frame.assign(cycle=cycle.key, unique_id=name, cutoff=cycle.period.as_of))
    return pd.concat(frames, ignore_index=True)[list(FORECAST_COLUMNS)]


def chain(count: int) -> list[Cycle]:
    """Cycles of successive months, each on the ones before; the newest last."""
    cycles: list[Cycle] = []
    for number in range(count + 1):
        ancestors = [cycle.key for cycle in reversed(cycles)]
        cycles.append(a_cycle(TIMES[TIMES.get_loc(FIRST) + number], ancestors, recipe=RECIPE))
    return cycles


def quality(known: pd.DataFrame) -> dict[str, object]:
    return {
        "source": "made_up",
        "first_period": "1999-01-01",
        "last_period": "2018-06-01",
        "rows": {
            "in": len(known) + 3,
            "kept": len(known),
            "quarantined": 3,
            "by_rule": {"text_value": 2, "conflict": 1},
            "examples": {"text_value": ["row 7: column 'y' holds '<b>n/a</b>', expected a number"], "conflict": []},
            "known": len(known),
            "after_as_of": 5,
        },
        "series": {"total": SERIES, "alive": SERIES - 1, "ended": [ENDED], "short": [], "constant": [], "lost": []},
        "gaps": {
            "count": 1,
            "periods": 12,
            "longest": [{"unique_id": IDS[1], "from": "2009-01-01", "to": "2009-12-01", "length": 12}],
        },
        "missing_share": 12 / (len(known) + 12),
        "findings": {"by_kind": {"gap": {"count": 1, "n": 12}, "unit": {"count": 1, "n": 1}}},
        "score": {
            "quality": {"value": 0.98, "limit": 0.7, "holds": True},
            "outliers": {"value": 0.002, "limit": 0.1, "holds": True},
            "duplicates": {"value": 0.0, "limit": 0.3, "holds": True},
            "good": True,
        },
        "cleaning": {},
    }


def found(known: pd.DataFrame, cycle: Cycle) -> Findings:
    """What is suspicious in a panel, with a faulty value in its second series."""
    place = known.index[known["unique_id"] == IDS[1]][-30]
    values = known["y"].where(known.index != place, 1000 * known["y"])
    snapshot = Snapshot(id="s", rows=known.assign(y=values), as_of=cycle.period.as_of, source="made_up")
    return find(snapshot, pd.DataFrame({"series": [], "rule": []}), SOURCE, thresholds())


GATE: dict[str, object] = {
    "verdict": "INSUFFICIENT_EVIDENCE",
    "champion": RECIPE,
    "challenger": RIVAL,
    "n": 60,
    "step": 1,
    "horizon": 12,
    "n_eff": 5,
    "champion_loss": 0.36,
    "challenger_loss": 0.35,
    "gain": 0.028,
    "low": -0.01,
    "high": 0.05,
    "detectable": 0.06,
    "p": 0.21,
    "alpha": 0.0,
    "needed": 900,
    "budget_left": 1.0,
}


def room(earlier: int = 0, *, with_gate: bool = False, titles: dict[str, str | None] | None = None) -> dict[str, Any]:
    """Inputs of the room for the cycle after `earlier` others; the ledger also holds a later one, to be ignored."""
    *before, cycle, later = chain(earlier + 1)
    known = panel(cycle.period.as_of)
    table = backtest(known, cycle.period.as_of, [RECIPE, RIVAL] if with_gate else [RECIPE])
    issued = [forecasts(one, panel(one.period.as_of)).assign(as_of=one.period.as_of) for one in (*before, later)]
    nothing_known = pd.DataFrame(columns=[*OUTCOME_COLUMNS, "cycle"])
    ledger = Ledger(forecasts=pd.concat(issued, ignore_index=True), outcomes=nothing_known)
    targets = ledger.of(cycle.period.ancestors).forecasts[["unique_id", "ds"]].drop_duplicates()
    outcomes = targets.merge(known, on=["unique_id", "ds"]).assign(snapshot=cycle.snapshot)[list(OUTCOME_COLUMNS)]
    scale = known.assign(scale=known.groupby("unique_id")["y"].transform("std"))
    scores = score_rows(table, known, FREQUENCIES["monthly"])
    regimes = regimes_of(known, series=[IDS[0]])
    residuals = residuals_of(table, RECIPE, FREQUENCIES["monthly"])
    decision: dict[str, object] = {
        "verdict": "INSUFFICIENT_EVIDENCE" if with_gate else "REVISION" if earlier else "BOOTSTRAP",
        "serves": "champion" if earlier else "challenger",
        "reason": "combination MASE 0.3 against 0.8 & counting.",
        "recipe": RECIPE,
        "bundle": "d" * 64,
        "gate": GATE if with_gate else None,
        "checks": {},
        "plan": {"action": "update" if earlier else "bootstrap", "cause": "why it was done"},
    }
    return {
        "panel": known,
        "series": series(known, titles or {}),
        "backtest": table,
        "scores": scores,
        "live_scores": score_ledger(ledger, outcomes, scale, cycle.period.ancestors),
        "promotion_decision": decision,
        "bias_table": tabulate(table, series(known, {IDS[5]: HOSTILE} if titles else {}), RECIPE, "monthly"),
        "forecasts": forecasts(cycle, known),
        "quality_report": quality(known),
        "quality_findings": found(known, cycle).table,
        "snapshot": Snapshot(id=cycle.snapshot, rows=known, as_of=cycle.period.as_of, source="made_up"),
        "feature_set": FEATURE_SET,
        "ledger": ledger,
        "period": cycle.period,
        "cycle_record": committed(cycle),
        "cutoff_losses": losses(),
        "regimes": regimes,
        "error_analysis": slice_errors(residuals, states_at(regimes, residuals.cutoffs)),
        "calibration": check_quantiles(table, RECIPE),
        "recessions": NO_RECESSIONS,
        "step_errors": step_errors(table),
        "drift_report": NOTHING_DRIFTED,
        "rulebook": empty_rulebook(RECIPE).record(),
        "rule_evaluations": tabulate_tries(None),
        "trust": a_trust_table().assign(entity=RECIPE[:12]).iloc[: 4 if earlier else 0],
    }


def step_errors(table: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of the combination one step ahead."""
    rows = table[(table["model"] == "combination") & (table["step"] == 1)]
    return rows[["recipe", "unique_id", "cutoff", "step", "y", "y_hat", "scale"]].reset_index(drop=True)


def losses() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frames = [
        pd.DataFrame({"recipe": recipe[:12], "cutoff": TIMES[60:180], "loss": rng.random(120), "n_series": SERIES})
        for recipe in (RECIPE, RIVAL)
    ]
    return pd.concat(frames, ignore_index=True)


def only(inputs: dict[str, Any], ids: Sequence[str]) -> dict[str, Any]:
    """The same room as if the source held nothing but these series."""

    def part(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["unique_id"].isin(ids)].reset_index(drop=True)

    whole = inputs["ledger"]
    cut = {name: part(inputs[name]) for name in ("panel", "series", "backtest", "forecasts", "quality_findings")}
    cut["snapshot"] = replace(inputs["snapshot"], rows=part(inputs["snapshot"].rows))
    scores = inputs["scores"]
    about = scores["level"].ne("series") | scores["unique_id"].isin(ids)
    groups = {"total": len(ids), "alive": len(ids), "ended": [], "short": [], "constant": [], "lost": []}
    return (
        inputs
        | cut
        | {
            "scores": scores[about],
            "bias_table": tabulate(cut["backtest"], cut["series"], RECIPE, inputs["period"].frequency),
            "ledger": Ledger(forecasts=part(whole.forecasts), outcomes=part(whole.outcomes)),
            "quality_report": inputs["quality_report"] | {"series": groups, "gaps": {}},
        }
    )


def retimed(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    """The same room with other periods in place of months, one for one; the last month becomes spring 2019."""
    freq = frequency(name)
    newest, first = inputs["period"].as_of, pd.Timestamp("2019-03-04 13:00" if name == "hourly" else "2019-03-04")

    def moved(when: pd.Timestamp) -> pd.Timestamp:
        return freq.shift(first, FREQUENCIES["monthly"].distance(newest, when)).as_unit("ns")

    def shifted(frame: pd.DataFrame) -> pd.DataFrame:
        dates = [column for column in ("ds", "until", "cutoff", "as_of", "first", "last") if column in frame]
        places = {when: moved(when) for column in dates for when in frame[column].unique()}
        return frame.assign(**{column: frame[column].map(places).astype("datetime64[ns]") for column in dates})

    whole, period, cycle = inputs["ledger"], inputs["period"], inputs["cycle_record"]
    names = ("panel", "series", "backtest", "forecasts", "cutoff_losses", "quality_findings")
    tables = {name: shifted(inputs[name]) for name in names}
    tables["snapshot"] = replace(inputs["snapshot"], rows=shifted(inputs["snapshot"].rows))
    new = Period(
        as_of=moved(period.as_of), first_target=moved(period.first_target), frequency=name, ancestors=period.ancestors
    )
    ended = {
        key: moved(pd.Timestamp(inputs["quality_report"][key])).isoformat() for key in ("first_period", "last_period")
    }
    return (
        inputs
        | tables
        | {
            "period": new,
            "cycle_record": replace(cycle, as_of=new.as_of, since=moved(pd.Timestamp("2018-06-01")).isoformat()),
            "ledger": Ledger(forecasts=shifted(whole.forecasts), outcomes=shifted(whole.outcomes)),
            "bias_table": tabulate(tables["backtest"], tables["series"], RECIPE, name),
            "quality_report": inputs["quality_report"] | ended | {"gaps": {}},
        }
    )
