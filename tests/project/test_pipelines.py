"""Nodes explain themselves, and every run that the registry names can be started."""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from pulse_kedro.pipeline_registry import ROOMS, RUNS


def functions(pipelines: dict[str, Pipeline]) -> list[tuple[Node, Callable[..., Any]]]:
    """Every node of every run with its function."""
    nodes = {node.name: node for pipeline in pipelines.values() for node in pipeline.nodes}
    return [(node, node.func) for node in nodes.values()]


def test_registry_holds_rooms_runs_and_the_cycle(pipelines: dict[str, Pipeline]) -> None:
    assert {*ROOMS, *RUNS, "__default__"} == set(pipelines)
    assert {node.name for node in pipelines["cycle"].nodes} == {node.name for node in pipelines["__default__"].nodes}


def test_cycle_is_made_of_every_room(pipelines: dict[str, Pipeline]) -> None:
    in_rooms = {node.name for room in ROOMS for node in pipelines[room].nodes}

    assert in_rooms == {node.name for node in pipelines["cycle"].nodes}


def test_node_is_named_like_its_room_and_its_function(pipelines: dict[str, Pipeline]) -> None:
    expected = {f"{room}.{node.func.__name__}" for room in ROOMS for node in pipelines[room].nodes}

    assert expected == {node.name for node in pipelines["__default__"].nodes}


def test_node_has_a_first_line_worth_reading(pipelines: dict[str, Pipeline]) -> None:
    silent = [node.name for node, function in functions(pipelines) if len((inspect.getdoc(function) or "").split()) < 4]

    assert [] == silent


def test_hints_of_every_node_resolve(pipelines: dict[str, Pipeline]) -> None:
    for _, function in functions(pipelines):
        assert "return" in get_type_hints(function)


def test_no_node_argument_has_a_default(pipelines: dict[str, Pipeline]) -> None:
    with_default = [
        f"{node.name}({parameter.name})"
        for node, function in functions(pipelines)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.default is not inspect.Parameter.empty
    ]

    assert [] == with_default, "Kedro does not build the options of an argument after a skipped default"


def arguments(node: Node) -> dict[str, object]:
    wiring = node._inputs  # noqa: SLF001 the public property forgets the names of keyword arguments
    named = inspect.signature(node.func)
    if isinstance(wiring, dict):
        return dict(named.bind(**wiring).arguments)
    return dict(named.bind(*node.inputs).arguments)


def test_params_argument_is_built_into_an_options_class(pipelines: dict[str, Pipeline]) -> None:
    """`as_of` and `known_at` alone are plain values: they are what one says on the command line."""
    untyped = [
        f"{node.name}: {name}"
        for node, function in functions(pipelines)
        for argument, name in arguments(node).items()
        if str(name).startswith("params:") and name not in ("params:as_of", "params:known_at")
        if not hasattr(get_type_hints(function)[argument], "__pydantic_config__")
    ]

    assert [] == untyped


def test_a_retraining_has_the_rooms_of_a_cycle_with_another_beginning_of_training(
    pipelines: dict[str, Pipeline],
) -> None:
    learning, plain = ({node.name for node in pipelines[run].nodes} for run in ("retrain", "cycle"))

    assert {
        "training.resolve_learning_recipe",
        "training.identify_retraining",
        "training.plan_learning",
    } == learning - plain
    assert {
        "training.resolve_recipe",
        "training.identify_cycle",
        "training.plan_training",
    } == plain - learning
    assert pipelines["cycle"].all_outputs() == pipelines["retrain"].all_outputs()
