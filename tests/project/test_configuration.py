"""Every file in `conf/` loads, and what pipelines name and what configuration declares are the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

CONF = Path(__file__).parents[2] / "conf"
ENVIRONMENTS = sorted(path.name for path in CONF.iterdir() if path.is_dir())
KINDS = ("globals", "parameters", "catalog", "mlflow", "sources")
# They close the loop between runs: with a layer, the layers would run in a circle and kedro-viz would hide them all.
STORES = {
    "history",
    "champion",
    "ledger",
    "rulebooks",
    "events",
    "regime_events",
    "drift_events",
    "cycle_record",
    "code_version",
    "bundle_check",
    "workshop",
}
READ_BY_COMMANDS = {"evaluation", "retention"}

Config = dict[str, Any]
Reader = Callable[[str, str], Config]


def is_parameter(name: str) -> bool:
    return name == "parameters" or name.startswith("params:")


def lookup(parameters: Config, path: str) -> object:
    value: Any = parameters
    for key in path.split("."):
        value = value[key]
    return value


@pytest.mark.parametrize("path", sorted(CONF.rglob("*.y*ml")), ids=lambda path: "/".join(path.parts[-2:]))
def test_file_is_readable_yaml(path: Path) -> None:
    assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("kind", KINDS)
def test_configuration_resolves(read_config: Reader, kind: str, environment: str) -> None:
    assert read_config(kind, environment)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_catalog_entries_can_be_built(read_config: Reader, environment: str) -> None:
    catalog = DataCatalog.from_config(read_config("catalog", environment))

    for name in catalog:
        assert catalog.get(name) is not None


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_parameter_that_a_node_reads_exists(
    read_config: Reader, pipelines: dict[str, Pipeline], environment: str
) -> None:
    parameters = read_config("parameters", environment)

    for name in filter(is_parameter, pipelines["__default__"].inputs()):
        lookup(parameters, name.removeprefix("params:"))


def test_every_parameter_is_read_by_a_node_or_a_command(read_config: Reader, pipelines: dict[str, Pipeline]) -> None:
    used = {name.removeprefix("params:").split(".")[0] for name in filter(is_parameter, all_names(pipelines))}

    assert READ_BY_COMMANDS == set(read_config("parameters", "local")) - used


def test_no_parameter_is_read_whole_and_in_part(pipelines: dict[str, Pipeline]) -> None:
    paths = {name.removeprefix("params:") for name in filter(is_parameter, all_names(pipelines))}

    assert set() == {path for path in paths for other in paths if other.startswith(f"{path}.")}


def test_every_free_input_is_in_the_catalog(catalog_entries: Config, pipelines: dict[str, Pipeline]) -> None:
    free = {name for name in pipelines["__default__"].inputs() if not is_parameter(name)}

    assert set() == free - set(catalog_entries)


def test_every_catalog_entry_is_used(catalog_entries: Config, pipelines: dict[str, Pipeline]) -> None:
    explicit = {name for name in catalog_entries if "{" not in name}

    assert set() == explicit - all_names(pipelines)


def test_everything_that_a_room_hands_over_outlives_the_run(
    catalog_entries: Config, pipelines: dict[str, Pipeline]
) -> None:
    from pulse_kedro.pipeline_registry import ROOMS

    handed_over = {name for room in ROOMS for name in pipelines[room].inputs() if not is_parameter(name)}
    kept = {name for name, entry in catalog_entries.items() if entry["type"] != "MemoryDataset"}

    assert set() == handed_over - kept


def test_every_entry_but_the_stores_has_a_layer(catalog_entries: Config) -> None:
    without = {name for name, entry in catalog_entries.items() if layer_of(entry) is None}

    assert set() == without ^ STORES


def test_no_entry_needs_plotly_in_a_run(catalog_entries: Config) -> None:
    """Figures are JSON from the start (`FigureDataset`); Plotly's own dataset builds a checked object from each."""
    types = {name: str(entry["type"]) for name, entry in catalog_entries.items()}

    assert [] == [name for name, kind in types.items() if "plotly" in kind]


def test_layers_are_named_as_the_data_folders(catalog_entries: Config, project: Path) -> None:
    folders = {path.name for path in (project / "data").iterdir() if path.is_dir()}
    layers = {layer_of(entry) for entry in catalog_entries.values()} - {None}

    assert set() == layers - folders


def test_no_dataset_leads_to_a_lower_layer(catalog_entries: Config, pipelines: dict[str, Pipeline]) -> None:
    highest: dict[str, str] = {}

    for node in pipelines["__default__"].nodes:
        above = max(
            (highest.get(name) or layer_of(catalog_entries.get(name)) or "" for name in node.inputs), default=""
        )
        for name in node.outputs:
            own = layer_of(catalog_entries.get(name))
            assert own is None or above <= own, f"{node.name} leads from {above} down to {name} in {own}"
            highest[name] = max(above, own or "")


def all_names(pipelines: dict[str, Pipeline]) -> set[str]:
    return set().union(*(pipeline.datasets() for pipeline in pipelines.values()))


def layer_of(entry: Config | None) -> str | None:
    layer: str | None = ((entry or {}).get("metadata") or {}).get("kedro-viz", {}).get("layer")
    return layer
