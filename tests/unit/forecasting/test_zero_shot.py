"""Pre-trained models as members: asked with whole histories, found on this machine only, their licence on record."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from miniature import a_recipe
from pulse_kedro.domain.panel import Array
from pulse_kedro.forecasting.extras import MissingExtra
from pulse_kedro.forecasting.kinds import PretrainedOptions
from pulse_kedro.forecasting.members import create_member, restore_member
from pulse_kedro.forecasting.recipe import MemberOptions
from pulse_kedro.forecasting.zero_shot import CONTEXT, NoPretrainedModel, Pretrained, load_chronos

MODEL = PretrainedOptions(folder="models/tiny", licence="Apache-2.0", training_data="none of ours")
ZERO_SHOT = MemberOptions(kind="zero_shot", pretrained=MODEL)


class LastValue:
    """A model that repeats the last value, and remembers what it was asked."""

    def __init__(self) -> None:
        """It was asked nothing yet."""
        self.asked: list[int] = []

    def points(self, contexts: Sequence[Array], horizon: int) -> Array:
        """The last value, `horizon` times."""
        self.asked += [len(context) for context in contexts]
        return np.stack([np.repeat(context[-1], horizon) for context in contexts])


def a_member(model: LastValue, *, series: int = 3) -> Pretrained:
    member = create_member(ZERO_SHOT, a_recipe((ZERO_SHOT,), horizon=2, season_length=2), series=series)
    assert isinstance(member, Pretrained)
    return replace(member, load=lambda _: model)


def test_a_model_is_asked_for_every_series_that_was_observed() -> None:
    model = LastValue()
    y = np.array([[1.0, np.nan, np.nan], [2.0, 7.0, np.nan], [np.nan, 8.0, np.nan]])

    points = a_member(model).update(y[:2], "").update(y[2:], "").forecast()

    np.testing.assert_array_equal([[1.0, 8.0, np.nan]] * 2, points)  # a gap holds the value of the season before
    assert [3, 2] == model.asked


def test_a_model_reads_its_context_and_no_more() -> None:
    model = LastValue()

    a_member(model, series=1).update(np.ones((CONTEXT + 5, 1)), "").forecast()

    assert [CONTEXT] == model.asked


def test_licence_and_training_data_are_on_record_and_come_back() -> None:
    member = a_member(LastValue()).update(np.ones((3, 3)), "")

    stored = restore_member(json.loads(json.dumps(member.facts())), dict(member.arrays()))

    assert isinstance(stored, Pretrained)
    assert MODEL == stored.options
    assert {"folder": "models/tiny", "licence": "Apache-2.0", "training_data": "none of ours"} == stored.facts()[
        "pretrained"
    ]
    np.testing.assert_array_equal(member.tail, stored.tail)


def test_a_folder_that_is_missing_is_told_and_nothing_is_downloaded(tmp_path: Path) -> None:
    with pytest.raises(NoPretrainedModel, match=r"Nothing is downloaded: put the model there"):
        load_chronos(str(tmp_path / "nowhere"))


def test_a_package_that_is_missing_is_told_with_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chronos", None)

    with pytest.raises(MissingExtra, match=r"no package 'chronos', .* `pip install 'pulse_kedro\[foundation\]'`"):
        load_chronos(str(tmp_path))


def test_a_model_is_loaded_from_local_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="the extra `foundation` is not installed")
    said: list[tuple[str, dict[str, object]]] = []

    class Pipeline:
        @classmethod
        def from_pretrained(cls, folder: str, **given: object) -> "Pipeline":
            said.append((folder, given))
            return cls()

        def predict_quantiles(
            self, inputs: list[object], prediction_length: int, quantile_levels: list[float]
        ) -> object:
            assert [0.5] == quantile_levels
            return torch.stack([row[-1].repeat(prediction_length, 1) for row in inputs]), None  # type: ignore[attr-defined]

    package = ModuleType("chronos")
    package.__spec__, package.BaseChronosPipeline = ModuleSpec("chronos", None), Pipeline  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chronos", package)

    points = load_chronos(str(tmp_path)).points([np.array([1.0, 2.0]), np.array([5.0])], 3)

    np.testing.assert_array_equal([[2.0] * 3, [5.0] * 3], points)
    assert [(str(tmp_path), {"device_map": "cpu", "local_files_only": True})] == said


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [("zero_shot", None, "needs pretrained"), ("naive", MODEL, "takes no pretrained")],
)
def test_only_a_zero_shot_member_has_a_model(kind: str, given: PretrainedOptions | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MemberOptions(kind=kind, pretrained=given)  # type: ignore[arg-type]
