"""The rules room with the real runner, and the book that a cycle starts from."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from overlay_samples import overlay_options
from pulse_kedro.domain.history import History
from pulse_kedro.domain.rules.bias import BIAS_COLUMNS
from pulse_kedro.domain.rules.mining import Mined, Try
from pulse_kedro.domain.rules.rule import one_of, rule_of
from pulse_kedro.domain.rules.rulebook import BrokenRulebook, Rulebook, empty_rulebook, read_rulebook
from pulse_kedro.domain.rules.scene import SHIFT_COLUMNS
from pulse_kedro.pipelines.rules import create_pipeline
from pulse_kedro.pipelines.rules.learning import EVALUATION_TYPES, book_before, tabulate_tries
from records import a_cycle, committed
from rooms import run_room
from rule_samples import LATER, MONDAYS, TERMS, in_force

RECIPE, OTHER = "a" * 64, "b" * 64
TIMES = pd.date_range("2018-01-01", periods=6, freq="MS")


def given(*, book: Rulebook | None = None) -> dict[str, object]:
    """A backtest of one step at five cutoffs; with a book, that of the parent."""
    backtest = pd.DataFrame({"unique_id": "s1", "cutoff": TIMES[:-1], "ds": TIMES[1:], "step": 1, "y": np.arange(5.0)})
    backtest = backtest.assign(model="combination", recipe=RECIPE[:12], y_hat=0.0, scale=2.0)
    now = pd.DataFrame({"unique_id": ["s1"], "cutoff": TIMES[-1:], "step": 1, "recipe": RECIPE[:12]})
    before = a_cycle(TIMES[-2], recipe=RECIPE)
    served = committed(before) if book is None else replace(committed(before), rulebook=book.hash)
    ancestors = () if book is None else (before.key,)
    return {
        "backtest": backtest,
        "open_windows": now.assign(y_hat=0.0, scale=2.0),
        "panel": pd.DataFrame({"unique_id": "s1", "ds": TIMES, "y": np.arange(6.0) - 1}),
        "series": pd.DataFrame({"unique_id": ["s1"], "title": ["Mining: Coal"]}),
        "promotion_decision": {"recipe": RECIPE, "serves": "challenger"},
        "period": a_cycle(TIMES[-1], ancestors).period,
        "history": History(cycles=(served,), head=served.key),
        "rulebooks": lambda _: {} if book is None else book.record(),
        "params:rules": TERMS,
        "overlays": pd.DataFrame(),
        "params:overlays": overlay_options(),
    }


def test_room_measures_the_serving_recipe_and_waits_for_windows_to_learn_from() -> None:
    made = run_room(create_pipeline(), given())

    table, book = made["bias_table"], read_rulebook(made["rulebook"])
    assert BIAS_COLUMNS == tuple(table.columns)
    assert {"month": 5, "horizon": 1, "group": 1} == table.groupby("kind")["slice"].nunique().to_dict()
    assert table.loc[table["kind"] == "group", "mean_residual"].item() == 1.0
    assert "No overlay is defined." == made["overlay_ablation"]["reason"]
    assert made["overlay_correction"].empty
    assert (RECIPE, (), None) == (book.recipe, book.rules, book.trial)
    assert "1 of 8 windows that could choose among rules are there." == book.reason
    assert EVALUATION_TYPES == made["rule_evaluations"].dtypes.map(str).replace("object", "str").to_dict()
    assert (SHIFT_COLUMNS, 0) == (tuple(made["rule_shifts"].columns), len(made["rule_shifts"]))


def test_rules_of_the_parent_stay_in_force_and_shift_what_they_hold_for() -> None:
    always = rule_of([one_of("month", *(f"{month:02d}" for month in range(1, 8)))], 0.5)

    made = run_room(create_pipeline(), given(book=in_force(always, recipe=RECIPE)))

    assert [str(always)] == made["rulebook"]["words"]
    assert [0.5] * 6 == made["rule_shifts"]["shift"].tolist()
    assert TIMES.tolist() == made["rule_shifts"]["cutoff"].tolist()


def test_rules_that_are_switched_off_are_dropped() -> None:
    inputs = given(book=in_force(LATER, recipe=RECIPE)) | {"params:rules": replace(TERMS, enabled=False)}

    made = run_room(create_pipeline(), inputs)

    assert ([], "Rules are switched off.") == (made["rulebook"]["rules"], made["rulebook"]["reason"])


def test_a_broken_rulebook_stops_the_cycle() -> None:
    record = in_force(LATER, recipe=RECIPE).record() | {"reason": "edited by hand"}
    inputs = given(book=in_force(LATER, recipe=RECIPE)) | {"rulebooks": lambda _: record}

    with pytest.raises(BrokenRulebook, match="expected rules under the hash of their content"):
        run_room(create_pipeline(), inputs)


def test_a_recipe_starts_from_the_newest_book_it_had_and_from_no_other() -> None:
    """The last cycle took a promotion back: the recipe finds what it had before, the other one its own."""
    mine, theirs = in_force(LATER, recipe=RECIPE), in_force(MONDAYS, recipe=OTHER)
    one, two = a_cycle(TIMES[0], recipe=RECIPE), a_cycle(TIMES[1], recipe=OTHER)
    cycles = (
        replace(committed(one), rulebook=mine.hash),
        replace(committed(two), rulebook=theirs.hash),
    )
    history, books = History(cycles=cycles, head=two.key), {book.hash: book.record() for book in (mine, theirs)}
    now = a_cycle(TIMES[2], (two.key, one.key)).period
    replayed = a_cycle(TIMES[1], (one.key,)).period

    assert mine == book_before(RECIPE, history, books.__getitem__, now)
    assert theirs == book_before(OTHER, history, books.__getitem__, now)
    assert empty_rulebook(OTHER) == book_before(OTHER, history, books.__getitem__, replayed)
    assert empty_rulebook("c" * 64) == book_before("c" * 64, history, books.__getitem__, now)


def test_every_try_is_one_row_in_words() -> None:
    made = Try(rule=LATER, mined=0.02, lower=0.01, selected=-0.005, p=0.6, cutoffs=9, kept=False)

    (row,) = tabulate_tries(Mined(rules=(), tries=(made,), candidates=1)).to_dict("records")

    assert ("IF step >= 2 THEN forecast += 1 scale", LATER.family) == (row["rule"], row["family"])
    assert (0.02, 0.01, -0.005, 0.6, 9, False) == tuple(row[name] for name in list(EVALUATION_TYPES)[3:])


def test_overlays_are_weighed_on_what_rules_leave_since_their_trial_began() -> None:
    """Rules that take the whole error away leave nothing to correct, and the two years that made them do not count."""
    months = pd.date_range("2014-01-01", periods=97, freq="MS")
    wave = np.sin(np.arange(97.0))
    backtest = pd.DataFrame({"unique_id": "s1", "cutoff": months[:-1], "ds": months[1:], "step": 1, "y": 2 * wave[:-1]})
    backtest = backtest.assign(model="combination", recipe=RECIPE[:12], y_hat=0.0, scale=2.0)
    book = in_force(LATER, recipe=RECIPE, opens="2016-01-01T00:00:00")
    shifts = pd.DataFrame({"unique_id": "s1", "cutoff": months[:-1], "step": 1, "shift": wave[:-1]})
    inputs = {
        "backtest": backtest,
        "overlays": pd.DataFrame({"ds": months, "overlay": "pulse", "value": 0.5 + wave / 4}),
        "promotion_decision": {"recipe": RECIPE},
        "period": a_cycle(months[-1]).period,
        "params:overlays": overlay_options(definitions=[{"name": "pulse", "inputs": [{"series": "s9"}]}]),
    }
    room = create_pipeline().only_nodes("rules.weigh_overlays")

    without = run_room(room, inputs | {"rulebook": empty_rulebook(RECIPE).record(), "rule_shifts": shifts.iloc[:0]})
    with_rules = run_room(room, inputs | {"rulebook": book.record(), "rule_shifts": shifts})

    assert without["overlay_ablation"]["without"] > 0.3
    assert 0 == with_rules["overlay_ablation"]["without"]
    assert 24 == without["overlay_ablation"]["cutoffs"] - with_rules["overlay_ablation"]["cutoffs"]
    assert not with_rules["overlay_ablation"]["kept"]
