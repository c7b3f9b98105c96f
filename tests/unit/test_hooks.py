"""What the hooks decide without a run: which parameters are known, and what a worker gets."""

import pickle
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import configure_project

from pulse_kedro.adapters.configuration import MissingGlobal, UnknownParameter, refuse_unknown
from pulse_kedro.adapters.tracked_runs import TrackedRuns
from pulse_kedro.hooks import PulseHooks

KNOWN = {"as_of": None, "recipe": {"members": ["naive"], "intervals": {"pooling": 60}}, "extra": {}}


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    configure_project("pulse_kedro")
    for name, text in {
        "base/globals.yml": "database: sqlite:////nowhere/pulse.db\n",
        "base/parameters.yml": "as_of: null\ngate: {alpha: 0.05}\n",
        "local/parameters.yml": "only_here: 1\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def context(conf: Path, **given: object) -> SimpleNamespace:
    loader = OmegaConfigLoader(str(conf), base_env="base", default_run_env="local", runtime_params=given)
    return SimpleNamespace(config_loader=loader, params={}, project_path=conf)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"as_of": "2018-12-01"},
        {"recipe": {"intervals": {"pooling": 30}}},
        {"recipe": {"members": ["naive", "drift"]}},
        {"extra": {"anything": {"goes": 1}}},
    ],
)
def test_declared_keys_are_accepted_at_every_level(given: dict[str, object]) -> None:
    refuse_unknown(given, KNOWN)


@pytest.mark.parametrize(
    ("hint", "given"),
    [
        ("got 'as_off'.* Did you mean 'as_of'?", {"as_off": "2018-12-01"}),
        ("got 'recipe.intervalls'.* Did you mean 'recipe.intervals'?", {"recipe": {"intervalls": {"pooling": 1}}}),
        ("got 'recipe.intervals.poling'.* 'recipe.intervals.pooling'", {"recipe": {"intervals": {"poling": 1}}}),
        ("got 'as_of.year', expected", {"as_of": {"year": 2018}}),
        ("got 'x', 'recipe.y', expected", {"x": 1, "recipe": {"y": 1}}),
        (r"first level: as_of, extra, recipe\)", {"x": 1}),
    ],
)
def test_unknown_keys_are_refused_with_the_nearest_name(hint: str, given: dict[str, object]) -> None:
    with pytest.raises(UnknownParameter, match=hint):
        refuse_unknown(given, KNOWN)


def test_an_unknown_parameter_is_wrong_usage(conf: Path) -> None:
    with pytest.raises(click.UsageError, match=r"'gate.alfa'.*Did you mean 'gate.alpha'\?") as refused:
        PulseHooks(TrackedRuns()).after_context_created(context(conf, gate={"alfa": 0.1}))

    assert 2 == refused.value.exit_code


def test_a_key_of_the_environment_alone_is_known(conf: Path) -> None:
    PulseHooks(TrackedRuns()).after_context_created(context(conf, only_here=2))


def test_a_project_without_a_database_is_refused(conf: Path) -> None:
    (conf / "base" / "globals.yml").write_text("data_root: data\n", encoding="utf-8")

    with pytest.raises(MissingGlobal, match=r"globals.yml failed: got the keys data_root, expected also 'database'"):
        PulseHooks(TrackedRuns()).after_context_created(context(conf))


def test_hooks_travel_to_workers() -> None:
    pickle.loads(pickle.dumps(PulseHooks(TrackedRuns())))  # noqa: S301  # our own bytes


def test_hooks_outside_a_run_do_nothing() -> None:
    hooks = PulseHooks(TrackedRuns())

    hooks.on_pipeline_error(ValueError("x"))
    hooks.after_node_run({"cycle": None})
