"""Laws of the ledger: however outcomes arrive, the final state is the same."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pulse_kedro.domain.ledger import Ledger, fresh_outcomes, resolve, vintages
from records import a_cycle, forecasts, months

PERIODS = months("2018-12-01", 6)
VALUES = {(name, when): 10.0 * place + ord(name) for name in "ab" for place, when in enumerate(PERIODS)}


def cycles() -> list[object]:
    made: list[object] = []
    for when in PERIODS:
        made.append(a_cycle(when, [cycle.key for cycle in reversed(made)]))
    return made


CYCLES = cycles()
KEYS = tuple(cycle.key for cycle in reversed(CYCLES))
ISSUED = pd.concat([forecasts(cycle) for cycle in CYCLES[:3]], ignore_index=True)
TARGETS = [key for key in VALUES if key[1] > PERIODS[0]]


def panel(known: dict[tuple[str, pd.Timestamp], float]) -> pd.DataFrame:
    rows = [(name, when, value) for (name, when), value in known.items()]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"]).astype({"y": float})
    frame["ds"] = pd.to_datetime(frame["ds"]).astype("datetime64[ns]")
    return frame.assign(available_at=pd.Timestamp("2020-01-01", tz="UTC"))


def run(schedule: dict[tuple[str, pd.Timestamp], tuple[int, float | None]]) -> Ledger:
    """Outcomes arrive at the cycle of the schedule, first with a wrong value where one is given."""
    log = Ledger(forecasts=ISSUED, outcomes=panel({}).assign(snapshot="", cycle=""))
    for number, cycle in enumerate(CYCLES):
        known = {}
        for key in TARGETS:
            arrival, wrong = schedule.get(key, (0, None))
            arrival = max(arrival, PERIODS.index(key[1]))
            if number >= arrival:
                known[key] = wrong if wrong is not None and number == arrival < len(CYCLES) - 1 else VALUES[key]
        for _ in range(2):  # the second time adds nothing
            fresh = fresh_outcomes(log, panel(known), KEYS).assign(snapshot="s", cycle=cycle.key)
            log = Ledger(forecasts=log.forecasts, outcomes=pd.concat([log.outcomes, fresh], ignore_index=True))
            assert not log.outcomes.duplicated(["cycle", "unique_id", "ds"]).any()
    return log


LATE = st.dictionaries(
    st.sampled_from(TARGETS), st.tuples(st.integers(0, len(CYCLES) - 1), st.none() | st.floats(0, 5)), max_size=8
)


@given(LATE)
def test_late_and_revised_outcomes_end_in_the_same_state(schedule: dict[object, object]) -> None:
    punctual, late = (resolve(run(given), KEYS) for given in ({}, schedule))

    same = ["cycle", "unique_id", "ds", "step", "y"]
    pd.testing.assert_frame_equal(punctual[same], late[same])


@given(LATE, st.randoms(use_true_random=False))
def test_the_order_of_rows_in_the_log_changes_nothing(schedule: dict[object, object], random: object) -> None:
    log = run(schedule)
    order = list(range(len(log.outcomes)))
    random.shuffle(order)
    shuffled = Ledger(forecasts=log.forecasts, outcomes=log.outcomes.iloc[order])

    pd.testing.assert_frame_equal(vintages(log, KEYS), vintages(shuffled, KEYS))
    pd.testing.assert_frame_equal(resolve(log, KEYS), resolve(shuffled, KEYS))


@given(LATE)
def test_the_join_is_the_one_of_pandas(schedule: dict[object, object]) -> None:
    log = run(schedule)
    expected = log.forecasts.merge(vintages(log, KEYS), on=["unique_id", "ds"], how="inner")

    pd.testing.assert_frame_equal(expected, resolve(log, KEYS))
    first = log.outcomes.groupby(["unique_id", "ds"])["y"].first()
    assert np.array_equal(first.to_numpy(), vintages(log, KEYS)["y_first"].to_numpy())
