"""Bundles that earlier versions of this code stored still load and forecast the same."""

from pathlib import Path

import pytest

from pulse_kedro.forecasting.bundle_files import load_bundle

STORED = Path(__file__).parents[2] / "data" / "bundles"
"""One folder per schema version, named by its digest; never written again."""


@pytest.mark.parametrize("folder", sorted(STORED.iterdir()), ids=lambda folder: folder.name[:12])
def test_a_bundle_of_an_earlier_version_loads_and_forecasts_what_it_forecast_then(folder: Path) -> None:
    bundle = load_bundle(folder)
    assert bundle.problems() == []
    assert bundle.digest == folder.name


def test_every_schema_version_is_among_them() -> None:
    assert len(list(STORED.iterdir())) >= 1
