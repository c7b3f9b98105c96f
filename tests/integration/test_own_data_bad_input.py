"""Files as they come: each is read right, or refused with what was found and the next step; nothing is half-written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from own_data import Desk, wave

MONTHS = pd.date_range("2014-01-01", periods=96, freq="MS")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.in_folder(tmp_path)


def table(**changes: object) -> pd.DataFrame:
    return pd.DataFrame({"shop": "a", "month": MONTHS.strftime("%Y-%m-%d"), "sales": wave(96, 12).round(2)}).assign(
        **changes
    )


def refused(desk: Desk, text: str | bytes, *options: str) -> str:
    """What is said about a file that cannot be told; nothing may be written."""
    raw = text.encode() if isinstance(text, str) else text
    (desk.folder / "sales.csv").write_bytes(raw)
    done = desk.start("pulse", "init-data", "sales.csv", *options)
    assert 1 == done.returncode, done.stdout
    assert "Traceback" not in done.stderr
    assert [] == desk.settings()
    return done.stderr


def test_mixed_date_formats_are_counted_and_asked_for(desk: Desk) -> None:
    mixed = table()
    mixed.loc[::2, "month"] = MONTHS.strftime("%d/%m/%Y")[::2]

    said = refused(desk, mixed.to_csv(index=False))

    assert "of them as" in said
    assert "--date-format" in said


def test_a_few_dates_in_another_format_are_set_aside_with_their_rows(desk: Desk) -> None:
    mixed = table()
    mixed.loc[7, "month"] = "01/08/2014"
    mixed.to_csv(desk.folder / "sales.csv", index=False)

    found = desk.answer("pulse", "init-data", "sales.csv")

    assert (96, 95, {"unreadable_date": 1}) == (found["rows"]["in"], found["rows"]["kept"], found["rows"]["by_rule"])
    assert found["rows"]["examples"][0].startswith("row 8: column 'month' holds '01/08/2014'")


def test_series_of_different_frequencies_are_refused_with_their_numbers(desk: Desk) -> None:
    steps = {"MS": 4, "W": 3, "D": 3}
    parts = [
        pd.DataFrame(
            {"id": f"{step}{number}", "day": pd.date_range("2020-01-01", periods=60, freq=step), "y": wave(60, 7)}
        )
        for step, count in steps.items()
        for number in range(count)
    ]

    said = refused(desk, pd.concat(parts).to_csv(index=False))

    assert "4 monthly, 3 weekly, 3 daily" in said or "4 monthly, 3 daily, 3 weekly" in said
    assert "file of its own" in said


def test_a_line_with_too_many_cells_is_named(desk: Desk) -> None:
    text = table().to_csv(index=False).replace("2015-03-01,", "2015-03-01,1,", 1)

    assert "in line 16" in refused(desk, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "first line, which is empty"),
        ("shop,month,sales\n", "got a table without rows"),
        ("a,2014-01-01,3\nb,2014-02-01,4\n", "got series of these kinds: none with two dates"),
        ("\x00\x01\x02\x03PNG", "failed"),
    ],
    ids=["empty", "header only", "no header", "no text"],
)
def test_file_that_is_no_table_is_refused(desk: Desk, text: str, said: str) -> None:
    assert said in refused(desk, text)


def test_missing_file_is_named(desk: Desk) -> None:
    done = desk.start("pulse", "init-data", "nowhere.csv")

    assert 1 == done.returncode
    assert "Opening nowhere.csv failed: got no such file" in done.stderr


def test_names_of_columns_are_never_evaluated(desk: Desk) -> None:
    table().rename(columns={"sales": "${oc.env:HOME}"}).to_csv(desk.folder / "sales.csv", index=False)

    found = desk.answer("pulse", "init-data", "sales.csv")
    done = desk.start("run", "--pipelines", "data_management")

    assert ["${oc.env:HOME}"] == found["columns"]["y"]
    assert 0 == done.returncode, done.stderr


@pytest.mark.slow
def test_times_with_offsets_become_hours_in_utc_also_where_the_clock_changes(desk: Desk) -> None:
    hours = pd.date_range("2024-03-10", periods=24 * 35, freq="h", tz="Europe/Berlin")
    pd.DataFrame({"time": [hour.isoformat() for hour in hours], "load": wave(len(hours), 24)}).to_csv(
        desk.folder / "load.csv", index=False
    )

    found = desk.answer("pulse", "init-data", "load.csv")
    done = desk.start("run")

    assert ("hourly", 0, len(hours)) == (found["frequency"], found["gaps"]["count"], found["rows"]["kept"])
    assert 0 == done.returncode, done.stderr
    last = hours[-1].tz_convert("UTC").tz_localize(None)
    assert last + pd.Timedelta(hours=1) == desk.forecasts("load")["ds"].min()


@pytest.mark.slow
def test_wrong_delimiter_in_the_settings_is_told_from_the_header(desk: Desk) -> None:
    table().to_csv(desk.folder / "sales.csv", index=False, sep=";")
    desk.answer("pulse", "init-data", "sales.csv")
    entry = desk.folder / "conf" / "local" / "catalog_own_data.yml"
    entry.write_text(entry.read_text(encoding="utf-8").replace('delimiter: ";"', 'delimiter: ","'), encoding="utf-8")

    done = desk.start("run")

    assert 1 == done.returncode
    assert "The header is one column that holds ';': is that the delimiter of the file?" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("tracking", ["on", "off"])
def test_data_folder_that_may_not_be_written_ends_the_run_with_the_next_step(desk: Desk, tracking: str) -> None:
    bound = shutil.which("setpriv")
    if bound is None:
        pytest.skip("without setpriv, root may write everywhere")
    table().to_csv(desk.folder / "sales.csv", index=False)
    desk.answer("pulse", "init-data", "sales.csv")
    root = desk.folder / "data" / "sales"
    root.mkdir(parents=True)
    root.chmod(0o555)
    drop = [bound, "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-all"]
    try:
        done = subprocess.run(  # noqa: S603  # our own command
            [*drop, sys.executable, "-m", "pulse_kedro", "run"],
            cwd=desk.folder,
            env=os.environ | {"PULSE_TRACKING": tracking, "DO_NOT_TRACK": "1", "COLUMNS": "300"},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        root.chmod(0o755)

    assert 1 == done.returncode
    assert "Permission denied" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert [] == list(root.iterdir())


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the peak of one process")
def test_large_file_takes_memory_in_proportion_to_its_size(desk: Desk) -> None:
    days = pd.date_range("2016-01-01", periods=3000).strftime("%Y-%m-%d").to_numpy()
    with (desk.folder / "large.csv").open("w", encoding="utf-8") as file:
        file.write("item,day,quantity\n")
        for number in range(1000):
            values = np.char.mod("%.4f", wave(3000, 7, seed=number))
            file.write("\n".join(map(",".join, zip([f"item_{number}"] * 3000, days, values, strict=True))) + "\n")
    code = """
import re, sys
from pathlib import Path
sys.argv = ["pulse_kedro", "pulse", "init-data", "large.csv", "--json"]
from pulse_kedro.__main__ import main
try:
    main()
finally:
    # Not `ru_maxrss`, which begins with the memory of the process that started this one.
    peak = re.search("VmHWM: *\\t* *(\\d+)", Path("/proc/self/status").read_text())
    print(int(peak[1]) // 1024, file=sys.stderr)
"""

    done = subprocess.run([sys.executable, "-c", code], cwd=desk.folder, capture_output=True, text=True, check=True)  # noqa: S603 our own

    size = (desk.folder / "large.csv").stat().st_size / 2**20
    assert 700 + 4 * size > float(done.stderr.split()[-1])
