"""What `init-data` says about a file, to people and to programs, and the settings it would write."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from pulse_kedro.adapters.unknown_tables import open_table
from pulse_kedro.cli.own_data import Examined, Labels, examine, plain_name, settings_texts
from pulse_kedro.cli.own_data_wording import describe, lines_of
from pulse_kedro.domain.data_management.inspection import Hints


@pytest.fixture
def examined(tmp_path: Path, project: Path) -> Examined:
    """A file of two shops with one bad cell and a gap."""
    months = pd.date_range("2010-01-01", periods=120, freq="MS").strftime("%d.%m.%Y")
    table = pd.concat(
        [pd.DataFrame({"shop": shop, "town": "Oslo", "month": months, "sold": "1.234,5"}) for shop in "ab"]
    )
    table = table.reset_index(drop=True)
    table["sold"] = [f"{1000 + 7 * row % 91:,}".replace(",", ".") + ",5" for row in range(len(table))]
    table.loc[3, "sold"] = "many"
    path = tmp_path / "My sales.csv"
    table.drop(index=10).to_csv(path, index=False, sep=";")
    parameters = yaml.safe_load((project / "conf/base/parameters_training.yml").read_text(encoding="utf-8"))
    labels = Labels(name="my_sales", unit="EUR", title="My sales", release_lag_days=5)
    return examine(open_table(path), Hints(), labels, parameters)


def test_people_read_what_the_file_holds(examined: Examined) -> None:
    said = dict(lines_of(describe(examined, written=["conf/local/globals.yml"], env="local")))

    assert "2 named by column shop; 118 to 120 values each" == said["series"]
    assert "column month (%d.%m.%Y), 2010-01-01 to 2019-12-01" == said["date"]
    assert "column sold, spelled like 1.234,5" == said["value"]
    assert "239 values, 238 usable, 1 set aside" == said["rows"]
    assert "row 4: column 'sold' holds 'many', expected a number" == said[""]
    assert "2 with 2 missing periods" == said["gaps"]
    assert "kedro run, then kedro pulse report" == said["next"]


def test_programs_get_the_same_and_nothing_that_json_does_not_know(examined: Examined) -> None:
    import json

    answer = describe(examined, written=[], env="sales")

    assert answer == json.loads(json.dumps(answer))
    assert {"in": 239, "kept": 238, "quarantined": 1, "by_rule": {"text_value": 1}} == {
        name: value for name, value in answer["rows"].items() if name != "examples"
    }
    assert ["the same command without --dry-run"] == answer["next"]


def test_settings_hold_what_was_found_and_nothing_else(examined: Examined) -> None:
    texts = settings_texts(examined, file="sales/My sales.csv", root="data/my_sales")

    catalog, parameters, places = (yaml.safe_load(text) for text in texts.values())
    assert {"observations"} == set(catalog)
    assert (";", "utf-8") == (catalog["observations"]["delimiter"], catalog["observations"]["encoding"])
    assert {"source", "reporting"} == set(parameters)
    assert ("%d.%m.%Y", ",", ".", 5) == tuple(
        parameters["source"][name] for name in ("date_format", "decimal", "thousands", "release_lag_days")
    )
    assert {"data_root", "database"} == set(places)


@pytest.mark.parametrize(
    ("name", "expected"), [("Größe 2.csv", "gr_e_2"), ("a.b.csv.gz", "a"), ("---.csv", "own_data")]
)
def test_name_of_a_source_is_plain(name: str, expected: str) -> None:
    assert expected == plain_name(Path(name))
