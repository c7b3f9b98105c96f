"""The commit on a real database: everything or nothing, once, and only on the newest parent."""

from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, func, select

from databases import fresh_database, go_back
from pulse_kedro.adapters.stores import cycles, edges, ledger, metrics, rules
from pulse_kedro.adapters.stores.engine import open_for_reading, open_for_writing
from pulse_kedro.adapters.stores.scoreboard import overall
from pulse_kedro.adapters.stores.summary import summarize
from pulse_kedro.adapters.stores.tables import metadata
from pulse_kedro.datasets.store_dataset import RulebooksDataset
from pulse_kedro.domain.cycle import Cycle
from pulse_kedro.domain.history import CycleRecord, HeadMoved, History
from pulse_kedro.domain.ledger import FORECAST_COLUMNS, OUTCOME_COLUMNS
from pulse_kedro.domain.rules.rulebook import empty_rulebook, read_rulebook
from records import NOW, a_cycle, a_record, forecasts, months, outcomes
from rule_samples import MONDAYS, in_force


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return open_for_writing(f"sqlite:///{tmp_path}/pulse.db")


def next_cycle(engine: Engine, as_of: str, *, recipe: str = "r1", code: str = "1") -> Cycle:
    return a_cycle(as_of, cycles.read_history(engine).ancestors(pd.Timestamp(as_of)), recipe=recipe, code=code)


def commit(engine: Engine, as_of: str, *, code: str = "1") -> CycleRecord:
    cycle = next_cycle(engine, as_of, code=code)
    learnt = outcomes(cycle) if cycle.period.parent else None
    record = a_record(cycle, known=learnt)
    cycles.commit(engine, record, now=NOW)
    return record


def content(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def test_a_committed_cycle_reads_back_as_it_was(engine: Engine) -> None:
    first = commit(engine, "2018-12-01")
    record = commit(engine, "2019-01-01")

    found = cycles.read(engine, record.cycle.key)

    assert ("main", first.cycle.key, record.cycle.period.as_of) == (found.line, found.parent, found.as_of)
    assert (record.bundle, "r1", "r1", 2, "2018-12-01") == (
        found.bundle,
        found.recipe,
        found.configured_recipe,
        found.revision,
        found.since,
    )
    assert {"verdict": "REVISION", "reason": "new data", "gate": None, "gain": 0.125} == found.decision
    assert {"rows": 7, "newest": "2019-01-01T00:00:00"} == found.quality
    assert (("gone",), pd.Timestamp(NOW)) == (found.ended, found.committed_at)


def test_the_ledger_reads_back_bit_for_bit(engine: Engine) -> None:
    first = commit(engine, "2018-12-01")
    second = commit(engine, "2019-01-01")

    found = ledger.read(engine)

    issued = pd.concat([first.forecasts, second.forecasts], ignore_index=True)
    both = found.forecasts.sort_values(["cutoff", "unique_id", "step"], ignore_index=True)
    pd.testing.assert_frame_equal(issued, both[list(FORECAST_COLUMNS)], check_exact=True)
    pd.testing.assert_frame_equal(second.outcomes, found.outcomes[list(OUTCOME_COLUMNS)], check_exact=True)
    assert found.forecasts["as_of"].equals(found.forecasts["cutoff"])
    assert {second.cycle.key} == set(found.outcomes["cycle"])


def test_the_empty_ledger_has_the_types_of_the_full_one(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    commit(engine, "2019-01-01")

    found = ledger.read(engine)

    assert found.forecasts.dtypes.to_dict() == ledger.EMPTY.forecasts.dtypes.to_dict()
    assert found.outcomes.dtypes.to_dict() == ledger.EMPTY.outcomes.dtypes.to_dict()


def test_missing_quantiles_and_metric_values_are_null_and_read_back_as_nan(engine: Engine) -> None:
    cycle = next_cycle(engine, "2018-12-01")
    issued = forecasts(cycle).assign(raw_q025=np.nan, ruled_q975=np.inf)
    cycles.commit(engine, replace(a_record(cycle), forecasts=issued), now=NOW)

    found = ledger.read(engine).forecasts

    assert found[["raw_q025", "ruled_q975"]].isna().all(axis=None)
    assert 2 == metrics.read(engine, cycle.key, "backtest")["value"].isna().sum()


def test_scores_are_kept_by_recipe_and_model(engine: Engine) -> None:
    record = commit(engine, "2018-12-01")

    found = overall(engine, record.cycle.key)

    assert {("r1", "combination"): {"mase": 0.5}, ("r1", "seasonal_naive"): {"mase": 1.0}} == found
    assert {} == overall(engine, record.cycle.key, "live")


def test_lineage_leads_from_a_snapshot_through_cycles_to_the_bundle(engine: Engine) -> None:
    first = commit(engine, "2018-12-01")
    second = commit(engine, "2019-01-01")

    found = edges.read(engine)

    here = f"cycle:{second.cycle.key}"
    assert {
        (f"snapshot:{second.cycle.snapshot}", here),
        (f"cycle:{first.cycle.key}", here),
        (here, f"bundle:{second.bundle}"),
        (here, "rulebook:h0"),
    } == {edge for edge in found if here in edge}


def test_the_rulebook_is_kept_once(engine: Engine) -> None:
    cycle = next_cycle(engine, "2018-12-01")
    book = {"hash": "h1", "recipe": "r1", "rules": [{"id": "x"}]}
    cycles.commit(engine, replace(a_record(cycle), rulebook=book), now=NOW)
    cycles.commit(engine, replace(a_record(next_cycle(engine, "2019-01-01")), rulebook=book), now=NOW)

    assert book == rules.read(engine, "h1")
    assert {} == rules.read(engine, "never kept")


def test_a_rulebook_comes_back_whole(engine: Engine) -> None:
    book = in_force(MONDAYS)
    cycles.commit(engine, replace(a_record(next_cycle(engine, "2018-12-01")), rulebook=book.record()), now=NOW)

    assert book == read_rulebook(rules.read(engine, book.hash))
    assert {} == RulebooksDataset(url="sqlite:////nowhere/pulse.db").load()(book.hash)


def test_a_rulebook_of_an_earlier_version_has_no_rules(tmp_path: Path) -> None:
    url = fresh_database(tmp_path / "old")
    commit(open_for_writing(url), "2018-12-01")
    go_back(open_for_writing(url), "0007")

    engine = open_for_writing(url)  # brings it to the newest revision

    assert empty_rulebook("r1") == read_rulebook(rules.read(engine, "h0"))


def test_the_same_cycle_again_changes_nothing(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    record = commit(engine, "2019-01-01")
    before = content(engine)

    found = cycles.commit(engine, replace(record, bundle="another"), now=NOW.replace(year=2027))

    assert (record.bundle, pd.Timestamp(NOW)) == (found.bundle, found.committed_at)
    assert before == content(engine)


def test_a_back_dated_cycle_leaves_champion_and_main_line_as_they_were(engine: Engine) -> None:
    for as_of in months("2018-12-01", 3):
        commit(engine, str(as_of))
    before, counts = cycles.read_head(engine), summarize(engine).ledger

    back = next_cycle(engine, "2019-01-01", code="2")
    found = cycles.commit(engine, a_record(back, known=outcomes(back)), now=NOW)

    assert "replay" == found.line
    assert before == cycles.read_head(engine)
    assert counts == summarize(engine).ledger
    assert back.key not in cycles.read_history(engine).ancestors(pd.Timestamp("2020-01-01"))
    assert back.key in set(ledger.read(engine).forecasts["cycle"])


def test_a_correction_of_the_head_takes_its_place_and_its_forecasts(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    old = commit(engine, "2019-01-01")
    counts = summarize(engine).ledger

    new = commit(engine, "2019-01-01", code="2")

    head = cycles.read_head(engine)
    assert (new.cycle.key, old.cycle.key, 3) == (head.cycle, head.previous_cycle, head.epoch)
    assert counts == summarize(engine).ledger


def test_a_cycle_that_lost_the_race_is_refused_and_leaves_no_trace(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    late = next_cycle(engine, "2019-02-01")
    commit(engine, "2019-01-01")
    before = content(engine)

    with pytest.raises(HeadMoved, match="run the same command again"):
        cycles.commit(engine, a_record(late), now=NOW)

    assert before == content(engine)
    commit(engine, "2019-02-01")


def test_a_champion_row_that_moved_under_the_transaction_rolls_everything_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(engine, "2018-12-01")
    record = a_record(next_cycle(engine, "2019-01-01"))
    before = content(engine)
    seen = cycles.read_head(engine)
    monkeypatch.setattr(cycles, "_head", lambda _: replace(seen, epoch=seen.epoch - 1))

    with pytest.raises(HeadMoved):
        cycles.commit(engine, record, now=NOW)

    assert before == content(engine)


def test_a_parent_that_was_never_committed_is_refused(engine: Engine) -> None:
    with pytest.raises(HeadMoved, match="got parent c-unknown, expected none"):
        cycles.commit(engine, a_record(a_cycle("2018-12-01", ("c-unknown",))), now=NOW)


def attempt(url: str, as_of: str, ancestors: tuple[str, ...], answers: object) -> None:
    engine = open_for_writing(url)
    try:
        answer = cycles.commit(engine, a_record(a_cycle(as_of, ancestors)), now=NOW).line
    except HeadMoved:
        answer = "lost"
    answers.put(answer)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # Python 3.12 warns of threads; the children use none
def test_of_cycles_committed_at_once_one_becomes_the_head_and_the_line_stays_a_chain(
    engine: Engine, tmp_path: Path
) -> None:
    commit(engine, "2018-12-01")
    history = cycles.read_history(engine)
    context = get_context("fork")
    answers = context.Queue()
    url = f"sqlite:///{tmp_path}/pulse.db"
    children = [
        context.Process(target=attempt, args=(url, str(as_of), (str(history.head),), answers))
        for as_of in months("2019-01-01", 4)
    ]

    for child in children:
        child.start()
    found = sorted(answers.get(timeout=30) for _ in children)
    for child in children:
        child.join()

    after = cycles.read_history(engine)
    assert 1 == found.count("main")
    assert {"lost", "replay", "main"} >= set(found)
    assert (history.head,) == after.ancestors(after.committed(str(after.head)).as_of)
    assert 2 == cycles.read_head(engine).epoch


def test_ten_cycles_of_the_bundled_size_are_counted_right(engine: Engine) -> None:
    series = [f"CEU{number:08d}" for number in range(147)]
    for as_of in months("2018-12-01", 10):
        cycle = next_cycle(engine, str(as_of))
        known = outcomes(cycle, series if cycle.period.parent else ())
        scores = pd.concat([many_scores(series, model) for model in range(10)], ignore_index=True)
        record = replace(a_record(cycle, series=series, known=known), scores=scores)
        cycles.commit(engine, record, now=NOW)

    counts = summarize(engine).ledger

    assert (17_640, 6_615, 11_025) == (counts.issued, counts.resolved, counts.pending)


def many_scores(series: list[str], model: int) -> pd.DataFrame:
    names = ("mase", "rmsse", "smape", "theil_u2", "wis", "coverage_80", "coverage_95")
    frame = pd.DataFrame({"unique_id": np.repeat(series, len(names)), "metric": np.tile(names, len(series))})
    return frame.assign(recipe="r1", model=f"m{model}", level="series", step=0, value=0.5, n=12)


def test_the_summary_of_nothing_is_empty(tmp_path: Path) -> None:
    found = summarize(open_for_reading(f"sqlite:///{tmp_path}/none.db"))

    assert (None, None, 0, 0) == (found.head, found.version, found.ledger.issued, found.ledger.pending)


def test_the_summary_before_the_first_commit_has_no_head(engine: Engine) -> None:
    assert summarize(engine).head is None
    assert History() == cycles.read_history(engine)


def test_the_summary_shows_the_head(engine: Engine) -> None:
    commit(engine, "2018-12-01")
    record = commit(engine, "2019-01-01")

    found = summarize(engine)

    assert found.head is not None
    assert (record.cycle.key, 2, []) == (found.head.key, found.version, found.rulebook["rules"])
    assert (48, 2, 46) == (found.ledger.issued, found.ledger.resolved, found.ledger.pending)
    assert {"mase": 0.5} == found.scores["r1", "combination"]


def test_every_row_of_a_commit_belongs_to_a_cycle_that_exists(engine: Engine) -> None:
    commit(engine, "2018-12-01")

    with engine.connect() as connection:
        assert [] == connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        assert 1 == connection.execute(select(func.count()).select_from(metadata.tables["cycles"])).scalar()
