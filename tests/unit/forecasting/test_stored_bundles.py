"""Bundles that earlier versions of this code stored still load and forecast the same."""

import json
from pathlib import Path

import pytest

from pulse_kedro.forecasting.bundle_files import MANIFEST, SCHEMA_VERSION, load_bundle

STORED = Path(__file__).parents[2] / "data" / "bundles"
"""At least one folder per schema version, named by its digest; none is ever written again."""


@pytest.mark.parametrize("folder", sorted(STORED.iterdir()), ids=lambda folder: folder.name[:12])
def test_a_bundle_of_an_earlier_version_loads_and_forecasts_what_it_forecast_then(folder: Path) -> None:
    bundle = load_bundle(folder)

    assert bundle.problems() == []
    assert bundle.digest == folder.name


def test_every_schema_version_is_among_them() -> None:
    versions = {json.loads((folder / MANIFEST).read_bytes())["schema_version"] for folder in STORED.iterdir()}

    assert set(range(1, SCHEMA_VERSION + 1)) == versions
