"""The MLflow alias follows the database, whoever moved or deleted what, and whenever its writer was killed."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from databases import fresh_database
from pulse_kedro.adapters import failpoints, registry
from pulse_kedro.adapters.checks.results import check_tracking
from pulse_kedro.adapters.stores import invariants
from pulse_kedro.adapters.stores.engine import open_for_writing
from pulse_kedro.adapters.stores.past import read_past
from pulse_kedro.adapters.takeover import project
from pulse_kedro.adapters.tracking import ALIAS, BUNDLE_TAG, MODEL
from transition_worlds import MONTHS, back, commit, in_a_child

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of MLflow 3 and the libraries that it uses
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
NOWHERE = Path("/nowhere")
"""Bundles that are registered by their address, not loaded."""
POINTS = [point for point in failpoints.POINTS if point.startswith("projection.")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of two versions, both of them registered, in the order in which they served. Copy it."""
    root = tmp_path_factory.mktemp("told")
    engine = open_for_writing(fresh_database(root))
    for as_of in MONTHS:
        commit(engine, as_of, root / "bundles")
        assert project(engine, NOWHERE, f"sqlite:///{root}/mlflow.db")
    return root


@pytest.fixture
def root(told: Path, tmp_path: Path) -> Path:
    for name in ("pulse.db", "mlflow.db"):
        (tmp_path / name).write_bytes((told / name).read_bytes())
    (tmp_path / "bundles").symlink_to(told / "bundles")
    return tmp_path


@pytest.fixture
def uri(root: Path) -> str:
    return f"sqlite:///{root}/mlflow.db"


@pytest.fixture
def engine(root: Path) -> Engine:
    return open_for_writing(f"sqlite:///{root}/pulse.db")


def move_the_alias(uri: str) -> None:
    client(uri).set_registered_model_alias(MODEL, ALIAS, "1")


def delete_the_alias(uri: str) -> None:
    client(uri).delete_registered_model_alias(MODEL, ALIAS)


def delete_the_version(uri: str) -> None:
    client(uri).delete_model_version(MODEL, "2")


def delete_the_model(uri: str) -> None:
    client(uri).delete_registered_model(MODEL)


def promote_a_stranger(uri: str) -> None:
    made = client(uri).create_model_version(MODEL, "file:///elsewhere", tags={BUNDLE_TAG: "f" * 64})
    client(uri).set_registered_model_alias(MODEL, ALIAS, made.version)


def client(uri: str):  # noqa: ANN201  # MLflow is imported when it is needed
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@pytest.mark.parametrize(
    ("edit", "level", "words"),
    [
        (move_the_alias, "warning", "points at bundle"),
        (delete_the_alias, "warning", "points at nothing"),
        (delete_the_version, "warning", "points at nothing"),
        (delete_the_model, "warning", "points at nothing"),
        (promote_a_stranger, "failure", "I10: the alias `champion` points at bundle ffffffffffff, which was never in"),
    ],
)
def test_what_was_edited_by_hand_is_told_and_mended(
    engine: Engine, uri: str, edit: Callable[[str], None], level: str, words: str
) -> None:
    past = read_past(engine)
    assert "ok" == check_tracking(past, uri).level

    edit(uri)

    drifted = check_tracking(past, uri)
    assert level == drifted.level
    assert words in drifted.found
    assert "doctor --repair" in drifted.next_step
    assert past == read_past(engine)  # MLflow never decides
    assert project(engine, NOWHERE, uri)
    assert "ok" == check_tracking(past, uri).level
    assert past.bundle == registry.aliased_bundle(uri)


def test_a_rollback_moves_the_alias_to_the_version_that_is_registered_already(engine: Engine, uri: str) -> None:
    before = registry.registered_versions(uri)
    back(engine)

    assert project(engine, NOWHERE, uri)

    assert read_past(engine).bundle == registry.aliased_bundle(uri)
    assert before == registry.registered_versions(uri)


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_mlflow_is_told_the_champion_stands_and_the_next_word_mends_it(
    engine: Engine, root: Path, uri: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = read_past(engine).bundle
    back(engine)
    before = read_past(engine)
    monkeypatch.setenv(failpoints.VARIABLE, f"{point}=kill")

    killed = in_a_child(lambda engine, _: project(engine, NOWHERE, uri), engine, root)

    monkeypatch.delenv(failpoints.VARIABLE)
    assert -signal.SIGKILL == killed
    assert (before.bundle if point == "projection.done" else old) == registry.aliased_bundle(uri)
    assert before == read_past(engine)
    assert () == invariants.broken(engine, root / "bundles")
    assert project(engine, NOWHERE, uri)
    assert before.bundle == registry.aliased_bundle(uri)


def test_a_server_that_is_down_is_a_warning(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    assert not project(engine, NOWHERE, "http://127.0.0.1:9")

    warned = [entry.getMessage() for entry in caplog.records if entry.name == "pulse_kedro.adapters.tracking"]
    assert ["Moving the MLflow alias failed"] == [one.partition(",")[0] for one in warned]
    assert "failure" == check_tracking(read_past(engine), "http://127.0.0.1:9").level
