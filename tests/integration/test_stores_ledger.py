"""The ledger in the database: it only grows, readers follow the main line, and the history answers questions."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, delete, event, insert, select, text, update
from sqlalchemy.exc import DatabaseError

from databases import fresh_database
from pulse_kedro.adapters.stores import cycles, ledger, metrics
from pulse_kedro.adapters.stores.engine import open_for_writing, writing
from pulse_kedro.adapters.stores.metric_history import MetricNotKept, Slice, compare, history, summarise
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.stores.scoreboard import trust
from pulse_kedro.adapters.stores.tables import forecasts as forecasts_table
from pulse_kedro.adapters.stores.tables import metrics as metrics_table
from pulse_kedro.adapters.stores.tables import outcomes as outcomes_table
from pulse_kedro.domain.metrics.trust import to_scores
from records import NOW, a_cycle, a_record, months, outcomes
from trust_samples import a_trust_table

MASE = (0.5, 0.4, 0.45)


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Three cycles on the main line, a replay beside it."""
    engine = open_for_writing(fresh_database(tmp_path / "data"))
    keys: list[str] = []
    for place, (when, mase) in enumerate(zip(months("2018-12-01", 3), MASE, strict=True)):
        cycle = a_cycle(when, keys[::-1])
        record = a_record(cycle, known=outcomes(cycle) if keys else None)
        record.scores.loc[record.scores["model"].eq("combination") & record.scores["level"].eq("overall"), "value"] = (
            mase
        )
        losses = [("r1", "combination", "cutoff", f"2017-{at:02d}-01", 0, "mase", 1 - at % 5 * 0.1 - place / 4, 2)
                  for at in range(1, 13)]  # fmt: skip
        scores = pd.concat([record.scores, pd.DataFrame(losses, columns=record.scores.columns)], ignore_index=True)
        facts = {"regime": {"states": {"growth": "expansion"}}, "seeds": {"trust": 1}}
        cycles.commit(engine, replace(record, scores=scores, trust=to_scores(a_trust_table()), **facts), now=NOW)
        keys.append(cycle.key)
    cycles.commit(engine, a_record(a_cycle("2019-01-01", keys[:1], code="2")), now=NOW)
    return engine


@pytest.mark.parametrize("table", [forecasts_table, outcomes_table])
def test_the_database_refuses_to_change_or_to_forget(engine: Engine, table: object) -> None:
    before = ledger.read(engine)

    for statement in (update(table).values(unique_id="x"), delete(table)):
        with pytest.raises(DatabaseError, match="rows are added, never changed"), writing(engine) as connection:
            connection.execute(statement)

    assert before.forecasts.equals(ledger.read(engine).forecasts)
    assert before.outcomes.equals(ledger.read(engine).outcomes)


def test_the_log_of_the_main_line_leaves_replays_out(engine: Engine) -> None:
    line = cycles.read_history(engine).ancestors(pd.Timestamp("2020-01-01"))

    found, whole = ledger.read_main_line(engine), ledger.read(engine)

    assert set(line) == set(found.forecasts["cycle"])
    pd.testing.assert_frame_equal(whole.of(line).forecasts, found.forecasts)
    pd.testing.assert_frame_equal(whole.of(line).outcomes, found.outcomes)
    assert len(found.forecasts) < len(whole.forecasts)


def test_many_small_batches_read_as_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ledger.read(engine)
    monkeypatch.setattr(ledger, "BATCH", 5)

    found = ledger.read(engine)

    pd.testing.assert_frame_equal(whole.forecasts, found.forecasts)
    pd.testing.assert_frame_equal(whole.outcomes, found.outcomes)


def test_a_cycle_keeps_regime_seeds_and_trust(engine: Engine) -> None:
    newest = cycles.read_history(engine).newest

    assert ({"states": {"growth": "expansion"}}, {"trust": 1}) == (newest.regime, newest.seeds)
    found = trust(engine, newest.key, "r1")
    assert (0.75, 0.53, 0.92, 10) == (
        found["skill"].mean, found["skill"].low, found["skill"].high, found["skill"].windows,
    )  # fmt: skip
    assert found["alignment"].mean is None
    assert {} == trust(engine, newest.key, "another")


def test_history_follows_the_main_line_in_order_of_time(engine: Engine) -> None:
    found = history(engine, ["mase"])

    assert list(MASE) == [point.value for point in found]
    assert [(0.4), (0.45)] == [point.value for point in history(engine, ["mase"], limit=2)]


def test_a_window_after_the_last_record_holds_nothing_k6(engine: Engine) -> None:
    assert () == history(engine, ["mase"], start=pd.Timestamp(2026, 1, 1))
    assert () == history(engine, ["mase"], end=pd.Timestamp(2018, 1, 1))
    assert 1 == len(history(engine, ["mase"], start=pd.Timestamp(2019, 1, 1), end=pd.Timestamp(2019, 1, 31)))


def test_an_unknown_metric_is_an_error_with_the_nearest_name(engine: Engine) -> None:
    with pytest.raises(MetricNotKept, match=r"got 'masse'.* Did you mean 'mase'"):
        history(engine, ["masse"])


def test_a_summary_has_its_numbers(engine: Engine) -> None:
    (found,) = summarise(history(engine, ["mase"]))

    assert (3, 0.45, 0.4, 0.5, 0.45) == (found.n, found.median, found.min, found.max, found.last)
    assert [np.mean(MASE), np.std(MASE, ddof=1), np.quantile(MASE, 0.9)] == pytest.approx(
        [found.mean, found.std, found.p90]
    )


def test_a_metric_without_values_sums_up_to_nothing(engine: Engine) -> None:
    (found,) = summarise(history(engine, ["mase"], part=Slice(level="series", unique_id="a")))

    assert (0, None) == (found.n, found.mean)


def test_two_cycles_are_compared_on_the_cutoffs_they_share(engine: Engine) -> None:
    newest, _, first = (cycle for cycle in read_past(engine).cycles if cycle.line == "main")

    (found,) = compare(engine, first, newest, ["mase"])

    assert (0.5, 0.45, True) == (found.base, found.comparison, found.is_improvement)
    assert [-0.05, -0.1] == pytest.approx([found.absolute, found.relative])
    assert 12 == found.evidence.cutoffs
    assert found.evidence.p is not None
    assert found.evidence.low is not None
    assert found.evidence.p < 0.01
    assert found.evidence.low > 0


def test_a_metric_without_a_best_value_cannot_be_compared(engine: Engine) -> None:
    cycle = read_past(engine).cycles[0]

    with pytest.raises(MetricNotKept, match="got 'luck'"):
        compare(engine, cycle, cycle, ["luck"])


def plans_of(engine: Engine, ask: Callable[[], object]) -> list[str]:
    """Steps of the plans by which the database answers: how it enters the metric history."""
    steps: list[str] = []

    def explain(connection: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        cursor = connection.connection.cursor()
        if statement.startswith(("SELECT", "WITH")):
            steps.extend(str(row[3]) for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(engine, "before_cursor_execute", explain)
    ask()
    event.remove(engine, "before_cursor_execute", explain)
    return [step for step in steps if re.search(r"metrics|following", step)]


def test_history_is_read_by_the_index_on_names(engine: Engine) -> None:
    """A scan of the rows of each cycle took seconds at ten million rows, and the index takes none."""
    for names in (["mase"], []):
        steps = plans_of(engine, lambda names=names: history(engine, names))

        assert len(steps) >= 2
        assert [] == [step for step in steps if not step.startswith("SEARCH") or "INDEX metrics_by_name" not in step]


def test_two_cycles_are_compared_without_reading_others(engine: Engine) -> None:
    newest, _, first = (cycle for cycle in read_past(engine).cycles if cycle.line == "main")

    steps = plans_of(engine, lambda: compare(engine, first, newest, ["mase"]))

    assert len(steps) >= 4
    assert [] == [step for step in steps if not re.search(r"SEARCH metrics USING .*cycle=\?", step)]


@pytest.mark.slow
def test_many_values_are_kept_and_found(engine: Engine) -> None:
    """A tenth of the ten million rows of the requirement; the rest is a matter of time, not of rules."""
    key = cycles.read_history(engine).newest.key
    row = {"kind": "backtest", "recipe": "r", "model": "m", "level": "series", "step": 0, "metric": "mase", "n": 1}
    with writing(engine) as connection:
        for start in range(0, 100_000, 20_000):
            many = [
                row | {"cycle": key, "unique_id": f"s{at}", "value": float(at)} for at in range(start, start + 20_000)
            ]
            connection.execute(insert(metrics_table), many)

    part = Slice(model="m", level="series", unique_id="s77777")
    (found,) = history(engine, ["mase"], part=part)
    with writing(engine) as connection:
        connection.execute(text("ANALYZE"))  # plans may differ once the database knows how many rows there are
    steps = plans_of(engine, lambda: history(engine, ["mase"], part=part))

    assert 77777.0 == found.value
    assert [] == [step for step in steps if "INDEX metrics_by_name" not in step]
    assert 100_000 == len(metrics.read(engine, key, "backtest").query("recipe == 'r'"))
    with engine.connect() as connection:
        assert len(connection.execute(select(metrics_table.c.cycle).limit(3)).all()) == 3
