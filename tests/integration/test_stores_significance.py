"""Which scores of two cycles can be tested, and why others cannot."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from pulse_kedro.adapters.stores import cycles
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.past import PastCycle, read_past
from pulse_kedro.adapters.stores.significance import Evidence, weigh
from pulse_kedro.domain.history import SCORE_COLUMNS
from records import NOW, a_cycle, a_record, months

Sides = dict[str, PastCycle]
STEPS = {"same": 12, "longer": 24, "few": 12, "other_series": 12, "gaps": 12}
COUNTS = {"few": 35}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_for_writing(f"sqlite:///{tmp_path}/pulse.db")
    yield made
    made.dispose()


def cycle(engine: Engine, name: str, place: int, parents: list[str]) -> str:
    when = months("2018-12-01", 8)[place]
    one = a_cycle(when, parents)
    rng = np.random.default_rng(place)
    rows: list[tuple[object, ...]] = [("r1", "combination", "horizon", "", STEPS[name], "mase", 0.5, 2)]
    for at, cutoff in enumerate(months("2012-12-01", COUNTS.get(name, 60))):
        value = float("nan") if name == "gaps" and at < 30 else 1 + 0.1 * rng.random()
        series = 3 if name == "other_series" else 2
        rows += [("r1", "combination", "cutoff", cutoff.isoformat(), 0, metric, value, series) for metric in ("mase",)]
    scores = pd.DataFrame(rows, columns=list(SCORE_COLUMNS))
    cycles.commit(engine, replace(a_record(one), scores=scores), now=NOW)
    return one.key


@pytest.mark.parametrize(
    ("name", "cutoffs", "why"),
    [
        ("longer", 0, "A forecasts 12 steps and B 24, so neither is the better one"),
        ("few", 35, "35 cutoffs in common are too few for a test, which takes 36"),
        ("other_series", 0, "the 60 cutoffs in common were scored on different numbers of series"),
        ("gaps", 30, "30 cutoffs in common are too few for a test, which takes 36"),
    ],
)
def test_what_cannot_be_paired_is_not_tested_and_says_why(engine: Engine, name: str, cutoffs: int, why: str) -> None:
    keys = [cycle(engine, "same", 0, [])]
    keys.append(cycle(engine, name, 1, keys))
    past = {one.key: one for one in read_past(engine).cycles}

    found = weigh(engine, past[keys[0]], past[keys[1]], ["mase", "theil_u2"])

    assert (cutoffs, None, why) == (found["mase"].cutoffs, found["mase"].p, found["mase"].untested)
    assert (name != "longer") == found["mase"].comparable == found["theil_u2"].comparable
    if name != "longer":
        assert Evidence(untested="it is one ratio over all cutoffs and has no value at each") == found["theil_u2"]


def test_equal_lengths_are_tested_and_told_what_they_are_worth(engine: Engine) -> None:
    keys = [cycle(engine, "same", 0, [])]
    keys.append(cycle(engine, "same", 1, keys))
    past = {one.key: one for one in read_past(engine).cycles}

    found = weigh(engine, past[keys[0]], past[keys[1]], ["mase"])["mase"]

    assert (60, 5, 0, "share") == (found.cutoffs, found.worth, found.unmatched, found.unit)
    assert found.p is not None
    assert found.p_holm == found.p
    assert found.untested is None
