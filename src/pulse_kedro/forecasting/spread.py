"""The same function on every series of a panel, here or on several workers, by configuration.

Fugue carries it to Dask, Ray or Spark. What travels is text: an array is packed so that no bit of it changes.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from pulse_kedro.domain.panel import ID, Array
from pulse_kedro.forecasting.extras import require_package

Engine = Literal["native", "dask", "ray", "spark"]
NEEDS: Mapping[str, str] = {"dask": "distributed", "ray": "ray", "spark": "pyspark"}
"""The package that each engine comes with."""
Rows = list[dict[str, Any]]
SeriesFunction = Callable[..., Rows]
"""Rows of one series, then keyword arguments, to rows of its result."""


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid", use_attribute_docstrings=True))
class ComputeOptions:
    """Where what is done for every series is computed; results do not depend on it, no recipe holds it."""

    engine: Engine
    """`native` is this process; `dask`, `ray` and `spark` spread the series over workers and need the extra of that
    name. Dask takes the client of this process or the scheduler at `DASK_SCHEDULER_ADDRESS`, else it starts workers
    on this machine."""
    partitions: int | None = Field(ge=1)
    """Parts that the series are dealt into, and workers that Dask starts where it has none; `null` leaves both to the
    engine."""


NATIVE = ComputeOptions(engine="native", partitions=None)
"""Everything in this process."""


def pack(values: Array) -> str:
    """A vector as text, exactly."""
    return base64.b64encode(np.ascontiguousarray(values, dtype="<f8").tobytes()).decode("ascii")


def unpack(text: str) -> Array:
    """The vector that `pack` made text of."""
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(float)


@contextmanager
def engine_of(compute: ComputeOptions) -> Iterator[object]:
    """What Fugue runs on; workers that were started for it are gone afterwards.

    Inside, `map_series` finds them: enter it around several calls, and the workers are started once.

    Raises:
        MissingExtra: The package of the engine is not installed.
    """
    if compute.engine in NEEDS:
        require_package(NEEDS[compute.engine], extra=compute.engine, doing="Spreading the series over workers")
    if compute.engine != "dask":
        yield compute.engine
        return
    present = _present_client()
    if present is not None:
        yield present
        return
    import dask
    from distributed import Client, LocalCluster

    address = dask.config.get("scheduler-address", None)
    with (
        _cluster(address, LocalCluster, compute.partitions) as scheduler,
        Client(scheduler) as client,  # type: ignore[no-untyped-call]  # dask annotates in part
    ):
        yield client


def _present_client() -> object | None:
    """The Dask client of this process, if there is one."""
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None


@contextmanager
def _cluster(address: str | None, local: Callable[..., Any], workers: int | None) -> Iterator[object]:
    """Address of a scheduler that is there, or workers of one thread each on this machine."""
    if address is not None:
        yield address
        return
    with local(n_workers=workers, threads_per_worker=1, dashboard_address=None) as started:
        yield started


def _each(rows: list[dict[str, Any]], function: object, given: dict[str, object]) -> list[dict[str, Any]]:
    """What the function gives for each series among the rows of one part."""
    ordered = sorted(rows, key=itemgetter(ID))
    call = cast("SeriesFunction", function)  # Fugue takes a parameter of type Callable for a callback of its own
    return [row for _, own in groupby(ordered, key=itemgetter(ID)) for row in call(list(own), **given)]


def map_series(
    function: SeriesFunction,
    frame: pd.DataFrame,
    schema: str,
    compute: ComputeOptions,
    params: Mapping[str, object] | None = None,
) -> pd.DataFrame:
    """Results of a function for every series.

    Args:
        function: Gets the rows of one series and `params` as keyword arguments.
        frame: Column `unique_id`, and columns of text or numbers.
        schema: Columns of the result in Fugue's words, such as `unique_id:str,answer:str`.
        compute: Engine and number of parts.
        params: Further arguments; they travel to the workers.

    Returns:
        The rows that the function gave, in the order of `unique_id`, whatever the engine and the number of parts.

    Raises:
        MissingExtra: The package of the engine is not installed.
    """
    from fugue.workflow.api import transform

    # Coarse: the rows of a series stay together, and one call gets all series of a part.
    parts = {"by": [ID], "algo": "coarse"} | ({"num": compute.partitions} if compute.partitions else {})
    with engine_of(compute) as engine:
        result = transform(
            frame,
            _each,
            schema=schema,
            params={"function": function, "given": dict(params or {})},
            partition=parts,
            engine=engine,
            as_local=True,
            as_fugue=True,
        ).as_pandas()
    return pd.DataFrame(result).sort_values(ID, kind="stable", ignore_index=True)
