"""The declaration of a source is complete, or refused."""

from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from pulse_kedro.domain.data_management.source import SourceOptions
from pulse_kedro.domain.panel import FREQUENCIES
from source_samples import DECLARATION, declare


def test_shipped_declaration_is_accepted(project: Path) -> None:
    text = (project / "conf/base/parameters_data_management.yml").read_text(encoding="utf-8")

    options = SourceOptions(**yaml.safe_load(text)["source"])

    assert ("us_employment", ("title",)) == (options.name, options.static)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frequency": "yearly"}, "'hourly', 'daily', 'weekly', 'monthly' or 'quarterly'"),
        ({"release_lag_days": -1}, "greater than or equal to 0"),
        ({"stale_after": 0}, "greater than or equal to 1"),
        ({"max_quarantined": 30}, "less than or equal to 1"),
        (
            {"columns": {"unique_id": "shop", "ds": "shop", "y": "sales"}},
            "columns of their own, got 'shop', 'shop'",
        ),
        ({"columns": {"id": "shop", "ds": "month", "y": "sales"}}, "id"),
        ({"static": ["y", "status"]}, "static columns may not be called .*; got status, y"),
        ({"frequenzy": "monthly"}, "frequenzy"),
        ({"unit": ""}, "at least 1 character"),
    ],
)
def test_wrong_declaration_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        declare(**changes)


@pytest.mark.parametrize("key", sorted(DECLARATION))
def test_nothing_is_assumed_about_a_source(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        SourceOptions(**{name: value for name, value in DECLARATION.items() if name != key})  # type: ignore[arg-type]


def test_frequencies_are_the_ones_the_project_knows() -> None:
    schema = TypeAdapter(SourceOptions).json_schema()["properties"]

    assert list(FREQUENCIES) == schema["frequency"]["enum"]
    assert all("description" in described for described in schema.values())
