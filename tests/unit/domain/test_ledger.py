"""What a cycle sees of the forecast log."""

import pandas as pd

from pulse_kedro.domain.ledger import Ledger, resolve, vintages
from records import a_cycle, forecasts, outcomes

FIRST = a_cycle("2018-12-01")
SECOND = a_cycle("2019-01-01", (FIRST.key,))
THIRD = a_cycle("2019-02-01", (SECOND.key, FIRST.key))


def a_ledger() -> Ledger:
    """Three cycles; the third revises what the second had learnt about series `a`."""
    issued = pd.concat([forecasts(cycle) for cycle in (FIRST, SECOND, THIRD)], ignore_index=True)
    revised = outcomes(SECOND, ("a",), shift=1.0).assign(snapshot=THIRD.snapshot)
    known = pd.concat(
        [
            outcomes(THIRD).assign(cycle=THIRD.key),
            revised.assign(cycle=THIRD.key),
            outcomes(SECOND).assign(cycle=SECOND.key),
        ],
        ignore_index=True,
    )
    return Ledger(forecasts=issued, outcomes=known)


def test_a_cycle_sees_what_its_ancestors_issued_and_recorded() -> None:
    seen = a_ledger().of((SECOND.key, FIRST.key))

    assert {FIRST.key, SECOND.key} == set(seen.forecasts["cycle"])
    assert {SECOND.key} == set(seen.outcomes["cycle"])


def test_the_newest_vintage_counts_and_the_first_release_is_kept() -> None:
    found = vintages(a_ledger(), (THIRD.key, SECOND.key, FIRST.key))

    revised = found[(found["unique_id"] == "a") & (found["ds"] == SECOND.period.as_of)].iloc[0]
    assert (4 / 3, 1 / 3, 2, THIRD.snapshot) == (
        revised["y"],
        revised["y_first"],
        revised["n_vintages"],
        revised["snapshot"],
    )


def test_an_earlier_cycle_knows_the_first_release_only() -> None:
    found = vintages(a_ledger(), (SECOND.key, FIRST.key))

    assert [1 / 3, 1 / 3] == found["y"].tolist()
    assert [1, 1] == found["n_vintages"].tolist()


def test_forecasts_are_resolved_by_the_outcome_of_their_target() -> None:
    found = resolve(a_ledger(), (THIRD.key, SECOND.key, FIRST.key))

    assert {(FIRST.key, 1): 2, (FIRST.key, 2): 2, (SECOND.key, 1): 2} == found.groupby(
        ["cycle", "step"]
    ).size().to_dict()
    assert found["available_at"].dt.tz is not None
    assert found["y"].notna().all()


def test_nothing_is_resolved_before_anything_is_known() -> None:
    found = resolve(a_ledger(), (FIRST.key,))

    assert 0 == len(found)
    assert {"y", "y_first", "available_at", "y_hat"} <= set(found.columns)
