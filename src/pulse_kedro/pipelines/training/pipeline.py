"""The order of the training room."""

from kedro.pipeline import Node, Pipeline

from pulse_kedro.pipelines.training.flow import draw_plan
from pulse_kedro.pipelines.training.nodes import (
    calibrate_intervals,
    combine_members,
    identify_cycle,
    plan_folds,
    plan_training,
    replay_history,
    resolve_recipe,
    seal_bundles,
    tabulate_backtest,
    tabulate_errors,
    tabulate_failures,
    tabulate_losses,
    tabulate_open,
    tabulate_regret,
)
from pulse_kedro.pipelines.training.retraining import (
    identify_retraining,
    plan_learning,
    resolve_learning_recipe,
    update_states,
)

PLANNED = ("training_plan", "champion", "panel", "cycle", "recipe")
TAUGHT = {name: name for name in (*PLANNED, "folds", "workshop")} | {
    "retrain": "params:retrain",
    "compute": "params:compute",
}
IDENTIFIED = {name: name for name in ("period", "snapshot", "recipe", "code_version")} | {
    name: f"params:{name}" for name in ("retrain", "quality", "cleaning")
}
ASKED = {name: name for name in ("cycle", "champion", "panel", "recipe", "history")} | {"promotion": "params:promotion"}
REPLAYED = ("states", "panel", "features", "folds", "period")


def create_pipeline(**_: object) -> Pipeline:
    """Recipe -> plan -> folds -> update states -> replay -> combine -> calibrate -> seal and tabulate."""
    return _room(
        [
            Node(resolve_recipe, ["period", "params:recipe"], "recipe", name="resolve_recipe"),
            Node(identify_cycle, IDENTIFIED, "cycle", name="identify_cycle"),
            Node(
                plan_training,
                ASKED | {"retrain": "params:retrain"},
                "training_plan",
                name="plan_training",
                preview_fn=draw_plan,
            ),
        ]
    )


def create_retraining_pipeline(**_: object) -> Pipeline:
    """The same room where networks learn: another recipe, identity and plan, and states that were taught."""
    return _room(
        [
            Node(
                resolve_learning_recipe,
                ["period", "params:recipe", "params:retrain"],
                "recipe",
                name="resolve_learning_recipe",
            ),
            Node(identify_retraining, IDENTIFIED, "cycle", name="identify_retraining"),
            Node(plan_learning, ASKED, "training_plan", name="plan_learning"),
        ]
    )


def _room(beginning: list[Node]) -> Pipeline:
    """Nodes that make recipe, cycle, plan and states, and what every run does with them."""
    replayed = ["states", "replays", "combinations"]
    sealed = [*replayed, "calibrations", "panel", "series", "feature_set", "cycle"]
    return Pipeline(
        [
            *beginning,
            Node(
                plan_folds,
                {name: name for name in PLANNED} | {"backtest": "params:backtest"},
                "folds",
                name="plan_folds",
            ),
            Node(update_states, TAUGHT, "states", name="update_states"),
            Node(
                replay_history,
                {name: name for name in REPLAYED} | {"compute": "params:compute"},
                "replays",
                name="replay_history",
            ),
            Node(combine_members, ["states", "replays", "series"], "combinations", name="combine_members"),
            Node(
                calibrate_intervals,
                {name: name for name in [*replayed, "folds", "series", "period", "history"]},
                "calibrations",
                name="calibrate_intervals",
            ),
            Node(seal_bundles, {name: name for name in sealed}, "candidates", name="seal_bundles"),
            Node(
                tabulate_backtest,
                {name: name for name in [*replayed, "calibrations", "folds", "cycle"]}
                | {"backtest": "params:backtest"},
                "backtest",
                name="tabulate_backtest",
            ),
            Node(tabulate_losses, [*replayed, "folds"], "cutoff_losses", name="tabulate_losses"),
            Node(tabulate_errors, replayed, "step_errors", name="tabulate_errors"),
            Node(tabulate_open, [*replayed, "folds"], "open_windows", name="tabulate_open"),
            Node(tabulate_regret, [*replayed, "folds"], "regret", name="tabulate_regret"),
            Node(
                tabulate_failures,
                ["states", "replays", "folds", "panel", "period"],
                "failures",
                name="tabulate_failures",
            ),
        ],
        namespace="training",
        prefix_datasets_with_namespace=False,
    )
