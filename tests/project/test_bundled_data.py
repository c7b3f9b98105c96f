"""The dataset that comes with the project is the one its README describes."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "data" / "01_raw"


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return pd.read_parquet(FOLDER / "us_employment.parquet")


def test_rows_are_bit_for_bit_those_of_the_source(rows: pd.DataFrame) -> None:
    text = rows.to_csv(index=False, date_format="%Y-%m-%d", lineterminator="\r\n")

    described = re.search(r"`us_employment.csv` .*`([0-9a-f]{64})`", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert described is not None
    assert described[1] == hashlib.sha256(text.encode()).hexdigest()


def test_rows_are_monthly_and_complete(rows: pd.DataFrame) -> None:
    months = rows.groupby("unique_id")["ds"].agg(["min", "max", "size"])
    spans = (months["max"].dt.to_period("M") - months["min"].dt.to_period("M")).map(lambda span: span.n + 1)

    assert (72_339, 148) == (len(rows), len(months))
    assert spans.tolist() == months["size"].tolist()
    assert {pd.Timestamp("2019-09-01"): 147, pd.Timestamp("2017-12-01"): 1} == months["max"].value_counts().to_dict()
    assert not rows.isna().to_numpy().any()


def test_bundle_stays_small() -> None:
    assert (FOLDER / "us_employment.parquet").stat().st_size < 200_000


def test_recessions_are_those_of_the_committee_and_in_order() -> None:
    path = FOLDER / "us_recessions.csv"
    dates = pd.read_csv(path, dtype=str)
    months = pd.PeriodIndex([month for row in dates.itertuples(index=False) for month in row], freq="M")

    described = re.search(r"`us_recessions.csv` .*`([0-9a-f]{64})`", (FOLDER / "README.md").read_text(encoding="utf-8"))
    assert described is not None
    assert described[1] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (["peak", "trough"], 11) == (list(dates), len(dates))
    assert months.is_monotonic_increasing
    assert ["1948-11", "1949-10", "2007-12", "2009-06"] == [*dates.iloc[0], *dates.iloc[-1]]
    assert 6 == min(months[1::2].astype("int64") - months[::2].astype("int64"))
