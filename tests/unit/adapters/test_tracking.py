"""What is tracked when nothing is, and what a failing server may not do."""

import logging

import pytest

from pulse_kedro.adapters.tracking import flatten, forgiven, named_scores


def test_a_failing_server_warns_and_hides_secrets(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), forgiven("Tagging the run"):
        raise ConnectionError("no answer from https://me:canary@mlflow")  # noqa: EM101, TRY003

    assert ["Tagging the run failed, the cycle goes on without it: no answer from https://me:***@mlflow"] == [
        entry.getMessage() for entry in caplog.records
    ]


def test_scores_of_other_recipes_counts_and_gaps_are_left_out() -> None:
    panel = {
        ("3f2a", "combination"): {"mase": 0.37, "wis": None, "cutoffs": 60.0},
        ("3f2a", "naive"): {"mase": 1.1},
        ("77aa", "combination"): {"mase": 0.1},
    }

    assert {"champion.mase": 0.37, "naive.mase": 1.1} == named_scores(panel, "3f2a99")


def test_an_empty_mapping_is_a_leaf() -> None:
    assert {"recipe.extra": "{}", "recipe.x": "null"} == flatten({"extra": {}, "x": None}, "recipe")
