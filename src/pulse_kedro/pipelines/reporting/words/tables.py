"""Tables of the report: cells as text, ready for any page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pulse_kedro.domain.ledger import POINT
from pulse_kedro.domain.panel import TIME
from pulse_kedro.pipelines.reporting.intervals import BANDS, bound
from pulse_kedro.pipelines.reporting.scores import Scores
from pulse_kedro.pipelines.reporting.wording import (
    COMBINATION,
    change,
    model_name,
    number,
    percent,
    period,
    season,
    span,
)
from pulse_kedro.pipelines.reporting.words.facts import Facts, Outlook

METRICS = {
    "mase": ("MASE", 3),
    "rmsse": ("RMSSE", 3),
    "smape": ("sMAPE", 2),
    "theil_u2": ("Theil U2", 3),
    "wis": ("WIS", 3),
    "coverage_80": ("80 % held", 1),
    "coverage_95": ("95 % held", 1),
    "uncertainty": ("Own spread", 3),
}
"""Heading and decimals by metric; coverage is printed in percent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Heading and rows as text; the first cell names its row, `marked` rows stand out, `texts` columns are words."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: tuple[int, ...] = ()
    texts: tuple[int, ...] = (0,)


def model_table(caption: str, scores: Scores) -> Table:
    """Every model with every metric, the best first.

    Args:
        caption: What the scores were measured on.
        scores: Values by model and metric; models without a MASE come last.
    """
    order = sorted(scores, key=lambda name: _sortable(scores[name].get("mase")))
    known = [metric for metric in METRICS if any(metric in values for values in scores.values())]
    return Table(
        caption=caption,
        head=("Model", *(METRICS[metric][0] for metric in known)),
        rows=tuple(
            (model_name(name), *(_cell(metric, scores[name].get(metric)) for metric in known)) for name in order
        ),
        marked=tuple(place for place, name in enumerate(order) if name == COMBINATION),
    )


def _sortable(value: float | None) -> float:
    return float("inf") if value is None or value != value else value  # noqa: PLR0124  (nan differs from itself)


def _cell(metric: str, value: float | None) -> str:
    digits = METRICS[metric][1]
    return percent(value, digits) if metric.startswith("coverage") else number(value, digits)


def horizon_table(mase: pd.DataFrame, coverage: pd.DataFrame, reference: str) -> Table:
    """The combination by step ahead: its error, the reference's, the share avoided, and what the intervals held.

    Args:
        mase: Rows of steps, columns of models.
        coverage: Rows of steps, columns `coverage_80` and `coverage_95`.
        reference: Model whose skill is 0.
    """
    rows = []
    for step in mase.index:
        ours, theirs = (mase[name].get(step) if name in mase else None for name in (COMBINATION, reference))
        skill = 1 - ours / theirs if ours is not None and theirs else None
        held = [coverage[name].get(step) if name in coverage else None for name in ("coverage_80", "coverage_95")]
        rows.append(
            (str(step), number(ours, 3), number(theirs, 3), change(skill), *(percent(share, 1) for share in held))
        )
    head = ("Steps ahead", "MASE", f"{model_name(reference)}", "Error avoided", "80 % held", "95 % held")
    return Table(caption="By steps ahead", head=head, rows=tuple(rows))


def overview_table(outlooks: Sequence[Outlook], facts: Facts) -> Table:
    """The shown series side by side.

    Args:
        outlooks: In the order of the report.
        facts: For names of periods and the unit.
    """
    target = period(outlooks[0].target, facts.frequency, short=True) if outlooks else "end"
    rows = tuple(
        (
            outlook.title,
            f"{number(outlook.last, outlook.digits)} ({period(outlook.last_period, facts.frequency, short=True)})",
            number(outlook.forecast, outlook.digits),
            change(outlook.change),
            span(outlook.low, outlook.high, outlook.digits),
            number(outlook.mase, 2),
            number(outlook.miss, outlook.digits),
        )
        for outlook in outlooks
    )
    head = (
        "Series",
        "Last known",
        target,
        f"On the {season(facts.frequency)}",
        "80 % interval",
        "Backtest MASE",
        "Usual miss",
    )
    return Table(caption=f"In {facts.source.unit}", head=head, rows=rows, marked=(0,) if rows else ())


def fan_table(forecasts: pd.DataFrame, digits: int, facts: Facts) -> Table:
    """Every step of one series: point and intervals.

    Args:
        forecasts: Rows of one series, in the order of steps.
        digits: Decimals.
        facts: For names of periods and the unit.
    """
    columns = [forecasts[POINT], *(bound(forecasts, level) for name in ("50", "80", "95") for level in BANDS[name])]
    rows = tuple(
        (
            period(when, facts.frequency, short=True),
            number(values[0], digits),
            *(span(values[low], values[low + 1], digits) for low in (1, 3, 5)),
        )
        for when, *values in zip(forecasts[TIME], *columns, strict=True)
    )
    head = ("Period", "Forecast", "50 % interval", "80 % interval", "95 % interval")
    return Table(caption=f"In {facts.source.unit}", head=head, rows=rows)


def live_table(live_scores: pd.DataFrame, mase: pd.DataFrame, expected: float) -> Table:
    """Issued forecasts that have come due, by step ahead, beside the backtest; the last row is all of them.

    Args:
        live_scores: Score table of one model.
        mase: Backtest MASE in rows of steps, columns of models.
        expected: Backtest MASE at the same mix of steps.
    """
    rows = []
    usual = mase[COMBINATION] if COMBINATION in mase else pd.Series(dtype=float)
    values = live_scores.pivot_table(index=["level", "step"], columns="metric", values="value", observed=True)
    counts = live_scores[live_scores["metric"] == "mase"].set_index(["level", "step"])["n"]
    for level, step in (key for key in values.index if key[0] in {"horizon", "overall"}):
        found = values.loc[(level, step)]
        shares = (percent(found.get(name), 1) for name in ("coverage_80", "coverage_95"))
        backtest = expected if level == "overall" else usual.get(step)
        label = "all" if level == "overall" else str(step)
        rows.append(
            (label, number(counts.get((level, step))), number(found.get("mase"), 3), number(backtest, 3), *shares)
        )
    head = ("Steps ahead", "Forecasts", "MASE", "MASE in the backtest", "80 % held", "95 % held")
    return Table(
        caption="Issued forecasts that have come due",
        head=head,
        rows=tuple(rows),
        marked=(len(rows) - 1,) if rows else (),
    )


def look_back_table(forecasts: pd.DataFrame, actual: float, digits: int, facts: Facts) -> Table:
    """What earlier cycles expected for the newest period of one series.

    Args:
        forecasts: Rows of ancestor cycles with that target, longest lead first.
        actual: What came true.
        digits: Decimals.
        facts: For names of periods.
    """
    rows = []
    low, high = (bound(forecasts, level) for level in BANDS["80"])
    for when, step, point, down, up in zip(
        forecasts["as_of"], forecasts["step"], forecasts[POINT], low, high, strict=True
    ):
        inside = "yes" if down <= actual <= up else "no"
        issued = period(when, facts.frequency, short=True)
        rows.append(
            (issued, str(step), number(point, digits), number(point - actual, digits), span(down, up, digits), inside)
        )
    head = ("Issued as of", "Steps ahead", "Forecast", "Forecast − actual", "80 % interval", "Inside")
    when = period(facts.period.as_of, facts.frequency)
    return Table(caption=f"{when}: it came to {number(actual, digits)}", head=head, rows=tuple(rows), texts=(0, 5))


GATE = {
    "n": "Past cutoffs compared",
    "n_eff": "… that do not overlap",
    "champion_loss": "Mean loss of the champion's recipe",
    "challenger_loss": "Mean loss of the challenger's recipe",
    "gain": "Gain of the challenger",
    "low": "… at least (interval)",
    "high": "… at most (interval)",
    "detectable": "Smallest gain that could be found",
    "p": "p value of the test",
    "alpha": "Level spent on this decision",
    "needed": "Cutoffs needed to confirm such a gain",
    "budget_left": "Expected false promotions left this year",
}
_SHARES = ("gain", "low", "high", "detectable")
STATES = {"PASS": "passed", "FAIL": "failed", "INCONCLUSIVE": "open"}
"""Words for what became of a guard."""


def gate_table(gate: Mapping[str, object]) -> Table:
    """Numbers of the comparison between two recipes.

    Args:
        gate: As recorded in the decision; unknown keys are left to the record.
    """
    rows = []
    for key, label in GATE.items():
        value = gate.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = number(value) if isinstance(value, int) else f"{value:.4g}"
            rows.append((label, change(float(value)) if key in _SHARES else text))
    return Table(caption="The comparison in numbers", head=("Measure", "Value"), rows=tuple(rows))


def guard_table(gate: Mapping[str, object]) -> Table | None:
    """What a better challenger may not be worse in; `None` where no guard was stood.

    Args:
        gate: As recorded in the decision.
    """
    guards = gate.get("guards")
    if not isinstance(guards, list) or not guards:
        return None
    rows = tuple((str(guard["name"]), STATES[str(guard["state"])], str(guard["detail"])) for guard in guards)
    return Table(caption="Guards of the promotion", head=("Guard", "State", "Figures"), rows=rows, texts=(0, 1, 2))
