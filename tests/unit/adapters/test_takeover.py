"""What a version must have in common with the champion before a person may put it in charge."""

import json
from pathlib import Path

import pytest

from pulse_kedro.adapters.bundles import MANIFEST
from pulse_kedro.adapters.takeover import IncomparableVersion, require_comparable

FACTS = {"frequency": "monthly", "ids": ["a", "b"], "horizon": 12, "season_length": 12}


def keep(folder: Path, name: str, **changed: object) -> str:
    facts = FACTS | changed
    recipe = {key: facts.pop(key) for key in ("horizon", "season_length")}
    (folder / name).mkdir()
    (folder / name / MANIFEST).write_text(json.dumps(facts | {"recipe": recipe}), encoding="utf-8")
    return name


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"horizon": 6}, "horizon 6 instead of 12"),
        ({"frequency": "hourly", "season_length": 24}, "frequency hourly instead of monthly; season length 24"),
        ({"ids": ["a", "c"]}, "no forecasts for 1 of its series, such as b"),
    ],
)
def test_what_forecasts_something_else_is_refused(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    champion, other = keep(tmp_path, "champion"), keep(tmp_path, "other", **changed)

    with pytest.raises(IncomparableVersion, match=f"got {words}.*expected what the champion forecasts"):
        require_comparable(tmp_path, champion, other)


def test_more_series_are_welcome(tmp_path: Path) -> None:
    require_comparable(tmp_path, keep(tmp_path, "champion"), keep(tmp_path, "other", ids=["a", "b", "c"]))


def test_a_champion_whose_files_are_gone_can_be_replaced(tmp_path: Path) -> None:
    require_comparable(tmp_path, "gone", keep(tmp_path, "other"))


def test_a_version_whose_files_are_gone_is_left_to_its_check(tmp_path: Path) -> None:
    require_comparable(tmp_path, keep(tmp_path, "champion"), "gone")
