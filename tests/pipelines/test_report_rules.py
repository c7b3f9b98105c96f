"""What the report says about rules: in force, on trial, tried, none."""

from dataclasses import replace

import pandas as pd

from pulse_kedro.domain.rules.mining import Mined, Try
from pulse_kedro.domain.rules.rulebook import empty_rulebook
from pulse_kedro.pipelines.reporting.words.rules import looks_table, rules_sentence, rules_table, tried_table
from pulse_kedro.pipelines.rules.learning import tabulate_tries
from report_samples import report, room
from rule_samples import LATER, MONDAYS, in_force, on_trial


def test_rules_in_force_are_told_with_the_look_that_they_passed() -> None:
    book = in_force(MONDAYS).record()

    table, looks = rules_table(book), looks_table(book)

    assert rules_sentence(book).startswith(
        "1 rule of the serving recipe may shift the forecasts shown here. Passed its"
    )
    assert table is not None
    assert (("IF weekday IN {1} THEN forecast += 0.5 scale", "in force"),) == table.rows
    assert looks is not None
    assert ("20", "5.0 %", "0.004", "passed") == tuple(looks.rows[0][place] for place in (0, 1, 3, 6))


def test_rules_on_trial_are_told_as_not_applied() -> None:
    book = replace(
        on_trial(LATER, MONDAYS), reason="3 of 20 windows for the next look at the trial are there."
    ).record()

    table = rules_table(book)

    assert rules_sentence(book).startswith("No rule shifts the forecasts; 2 rules on trial")
    assert table is not None
    assert ["on trial", "on trial"] == [row[1] for row in table.rows]
    assert looks_table(book) is None


def test_a_book_without_rules_says_why() -> None:
    book = empty_rulebook("r").record()

    assert "No rule shifts the forecasts. Nothing has been learned yet." == rules_sentence(book)
    assert (None, None, None) == (rules_table(book), looks_table(book), tried_table(tabulate_tries(None)))


def test_the_page_shows_rules_looks_and_tries() -> None:
    made = Try(rule=LATER, mined=0.02, lower=0.01, selected=-0.005, p=0.6, cutoffs=9, kept=False)
    tried: pd.DataFrame = tabulate_tries(Mined(rules=(), tries=(made,), candidates=1))

    page = report(room() | {"rulebook": in_force(MONDAYS).record(), "rule_evaluations": tried})["cycle_report"]

    shown = page[page.index('<section id="rules"') :]
    shown = shown[: shown.index("</section>")]
    for words in ("1 rule of the serving recipe", "IF weekday IN {1}", "passed", "IF step &gt;= 2", "dropped"):
        assert words in shown
