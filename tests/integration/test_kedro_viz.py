"""The static kedro-viz of a finished cycle: rooms, layers, colours and previews, and that it opens in a browser."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from browser import PATIENCE, chromium
from cycles import PROJECT, Place, small_source

pytest.importorskip("kedro_viz")
pytestmark = pytest.mark.slow

LAYERS = [
    "01_raw",
    "02_intermediate",
    "03_primary",
    "04_feature",
    "05_model_input",
    "06_models",
    "07_model_output",
    "08_reporting",
]
ROOMS = {"data_management", "training", "metrics", "rules", "inference", "recovery", "reporting"}
KINDS = {
    "observations": "TablePreview",
    "panel": "TablePreview",
    "quality_findings": "TablePreview",
    "regimes": "TablePreview",
    "history": "TablePreview",
    "champion": "TablePreview",
    "period": "JSONPreview",
    "snapshot": "JSONPreview",
    "candidates": "JSONPreview",
    "serving_bundle": "JSONPreview",
    "ledger": "JSONPreview",
    "cycle_record": "JSONPreview",
    "promotion_decision": "JSONPreview",
    "forecast_fans": "PlotlyPreview",
    "cycle_report": "HTMLPreview",
}
EXPLAINED = {"plan_training", "decide", "learn_rules"}


@pytest.fixture(scope="module")
def pictures() -> ModuleType:
    """The script that takes the pictures of the README; it builds the site too."""
    spec = importlib.util.spec_from_file_location("take", PROJECT / "docs" / "pictures" / "take.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_kedro_viz_explains_a_finished_cycle(
    pictures: ModuleType, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """One test, so that the cycle runs once however the tests are shared out."""
    place = Place(tmp_path_factory.mktemp("viz")).offer(small_source())
    place.run("2018-12-01")
    site = pictures.build_site(place.root, tmp_path_factory.mktemp("site"))
    graph = json.loads((site / "api" / "main").read_text(encoding="utf-8"))

    assert_rooms_and_layers_are_shown(graph)
    assert_nodes_wear_their_colours(graph)
    assert_previews_are_there(graph, site)
    with pictures.served(site) as address:
        figure = open_in_browser(address, pictures)
    with capsys.disabled():
        print(f"\nkedro-viz: load event after {figure:.0f} ms")  # noqa: T201  a figure that people ask for


def assert_rooms_and_layers_are_shown(graph: dict[str, Any]) -> None:
    assert LAYERS == graph["layers"]
    assert {node["name"] for node in graph["nodes"] if node["type"] == "modularPipeline"} == ROOMS
    assert set(LAYERS) == {node["layer"] for node in graph["nodes"] if node.get("layer")}


def assert_nodes_wear_their_colours(graph: dict[str, Any]) -> None:
    styles = json.loads((PROJECT / ".viz" / "styles.json").read_text(encoding="utf-8"))
    worn = {
        node["name"]: node["node_extras"]["styles"]
        for node in graph["nodes"]
        if (node.get("node_extras") or {}).get("styles")
    }
    assert styles == worn
    assert all({"light", "dark"} == set(style["themes"]) for style in styles.values())


def assert_previews_are_there(graph: dict[str, Any], site: Path) -> None:
    said = {
        node["name"]: json.loads((site / "api" / "nodes" / node["id"]).read_text(encoding="utf-8"))
        for node in graph["nodes"]
        if node["type"] in {"data", "task"}
    }
    assert {name: said[name]["preview_type"] for name in KINDS} == KINDS
    assert all(said[name]["preview"] for name in KINDS)
    assert 12 * 8 == json.loads(said["ledger"]["preview"])["forecasts"]
    drawn = {name: facts["preview"] for name, facts in said.items() if "code" in facts and facts["preview"]}
    assert set(drawn) == EXPLAINED
    assert {"mermaid"} == {preview["kind"] for preview in drawn.values()}


def open_in_browser(address: str, pictures: ModuleType) -> float:
    """Milliseconds until the load event; everything that kedro-viz looks for elsewhere is refused, as offline."""
    with chromium() as browser:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route("**/*", lambda route: route.continue_() if pictures.is_near(route.request.url) else route.abort())
        page.goto(address)
        page.wait_for_selector(".pipeline-node--modularPipeline")
        assert ROOMS == set(page.locator(".pipeline-node--modularPipeline").all_text_contents())
        assert [] == errors
        return float(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))


def test_pictures_are_refused_without_a_finished_cycle(pictures: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(pictures.NotReadyForPictures, match=r"got no finished cycle in the data root.*make run"):
        pictures.find_report(tmp_path)
