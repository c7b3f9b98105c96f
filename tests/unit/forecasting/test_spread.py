"""The same function on every series, here or on workers: the same rows, bit by bit."""

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from expert_worlds import a_world, an_expert
from pulse_kedro.forecasting.extras import MissingExtra
from pulse_kedro.forecasting.recipe import MemberOptions
from pulse_kedro.forecasting.spread import (
    NATIVE,
    ComputeOptions,
    Engine,
    engine_of,
    map_series,
    pack,
    unpack,
)

SCHEMA = "unique_id:str,rows:int,sum:double"


def total(rows: list[dict[str, Any]], factor: float) -> list[dict[str, Any]]:
    """One row per series: how many rows it had, and their sum."""
    return [{"unique_id": rows[0]["unique_id"], "rows": len(rows), "sum": factor * sum(row["value"] for row in rows)}]


def a_table() -> pd.DataFrame:
    ids = ["c", "a", "b", "a", "c", "c"]
    return pd.DataFrame({"unique_id": ids, "value": [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]})


@given(values=arrays("<f8", st.integers(0, 20)))
def test_a_packed_vector_comes_back_bit_by_bit(values: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
    assert values.tobytes() == unpack(pack(values)).tobytes()


@pytest.mark.parametrize("partitions", [None, 1, 3])
def test_each_series_is_handed_over_whole_and_comes_back_in_order(partitions: int | None) -> None:
    compute = ComputeOptions(engine="native", partitions=partitions)

    answer = map_series(total, a_table(), SCHEMA, compute, {"factor": 10.0})

    assert [("a", 2, 100.0), ("b", 1, 40.0), ("c", 3, 490.0)] == list(answer.itertuples(index=False, name=None))


@pytest.mark.parametrize(("engine", "package"), [("dask", "distributed"), ("ray", "ray"), ("spark", "pyspark")])
def test_an_engine_that_is_not_installed_is_refused_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    says = rf"got no package '{package}', .* `pip install 'pulse_kedro\[{engine}\]'`"

    with pytest.raises(MissingExtra, match=says):
        map_series(total, a_table(), SCHEMA, ComputeOptions(engine=engine, partitions=1), {"factor": 1.0})


def test_an_error_of_the_function_comes_through() -> None:
    with pytest.raises(TypeError, match="factor"):
        map_series(total, a_table(), SCHEMA, NATIVE)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_workers_give_what_this_process_gives(workers: int) -> None:
    compute, world = ComputeOptions(engine="dask", partitions=workers), a_world(series=5)
    expert = an_expert(MemberOptions(kind="auto_ces"), 5)

    with engine_of(compute):
        table = map_series(total, a_table(), SCHEMA, compute, {"factor": 0.1})
        there = replace(expert, compute=compute).learn(world.y, world.known)
        recalled = there.recall(world.y, [32, 40, 44])

    pd.testing.assert_frame_equal(map_series(total, a_table(), SCHEMA, NATIVE, {"factor": 0.1}), table)
    here = expert.learn(world.y, world.known)
    assert here.facts() == there.facts()
    np.testing.assert_array_equal(here.arrays()["numbers_0"], there.arrays()["numbers_0"])
    np.testing.assert_array_equal(here.recall(world.y, [32, 40, 44]), recalled)


@pytest.mark.slow
def test_workers_are_started_once_for_all_that_is_done_inside_and_end_with_it() -> None:
    compute = ComputeOptions(engine="dask", partitions=1)

    with engine_of(compute) as outer:
        with engine_of(compute) as inner:
            assert outer is inner
        assert "running" == outer.status  # type: ignore[attr-defined]

    assert "closed" == outer.status  # type: ignore[attr-defined]
