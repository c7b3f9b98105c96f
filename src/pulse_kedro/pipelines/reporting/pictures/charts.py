"""Pictures of the evidence: errors against baselines, skill by horizon, coverage, and the comparison of two recipes."""

from collections.abc import Sequence

import pandas as pd

from pulse_kedro.pipelines.reporting.curves import BY_CUTOFF, COVERAGE
from pulse_kedro.pipelines.reporting.pictures.canvas import (
    Layout,
    Picture,
    Trace,
    compose,
    on_panel,
    paint,
    panel_axes,
    panel_title,
)
from pulse_kedro.pipelines.reporting.pictures.palette import DASHES, role
from pulse_kedro.pipelines.reporting.wording import COMBINATION, model_name

LEFT, RIGHT, WHOLE = (0.0, 0.42, 0.0, 1.0), (0.55, 1.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)
FLOOR = -0.5
"""Skill under which lines leave the frame, so that one poor model does not flatten the others."""
SHOWN_LEVELS = (0.8, 0.95)


def draw_backtest(models: pd.Series, curves: pd.DataFrame, baselines: Sequence[str]) -> Picture:
    """Mean error of each model, and how the errors of combination and baselines moved over time.

    Args:
        models: MASE by model.
        curves: As `trace_curves` returns them.
        baselines: Names of the models that everybody could run.

    Returns:
        Two panels.
    """
    by_cutoff = curves[curves["curve"] == BY_CUTOFF]
    names = [name for name in (*baselines, COMBINATION) if (by_cutoff["model"] == name).any()]
    longest = float(models.max()) if len(models.dropna()) else 1.0
    lines = [_model_line(by_cutoff[by_cutoff["model"] == name], name, "cutoff", baselines) for name in names]
    traces = [on_panel(_bars(models.dropna(), baselines), 0), *(on_panel(line, 1) for line in lines)]
    layout = {
        **panel_axes(
            0, LEFT, {"title": {"text": "MASE, lower is better"}, "range": [0, 1.18 * longest]}, {"type": "category"}
        ),
        **panel_axes(1, RIGHT, {"type": "date"}, {"title": {"text": "MASE"}, "rangemode": "tozero"}),
        "annotations": [panel_title("Mean error by model", LEFT), panel_title("Mean error by cutoff", RIGHT)],
    }
    return compose(traces, layout, height=380)


def _bars(models: pd.Series, baselines: Sequence[str]) -> Trace:
    ranked = models.sort_values(ascending=False, kind="mergesort")
    values = [float(value) for value in ranked]
    trace = {
        "type": "bar",
        "orientation": "h",
        "showlegend": False,
        "x": [round(value, 5) for value in values],
        "y": [model_name(str(name)) for name in ranked.index],
        "text": [f"{value:.3f}" for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"line": {"width": 0}},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }
    return paint(trace, {"marker.color": [role(str(name), baselines) for name in ranked.index]})


def _model_line(rows: pd.DataFrame, model: str, x: str, baselines: Sequence[str]) -> Trace:
    ordered = rows.sort_values(x)
    when = ordered[x].dt.strftime("%Y-%m-%d") if x == "cutoff" else ordered[x]
    is_ours = model == COMBINATION
    trace = {
        "type": "scatter",
        "mode": "lines",
        "name": model_name(model),
        "x": when.tolist(),
        "y": ordered["value"].round(4).tolist(),
        "line": {"width": 2.8 if is_ours else 1.6, "dash": DASHES.get(model, "solid")},
        "hovertemplate": "%{y:.3f}",
    }
    return paint(trace, {"line.color": role(model, baselines)})


def draw_skill(horizon: pd.DataFrame, reference: str, baselines: Sequence[str]) -> Picture:
    """Share of the reference's error that each model avoids, by step.

    Args:
        horizon: MASE in rows of steps, columns of models.
        reference: Model whose skill is 0.
        baselines: Names of the models that everybody could run.

    Returns:
        One panel; empty when the reference was not scored.
    """
    skill = pd.DataFrame(index=horizon.index)
    if reference in horizon.columns:
        skill = 1 - horizon.drop(columns=reference).div(horizon[reference], axis=0)
    names = sorted(skill.columns, key=lambda name: (name == COMBINATION, role(str(name), baselines) != "member", name))
    first = next((name for name in names if role(str(name), baselines) == "member"), None)
    traces = [_skill_line(skill[name], str(name), baselines, is_first=name == first) for name in names]
    lowest = max(float(skill.min().min()) if names else 0.0, FLOOR)
    y = {"title": {"text": f"error avoided against {model_name(reference).lower()}"}, "tickformat": ".0%"}
    top = float(skill.max().max()) if names else 1.0
    margin = 0.06 * (top - lowest)
    layout = panel_axes(
        0, WHOLE, _step_axis(horizon.index), {**y, "range": [lowest - margin, top + margin], "zeroline": True}
    )
    return compose(traces, {**layout, "hovermode": "closest"}, height=380)


def _skill_line(values: pd.Series, model: str, baselines: Sequence[str], *, is_first: bool) -> Trace:
    """One line; the members of the combination share one entry of the legend."""
    rows = pd.DataFrame({"step": values.index, "value": values.to_numpy()})
    line = {
        **_model_line(rows, model, "step", baselines),
        "hovertemplate": f"{model_name(model)}: %{{y:.1%}}<extra></extra>",
    }
    if role(model, baselines) != "member":
        return line
    return {**line, "name": "Members of the combination", "legendgroup": "members", "showlegend": is_first}


def _step_axis(steps: Sequence[int] | pd.Index) -> Layout:
    return {"title": {"text": "steps ahead"}, "dtick": 1 if len(steps) <= 16 else 4}  # noqa: PLR2004  (labels that fit)


def draw_coverage(curves: pd.DataFrame) -> Picture:
    """How often outcomes fell inside the intervals: for all levels, and by step for the usual two.

    Args:
        curves: As `trace_curves` returns them.

    Returns:
        Two panels, each with what it should be.
    """
    coverage = curves[curves["curve"] == COVERAGE]
    overall = coverage[coverage["step"] == 0].sort_values("level")
    by_step = coverage[(coverage["step"] > 0) & coverage["level"].isin(SHOWN_LEVELS)]
    traces = [on_panel(trace, 0) for trace in _calibration(overall) if len(overall)]
    for level in SHOWN_LEVELS:
        rows = by_step[by_step["level"] == level].sort_values("step")
        traces += [on_panel(trace, 1) for trace in _coverage_by_step(rows, level)]
    share = {"tickformat": ".0%", "range": [0, 1.02]}
    layout = {
        **panel_axes(0, LEFT, {"title": {"text": "nominal"}, **share}, {"title": {"text": "realised"}, **share}),
        **panel_axes(
            1, RIGHT, _step_axis(sorted(set(by_step["step"]))), {**_near(by_step["value"]), "tickformat": ".0%"}
        ),
        "annotations": [panel_title("All intervals", LEFT), panel_title("By steps ahead", RIGHT)],
    }
    return compose(traces, layout, height=380)


def _near(values: pd.Series) -> Layout:
    lowest = min([0.7, *(float(value) - 0.03 for value in values.dropna())])
    return {"range": [lowest, 1.01]}


def _calibration(overall: pd.DataFrame) -> list[Trace]:
    ideal = {"type": "scatter", "mode": "lines", "name": "as promised", "x": [0, 1], "y": [0, 1], "hoverinfo": "skip"}
    seen = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "realised",
        "x": overall["level"].tolist(),
        "y": overall["value"].round(4).tolist(),
        "marker": {"size": 7},
        "line": {"width": 2.4},
        "hovertemplate": "nominal %{x:.0%}, realised %{y:.1%}<extra></extra>",
    }
    roles = {"line.color": COMBINATION, "marker.color": COMBINATION}
    return [paint({**ideal, "line": {"width": 1.2, "dash": "dot"}}, {"line.color": "muted"}), paint(seen, roles)]


def _coverage_by_step(rows: pd.DataFrame, level: float) -> list[Trace]:
    steps = rows["step"].tolist()
    shape = {"type": "scatter", "x": steps, "showlegend": False}
    ideal = {
        **shape,
        "mode": "lines",
        "y": [level] * len(steps),
        "hoverinfo": "skip",
        "line": {"width": 1.2, "dash": "dot"},
    }
    seen = {
        **shape,
        "mode": "lines+markers",
        "name": f"{level:.0%} interval",
        "y": rows["value"].round(4).tolist(),
        "line": {"width": 2.4},
        "hovertemplate": f"{level:.0%} interval, %{{x}} ahead: %{{y:.1%}}<extra></extra>",
    }
    return [
        paint(ideal, {"line.color": "muted"}),
        paint(seen, {"line.color": COMBINATION, "marker.color": COMBINATION}),
    ]
