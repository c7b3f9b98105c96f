"""The search for settings: within the folds, never worse than what was given, and refused without Optuna."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from miniature import waves
from network_samples import lesson
from pulse_kedro.forecasting import search
from pulse_kedro.forecasting.learning import Generation, Lesson
from pulse_kedro.forecasting.search import SearchNotInstalled, SearchOptions, inner_folds, search_settings

Y = waves(0, periods=140, series=3)
OPTIONS = SearchOptions(seconds=600, trials=12, folds=2)


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[Lesson]:
    """Every lesson that a trial learned; the loss is the distance of the learning rate from 2e-3."""
    seen: list[Lesson] = []

    def fake(given: Lesson, *, cores: int = 1) -> Generation:  # noqa: ARG001  # as the real one
        seen.append(given)
        rate = float(given.trainer.learning_rate or 0)
        facts = {"best_loss": 1 + abs(np.log(rate / 2e-3)), "first_loss": 2.0}
        return Generation(trained_until=len(given.values), weights={}, facts=facts)

    monkeypatch.setattr(search, "learn", fake)
    return seen


def test_a_search_finds_a_better_learning_rate_and_leaves_everything_else(judged: list[Lesson]) -> None:
    given = lesson("nhits", Y, learning_rate=1e-4)
    found = search_settings(given, OPTIONS)

    assert abs(np.log(float(found.learning_rate or 0) / 2e-3)) < abs(np.log(1e-4 / 2e-3))
    assert replace(found, learning_rate=None, batch_size=None, weight_decay=0, frozen_epochs=0) == replace(
        given.trainer, learning_rate=None, batch_size=None, weight_decay=0, frozen_epochs=0
    )
    assert len(judged) > 2


def test_the_given_settings_are_tried_first(judged: list[Lesson]) -> None:
    search_settings(lesson("nhits", Y, learning_rate=5e-3, batch_size=256), OPTIONS)

    assert (5e-3, 256) == (judged[0].trainer.learning_rate, judged[0].trainer.batch_size)


def test_no_trial_sees_more_than_the_lesson_and_each_fold_ends_earlier(judged: list[Lesson]) -> None:
    given = lesson("nhits", Y)
    search_settings(given, OPTIONS)

    lengths = [len(one.values) for one in judged[:2]]
    assert [140, 128] == lengths
    assert {140, 128} == {len(one.values) for one in judged}
    for one in judged:
        np.testing.assert_array_equal(given.values[: len(one.values)], one.values)


def test_folds_run_in_one_process_and_begin_anew() -> None:
    folds = inner_folds(lesson("nhits", Y, devices=2), 3)

    assert [140, 128, 116] == [len(fold.values) for fold in folds]
    assert {(1, None)} == {(fold.trainer.devices, fold.previous) for fold in folds}


def test_folds_without_windows_are_left_out() -> None:
    assert [] == inner_folds(lesson("nhits", Y[:40]), 2)
    given = lesson("nhits", Y[:40])
    assert given.trainer == search_settings(given, OPTIONS)


def test_a_real_search_ends_with_settings_in_range() -> None:
    found = search_settings(lesson("cycle_linear", Y, epochs=1), SearchOptions(seconds=600, trials=2, folds=1))

    assert 1e-4 <= float(found.learning_rate or 0) <= 1e-2


def test_without_the_extra_the_sentence_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(SearchNotInstalled, match=r"expected the extra `search`. Run `pip install"):
        search_settings(lesson("nhits", Y), OPTIONS)
