"""Values on their way into the database and back."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
from sqlalchemy.dialects import postgresql, sqlite

from pulse_kedro.adapters.stores.columns import Utc, plain, to_json
from pulse_kedro.adapters.stores.frames import to_frame, to_rows
from pulse_kedro.adapters.stores.tables import QUANTILES
from pulse_kedro.domain.ledger import RAW_COLUMNS, RULED_COLUMNS

PARIS = timezone(timedelta(hours=1))


def test_a_moment_is_utc_without_zone_on_sqlite() -> None:
    noon = datetime(2019, 1, 1, 12, tzinfo=PARIS)

    stored = Utc().process_bind_param(noon, sqlite.dialect())

    assert datetime(2019, 1, 1, 11) == stored  # noqa: DTZ001  # that is the point
    assert noon == Utc().process_result_value(stored, sqlite.dialect())


def test_a_moment_is_utc_with_zone_on_postgresql() -> None:
    noon = datetime(2019, 1, 1, 12, tzinfo=PARIS)

    stored = Utc().process_bind_param(noon, postgresql.dialect())

    assert UTC == (stored and stored.tzinfo)
    assert noon == Utc().process_result_value(stored, postgresql.dialect())


def test_no_moment_stays_none() -> None:
    assert Utc().process_bind_param(None, sqlite.dialect()) is None
    assert Utc().process_result_value(None, sqlite.dialect()) is None


def test_json_holds_what_numpy_and_pandas_give_and_no_nan() -> None:
    value = {
        "n": np.int64(3),
        "yes": np.bool_(True),  # noqa: FBT003
        "values": np.array([1.5, np.inf]),
        "names": {"b", "a"},
        "when": pd.Timestamp("2019-01-01", tz="UTC"),
        "never": pd.NaT,
        1: None,
    }

    assert (
        '{"n":3,"yes":true,"values":[1.5,null],"names":["a","b"],"when":"2019-01-01T00:00:00+00:00","never":null,"1":null}'
    ) == to_json(value)


def test_something_unknown_to_json_becomes_its_text() -> None:
    assert {"period": "2019-01"} == plain({"period": pd.Period("2019-01")})


def test_rows_hold_plain_values_and_constants() -> None:
    frame = pd.DataFrame(
        {
            "id": pd.Categorical(["a", "b"]),
            "n": np.array([1, 2]),
            "y": [0.1, np.nan],
            "ds": pd.DatetimeIndex(["2019-01-01", None]),
        }
    )

    rows = to_rows(frame, ["id", "n", "y", "ds"], cycle="c1")

    assert [
        {"id": "a", "n": 1, "y": 0.1, "ds": datetime(2019, 1, 1), "cycle": "c1"},  # noqa: DTZ001
        {"id": "b", "n": 2, "y": None, "ds": None, "cycle": "c1"},
    ] == rows
    assert [str, int, float, datetime, str] == [type(value) for value in rows[0].values()]


def test_no_rows_make_a_frame_with_exact_types() -> None:
    dtypes = {"id": "object", "n": "int64", "ds": "datetime64[ns]", "at": "datetime64[ns, UTC]"}

    assert dtypes == {name: str(dtype) for name, dtype in to_frame((), dtypes).dtypes.items()}


def test_the_quantile_columns_of_the_table_are_those_of_the_ledger() -> None:
    assert (*RAW_COLUMNS, *RULED_COLUMNS) == QUANTILES
