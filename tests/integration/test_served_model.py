"""A bundle in the registry of MLflow: loaded and asked in a fresh process, without pickle, without training code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from bundles import a_bundle
from pulse_kedro.domain.panel import QUANTILE_COLUMNS
from pulse_kedro.forecasting.bundle import Bundle
from pulse_kedro.forecasting.bundle_files import save_bundle
from pulse_kedro.forecasting.serving import answer

pytestmark = pytest.mark.slow

REGISTER = """
import sys
from pathlib import Path
import mlflow
from pulse_kedro.adapters.tracking import Champion, project_champion
folder = Path(sys.argv[1])
mlflow.set_experiment("pulse")
champion = Champion(bundle=folder.name, folder=folder, cycle="c1", recipe="r", revision=0, reason="first")
with mlflow.start_run() as run:
    for _ in range(2):
        project_champion(run.info.run_id, champion)
"""
LOAD = """
import json, sys
import mlflow
import pandas as pd
model = mlflow.pyfunc.load_model("models:/pulse@champion")
rows = model.predict(pd.DataFrame({"unique_id": ["s2"], "step": [3]}))
print(json.dumps({"rows": len(rows), "everything": len(model.predict(pd.DataFrame())), "modules": sorted(sys.modules)}))
"""
TRAINING = ("pulse_kedro.pipelines", "pulse_kedro.forecasting.backtest", "pulse_kedro.forecasting.combination")
PACKAGES = ("kedro", "lightning", "sklearn", "statsforecast", "torch")


@dataclass(frozen=True, slots=True)
class Registry:
    """A tracking store of its own, with one registered bundle."""

    root: Path
    bundle: Bundle

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Python in a fresh process, with pickle forbidden."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "PULSE"))}
        own = {"MLFLOW_TRACKING_URI": f"sqlite:///{self.root}/mlflow.db", "DO_NOT_TRACK": "1"}
        own |= {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"}
        return subprocess.run(  # noqa: S603  # our own command
            [sys.executable, *words], cwd=self.root, env=kept | own, capture_output=True, text=True, check=False
        )

    @property
    def model(self) -> Path:
        """Folder in which MLflow keeps the model."""
        (found,) = self.root.rglob("MLmodel")
        return found.parent


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The bundle of three series, registered twice, as a replay would."""
    root, bundle = tmp_path_factory.mktemp("registry"), a_bundle()
    save_bundle(bundle, root / "bundles" / bundle.digest)
    registry = Registry(root, bundle)
    done = registry.start("-c", REGISTER, str(root / "bundles" / bundle.digest))
    assert 0 == done.returncode, done.stderr
    assert "failed" not in done.stderr
    assert "Downloading" not in done.stderr
    return registry


def test_the_registered_model_is_our_files_and_text(registry: Registry) -> None:
    files = {path.name for path in registry.model.rglob("*") if path.is_file()}

    assert {"served_model.py", "manifest.json", "serving.safetensors", "MLmodel"} <= files
    assert {".py", ".json", ".safetensors", ".txt", ".yaml", ""} >= {Path(name).suffix for name in files}
    assert "pulse_kedro==" in (registry.model / "requirements.txt").read_text(encoding="utf-8")


def test_mlflow_predicts_what_the_bundle_forecasts(registry: Registry) -> None:
    asked = {"columns": ["unique_id", "step"], "data": [["s0", 2], ["s2", 12]]}
    (registry.root / "asked.json").write_text(json.dumps({"dataframe_split": asked}), encoding="utf-8")
    words = ["-m", "models:/pulse@champion", "-i", "asked.json", "-t", "json", "--env-manager", "local"]

    done = registry.start("-m", "mlflow", "models", "predict", *words, "-o", "told.json")

    assert 0 == done.returncode, done.stderr
    told = pd.DataFrame(json.loads((registry.root / "told.json").read_text(encoding="utf-8"))["predictions"])
    expected = answer(registry.bundle, pd.DataFrame(asked["data"], columns=asked["columns"]))
    assert expected["unique_id"].tolist() == told["unique_id"].tolist()
    assert expected["ds"].tolist() == pd.to_datetime(told["ds"]).tolist()
    numbers = ["step", "y_hat", *QUANTILE_COLUMNS]
    pd.testing.assert_frame_equal(expected[numbers].astype(float), told[numbers].astype(float), rtol=1e-12)


def test_loading_needs_no_training_code(registry: Registry) -> None:
    done = registry.start("-c", LOAD)

    assert 0 == done.returncode, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert (3, 24) == (told["rows"], told["everything"])
    assert [] == [name for name in told["modules"] if name.startswith(TRAINING)]
    assert [] == [name for name in PACKAGES if name in told["modules"]]


def test_a_changed_artifact_is_refused_before_it_forecasts(registry: Registry) -> None:
    (stored,) = registry.model.rglob("naive.safetensors")
    content = stored.read_bytes()
    stored.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        done = registry.start("-c", LOAD)
    finally:
        stored.write_bytes(content)

    assert 0 != done.returncode
    assert "naive.safetensors differs from its hash" in done.stderr


def test_another_bundle_than_the_registered_one_is_refused(registry: Registry) -> None:
    described = registry.model / "MLmodel"
    text = described.read_text(encoding="utf-8")
    described.write_text(text.replace(f"digest: {registry.bundle.digest}", f"digest: {'f' * 64}"), encoding="utf-8")
    try:
        done = registry.start("-c", LOAD)
    finally:
        described.write_text(text, encoding="utf-8")

    assert 0 != done.returncode
    assert f"it is not the bundle {'f' * 64}" in done.stderr
