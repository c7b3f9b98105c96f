"""The report as data: headline, tiles, sentences and tables in the order of the page. No markup."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from pulse_kedro.domain.ledger import Ledger
from pulse_kedro.domain.panel import ID, TARGET, TIME
from pulse_kedro.pipelines.reporting.advice import SeriesErrors, advise
from pulse_kedro.pipelines.reporting.bias import bias_sentence, bias_table
from pulse_kedro.pipelines.reporting.data_section import data_tables, describe_data
from pulse_kedro.pipelines.reporting.facts import Facts, Outlook, horizon_scores, series_scores, short
from pulse_kedro.pipelines.reporting.glossary import GLOSSARY
from pulse_kedro.pipelines.reporting.story import Entry, headline, tell, tiles
from pulse_kedro.pipelines.reporting.tables import (
    fan_table,
    gate_table,
    horizon_table,
    live_table,
    look_back_table,
    model_table,
    overview_table,
)
from pulse_kedro.pipelines.reporting.wording import COMBINATION, counted, number


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """The tables that the report is written from."""

    panel: pd.DataFrame
    series: pd.DataFrame
    chosen: pd.DataFrame
    forecasts: pd.DataFrame
    scores: pd.DataFrame
    live_scores: pd.DataFrame
    bias: pd.DataFrame
    ledger: Ledger


def summarise(facts: Facts, sources: Sources) -> dict[str, object]:
    """Everything the page says, as plain JSON values.

    Args:
        facts: Numbers of the cycle.
        sources: The tables behind them.

    Returns:
        One key per section of the page.
    """
    recipe = short(facts.cycle.recipe)
    mase = horizon_scores(sources.scores, recipe)
    ours, reference = (series_scores(sources.scores, recipe, name) for name in (COMBINATION, facts.options.reference))
    titles = dict(zip(sources.series[ID].astype(str), sources.series["title"].astype(str), strict=True))
    gate = facts.decision.get("gate")
    return {
        "headline": headline(facts),
        "tiles": _plain(tiles(facts)),
        "story": _plain(tell(facts)),
        "advice": _plain(advise(facts, SeriesErrors(ours=ours, reference=reference, titles=titles))),
        "gate": asdict(gate_table(gate)) if isinstance(gate, Mapping) else None,
        "forecasts": _forecasts(facts, sources),
        "evidence": _evidence(facts, sources, mase),
        "earlier": _earlier(facts, sources, mase),
        "bias": {
            "text": bias_sentence(sources.bias, facts.options.bias_errors),
            "table": asdict(bias_table(sources.bias)),
        },
        "data": {
            "entries": _plain(describe_data(facts, sources.series)),
            "tables": _plain(data_tables(facts, sources.series)),
        },
        "glossary": _plain(GLOSSARY),
        "provenance": _plain(_provenance(facts)),
    }


def _plain(values: Sequence[object]) -> list[dict[str, object]]:
    return [asdict(value) for value in values]  # type: ignore[call-overload]


def _forecasts(facts: Facts, sources: Sources) -> dict[str, object]:
    cards = []
    places = sources.chosen.set_index(ID)
    for outlook in facts.outlooks:
        rows = sources.forecasts[sources.forecasts[ID] == outlook.unique_id].sort_values("step")
        row = places.loc[outlook.unique_id]
        cards.append(
            {
                "unique_id": outlook.unique_id,
                "title": outlook.title,
                "note": _card_note(row, outlook),
                "numbers": asdict(fan_table(rows, outlook.digits, facts)),
            }
        )
    return {"rule": _rule(sources.chosen), "overview": asdict(overview_table(facts.outlooks, facts)), "cards": cards}


def _card_note(row: pd.Series, outlook: Outlook) -> str:
    if row["role"] == "aggregate":
        return ""
    rank = f"Place {number(row['place'])} of {number(row['ranked'])}"
    return f"{rank} · MASE {number(outlook.mase, 2)}" if row["mase"] == row["mase"] else rank


def _rule(chosen: pd.DataFrame) -> str:
    examples = chosen[chosen["role"] == "example"]
    if examples.empty:
        return "No other series has a forecast."
    return (
        f"All {counted(int(examples['ranked'].iloc[0]), 'other series', 'other series')} with a forecast were ranked by the "
        f"backtest error of the combination (MASE); shown are {number(len(examples))} at even distances, the best and the worst "
        "included. So the good and the bad are both here, and nobody picked them."
    )


def _evidence(facts: Facts, sources: Sources, mase: pd.DataFrame) -> dict[str, object]:
    recipe = short(facts.cycle.recipe)
    held = {name: horizon_scores(sources.scores, recipe, name) for name in ("coverage_80", "coverage_95")}
    coverage = pd.DataFrame({name: table[COMBINATION] for name, table in held.items() if COMBINATION in table})
    measured = {name: values for name, values in facts.scores.items() if values.get("mase") == values.get("mase")}
    return {
        "models": asdict(
            model_table(f"Backtest over {counted(len(facts.cutoffs), 'cutoff')}, mean over all series", measured)
        ),
        "horizon": asdict(horizon_table(mase, coverage, facts.options.reference)),
    }


def _earlier(facts: Facts, sources: Sources, mase: pd.DataFrame) -> dict[str, object]:
    if not facts.earlier.due:
        return {"table": None, "newest": None, "title": ""}
    outlook = facts.outlooks[0] if facts.outlooks else None
    return {
        "table": asdict(live_table(sources.live_scores, mase, facts.earlier.expected)),
        "newest": _newest(outlook, facts, sources) if outlook else None,
        "title": outlook.title if outlook else "",
    }


def _newest(outlook: Outlook, facts: Facts, sources: Sources) -> dict[str, object] | None:
    """What ancestor cycles said about the newest period of the first series."""
    issued = sources.ledger.of(facts.period.ancestors).forecasts
    rows = issued[(issued[ID] == outlook.unique_id) & (issued[TIME] == facts.period.as_of)].sort_values(
        "step", ascending=False
    )
    panel = sources.panel
    actual = panel.loc[(panel[ID] == outlook.unique_id) & (panel[TIME] == facts.period.as_of), TARGET]
    if rows.empty or actual.empty:
        return None
    return asdict(look_back_table(rows, float(actual.iloc[0]), outlook.digits, facts))


def _provenance(facts: Facts) -> list[Entry]:
    cycle = facts.cycle
    pairs = (
        ("Cycle", cycle.key),
        ("Built on cycle", cycle.parent or "none, this is the first"),
        ("Committed", f"{cycle.committed_at:%Y-%m-%d %H:%M} UTC"),
        ("Line", cycle.line),
        ("Snapshot of the data", cycle.snapshot),
        ("Recipe", cycle.recipe),
        ("Bundle", cycle.bundle),
        ("Rulebook", cycle.rulebook),
        ("Code", cycle.code_version),
    )
    return [Entry(term=term, text=text) for term, text in pairs]
