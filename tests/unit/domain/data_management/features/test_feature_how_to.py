"""The step of the how-to is code that runs and obeys the laws."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from feature_samples import a_table, a_world, column, feature_options
from pulse_kedro.domain.data_management.features.columns import Step, base_column
from pulse_kedro.domain.data_management.features.fitting import fit_features, transform

PAGE = Path(__file__).parents[5] / "docs" / "how_to" / "add_a_feature_step.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def since_peak() -> Any:  # noqa: ANN401  # a class that the page defines
    import sys
    from types import ModuleType

    module = ModuleType("page_of_the_how_to")
    sys.modules[module.__name__] = module  # pydantic looks annotations up there
    (code,) = blocks("python")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)  # noqa: S102  # our own page
    return module.__dict__["SincePeak"]


def test_the_step_counts_periods_since_the_peak(since_peak: Any) -> None:  # noqa: ANN401  # as above
    fitted = fit_features([since_peak(type="since_peak", window=3)], a_table(column([1.0])))

    found = transform(fitted, a_table(column([1.0, 5.0, 2.0, 3.0, 1.0]))).columns["y_since_peak_3"]

    assert [1.0, 2.0, 1.0] == found[2:].ravel().tolist()
    assert np.isnan(found[:2]).all()


@pytest.mark.parametrize("row", range(8, 40, 3))
def test_the_step_obeys_the_laws(since_peak: Any, row: int) -> None:  # noqa: ANN401  # as above
    step: Step = since_peak(type="since_peak", window=4)
    y = a_world(row)
    spoiled = np.concatenate([y[: row + 1], 9 * y[row + 1 :]])
    fitted = fit_features([step], a_table(y[:20]))  # type: ignore[list-item]  # a step that is not in the table
    (told,) = step.describe({"y": base_column("y", "pieces")})

    here, there = (transform(fitted, a_table(values)).columns[told.name] for values in (y, spoiled))
    tail = transform(fitted, a_table(y).between(max(0, row - told.look_back), row + 1)).columns[told.name]

    np.testing.assert_array_equal(here[: row + 1], there[: row + 1])
    np.testing.assert_array_equal(here[row], tail[-1])


def test_the_settings_of_the_page_are_settings() -> None:
    import yaml

    (settings,) = blocks("yaml")

    assert 4 == len(feature_options(yaml.safe_load(settings)["features"]["steps"]).steps)


def test_settings_of_the_explanation_are_settings_of_a_member() -> None:
    import yaml
    from pydantic import TypeAdapter

    from pulse_kedro.forecasting.recipe import MemberSettings

    page = PAGE.parents[1] / "explanation" / "features.md"
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)

    _, trees = TypeAdapter(list[MemberSettings]).validate_python(yaml.safe_load(block)["recipe"]["members"])
    assert ["graph", "indicators"] == [step.type for step in trees.features or ()]
