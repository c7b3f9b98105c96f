"""Nodes that decide explain themselves with a picture that names what they can really decide."""

import re
from typing import get_args

from kedro.pipeline import Pipeline

from pulse_kedro.domain.training.promotion import Verdict
from pulse_kedro.domain.training.triggers import Mode
from pulse_kedro.pipelines.metrics.flow import DECISION
from pulse_kedro.pipelines.reporting.words.story import VERDICTS
from pulse_kedro.pipelines.training.flow import PLAN


def test_three_nodes_have_a_picture(pipelines: dict[str, Pipeline]) -> None:
    shown = {node.name: node.preview() for node in pipelines["__default__"].nodes}

    assert {name for name, preview in shown.items() if preview} == {
        "metrics.decide",
        "rules.learn_rules",
        "training.plan_training",
    }


def test_picture_of_the_decision_names_every_verdict_and_no_other() -> None:
    named = set(re.findall(r"\b[A-Z_]{4,}\b", DECISION))

    assert {*get_args(Verdict), "BOOTSTRAP", "REVISION", "ROLLBACK"} == named == set(VERDICTS)


def test_picture_of_the_plan_names_every_way_to_train() -> None:
    assert set(get_args(Mode)) <= set(re.findall(r"[a-z]+", PLAN))
