"""Files of competitions: both shapes give the same series, and what cannot be used is refused with its place."""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pulse_kedro.adapters.competition_files import Series, UnusableCompetitionFile, read_actuals, read_series
from pulse_kedro.domain.errors import PulseError
from pulse_kedro.domain.panel import FREQUENCIES, Frequency, frequency

MONTHLY, HOURLY, DAILY, WEEKLY = (frequency(name) for name in ("monthly", "hourly", "daily", "weekly"))


@pytest.fixture
def write(tmp_path: Path):  # noqa: ANN201  # a function
    count = itertools.count()

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / f"{next(count)}.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def values(found: Series) -> dict[str, list[float]]:
    return {name: history.tolist() for name, history in zip(found.ids, found.histories, strict=True)}


def test_a_wide_file_as_m4_writes_it(write) -> None:  # noqa: ANN001
    path = write('"V1","V2","V3","V4","V5"\n"W1",1,2.5,"3",\n"W2","4",5,,\n"W3",6,7,8,9\n')

    assert {"W1": [1, 2.5, 3], "W2": [4, 5], "W3": [6, 7, 8, 9]} == values(read_series(path, WEEKLY))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_part_of_a_name(write, encoding: str) -> None:  # noqa: ANN001
    long = write("unique_id,ds,y\na,2019-01-01,1\na,2019-02-01,2\n", encoding)
    wide = write('"id","V2","V3"\na,1,2\n', encoding)

    assert {"a": [1, 2]} == values(read_series(long, MONTHLY)) == values(read_series(wide, MONTHLY))


def test_names_that_look_like_numbers_or_like_nothing_stay_names(write) -> None:  # noqa: ANN001
    wide = write("id,1,2\n007,1,2\nNA,3,4\n7,5,6\n")
    long = write("unique_id,ds,y\n007,2019-01-01,1\nNA,2019-01-01,3\n7,2019-01-01,5\n")

    assert ("007", "NA", "7") == read_series(wide, MONTHLY).ids == read_series(long, MONTHLY).ids


def test_a_long_file_may_stand_in_any_order_and_have_gaps(write) -> None:  # noqa: ANN001
    path = write(
        "ds,y,unique_id,note\n2019-04-30,4,b,x\n2019-01-15,1,a,\n2019-02-01,,b,\n2019-03-01,3,b,\n2019-02-28,2,a,\n"
        "2019-03-01,,a,\n"
    )

    found = read_series(path, MONTHLY)

    assert {"b": [3, 4], "a": [1, 2]} == values(found)
    assert (pd.Timestamp("2019-03-01"), pd.Timestamp("2019-01-01")) == found.starts


def test_gaps_inside_a_history_stay_and_those_at_its_ends_go(write) -> None:  # noqa: ANN001
    wide, long = (
        write("id,1,2,3,4,5\na,,1,,3,\n"),
        write("unique_id,ds,y\na,2019-02-01,1\na,2019-03-01,\na,2019-04-01,3\n"),
    )

    for path in (wide, long):
        (history,) = read_series(path, MONTHLY).histories
        np.testing.assert_array_equal([1, np.nan, 3], history)


@pytest.mark.parametrize("name", FREQUENCIES)
def test_wide_equals_long(write, name: str) -> None:  # noqa: ANN001
    freq, rng = frequency(name), np.random.default_rng(0)
    table = {f"s{row}": rng.normal(size=length).round(3) for row, length in enumerate((5, 9, 7))}
    wide = "id,1,2,3,4,5,6,7,8,9\n" + "".join(
        f"{key},{','.join(map(str, row))}{',' * (9 - len(row))}\n" for key, row in table.items()
    )
    rows = [
        f"{key},{freq.shift(pd.Timestamp('2019-03-01'), step)},{value}"
        for key, row in table.items()
        for step, value in enumerate(row)
    ]
    mixed = np.random.default_rng(1).permutation(rows)
    found = values(read_series(write("unique_id,ds,y\n" + "\n".join(mixed)), freq))

    assert values(read_series(write(wide), freq)) == {key: found[key] for key in table}


def test_a_utc_offset_is_dropped_and_moved_for_hours(write) -> None:  # noqa: ANN001
    path = write(
        "unique_id,ds,y\na,2019-01-01T00:30:00+02:00,1\na,2019-01-02T00:30:00,2\na,2019-01-03T00:30:00Z,3\n"
        "a,2019-01-04 00:30:00+0200,4\n"
    )

    assert {"a": [1, 2, 3, 4]} == values(read_series(path, DAILY))
    hours = write("unique_id,ds,y\na,2019-01-01T02:00:00+02:00,1\na,2019-01-01T01:00:00,2\na,2019-01-01T02:00:00Z,3\n")
    assert {"a": [1, 2, 3]} == values(read_series(hours, HOURLY))


REFUSED = [
    ("", "got an empty first line, expected a header"),
    ("\n\n", "got an empty first line"),
    ("id,V2,V3\n", "got a header and no row, expected series"),
    ("unique_id,ds,y\n", "got a header and no row, expected series"),
    ("id,V2,V3\na,1,2\nb,1,2\na,3,4\n", "got series 'a' twice, expected each once"),
    ("id,V2,V3\na,1,2\nb,,\n", "got series 'b' without a value"),
    ("id,V2\na,inf\n", "got an infinite or huge value in 'a'"),
    ("id,V2\na,1e200\n", "got an infinite or huge value in 'a'"),
    ("id,V2,V3\na,1,x\n", "got 'x' in series 'a', column 'V3', expected numbers after the id"),
    ("id,V2,V3\na,True,1\nb,False,1\n", "got 'True' in series 'a', column 'V2'"),
    ("id,V2,V3\n,1,2\n", "got no id in line 2"),
    ("V1,V2\n1.5,2.5\n3.1,4.1\n", "got numbers such as 1.5 in place of ids"),
    ("id,V2\na,1,2\nb,1,2\n", "got more cells in the rows than in the header"),
    ("id,V2\na,1\nb,1,2,3\n", "got no table"),
    ("id\na\n", "got the columns id, expected an id and values"),
    (
        "ds,y\n2019-01-01,1\n",
        "got the columns ds, y, expected an id and values, one row per series, or unique_id, ds, y",
    ),
    ("unique_id,date,y\na,2019-01-01,1\n", "got the columns unique_id, date, y"),
    ("unique_id,ds,y\na,2019-01-01,1\n,2019-02-01,1\n", "got no id in line 3"),
    ("unique_id,ds,y\na,31/01/2019,1\n", "got '31/01/2019' in column 'ds', row 1, expected a date"),
    ("unique_id,ds,y\na,,1\n", "got '' in column 'ds', row 1, expected a date"),
    ("unique_id,ds,y\na,2019-01-01,one\n", "got 'one' in column 'y', row 1, expected a number"),
    ("unique_id,ds,y\na,2019-01-01,1\na,2019-01-31,2\n", "got series 'a' twice in the period 2019-01"),
    ("unique_id,ds,y\na,2019-01-01,1\na,2019-01-01,1\n", "got series 'a' twice in the period 2019-01"),
    ("unique_id,ds,y\na,2019-01-01\n", "got 2 cells in line 2"),
    (
        "unique_id,ds,y\nb,2019-01-01,1\nb,2019-02-01,1\na,2019-01-01,1\na,2019-04-01,2\na,2019-07-01,3\n",
        "got values of series 'a' 3 periods apart, expected a value in most monthly periods",
    ),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_cannot_be_used_is_refused_with_its_place(write, text: str, words: str) -> None:  # noqa: ANN001
    path = write(text)

    with pytest.raises(PulseError) as refused:
        read_series(path, MONTHLY)

    said = str(refused.value)
    assert said.startswith(f"Reading {path} failed: got ")
    assert words in said
    assert said.rstrip().endswith((".", "?"))


def test_no_file_and_no_text_are_refused(write, tmp_path: Path) -> None:  # noqa: ANN001
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "none.csv", tmp_path / "folder", write("id,V2\nä,1\n", "latin-1")):
        with pytest.raises(PulseError, match=r"failed: got .*, expected "):
            read_series(path, MONTHLY)


def actuals(train: Path, test: Path, horizon: int, freq: Frequency = MONTHLY) -> np.ndarray:
    return read_actuals(test, freq, read_series(train, freq), horizon)


def test_outcomes_stand_in_the_order_of_the_training_file(write) -> None:  # noqa: ANN001
    train, test = write("id,1,2\na,1,2\nb,3,4\n"), write("id,1,2,3\nx,0,0,0\nb,5,6,7\na,8,9,10\n")

    assert [[8, 5], [9, 6]] == actuals(train, test, 2).tolist()


def test_a_gap_before_the_last_step_is_not_known(write) -> None:  # noqa: ANN001
    wide, long = write("id,1\na,1\n"), write("unique_id,ds,y\na,2019-01-01,1\n")
    after = "unique_id,ds,y\na,2019-04-01,3\na,2019-06-01,5\na,2019-07-01,6\n"

    np.testing.assert_array_equal([[np.nan], [2], [np.nan], [4]], actuals(wide, write("id,1,2,3,4\na,,2,,4\n"), 4))
    np.testing.assert_array_equal([[np.nan], [np.nan], [3], [np.nan], [5]], actuals(long, write(after), 5))


def test_rows_of_the_history_are_passed_over_in_a_long_test_file(write) -> None:  # noqa: ANN001
    train = write("unique_id,ds,y\na,2019-01-01,1\na,2019-02-01,2\nb,2019-01-01,3\n")
    test = write("unique_id,ds,y\na,2019-02-01,2\na,2019-03-01,5\na,2019-04-01,6\nb,2019-02-01,7\nb,2019-03-01,8\n")

    assert [[5, 7], [6, 8]] == actuals(train, test, 2).tolist()


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("unique_id,ds,y\nb,2019-02-01,1\n", "got no values of 'a' (it holds 'b'), expected every series"),
        ("id,1,2,3\na,1,2,\n", "got 2 values, the last at step 2, in the 3 steps after the history of series 'a'"),
        (
            "unique_id,ds,y\na,2018-12-01,1\na,2019-01-01,1\n",
            "got no value in the 3 steps after the history of series 'a'",
        ),
        ("unique_id,ds,y\na,2019-05-01,1\n", "got no value in the 3 steps after the history of series 'a'"),
    ],
)
def test_outcomes_that_do_not_follow_are_refused(write, test: str, words: str) -> None:  # noqa: ANN001
    train = write("unique_id,ds,y\na,2019-01-01,1\n")

    with pytest.raises(UnusableCompetitionFile) as refused:
        actuals(train, write(test), 3)

    assert words in str(refused.value)
