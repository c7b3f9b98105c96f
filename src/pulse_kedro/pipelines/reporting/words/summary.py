"""The report as data: headline, tiles, sentences and tables in the order of the page. No markup."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from pulse_kedro.domain.ledger import as_served
from pulse_kedro.domain.panel import ID, TARGET, TIME
from pulse_kedro.pipelines.reporting.curves import BY_CUTOFF
from pulse_kedro.pipelines.reporting.scores import horizon_scores, series_scores, short
from pulse_kedro.pipelines.reporting.wording import COMBINATION, counted, is_number, number
from pulse_kedro.pipelines.reporting.words.advice import SeriesErrors, advise
from pulse_kedro.pipelines.reporting.words.analysis import calibration_sentence, errors_sentence, settling_sentence
from pulse_kedro.pipelines.reporting.words.bias import bias_sentence, bias_table, season_title
from pulse_kedro.pipelines.reporting.words.data import data_tables, describe_data
from pulse_kedro.pipelines.reporting.words.drift import describe_drift
from pulse_kedro.pipelines.reporting.words.facts import Facts, Outlook, titles_of
from pulse_kedro.pipelines.reporting.words.front import front_page
from pulse_kedro.pipelines.reporting.words.glossary import GLOSSARY
from pulse_kedro.pipelines.reporting.words.quality import describe_quality, findings_table, worst_cards
from pulse_kedro.pipelines.reporting.words.rules import looks_table, rules_sentence, rules_table, tried_table
from pulse_kedro.pipelines.reporting.words.sources import Sources
from pulse_kedro.pipelines.reporting.words.story import Entry, headline, tell, tiles
from pulse_kedro.pipelines.reporting.words.tables import (
    fan_table,
    gate_table,
    guard_table,
    horizon_table,
    live_table,
    look_back_table,
    model_table,
    overview_table,
)
from pulse_kedro.pipelines.reporting.words.trust import trust_sentence, trust_table


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
    gate = facts.decision.get("gate")
    guards = guard_table(gate) if isinstance(gate, Mapping) else None
    advice = advise(facts, SeriesErrors(ours=ours, reference=reference, titles=titles_of(sources.series)))
    return {
        "headline": headline(facts),
        "tiles": _plain(tiles(facts)),
        "story": _plain(tell(facts)),
        "front": front_page(facts, advice),
        "advice": _plain(advice),
        "gate": asdict(gate_table(gate)) if isinstance(gate, Mapping) else None,
        "guards": asdict(guards) if guards else None,
        "forecasts": _forecasts(facts, sources),
        "evidence": _evidence(facts, sources, mase),
        "earlier": _earlier(facts, sources, mase),
        "bias": {
            "text": bias_sentence(sources.bias, facts.options.bias_errors),
            "season": season_title(sources.bias),
            "table": asdict(bias_table(sources.bias)),
        },
        "rules": _rules(sources),
        "trust": {"text": trust_sentence(sources.trust, recipe), "table": asdict(trust_table(sources.trust))},
        "errors": errors_sentence(sources.errors, titles_of(sources.series)),
        "calibration": calibration_sentence(sources.calibration),
        "data": {
            "entries": _plain(describe_data(facts, sources.series)),
            "tables": _plain(data_tables(facts, sources.series)),
            "quality": _plain(describe_quality(facts.quality)),
            "findings": asdict(findings_table(facts.quality)),
            "worst": _plain(worst_cards(sources.findings, sources.series)),
        },
        "drift": _plain(describe_drift(facts, sources.drift)),
        "glossary": _plain(GLOSSARY),
        "provenance": _plain(_provenance(facts)),
    }


def _plain(values: Sequence[object]) -> list[dict[str, object]]:
    return [asdict(value) for value in values]  # type: ignore[call-overload]


def _forecasts(facts: Facts, sources: Sources) -> dict[str, object]:
    cards = []
    ranked = int(sources.chosen["ranked"].max()) if len(sources.chosen) else 0
    for outlook in facts.outlooks:
        rows = sources.forecasts[sources.forecasts[ID] == outlook.unique_id].sort_values("step")
        cards.append(
            {
                "unique_id": outlook.unique_id,
                "title": outlook.title,
                "note": _card_note(outlook, ranked),
                "numbers": asdict(fan_table(rows, outlook.digits, facts)),
            }
        )
    return {"rule": _rule(sources.chosen), "overview": asdict(overview_table(facts.outlooks, facts)), "cards": cards}


def _card_note(outlook: Outlook, ranked: int) -> str:
    """Where an example stands among the others; the aggregate, place 0, needs no note."""
    rank = f"Place {number(outlook.place)} of {number(ranked)}"
    return "" if outlook.place == 0 else f"{rank} · MASE {number(outlook.mase, 2)}"


def _rule(chosen: pd.DataFrame) -> str:
    examples = chosen[chosen["role"] == "example"]
    if examples.empty:
        return "No other series has a forecast."
    ranked = int(examples["ranked"].iloc[0])
    return (
        f"All {counted(ranked, 'other series', 'other series')} with a forecast were ranked by the backtest error of "
        f"the combination (MASE); shown are {number(len(examples))} at even distances, the best and the worst "
        "included. So the good and the bad are both here, and nobody picked them."
    )


def _evidence(facts: Facts, sources: Sources, mase: pd.DataFrame) -> dict[str, object]:
    recipe = short(facts.cycle.recipe)
    held = {name: horizon_scores(sources.scores, recipe, name) for name in ("coverage_80", "coverage_95")}
    coverage = pd.DataFrame({name: table[COMBINATION] for name, table in held.items() if COMBINATION in table})
    measured = {name: values for name, values in facts.scores.items() if is_number(values.get("mase"))}
    return {
        "models": asdict(
            model_table(f"Backtest over {counted(len(facts.cutoffs), 'cutoff')}, mean over all series", measured)
        ),
        "settling": settling_sentence(_by_cutoff(sources.curves)),
        "horizon": asdict(horizon_table(mase, coverage, facts.options.reference)),
    }


def _by_cutoff(curves: pd.DataFrame) -> pd.Series:
    rows = curves[(curves["curve"] == BY_CUTOFF) & (curves["model"] == COMBINATION)].sort_values("cutoff")
    return rows["value"].dropna()


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
    return asdict(look_back_table(as_served(rows), float(actual.iloc[0]), outlook.digits, facts))


def _rules(sources: Sources) -> dict[str, object]:
    book = sources.rulebook
    tables = {"table": rules_table(book), "looks": looks_table(book), "tried": tried_table(sources.tried)}
    return {"text": rules_sentence(book)} | {name: found and asdict(found) for name, found in tables.items()}


def _features(manifest: Mapping[str, object]) -> str:
    """The feature set by its id, with how many columns it has and how far they read."""
    columns = manifest["columns"]
    count = counted(len(columns) if isinstance(columns, list) else 0, "column")
    newest = f"none reads past its own period (leakage horizon {manifest['leakage_horizon']})"
    return f"{manifest['id']}, definition {str(manifest['definition_hash'])[:12]}, {count}; {newest}"


def _provenance(facts: Facts) -> list[Entry]:
    cycle = facts.cycle
    pairs = (
        ("Cycle", cycle.key),
        ("Built on cycle", cycle.parent or "none, this is the first"),
        ("Committed", f"{cycle.committed_at:%Y-%m-%d %H:%M} UTC"),
        ("Line", cycle.line),
        ("Snapshot of the data", cycle.snapshot),
        ("Features", _features(facts.features)),
        ("Recipe", cycle.recipe),
        ("Bundle", cycle.bundle),
        ("Rulebook", cycle.rulebook),
        ("Code", cycle.code_version),
    )
    return [Entry(term=term, text=text) for term, text in pairs]
